"""A device on the list becomes somebody else's, by a form or by an import: does its former user still come in?"""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from devices.models import Device
from invitations.models import Invitation
from tests.conftest import sign_in
from tests.devices.importing import checked_rows, committed, row
from tests.enrollment.knocking import PASSWORD, code_of, invited, with_password, with_token
from tests.factories import DeviceUserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clear_counters")]


def save(administrator: User, device: Device, **changes: Any) -> str:
    """Save the form of a device; return what the page after it says."""
    values = {
        "serial_number": device.serial_number,
        "platform": device.platform,
        "name": device.name,
        "ownership": device.ownership,
        "domain": device.domain_id,
        "user": device.user_id,
        "custom_attributes": "{}",
        "approval_expires_at_0": "",
        "approval_expires_at_1": "",
    }
    url = reverse("admin:devices_device_change", args=[device.pk])
    answer = sign_in(administrator).post(url, values | changes, follow=True)
    return answer.content.decode()


def test_a_form_that_gives_a_device_to_another_user_voids_what_the_former_one_was_given(administrator: User) -> None:
    invitation = invited()
    newcomer = DeviceUserFactory.create(domain=invitation.device.domain)
    assert "that its former user was given are void" in save(administrator, invitation.device, user=newcomer.pk)
    device = Device.objects.get()
    assert (device.user, device.status, device.one_time_password) == (newcomer, Device.Status.PRE_APPROVED, None)
    assert code_of(with_token(invitation)) == "bad_credentials"
    assert code_of(with_password(invitation, email=newcomer.email)) == "bad_credentials"


def test_a_form_that_changes_something_else_voids_nothing(administrator: User) -> None:
    invitation = invited()
    save(administrator, invitation.device, name="Reception")
    assert Device.objects.get().name == "Reception"
    assert code_of(with_password(invitation)) == "enrolled"


def test_a_device_whose_invitation_is_being_sent_stays_with_its_user(administrator: User) -> None:
    invitation = invited()
    Invitation.objects.update(state=Invitation.State.SENDING)
    newcomer = DeviceUserFactory.create(domain=invitation.device.domain)
    assert "is being sent right now" in save(administrator, invitation.device, user=newcomer.pk)
    assert Device.objects.get().user == invitation.device.user


@pytest.mark.parametrize("password", ["", "brown-badger-3"])
def test_an_import_that_gives_a_device_to_another_user_voids_what_the_former_one_was_given(password: str) -> None:
    invitation = invited(serial_number=row(1)["serial_number"])
    committed(checked_rows(row(1, password=password)), "replace")
    device = Device.objects.get()
    assert device.user is not None
    assert device.user.email == row(1)["email"]
    assert device.one_time_password == (password or None)
    invitation.refresh_from_db()
    assert (invitation.state, invitation.revoked_because) == ("revoked", "device")
    assert code_of(with_token(invitation)) == "bad_credentials"
    assert code_of(with_password(invitation, email=row(1)["email"])) == "bad_credentials"
    if password:
        assert code_of(with_password(invitation, email=row(1)["email"], password=password)) == "enrolled"


def test_an_import_that_leaves_a_device_with_its_user_voids_nothing() -> None:
    user = DeviceUserFactory.create(email=row(1)["email"])
    invitation = invited(serial_number=row(1)["serial_number"], user=user)
    committed(checked_rows(row(1, device_name="Reception")), "replace")
    assert (Device.objects.get().name, Device.objects.get().one_time_password) == ("Reception", PASSWORD)
    assert code_of(with_token(invitation)) == "enrolled"
