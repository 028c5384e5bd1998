"""What a test of the device API needs: a device that is enrolled, and its requests."""

from datetime import UTC, datetime
from typing import Any

from django.test import Client

from devices.models import Device, DeviceInventory
from enrollment.device_token import issue
from tests.factories import DeviceFactory

DEVICE, CHECKIN, DISENROLL = "/api/v1/device", "/api/v1/device/checkin", "/api/v1/device/disenroll"
ENROLLED_AT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def enrolled_device(**changes: Any) -> tuple[Device, str]:
    """Make a device that has enrolled; return it with its token."""
    device = DeviceFactory.create(**{"status": Device.Status.ENROLLED} | changes)
    DeviceInventory.objects.create(
        device=device, hardware_uuid="7A1C", os_version="14.4", enrolled_at=ENROLLED_AT, last_seen_at=ENROLLED_AT
    )
    return device, issue(device.pk)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def ask(token: str, etag: str = "") -> Any:
    """Return the answer to GET /api/v1/device."""
    return Client().get(DEVICE, headers=bearer(token) | ({"If-None-Match": etag} if etag else {}))


def check_in(token: str, body: Any) -> tuple[int, dict[str, Any]]:
    """Check in with an object, or with bytes; return the status and the answer."""
    answer = Client().post(CHECKIN, body, content_type="application/json", headers=bearer(token))
    return answer.status_code, answer.json()
