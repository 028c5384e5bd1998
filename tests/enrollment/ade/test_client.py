"""One method of the client for each endpoint of Apple's, against the running simulator."""

import inspect

import pytest

from enrollment.ade.client import MAX_DEVICES, Client
from enrollment.ade.errors import RequestRefusedError
from enrollment.ade.exchange import BaseUrlError, clean_base_url
from enrollment.ade.token import make_key, read_token
from enrollment.models.ade_account import APPLE
from tests.ade_simulator.running import Simulator
from tests.ade_simulator.token_file import CipherName
from tests.enrollment.ade.asking import Asking, asking, endpoints

pytestmark = pytest.mark.once

PROFILE = {
    "profile_name": "Schools",
    "url": "https://portal.example/enroll",
    "department": "IT",
    "support_phone_number": "+49 30 1",
    "support_email_address": "it@example.com",
    "skip_setup_items": ["AppleID"],
}


@pytest.mark.parametrize("cipher", ["aes-256-cbc", "aes-128-cbc", "3des"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("definite", [True, False])
def test_a_token_file_of_each_cipher_opens_the_account(
    ade_simulator: Simulator, cipher: CipherName, line_end: str, definite: bool
) -> None:
    key, certificate = make_key("Berlin")
    content = ade_simulator.token_file(certificate, cipher=cipher, line_end=line_end, definite=definite)
    with Asking(read_token(content, key, certificate), ade_simulator.base_url) as client:
        assert client.account().org_name == "Example School"


def test_the_account_says_whose_it_is_and_how_many_devices_a_page_has(ade_simulator: Simulator) -> None:
    ade_simulator.change_account(org_name="Schule Köln", something_new={"a": [1]})
    account = asking(ade_simulator).account()
    assert account.server_name == "hexenroll first"
    assert len(account.server_uuid) == 36
    assert (account.org_name, account.org_type, account.org_version) == ("Schule Köln", "edu", "v2")
    assert account.admin_id == "administrator@example.com"
    assert account.limits["/server/devices"] == account.limits["/profile/devices"] == 1000


def test_an_account_of_an_older_protocol_has_no_limits(ade_simulator: Simulator) -> None:
    ade_simulator.change_account(urls=None, org_type=None, org_version=None, org_id=None, admin_id=None)
    account = asking(ade_simulator).account()
    assert account.limits == {}
    assert (account.org_id, account.org_type, account.org_version, account.admin_id) == ("", "", "", "")


def test_the_whole_list_is_fetched_page_by_page(ade_simulator: Simulator) -> None:
    serials = ade_simulator.add(25)
    client = asking(ade_simulator)
    page = client.fetch_devices(limit=10)
    found = [device["serial_number"] for device in page.devices]
    assert len(found) == 10
    for _number in range(2):
        page = client.fetch_devices(page.cursor, 10)
        found += [device["serial_number"] for device in page.devices]
    assert found == serials
    assert not page.more_to_follow
    assert page.fetched_until is not None
    assert page.fetched_until.tzinfo is not None
    bodies = [request.body for request in ade_simulator.requests("POST /server/devices")]
    assert bodies[0] == {"limit": 10}
    assert [body["limit"] for body in bodies] == [10, 10, 10]


def test_changes_since_a_cursor_are_synced(ade_simulator: Simulator) -> None:
    kept, gone = ade_simulator.add(2)
    client = asking(ade_simulator)
    cursor = client.fetch_devices().cursor
    ade_simulator.delete([gone])
    (new,) = ade_simulator.add(1)
    page = client.sync_devices(cursor, 1000)
    assert [(device["serial_number"], device["op_type"]) for device in page.devices] == [
        (gone, "deleted"),
        (new, "added"),
    ]
    assert kept not in {device["serial_number"] for device in page.devices}
    assert not client.sync_devices(page.cursor).devices


def test_the_longest_cursor_goes_both_ways(ade_simulator: Simulator) -> None:
    ade_simulator.shape_pages(cursor_length=1000)
    ade_simulator.add(3)
    client = asking(ade_simulator)
    page = client.fetch_devices(limit=2)
    assert len(page.cursor) == 1000
    assert len(client.fetch_devices(page.cursor, 2).devices) == 1


def test_details_say_of_each_device_whether_there_are_any(ade_simulator: Simulator) -> None:
    (serial,) = ade_simulator.add(1, model="iPad Air")
    found = asking(ade_simulator).device_details([serial, "C02UNKNOWN00"])
    assert (found[serial]["model"], found[serial]["response_status"]) == ("iPad Air", "SUCCESS")
    assert found["C02UNKNOWN00"]["response_status"] == "NOT_ACCESSIBLE"


def test_a_profile_is_defined_assigned_and_removed(ade_simulator: Simulator) -> None:
    serials = ade_simulator.add(3)
    client = asking(ade_simulator)
    profile = client.define_profile(PROFILE)
    assert list(ade_simulator.profiles()) == [profile.profile_uuid]
    assert profile.devices == {}
    assignment = client.assign_profile(profile.profile_uuid, [*serials, "C02UNKNOWN00"])
    assert assignment.devices == dict.fromkeys(serials, "SUCCESS") | {"C02UNKNOWN00": "NOT_ACCESSIBLE"}
    assert assignment.retry_after_seconds is None
    assert ade_simulator.devices()[serials[0]]["profile_uuid"] == profile.profile_uuid
    assert client.remove_profile(serials[:1]) == {serials[0]: "SUCCESS"}
    assert ade_simulator.devices()[serials[0]]["profile_status"] == "removed"


def test_devices_that_are_throttled_or_fail_are_told_with_the_seconds_to_wait(ade_simulator: Simulator) -> None:
    first, second, third = ade_simulator.add(3)
    client = asking(ade_simulator)
    uuid = client.define_profile(PROFILE).profile_uuid
    ade_simulator.answer_for_devices({first: "THROTTLED", second: "FAILED"}, retry_after_seconds=3600)
    assignment = client.assign_profile(uuid, [first, second, third])
    assert assignment.devices == {first: "THROTTLED", second: "FAILED", third: "SUCCESS"}
    assert assignment.retry_after_seconds == 3600


def test_a_profile_with_a_fault_is_refused_with_apples_word(ade_simulator: Simulator) -> None:
    with pytest.raises(RequestRefusedError, match=r"^CONFIG_URL_INVALID$"):
        asking(ade_simulator).define_profile(PROFILE | {"url": "http://portal.example"})


def test_a_profile_that_is_not_there_cannot_be_assigned(ade_simulator: Simulator) -> None:
    (serial,) = ade_simulator.add(1)
    with pytest.raises(RequestRefusedError) as caught:
        asking(ade_simulator).assign_profile("0" * 32, [serial])
    assert caught.value.code == "NOT_FOUND"


@pytest.mark.parametrize("count", [0, MAX_DEVICES + 1])
def test_no_request_names_no_device_or_more_than_a_thousand(ade_simulator: Simulator, count: int) -> None:
    client = asking(ade_simulator)
    serials = [f"C02{number:09}" for number in range(count)]
    with pytest.raises(ValueError, match=f"1 to 1000 devices, not {count}"):
        client.assign_profile("x", serials)
    with pytest.raises(ValueError, match="1 to 1000"):
        client.remove_profile(serials)
    with pytest.raises(ValueError, match="1 to 1000"):
        client.device_details(serials)
    with pytest.raises(ValueError, match="1 to 1000"):
        client.fetch_devices(limit=count)
    assert endpoints(ade_simulator) == []


def test_a_thousand_devices_are_assigned_at_once(ade_simulator: Simulator) -> None:
    serials = ade_simulator.add(1000)
    client = asking(ade_simulator)
    uuid = client.define_profile(PROFILE).profile_uuid
    assert set(client.assign_profile(uuid, serials).devices.values()) == {"SUCCESS"}


def test_every_request_says_who_asks_and_in_which_version(ade_simulator: Simulator) -> None:
    client = asking(ade_simulator)
    client.fetch_devices()
    client.account()
    requests = ade_simulator.requests()
    assert {request.user_agent for request in requests} == {"hexenroll"}
    # 10: THROTTLED and retry_after_seconds.
    assert {request.protocol_version for request in requests} == {"10"}


def test_nothing_can_disown_a_device() -> None:
    assert not [name for name, _method in inspect.getmembers(Client) if "disown" in name]


# --- where it asks ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("url", "cleaned"),
    [
        (APPLE, APPLE),
        (" https://mdmenrollment.apple.com/ ", APPLE),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:1/", "http://localhost:1"),
        ("http://[::1]:99/ade/", "http://[::1]:99/ade"),
    ],
)
def test_https_and_this_machine_are_asked(url: str, cleaned: str) -> None:
    assert clean_base_url(url) == cleaned


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mdmenrollment.apple.com",
        "http://mdmenrollment.apple.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "https://",
        "https://me:secret@mdmenrollment.apple.com",
        "https://mdmenrollment.apple.com?x=1",
        "https://mdmenrollment.apple.com#x",
        "https://a b.example",
        "https://a\nb.example",
        "https://a.example:99999",
        "https://[::1",
    ],
)
def test_no_token_is_sent_to_another_address(url: str, ade_simulator: Simulator) -> None:
    with pytest.raises(BaseUrlError) as caught:
        clean_base_url(url)
    assert "secret" not in str(caught.value)
