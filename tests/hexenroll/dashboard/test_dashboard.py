"""Does the first page count right, show what waits, and only what one may see?"""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from devices.models import BulkAction, Device, DeviceInventory, Domain, ImportBatch
from enrollment.models import Conflict, EnrollmentAttempt, Lockout
from enrollment.reasons import Reason
from hexenroll.api_keys import keys
from hexenroll.dashboard.attention import KINDS
from hexenroll.models import ScheduledReport
from invitations.models import Invitation
from tests.conftest import make_person, sign_in
from tests.factories import DeviceFactory, DomainFactory, ImportBatchFactory, InvitationFactory

RIGHTS = ("view_device", "view_invitation", "view_importbatch", "view_enrollmentattempt", "view_conflict")
pytestmark = pytest.mark.django_db


def page(client: Client, query: str = "") -> Any:
    answer = client.get(reverse("admin:index") + query)
    assert answer.status_code == 200
    return answer


def enroll(device: Any, at: Any = None) -> Any:
    device.status = Device.Status.ENROLLED
    device.save()
    now = at or timezone.now()
    DeviceInventory.objects.create(device=device, enrolled_at=now, last_seen_at=now)
    return device


def added(days_ago: int, **values: Any) -> Any:
    device: Any = DeviceFactory(**values)
    Device.objects.filter(pk=device.pk).update(created_at=timezone.now() - timedelta(days=days_ago))
    return device


@pytest.fixture
def fleet(db: None) -> Any:
    """Return another domain than `local`; four devices in each, as far as four devices can be."""
    other = DomainFactory(name="other.example.com")
    now = timezone.now()
    for domain in (Domain.objects.local(), other):
        DeviceFactory(domain=domain)
        InvitationFactory(device=DeviceFactory(domain=domain), state=Invitation.State.SENT, sent_at=now)
        InvitationFactory(
            device=DeviceFactory(domain=domain), state=Invitation.State.OPENED, sent_at=now, opened_at=now
        )
        device = enroll(DeviceFactory(domain=domain, platform="ios"))
        InvitationFactory(device=device, state=Invitation.State.REDEEMED, sent_at=now, opened_at=now)
    return other


def test_funnel_counts_how_far_the_devices_of_the_range_got(fleet: Domain, administrator_client: Client) -> None:
    added(40)
    context = page(administrator_client).context
    assert [(stage.name, stage.count) for stage in context["stages"]] == [
        *(("added", 8), ("invited", 6), ("opened", 4), ("enrolled", 2))
    ]
    assert [stage.count for stage in page(administrator_client, "?days=90").context["stages"]] == [9, 6, 4, 2]


def test_a_device_that_was_invited_twice_counts_once_in_the_funnel_and_twice_over_time(
    administrator_client: Client,
) -> None:
    device, now = DeviceFactory(), timezone.now()
    for state in (Invitation.State.REVOKED, Invitation.State.SENT):
        InvitationFactory(device=device, state=state, sent_at=now)
    invited = page(administrator_client).context["stages"][1]
    assert invited.count == 1
    assert sum(bar.count for bar in invited.bars) == 2


def test_a_device_that_was_never_on_the_list_is_in_the_tiles_and_not_in_the_funnel(
    administrator_client: Client,
) -> None:
    enroll(DeviceFactory(source=Device.Source.ENROLLMENT))
    context = page(administrator_client).context
    assert [tile["count"] for tile in context["tiles"]] == [0, 1, 0, 0]
    assert context["stages"][0].count == 0


@pytest.mark.parametrize(
    ("query", "bars"), [("", 30), ("?days=7", 7), ("?days=7&by=week", (1, 2)), ("?days=90", (13, 14)), ("?days=x", 30)]
)
def test_range_and_step_of_the_charts_are_chosen(
    fleet: Domain, administrator_client: Client, query: str, bars: Any
) -> None:
    chart = page(administrator_client, query).context["stages"][0].bars
    assert len(chart) in (bars if isinstance(bars, tuple) else (bars,))
    assert chart[-1].count == 8


def test_days_are_those_of_the_person_s_time_zone(administrator_client: Client) -> None:
    device: Any = DeviceFactory()
    Device.objects.filter(pk=device.pk).update(created_at=timezone.now().replace(hour=0, minute=30))
    today = timezone.localdate()
    with timezone.override("America/Los_Angeles"):
        from devices.scope import Scope
        from hexenroll.dashboard.counting import count_all
        from hexenroll.dashboard.figures import Range, figures

        found = figures(count_all(timezone.now()), Scope(None), Range(7), timezone.now())
    counted = dict(zip(found.buckets, found.over_time["added"], strict=True))
    assert counted[today - timedelta(days=1)] == 1


def test_platforms_and_domains_lead_to_their_lists(fleet: Domain, administrator_client: Client) -> None:
    answer = page(administrator_client)
    devices = reverse("admin:devices_device_changelist")
    assert [(part.title, part.total, part.enrolled) for part in answer.context["platforms"]] == [
        *(("macOS", 6, 0), ("iOS and iPadOS", 2, 2))
    ]
    assert f'href="{devices}?status=all&amp;platform=ios"' in answer.text
    assert f'href="{devices}?status=all&amp;domain={fleet.pk}"' in answer.text


