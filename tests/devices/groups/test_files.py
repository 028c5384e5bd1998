"""What becomes of a file of device groups: of its errors, of its groups and of its devices?"""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import override_settings
from django.urls import reverse
from openpyxl import Workbook

from devices import csv_file
from devices.changes import Change, changed_many
from devices.groups import filling
from devices.groups.files import contract, export, steps, work
from devices.groups.rule import Rule
from devices.imports import retention
from devices.imports.bad_rows import lines as bad_lines
from devices.imports.problems import message
from devices.imports.reader import UnreadableFileError
from devices.models import Device, DeviceGroup, GroupImport, GroupImportMember
from devices.models.domain_access import DomainAccessOfPerson
from tests.conftest import make_person, sign_in
from tests.devices.importing import parsed
from tests.factories import DeviceFactory, DeviceGroupFactory, DomainFactory

from .files import checked, codes, committed, table

pytestmark = pytest.mark.django_db


def serials(name: str) -> set[str | None]:
    return set(DeviceGroup.objects.get(name=name).devices.values_list("serial_number", flat=True))


def test_file_creates_groups_and_puts_devices_in_and_takes_others_out() -> None:
    sales = DeviceGroupFactory.create(name="Sales", description="old")
    stays, goes = DeviceFactory.create(serial_number="STAYS", groups=[sales]), DeviceFactory.create(groups=[sales])
    other = DeviceGroupFactory.create(name="Other")
    untouched = DeviceFactory.create(serial_number="UNTOUCHED", groups=[other])
    DeviceFactory.create(serial_number="COMES")
    content = table(("Sales", "COMES; STAYS", "new"), ("Fresh", "COMES"), ("Sales", ";COMES;", ""), ("Empty", ""))

    batch = checked(content, creates=True, removes=True)

    assert (batch.state, batch.counts["created"], batch.counts["added"], batch.counts["removed"]) == ("ready", 2, 2, 1)
    assert batch.counts["by_group"] == [
        ["Empty", True, 0, 0],
        ["Fresh", True, 1, 0],
        ["Sales", False, 1, 1],
    ]
    assert {code for _line, code, _value in codes(batch)} == {"new_group"}
    assert not DeviceGroup.objects.filter(name="Fresh").exists()

    batch = committed(batch)

    assert (batch.state, batch.counts["created"], batch.counts["added"], batch.counts["removed"]) == (
        "committed",
        2,
        2,
        1,
    )
    assert (serials("Sales"), serials("Fresh"), serials("Empty")) == ({"STAYS", "COMES"}, {"COMES"}, set())
    assert set(other.devices.all()) == {untouched} and not goes.groups.exists() and stays.groups.count() == 1
    sales.refresh_from_db()
    assert sales.description == "new"
    assert (batch.file.name, list(Path(settings.IMPORT_ROOT).rglob("*.csv"))) == ("", [])


def test_without_the_options_no_group_is_made_and_nobody_leaves() -> None:
    sales = DeviceGroupFactory.create(name="Sales")
    DeviceFactory.create(serial_number="STAYS", groups=[sales])
    DeviceFactory.create(serial_number="COMES")

    batch = checked(table(("Sales", "COMES"), ("sales", "COMES")))

    assert codes(batch) == [(3, "unknown_group", "sales")]
    assert batch.problems.get().suggestion == "Sales"
    committed(batch, good_rows=True)
    assert serials("Sales") == {"STAYS", "COMES"}


