"""The review page: rows to page through, to search and to filter."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from devices.imports import steps
from devices.imports.review import rows as review_rows
from devices.models import Device, ImportBatch
from tests.devices.importing import checked_rows, row
from tests.devices.wizard_pages import shown, url
from tests.factories import DeviceFactory, DeviceUserFactory

pytestmark = pytest.mark.django_db


def lines(client: Client, batch: ImportBatch, **query: Any) -> list[int]:
    response = client.get(url("review", batch), query)
    return [shown.line for shown, _warnings in response.context["rows"]]


def mixed_batch() -> ImportBatch:
    """Return a batch: line 2 new, 3 a known user, 4 a known device, 5 with a warning, 6 an enrolled device."""
    DeviceUserFactory.create(email="user2@example.com")
    DeviceFactory.create(serial_number=row(3)["serial_number"])
    DeviceFactory.create(serial_number=row(5)["serial_number"], status=Device.Status.ENROLLED)
    return checked_rows(
        row(1, name="Zoë Müller"), row(2), row(3), row(4, email="somebody@gmail.com"), row(5, mobile="+49 170 1234567")
    )


def test_rows_say_what_will_become_a_device_and_a_user(administrator_client: Client) -> None:
    batch = checked_rows(row(1, device_name="Laptop", groups="Sales;Berlin"))
    text = shown(administrator_client, "review", batch)
    assert "C02XK1ZZJ001 macOS, Corporate, Laptop Groups: Sales, Berlin" in text
    assert "User 1 user1@example.com" in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [2, 3, 4, 5, 6]),
        ({"kind": "new"}, [2, 5]),
        ({"kind": "known_user"}, [3]),
        ({"kind": "known_device"}, [4]),
        ({"kind": "enrolled"}, [6]),
        ({"decision": "undecided"}, [3, 4]),
        ({"decision": "skip"}, []),
        ({"invite": "yes"}, [2, 3, 4, 5, 6]),
        ({"invite": "no"}, []),
        ({"warnings": "yes"}, [5, 6]),
        ({"warnings": "yes", "kind": "new"}, [5]),
        ({"q": "zj003"}, [4]),
        ({"q": "SOMEBODY@"}, [5]),
        ({"q": "müller"}, [2]),
        ({"q": "zoë m"}, [2]),
        ({"q": "%"}, []),
        ({"q": "\x00"}, [2, 3, 4, 5, 6]),
        ({"line": "4"}, [4, 5, 6]),
        ({"kind": "'", "decision": "x", "invite": "?", "after": "-1", "before": "y"}, [2, 3, 4, 5, 6]),
    ],
)
def test_rows_can_be_searched_and_filtered(
    administrator_client: Client, query: dict[str, str], expected: list[int]
) -> None:
    assert lines(administrator_client, mixed_batch(), **query) == expected


@pytest.mark.parametrize("query", [{}, {"q": "user"}])
def test_rows_are_paged_forth_and_back(administrator_client: Client, query: dict[str, str]) -> None:
    batch = checked_rows(*(row(number) for number in range(120)))
    assert lines(administrator_client, batch, **query) == list(range(2, 52))
    assert lines(administrator_client, batch, after=51, **query) == list(range(52, 102))
    assert lines(administrator_client, batch, after=101, **query) == list(range(102, 122))
    assert lines(administrator_client, batch, before=102, **query) == list(range(52, 102))
    assert lines(administrator_client, batch, before=52, **query) == list(range(2, 52))
    assert lines(administrator_client, batch, before=999999999, **query) == list(range(72, 122))


@pytest.mark.parametrize("query", [{}, {"q": "user"}])
def test_the_pager_says_how_many_rows_match_and_where_there_are_more(
    administrator_client: Client, query: dict[str, str]
) -> None:
    batch = checked_rows(*(row(number) for number in range(60)))
    first = administrator_client.get(url("review", batch), query).context
    assert (first["count_text"], first["previous"], first["next"]) == ("60 in all", "", 51)
    last = administrator_client.get(url("review", batch), query | {"after": "51"}).context
    assert (last["count_text"], last["previous"], last["next"]) == ("60 in all", 52, "")


def test_beyond_the_counted_rows_it_says_more_than(
    administrator_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_rows, "COUNTED", 60)
    batch = checked_rows(*(row(number) for number in range(150)))
    context = administrator_client.get(url("review", batch), {"q": "user"}).context
    assert context["count_text"] == "more than 60"
    assert lines(administrator_client, batch, q="user", after=101) == list(range(102, 152))
    assert lines(administrator_client, batch, q="user", before=140) == list(range(90, 140))


def test_rows_with_errors_are_not_among_them(administrator_client: Client) -> None:
    batch = checked_rows(row(1), row(2, platform="iOS"))
    assert lines(administrator_client, batch) == [2]


def test_warnings_stand_at_their_row(administrator_client: Client) -> None:
    text = shown(administrator_client, "review", mixed_batch())
    assert (
        "1 warning gmail.com is a public mail service. Make sure that “somebody@gmail.com” belongs to your user."
        in text
    )


def test_hostile_values_are_shown_as_text(administrator_client: Client) -> None:
    hostile = "<img src=x onerror=alert(1)>\u202e\U0001f600"
    batch = checked_rows(row(1, name=hostile, device_name=hostile, groups=hostile))
    page = administrator_client.get(url("review", batch)).content.decode()
    assert "<img src=x" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 3


def test_no_password_is_on_any_page(administrator_client: Client) -> None:
    batch = checked_rows(row(1, password="Hunter2-Secret"), row(2, platform="iOS", password="Hunter2-Secret"))
    steps.choose(batch, duplicates="skip", channel="none", accept_good_rows=True)
    for name in ("check", "review"):
        assert "Hunter2" not in administrator_client.get(url(name, batch)).content.decode()
    assert "Hunter2" not in administrator_client.get(url("row", batch, 2)).content.decode()


def test_the_page_costs_the_same_for_many_rows(administrator_client: Client) -> None:
    counts = []
    for number in (2, 20):
        batch = checked_rows(
            *(row(100 * number + index, email=f"u{number}-{index}@gmail.com") for index in range(number))
        )
        with CaptureQueriesContext(connection) as queries:
            administrator_client.get(url("review", batch))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_batch_that_is_not_in_review_leads_to_where_it_is(administrator_client: Client) -> None:
    batch = checked_rows(row(1))
    ImportBatch.objects.filter(pk=batch.pk).update(state="committing")
    assert administrator_client.get(url("review", batch))["Location"] == url("done", batch)
    assert administrator_client.get(url("row", batch, 2))["Location"] == url("done", batch)
