"""Can a batch be moved by one person at a time, from the right state alone, and does a refusal say why?"""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from devices.imports import check, steps
from devices.imports.reader import UnreadableFileError
from devices.imports.steps import StepError
from devices.models import Device, ImportBatch, ImportRow
from tests.factories import DeviceGroupFactory, DeviceUserFactory, ImportBatchFactory

from .importing import check_again, checked_rows, codes, committed, device, row, staged, table, uploaded, user

pytestmark = pytest.mark.django_db
State = ImportBatch.State


def message_of(action: Callable[[], object]) -> str:
    with pytest.raises(StepError) as caught:
        action()
    return str(caught.value)


# --- upload -----------------------------------------------------------------------------------------------
def test_an_upload_is_a_batch_with_everything_known_about_the_file() -> None:
    content = table(row(1))
    batch = uploaded(content, name="C:/devices of ada.csv")
    batch.refresh_from_db()
    assert (batch.state, batch.file_name, batch.file_size) == (State.UPLOADED, "devices of ada.csv", len(content))
    assert batch.headers == ["Name", "Email", "Ownership", "Serial number", "Platform"]
    assert (batch.file_format["encoding"], batch.file_format["delimiter"]) == ("utf-8", ",")
    assert Path(batch.file.path).read_bytes() == content
    assert Path(batch.file.path).stat().st_mode & 0o077 == 0


HOSTILE_NAMES = ["a\x00b.c\x00sv", "\u202efdp.csv", "../../etc/passwd", "x" * 300 + ".csv", "\ud800.csv", ""]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_file_name_is_no_failure(name: str) -> None:
    batch = uploaded(table(row(1)), name=name)
    batch.refresh_from_db()
    assert batch.file_name
    assert "/" not in batch.file_name
    assert Path(batch.file.path).is_file()


def test_a_file_that_is_no_table_leaves_nothing_behind() -> None:
    with pytest.raises(UnreadableFileError) as caught:
        uploaded(b"")
    assert caught.value.code == "empty"
    assert not ImportBatch.objects.exists()


def test_the_last_mapping_for_the_same_headers_is_remembered() -> None:
    first = uploaded(table(row(1, Who="x")))
    columns = {**steps.suggestion(first).mapping.columns, "name": (5,)}
    steps.save_mapping(first, steps.Mapping(columns, kept=(0,)))
    second = uploaded(table(row(2, Who="y")))
    found = steps.suggestion(second).mapping
    assert (found.columns["name"], found.kept) == ((5,), (0,))


# --- mapping and check ------------------------------------------------------------------------------------
def test_a_mapping_that_lacks_a_required_field_is_refused() -> None:
    batch = uploaded(table(row(1)))
    text = message_of(lambda: steps.save_mapping(batch, steps.Mapping({"name": (0,)})))
    assert "“Email” is required. Choose its column, or give one value for all rows." in text
    assert batch.state == State.UPLOADED


def test_a_batch_without_a_mapping_cannot_be_checked() -> None:
    batch = uploaded(table(row(1)))
    assert message_of(lambda: steps.start_check(batch)) == "Map the columns first."


def test_a_file_that_is_gone_fails_the_check_with_what_to_do() -> None:
    batch = checked_rows(row(1))
    Path(batch.file.path).unlink()
    check_again(batch)
    assert batch.state == State.FAILED
    assert batch.failure["code"] == "missing"
    assert "again" in batch.failure["message"]


def test_a_check_that_was_stopped_goes_back_to_mapped_and_can_begin_again() -> None:
    batch = checked_rows(row(1))
    steps.start_check(batch, tell_worker=False)
    steps.stop_check(batch)
    check.run(batch.pk)
    batch.refresh_from_db()
    assert batch.state == State.MAPPED
    assert check_again(batch).state == State.READY


def test_a_check_that_is_over_cannot_be_stopped() -> None:
    assert message_of(lambda: steps.stop_check(checked_rows(row(1)))) == "The check is over already."


