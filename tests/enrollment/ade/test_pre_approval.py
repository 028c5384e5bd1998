"""Which devices that Apple lists become pre-approved, and what happens when Apple lists one no longer?"""

from datetime import timedelta

import pytest
from django.utils import timezone

from devices.models import Device, DeviceUser, Domain
from devices.vocabulary import Ownership
from enrollment.ade import approve_chosen
from enrollment.models import AdeAccount, AdeDevice, EnrollmentSettings
from hexenroll.models import AuditEntry
from tests.ade_simulator.running import Simulator
from tests.conftest import make_person
from tests.enrollment.ade.synced import Approval, account_of, approval, counts, synced
from tests.factories import DeviceFactory, DeviceGroupFactory, DeviceUserFactory, DomainFactory

pytestmark = pytest.mark.django_db

Status, Source = Device.Status, Device.Source


# --- what is made ------------------------------------------------------------------------------------------
def test_a_new_device_has_what_the_account_says(ade_simulator: Simulator) -> None:
    domain = DomainFactory.create()
    user = DeviceUserFactory.create(domain=domain)
    by_hand, by_rule = DeviceGroupFactory.create(), DeviceGroupFactory.create(rule={"platforms": ["macos"]})
    ruled = DeviceGroupFactory.create(rule={"platforms": ["ios"]})
    account = account_of(ade_simulator, domain=domain, default_user=user, ownership=Ownership.PERSONAL)
    account.groups.set([by_hand, by_rule])
    (serial,) = ade_simulator.add(1, os="iOS")
    synced(account)
    device = Device.objects.get(serial_number=serial)
    assert (device.platform, device.status, device.source) == ("ios", Status.PRE_APPROVED, Source.ADE)
    assert (device.domain, device.user, device.ownership, device.name) == (domain, user, "personal", "")
    assert device.approval_expires_at is None
    assert set(device.groups.all()) == {by_hand, ruled}


def test_an_approval_lasts_as_long_as_the_settings_say(ade_simulator: Simulator) -> None:
    row = EnrollmentSettings.objects.current()
    row.approval_days = 30
    row.save()
    (serial,) = ade_simulator.add(1, os="iOS")
    synced(account_of(ade_simulator))
    end = Device.objects.get(serial_number=serial).approval_expires_at
    assert end is not None
    assert abs(end - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)


def test_what_a_file_or_a_person_entered_stays_as_it_is(ade_simulator: Simulator) -> None:
    (serial,) = ade_simulator.add(1, os="iOS")
    known = DeviceFactory.create(serial_number=serial, platform="ios", source=Source.IMPORT)
    before = Device.objects.filter(pk=known.pk).values().get()
    account = account_of(ade_simulator)
    account.groups.add(DeviceGroupFactory.create())
    assert counts(synced(account)) == (1, 0, 0, 0, 0)
    assert Device.objects.filter(pk=known.pk).values().get() == before
    assert not known.groups.exists()
    assert approval(account, serial) == Approval.KNOWN


def test_a_serial_number_of_another_platform_is_another_device(ade_simulator: Simulator) -> None:
    (serial,) = ade_simulator.add(1, os="iOS")
    DeviceFactory.create(serial_number=serial, platform="macos")
    assert synced(account_of(ade_simulator)).pre_approved == 1
    assert set(Device.objects.filter(serial_number=serial).values_list("platform", flat=True)) == {"ios", "macos"}


def test_without_the_box_devices_are_listed_only_and_with_it_the_next_sync_approves_them(
    ade_simulator: Simulator,
) -> None:
    serials = ade_simulator.add(3, os="iOS")
    account = account_of(ade_simulator, pre_approve=False)
    assert counts(synced(account)) == (3, 0, 0, 0, 0)
    assert approval(account, serials[0]) == Approval.WAITING
    AdeAccount.objects.filter(pk=account.pk).update(pre_approve=True)
    assert counts(synced(account)) == (0, 0, 0, 3, 0)
    assert approval(account, serials[0]) == Approval.MADE


def test_an_excluded_platform_waits_until_it_is_excluded_no_longer(ade_simulator: Simulator) -> None:
    (serial,) = ade_simulator.add(1, os="tvOS")
    row = EnrollmentSettings.objects.current()
    before = row.exclusions
    row.exclusions = [*before, {"platform": "tvos"}]
    row.save()
    account = account_of(ade_simulator)
    synced(account)
    assert approval(account, serial) == Approval.WAITING
    row.exclusions = before
    row.save()
    assert synced(account).pre_approved == 1