def test_what_waits_leads_to_the_list_that_shows_it(fleet: Domain, administrator_client: Client) -> None:
    now = timezone.now()
    InvitationFactory(device=DeviceFactory(), state=Invitation.State.FAILED)
    EnrollmentAttempt.objects.create(is_let_in=False, reason=Reason.BLOCKED, serial_number="A")
    Conflict.objects.create(device=Device.objects.get(platform="ios", domain=fleet), hardware_uuid="x")
    for state in ImportBatch.State:
        ImportBatchFactory(state=state)
        ImportBatchFactory(state=state, validate_only=True)
    for name, minutes in (("on", 5), ("over", -5)):
        Lockout.objects.create(key=name, account="a@example.com", until=now + timedelta(minutes=minutes))
    owner = make_person("owner")
    ScheduledReport.objects.create(owner=owner, report="enrolled", last_error="No mail server.")
    ScheduledReport.objects.create(owner=owner, report="enrolled")
    for days in (3, 8):
        failed = BulkAction.State.FAILED
        BulkAction.objects.create(kind="block", state=failed, finished_at=now - timedelta(days=days))
    for days in (-1, 3, 20):
        keys.make(owner, "Sync", made_by=owner, expires_at=now + timedelta(days=days))
        DeviceFactory(approval_expires_at=now + timedelta(days=days))
    enroll(DeviceFactory(approval_expires_at=now + timedelta(days=3)))
    added(31)
    answer = page(administrator_client)
    found = [(matter.text, matter.url) for matter in answer.context["matters"]]
    assert [text for text, _url in found] == [
        "1 conflict is to be decided",
        "1 invitation didn’t reach its user",
        "1 import has failed",
        "1 bulk action failed in the past 7 days",
        "1 scheduled report isn’t being sent",
        "1 lockout is on",
        "3 imports wait for their next step",
        "1 attempt was refused in the past 7 days",
        "1 API key expires in the next 14 days",
        "1 approval expires in the next 7 days",
        "1 approval is stale",
    ]
    # Those of ADE accounts: test_expiry.py.
    assert len(found) == len([kind for kind in KINDS if kind.permission != "enrollment.view_adeaccount"])
    for matter in answer.context["matters"]:
        assert listed_at(administrator_client, matter.url) == matter.count, matter.url
    assert "Known Device" in administrator_client.get(found[-1][1]).text


def listed_at(client: Client, url: str) -> int:
    """Return how many things the list at an address says that there are."""
    answer: Any = client.get(url)
    assert answer.status_code == 200, url
    found = answer.context.get("cl")
    return int(found.result_count if found else answer.context["page"].paginator.count)


def test_a_failed_message_that_a_newer_one_replaces_waits_for_nobody(administrator_client: Client) -> None:
    failed = InvitationFactory(device=DeviceFactory(), state=Invitation.State.FAILED)
    InvitationFactory(device=failed.device, replaces=failed)
    assert page(administrator_client).context["matters"] == []
    assert "Nothing waits for you." in page(administrator_client).text


def test_what_was_refused_long_ago_waits_for_nobody(administrator_client: Client) -> None:
    EnrollmentAttempt.objects.create(
        is_let_in=False, reason=Reason.BLOCKED, at=timezone.now() - timedelta(days=8), serial_number="A"
    )
    assert page(administrator_client).context["matters"] == []


def test_an_operator_of_one_domain_sees_the_numbers_of_that_domain_only(fleet: Domain) -> None:
    other = Domain.objects.local()
    EnrollmentAttempt.objects.create(is_let_in=False, reason=Reason.BLOCKED, domain=other)
    EnrollmentAttempt.objects.create(is_let_in=False, reason=Reason.BLOCKED)
    InvitationFactory(device=DeviceFactory(domain=other), state=Invitation.State.FAILED)
    Conflict.objects.create(device=Device.objects.get(platform="ios", domain=other), hardware_uuid="x")
    ImportBatchFactory(state=ImportBatch.State.FAILED, domain=other, file_name="secret.csv")
    answer = page(sign_in(make_person("of one", RIGHTS, domains=[fleet])))
    context = answer.context
    assert [tile["count"] for tile in context["tiles"]] == [3, 1, 0, 0]
    assert [stage.count for stage in context["stages"]] == [4, 3, 2, 1]
    assert [part.title for part in context["domains"]["parts"]] == ["other.example.com"]
    assert context["matters"] == []
    assert {device.domain_id for device in context["last_devices"]} == {fleet.pk}
    assert "secret.csv" not in answer.text


def test_who_may_not_see_invitations_sees_a_shorter_funnel(fleet: Domain) -> None:
    context = page(sign_in(make_person("short", ("view_device",)))).context
    assert [stage.name for stage in context["stages"]] == ["added", "enrolled"]


def test_stranger_learns_that_there_is_nothing_for_them(fleet: Domain, stranger_client: Client) -> None:
    answer = page(stranger_client)
    assert "Your account has no role that shows devices or imports." in answer.text
    assert "other.example.com" not in answer.text
    assert answer.context["matters"] == []


def test_portal_without_devices_leads_to_the_first_import(administrator: User, administrator_client: Client) -> None:
    text = page(administrator_client).text
    assert "Pre-approve your first devices" in text
    assert f'href="{reverse("enroll:upload")}"' in text


def test_page_costs_as_many_queries_for_many_as_for_few(
    fleet: Domain, administrator_client: Client, django_assert_max_num_queries: Any
) -> None:
    page(administrator_client)
    with django_assert_max_num_queries(60) as few:
        page(administrator_client)
    for domain in DomainFactory.create_batch(3):
        for _number in range(5):
            enroll(DeviceFactory(domain=domain))
            ImportBatchFactory(domain=domain)
    with django_assert_max_num_queries(len(few)):
        page(administrator_client)
