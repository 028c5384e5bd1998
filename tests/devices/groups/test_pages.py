"""Do the pages of device groups show and change what the person may see and change, and nothing else?"""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from devices.groups import filling
from devices.groups.files import work
from devices.groups.rule import Rule
from devices.models import Device, DeviceGroup, Domain, GroupImport
from tests.conftest import make_person, sign_in
from tests.factories import DeviceFactory, DeviceGroupFactory, DomainFactory, PolicyFactory

from .files import table

pytestmark = pytest.mark.django_db
RIGHTS = ("view_devicegroup", "view_device", "change_device", "export_device")


def url(name: str, *arguments: object) -> str:
    return reverse(f"admin:devices_devicegroup_{name}", args=arguments)


@pytest.fixture
def mine() -> Domain:
    return DomainFactory.create(name="mine.example.com")


@pytest.fixture
def half(mine: Domain) -> User:
    """Return an operator of one domain."""
    return make_person("half", (*RIGHTS, "change_devicegroup", "add_devicegroup"), domains=[mine])


def device(serial_number: str, domain: Domain, **facts: Any) -> Device:
    named = {"serial_number": serial_number, "name": serial_number}
    made: Device = DeviceFactory.create(domain=domain, user=None, **named, **facts)
    return made


def downloaded(response: Any) -> bytes:
    return b"".join(response.streaming_content)


# --- the form and the list --------------------------------------------------------------------------------
def test_group_with_a_rule_is_made_without_writing_json(
    administrator_client: Client, django_capture_on_commit_callbacks: Any, mine: Domain
) -> None:
    device("NB-1", mine, platform="ios")
    device("PC-1", mine, platform="ios")
    policy = PolicyFactory.create()
    data = {
        "name": "Notebooks",
        "description": "all of them",
        "policies": [policy.pk],
        "kind": "ruled",
        "platforms": ["ios", "macos"],
        "domains": [mine.pk],
        "name_pattern": "NB-*",
        "attribute_name": "",
        "attribute_value": "",
    }
    with django_capture_on_commit_callbacks(execute=True):
        assert administrator_client.post(url("add"), data).status_code == 302

    group = DeviceGroup.objects.get()
    assert group.rule == {"platforms": ["ios", "macos"], "domains": [mine.pk], "name": "NB-*"}
    assert [member.serial_number for member in group.devices.all()] == ["NB-1"]
    page = administrator_client.get(url("change", group.pk)).content.decode()
    assert "The platform is iOS and iPadOS or macOS. The domain is mine.example.com. The name matches “NB-*”." in page
    assert "1 device" in page and "Up to date" in page


def test_rule_without_a_condition_is_refused_at_its_field(administrator_client: Client) -> None:
    answer = administrator_client.post(url("add"), {"name": "All", "kind": "ruled"})
    assert "Name at least one condition: without one, every device would be in the group." in answer.content.decode()
    assert not DeviceGroup.objects.exists()


def test_preview_counts_what_fits_and_what_would_leave(administrator_client: Client, mine: Domain) -> None:
    group = DeviceGroupFactory.create()
    device("NB-1", mine, platform="ios")
    device("PC-1", mine, groups=[group])
    asked = {"kind": "ruled", "name_pattern": "NB-?", "group": group.pk}
    answer = administrator_client.post(url("preview"), asked).json()
    assert answer == {
        "text": "1 device fits the rule.",
        "leave": "1 device that is in the group now doesn't, and leaves it.",
        "sample": [{"name": "NB-1", "serial_number": "NB-1", "platform": "iOS and iPadOS"}],
        "is_wrong": False,
    }
    wrong = administrator_client.post(url("preview"), {"platforms": "amiga"}).json()
    assert wrong["is_wrong"] and "amiga is not one of the available choices" in wrong["text"]


def test_list_and_page_of_a_group_count_only_devices_that_the_person_may_see(half: User, mine: Domain) -> None:
    other = DomainFactory.create(name="other.example.com")
    rule = Rule(domains=frozenset({mine.pk, other.pk}))
    group, empty = DeviceGroupFactory.create(name="Sales"), DeviceGroupFactory.create(name="Theirs")
    filling.save_rule(group, rule)
    for number in range(3):
        device(f"THEIRS{number}", other, groups=[empty])
    device("MINE1", mine)
    client = sign_in(half)

    counts = {shown.name: shown.shown_count for shown in client.get(url("changelist")).context["cl"].result_list}
    page = client.get(url("change", group.pk)).content.decode()
    members = client.get(url("members", group.pk)).content.decode()

    assert counts == {"Sales": 1, "Theirs": 0}
    assert "1 device\n" in page.replace("</h2>", "\n") and "mine.example.com or another domain." in page
    assert "other.example.com" not in page + members and "THEIRS" not in page + members and "MINE1" in members


