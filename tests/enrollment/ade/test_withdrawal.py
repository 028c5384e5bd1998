"""What happens to the devices of the portal that Apple lists no longer?"""

from typing import Any

import pytest
from django.utils import timezone

from devices.models import Device, DeviceInventory, ImportBatch
from enrollment.approve_again import approve_again
from enrollment.blocking import block
from enrollment.device_timeline import device_timeline
from enrollment.disenroll import LeaveReason, disenroll_many
from enrollment.models import AdeAccount, DeviceEvent
from hexenroll.models import AuditEntry
from invitations.models import Invitation
from tests.ade_simulator.running import Simulator
from tests.conftest import make_person
from tests.devices.importing import checked_rows, committed, row
from tests.enrollment.ade.synced import Approval, account_of, approval, counts, synced
from tests.factories import DeviceFactory, DeviceUserFactory, DomainFactory, InvitationFactory

pytestmark = pytest.mark.django_db

Status, Source = Device.Status, Device.Source


def enrolled(device: Device) -> Device:
    """Return the device as the gate leaves one that came in."""
    now = timezone.now()
    Device.objects.filter(pk=device.pk).update(status=Status.ENROLLED)
    DeviceInventory.objects.create(device=device, method="ade", enrolled_at=now, last_seen_at=now)
    device.refresh_from_db()
    return device


def test_what_was_made_here_and_never_enrolled_is_withdrawn(ade_simulator: Simulator) -> None:
    serials = ade_simulator.add(3, os="iOS")
    account = account_of(ade_simulator)
    synced(account)
    ade_simulator.delete(serials[:1])
    assert counts(synced(account)) == (0, 0, 1, 0, 1)
    assert not Device.objects.filter(serial_number=serials[0]).exists()
    assert approval(account, serials[0]) == Approval.WITHDRAWN
    entry = AuditEntry.objects.get(object_repr=serials[0], action=AuditEntry.Action.DELETE)
    assert entry.additional_data["what"] == "ade.withdrawn"


@pytest.mark.parametrize("kind", ["enrolled", "disenrolled", "blocked", "approved_again", "imported"])
def test_the_rest_stays_with_a_line_in_its_history(ade_simulator: Simulator, kind: str) -> None:
    (serial,) = ade_simulator.add(1, os="iOS")
    if kind == "imported":
        DeviceFactory.create(serial_number=serial, platform="ios", source=Source.IMPORT)
    account = account_of(ade_simulator)
    synced(account)
    person: Any = make_person("somebody", superuser=True)
    device = Device.objects.get(serial_number=serial)
    if kind != "imported":
        enrolled(device)
    if kind in ("disenrolled", "approved_again"):
        disenroll_many([device.pk], person, LeaveReason.OTHER)
    if kind == "approved_again":
        approve_again([device.pk], person)
    if kind == "blocked":
        block(Device.objects.filter(pk=device.pk), person)
    before = Device.objects.filter(pk=device.pk).values().get()
    ade_simulator.delete([serial])
    assert counts(synced(account)) == (0, 0, 1, 0, 0)
    assert Device.objects.filter(pk=device.pk).values().get() == before
    assert approval(account, serial) == Approval.KEPT
    assert DeviceEvent.objects.filter(device=device, kind=DeviceEvent.Kind.UNLISTED).count() == 1
    found = Device.objects.select_related("inventory", "import_batch").get(pk=device.pk)
    told = [(entry.title, entry.text) for entry in device_timeline(found, person, most=15).entries]
    assert ("Apple lists it no longer", "For the ADE account “first”") in told


def test_one_that_comes_back_is_the_accounts_again(ade_simulator: Simulator) -> None:
    (serial,) = ade_simulator.add(1, os="iOS")
    account = account_of(ade_simulator)
    synced(account)
    enrolled(Device.objects.get(serial_number=serial))
    ade_simulator.delete([serial])
    synced(account)
    ade_simulator.add_as_they_are([{"serial_number": serial, "os": "iOS", "model": "iPad"}])
    assert counts(synced(account)) == (1, 0, 0, 0, 0)
    assert approval(account, serial) == Approval.MADE