def test_a_check_that_five_workers_did_not_finish_fails_with_what_to_do() -> None:
    batch = checked_rows(row(1))
    steps.start_check(batch, tell_worker=False)
    ImportBatch.objects.update(attempts=check.MAX_ATTEMPTS)
    check.run(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.failure["code"]) == (State.FAILED, "interrupted")


def test_a_check_that_another_worker_has_is_left_to_it() -> None:
    batch = checked_rows(row(1))
    steps.start_check(batch, tell_worker=False)
    ImportBatch.objects.update(heartbeat_at=timezone.now(), attempts=1)
    check.run(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.attempts) == (State.CHECKING, 1)


# --- correct and re-upload --------------------------------------------------------------------------------
def test_a_corrected_file_keeps_domain_mapping_and_choices() -> None:
    batch = checked_rows(row(1), row(2, platform="iOS"))
    steps.choose(
        batch, duplicates="keep", channel="email", accept_good_rows=False, groups=[DeviceGroupFactory.create()]
    )
    ImportRow.objects.filter(batch=batch, line=2).update(invite=False, decision="replace")
    assert steps.upload_again(batch, BytesIO(table(row(7), row(1), row(2))), "corrected.csv")
    assert batch.state == State.MAPPED
    check_again(batch)
    assert (codes(batch), batch.counts["rows"], batch.file_name) == ([], 3, "corrected.csv")
    assert (batch.duplicates, batch.channel, batch.groups.count()) == ("keep", "email", 1)
    assert (staged(batch, 3).invite, staged(batch, 3).decision) == (False, "replace")
    assert (staged(batch, 2).invite, staged(batch, 4).invite) == (True, True)


def test_columns_in_another_order_keep_their_fields() -> None:
    batch = checked_rows(row(1, Desk="1"), kept=["Desk"])
    header, cells = "Desk,Platform,Serial number,Ownership,Email,Name", "7,ios,R58N30ABCDE,personal,a@b.example,Ada"
    steps.upload_again(batch, BytesIO(f"{header}\r\n{cells}\r\n".encode()), "b.csv")
    committed(check_again(batch))
    made = Device.objects.get()
    assert (made.platform, made.serial_number, made.custom_attributes) == ("ios", "R58N30ABCDE", {"Desk": "7"})


def test_a_file_that_lacks_a_mapped_column_has_to_be_mapped_again() -> None:
    batch = checked_rows(row(1))
    assert not steps.upload_again(batch, BytesIO(b"Name,Email\r\nAda,ada@example.com\r\n"), "b.csv")
    assert (batch.state, batch.mapping) == (State.UPLOADED, {})


def test_a_file_that_is_no_table_leaves_the_batch_as_it_was() -> None:
    batch = checked_rows(row(1))
    with pytest.raises(UnreadableFileError):
        steps.upload_again(batch, BytesIO(b"%PDF-1.7"), "b.csv")
    batch.refresh_from_db()
    assert (batch.state, batch.file_name) == (State.READY, "devices.csv")
    assert check_again(batch).state == State.READY


def test_the_file_before_the_correction_is_removed() -> None:
    batch = checked_rows(row(1))
    before = Path(batch.file.path)
    steps.upload_again(batch, BytesIO(table(row(2))), "b.csv")
    assert not before.exists()
    assert Path(batch.file.path).exists()


# --- value fixes ------------------------------------------------------------------------------------------
def test_a_fix_mends_the_value_in_every_row_and_the_file_stays_as_it_is() -> None:
    batch = checked_rows(*(row(number, platform="iOS" if number % 2 else "ios") for number in range(1, 9)))
    content = Path(batch.file.path).read_bytes()
    steps.add_fix(batch, "unknown_choice", "platform", "iOS", "ios")
    assert codes(check_again(batch)) == []
    assert Path(batch.file.path).read_bytes() == content
    assert staged(batch).platform == "ios"