def test_list_costs_the_same_for_two_groups_and_for_twenty(administrator_client: Client) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            administrator_client.get(url("changelist"))
        return len(asked)

    policy = PolicyFactory.create()
    for group in DeviceGroupFactory.create_batch(2):
        group.policies.add(policy)
    statements()
    few = statements()
    for group in DeviceGroupFactory.create_batch(18):
        group.policies.add(policy)
    assert statements() == few


def test_who_works_in_some_domains_changes_no_group(half: User, mine: Domain) -> None:
    group = DeviceGroupFactory.create(name="Sales")
    client = sign_in(half)
    assert client.get(url("add")).status_code == 403
    assert client.post(url("change", group.pk), {"name": "Mine now"}).status_code == 403
    assert client.post(url("delete", group.pk), {"post": "yes"}).status_code == 403
    assert client.post(url("preview"), {"name_pattern": "*"}).status_code == 403
    page = client.get(url("change", group.pk))
    assert page.status_code == 200 and 'name="kind"' not in page.content.decode()
    assert DeviceGroup.objects.get().name == "Sales"


def test_deleting_a_group_names_how_many_memberships_go(administrator_client: Client, mine: Domain) -> None:
    group = DeviceGroupFactory.create()
    device("MINE1", mine, groups=[group])
    assert "memberships of devices: 1" in administrator_client.get(url("delete", group.pk)).content.decode().lower()
    assert administrator_client.post(url("delete", group.pk), {"post": "yes"}).status_code == 302
    assert (DeviceGroup.objects.count(), Device.objects.count()) == (0, 1)


# --- devices by hand --------------------------------------------------------------------------------------
def test_pasted_serial_numbers_go_in_all_or_none(half: User, mine: Domain) -> None:
    group = DeviceGroupFactory.create()
    one, two = device("Mine1", mine), device("Mine2", mine, platform="ios")
    device("Mine2", mine)
    device("THEIRS", DomainFactory.create())
    client = sign_in(half)

    refused = client.post(url("members", group.pk), {"serials": "Mine1\nMine2, mine1\nTHEIRS"})
    said = refused.content.decode()
    assert refused.status_code == 422 and not group.devices.exists()
    assert "Several devices have this serial number. Write one of: ios/Mine2, macos/Mine2." in said
    assert said.count("No device has this serial number. Upper and lower case matter.") == 2

    answer = client.post(url("members", group.pk), {"serials": "Mine1;ios/Mine2\n\nMine1"}, follow=True)
    assert set(group.devices.all()) == {one, two}
    assert "2 devices put in." in answer.content.decode()


def test_ticked_devices_go_in_and_out_but_never_those_of_others(half: User, mine: Domain) -> None:
    group = DeviceGroupFactory.create()
    own, theirs = device("MINE1", mine), device("MINE2", DomainFactory.create())
    inside = device("INSIDE", theirs.domain, groups=[group])
    client = sign_in(half)
    found = client.get(url("members", group.pk), {"find": "MINE"}).content.decode()
    assert f'value="{own.pk}"' in found and f'value="{theirs.pk}"' not in found

    client.post(url("members", group.pk), {"device": [own.pk, theirs.pk]})
    assert set(group.devices.all()) == {own, inside}
    client.post(url("members", group.pk), {"device": [own.pk, inside.pk], "remove": "1"})
    assert set(group.devices.all()) == {inside}
    nothing = client.post(url("members", group.pk), {"remove": "1"}, follow=True)
    assert "Tick at least one device." in nothing.content.decode()


def test_devices_of_a_group_with_a_rule_are_not_put_in_by_hand(administrator_client: Client, mine: Domain) -> None:
    group, phone = DeviceGroupFactory.create(), device("PHONE", mine, platform="android")
    filling.save_rule(group, Rule(platforms=frozenset({"ios"})))
    answer = administrator_client.post(url("members", group.pk), {"serials": "PHONE"}, follow=True)
    assert "The devices of this group follow from its rule. Change the rule, or the devices." in answer.content.decode()
    assert "Put in by serial number" not in answer.content.decode() and not phone.groups.exists()


@pytest.mark.parametrize("name", ["members", "import", "import_progress", "bad_rows"])
@pytest.mark.parametrize("number", [1, 2**70])
def test_what_is_not_there_is_not_found(administrator_client: Client, name: str, number: int) -> None:
    assert administrator_client.get(url(name, number)).status_code == 404


def test_form_of_a_device_keeps_the_groups_of_rules_and_refuses_to_put_it_into_one(
    administrator_client: Client, mine: Domain
) -> None:
    macs, other, static = (DeviceGroupFactory.create(name=name) for name in ("Macs", "Phones", "Sales"))
    filling.save_rule(macs, Rule(platforms=frozenset({"macos"})))
    filling.save_rule(other, Rule(platforms=frozenset({"ios"})))
    address = reverse("admin:devices_device_add")
    data = {"serial_number": "MAC1", "platform": "macos", "ownership": "corporate", "domain": mine.pk}
    data |= {"custom_attributes": "{}", "name": "", "groups": [static.pk]}

    assert administrator_client.post(address, data).status_code == 302
    assert set(Device.objects.get(serial_number="MAC1").groups.all()) == {macs, static}

    refused = administrator_client.post(address, data | {"serial_number": "MAC2", "groups": [other.pk]})
    assert "A chosen group has a rule: its devices follow from it." in refused.content.decode()
    assert Device.objects.count() == 1


