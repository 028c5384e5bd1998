"""Is the kind of device told from what real browsers say?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.vocabulary import Platform
from enrollment.platform_detection import Detected, detect

pytestmark = pytest.mark.once

SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
AGENTS = {
    # iPhones and iPads
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) {SAFARI} Version/17.5 Mobile/15E148 Safari/604.1": "ios",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) {SAFARI} CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1": "ios",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) {SAFARI} Mobile/15E148": "ios",  # in an app
    f"Mozilla/5.0 (iPad; CPU OS 12_5_5 like Mac OS X) {SAFARI} Version/12.1.2 Mobile/15E148 Safari/604.1": "ios",
    f"Mozilla/5.0 (iPod touch; CPU iPhone OS 12_0) {SAFARI} Version/12.0 Mobile/15E148 Safari/604.1": "ios",
    f"{MAC} {SAFARI} CriOS/126 Version/11.1.1 Safari/605.1.15": "ios",  # iPad, pages for computers
    f"{MAC} {SAFARI} FxiOS/127.0 Safari/605.1.15": "ios",
    f"{MAC} {SAFARI} Version/17.0 EdgiOS/126.0.2592.56 Safari/605.1.15": "ios",
    f"{MAC} {SAFARI} Mobile/15E148": "ios",  # iPad, in an app
    # Macs
    f"{MAC} {CHROME} Safari/537.36": "macos",
    f"{MAC} {CHROME} Safari/537.36 Edg/126.0.0.0": "macos",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0": "macos",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) {SAFARI} Version/12.1.2 Safari/605": "macos",  # no iPad yet
    "Mozilla/5.0 (Macintosh; U; PPC Mac OS X 10_5_8) AppleWebKit/533.19.4 Version/5.0.3 Safari/533.19.4": "macos",
    # Android
    f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36": "android",
    "Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0": "android",
    f"Mozilla/5.0 (Linux; Android 13; SM-S901B) SamsungBrowser/25.0 {CHROME} Mobile Safari/537.36": "android",
    f"Mozilla/5.0 (Linux; Android 8.1.0; SM-T580 Build/M1AJQ) {CHROME} Safari/537.36": "android",
    f"Mozilla/5.0 (Linux; Android 9; AFTMM Build/PS7233; wv) Version/4.0 {CHROME} Mobile Safari/537.36": "android",
    # Linux
    f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} Safari/537.36": "linux",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0": "linux",
    "Mozilla/5.0 (X11; Linux aarch64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15": "linux",
    # Windows
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/126.0.0.0": "windows",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko": "windows",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)": "",
    # Apple TV
    "AppleTV11,1/11.1": "tvos",
    "AppleCoreMedia/1.0.0.21K69 (Apple TV; U; CPU OS 17_1 like Mac OS X; en_us)": "tvos",
    # what hexenroll doesn't know, some of it under another name
    f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36": "",
    "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft) like iPhone OS 7_0_3 Mobile Edge/15.14977": "",
    "Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5.2": "",
    "Mozilla/5.0 (SMART-TV; LINUX; Tizen 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/5.0 TV Safari/537.36": "",
    f"Mozilla/5.0 (Web0S; Linux/SmartTV) {CHROME} Safari/537.36 WebAppManager": "",
    "Mozilla/5.0 (Phone; OpenHarmony 4.1) AppleWebKit/537.36 Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile": "",
    "Mozilla/5.0 (PlayStation 5/6.50) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605": "",
    "Mozilla/5.0 (X11; FreeBSD amd64; rv:127.0) Gecko/20100101 Firefox/127.0": "",
    "curl/8.7.1": "",
    "": "",
}
EITHER = f"{MAC} {SAFARI} Version/17.5 Safari/605.1.15"


@pytest.mark.parametrize(("agent", "platform"), AGENTS.items())
def test_the_platform_is_told_from_the_user_agent(agent: str, platform: str) -> None:
    expected = (Platform(platform),) if platform else ()
    assert detect({"User-Agent": agent}).possible == expected


def test_a_mac_and_an_ipad_in_safari_can_not_be_told_apart() -> None:
    found = detect({"User-Agent": EITHER})
    assert found.possible == (Platform.MACOS, Platform.IOS)
    assert found.platform is None


@pytest.mark.parametrize(
    ("hint", "platform"),
    [
        ('"macOS"', Platform.MACOS),
        ('"Android"', Platform.ANDROID),
        ('"Windows"', Platform.WINDOWS),
        ('"Linux"', Platform.LINUX),
        ('"Chrome OS"', None),
        ('"Unknown"', Platform.IOS),  # then the User-Agent tells
        ("rubbish", Platform.IOS),
    ],
)
def test_what_the_browser_says_of_its_platform_goes_before(hint: str, platform: Platform | None) -> None:
    assert detect({"User-Agent": "Mozilla/5.0 (iPhone)", "Sec-CH-UA-Platform": hint}).platform == platform


@pytest.mark.parametrize(
    ("agent", "version"),
    [
        ("Mozilla/5.0 (Linux; Android 8.1.0; SM-T580) Chrome/126 Safari/537.36", 8),
        ("Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", 14),
        (f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36", None),  # any version from 10 on
        ("Mozilla/5.0 (Linux; Android; Mobile)", None),
        ("Mozilla/5.0 (iPhone)", None),
    ],
)
def test_the_version_of_android_is_told_where_the_browser_does_not_hide_it(agent: str, version: int | None) -> None:
    assert detect({"User-Agent": agent}).android_version == version


@given(st.text(max_size=300), st.text(max_size=50))
def test_nothing_in_these_headers_can_fail(agent: str, hint: str) -> None:
    assert isinstance(detect({"User-Agent": agent, "Sec-CH-UA-Platform": hint}), Detected)


def test_a_monstrous_header_takes_no_time() -> None:
    assert detect({"User-Agent": "Macintosh" * 100_000}).possible == (Platform.MACOS,)
