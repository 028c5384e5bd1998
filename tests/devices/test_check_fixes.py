"""Corrections that the check page offers for many rows at once."""

import pytest
from django.test import Client

from devices.imports import check, steps
from devices.imports.review.offers import Offer, accept, fix_token, offers, take_back
from devices.models import ImportBatch, ImportRow
from tests.devices.importing import checked_rows, codes, row
from tests.devices.wizard_pages import press, shown, url

pytestmark = pytest.mark.django_db
REFUSED = "can't be changed so for all rows"


def offered(batch: ImportBatch) -> list[tuple[str, str, str, int]]:
    return [(offer.field, offer.value, offer.replacement, offer.rows) for offer in offers(batch)]


def take(client: Client, batch: ImportBatch, *taken: Offer, **data: str) -> list[str]:
    """Accept offers and let the check run; return the messages."""
    _location, messages = press(client, "fix", batch, {"offer": [offer.token for offer in taken], **data})
    check.run(batch.pk)
    batch.refresh_from_db()
    return messages


def test_a_value_that_is_meant_otherwise_is_offered_with_the_number_of_rows() -> None:
    batch = checked_rows(
        row(1, platform="iOS"), row(2, platform="iOS"), row(3, platform="iOS"), row(4, ownership="Corporate"), row(5)
    )
    assert offered(batch) == [("platform", "iOS", "ios", 3), ("ownership", "Corporate", "corporate", 1)]


def test_one_click_mends_all_rows_and_the_file_stays_as_it_is(administrator_client: Client) -> None:
    batch = checked_rows(row(1, platform="iOS"), row(2, platform="iOS"))
    before = batch.sha256
    assert take(administrator_client, batch, *offers(batch)) == []
    assert (batch.state, batch.counts["bad"], batch.sha256) == ("ready", 0, before)
    assert set(ImportRow.objects.filter(batch=batch).values_list("platform", flat=True)) == {"ios"}
    assert "Accepted corrections Platform : iOS is read as → ios" in shown(administrator_client, "check", batch)


def test_spaces_around_values_are_offered_once_for_the_field(administrator_client: Client) -> None:
    batch = checked_rows(row(1, serial_number=" C02XK1ZZJ001"), row(2, serial_number="C02XK1ZZJ002 "), row(3))
    assert [(offer.field, offer.is_trim, offer.rows) for offer in offers(batch)] == [("serial_number", True, 2)]
    take(administrator_client, batch, *offers(batch))
    assert batch.counts["bad"] == 0
    assert "Serial number : spaces around the value are taken off" in shown(administrator_client, "check", batch)


def test_a_value_that_nobody_can_tell_is_offered_with_the_allowed_ones(administrator_client: Client) -> None:
    batch = checked_rows(row(1, ownership="S"), row(2, ownership="S"))
    (offer,) = offers(batch)
    assert (offer.value, offer.replacement, offer.rows, set(offer.choices)) == ("S", "", 2, {"personal", "corporate"})
    assert take(administrator_client, batch, offer) == ["Choose the value that is meant."]
    assert REFUSED in take(administrator_client, batch, offer, replacement="shared")[0]
    assert take(administrator_client, batch, offer, replacement="corporate") == []
    assert batch.counts["bad"] == 0


def test_several_corrections_can_be_taken_together(administrator_client: Client) -> None:
    batch = checked_rows(row(1, platform="iOS"), row(2, ownership="Corporate"), row(3, email="mailto:a@example.com"))
    assert take(administrator_client, batch, *offers(batch)) == []
    assert batch.counts["bad"] == 0


def test_all_corrections_can_be_taken_back(administrator_client: Client) -> None:
    batch = checked_rows(row(1, platform="iOS"))
    take(administrator_client, batch, *offers(batch))
    assert press(administrator_client, "drop_fixes", batch) == (url("check", batch), [])
    check.run(batch.pk)
    assert codes(batch) == [(2, "unknown_choice")]


