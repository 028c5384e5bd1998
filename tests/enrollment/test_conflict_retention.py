"""Are conflicts forgotten when they are decided and old, or too many, and never one that matters for others?"""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.models import Device
from enrollment import retention
from enrollment.models import Conflict
from tests.factories import DeviceFactory

pytestmark = pytest.mark.django_db
State = Conflict.State


def conflict_of(device: Device, hardware: str, *, days_ago: int = 0, **changes: Any) -> Conflict:
    seen = timezone.now() - timedelta(days=days_ago)
    return Conflict.objects.create(device=device, hardware_uuid=hardware, last_seen_at=seen, **changes)


def decided(days_ago: int) -> dict[str, Any]:
    return {"state": State.KEPT, "decided_at": timezone.now() - timedelta(days=days_ago)}


def left() -> set[str]:
    return set(Conflict.objects.values_list("hardware_uuid", flat=True))


def test_what_was_decided_long_ago_is_forgotten_unless_somebody_still_asks(settings: Any) -> None:
    settings.HEXENROLL_ATTEMPTS_KEEP_DAYS = 30
    device = DeviceFactory.create(status=Device.Status.ENROLLED)
    conflict_of(device, "old", days_ago=40, **decided(35))
    conflict_of(device, "asks still", days_ago=1, **decided(35))
    conflict_of(device, "decided now", days_ago=40, **decided(1))
    conflict_of(device, "open", days_ago=40)
    retention.forget()
    assert left() == {"asks still", "decided now", "open"}


def test_of_one_device_the_last_ones_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CONFLICTS_OF_A_DEVICE", 2)
    flooded, other = DeviceFactory.create(), DeviceFactory.create()
    for number in range(5):
        conflict_of(flooded, f"made up {number}", days_ago=9 - number)
    conflict_of(other, "real", days_ago=20)
    retention.forget()
    assert left() == {"made up 3", "made up 4", "real"}


def test_of_too_many_those_to_be_decided_are_kept_before_others(settings: Any) -> None:
    settings.HEXENROLL_CONFLICTS_MAX_ROWS = 2
    for hardware, days_ago, state in (("kept", 0, decided(1)), ("seen before", 3, {}), ("a", 2, {}), ("b", 1, {})):
        conflict_of(DeviceFactory.create(), hardware, days_ago=days_ago, **state)
    retention.forget()
    assert left() == {"a", "b"}
