"""What is chosen in the review: for all rows, for one, and for all that match a filter."""

import pytest
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache
from django.test import Client

from devices.imports.review import rows as review_rows
from devices.imports.review.forecast import forecast
from devices.imports.review.rows import RowFilter
from devices.models import ImportBatch, ImportRow
from tests.devices.importing import check_again, checked_rows, committed, row, staged
from tests.devices.wizard_pages import press, shown, url
from tests.factories import DeviceFactory, DeviceGroupFactory, DeviceUserFactory, PolicyFactory

pytestmark = pytest.mark.django_db


def known_batch() -> ImportBatch:
    """Return a batch: line 2 new, 3 a known user, 4 a known device."""
    DeviceUserFactory.create(email="user2@example.com")
    DeviceFactory.create(serial_number=row(3)["serial_number"])
    return checked_rows(row(1), row(2), row(3, mobile="+49 170 1234567"))


def form(batch: ImportBatch, **data: object) -> dict[str, object]:
    """Return what the page's form holds, with every row on the page and ticked."""
    numbers = list(ImportRow.objects.filter(batch=batch, is_good=True).values_list("line", flat=True))
    return {"choices": "1", "duplicates": "", "line": numbers, "invite": numbers, **data}


def ticked(batch: ImportBatch) -> list[int]:
    return list(ImportRow.objects.filter(batch=batch, invite=True).values_list("line", flat=True))


def decisions(batch: ImportBatch) -> list[str]:
    return list(ImportRow.objects.filter(batch=batch).values_list("decision", flat=True))


def test_choices_for_the_whole_batch_are_saved(administrator_client: Client) -> None:
    batch, group, policy = known_batch(), DeviceGroupFactory.create(), PolicyFactory.create()
    data = form(batch, duplicates="replace", groups=[group.pk], policies=[policy.pk])
    assert press(administrator_client, "review", batch, data) == (url("review", batch), ["Saved."])
    batch.refresh_from_db()
    assert batch.duplicates == "replace"
    assert (list(batch.groups.all()), list(batch.policies.all())) == ([group], [policy])


def test_ticks_and_decisions_of_the_page_are_saved_and_its_filter_stays(administrator_client: Client) -> None:
    batch = known_batch()
    data = form(batch, invite=[3], **{"decision-3": "keep", "decision-4": "replace", "decision-2": "skip"})
    assert press(administrator_client, "review", batch, data, "?q=user")[0] == url("review", batch) + "?q=user"
    assert ticked(batch) == [3]
    assert decisions(batch) == ["", "keep", "replace"]  # a new row is no duplicate


def test_rows_of_other_pages_stay_as_they_are(administrator_client: Client) -> None:
    batch = known_batch()
    press(administrator_client, "review", batch, form(batch, line=[2], invite=[4]))
    assert ticked(batch) == [3, 4]


@pytest.mark.parametrize(
    ("action", "query", "expected"),
    [
        ("tick_none", "", []),
        ("tick_all", "?q=user2", [2, 3, 4]),
        ("tick_matching", "?q=user2", [2, 3]),
        ("untick_matching", "?kind=known_user", [2]),
    ],
)
def test_many_rows_are_ticked_at_once(
    administrator_client: Client, action: str, query: str, expected: list[int]
) -> None:
    batch = known_batch()
    press(administrator_client, "review", batch, form(batch, invite=[2, 3] if action == "untick_matching" else [2]))
    on_page = form(batch, line=[2], invite=[2], action=action)
    location, _messages = press(administrator_client, "rows", batch, on_page, query)
    assert location == url("review", batch) + query
    assert ticked(batch) == expected


def test_what_happens_to_all_matching_duplicates_is_set_at_once(administrator_client: Client) -> None:
    batch = known_batch()
    data = form(batch, action="decide_matching", matching_decision="replace")
    assert press(administrator_client, "rows", batch, data, "?kind=known_device")[1] == ["1 row changed."]
    assert decisions(batch) == ["", "", "replace"]
    assert press(administrator_client, "rows", batch, data)[1] == ["1 row changed."]
    assert decisions(batch) == ["", "replace", "replace"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("review", {"duplicates": "destroy"}),
        ("review", {"groups": ["999999"]}),
        ("review", {"groups": ["9" * 30]}),
        ("rows", {"policies": ["\0"]}),
        ("review", {"decision-3": "destroy"}),
        ("rows", {"action": "explode"}),
        ("rows", {"action": "decide_matching", "matching_decision": "destroy"}),
    ],
)
def test_what_no_page_offers_is_refused_and_nothing_is_saved(
    administrator_client: Client, name: str, data: dict[str, object]
) -> None:
    batch = known_batch()
    location, messages = press(administrator_client, name, batch, {**form(batch, invite=[]), **data})
    assert location == url("review", batch) and len(messages) == 1 and "Saved." not in messages
    batch.refresh_from_db()
    assert (batch.duplicates, ticked(batch), decisions(batch)) == ("", [2, 3, 4], ["", "", ""])


