"""What can programs of administrators do, with which key, and what never?"""

import base64
import errno
import io
import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from drf_spectacular.validation import validate_schema
from pytest_django import Settings

from devices.api.file_upload import FORM_BYTES
from devices.api.frame import HasRight
from devices.imports import check, commit, file_store
from devices.models import Device, DeviceGroup, Domain, ImportBatch, Policy
from enrollment.disenroll import LeaveReason
from hexenroll.api_keys import keys
from hexenroll.models import ApiKey, AuditEntry
from invitations.models import Sending
from tests.conftest import make_person
from tests.factories import DeviceFactory, DeviceUserFactory

pytestmark = pytest.mark.django_db
LISTS = ("devices", "device-users", "device-groups", "policies", "domains", "import-batches", "invitations", "attempts")


@pytest.fixture(autouse=True)
def _nobody_was_counted() -> None:
    from enrollment import counters

    client = counters._mine().client
    for key in client.scan_iter(f"{counters.PREFIX}*key*"):
        client.delete(key)
    cache.clear()


class Program:
    """A program with a key."""

    def __init__(self, account: User, **options: Any) -> None:
        self.key, self.text = keys.make(account, "Inventory sync", made_by=account, **options)
        self.client = Client(raise_request_exception=True)

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.text}"}
        if body is not None:
            more = {"data": json.dumps(body), "content_type": "application/json", **more}
        return getattr(self.client, method)(f"/api/v1/{path}", headers=headers, **more)

    def get(self, path: str) -> Any:
        return self.ask("get", path)

    def post(self, path: str, body: Any = None) -> Any:
        return self.ask("post", path, {} if body is None else body)


@pytest.fixture
def program(administrator: User) -> Program:
    return Program(administrator)


# --- the key ---
def test_without_a_key_nothing_is_told() -> None:
    answer = Client().get("/api/v1/devices/")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="hexenroll"'


def test_a_session_opens_nothing(administrator_client: Client) -> None:
    assert administrator_client.get("/api/v1/devices/").status_code == 401


def test_a_key_says_as_whom_it_acts(program: Program) -> None:
    told = program.get("me/").json()
    assert (told["account"], told["key"], told["all_domains"]) == ("administrator", "Inventory sync", True)
    assert program.text not in str(told)


def test_only_the_hash_of_a_key_is_kept(program: Program) -> None:
    assert program.text.split("_")[2] not in str(ApiKey.objects.values())
    assert len(program.text.split("_", 2)[2]) >= 43


@pytest.mark.parametrize("end", ["revoke", "expire", "lock", "other"])
def test_a_key_that_is_over_opens_nothing(program: Program, administrator: User, end: str) -> None:
    if end == "revoke":
        assert keys.revoke(program.key)
        assert not keys.revoke(program.key)
    elif end == "expire":
        ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif end == "lock":
        User.objects.update(is_active=False)
    else:
        program.text = program.text[:-1] + ("A" if program.text[-1] != "A" else "B")
    answer = program.get("me/")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


def test_a_read_only_key_changes_nothing(administrator: User) -> None:
    program = Program(administrator, is_read_only=True)
    assert program.get("devices/").status_code == 200
    answer = program.post("device-groups/", {"name": "Sales"})
    assert (answer.status_code, answer.json()["code"]) == (403, "read_only_key")
    assert not DeviceGroup.objects.exists()


def test_the_last_use_is_written_once_a_minute(program: Program) -> None:
    program.get("me/")
    first = ApiKey.objects.get().last_used_at
    program.get("me/")
    assert ApiKey.objects.get().last_used_at == first is not None


def test_too_many_wrong_keys_lock_the_address(program: Program) -> None:
    right, program.text = program.text, "hxn_00000000_wrong"
    answers = {program.get("me/").status_code for _try in range(25)}
    assert answers == {401, 429}
    program.text = right
    answer = program.get("me/")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many")
    assert int(answer.headers["Retry-After"]) > 60


def test_a_key_asks_no_more_often_than_it_may(program: Program, settings: Any) -> None:
    settings.HEXENROLL_API_RATE_BY_KEY = 2
    assert [program.get("me/").status_code for _try in range(3)] == [200, 200, 429]


