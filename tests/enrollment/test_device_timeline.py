"""Is everything that happened to a device one timeline: in order, short, and only what the reader may know?"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from devices.models import Device, DevicePolicy
from enrollment import device_timeline as timeline_module
from enrollment.blocking import block, unblock
from enrollment.device_timeline import FEW, MANY, device_timeline
from enrollment.disenroll import LeaveReason, disenroll
from enrollment.hand_over import hand_over, start_over
from enrollment.models import Conflict, EnrollmentAttempt
from enrollment.policy_standing import standings_of
from enrollment.reasons import Reason
from invitations.models import Invitation
from invitations.timeline import Entry
from tests.conftest import make_person, sign_in
from tests.enrollment.enrolled import enrolled_device
from tests.factories import (
    DeviceFactory,
    DeviceUserFactory,
    DomainFactory,
    ImportBatchFactory,
    InvitationFactory,
    PolicyFactory,
    SendingFactory,
)

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def titles(device: Device, person: User, most: int = MANY) -> list[str]:
    device = Device.objects.select_related("inventory", "import_batch__created_by").get(pk=device.pk)
    return [entry.title for entry in device_timeline(device, person, standings_of(device), most=most).entries]


def refused(device: Device | None, hours: float, reason: Reason = Reason.NOT_PRE_APPROVED, **facts: Any) -> None:
    facts = {"domain": device.domain if device else None} | facts
    EnrollmentAttempt.objects.create(
        device=device, at=START + timedelta(hours=hours), is_let_in=False, reason=reason, **facts
    )


def test_an_imported_device_says_from_which_file_and_by_whom(administrator: User) -> None:
    batch = ImportBatchFactory.create(file_name="autumn.csv", created_by=administrator)
    device = DeviceFactory.create(import_batch=batch, source=Device.Source.IMPORT)
    assert titles(device, administrator) == ["Imported from “autumn.csv”"]
    page = sign_in(administrator).get(reverse("admin:devices_device_change", args=[device.pk])).content.decode()
    assert reverse("enroll:batch", args=[batch.pk]) in page
    assert "by administrator" in page


def test_the_whole_life_of_a_device_is_told_the_newest_first(administrator: User) -> None:
    device = DeviceFactory.create(source=Device.Source.MANUAL)
    Device.objects.update(created_at=START)
    sending = SendingFactory.create(created_by=administrator)
    invitation = InvitationFactory.create(device=device, sending=sending, state=Invitation.State.OPENED)
    Invitation.objects.update(
        created_at=START + timedelta(hours=1),
        sent_at=START + timedelta(hours=2),
        delivered_at=START + timedelta(hours=3),
        opened_at=START + timedelta(hours=4),
    )
    invitation.note("reminded")
    invitation.events.update(at=START + timedelta(hours=3.5))
    refused(device, 5, Reason.BAD_CREDENTIALS)
    refused(device, 5.1, Reason.BAD_CREDENTIALS)
    EnrollmentAttempt.objects.create(
        device=device, at=START + timedelta(hours=6), is_let_in=True, reason=Reason.APPROVED, method="email"
    )
    Device.objects.update(status=Device.Status.ENROLLED)
    assert titles(device, administrator) == [
        "Enrolled",
        "Refused 2 times",
        "The page of the invitation was opened",
        "A reminder was sent",
        "The invitation was delivered",
        "The invitation was sent",
        "Invited by e-mail",
        "Pre-approved by hand",
    ]


def test_what_happened_in_one_moment_stands_in_the_order_of_a_life(administrator: User) -> None:
    device = DeviceFactory.create(source=Device.Source.MANUAL)
    Device.objects.update(created_at=START)
    sending = SendingFactory.create(created_by=administrator)
    InvitationFactory.create(device=device, sending=sending, state=Invitation.State.SENT)
    Invitation.objects.update(created_at=START, sent_at=START)
    refused(device, 0)
    EnrollmentAttempt.objects.create(device=device, at=START, is_let_in=True, reason=Reason.APPROVED, method="email")
    expected = ["Enrolled", "Refused", "The invitation was sent", "Invited by e-mail", "Pre-approved by hand"]
    assert titles(device, administrator) == expected


def test_refusals_that_follow_each_other_are_one_line_for_each_reason(administrator: User) -> None:
    device = DeviceFactory.create()
    for hours in (1, 2, 3):
        refused(device, hours)
    refused(device, 4, Reason.OS_TOO_OLD)
    refused(device, 5)
    device_line, old, many = device_timeline(device, administrator, most=MANY).entries[1:4]
    assert device_line.title == "Refused"
    assert old.text == "The operating system is too old. Update it, then try again."
    assert many.title == "Refused 3 times"
    assert many.text.startswith("The device is not on the list of pre-approved devices. The first time: Nov. 2, 2026")
    assert many.url.endswith(f"?device__id__exact={device.pk}")


def test_attempts_from_before_it_was_on_the_list_are_told(administrator: User) -> None:
    device = DeviceFactory.create(serial_number="A&B")
    for hours in (1, 2):
        refused(None, hours, serial_number="A&B", platform=device.platform)
    refused(None, 3, serial_number="a&b", platform=device.platform)
    entry = device_timeline(device, administrator, most=MANY).entries[-1]
    assert (entry.title, entry.url.partition("?")[2]) == ("Refused 2 times", "q=A%26B")


def test_leaving_returning_and_changing_hands_are_told_with_reason_and_person(administrator: User) -> None:
    device, _token = enrolled_device()
    newcomer = DeviceUserFactory.create(name="Newcomer")
    hand_over(device, newcomer, administrator, enrolls_anew=False)
    disenroll(device.pk, administrator, LeaveReason.LOST, "In a taxi")
    start_over(device, administrator)
    block(Device.objects.all(), administrator)
    unblock(Device.objects.all(), administrator)
    found = device_timeline(Device.objects.get(), administrator, most=MANY).entries
    told = [(entry.title, entry.person) for entry in found if entry.title != "Pre-approved by hand"]
    assert told == [
        ("Unblocked", "administrator"),
        ("Blocked", "administrator"),
        ("Pre-approved again", "administrator"),
        ("Disenrolled", "administrator"),
        ("Handed over to another user", "administrator"),
    ]
    texts = [entry.text for entry in found]
    assert "Lost or stolen: In a taxi" in texts
    assert any(text.endswith(f"to {newcomer}") and text.startswith("From Known User") for text in texts)


def test_check_in_policies_and_conflicts_are_told(administrator: User) -> None:
    policies = [PolicyFactory.create(name=name) for name in ("Passcode", "VPN", "Wi-Fi")]
    device, _token = enrolled_device(policies=policies)
    now = timezone.now()
    device.inventory.last_seen_at = now
    device.inventory.save()
    states = (DevicePolicy.State.APPLIED, DevicePolicy.State.APPLIED, DevicePolicy.State.FAILED)
    for policy, state in zip(policies, states, strict=True):
        DevicePolicy.objects.create(device=device, policy=policy, version=1, state=state, changed_at=now)
    Conflict.objects.create(device=device, hardware_uuid="8B2D")
    found = titles(device, administrator)
    for title in (
        *("2 policies applied", "The policy “Wi-Fi” failed", "Checked in last", "Enrolled"),
        "Other hardware asked to come in with this serial number",
    ):
        assert found.count(title) == 1, title


def test_an_approval_that_is_over_is_told(administrator: User) -> None:
    device = DeviceFactory.create(approval_expires_at=START)
    assert "The approval expired" in titles(device, administrator)


def test_what_somebody_may_not_see_is_left_out() -> None:
    device = DeviceFactory.create()
    InvitationFactory.create(device=device)
    refused(device, 1)
    Conflict.objects.create(device=device, hardware_uuid="8B2D")
    assert titles(device, make_person("reader", ("view_device",))) == ["Pre-approved by hand"]


def test_attempts_with_the_credentials_of_another_domain_are_left_out() -> None:
    ours = DomainFactory.create()
    device = DeviceFactory.create(domain=ours, user=None)
    refused(device, 1)
    refused(device, 2, Reason.OS_TOO_OLD, domain=DomainFactory.create())
    person = make_person("ours", ("view_device", "view_enrollmentattempt"), domains=[ours])
    assert titles(device, person) == ["Pre-approved by hand", "Refused"]


@pytest.fixture
def a_source() -> Iterator[None]:
    """Let a higher layer know something."""
    entry = Entry(START, "The name was changed", "edit", person="ann")
    timeline_module.SOURCES.append(lambda device, person, most: [entry])
    yield
    timeline_module.SOURCES.pop()


@pytest.mark.usefixtures("a_source")
def test_higher_layers_add_what_they_know(administrator: User) -> None:
    assert titles(DeviceFactory.create(), administrator)[-1] == "The name was changed"


def test_a_long_history_is_cut_with_a_link_to_more(administrator_client: Client) -> None:
    device = DeviceFactory.create()
    for number in range(FEW + 5):
        refused(device, number, Reason.OS_TOO_OLD if number % 2 else Reason.NOT_PRE_APPROVED)
    page = reverse("admin:devices_device_change", args=[device.pk])
    short = administrator_client.get(page).content.decode()
    assert short.count("iv-entry") == FEW
    assert "?history=all#history" in short
    assert administrator_client.get(page, {"history": "all"}).content.decode().count("iv-entry") == FEW + 6


def test_a_long_history_costs_as_many_queries_as_a_short_one(
    administrator: User, django_assert_num_queries: Any
) -> None:
    device = InvitationFactory.create(state=Invitation.State.EXPIRED).device
    for number in range(2):
        refused(device, number)
    kept = Device.objects.select_related("import_batch__created_by").get(pk=device.pk)
    with django_assert_num_queries(8):
        device_timeline(kept, administrator, most=FEW)
    for number in range(20):
        refused(device, number)
        InvitationFactory.create(device=device, state=Invitation.State.EXPIRED).note("reminded")
    with django_assert_num_queries(8):
        device_timeline(kept, administrator, most=FEW)
