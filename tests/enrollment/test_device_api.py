"""What does an enrolled device get, and what does anybody else who asks the device API?"""

import base64
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from devices.models import Device, DevicePolicy, DeviceUser, Policy
from enrollment.api import device as device_view
from enrollment.device_token import issue, revoke
from tests.enrollment.enrolled import CHECKIN, DEVICE, DISENROLL, ask, bearer, check_in, enrolled_device
from tests.factories import DeviceGroupFactory, DeviceUserFactory, PolicyFactory

pytestmark = pytest.mark.django_db
ROUTES = [("GET", DEVICE), ("POST", CHECKIN), ("POST", DISENROLL)]


def policy(**fields: Any) -> Any:
    app = {"identifier": "org.example.app", "install": "required"}
    return PolicyFactory.create(**{"name": "Passcode", "settings": {"passcode": {}}, "apps": [app]} | fields)


# --- who may ask -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer x", "Bearer " + "x" * 43, "Basic YTpi", "Bearer \xff", "x" * 8_000, "Bearer a b"],
)
def test_who_shows_no_token_is_nobody(method: str, path: str, authorization: str) -> None:
    enrolled_device()
    headers = {"Authorization": authorization} if authorization else {}
    answer = Client().generic(method, path, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"
    assert answer.json()["message"] == "Send a valid device token: Authorization: Bearer <device_token>."
    assert answer["WWW-Authenticate"].startswith('Bearer realm="hexenroll"')
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_token_that_was_rotated_or_revoked_opens_nothing(method: str, path: str) -> None:
    device, first = enrolled_device()
    second = issue(device.pk)
    assert Client().generic(method, path, headers=bearer(first)).status_code == 401
    revoke(device.pk)
    assert Client().generic(method, path, headers=bearer(second)).status_code == 401
    device.refresh_from_db()
    assert device.status == Device.Status.ENROLLED


def test_a_blocked_device_gets_nothing_though_it_has_its_token() -> None:
    device, token = enrolled_device()
    Device.objects.filter(pk=device.pk).update(status=Device.Status.BLOCKED)
    assert ask(token).status_code == 401


def test_a_signed_in_administrator_is_no_device(administrator_client: Client) -> None:
    assert administrator_client.get(DEVICE).status_code == 401


# --- how it is asked -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        *(("put", path, None) for _method, path in ROUTES),
        *(("delete", path, None) for _method, path in ROUTES),
        *(("options", path, None) for _method, path in ROUTES),
        ("post", DEVICE, "GET, HEAD"),
        ("get", CHECKIN, "POST"),
        ("get", DISENROLL, "POST"),
    ],
)
def test_other_methods_are_refused_with_those_that_are_allowed(method: str, path: str, allowed: str | None) -> None:
    answer = getattr(Client(), method)(path)
    assert answer.status_code == 405
    assert answer.json() == {"code": "method_not_allowed", "message": "This address is asked by another method."}
    assert allowed is None or answer["Allow"] == allowed


@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v1/device/", "/api/v2/enroll", "/api/v1/\x00\n"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_no_address_of_the_api_says_so_in_json(method: str, path: str) -> None:
    answer = getattr(Client(enforce_csrf_checks=True), method)(path)
    assert answer.status_code == 404
    assert answer.json() == {"code": "not_found", "message": "Nothing has this address."}


def test_a_database_that_is_away_is_said_with_when_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    _device, token = enrolled_device()

    def away(_device: Device) -> str:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(device_view, "fingerprint_of", away)
    answer = ask(token)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert answer.json()["code"] == "unavailable"


# --- what it gets ----------------------------------------------------------------------------------------
def test_a_device_gets_its_own_policies_and_those_of_its_groups_with_their_apps() -> None:
    own, shared, other = policy(), policy(name="Wi-Fi", apps=[], profile=b"<plist/>"), policy(name="Not mine")
    group = DeviceGroupFactory.create(name="Research")
    group.policies.add(shared)
    user = DeviceUserFactory.create(name="Ada Lovelace", email="ada@example.com")
    device, token = enrolled_device(name="Ada's machine", user=user, groups=[group], policies=[own])
    found = ask(token)
    assert found.status_code == 200
    told = found.json()
    assert told["device_id"] == device.pk
    assert (told["status"], told["name"]) == ("enrolled", "Ada's machine")
    assert told["user"] == {"name": "Ada Lovelace", "email": "ada@example.com"}
    assert told["groups"] == ["Research"]
    assert [(found["id"], found["name"], found["version"]) for found in told["policies"]] == [
        (own.pk, "Passcode", 1),
        (shared.pk, "Wi-Fi", 1),
    ]
    assert base64.b64decode(told["policies"][1]["profile"]) == b"<plist/>"
    assert [app["identifier"] for app in told["apps"]] == ["org.example.app"]
    assert other.name not in str(told)
    assert "device_token" not in told