def test_each_error_is_told_with_line_column_value_and_reason() -> None:
    DeviceGroupFactory.create(name="Sales")
    filling.save_rule(DeviceGroupFactory.create(name="Macs"), Rule(platforms=frozenset({"macos"})))
    DeviceFactory.create(serial_number="TwiceHere1", platform="ios")
    DeviceFactory.create(serial_number="TwiceHere1", platform="macos")
    DeviceFactory.create(serial_number="CaseMatters")
    content = table(
        ("Sales", "MISSING1;casematters;TwiceHere1;ios/TwiceHere1"),
        ("", "CaseMatters"),
        ("Macs", "CaseMatters"),
        ("a;b", ""),
        ("Sales", "1.23E+15;" + "X" * 65),
    )

    batch = checked(content)

    assert codes(batch) == [
        (2, "unknown_device", "MISSING1"),
        (2, "unknown_device_case", "casematters"),
        (2, "ambiguous_serial", "TwiceHere1"),
        (3, "required", ""),
        (4, "group_filled_by_rule", "Macs"),
        (5, "name_separator", "a;b"),
        (6, "excel_number", "1.23E+15"),
        (6, "too_long", "X" * 65),
    ]
    assert (batch.counts["good"], batch.counts["bad"], batch.counts["errors"]) == (0, 5, 8)
    told = {
        problem.code: message(problem.code, column=problem.column, value=problem.value, detail=problem.detail)
        for problem in batch.problems.all()
    }
    assert "but one with “CaseMatters”. Upper and lower case matter." in told["unknown_device_case"]
    assert told["ambiguous_serial"].endswith("Write the platform in front of it, such as “ios/TwiceHere1”.")
    assert told["required"] == "“groupname” is empty. Fill it in."
    with pytest.raises(steps.StepError, match="There is no line without errors"):
        steps.start_commit(batch, None, good_rows=True)


def test_good_lines_go_in_and_bad_ones_come_back_and_their_group_loses_nobody() -> None:
    sales, office = DeviceGroupFactory.create(name="Sales"), DeviceGroupFactory.create(name="Office")
    for group in (sales, office):
        DeviceFactory.create(serial_number=f"IN{group.name}", groups=[group])
    DeviceFactory.create(serial_number="COMES")

    batch = checked(table(("Sales", "COMES"), ("Sales", "=MISSING"), ("Office", "COMES")), removes=True)
    with pytest.raises(steps.StepError, match="There are lines with errors"):
        steps.start_commit(batch, None)
    assert parsed("".join(bad_lines(batch, contract.limits())))[1][2:] == ["Sales", "'=MISSING", ""]
    batch = committed(batch, good_rows=True)

    assert (serials("Sales"), serials("Office")) == ({"INSales", "COMES"}, {"COMES"})
    with batch.bad_rows_file.open() as file:
        header, line = parsed(file.read().decode())
    assert header == ["line", "reason", "groupname", "members", "description"]
    assert line[0] == "3" and "no device with the serial number “=MISSING”" in line[1]


def test_devices_of_other_domains_are_unknown_and_stay_where_they_are() -> None:
    mine, theirs = DomainFactory.create(), DomainFactory.create()
    person = make_person(
        "half", ("view_devicegroup", "view_device", "change_device", "add_devicegroup"), domains=[mine]
    )
    group = DeviceGroupFactory.create(name="Sales", description="kept")
    DeviceFactory.create(serial_number="THEIRS", domain=theirs, user=None, groups=[group])
    DeviceFactory.create(serial_number="TheirCase", domain=theirs, user=None)
    DeviceFactory.create(serial_number="MINE1", domain=mine, user=None, groups=[group])
    DeviceFactory.create(serial_number="MINE2", domain=mine, user=None)

    batch = checked(table(("Sales", "THEIRS;theircase;NOBODYS"), ("New", "")), person, creates=True, removes=True)
    assert codes(batch) == [
        (2, "unknown_device", "THEIRS"),
        (2, "unknown_device", "theircase"),
        (2, "unknown_device", "NOBODYS"),
        (3, "unknown_group", "New"),
    ]
    assert set(batch.problems.values_list("suggestion", "detail")) == {("", "")}

    batch = checked(table(("Sales", "MINE2", "other")), person, removes=True)
    assert codes(batch) == [(2, "description_stays", "Sales")]
    assert (batch.counts["added"], batch.counts["removed"]) == (1, 1)
    batch = committed(batch, person)
    group.refresh_from_db()
    assert (serials("Sales"), group.description) == ({"THEIRS", "MINE2"}, "kept")


def test_who_lost_a_domain_since_the_check_is_told_nothing_of_its_devices() -> None:
    mine, lost = DomainFactory.create(), DomainFactory.create()
    person = make_person("operator of two", ("view_devicegroup", "change_device"), domains=[mine, lost])
    group = DeviceGroupFactory.create(name="Sales")
    DeviceFactory.create(serial_number="THEIRS", name="", domain=lost, user=None, groups=[group])
    batch = checked(table(("Sales", ""), ("Nowhere", "")), person, removes=True)
    page = reverse("admin:devices_devicegroup_import", args=[batch.pk])
    assert "THEIRS" in sign_in(person).get(page).content.decode()

    DomainAccessOfPerson.objects.filter(user=person, content_object_id=lost.pk).delete()
    client = sign_in(User.objects.get(pk=person.pk))
    text = client.get(page).content.decode()
    assert "THEIRS" not in text and "Nowhere" not in text and "Your domains have changed" in text
    assert client.get(reverse("admin:devices_devicegroup_bad_rows", args=[batch.pk])).status_code == 404


