"""What does `manage.py seed_demo` put into which portal?"""

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from devices.models import (
    Device,
    DeviceGroup,
    DevicePolicy,
    DeviceUser,
    Domain,
    ImportBatch,
    ImportProblem,
    ImportRow,
    Policy,
)
from enrollment.lockouts import locked_now
from enrollment.models import (
    BlockedHardware,
    Conflict,
    EnrollmentAttempt,
    EnrollmentSettings,
    Lockout,
    SettingsChange,
)
from invitations.models import Invitation, InvitationEvent, Sending
from invitations.outbox.claim import due
from tests.devices.importing import portal_state
from tests.factories import DeviceFactory, DomainFactory

pytestmark = pytest.mark.django_db
State = ImportBatch.State


def seed_demo(*arguments: str) -> str:
    output = StringIO()
    call_command("seed_demo", *arguments, stdout=output)
    return output.getvalue()


def test_the_demo_has_devices_in_every_state_with_users_groups_and_policies_in_two_domains() -> None:
    said = seed_demo()

    statuses = Device.objects.values_list("status", flat=True)
    assert f"Made {len(statuses)} devices, {ImportBatch.objects.count()} imports and " in said
    assert len(statuses) >= 300
    assert set(statuses) == set(Device.Status.values)
    assert Domain.objects.count() == 2
    assert DeviceUser.objects.values("domain").distinct().count() == 2
    assert all(group.devices.exists() for group in DeviceGroup.objects.all())
    assert DeviceGroup.objects.filter(policies__isnull=False).exists()


def test_the_demo_has_an_import_at_every_step() -> None:
    seed_demo()

    states = set(ImportBatch.objects.values_list("state", flat=True))
    assert states == {State.UPLOADED, State.READY, State.FAILED, State.COMMITTED, State.UNDONE}
    in_review = ImportBatch.objects.get(state=State.READY)
    assert ImportProblem.objects.filter(batch=in_review).errors().values("code").distinct().count() >= 7
    kinds = set(ImportRow.objects.filter(batch=in_review, is_good=True).values_list("kind", flat=True))
    assert {ImportRow.Kind.NEW, ImportRow.Kind.KNOWN_USER, ImportRow.Kind.KNOWN_DEVICE} <= kinds
    assert ImportBatch.objects.get(state=State.FAILED).failure["code"] == "unclosed_quote"


def test_the_demo_has_invitations_in_every_state_that_lasts() -> None:
    said = seed_demo()

    assert f"{Invitation.objects.count()} invitations." in said
    assert set(Invitation.objects.by_state()) == set(Invitation.State.values) - {Invitation.State.SENDING}
    assert Invitation.objects.exclude(replaces=None).exists()
    assert InvitationEvent.objects.exclude(person=None).exists() == User.objects.filter(is_superuser=True).exists()
    redeemed = Invitation.objects.filter(state=Invitation.State.REDEEMED)
    assert not redeemed.filter(device__status=Device.Status.PRE_APPROVED).exists()


def test_the_demo_has_devices_that_report_and_attempts_of_many_reasons() -> None:
    DeviceFactory(status=Device.Status.ENROLLED)

    seed_demo("--force")

    enrolled = Device.objects.filter(status=Device.Status.ENROLLED)
    assert enrolled.filter(inventory=None).count() == 1  # the one that is not of the demo
    assert not Device.objects.filter(status=Device.Status.PRE_APPROVED).exclude(inventory=None).exists()
    assert set(DevicePolicy.objects.values_list("state", flat=True)) == set(DevicePolicy.State.values)
    assert Policy.objects.filter(version=2).exclude(profile=None).exists()
    assert EnrollmentAttempt.objects.values("reason").distinct().count() >= 9
    assert Conflict.objects.get().device.status == Device.Status.ENROLLED
    assert BlockedHardware.objects.exists()
    assert Lockout.objects.exists()
    assert not locked_now().exists()
    assert EnrollmentSettings.objects.current().pre_approved_devices_only is False  # others' settings stay


def test_the_demo_lets_in_pre_approved_devices_only() -> None:
    seed_demo()

    assert EnrollmentSettings.objects.current().pre_approved_devices_only
    assert SettingsChange.objects.exists()


def test_no_message_of_the_demo_goes_out() -> None:
    seed_demo()

    waiting = Invitation.objects.exclude(next_attempt_at=None)
    assert set(waiting.values_list("sending__state", flat=True)) == {Sending.State.PAUSED}
    assert not Sending.objects.in_work().exists()
    assert not any(due(channel).exists() for channel in Invitation.Channel.values)


def test_only_who_may_still_enroll_by_an_invitation_has_a_one_time_password() -> None:
    seed_demo()

    told = Device.objects.filter(invitations__isnull=False)
    live = Invitation.objects.live().values("device")
    assert not told.filter(pk__in=live, one_time_password=None).exists()
    assert not told.exclude(pk__in=live).exclude(one_time_password=None).exists()


def test_a_second_time_changes_nothing_and_says_so() -> None:
    seed_demo()
    before = portal_state()

    assert "The demo is in this portal already" in seed_demo("--force")
    assert portal_state() == before


def test_a_portal_with_data_is_left_alone() -> None:
    DeviceFactory()

    with pytest.raises(CommandError, match=r"holds data already.*HEXENROLL_DATA.*--force"):
        seed_demo()
    assert Device.objects.count() == 1


def test_a_domain_that_somebody_entered_is_data() -> None:
    DomainFactory()

    with pytest.raises(CommandError, match="holds data already"):
        seed_demo()


def test_by_force_the_demo_stands_beside_the_data() -> None:
    DeviceFactory(serial_number="R58N30ABCDE")

    seed_demo("--force")

    assert Device.objects.filter(serial_number="R58N30ABCDE").exists()
    assert Device.objects.count() > 300