# --- files ------------------------------------------------------------------------------------------------
def upload(client: Client, content: bytes, **options: str) -> Any:
    return client.post(url("upload"), {"file": SimpleUploadedFile("groups.csv", content), **options})


def test_file_is_uploaded_reviewed_and_imported_in_the_browser(administrator_client: Client, mine: Domain) -> None:
    device("COMES", mine)
    answer = upload(administrator_client, table(("Sales", "COMES;MISSING"), ("Office", "COMES")), creates="on")
    job = GroupImport.objects.get()
    assert answer.url == url("import", job.pk)
    assert "Waiting for a worker" in administrator_client.get(answer.url).content.decode()
    assert administrator_client.get(url("import_progress", job.pk)).json()["is_in_work"]

    work.run(job.pk)
    page = administrator_client.get(answer.url).content.decode()
    assert "There is no device with the serial number “MISSING”" in page and "Import the good lines only" in page
    bad = administrator_client.get(url("bad_rows", job.pk))
    assert b"MISSING" in downloaded(bad)

    administrator_client.post(answer.url, {"commit_good": "1"})
    work.run(job.pk)
    assert "What the file changed" in administrator_client.get(answer.url).content.decode()
    assert [group.name for group in DeviceGroup.objects.filter(devices__serial_number="COMES")] == ["Office"]
    assert "groups.csv" in administrator_client.get(url("imports")).content.decode()
    kept = administrator_client.get(url("bad_rows", job.pk))
    assert b"MISSING" in downloaded(kept)


def test_options_are_changed_in_the_review_and_an_import_is_discarded(administrator_client: Client) -> None:
    upload(administrator_client, table(("Sales", "")))
    job = GroupImport.objects.get()
    work.run(job.pk)
    administrator_client.post(url("import", job.pk), {"again": "1", "creates": "on"})
    work.run(job.pk)
    job.refresh_from_db()
    assert (job.creates_groups, job.counts["created"], job.counts["bad"]) == (True, 1, 0)
    answer = administrator_client.post(url("import", job.pk), {"discard": "1"}, follow=True)
    assert "Nothing of it was written." in answer.content.decode()
    assert not GroupImport.objects.exists()


@pytest.mark.parametrize(
    ("content", "said"), [(b"a,b\n1,2\n", "The file has no column “groupname”"), (b"", "The file is empty")]
)
def test_file_that_is_none_is_told_at_its_field(administrator_client: Client, content: bytes, said: str) -> None:
    answer = upload(administrator_client, content)
    assert (answer.status_code, said in answer.content.decode()) == (422, True)


def test_imports_of_others_are_not_found_by_who_works_in_some_domains(administrator_client: Client, half: User) -> None:
    upload(administrator_client, table(("Sales", "")))
    job = GroupImport.objects.get()
    client = sign_in(half)
    assert client.get(url("import", job.pk)).status_code == 404
    assert "groups.csv" not in client.get(url("imports")).content.decode()
    upload(client, table(("Sales", "")), creates="on")
    own = GroupImport.objects.exclude(pk=job.pk).get()
    assert (own.creates_groups, own.domains is not None) == (False, True)
    assert client.get(url("import", own.pk)).status_code == 200


def test_export_holds_the_persons_devices_alone(half: User, mine: Domain) -> None:
    group = DeviceGroupFactory.create(name="Sales")
    device("MINE1", mine, groups=[group])
    device("THEIRS", DomainFactory.create(), groups=[group])
    text = downloaded(sign_in(half).get(url("export"))).decode("utf-8-sig")
    assert text.splitlines() == ["groupname,members,description", "Sales,macos/MINE1,"]


@pytest.mark.parametrize("name", ["upload", "imports", "sample", "export", "preview"])
def test_stranger_gets_no_page_of_files(stranger_client: Client, name: str) -> None:
    assert stranger_client.get(url(name)).status_code in (403, 405)
    assert stranger_client.post(url(name)).status_code in (403, 405)


def test_who_only_looks_uploads_nothing() -> None:
    client = sign_in(make_person("looks", ("view_devicegroup", "view_device")))
    assert client.get(url("upload"))["Location"] == url("imports")
    assert upload(client, table(("Sales", ""))).status_code == 403
    group = DeviceGroupFactory.create()
    assert client.get(url("members", group.pk)).status_code == 200
    assert client.post(url("members", group.pk), {"serials": "X"}).status_code == 403
    assert client.get(url("export")).status_code == 403