def test_file_checked_for_all_domains_is_not_imported_by_somebody_with_one() -> None:
    DeviceGroupFactory.create(name="Sales")
    batch = checked(table(("Sales", "")))
    person = make_person("half", ("change_device",), domains=[DomainFactory.create()])
    with pytest.raises(steps.StepError, match="Your domains have changed since the check"):
        steps.start_commit(batch, person)


def test_portal_that_changed_since_the_review_is_reviewed_again() -> None:
    group = DeviceGroupFactory.create(name="Sales")
    device = DeviceFactory.create(serial_number="COMES")
    batch = checked(table(("Sales", "COMES")))
    device.delete()

    batch = committed(batch)

    assert (batch.state, batch.failure["code"]) == ("ready", "changed")
    assert "groups or devices changed since the check" in batch.failure["message"]
    assert not group.devices.exists()
    steps.check_again(batch, None, creates=False, removes=False, tell_worker=False)
    work.run(batch.pk)
    assert codes(batch) == [(2, "unknown_device", "COMES")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name;serial\na;b\n", "The file has no column “members”. Its columns are: name, serial."),
        (b"members,description\na,b\n", "The file has no column “groupname”"),
        (b"groupname,group,members\na,b,c\n", "The file has the column “groupname” twice. Remove one."),
    ],
)
def test_file_without_the_columns_is_refused_at_once(content: bytes, said: str) -> None:
    with pytest.raises(contract.HeaderError, match=said.replace(".", r"\.")):
        checked(content)
    assert not GroupImport.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_and_delimiters_are_those_of_the_import_of_devices(encoding: str) -> None:
    DeviceFactory.create(serial_number="COMES")
    text = "Group name\tMembers\nBüro\tCOMES\nBüro\t\n"
    batch = committed(checked(text.encode(encoding), creates=True))
    assert (batch.state, serials("Büro")) == ("committed", {"COMES"})


def test_workbook_with_a_serial_number_that_became_a_number(tmp_path: Path) -> None:
    DeviceFactory.create(serial_number="123456789012")
    book = Workbook()
    for row in (["groupname", "members"], ["Sales", 123456789012], ["Lab", "123456789012"]):
        book.active.append(row)
    book.save(tmp_path / "groups.xlsx")
    committed(checked((tmp_path / "groups.xlsx").read_bytes(), name="groups.xlsx", creates=True))
    assert (serials("Sales"), serials("Lab")) == ({"123456789012"}, {"123456789012"})


def test_fifty_thousand_members_fit_one_cell_and_longer_ones_are_refused_with_the_setting() -> None:
    domain = DomainFactory.create()
    devices = [
        Device(serial_number=f"C02{number:08}", platform="macos", ownership="corporate", domain=domain)
        for number in range(50_000)
    ]
    Device.objects.bulk_create(devices, batch_size=10_000)
    cell = ";".join(f"macos/C02{number:08}" for number in range(50_000))
    batch = committed(checked(table(("All", cell)), creates=True))
    assert (batch.state, batch.counts["added"], DeviceGroup.objects.get().devices.count()) == (
        "committed",
        50_000,
        50_000,
    )
    told = pytest.raises(UnreadableFileError, match="raise the setting HEXENROLL_GROUP_IMPORT_MAX_CELL")
    with override_settings(HEXENROLL_GROUP_IMPORT_MAX_CELL=1_000), told:
        checked(table(("All", cell)), creates=True)


