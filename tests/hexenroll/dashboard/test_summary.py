"""Are the dashboard's numbers counted for each visitor while that is quick, and kept where it isn't?"""

from datetime import timedelta

import pytest
from django.utils import timezone

from hexenroll.dashboard import summary
from hexenroll.models import DashboardSummary
from hexenroll.tasks import keep_dashboard_new, recount_dashboard
from tests.factories import DeviceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make counting take longer than is quick."""
    monkeypatch.setattr(summary, "QUICK", 0)


def devices(found: summary.Summary) -> int:
    return sum(number for *_what, number in found.numbers["devices"])


def test_quick_numbers_are_those_of_now_and_never_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "QUICK", 60)
    for number in (1, 2):
        DeviceFactory()
        assert devices(summary.current()) == number
    assert not DashboardSummary.objects.exists()
    assert not keep_dashboard_new()


def test_slow_numbers_are_kept_with_the_time_they_are_of(slow: None) -> None:
    DeviceFactory()
    first = summary.current()
    DeviceFactory()
    second = summary.current()
    assert (devices(first), devices(second)) == (1, 1)
    assert second.made_at == first.made_at


def test_old_numbers_are_shown_while_one_worker_is_asked_to_count_anew(slow: None) -> None:
    summary.current()
    old = timezone.now() - timedelta(minutes=10)
    DashboardSummary.objects.update(made_at=old)
    assert summary.current().made_at == old
    asked = DashboardSummary.objects.get().claimed_at
    assert asked is not None
    assert summary.current().made_at == old
    assert DashboardSummary.objects.get().claimed_at == asked


def test_worker_counts_anew_and_can_be_asked_again(slow: None) -> None:
    summary.current()
    DashboardSummary.objects.update(made_at=timezone.now() - timedelta(hours=1), claimed_at=timezone.now())
    DeviceFactory()
    recount_dashboard()
    kept = DashboardSummary.objects.get()
    assert kept.claimed_at is None
    assert devices(summary.current()) == 1


def test_clock_keeps_slow_numbers_new_though_nobody_looks(slow: None) -> None:
    summary.current()
    old = timezone.now() - timedelta(hours=1)
    DashboardSummary.objects.update(made_at=old)
    assert keep_dashboard_new()
    assert DashboardSummary.objects.get().made_at > old


def test_portal_that_became_quick_keeps_nothing(slow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    summary.current()
    monkeypatch.setattr(summary, "QUICK", 60)
    recount_dashboard()
    assert not DashboardSummary.objects.exists()


def test_where_no_worker_counts_a_visitor_waits_for_it(slow: None) -> None:
    summary.current()
    old = timezone.now() - timedelta(minutes=16)
    DashboardSummary.objects.update(made_at=old)
    assert summary.current().made_at > old
