"""Can the audit log be read, searched and taken away, and by nobody changed?"""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from devices.models import Device, Domain
from hexenroll.audit.who import on_behalf_of
from hexenroll.models import AuditEntry, Preferences
from hexenroll.roles import permissions_of
from tests.conftest import make_person, sign_in
from tests.factories import DeviceFactory, DeviceUserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/hexenroll/auditentry/"


def entry_about(instance: Any) -> AuditEntry:
    kind = ContentType.objects.get_for_model(instance)
    return AuditEntry.objects.filter(content_type=kind, object_id=instance.pk).latest("id")


def test_an_entry_tells_before_and_after_in_words(administrator_client: Client) -> None:
    device = DeviceFactory.create(ownership="corporate", name="Old")
    device.ownership, device.name, device.user = "personal", "", DeviceUserFactory.create(name="Ada", email="a@b.co")
    device.save()
    page = administrator_client.get(f"{LIST}{entry_about(device).pk}/change/")
    text = page.content.decode()
    for words in ("Device name", "Old", "Corporate", "Personal", "Ada &lt;a@b.co&gt;", "Before and after"):
        assert words in text, words
    assert f"/admin/devices/device/{device.pk}/change/" in text


def test_nobody_adds_changes_or_deletes_an_entry(administrator_client: Client) -> None:
    entry = entry_about(DeviceFactory.create())
    for path in (f"{LIST}{entry.pk}/change/", f"{LIST}{entry.pk}/delete/", f"{LIST}add/"):
        assert administrator_client.post(path, {"post": "yes"}).status_code in (403, 405)
    administrator_client.post(LIST, {"action": "delete_selected", "_selected_action": entry.pk, "post": "yes"})
    assert AuditEntry.objects.filter(pk=entry.pk).exists()


def test_without_the_permission_there_is_no_log(stranger_client: Client, operator: User) -> None:
    assert stranger_client.get(LIST).status_code == 403
    assert sign_in(operator).get(f"{LIST}export/").status_code == 403


def test_entries_of_another_domain_are_not_there() -> None:
    ours, theirs = Domain.objects.create(name="ours"), Domain.objects.create(name="theirs")
    mine, other = DeviceFactory.create(domain=ours, name="Mine"), DeviceFactory.create(domain=theirs, name="Other")
    client = sign_in(make_person("of-ours", ("view_auditentry", "export_auditentry"), domains=[ours]))
    text = client.get(LIST).content.decode()
    assert "Mine" in text
    assert "Other" not in text
    assert client.get(f"{LIST}{entry_about(other).pk}/change/").status_code == 404
    assert client.get(f"{LIST}{entry_about(mine).pk}/change/").status_code == 200
    exported = b"".join(client.get(f"{LIST}export/")).decode()
    assert "Mine" in exported
    assert "Other" not in exported
    assert "theirs" not in text


def test_who_sees_no_administrators_is_offered_those_of_their_own_entries() -> None:
    ours, theirs = Domain.objects.create(name="ours"), Domain.objects.create(name="theirs")
    for name, domain in (("colleague", ours), ("somebody-else", theirs)):
        request: Any = RequestFactory().post("/admin/")
        request.user = make_person(name)
        with on_behalf_of(request):
            DeviceFactory.create(domain=domain)
    client = sign_in(make_person("of-ours", ("view_auditentry",), domains=[ours]))
    text = client.get(LIST).content.decode()
    assert "colleague" in text
    assert "somebody-else" not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [("q=SN-FIND", True), ("q=sn-find-1", True), ("q=nothing", False), ("kind=devices.device", True),
     ("kind=auth.user", False), ("action=0", True), ("action=2", False), ("by__exact=command", True),
     ("timestamp_from=2000-01-01", True), ("timestamp_to=2000-01-01", False), ("domain=999", False)],
)  # fmt: skip
def test_entries_are_found(administrator_client: Client, query: str, found: bool) -> None:
    DeviceFactory.create(serial_number="SN-FIND-1", name="Found it")
    page = administrator_client.get(f"{LIST}?{query}")
    assert page.status_code == 200
    assert ("Found it" in page.content.decode()) is found


@pytest.mark.parametrize("query", ["q=%00", "who=x", "domain=99999999999999999999", "timestamp_from=x", "kind=a.b"])
def test_a_filter_that_means_nothing_is_no_fault(administrator_client: Client, query: str) -> None:
    assert administrator_client.get(f"{LIST}?{query}").status_code in (200, 302)


def test_the_list_costs_the_same_for_two_and_for_twenty(administrator_client: Client) -> None:
    counts = []
    for number in (2, 18):
        DeviceFactory.create_batch(number)
        administrator_client.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            assert administrator_client.get(LIST).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_file_holds_what_is_listed_and_no_formula(administrator_client: Client) -> None:
    DeviceFactory.create(name="=1+1")
    answer = administrator_client.get(f"{LIST}export/?kind=devices.device")
    lines = b"".join(answer).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Time,By,Through")
    assert "'=1+1" in lines[1]
    assert ",=1+1" not in lines[1]
    assert Device.objects.count() == len(lines) - 1


def test_permissions_of_a_role_are_told_as_its_page_tells_them(administrator_client: Client) -> None:
    role = Group.objects.create(name="Night shift")
    role.permissions.set(permissions_of(["devices.add_importbatch", "devices.change_importbatch"]))
    entry = AuditEntry.objects.filter(object_pk=str(role.pk), object_repr="Night shift").latest("id")
    page = administrator_client.get(f"/admin/hexenroll/auditentry/{entry.pk}/change/").content.decode()
    assert page.count("Upload files, map, check and review them") == 1
    assert "Can add import batch" not in page


def test_the_file_of_a_german_has_german_headers(administrator: User) -> None:
    Preferences.objects.create(person=administrator, language="de")
    file = sign_in(administrator).get("/admin/hexenroll/auditentry/export/").getvalue().decode()
    assert file.splitlines()[0].startswith("\ufeffUhrzeit,Von,Über,Adresse,Was,Art,")
