"""What does a device say when it asks to come in? Bytes to a checked request, or what is wrong with each field. Pure.

The fields are those of DESIGN.md, section 7; others are ignored, so that newer agents can ask older portals.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from devices.vocabulary import Platform

from .eligibility import Request
from .methods import ManagementMode, Method

MAX_DEPTH = 5
# Characters of each text.
LENGTHS = {
    "serial_number": 100,
    "os_version": 64,
    "hardware_uuid": 100,
    "token": 200,
    "email": 254,
    "password": 128,
}
CHOICES = {"platform": Platform, "method": Method, "management_mode": ManagementMode}
MAX_HARDWARE_CHARACTERS = 20_000


class InvalidRequestError(ValueError):
    """The request can't be understood; `errors` says what is wrong with each field, "" standing for the whole."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(str(errors))
        self.errors = errors


@dataclass(frozen=True)
class EnrollRequest:
    """A request that can be understood.

    Attributes:
        device: what the device says of itself.
        token: of an invitation's link; "" when there is none.
        email: together with the password; "" when there is none.
        password: the one-time password.
        hardware: what else it tells, as JSON.
    """

    device: Request
    token: str = field(default="", repr=False)
    email: str = ""
    password: str = field(default="", repr=False)
    hardware: dict[str, Any] = field(default_factory=dict)

    @property
    def manufacturer(self) -> str:
        return _text_of(self.hardware, "manufacturer")

    @property
    def model(self) -> str:
        return _text_of(self.hardware, "model")


def parse(body: bytes) -> EnrollRequest:
    """Read the body of a request.

    Raises:
        InvalidRequestError: it is no JSON object, or fields of it are missing or impossible.
    """
    try:
        found = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError({"": [_("The body is not JSON: %(reason)s") % {"reason": error}]}) from error
    if not isinstance(found, dict):
        raise InvalidRequestError({"": [_("The body must be a JSON object.")]})
    errors: dict[str, list[str]] = {}
    texts = {name: _text(found, name, errors) for name in (*LENGTHS, *CHOICES)}
    hardware = _hardware(found.get("hardware"), errors)
    if not texts["platform"]:
        errors.setdefault("platform", [_("This field is required.")])
    if not texts["method"]:
        errors.setdefault("method", [_("This field is required.")])
    if texts["token"] and (texts["email"] or texts["password"]):
        errors["token"] = [_("Send the token, or the e-mail address and the password, not both.")]
    elif bool(texts["email"]) != bool(texts["password"]):
        missing = "password" if texts["email"] else "email"
        errors[missing] = [_("The e-mail address and the password belong together.")]
    if errors:
        raise InvalidRequestError(errors)
    device = Request(
        platform=texts["platform"],
        serial_number=texts["serial_number"] or None,
        os_version=texts["os_version"],
        method=texts["method"],
        management_mode=texts["management_mode"],
        hardware_uuid=texts["hardware_uuid"],
    )
    return EnrollRequest(device, texts["token"], texts["email"], texts["password"], hardware)


def _refuse_constant(name: str) -> None:
    raise ValueError(_("%(name)s is no number") % {"name": name})


def _text(found: dict[str, Any], name: str, errors: dict[str, list[str]]) -> str:
    """Return a text of the request, "" when it isn't there; what is wrong with it goes into `errors`."""
    value = found.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        errors[name] = [_("This must be a text.")]
        return ""
    if name in CHOICES:
        if value and value not in CHOICES[name].values:
            errors[name] = [_("This must be one of: %(names)s.") % {"names": ", ".join(CHOICES[name].values)}]
        return value
    if len(value) > LENGTHS[name]:
        errors[name] = [_("This may have %(count)s characters.") % {"count": LENGTHS[name]}]
    elif not _is_storable(value):
        errors[name] = [_("A character can't be stored: a control character, or half of a surrogate pair.")]
    return value


def _hardware(value: object, errors: dict[str, list[str]]) -> dict[str, Any]:
    """Return what the device tells of its hardware; what is wrong with it goes into `errors`."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        errors["hardware"] = [_("This must be a JSON object.")]
        return {}
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > MAX_HARDWARE_CHARACTERS or _depth(value) > MAX_DEPTH:
        errors["hardware"] = [_("This is too large or too deep.")]
    elif not _is_storable(text) or "\\u0000" in text:
        errors["hardware"] = [_("A character can't be stored: a control character, or half of a surrogate pair.")]
    return value


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _is_storable(text: str) -> bool:
    """Tell whether both databases can hold a text, and a page can show it."""
    return not any(ord(sign) < 32 or ord(sign) == 127 or 0xD800 <= ord(sign) <= 0xDFFF for sign in text)


def _text_of(hardware: dict[str, Any], name: str) -> str:
    value = hardware.get(name, "")
    return value[:100] if isinstance(value, str) else ""