def test_fixes_add_up_and_can_be_taken_back() -> None:
    batch = checked_rows(row(1, platform="iOS", ownership="Corporate", name=" Ada "))
    steps.add_fix(batch, "unknown_choice", "platform", "iOS", "ios")
    steps.add_fix(batch, "unknown_choice", "ownership", "Corporate", "corporate")
    steps.add_fix(batch, "surrounding_space", "name", " Ada ", "Ada")
    assert codes(check_again(batch)) == []
    steps.drop_fixes(batch)
    assert len(codes(check_again(batch))) == 3


def test_spaces_around_a_column_are_trimmed_in_all_its_rows_and_in_no_other_column() -> None:
    batch = checked_rows(row(1, name=" Ada"), row(2, name="Alan\u00a0"), row(3, serial_number=" C02XK1ZZJ003"))
    steps.add_fix(batch, "surrounding_space", "name", " Ada", "Ada")
    assert codes(check_again(batch)) == [(4, "surrounding_space")]
    steps.add_fix(batch, "surrounding_space", "serial_number", " C02XK1ZZJ003", "C02XK1ZZJ003")
    assert codes(check_again(batch)) == []
    assert staged(batch, 4).serial_number == "C02XK1ZZJ003"


def test_a_fix_after_a_trim_finds_the_trimmed_value() -> None:
    batch = checked_rows(row(1, platform=" iOS"))
    steps.add_fix(batch, "surrounding_space", "platform", " iOS", "iOS")
    steps.add_fix(batch, "unknown_choice", "platform", "iOS", "ios")
    assert codes(check_again(batch)) == []


def test_fixes_survive_a_corrected_file() -> None:
    batch = checked_rows(row(1, platform="iOS"))
    steps.add_fix(batch, "unknown_choice", "platform", "iOS", "ios")
    steps.upload_again(batch, BytesIO(table(row(2, platform="iOS"))), "b.csv")
    assert codes(check_again(batch)) == []


@pytest.mark.parametrize("replacement", ["c02xk1zzj001", "OTHER12345", ""])
def test_no_fix_changes_a_serial_number(replacement: str) -> None:
    batch = checked_rows(row(1))
    text = message_of(lambda: steps.add_fix(batch, "junk_serial", "serial_number", "C02XK1ZZJ001", replacement))
    assert text == "Serial numbers and passwords are never changed. Correct the file."


# --- choices, as stored -----------------------------------------------------------------------------------
def test_choices_are_stored_with_the_batch() -> None:
    batch = checked_rows(row(1))
    steps.choose(batch, duplicates="replace", channel="sms", accept_good_rows=True)
    batch.refresh_from_db()
    assert (batch.duplicates, batch.channel, batch.accept_good_rows) == ("replace", "sms", True)


def test_choices_cannot_be_changed_after_the_commit() -> None:
    batch = committed(checked_rows(row(1)))
    choose = lambda: steps.choose(batch, duplicates="skip", channel="none", accept_good_rows=False)  # noqa: E731
    assert message_of(choose) == "This import is not in review any more."


# --- start of the commit ----------------------------------------------------------------------------------
def test_rows_with_errors_stand_in_the_way_of_the_commit() -> None:
    batch = checked_rows(row(1), row(2, email="x"))
    assert message_of(lambda: steps.start_commit(batch, None)) == (
        "There are rows with errors. Correct the file and upload it again, or import the good rows only."
    )


def test_a_file_of_errors_alone_cannot_be_imported_good_rows_or_not() -> None:
    batch = checked_rows(row(1, email="x"))
    steps.choose(batch, duplicates="", channel="none", accept_good_rows=True)
    assert message_of(lambda: steps.start_commit(batch, None)) == (
        "There is no row without errors. Correct the file and upload it again."
    )


def test_the_administrator_is_asked_once_what_happens_to_duplicates() -> None:
    DeviceUserFactory.create(email=row()["email"])
    batch = checked_rows(row(1), row(2))
    assert message_of(lambda: steps.start_commit(batch, None)) == (
        "Some device users or devices are in the portal already. Choose what happens to them."
    )
    ImportRow.objects.filter(batch=batch, line=2).update(decision="skip")
    assert steps.obstacles(batch) == []


