"""Can a report be scheduled, paused and sent from the console, by its owner and by nobody else?"""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from devices.models import Domain
from hexenroll.models import AuditEntry, ScheduledReport
from tests.conftest import make_person, sign_in

from .fleet import RIGHTS, other_domain

pytestmark = pytest.mark.django_db
LIST = "admin:hexenroll_scheduledreport_changelist"
ADD = "admin:hexenroll_scheduledreport_add"
GIVEN = {
    "report": "enrolled",
    "period": "last_month",
    "domain": "",
    "platform": "ios",
    "days": "",
    "format": "xlsx",
    "every": "month",
    "hour": "7",
    "recipients": "One@example.com, two@example.com\none@example.com",
    "is_active": "on",
}


@pytest.fixture
def owner(db: None) -> User:
    person = make_person("owner", RIGHTS)
    person.email = "owner@example.com"
    person.save()
    return person


def scheduled_by(person: User, **values: Any) -> ScheduledReport:
    given = {"report": "enrolled", "query": "period=7", "recipients": ["a@example.com"], "next_at": timezone.now()}
    return ScheduledReport.objects.create(owner=person, **(given | values))


def act(client: Client, action: str, *chosen: ScheduledReport) -> Any:
    data = {"action": action, "_selected_action": [one.pk for one in chosen]}
    return client.post(reverse(LIST), data, follow=True)


def test_report_is_scheduled_with_its_filters(owner: User) -> None:
    client = sign_in(owner)
    answer = client.post(reverse(ADD), GIVEN)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    made = ScheduledReport.objects.get()
    assert made.owner == owner
    assert made.query == "period=last_month&platform=ios"
    assert made.recipients == ["One@example.com", "two@example.com", "one@example.com"]
    assert made.next_at is not None and made.next_at.day == 1 and made.next_at.hour == 7


def test_form_takes_report_and_filters_from_the_report_s_page(owner: User) -> None:
    client = sign_in(owner)
    page = client.get(reverse("reports:report", args=["enrolled"]) + "?period=90&platform=ios")
    link = f"{reverse(ADD)}?report=enrolled&amp;period=90&amp;platform=ios"
    assert link in page.text
    form = client.get(link.replace("&amp;", "&")).context["adminform"].form
    assert form.get_initial_for_field(form.fields["period"], "period") == "90"
    assert form.get_initial_for_field(form.fields["recipients"], "recipients") == "owner@example.com"


def test_chosen_dates_can_not_be_scheduled(owner: User) -> None:
    page = sign_in(owner).get(reverse("reports:report", args=["enrolled"]) + "?period=chosen&since=2026-05-01")
    assert reverse(ADD) not in page.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipients": "one@example.com nobody"}, "“nobody” is no e-mail address."),
        ({"recipients": "a\r\nBcc: x@example.com"}, "“Bcc:” is no e-mail address."),
        (
            {"recipients": " ".join(f"a{number}@example.com" for number in range(21))},
            "These are 21 addresses. Give 20 at most, or the address of a mailing list.",
        ),
        ({"recipients": ""}, "This field is required."),
        ({"hour": "24"}, "The hour is a number from 0 to 23."),
        ({"report": "secrets"}, "Select a valid choice. secrets is not one of the available choices."),
        ({"period": "chosen"}, "Select a valid choice. chosen is not one of the available choices."),
    ],
)
def test_wrong_values_are_said(owner: User, change: dict[str, str], message: str) -> None:
    answer = sign_in(owner).post(reverse(ADD), GIVEN | change)
    assert answer.status_code == 200
    assert message in answer.text
    assert not ScheduledReport.objects.exists()


def test_domains_of_others_can_not_be_chosen() -> None:
    other = other_domain()
    client = sign_in(make_person("of one", RIGHTS, domains=[other]))
    answer = client.post(reverse(ADD), GIVEN | {"domain": str(Domain.objects.local().pk)})
    assert "There is no such domain. Choose one of the list." in answer.text
    assert ">local<" not in answer.text


def test_only_reports_that_one_may_take_away_are_offered() -> None:
    few = make_person("few", ("view_device", "view_enrollmentattempt", "view_scheduledreport", "add_scheduledreport"))
    form = sign_in(few).get(reverse(ADD)).context["adminform"].form
    assert [name for name, _title in form.fields["report"].choices] == ["refused-attempts"]


