"""Does each report show the right rows, of the right domains, for the time that is asked for?"""

from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from devices.models import Domain
from enrollment.models import EnrollmentAttempt
from enrollment.reasons import Reason
from hexenroll.reports.filter_form import FilterForm
from hexenroll.reports.registry import REPORTS
from tests.conftest import make_person, sign_in
from tests.factories import DeviceFactory, DeviceGroupFactory, DomainFactory

from .fleet import RIGHTS, disenrolled, enrolled, other_domain, waiting

pytestmark = pytest.mark.django_db


def page(client: Client, name: str, query: str = "", status: int = 200) -> Any:
    answer = client.get(reverse("reports:report", args=[name]) + query)
    assert answer.status_code == status
    return answer


def column(answer: Any, place: int = 0) -> list[Any]:
    return [row[place]["value"] for row in answer.context["rows"]]


def test_enrolled_shows_who_came_in_the_time_and_is_there_still(administrator_client: Client) -> None:
    enrolled(serial_number="NEW")
    enrolled(timezone.now() - timedelta(days=40), serial_number="OLD", platform="ios")
    disenrolled(serial_number="GONE")
    assert column(page(administrator_client, "enrolled")) == ["NEW"]
    every = page(administrator_client, "enrolled", "?period=all")
    assert column(every) == ["NEW", "OLD"]
    assert every.context["totals"] == [("In all", 2), ("iOS and iPadOS", 1), ("macOS", 1)]
    assert column(page(administrator_client, "enrolled", "?period=all&platform=ios")) == ["OLD"]


def test_chosen_dates_are_inclusive(administrator_client: Client) -> None:
    today = timezone.localdate()
    for days in (1, 2, 3):
        enrolled(timezone.now() - timedelta(days=days), serial_number=f"D{days}")
    since, until = today - timedelta(days=2), today - timedelta(days=1)
    query = f"?period=chosen&since={since}&until={until}"
    assert column(page(administrator_client, "enrolled", query)) == ["D1", "D2"]


def test_disenrolled_says_when_and_why(administrator_client: Client) -> None:
    disenrolled("Stolen in Lisbon", serial_number="GONE")
    disenrolled(days_ago=45)
    answer = page(administrator_client, "disenrolled")
    assert column(answer) == ["GONE"]
    assert column(answer, 5) == ["Stolen in Lisbon"]


def test_stale_approvals_are_those_that_the_device_list_shows_for_as_many_days(administrator_client: Client) -> None:
    waiting(31, serial_number="STALE")
    waiting(8, serial_number="WEEK")
    enrolled()
    assert column(page(administrator_client, "stale-approvals")) == ["STALE"]
    assert column(page(administrator_client, "stale-approvals", "?days=7")) == ["STALE", "WEEK"]


def test_refused_attempts_show_their_reasons_and_not_who_was_let_in(administrator_client: Client) -> None:
    for number in range(2):
        EnrollmentAttempt.objects.create(is_let_in=False, reason=Reason.BLOCKED, serial_number=f"B{number}")
    EnrollmentAttempt.objects.create(is_let_in=False, reason=Reason.OS_TOO_OLD)
    EnrollmentAttempt.objects.create(is_let_in=True, reason=Reason.APPROVED)
    answer = page(administrator_client, "refused-attempts")
    assert answer.context["totals"] == [
        ("In all", 3),
        ("The device is blocked.", 2),
        ("The operating system is too old. Update it, then try again.", 1),
    ]
    assert len(answer.context["rows"]) == 3


def test_summary_by_domain_sums_up_each_domain(administrator_client: Client) -> None:
    other = other_domain()
    DeviceFactory(domain=other)
    enrolled(domain=other)
    disenrolled(domain=other)
    disenrolled(days_ago=45, domain=other)
    answer = page(administrator_client, "by-domain")
    assert column(answer) == ["local", "other.example.com"]
    assert [cell["value"] for cell in answer.context["rows"][1][1:]] == [4, 4, 1, 1, 2, 0, 1, 1]


def test_summary_by_group_counts_a_device_in_each_of_its_groups(administrator_client: Client) -> None:
    groups = [DeviceGroupFactory(name=name) for name in ("Berlin", "Sales")]
    DeviceFactory(groups=groups)
    enrolled(groups=groups[:1])
    DeviceFactory()
    answer = page(administrator_client, "by-group")
    assert [[cell["value"] for cell in row[:4]] for row in answer.context["rows"]] == [
        ["Berlin", 2, 1, 1],
        ["Sales", 1, 1, 0],
    ]
    assert answer.context["totals"] == [("Groups", 2), ("Devices without a group", 1)]


