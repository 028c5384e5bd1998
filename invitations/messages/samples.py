"""Which values stand in a preview, a test message, and the check of an SMS? Never a real password or link."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from devices.models import Device
from devices.vocabulary import Language, Ownership, Platform
from invitations import link_token

from .variables import Facts

# As long as a real one each; a token that no invitation can have by chance, as it says something.
TOKEN = "sample-link-opens-nothing".ljust(link_token.LENGTH, "-")
PASSWORD = "sample-12345"  # noqa: S105  opens nothing


def organisation() -> str:
    """Return the organisation's name as device users know it; without one, the portal's host name."""
    return settings.HEXENROLL_ORGANISATION or urlsplit(settings.PUBLIC_URL).hostname or "hexenroll"


def sample_facts(language: str, *, sender: User | None = None, days: int | None = None) -> Facts:
    """Return the facts of a message to a person who doesn't exist.

    Args:
        language: of the message.
        sender: who would send it; None: nobody's name is known.
        days: how long it is valid; None: as long as the setting says.
    """
    now = timezone.now()
    is_german = language == Language.GERMAN
    return Facts(
        language=language,
        user_name="Alexandra Schmidt" if is_german else "Alexandra Smith",
        device_name="MacBook von Alexandra" if is_german else "Alexandra's MacBook",
        serial_number="C02SAMPLE123",
        platform=Platform.MACOS,
        ownership=Ownership.CORPORATE,
        organisation=organisation(),
        sender_name=sender.get_full_name() if sender is not None else "",
        portal=settings.PUBLIC_URL,
        link=link_token.link_of(TOKEN),
        one_time_password=PASSWORD,
        valid_until=(now + timedelta(days=days or settings.HEXENROLL_INVITATION_DAYS)).astimezone(
            timezone.get_default_timezone()
        ),
        now=now,
    )


def facts_of_device(device: Device, language: str, *, sender: User | None = None, days: int | None = None) -> Facts:
    """Return the facts of a message about a real device, with the sample's password and link.

    Args:
        device: with its user at hand; one without a user keeps the sample's name.
        language, sender, days: as above.
    """
    sample = sample_facts(language, sender=sender, days=days)
    return replace(
        sample,
        user_name=device.user.name if device.user else sample.user_name,
        device_name=device.name,
        serial_number=device.serial_number or "",
        platform=device.platform,
        ownership=device.ownership,
    )


def generous_facts(language: str) -> Facts:
    """Return facts with names as long as they usually get, to see whether an SMS has room for them."""
    return replace(
        sample_facts(language),
        user_name="Maximiliane Mustermann-Example",  # 30 characters
        device_name="MacBook Pro of Accounting",  # 25
        serial_number="C02SAMPLE12345",
        sender_name="Alexandra Beispiel-Example",  # 26
    )