def test_what_is_unchanged_is_not_sent_again(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    _device, token = enrolled_device(policies=[policy(), policy(name="Wi-Fi")])
    etag = ask(token)["ETag"]
    with django_assert_num_queries(2):
        again = ask(token, etag)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert again["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("known", ["W/{0}", '"other", {0}', "*"])
def test_tags_are_compared_as_proxies_write_them(known: str) -> None:
    _device, token = enrolled_device()
    etag = ask(token)["ETag"]
    assert ask(token, known.format(etag)).status_code == 304


@pytest.mark.parametrize("known", ['"other"', "rubbish", '"', 'W/"', "x" * 8_000])
def test_tags_that_are_not_its_own_get_the_whole_answer(known: str) -> None:
    _device, token = enrolled_device()
    assert ask(token, known).status_code == 200


def test_each_change_of_what_it_gets_gives_another_tag() -> None:
    first = policy()
    group = DeviceGroupFactory.create(name="Research")
    device, token = enrolled_device(policies=[first])
    tags = [ask(token)["ETag"]]

    def changed() -> None:
        answer = ask(token, tags[-1])
        assert answer.status_code == 200
        tags.append(answer["ETag"])

    type(first).objects.filter(pk=first.pk).update(version=2)
    changed()
    device.groups.add(group)
    changed()
    group.policies.add(policy(name="Wi-Fi"))
    changed()
    Device.objects.filter(pk=device.pk).update(name="Renamed")
    changed()
    type(group).objects.filter(pk=group.pk).update(name="Development")
    changed()
    Policy.objects.filter(name="Wi-Fi").update(name="Networks")
    changed()
    Policy.objects.filter(pk=first.pk).update(platforms=["tvos"])
    changed()
    Policy.objects.filter(name="Networks").delete()
    changed()
    Device.objects.filter(pk=device.pk).update(user=DeviceUserFactory.create())
    changed()
    DeviceUser.objects.filter(devices=device).update(name="Grace Hopper")
    changed()
    group.delete()
    changed()
    assert len(set(tags)) == len(tags)


def test_what_it_does_not_get_leaves_its_tag_as_it_is() -> None:
    _device, token = enrolled_device(policies=[policy(), policy(name="Others", platforms=["tvos"])])
    etag = ask(token)["ETag"]
    Policy.objects.filter(name="Others").update(version=2)
    policy(name="Of nobody")
    Device.objects.update(custom_attributes={"room": "12"}, updated_at=timezone.now())
    check_in(token, {"battery": 0.5})
    assert ask(token, etag).status_code == 304


def test_two_devices_with_the_same_policies_have_tags_of_their_own() -> None:
    shared = policy()
    tags = [ask(enrolled_device(policies=[shared])[1])["ETag"] for _ in range(2)]
    assert tags[0] != tags[1]


# --- what was delivered ----------------------------------------------------------------------------------
def states(device: Device) -> dict[str, tuple[int, str]]:
    rows = DevicePolicy.objects.filter(device=device).select_related("policy")
    return {row.policy.name: (row.version, row.state) for row in rows}


def test_what_was_handed_out_is_delivered_and_what_goes_is_forgotten() -> None:
    kept, goes = policy(), policy(name="Wi-Fi")
    device, token = enrolled_device(policies=[kept, goes])
    assert states(device) == {}
    ask(token)
    assert states(device) == {"Passcode": (1, "delivered"), "Wi-Fi": (1, "delivered")}
    device.policies.remove(goes)
    ask(token)
    assert states(device) == {"Passcode": (1, "delivered")}


def test_a_version_that_was_applied_stays_so_until_another_one_is_handed_out() -> None:
    found = policy()
    device, token = enrolled_device(policies=[found])
    ask(token)
    DevicePolicy.objects.update(state=DevicePolicy.State.APPLIED, message="fine")
    ask(token)
    assert states(device) == {"Passcode": (1, "applied")}
    type(found).objects.update(version=2)
    ask(token)
    assert states(device) == {"Passcode": (2, "delivered")}
    assert DevicePolicy.objects.get().message == ""


def test_looking_at_the_headers_alone_delivers_nothing() -> None:
    device, token = enrolled_device(policies=[policy()])
    answer = Client().head(DEVICE, headers=bearer(token))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["ETag"]
    assert states(device) == {}