# --- who sees what ---
@pytest.mark.parametrize("path", LISTS)
def test_a_stranger_is_refused_each_list(stranger: User, path: str) -> None:
    answer = Program(stranger).get(f"{path}/")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_devices_of_another_domain_are_not_there() -> None:
    ours, theirs = Domain.objects.create(name="ours"), Domain.objects.create(name="theirs")
    mine, other = DeviceFactory.create(domain=ours), DeviceFactory.create(domain=theirs)
    rights = ("view_device", "change_device", "delete_device", "block_device")
    program = Program(make_person("of-ours", rights, domains=[ours]))
    assert [row["id"] for row in program.get("devices/?status=all").json()["results"]] == [mine.pk]
    for method, path in (
        ("get", f"devices/{other.pk}/"),
        ("delete", f"devices/{other.pk}/"),
        ("post", f"devices/{other.pk}/disenroll/"),
        ("get", "devices/999999999999/"),
    ):
        answer = program.ask(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    known, unknown = (program.get(f"devices/?domain={pk}").json() for pk in (theirs.pk, 999_999))
    assert str(known).replace(str(theirs.pk), "N") == str(unknown).replace("999999", "N")
    moved = program.ask("patch", f"devices/{mine.pk}/", {"groups": [], "name": "x"})
    assert moved.status_code == 200


def test_lists_cost_the_same_for_two_and_for_twenty(program: Program) -> None:
    group, policy = DeviceGroup.objects.create(name="g"), Policy.objects.create(name="p")
    counts = []
    program.get("me/")  # writes the time of the last use
    for number in (2, 18):
        for device in DeviceFactory.create_batch(number):
            device.groups.add(group)
            device.policies.add(policy)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert program.get("devices/?status=all").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


# --- lists ---
def test_pre_approved_devices_are_not_listed_until_they_are_asked_for(program: Program) -> None:
    waiting = DeviceFactory.create()
    enrolled = DeviceFactory.create(status=Device.Status.ENROLLED)
    assert [row["id"] for row in program.get("devices/").json()["results"]] == [enrolled.pk]
    assert [row["id"] for row in program.get("devices/?status=pre_approved").json()["results"]] == [waiting.pk]
    DeviceFactory.create(status=Device.Status.DISENROLLED)
    assert [row["id"] for row in program.get("devices/").json()["results"]] == [enrolled.pk]
    described = Client().get("/api/v1/admin-openapi.json").json()["paths"]["/api/v1/devices/"]["get"]
    said = next(one["description"] for one in described["parameters"] if one["name"] == "status")
    assert "all but pre-approved and disenrolled ones" in said


@pytest.mark.parametrize("ordering", ["created_at", "-created_at", "name", "-name", "id", "-id"])
def test_a_long_list_is_handed_out_in_pieces_without_a_gap(program: Program, ordering: str) -> None:
    for number in range(7):
        DeviceFactory.create(name=f"n{number // 3}")
    Device.objects.update(created_at=timezone.now())
    found, path = [], f"devices/?status=all&limit=3&ordering={ordering}"
    while path:
        answer = program.get(path).json()
        found += [row["id"] for row in answer["results"]]
        path = (answer["next"] or "").partition("/api/v1/")[2]
    assert len(found) == 7 == len(set(found))
    field = ordering.lstrip("-")
    expected = Device.objects.order_by(*([ordering] if field == "id" else [ordering, ordering.replace(field, "pk")]))
    assert found == list(expected.values_list("pk", flat=True))


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "cursor=%00", "cursor=bnVsbA", "ordering=user", "status=odd", "statsu=enrolled",
     "domain=x", "domain=99999999999999999999", "q=%00", "stale_days=-1"],
)  # fmt: skip
def test_a_parameter_that_means_nothing_is_refused(program: Program, query: str) -> None:
    answer = program.get(f"devices/?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), answer.content
    assert answer.json()["errors"]


def test_what_no_permission_was_named_for_is_closed(administrator: User) -> None:
    request: Any = SimpleNamespace(user=administrator, method="POST")
    view = SimpleNamespace(rights={"list": "x.y"}, action="forgotten", http_method_names=["post"])
    assert not HasRight().has_permission(request, view)


def test_half_a_character_is_refused(program: Program) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(["\ud800", 1]).encode()).decode()
    assert program.get(f"devices/?ordering=name&cursor={cursor}").status_code == 400
    answer = program.post("devices/", {"serial_number": "X1", "platform": "\ud800", "ownership": "\ud800"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


# --- devices ---
def test_a_device_is_pre_approved_changed_and_deleted(program: Program) -> None:
    user = DeviceUserFactory.create()
    body = {"serial_number": "C02XL0GZJGH5", "platform": "macos", "ownership": "corporate", "user": user.pk}
    answer = program.post("devices/", body)
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert (told["status"], told["source"], told["domain"]) == ("pre_approved", "manual", user.domain_id)
    assert "one_time_password" not in told
    again = program.post("devices/", body)
    assert again.status_code == 400
    assert "serial number and platform already" in str(again.json()["errors"])
    group = DeviceGroup.objects.create(name="Sales")
    changed = program.ask("patch", f"devices/{told['id']}/", {"name": "Mac", "groups": [group.pk]}).json()
    assert (changed["name"], changed["groups"]) == ("Mac", [group.pk])
    assert AuditEntry.objects.filter(by="api_key", actor_name="administrator (Inventory sync)").exists()
    assert program.ask("delete", f"devices/{told['id']}/").status_code == 204
    assert not Device.objects.exists()


def test_what_a_device_said_when_it_enrolled_stays(program: Program) -> None:
    device = DeviceFactory.create(status=Device.Status.ENROLLED)
    answer = program.ask("patch", f"devices/{device.pk}/", {"serial_number": "OTHER"})
    assert answer.status_code == 400
    refused = program.ask("delete", f"devices/{device.pk}/")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_possible")


def test_a_device_is_disenrolled_blocked_unblocked_and_handed_over(program: Program) -> None:
    device = DeviceFactory.create(status=Device.Status.ENROLLED)
    path = f"devices/{device.pk}"
    gone = program.post(f"{path}/disenroll/", {"reason": LeaveReason.LOST, "text": "in a taxi"})
    assert gone.json()["status"] == "disenrolled"
    assert program.post(f"{path}/disenroll/", {"reason": LeaveReason.LOST}).status_code == 409
    assert program.post(f"{path}/block/").json()["status"] == "blocked"
    heir = DeviceUserFactory.create()
    refused = program.post(f"{path}/hand-over/", {"user": heir.pk})
    assert refused.json() == {"code": "not_possible", "message": "The device is blocked. Unblock it first."}
    assert program.post(f"{path}/unblock/").status_code == 200
    assert program.post(f"{path}/hand-over/", {"user": heir.pk}).json()["user"] == heir.pk


def test_a_user_is_invited(program: Program) -> None:
    device = DeviceFactory.create(user=DeviceUserFactory.create())
    answer = program.post(f"devices/{device.pk}/invite/", {"channel": "email"})
    assert answer.status_code == 202
    assert Sending.objects.get().devices == [device.pk]


def test_devices_are_put_into_groups_and_get_policies(program: Program) -> None:
    devices = [device.pk for device in DeviceFactory.create_batch(2)]
    group, policy = DeviceGroup.objects.create(name="g"), Policy.objects.create(name="p")
    assert program.post(f"device-groups/{group.pk}/devices/add/", {"devices": devices}).json() == {"changed": 2}
    assert program.post(f"device-groups/{group.pk}/devices/add/", {"devices": devices}).json() == {"changed": 0}
    assert program.post(f"device-groups/{group.pk}/devices/remove/", {"devices": devices[:1]}).json() == {"changed": 1}
    assert list(group.devices.values_list("pk", flat=True)) == devices[1:]
    assert program.post(f"policies/{policy.pk}/assign/", {"devices": devices}).json() == {"changed": 2}
    assert "settings" not in program.get(f"policies/{policy.pk}/").json()
    unknown = program.post(f"policies/{policy.pk}/assign/", {"devices": [*devices, 987_654]})
    assert "987654" in str(unknown.json()["errors"])


def test_a_file_is_imported(program: Program) -> None:
    content = b"Name,Email,Ownership,Serial number,Platform\nAda,ada@example.com,corporate,SN-1001,ios\n"
    headers = {"Authorization": f"Bearer {program.text}"}
    form = {"file": io.BytesIO(content), "domain": Domain.objects.local().pk}
    answer = Client().post("/api/v1/import-batches/", form, headers=headers)
    assert answer.status_code == 201, answer.content
    batch = answer.json()["id"]
    check.run(batch)
    assert program.get(f"import-batches/{batch}/").json()["state"] == "ready"
    assert program.get(f"import-batches/{batch}/problems/").json() == {"next": None, "results": []}
    assert program.post(f"import-batches/{batch}/commit/").json()["state"] == "committing"
    commit.run(batch)
    told = program.get(f"import-batches/{batch}/").json()
    assert (told["state"], told["counts"]["created"]) == ("committed", 1)
    assert program.ask("delete", f"import-batches/{batch}/").status_code == 409
    assert ImportBatch.objects.filter(created_by=program.key.account).exists()


def test_a_file_that_is_no_table_is_refused(program: Program) -> None:
    headers = {"Authorization": f"Bearer {program.text}"}
    form = {"file": io.BytesIO(b"\x00\x01"), "domain": Domain.objects.local().pk}
    answer = Client().post("/api/v1/import-batches/", form, headers=headers)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["file"])


def upload(program: Program, content: bytes) -> Any:
    form = {"file": io.BytesIO(content), "domain": Domain.objects.local().pk}
    return Client().post("/api/v1/import-batches/", form, headers={"Authorization": f"Bearer {program.text}"})


@pytest.mark.parametrize("more", [1, FORM_BYTES + 1])
def test_a_file_that_is_too_large_is_refused_before_it_is_kept(
    program: Program, settings: Settings, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 0
    settings.HEXENROLL_IMPORT_MAX_BYTES = 100_000
    kept: list[int] = []
    receive = TemporaryFileUploadHandler.receive_data_chunk

    def count(self: TemporaryFileUploadHandler, raw_data: bytes, start: int) -> None:
        kept.append(len(raw_data))
        receive(self, raw_data, start)

    monkeypatch.setattr(TemporaryFileUploadHandler, "receive_data_chunk", count)
    answer = upload(program, b"x" * (100_000 + more))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert answer.json()["message"].startswith("A file may have at most 100000 bytes.")
    assert sum(kept) <= (100_000 if more == 1 else 0)
    assert not list(Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*"))
    assert not ImportBatch.objects.exists()


@pytest.mark.parametrize("place", ["upload", "store"])
def test_a_disk_that_is_full_is_said(
    program: Program, settings: Settings, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 0

    def fail(*given: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    full: tuple[Any, str] = (file_store, "detect")
    if place == "upload":
        full = (TemporaryFileUploadHandler, "receive_data_chunk")
    monkeypatch.setattr(full[0], full[1], fail)
    answer = upload(program, b"Name\nAda\n")
    assert (answer.status_code, answer.json()["code"]) == (507, "no_room")
    assert answer.json()["message"].endswith("Free space on it, then try again.")
    assert not list(Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*"))
    assert not ImportBatch.objects.exists()


# --- what nobody should send ---
@pytest.mark.parametrize(
    "body",
    ["{", "[]", "null", '"x"', "1e999", "[" * 100_000, '{"serial_number": "a\\u0000b"}', '{"serial_number": "\\ud800"}',
     '{"user": 99999999999999999999999}', '{"user": true}', '{"custom_attributes": {"a": "\\u0000"}}',
     '{"custom_attributes": [[[]]]}', '{"groups": {"a": 1}}', '{"approval_expires_at": "99999-01-01"}', "\udcff"],
)  # fmt: skip
def test_whatever_is_sent_is_answered_in_json(program: Program, body: str) -> None:
    data = body.encode("utf-8", "surrogateescape")
    answer = program.ask("post", "devices/", data=data, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_other_methods_types_and_addresses_are_refused_in_json(program: Program) -> None:
    assert program.ask("put", "devices/1/").json()["code"] == "method_not_allowed"
    answer = program.ask("post", "devices/", data="<a/>", content_type="text/xml")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert program.get("devices/abc/").json()["code"] == "not_found"
    assert program.get("nothing/").json()["code"] == "not_found"


def test_the_description_is_valid_and_says_what_everything_is() -> None:
    told = Client().get("/api/v1/admin-openapi.json")
    assert told.status_code == 200
    described = json.loads(told.content)
    validate_schema(described)
    for name, schema in described["components"]["schemas"].items():
        unsaid = [key for key, value in schema.get("properties", {}).items() if not value.get("description")]
        assert not unsaid, (name, unsaid)
    for path, operations in described["paths"].items():
        for operation in operations.values():
            unsaid = [one["name"] for one in operation.get("parameters", ()) if not one.get("description")]
            assert not unsaid, (path, unsaid)
