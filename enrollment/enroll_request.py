"""What does a device say when it asks to come in? Bytes to a checked request, or what is wrong with each field. Pure.

The fields are those of DESIGN.md, section 7; others are ignored, so that newer agents can ask older portals.
"""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from devices.vocabulary import Platform

from .eligibility import Request
from .methods import ManagementMode, Method
from .sent_json import (
    Errors,
    InvalidRequestError,
    choice_of,
    hardware_of,
    is_storable,
    read_object,
    short_text_of,
    text_of,
)

# Characters of each text.
LENGTHS = {
    "serial_number": 100,
    "os_version": 64,
    "hardware_uuid": 100,
    "token": 200,
    "email": 254,
    "password": 128,
}
OF_DEVICE = ("serial_number", "os_version", "hardware_uuid")
CHOICES = {"platform": Platform, "method": Method, "management_mode": ManagementMode}
LONGEST_WORD = 20  # characters of one that is none of the choices


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
        return short_text_of(self.hardware, "manufacturer")

    @property
    def model(self) -> str:
        return short_text_of(self.hardware, "model")

    @property
    def said(self) -> dict[str, str]:
        """What it says of the device in texts, by the columns of EnrollmentAttempt."""
        told = {name: getattr(self.device, name) or "" for name in (*OF_DEVICE, *CHOICES)}
        return told | {"manufacturer": self.manufacturer, "model": self.model}


def parse(body: bytes) -> EnrollRequest:
    """Read the body of a request.

    Raises:
        InvalidRequestError: it is no JSON object, or fields of it are missing or impossible.
    """
    found = read_object(body)
    errors: Errors = {}
    texts = {name: text_of(found.get(name), length, name, errors) for name, length in LENGTHS.items()}
    texts |= {name: choice_of(found.get(name), list(words.values), name, errors) for name, words in CHOICES.items()}
    hardware = hardware_of(found.get("hardware"), errors)
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
        raise InvalidRequestError(errors, said=_readable(texts, hardware, errors))
    device = Request(
        platform=texts["platform"],
        serial_number=texts["serial_number"] or None,
        os_version=texts["os_version"],
        method=texts["method"],
        management_mode=texts["management_mode"],
        hardware_uuid=texts["hardware_uuid"],
    )
    return EnrollRequest(device, texts["token"], texts["email"], texts["password"], hardware)


def _readable(texts: dict[str, str], hardware: dict[str, Any], errors: Errors) -> dict[str, str]:
    """Return what can be shown of a request with errors: what it says of the device, but for texts that are wrong.

    A word that is none of the choices is shown, for it tells what to correct; a serial number that can't be is not, for
    what were left of it would be another one.
    """
    said = {name: texts[name] for name in OF_DEVICE if name not in errors}
    said |= {name: texts[name][:LONGEST_WORD] for name in CHOICES if is_storable(texts[name])}
    return said | {name: short_text_of(hardware, name) for name in ("manufacturer", "model")}