def test_pause_resume_and_send_now(owner: User) -> None:
    client, one = sign_in(owner), scheduled_by(owner)
    assert "1 report was paused." in act(client, "pause", one).text
    one.refresh_from_db()
    assert (one.is_active, one.next_at) == (False, None)
    ScheduledReport.objects.update(last_error="No mail server.")
    assert "1 report was resumed." in act(client, "resume", one).text
    one.refresh_from_db()
    assert one.is_active and one.next_at is not None and one.next_at > timezone.now()
    assert one.last_error == ""
    assert "1 report is being sent." in act(client, "send_now", one).text
    one.refresh_from_db()
    assert one.next_at <= timezone.now()
    told = AuditEntry.objects.filter(additional_data__what__startswith="report.", object_id=one.pk).order_by("pk")
    assert [entry.additional_data["what"] for entry in told] == [
        *("report.paused", "report.resumed", "report.sent_now")
    ]


def test_somebody_in_some_domains_sees_their_own_only(owner: User) -> None:
    mine = make_person("of one", RIGHTS, domains=[other_domain()])
    theirs, own = scheduled_by(owner, report="disenrolled"), scheduled_by(mine)
    client = sign_in(mine)
    assert list(client.get(reverse(LIST)).context["cl"].queryset) == [own]
    url = reverse("admin:hexenroll_scheduledreport_change", args=[theirs.pk])
    assert client.get(url).status_code == 302
    act(client, "pause", theirs)
    theirs.refresh_from_db()
    assert theirs.is_active


def test_somebody_else_s_report_can_be_looked_at_and_not_sent_elsewhere(owner: User) -> None:
    theirs = scheduled_by(owner)
    client = sign_in(make_person("colleague", RIGHTS))
    url = reverse("admin:hexenroll_scheduledreport_change", args=[theirs.pk])
    assert "Enrolled devices" in client.get(url).text
    assert client.post(url, GIVEN | {"recipients": "me@example.com"}).status_code == 403
    assert "Reports of others are sent by their owners only." in act(client, "send_now", theirs).text
    theirs.refresh_from_db()
    assert theirs.recipients == ["a@example.com"]
    assert "1 report was paused." in act(client, "pause", theirs).text
    assert "0 reports were resumed." in act(client, "resume", theirs).text
    theirs.refresh_from_db()
    assert not theirs.is_active


def test_change_keeps_what_was_chosen(owner: User) -> None:
    mine = scheduled_by(owner, query="period=90&platform=ios", last_error="No mail server.", attempts=3)
    client = sign_in(owner)
    url = reverse("admin:hexenroll_scheduledreport_change", args=[mine.pk])
    form = client.get(url).context["adminform"].form
    assert (form.initial["period"], form.initial["platform"], form.initial["recipients"]) == (
        "90",
        "ios",
        "a@example.com",
    )
    assert client.post(url, GIVEN).status_code == 302
    mine.refresh_from_db()
    assert (mine.query, mine.last_error, mine.attempts) == ("period=last_month&platform=ios", "", 0)


def test_report_is_sent_when_it_is_saved_so(owner: User) -> None:
    mine = scheduled_by(owner)
    url = reverse("admin:hexenroll_scheduledreport_change", args=[mine.pk])
    answer = sign_in(owner).post(url, GIVEN | {"hexenroll_scheduledreport_save_and_send": "1"}, follow=True)
    assert "The report is being sent." in answer.text
    mine.refresh_from_db()
    assert mine.next_at is not None and mine.next_at <= timezone.now()


def test_list_filters_what_is_not_being_sent(owner: User) -> None:
    broken = scheduled_by(owner, last_error="No mail server.")
    scheduled_by(owner)
    cl = sign_in(owner).get(reverse(LIST) + "?standing=failing").context["cl"]
    assert list(cl.queryset) == [broken]


def test_stranger_may_not(owner: User, stranger_client: Client) -> None:
    assert stranger_client.get(reverse(LIST)).status_code == 403
    assert stranger_client.get(reverse(ADD)).status_code == 403
