"""On what kind of device was a page opened? Pure: headers of a request in, possible platforms out.

Called by invitation_page.py, to show the right steps; nothing is decided by it, as every header can be made up.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from devices.vocabulary import Platform

# Sec-CH-UA-Platform, which Chromium sends by itself over HTTPS (https://wicg.github.io/ua-client-hints/).
HINTS: Final[dict[str, tuple[Platform, ...]]] = {
    "android": (Platform.ANDROID,),
    "ios": (Platform.IOS,),
    "macos": (Platform.MACOS,),
    "linux": (Platform.LINUX,),
    "windows": (Platform.WINDOWS,),
    "chrome os": (),
    "chromium os": (),
    "fuchsia": (),
}
# User-Agent: the first that is found decides. Later ones are part of what earlier ones call themselves, too.
SIGNS: Final[tuple[tuple[str, tuple[Platform, ...]], ...]] = (
    # Systems that hexenroll doesn't know, under the name of one that it knows.
    (r"Windows Phone|IEMobile|Xbox|PlayStation|Nintendo|KAIOS|Tizen|SMART-TV|SmartTV|Web0S|webOS|hpwOS", ()),
    (r"OpenHarmony|ArkWeb|Fuchsia|\bCrOS\b|BlackBerry|\bBB10\b|Sailfish|Symbian|BSD\b|SunOS|Haiku", ()),
    (r"Apple ?TV|\btvOS\b", (Platform.TVOS,)),
    (r"iPhone|iPad|iPod", (Platform.IOS,)),
    # Browsers of iPads that ask for the pages of a Mac still name themselves; so do apps' web views (Mobile/15E148).
    (r"Macintosh.*(CriOS|FxiOS|EdgiOS|OPiOS|OPT|DuckDuckGo|GSA|Mobile)/", (Platform.IOS,)),
    # These have other names on an iPad.
    (r"Macintosh.*(Chrome|Firefox|Edg|OPR)/", (Platform.MACOS,)),
    # Safari: since iPadOS 13 an iPad says word for word what a Mac says.
    (r"Macintosh.*Version/(1[3-9]|[2-9]\d)[.\d]* .*Safari/", (Platform.MACOS, Platform.IOS)),
    (r"Macintosh|Mac OS X|Darwin/", (Platform.MACOS,)),
    (r"Android", (Platform.ANDROID,)),
    (r"Windows", (Platform.WINDOWS,)),
    (r"Linux|X11", (Platform.LINUX,)),
)
_SIGNS = [(re.compile(pattern), platforms) for pattern, platforms in SIGNS]
_ANDROID_VERSION = re.compile(r"Android (\d{1,2})(?:\.\d+)*; (?!K\))")
LONGEST = 1_000  # characters of a header that are looked at: real ones have fewer


@dataclass(frozen=True)
class Detected:
    """What the headers tell.

    Attributes:
        possible: the platforms that it may be; two for Safari on a Mac or an iPad; none: it can't be told, or it is
            none that hexenroll knows.
        android_version: its first number; None: not Android, or the browser hides it (Chrome says 10, whatever it is).
    """

    possible: tuple[Platform, ...] = ()
    android_version: int | None = None

    @property
    def platform(self) -> Platform | None:
        """The platform, where there is no doubt."""
        return self.possible[0] if len(self.possible) == 1 else None


def detect(headers: Mapping[str, str]) -> Detected:
    """Tell on which platform the browser of a request runs.

    Args:
        headers: of the request; `User-Agent` and `Sec-CH-UA-Platform` are looked at.
    """
    agent = headers.get("User-Agent", "")[:LONGEST]
    hint = headers.get("Sec-CH-UA-Platform", "")[:LONGEST].strip(' "').lower()
    possible = HINTS[hint] if hint in HINTS else _of_agent(agent)
    version = _ANDROID_VERSION.search(agent) if Platform.ANDROID in possible else None
    return Detected(possible, int(version[1]) if version else None)


def _of_agent(agent: str) -> tuple[Platform, ...]:
    return next((platforms for pattern, platforms in _SIGNS if pattern.search(agent)), ())