def test_one_correction_can_be_taken_back_and_the_others_stay(administrator_client: Client) -> None:
    batch = checked_rows(row(1, platform="iOS"), row(2, ownership="Corporate"), row(3, name=" User 3"))
    take(administrator_client, batch, *offers(batch))
    assert batch.counts["bad"] == 0
    for token, left in (
        (fix_token("platform", "iOS"), [(2, "unknown_choice")]),
        (fix_token("name", ""), [(2, "unknown_choice"), (4, "surrounding_space")]),
    ):
        data = {"fix": token}
        assert press(administrator_client, "drop_fixes", batch, data) == (url("check", batch), [])
        assert press(administrator_client, "drop_fixes", batch, data) == (url("check", batch), [])  # a double click
        check.run(batch.pk)
        assert codes(batch) == left


NESTED = "[" * 100_000


@pytest.mark.parametrize("token", ["", "{", "[]", '["a"]', "3", NESTED, '["name", "\\ud800"]', '["name", "\\u0000"]'])
def test_a_taking_back_that_no_page_sent_is_refused(administrator_client: Client, token: str) -> None:
    (message,) = press(administrator_client, "drop_fixes", checked_rows(row(1)), {"fix": token})[1]
    assert message == "This change of values can't be read. Load the page again."


def test_a_replacement_with_a_nul_character_is_refused(administrator_client: Client) -> None:
    batch = checked_rows(row(1, ownership="S"))
    assert take(administrator_client, batch, *offers(batch), replacement="\0") == ["Choose the value that is meant."]


def test_a_click_after_somebody_discarded_the_import_is_answered() -> None:
    batch = checked_rows(row(1, platform="iOS"))
    (offer,) = offers(batch)
    steps.discard(ImportBatch.objects.get(pk=batch.pk))
    with pytest.raises(steps.StepError, match="discarded in the meantime"):
        accept(batch, [offer])
    with pytest.raises(steps.StepError, match="discarded in the meantime"):
        take_back(batch, fix_token("platform", "iOS"))


def test_a_second_click_does_no_harm(administrator_client: Client) -> None:
    batch = checked_rows(row(1, platform="iOS"))
    data = {"offer": offers(batch)[0].token}
    assert press(administrator_client, "fix", batch, data) == (url("check", batch), [])
    assert press(administrator_client, "fix", batch, data) == (url("check", batch), [])


@pytest.mark.parametrize(
    ("code", "field", "value", "replacement"),
    [
        ("junk_serial", "serial_number", "0", "C02XK1ZZJ009"),
        ("unknown_choice", "platform", "iOS", "macos2"),
        ("unknown_choice", "platform", "Nothing", "ios"),
        ("required", "name", "", "Somebody"),
        ("surrounding_space", "name", "x", "y"),
    ],
)
def test_a_change_that_was_not_offered_is_refused(
    administrator_client: Client, code: str, field: str, value: str, replacement: str
) -> None:
    batch = checked_rows(row(1, platform="iOS"), row(2, serial_number="0"), row(3, name=""))
    messages = take(administrator_client, batch, Offer(code, field, value, replacement))
    assert len(messages) == 1 and REFUSED in messages[0]
    assert (batch.fixes, batch.state) == ({}, "ready")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "{",
        "[]",
        NESTED,
        '["a", "b", "c", "d"]',
        '["unknown_choice", "platform", 1, "ios"]',
        '["unknown_choice", "platform", "\\ud800", "ios"]',
        '["unknown_choice", "platform", "iOS", "ios\\u0000"]',
    ],
)
def test_a_form_that_no_page_sent_is_refused(administrator_client: Client, token: str) -> None:
    batch = checked_rows(row(1, platform="iOS"))
    (message,) = press(administrator_client, "fix", batch, {"offer": token})[1]
    assert message == "This change of values can't be read. Load the page again."


def test_two_administrators_do_not_take_each_others_corrections_away(administrator_client: Client) -> None:
    batch = checked_rows(row(1, platform="iOS"), row(2, ownership="Corporate"))
    first, second = offers(batch)
    take(administrator_client, batch, first)
    take(administrator_client, batch, second)
    assert batch.counts["bad"] == 0


def test_values_are_not_offered_for_a_list_or_a_serial_number(administrator_client: Client) -> None:
    batch = checked_rows(row(1, policies="Unknown"), row(2, serial_number="0"))
    assert offers(batch) == []