def test_export_comes_back_unchanged_and_holds_no_formula() -> None:
    everybody = make_person("everybody", ("view_device",))
    evil = DeviceGroupFactory.create(name="=1+1", description="@x\nsecond line")
    DeviceFactory.create(serial_number="A1", platform="ios", groups=[evil])
    DeviceFactory.create(serial_number="A1", platform="macos", groups=[evil])
    DeviceGroupFactory.create(name="Empty")
    filling.save_rule(DeviceGroupFactory.create(name="Ruled"), Rule(platforms=frozenset({"macos"})))

    text = b"".join(csv_file.pieces(export.rows(everybody))).decode()

    assert parsed(text) == [
        ["groupname", "members", "description"],
        ["'=1+1", "ios/A1;macos/A1", "'@x\nsecond line"],
        ["Empty", "", ""],
    ]
    batch = checked(text.encode(), removes=True)
    assert (codes(batch), batch.counts["added"], batch.counts["removed"]) == ([], 0, 0)
    evil.delete()
    committed(checked(text.encode(), creates=True))
    assert b"".join(csv_file.pieces(export.rows(everybody))).decode() == text


def test_change_of_many_is_announced() -> None:
    told: list[Change] = []

    def listen(change: Change, **facts: Any) -> None:
        told.append(change)

    DeviceFactory.create(serial_number="COMES")
    changed_many.connect(listen)
    batch = committed(checked(table(("Sales", "COMES", "about")), creates=True))
    changed_many.disconnect(listen)

    assert [(change.what, change.model, change.count) for change in told] == [
        ("group.file_made", DeviceGroup, 1),
        ("group.file_made", DeviceGroup, 1),
        ("group.file", Device, 1),
    ]
    assert (told[-1].added, told[-1].source) == ({"groups": ["Sales"]}, batch)


def test_interrupted_work_is_begun_again_and_given_up_after_some_times() -> None:
    batch = checked(table(("Sales", "")), creates=True)
    GroupImport.objects.filter(pk=batch.pk).update(state="checking", attempts=99)
    work.run(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.failure["code"]) == ("failed", "interrupted")
    GroupImport.objects.filter(pk=batch.pk).update(
        state="checking", attempts=0, state_changed_at=filling.timezone.now() - 10 * work.WAITING
    )
    assert work.rescue() == 0 or work.rescue() == 1  # told, if there is a broker
    work.run(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.failure) == ("ready", {})
    work.run(batch.pk)  # a task that comes twice


def test_old_file_is_forgotten_and_a_fresh_one_is_not_taken_for_an_orphan() -> None:
    DeviceFactory.create(serial_number="COMES")
    fresh, old = (checked(table(("Sales", "COMES")), creates=True) for _each in range(2))
    long_ago = filling.timezone.now() - filling.timedelta(days=4_000)
    GroupImport.objects.filter(pk=old.pk).update(state_changed_at=long_ago)
    retention.forget()
    fresh.refresh_from_db()
    old.refresh_from_db()
    assert (bool(old.file), bool(fresh.file), Path(fresh.file.path).exists()) == (False, True, True)
    assert set(GroupImportMember.objects.values_list("batch", flat=True)) == {fresh.pk}


# --- the command ------------------------------------------------------------------------------------------
def test_command_imports_and_prints_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    DeviceFactory.create(serial_number="COMES")
    file = tmp_path / "groups.csv"
    file.write_bytes(table(("Sales", "COMES")))
    call_command("import_groups", str(file), "--create", "--json")
    said = json.loads(capsys.readouterr().out)
    assert {name: said[name] for name in ("state", "lines", "groups", "created", "added", "removed", "errors")} == {
        "state": "committed", "lines": 1, "groups": 1, "created": 1, "added": 1, "removed": 0, "errors": [],
    }  # fmt: skip
    assert [warning["code"] for warning in said["warnings"]] == ["new_group"]


@pytest.mark.parametrize("options", [("--validate-only", "--create"), ()])
def test_command_that_may_not_or_can_not_import_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    file = tmp_path / "groups.csv"
    file.write_bytes(table(("Sales", "")))
    if options:
        call_command("import_groups", str(file), *options)
    else:
        with pytest.raises(SystemExit) as left:
            call_command("import_groups", str(file))
        assert left.value.code == 1
        assert "Line 2, groupname: error: There is no device group “Sales”" in capsys.readouterr().err
    assert (DeviceGroup.objects.count(), GroupImport.objects.count()) == (0, 0)


def test_command_without_a_file_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as left:
        call_command("import_groups", str(tmp_path / "none.csv"))
    assert left.value.code == 2
