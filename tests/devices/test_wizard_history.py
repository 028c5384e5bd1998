"""The list of imports, where each of them leads, and how far a worker is."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from devices.models import Domain, ImportBatch
from devices.wizard.frame import step_of, trail
from tests.devices.wizard_pages import text_of, url

pytestmark = pytest.mark.django_db
State = ImportBatch.State
HISTORY = "/enroll/pre-approve/"


def batch(**values: Any) -> ImportBatch:
    return ImportBatch.objects.create(domain=Domain.objects.local(), **{"file_name": "devices.csv"} | values)


def test_an_empty_history_leads_to_the_first_import_and_the_sample(administrator_client: Client) -> None:
    response = administrator_client.get(HISTORY)
    page = text_of(response)
    assert "No import yet" in page
    assert reverse("enroll:upload") in response.content.decode()
    assert reverse("enroll:sample") in response.content.decode()


def test_each_import_shows_file_domain_state_counts_who_and_when(
    administrator_client: Client, administrator: User, operator: User
) -> None:
    batch(
        state=State.COMMITTED,
        counts={"rows": 1_234, "created": 1_200, "replaced": 30, "skipped": 4},
        created_by=operator,
        committed_by=administrator,
        committed_at=timezone.now(),
    )
    assert (
        "devices.csv local Imported 1,200 added, 30 replaced, 4 skipped now by operator now by administrator"
        in text_of(administrator_client.get(HISTORY)).replace("\xa0", " ")
    )


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("failed", ["failed.csv"]),
        ("waiting", ["uploaded.csv", "mapped.csv", "ready.csv"]),
        ("nonsense", [f"{state}.csv" for state in State]),
    ],
)
def test_the_list_shows_what_failed_or_waits_if_that_is_asked_for(
    administrator_client: Client, query: str, shown: list[str]
) -> None:
    for state in State:
        batch(state=state, file_name=f"{state}.csv")
    page = administrator_client.get(f"{HISTORY}?state={query}")
    assert {entry["batch"].file_name for entry in page.context["entries"]} == set(shown)
    assert ("Show all" in text_of(page)) is (query != "nonsense")


def test_a_list_without_what_is_asked_for_does_not_say_that_there_is_no_import(administrator_client: Client) -> None:
    batch()
    page = text_of(administrator_client.get(f"{HISTORY}?state=failed"))
    assert "There is none (any more)." in page
    assert "No import yet" not in page


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "Uploaded not counted yet"),
        ({"state": State.READY, "counts": {"rows": 1000, "bad": 12}}, "Ready for review 1,000, 12 with errors"),
        ({"state": State.CHECKING, "rows_done": 5000}, "Checking 5,000 so far"),
        ({"state": State.UNDONE, "counts": {"rows": 3, "undo": {"devices_removed": 3}}}, "Undone 3 removed again"),
        ({"state": State.FAILED}, "Failed not counted yet"),
    ],
)
def test_counts_fit_the_state(administrator_client: Client, values: dict[str, Any], says: str) -> None:
    batch(**values)
    assert says in text_of(administrator_client.get(HISTORY))


def test_the_newest_is_first_and_the_list_is_paged(administrator_client: Client) -> None:
    for number in range(30):
        batch(file_name=f"file-{number}.csv")
    first = text_of(administrator_client.get(HISTORY))
    assert first.index("file-29.csv") < first.index("file-28.csv")
    assert "1 to 25 of 30" in first
    assert "file-0.csv" in text_of(administrator_client.get(HISTORY, {"page": "2"}))
    assert "26 to 30 of 30" in text_of(administrator_client.get(HISTORY, {"page": "999"}))
    assert "1 to 25 of 30" in text_of(administrator_client.get(HISTORY, {"page": "x"}))


def test_the_list_costs_as_many_queries_for_two_as_for_twenty(
    administrator_client: Client, administrator: User
) -> None:
    counts = []
    for number in (2, 18):
        for _ in range(number):
            batch(created_by=administrator, committed_by=administrator, committed_at=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            administrator_client.get(HISTORY)
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ({"state": State.UPLOADED}, "mapping"),
        ({"state": State.MAPPED}, "check"),
        ({"state": State.CHECKING}, "check"),
        ({"state": State.FAILED}, "check"),
        ({"state": State.READY, "counts": {"bad": 2}}, "check"),
        ({"state": State.READY, "counts": {"bad": 2}, "accept_good_rows": True}, "review"),
        ({"state": State.READY, "counts": {"bad": 0}}, "review"),
        ({"state": State.COMMITTING}, "done"),
        ({"state": State.COMMITTED}, "done"),
        ({"state": State.UNDOING}, "done"),
        ({"state": State.UNDONE}, "done"),
    ],
)
def test_a_batch_leads_to_the_step_where_it_waits(
    administrator_client: Client, values: dict[str, Any], step: str
) -> None:
    made = batch(**values)
    assert step_of(made) == step
    response = administrator_client.get(url("batch", made))
    assert response["Location"] == url(step, made)


@pytest.mark.parametrize("name", ["batch", "file", "mapping", "check", "review", "done", "progress", "preview"])
def test_a_batch_that_does_not_exist_is_a_friendly_404(administrator_client: Client, name: str) -> None:
    made = batch()
    address = url(name, made)
    made.delete()
    response = administrator_client.get(address)
    assert response.status_code == 404
    assert "Nothing has this address (any more)." in response.content.decode()


def test_the_trail_marks_steps_as_done_current_open_or_locked(db: None) -> None:
    made = batch(state=State.READY, counts={"rows": 2, "bad": 0})
    assert [(step.name, step.state, bool(step.url)) for step in trail(made, "mapping")] == [
        ("file", "done", True),
        ("mapping", "current", False),
        ("check", "done", True),
        ("review", "open", True),
        ("done", "locked", False),
        ("send", "locked", False),
    ]
    assert [step.state for step in trail(None, "file")] == ["current", *["locked"] * 5]


def test_the_last_step_is_open_once_the_devices_are_in(db: None) -> None:
    made = batch(state=State.COMMITTED, counts={"rows": 2})
    assert [step.state for step in trail(made, "done")] == ["done", "done", "done", "done", "current", "open"]
    assert trail(made, "done")[-1].url == url("send", made)
    made.state = State.UNDONE
    assert (trail(made, "done")[-1].state, trail(made, "done")[-1].url) == ("locked", "")


def test_the_page_names_the_current_step_for_screen_readers(administrator_client: Client) -> None:
    page = administrator_client.get(url("file", batch())).content.decode()
    assert page.count('aria-current="step"') == 1


# --- progress --------------------------------------------------------------------------------------------


def progress(client: Client, made: ImportBatch) -> dict[str, Any]:
    return dict(client.get(url("progress", made)).json())


def test_progress_tells_rows_rate_and_time_left_of_a_check(operator_client: Client) -> None:
    begun = timezone.now() - timedelta(seconds=10)
    made = batch(state=State.CHECKING, state_changed_at=begun, heartbeat_at=begun, progress=0.5, rows_done=50_000)
    found = progress(operator_client, made)
    assert (found["is_in_work"], found["is_waiting"], found["share"], found["rows_done"]) == (True, False, 0.5, 50_000)
    assert found["rows_per_second"] == pytest.approx(5_000, rel=0.1)
    assert found["seconds_left"] == pytest.approx(10, abs=2)


def test_progress_says_that_no_worker_has_begun(operator_client: Client) -> None:
    assert progress(operator_client, batch(state=State.CHECKING))["is_waiting"]


def test_progress_of_a_commit_comes_through_the_cache(operator_client: Client) -> None:
    made = batch(state=State.COMMITTING)
    cache.set(f"import-commit-{made.pk}", 0.25)
    assert progress(operator_client, made)["share"] == 0.25


def test_progress_is_told_without_a_cache_too(
    operator_client: Client, settings: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = batch(state=State.COMMITTING)
    gone = tmp_path_factory.mktemp("gone") / "socket"
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"unix://{gone}"}
    }
    assert progress(operator_client, made) | {"share": 0} == progress(operator_client, made)


def test_progress_of_a_finished_batch_says_so(operator_client: Client) -> None:
    assert not progress(operator_client, batch(state=State.COMMITTED))["is_in_work"]


def test_without_scripts_the_page_of_a_running_import_loads_itself_again(operator_client: Client) -> None:
    refresh = '<noscript><meta http-equiv="refresh" content="3"></noscript>'
    assert refresh in operator_client.get(url("check", batch(state=State.CHECKING))).content.decode()
    assert refresh not in operator_client.get(url("check", batch(state=State.FAILED))).content.decode()