@pytest.mark.parametrize("name", REPORTS)
def test_report_of_an_operator_of_one_domain_knows_nothing_of_others(name: str) -> None:
    other = other_domain()
    group = DeviceGroupFactory()
    for domain in (Domain.objects.local(), other):
        for make in (enrolled, disenrolled):
            make(domain=domain, groups=[group])
        waiting(40, domain=domain, groups=[group])
        EnrollmentAttempt.objects.create(is_let_in=False, reason=Reason.BLOCKED, domain=domain)
    EnrollmentAttempt.objects.create(is_let_in=False, reason=Reason.BLOCKED)
    client = sign_in(make_person("of one", RIGHTS, domains=[other]))
    answer = page(client, name)
    assert len(answer.context["rows"]) == 1
    assert ">local<" not in answer.text
    devices = {"by-domain": 3, "by-group": 3}
    if name in devices:
        first = next(row for row in answer.context["rows"])
        assert devices[name] in [cell["value"] for cell in first]
    else:
        assert answer.context["totals"][0] == ("In all", 1)
    local = Domain.objects.local().pk
    if "domain" in REPORTS[name].filters:
        wrong = page(client, name, f"?domain={local}")
        assert "There is no such domain. Choose one of the list." in wrong.text


@pytest.mark.parametrize("name", REPORTS)
def test_report_costs_as_many_queries_for_many_rows_as_for_few(
    name: str, administrator_client: Client, django_assert_max_num_queries: Any
) -> None:
    def more(count: int) -> None:
        for _number in range(count):
            group, domain = DeviceGroupFactory(), DomainFactory()
            enrolled(groups=[group], domain=domain)
            disenrolled(groups=[group], domain=domain)
            waiting(40)
            EnrollmentAttempt.objects.create(is_let_in=False, reason=Reason.BLOCKED)

    more(2)
    page(administrator_client, name)
    with django_assert_max_num_queries(40) as few:
        page(administrator_client, name)
    more(8)
    with django_assert_max_num_queries(len(few)):
        page(administrator_client, name)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?period=chosen", "Choose the first or the last day, or both."),
        ("?period=chosen&since=2026-05-02&until=2026-05-01", "The last day is before the first. Exchange them."),
        ("?period=chosen&since=yesterday", "Enter a valid date."),
        ("?period=chosen&until=9999-12-31", "The year of a date must be between 1970 and 9998."),
        ("?period=ever", "Select a valid choice. ever is not one of the available choices."),
        ("?domain=99999", "There is no such domain. Choose one of the list."),
        ("?domain=%00", "Null characters are not allowed."),
        ("?platform=amiga", "Select a valid choice. amiga is not one of the available choices."),
    ],
)
def test_wrong_filters_are_said_beside_them_and_show_no_rows(
    administrator_client: Client, query: str, message: str
) -> None:
    enrolled()
    answer = page(administrator_client, "enrolled", query)
    assert message in answer.text
    assert "page" not in answer.context
    file = administrator_client.get(reverse("reports:file", args=["enrolled", "csv"]) + query)
    assert file.status_code == 302


def test_report_without_rows_says_so(administrator_client: Client) -> None:
    assert "No device enrolled in this time." in page(administrator_client, "enrolled").text


def test_rows_lead_to_what_they_are_about(administrator_client: Client) -> None:
    device = enrolled()
    url = reverse("admin:devices_device_change", args=[device.pk])
    assert f'href="{url}"' in page(administrator_client, "enrolled").text


def test_long_report_has_pages(administrator_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hexenroll.reports.pages.PAGE_SIZE", 2)
    for number in range(3):
        enrolled(timezone.now() - timedelta(hours=number), serial_number=f"N{number}")
    assert column(page(administrator_client, "enrolled", "?page=2")) == ["N2"]


def test_stranger_sees_no_report(stranger_client: Client) -> None:
    assert stranger_client.get(reverse("reports:index")).status_code == 403
    for name in REPORTS:
        assert stranger_client.get(reverse("reports:report", args=[name])).status_code == 403
        assert stranger_client.get(reverse("reports:print", args=[name])).status_code == 403
        assert stranger_client.get(reverse("reports:file", args=[name, "csv"])).status_code == 403
    assert Client().get(reverse("reports:index")).status_code == 302


def test_list_of_reports_shows_what_one_may_see(operator_client: Client) -> None:
    answer = operator_client.get(reverse("reports:index"))
    assert [report.name for report in answer.context["reports"]] == ["enrolled", "disenrolled", "stale-approvals"]


def test_unknown_report_is_not_found(administrator_client: Client) -> None:
    page(administrator_client, "secrets", status=404)


def test_days_of_a_period_are_those_of_the_time_zone(administrator: Any) -> None:
    with timezone.override("Asia/Tokyo"):
        form = FilterForm(QueryDict("period=7"), REPORTS["enrolled"], administrator)
        assert form.is_valid()
        since = form.asked().since
        assert since is not None
        assert timezone.localtime(since).hour == 0
        assert timezone.localtime(since).date() == timezone.localdate() - timedelta(days=6)
