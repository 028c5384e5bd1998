"""What a test of the gate needs: a device that is approved and invited, and its request."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from devices.models import Device
from enrollment.models import EnrollmentSettings
from invitations.link_token import token_of
from invitations.models import Invitation
from tests.factories import DeviceFactory, InvitationFactory

PASSWORD = "quiet-otter-12"


def invited(**changes: Any) -> Invitation:
    """Make a pre-approved device whose user was sent an invitation, and has a one-time password."""
    device = DeviceFactory.create(**{"one_time_password": PASSWORD} | changes)
    later = timezone.now() + timedelta(days=7)
    return InvitationFactory.create(
        device=device, state=Invitation.State.SENT, attempts=1, expires_at=later, next_attempt_at=None
    )


def body_for(device: Device, **changes: Any) -> dict[str, Any]:
    """Return a request of the device itself, without credentials; None takes a field away."""
    body = {
        "serial_number": device.serial_number,
        "platform": device.platform,
        "os_version": "14.5",
        "method": "agent",
        "hardware_uuid": f"uuid of {device.serial_number}",
        "hardware": {"manufacturer": "Apple", "model": "MacBookPro18,1"},
    } | changes
    return {name: value for name, value in body.items() if value is not None}


def with_token(invitation: Invitation, **changes: Any) -> dict[str, Any]:
    """Return a request with the token of the invitation's link."""
    return body_for(invitation.device, **{"token": token_of(invitation.public_id)} | changes)


def with_password(invitation: Invitation, **changes: Any) -> dict[str, Any]:
    """Return a request with the e-mail address and the one-time password."""
    user = invitation.device.user
    assert user is not None
    return body_for(invitation.device, **{"email": user.email, "password": PASSWORD} | changes)


def knock(body: dict[str, Any], **headers: Any) -> tuple[int, dict[str, Any]]:
    """Ask to come in; return the status and the answer."""
    answer = Client().post("/api/v1/enroll", body, content_type="application/json", **headers)
    return answer.status_code, answer.json()


def code_of(body: dict[str, Any]) -> str:
    """Ask to come in; return the code of the refusal, or `enrolled`."""
    status, answer = knock(body)
    assert status in (200, 403)
    return str(answer["status"] if status == 200 else answer["code"])


def choose(**changes: Any) -> EnrollmentSettings:
    """Change Enroll > Settings."""
    chosen = EnrollmentSettings.objects.current()
    for name, value in changes.items():
        setattr(chosen, name, value)
    chosen.full_clean()
    chosen.save()
    return chosen
