"""What is in a configuration profile (.mobileconfig) for Apple's platforms, and can it be handed out?

Free of models. The keys are those of Apple's Device Management documentation (TopLevel, CommonPayloadKeys).
"""

import hashlib
import plistlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from xml.parsers.expat import ExpatError

from django.utils.translation import gettext as _

from .signed_message import SignedMessageError, open_signed

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 50
MAX_PAYLOADS: Final = 200
# What plistlib lets out of a file that is none: besides its own errors, those of the parts that it is made of.
NO_PLIST = (
    plistlib.InvalidFileException,
    ExpatError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    OverflowError,
)


class ProfileError(Exception):
    """A file that is no profile that could be handed out; its text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Payload:
    """One of the things that a profile sets up."""

    type: str
    identifier: str
    name: str


@dataclass(frozen=True, slots=True)
class Profile:
    name: str
    identifier: str
    uuid: str
    organisation: str
    payloads: tuple[Payload, ...]
    signer: str  # the name in the certificate; "": it is not signed
    sha256: str  # of the file


def parse(data: bytes) -> Profile:
    """Return what the file of a profile says, signed or not.

    Raises:
        ProfileError: it is too large, is no XML property list, has entities, was changed since it was signed, is
            encrypted for one device, or lacks what devices ask for.
    """
    if len(data) > MAX_BYTES:
        raise ProfileError(_("The file is too large: at most %(size)d KiB.") % {"size": MAX_BYTES // 1024})
    digest, signer = hashlib.sha256(data).hexdigest(), ""
    if data[:1] == b"\x30":
        data, signer = _opened(data)
    found = _property_list(data)
    if found.get("PayloadType") != "Configuration":
        raise ProfileError(
            _("This is a property list, but no configuration profile: its PayloadType is not Configuration.")
        )
    if "EncryptedPayloadContent" in found or isinstance(found.get("PayloadContent"), bytes):
        raise ProfileError(_("This profile is encrypted for one device. Export it without encryption."))
    payloads = tuple(_payloads(found.get("PayloadContent")))
    return Profile(
        name=_optional(found, "PayloadDisplayName") or _text(found, "PayloadIdentifier", 0),
        identifier=_text(found, "PayloadIdentifier", 0),
        uuid=_text(found, "PayloadUUID", 0),
        organisation=_optional(found, "PayloadOrganization"),
        payloads=payloads,
        signer=signer,
        sha256=digest,
    )


def _opened(data: bytes) -> tuple[bytes, str]:
    try:
        message = open_signed(data)
    except SignedMessageError as error:
        raise ProfileError(str(error)) from error
    return message.content, message.signer


def _property_list(data: bytes) -> dict[str, Any]:
    if data[:6] == b"bplist":
        raise ProfileError(_("This profile is binary. Write it as XML first: plutil -convert xml1 FILE."))
    if b"<!ENTITY" in data:  # a few lines of them can stand for gigabytes; plistlib refuses them, too
        raise ProfileError(_("This profile defines entities, which no device needs. Remove the lines with <!ENTITY."))
    try:
        found = plistlib.loads(data, fmt=plistlib.FMT_XML)
    except NO_PLIST as error:
        raise ProfileError(_("This is no configuration profile: it can't be read as an XML property list.")) from error
    if found is None:  # no tag of it is known
        raise ProfileError(_("This is no configuration profile: it can't be read as an XML property list."))
    if not isinstance(found, dict):
        raise ProfileError(_("This is a property list, but no configuration profile: there is no dict in it."))
    layer, depth = [found], 0
    while layer:
        if depth > MAX_DEPTH:
            raise ProfileError(_("This profile is nested too deeply: at most %(depth)d levels.") % {"depth": MAX_DEPTH})
        layer = [inner for outer in layer for inner in _inside(outer)]
        depth += 1
    return found


def _payloads(content: Any) -> Iterator[Payload]:
    if not isinstance(content, list) or not content:
        raise ProfileError(_("This profile sets up nothing: its PayloadContent is empty."))
    if len(content) > MAX_PAYLOADS:
        raise ProfileError(_("This profile has too many payloads: at most %(most)d.") % {"most": MAX_PAYLOADS})
    seen: set[str] = set()
    for number, payload in enumerate(content, 1):
        if not isinstance(payload, dict):
            raise ProfileError(_("Payload %(number)d is no dict.") % {"number": number})
        uuid = _text(payload, "PayloadUUID", number)
        if uuid in seen:
            raise ProfileError(
                _("Payload %(number)d: its PayloadUUID is that of another payload; give it its own.")
                % {"number": number}
            )
        seen.add(uuid)
        yield Payload(
            _text(payload, "PayloadType", number),
            _text(payload, "PayloadIdentifier", number),
            _optional(payload, "PayloadDisplayName"),
        )


def _text(values: dict[str, Any], key: str, number: int) -> str:
    """Return what devices ask for: of the payload of this number, 0 is the profile itself."""
    value = values.get(key)
    if isinstance(value, str) and value.strip() and len(value) <= 255:
        return value
    if not number:
        raise ProfileError(_("%(key)s is missing, or is no text of at most 255 characters.") % {"key": key})
    text = _("Payload %(number)d: %(key)s is missing, or is no text of at most 255 characters.")
    raise ProfileError(text % {"number": number, "key": key})


def _optional(values: dict[str, Any], key: str) -> str:
    value = values.get(key)
    return value[:255] if isinstance(value, str) else ""


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