def test_a_file_that_was_uploaded_to_be_checked_only_is_not_imported() -> None:
    batch = checked_rows(row(1), validate_only=True)
    assert "to be checked only" in message_of(lambda: steps.start_commit(batch, None))


def test_a_commit_that_was_started_already_is_not_started_again() -> None:
    batch = checked_rows(row(1))
    twin = ImportBatch.objects.get(pk=batch.pk)
    steps.start_commit(batch, None, tell_worker=False)
    assert message_of(lambda: steps.start_commit(twin, None)) == (
        "This import has moved on in the meantime. Load the page again."
    )
    assert ImportBatch.objects.get().state == State.COMMITTING


def test_who_started_the_commit_is_stored(administrator: Any) -> None:
    batch = checked_rows(row(1))
    steps.start_commit(batch, administrator, tell_worker=False)
    batch.refresh_from_db()
    assert batch.committed_by == administrator


ACTIONS: dict[str, Callable[[ImportBatch], object]] = {
    "upload_again": lambda batch: steps.upload_again(batch, BytesIO(table(row(1))), "b.csv"),
    "change_format": lambda batch: steps.change_format(batch, steps.FileFormat.from_json(batch.file_format)),
    "save_mapping": lambda batch: steps.save_mapping(batch, steps.Mapping.from_json(batch.mapping)),
    "start_check": lambda batch: steps.start_check(batch, tell_worker=False),
    "add_fix": lambda batch: steps.add_fix(batch, "unknown_choice", "platform", "iOS", "ios"),
    "drop_fixes": steps.drop_fixes,
    "start_commit": lambda batch: steps.start_commit(batch, None, tell_worker=False),
    "discard": steps.discard,
}


@pytest.mark.parametrize("state", sorted(ImportBatch.IN_WORK | {State.COMMITTED, State.UNDONE}))
@pytest.mark.parametrize("action", ACTIONS)
def test_a_batch_in_work_or_done_takes_no_step_of_the_wizard(action: str, state: str) -> None:
    batch = checked_rows(row(1))
    ImportBatch.objects.update(state=state)
    stale, fresh = batch, ImportBatch.objects.get()
    for loaded in (stale, fresh):  # the page was loaded before, or after
        assert message_of(lambda loaded=loaded: ACTIONS[action](loaded))  # type: ignore[misc]
    assert ImportBatch.objects.get().state == state
    assert Path(fresh.file.path).exists()


@pytest.mark.parametrize("state", sorted(set(State.values) - {State.COMMITTED}))
def test_only_a_committed_batch_can_be_undone(state: str) -> None:
    batch = checked_rows(row(1))
    ImportBatch.objects.update(state=state)
    assert message_of(lambda: steps.start_undo(batch, None)) == (
        "This import has moved on in the meantime. Load the page again."
    )


def test_a_batch_whose_rows_were_removed_cannot_be_undone() -> None:
    batch = ImportBatchFactory.create(state=State.COMMITTED, counts={"rows": 3})
    assert message_of(lambda: steps.start_undo(batch, None)) == (
        "This import is too old to be undone: its rows were removed."
    )


# --- discard ----------------------------------------------------------------------------------------------
def test_a_discarded_batch_leaves_no_row_and_no_file() -> None:
    batch = checked_rows(row(1), row(2, email="x"))
    path = Path(batch.file.path)
    ImportRow.objects.filter(batch=batch).update(invite=False)
    steps.start_check(batch, tell_worker=False)
    path.rename(path.with_suffix(".gone"))
    check.run(batch.pk)  # fails; what was chosen waits for the next check
    path.with_suffix(".gone").rename(path)
    batch.refresh_from_db()
    steps.discard(batch)
    assert not ImportBatch.objects.exists()
    assert not ImportRow.objects.exists()
    assert not path.exists()


def test_users_and_devices_stay_when_a_batch_is_discarded() -> None:
    committed(checked_rows(row(1)))
    steps.discard(checked_rows(row(2)))
    assert (device(1).user, Device.objects.count()) == (user(1), 1)