# --- touched since -----------------------------------------------------------------------------------------
def withdrawn(account: AdeAccount, simulator: Simulator, device: Device) -> bool:
    """Let Apple list a device no longer; tell whether it went here, else that it was kept with a line."""
    simulator.delete([str(device.serial_number)])
    run = synced(account)
    assert run.deleted == 1
    if run.withdrawn:
        assert not Device.objects.filter(pk=device.pk).exists()
        return True
    assert approval(account, str(device.serial_number)) == Approval.KEPT
    assert DeviceEvent.objects.filter(device=device, kind=DeviceEvent.Kind.UNLISTED).exists()
    return False


def made(account: AdeAccount, simulator: Simulator) -> Device:
    """Return a Mac that the account has pre-approved."""
    simulator.add_as_they_are([{"serial_number": row(1)["serial_number"], "os": "OSX", "model": "Mac"}])
    assert synced(account).pre_approved == 1
    return Device.objects.get(source=Source.ADE)


def test_one_that_is_the_default_users_goes(ade_simulator: Simulator) -> None:
    account = account_of(ade_simulator, default_user=DeviceUserFactory.create())
    assert withdrawn(account, ade_simulator, made(account, ade_simulator))


def test_one_that_somebody_gave_to_a_user_stays(ade_simulator: Simulator) -> None:
    account = account_of(ade_simulator, default_user=DeviceUserFactory.create())
    device = made(account, ade_simulator)
    Device.objects.filter(pk=device.pk).update(user=DeviceUserFactory.create())
    assert not withdrawn(account, ade_simulator, device)


@pytest.mark.parametrize("state", [Invitation.State.SENT, Invitation.State.REVOKED])
def test_one_whose_user_was_invited_stays_with_its_invitation(ade_simulator: Simulator, state: str) -> None:
    account = account_of(ade_simulator, default_user=DeviceUserFactory.create())
    device = made(account, ade_simulator)
    invitation = InvitationFactory.create(device=device, state=state)
    assert not withdrawn(account, ade_simulator, device)
    assert Invitation.objects.filter(pk=invitation.pk).exists()


def test_one_that_an_import_changed_stays_and_goes_where_the_import_was_undone(ade_simulator: Simulator) -> None:
    account = account_of(ade_simulator)
    device = made(account, ade_simulator)
    batch = committed(checked_rows(row(1)), "replace")
    # Its user is deleted afterwards: that a file named the device is known all the same.
    Device.objects.filter(pk=device.pk).update(user=None)
    assert not withdrawn(account, ade_simulator, device)
    ade_simulator.add_as_they_are([{"serial_number": device.serial_number, "os": "OSX", "model": "Mac"}])
    synced(account)
    ImportBatch.objects.filter(pk=batch.pk).update(state=ImportBatch.State.UNDONE)
    assert withdrawn(account, ade_simulator, device)


# --- another domain ----------------------------------------------------------------------------------------
def test_people_of_another_domain_read_that_it_went_and_not_which_account_listed_it(ade_simulator: Simulator) -> None:
    elsewhere, rights = DomainFactory.create(), ("view_device",)
    ours, theirs = ade_simulator.add(2, os="iOS")
    DeviceFactory.create(serial_number=ours, platform="ios")
    DeviceFactory.create(serial_number=theirs, platform="ios", domain=elsewhere)
    account = account_of(ade_simulator)
    synced(account)
    ade_simulator.delete([ours, theirs])
    assert counts(synced(account)) == (0, 0, 2, 0, 0)
    for serial, domain, told in ((ours, account.domain, "For the ADE account “first”"), (theirs, elsewhere, "")):
        device = Device.objects.select_related("import_batch").get(serial_number=serial)
        reader = make_person(f"reader of {domain}", rights, domains=[domain])
        history = [(entry.title, entry.text) for entry in device_timeline(device, reader, most=15).entries]
        assert ("Apple lists it no longer", told) in history
