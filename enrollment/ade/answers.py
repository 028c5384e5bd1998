"""What do Apple's answers say, and are they of the types that Apple documents? Made by client from JSON.

Free of Django and of models. Fields that we don't know are passed over; devices stay as Apple sends them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self, TypeGuard

from .errors import UnexpectedAnswerError

MAX_CURSOR: Final = 1000  # characters
MAX_RETRY_AFTER: Final = 7 * 24 * 3600  # seconds; longer is a mistake of somebody's


@dataclass(frozen=True, slots=True)
class Account:
    """Whose account it is. `limits`: the most devices in one request, for each path that Apple names one for."""

    server_name: str
    server_uuid: str
    admin_id: str
    org_name: str
    org_id: str
    org_type: str
    org_version: str
    limits: Mapping[str, int]

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Self:
        """Read https://developer.apple.com/documentation/devicemanagement/accountdetail"""
        limits: dict[str, int] = {}
        for url in _list(answer, "urls"):
            limit = url.get("limit")
            maximum = limit.get("maximum") if isinstance(limit, dict) else None
            if _is_integer(maximum) and maximum > 0:
                limits[_text(url, "uri")] = maximum
        return cls(
            server_name=_text(answer, "server_name"),
            server_uuid=_text(answer, "server_uuid"),
            admin_id=_text(answer, "admin_id", ""),
            org_name=_text(answer, "org_name", ""),
            org_id=_text(answer, "org_id", ""),
            org_type=_text(answer, "org_type", ""),
            org_version=_text(answer, "org_version", ""),
            limits=limits,
        )


@dataclass(frozen=True, slots=True)
class DevicePage:
    """Some devices of the list, as Apple sends them, and where to go on."""

    devices: list[dict[str, Any]]
    cursor: str
    fetched_until: datetime | None
    more_to_follow: bool

    @classmethod
    def of(cls, answer: dict[str, Any], *, is_whole_list: bool = False) -> Self:
        """Read https://developer.apple.com/documentation/devicemanagement/fetchdeviceresponse

        Args:
            answer: of either list.
            is_whole_list: what isn't in it is removed here, so it has to say `devices`, if there are none, too.
        """
        if is_whole_list and answer.get("devices") is None:
            raise UnexpectedAnswerError("field_devices")
        cursor = _text(answer, "cursor")
        if not cursor or len(cursor) > MAX_CURSOR or cursor != answer["cursor"] or not cursor.isprintable():
            raise UnexpectedAnswerError("field_cursor")
        more = answer.get("more_to_follow")
        if not isinstance(more, bool):
            raise UnexpectedAnswerError("field_more_to_follow")
        until = answer.get("fetched_until")
        return cls(_list(answer, "devices"), cursor, moment(until) if isinstance(until, str) else None, more)


@dataclass(frozen=True, slots=True)
class DefinedProfile:
    """An enrollment profile at Apple, and what became of it on each device: serial number -> status."""

    profile_uuid: str
    devices: dict[str, str]

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Self:
        """Read https://developer.apple.com/documentation/devicemanagement/defineprofileresponse"""
        uuid = _text(answer, "profile_uuid")
        if not uuid:
            raise UnexpectedAnswerError("field_profile_uuid")
        return cls(uuid, statuses(answer))


@dataclass(frozen=True, slots=True)
class Assignment:
    """What became of assigning a profile: serial number -> SUCCESS, NOT_ACCESSIBLE, FAILED or THROTTLED."""

    devices: dict[str, str]
    retry_after_seconds: int | None

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Self:
        """Read https://developer.apple.com/documentation/devicemanagement/assignprofileresponse"""
        wait = answer.get("retry_after_seconds")
        if wait is not None and not _is_integer(wait):
            raise UnexpectedAnswerError("field_retry_after_seconds")
        return cls(statuses(answer), None if wait is None else min(max(wait, 0), MAX_RETRY_AFTER))


def statuses(answer: dict[str, Any]) -> dict[str, str]:
    """Return serial number -> status."""
    found = answer.get("devices") or {}
    if not isinstance(found, dict) or not all(isinstance(status, str) for status in found.values()):
        raise UnexpectedAnswerError("field_devices")
    return found


def details(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return serial number -> what Apple says of the device, with its `response_status`."""
    found = answer.get("devices") or {}
    if not isinstance(found, dict) or not all(isinstance(device, dict) for device in found.values()):
        raise UnexpectedAnswerError("field_devices")
    return found


def moment(text: str) -> datetime | None:
    """Return a time of Apple's (ISO 8601) in UTC; None if it is none."""
    try:
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def storable(text: str) -> str:
    """Return a text without what PostgreSQL refuses, and JSON can spell: the character 0, and halves of characters."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "").encode(errors="replace").decode()


def _text(answer: dict[str, Any], name: str, default: str | None = None) -> str:
    value = answer.get(name, default)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise UnexpectedAnswerError(f"field_{name}")
    return storable(value)


def _list(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = answer.get(name) or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise UnexpectedAnswerError(f"field_{name}")
    return found


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