def test_nothing_is_saved_once_the_import_has_begun(administrator_client: Client) -> None:
    batch = known_batch()
    ImportBatch.objects.filter(pk=batch.pk).update(state="committing")
    for name in ("review", "rows"):
        location, messages = press(administrator_client, name, batch, form(batch, action="tick_none"))
        assert (location, messages) == (url("done", batch), ["This import is not in review any more."])
    assert ticked(batch) == [2, 3, 4]


def test_the_question_about_duplicates_is_asked_only_when_there_are_some(administrator_client: Client) -> None:
    assert "What happens to" not in shown(administrator_client, "review", checked_rows(row(9)))
    text = shown(administrator_client, "review", known_batch())
    assert "2 rows are about device users or devices that are in the portal already. What happens to them?" in text


def test_the_page_says_what_will_happen(administrator_client: Client) -> None:
    batch = known_batch()
    text = shown(administrator_client, "review", batch)
    assert "Devices created 1 Devices replaced 0 Rows skipped 2 Ticked for an invitation 1" in text
    assert "2 rows still need a choice." in text
    assert "Some device users or devices are in the portal already. Choose what happens to them." in text
    press(administrator_client, "review", batch, form(batch, duplicates="replace", invite=[2, 3]))
    text = shown(administrator_client, "review", batch)
    assert "Devices created 2 Devices replaced 1 Rows skipped 0 Ticked for an invitation 2" in text
    assert "Before the import" not in text
    assert "Import 3 devices" in text


def test_the_review_asks_for_no_channel_and_says_when_it_is_chosen(administrator_client: Client) -> None:
    text = shown(administrator_client, "review", known_batch())
    assert "How are the ticked rows invited?" not in text
    assert "Nobody is written to yet: after the import you choose how the ticked rows are invited." in text


def test_a_channel_that_the_command_line_chose_stays(administrator_client: Client) -> None:
    batch = known_batch()
    ImportBatch.objects.filter(pk=batch.pk).update(channel="sms")
    press(administrator_client, "review", batch, form(batch, duplicates="keep", channel="email"))
    batch.refresh_from_db()
    assert (batch.duplicates, batch.channel) == ("keep", "sms")


@pytest.mark.parametrize("duplicates", ["replace", "skip", "keep"])
def test_what_is_foretold_is_what_the_import_does(duplicates: str) -> None:
    DeviceFactory.create(serial_number=row(4)["serial_number"], status="disenrolled")
    DeviceFactory.create(serial_number=row(5)["serial_number"], status="enrolled")
    DeviceUserFactory.create(email="user2@example.com")
    DeviceFactory.create(serial_number=row(3)["serial_number"])
    batch = checked_rows(*(row(number) for number in range(1, 6)))
    ImportRow.objects.filter(batch=batch, line=2).update(invite=False)
    batch.duplicates = duplicates
    expected = forecast(batch, cache)
    counts = committed(batch, duplicates, "email").counts
    assert (expected.created, expected.replaced, expected.skipped, expected.invited) == (
        counts["created"],
        counts["replaced"],
        counts["skipped"],
        counts["invited"],
    )


def test_the_page_counts_itself_when_the_cache_can_not_be_reached() -> None:
    nowhere = RedisCache("redis://127.0.0.1:1/0", {})
    batch = known_batch()
    assert forecast(batch, nowhere) == forecast(batch, cache)
    assert review_rows.page(batch, RowFilter(search="user"), nowhere, after=2).total == 3


def test_choices_survive_a_new_check(administrator_client: Client) -> None:
    batch = known_batch()
    press(administrator_client, "review", batch, form(batch, invite=[2], **{"decision-4": "replace"}))
    batch.refresh_from_db()
    check_again(batch)
    assert ticked(batch) == [2]
    assert staged(batch, 4).decision == "replace"


def test_groups_and_policies_are_offered_by_name_the_chosen_ones_first(administrator_client: Client) -> None:
    batch, last = checked_rows(row(1)), DeviceGroupFactory.create(name="Zulu")
    DeviceGroupFactory.create(name="Alpha <b>")
    press(administrator_client, "review", batch, form(batch, groups=[last.pk]))
    page = administrator_client.get(url("review", batch)).content.decode()
    assert page.index("Zulu") < page.index("Alpha &lt;b&gt;")