def test_the_same_serial_number_in_two_accounts_is_said(ade_simulator: Simulator) -> None:
    (serial,) = ade_simulator.add(1, os="iOS")
    ade_simulator.add_as_they_are([{"serial_number": serial, "os": "iOS", "model": "iPad"}], "second")
    first, second = account_of(ade_simulator), account_of(ade_simulator, "second")
    assert synced(first).pre_approved == 1
    assert synced(second).pre_approved == 0
    assert (approval(first, serial), approval(second, serial)) == (Approval.MADE, Approval.OTHER_ACCOUNT)


def test_a_device_that_moves_to_another_account_is_pre_approved_by_that_one(ade_simulator: Simulator) -> None:
    (serial,) = ade_simulator.add(1, os="iOS")
    ade_simulator.add_as_they_are([{"serial_number": serial, "os": "iOS", "model": "iPad"}], "second")
    first, second = account_of(ade_simulator), account_of(ade_simulator, "second", domain=DomainFactory.create())
    synced(first)
    synced(second)
    ade_simulator.delete([serial])
    assert synced(first).withdrawn == 1
    assert synced(second).pre_approved == 1
    assert (approval(first, serial), approval(second, serial)) == (Approval.WITHDRAWN, Approval.MADE)
    assert Device.objects.get(serial_number=serial).domain == second.domain


def test_the_audit_trail_knows_what_was_made_and_by_which_account(ade_simulator: Simulator) -> None:
    (serial,) = ade_simulator.add(1, os="iOS")
    account = account_of(ade_simulator)
    synced(account)
    entry = AuditEntry.objects.get(object_repr=serial)
    assert entry.additional_data["what"] == "ade.pre_approved"
    assert entry.additional_data["source"] == ["enrollment.adeaccount", account.pk, "first"]


# --- deleted here ------------------------------------------------------------------------------------------
def test_what_an_administrator_deleted_stays_deleted(ade_simulator: Simulator) -> None:
    serials = ade_simulator.add(2, os="iOS")
    account = account_of(ade_simulator)
    synced(account)
    Device.objects.get(serial_number=serials[0]).delete()
    ade_simulator.change(serials, color="PLUM")
    assert counts(synced(account)) == (0, 2, 0, 0, 0)
    assert counts(synced(account, full=True)) == (0, 0, 0, 0, 0)
    assert not Device.objects.filter(serial_number=serials[0]).exists()
    assert approval(account, serials[0]) == Approval.MADE


def test_it_can_be_pre_approved_again(ade_simulator: Simulator) -> None:
    serials = ade_simulator.add(2, os="iOS")
    account = account_of(ade_simulator, pre_approve=False)
    synced(account)
    person = make_person("somebody")
    assert approve_chosen.ask(AdeDevice.objects.filter(serial_number=serials[0]), person) == (1, 0)
    Device.objects.get(serial_number=serials[0]).delete()
    assert approve_chosen.ask(AdeDevice.objects.all(), person) == (2, 0)
    assert Device.objects.pre_approved().filter(source=Source.ADE).count() == 2
    assert approve_chosen.ask(AdeDevice.objects.all(), person) == (0, 0)
    assert approval(account, serials[0]) == Approval.MADE


def test_a_device_that_was_brought_back_by_a_file_is_not_the_accounts(ade_simulator: Simulator) -> None:
    (serial,) = ade_simulator.add(1, os="iOS")
    account = account_of(ade_simulator)
    synced(account)
    Device.objects.get(serial_number=serial).delete()
    back = DeviceFactory.create(serial_number=serial, platform="ios", source=Source.IMPORT)
    ade_simulator.delete([serial])
    assert counts(synced(account)) == (0, 0, 1, 0, 0)
    assert Device.objects.filter(pk=back.pk).exists()
    assert approval(account, serial) == Approval.KEPT


def test_a_device_of_another_domain_is_recognised_and_left_alone(ade_simulator: Simulator) -> None:
    (serial,) = ade_simulator.add(1, os="iOS")
    elsewhere = DomainFactory.create()
    user = DeviceUserFactory.create(domain=elsewhere)
    known = DeviceFactory.create(serial_number=serial, platform="ios", domain=elsewhere, user=user)
    account = account_of(ade_simulator, domain=Domain.objects.local())
    synced(account)
    known.refresh_from_db()
    assert (known.domain, known.user) == (elsewhere, DeviceUser.objects.get(pk=user.pk))
