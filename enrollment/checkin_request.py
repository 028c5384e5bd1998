"""What does an enrolled device say when it checks in? Bytes to a checked request, or what is wrong with each field.

Pure. Everything is optional: what a device doesn't say stays as it was.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from .sent_json import (
    Errors,
    InvalidRequestError,
    choice_of,
    hardware_of,
    number_of,
    printable,
    read_object,
    short_text_of,
    text_of,
)

MAX_OS_VERSION = 64  # characters
MAX_MESSAGE = 500  # characters
STATES = ("applied", "failed")  # what a device can report of a policy (DevicePolicy.State)
MAX_REPORTS = 1_000  # policies of one device
MAX_ID = 2**63 - 1
MAX_VERSION = 2**31 - 1
MAX_ACCURACY = 50_000_000  # metres: more than the way around the world
# The clocks of devices that were off for long go wrong; before this, and a day ahead, the time is no time.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)


@dataclass(frozen=True)
class Location:
    """Where a device is: degrees in WGS 84, and metres."""

    latitude: float
    longitude: float
    accuracy: float | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Report:
    """What became of one version of a policy on the device."""

    policy_id: int
    version: int
    state: str
    message: str = ""

    @property
    def outcome(self) -> tuple[int, str, str]:
        return self.version, self.state, self.message


@dataclass(frozen=True)
class CheckIn:
    """A check-in that can be understood; None, or nothing, stands for what the device doesn't say."""

    os_version: str = ""
    battery: float | None = None
    hardware: dict[str, Any] = field(default_factory=dict)
    location: Location | None = None
    reports: tuple[Report, ...] = ()

    @property
    def manufacturer(self) -> str:
        return short_text_of(self.hardware, "manufacturer")

    @property
    def model(self) -> str:
        return short_text_of(self.hardware, "model")


def parse(body: bytes, now: datetime) -> CheckIn:
    """Read the body of a check-in.

    Raises:
        InvalidRequestError: it is no JSON object, or fields of it are impossible.
    """
    found = read_object(body)
    errors: Errors = {}
    checkin = CheckIn(
        os_version=text_of(found.get("os_version"), MAX_OS_VERSION, "os_version", errors),
        battery=number_of(found.get("battery"), 0, 1, "battery", errors),
        hardware=hardware_of(found.get("hardware"), errors),
        location=_location(found.get("location"), now, errors),
        reports=_reports(found.get("policies"), errors),
    )
    if errors:
        raise InvalidRequestError(errors)
    return checkin


def _location(value: object, now: datetime, errors: Errors) -> Location | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        errors["location"] = [_("This must be a JSON object.")]
        return None
    latitude = number_of(value.get("latitude"), -90, 90, "location.latitude", errors)
    longitude = number_of(value.get("longitude"), -180, 180, "location.longitude", errors)
    accuracy = number_of(value.get("accuracy"), 0, MAX_ACCURACY, "location.accuracy", errors)
    at = _time(value.get("at"), now, "location.at", errors)
    for name, number in (("location.latitude", latitude), ("location.longitude", longitude)):
        if number is None:
            errors.setdefault(name, [_("This field is required.")])
    return Location(latitude, longitude, accuracy, at) if latitude is not None and longitude is not None else None


def _time(value: object, now: datetime, name: str, errors: Errors) -> datetime | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not EARLIEST <= at <= now + AHEAD:
        errors[name] = [_("This must be a time such as %(example)s.") % {"example": "2026-11-22T09:30:00+00:00"}]
        return None
    return min(at, now)


def _reports(value: object, errors: Errors) -> tuple[Report, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_REPORTS:
        errors["policies"] = [_("This must be a list of at most %(count)s objects.") % {"count": MAX_REPORTS}]
        return ()
    return tuple(_report(item, f"policies.{position}", errors) for position, item in enumerate(value))


def _report(value: object, name: str, errors: Errors) -> Report:
    """Return one report; of one that is wrong nothing is used."""
    if not isinstance(value, dict):
        errors[name] = [_("This must be a JSON object.")]
        return Report(0, 0, "")
    state = choice_of(value.get("state"), list(STATES), f"{name}.state", errors)
    if not state:
        errors.setdefault(f"{name}.state", [_("This field is required.")])
    return Report(
        _integer(value.get("id"), MAX_ID, f"{name}.id", errors),
        _integer(value.get("version"), MAX_VERSION, f"{name}.version", errors),
        state,
        text_of(_on_one_line(value.get("message")), MAX_MESSAGE, f"{name}.message", errors),
    )


def _on_one_line(value: object) -> object:
    """Return a text without line ends, tabs and colours: the last words of a program that failed have them."""
    if not isinstance(value, str) or len(value) > MAX_MESSAGE:
        return value  # refused as it came
    return printable(" ".join(value.split()))


def _integer(value: object, highest: int, name: str, errors: Errors) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON has one kind of number: 2.0 is a whole one
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= highest:
        errors[name] = [_("This must be a whole number from 1 to %(highest)s.") % {"highest": highest}]
        return 0
    return value
