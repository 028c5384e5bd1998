"""Which variables may a message use, what do they mean, and which values have they in one message? Free of models."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any

from django.utils.functional import Promise
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from devices.vocabulary import Platform

from .wording import wording_of

# Where the QR code is found in a mail: its Content-ID.
QR_CODE_ID = "qr-code"
# A line break in a name would be a header of its own, a control character is shown by no program, and a character
# that turns the direction of writing shows another text than the one that is there.
INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


@dataclass(frozen=True)
class Variable:
    """A variable as the editor lists it; `html_only`: it is nothing but a picture or mark-up."""

    name: str
    meaning: str | Promise
    html_only: bool = False


VARIABLES: dict[str, Variable] = {
    variable.name: variable
    for variable in (
        Variable("user_name", _("The device user's name.")),
        Variable("device_name", _("The device's name; its serial number where it has none.")),
        Variable("serial_number", _("The device's serial number.")),
        Variable("platform", _("The device's platform, such as macOS.")),
        Variable("organisation", _("The organisation that invites: the setting HEXENROLL_ORGANISATION.")),
        Variable("sender_name", _("Who sends the invitation: the person's name, or “The IT team”.")),
        Variable("reason", _("Why the device is enrolled, in one sentence; depends on who owns it.")),
        Variable("link", _("The link that enrolls the device. Every message must hold it.")),
        Variable("one_time_password", _("The password for this one enrollment; empty when the device has none.")),
        Variable("valid_until", _("Until when the link and the password can be used: date, time and time zone.")),
        Variable("valid_days", _("The days that are left then, as a number.")),
        Variable("portal", _("The address of this portal.")),
        Variable("steps", _("What to do on this platform: numbered lines, a list in HTML.")),
        Variable("qr_code", _("The link as a QR code. Only in HTML."), html_only=True),
        Variable("is_reminder", _("For {% if is_reminder %}: whether this is a reminder.")),
    )
}


@dataclass(frozen=True)
class Facts:
    """What the values of one message are made of.

    Attributes:
        platform, ownership: values of devices.vocabulary.
        sender_name: "" when no person's name is known.
        valid_until: in the time zone in which it is written.
        now: when the message is made.
    """

    language: str
    user_name: str
    device_name: str
    serial_number: str
    platform: str
    ownership: str
    organisation: str
    sender_name: str
    portal: str
    link: str = field(repr=False)
    one_time_password: str = field(repr=False)
    valid_until: datetime
    now: datetime
    is_reminder: bool = False


def values_of(facts: Facts) -> dict[str, Any]:
    """Return the value of each variable in a plain text; `html_values` makes those of the HTML part of them."""
    wording = wording_of(facts.language)
    organisation = one_line(facts.organisation)
    serial_number = one_line(facts.serial_number)
    return {
        "user_name": one_line(facts.user_name),
        "device_name": one_line(facts.device_name) or serial_number,
        "serial_number": serial_number,
        "platform": PLATFORM_NAMES.get(facts.platform, facts.platform),
        "organisation": organisation,
        "sender_name": one_line(facts.sender_name) or wording.team,
        "reason": wording.reasons[facts.ownership].format(organisation=organisation),
        "link": facts.link,
        "one_time_password": facts.one_time_password,
        "valid_until": wording.until(facts.valid_until),
        "valid_days": max(1, ceil((facts.valid_until - facts.now).total_seconds() / 86_400)),
        "portal": facts.portal,
        "steps": "\n".join(f"{place}. {step}" for place, step in enumerate(wording.steps[facts.platform], 1)),
        "qr_code": "",
        "is_reminder": facts.is_reminder,
    }


def html_values(values: dict[str, Any], facts: Facts, qr_code: str = f"cid:{QR_CODE_ID}") -> dict[str, Any]:
    """Return the values for the HTML part: steps are a list, the QR code is a picture.

    Args:
        values: those of the plain text.
        facts: what they were made of.
        qr_code: address of the picture.
    """
    wording = wording_of(facts.language)
    return values | {
        "steps": _list_of(wording.steps[facts.platform]),
        "qr_code": picture(qr_code, wording.qr_code.format(link=facts.link)),
    }


def picture(address: str, alternative: str) -> SafeString:
    """Return the QR code's mark-up: white behind it, so that it can be scanned on a dark page, too."""
    return mark_safe(  # noqa: S308  both are escaped
        f'<img src="{escape(address)}" alt="{escape(alternative)}" width="180" height="180"'
        ' style="display:block;width:180px;height:180px;border:0;background:#ffffff;border-radius:8px">'
    )


def one_line(text: str) -> str:
    """Return a text without line breaks, other invisible characters and doubled spaces."""
    if text.isprintable() and "  " not in text:  # nearly every name; three times as fast
        return text.strip()
    return " ".join(INVISIBLE.sub(" ", text).split())


_lists: dict[tuple[str, ...], SafeString] = {}


def _list_of(steps: tuple[str, ...]) -> SafeString:
    if steps not in _lists:
        items = "".join(f'<li style="margin:0 0 8px">{escape(step)}</li>' for step in steps)
        _lists[steps] = mark_safe(f'<ol style="margin:0;padding:0 0 0 22px">{items}</ol>')  # noqa: S308  escaped
    return _lists[steps]


PLATFORM_NAMES: dict[str, str] = {
    Platform.ANDROID: "Android",
    Platform.IOS: "iOS/iPadOS",
    Platform.MACOS: "macOS",
    Platform.LINUX: "Linux",
    Platform.TVOS: "tvOS",
    Platform.WINDOWS: "Windows",
}
