"""Can mails be sent with these settings? The system checks hexenroll.E010 to E019 and W010 to W019.

E010 unknown provider (found by mail_settings.py), E011 provider that lacks something, E012 sender that is no address,
E013 folder that can't be used; W010 links that nobody can follow, W011 password in clear, W012 and W013 settings that
have no effect.
"""

import ipaddress
import re
from collections.abc import Sequence
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.mail import get_connection
from django.core.validators import validate_email

from hexenroll.mail_settings import MAILBOX, SMTP


def check_mail_can_be_sent(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return E011 or E013 when the way that is set can't work, as its own backend says."""
    try:
        get_connection()
    except (ImproperlyConfigured, ImportError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        if not settings.EMAIL_PROVIDER:
            hint = "Set EMAIL_URL to a folder that hexenroll may write to, such as filemail:///var/mails."
            return [Error(f"EMAIL_URL can't be used: {reason}.", hint=hint, id="hexenroll.E013")]
        wanted = re.search(r"ANYMAIL_[A-Z_]+", reason)
        if wanted:
            hint = f"Set {wanted[0]} (or {wanted[0]}_FILE), or unset EMAIL_PROVIDER to send by EMAIL_URL."
            reason = f"{wanted[0]} is not set"
        else:
            hint = "See the page of this provider in the documentation of django-anymail."
        message = f"EMAIL_PROVIDER is {settings.EMAIL_PROVIDER!r} and can't be used: {reason}."
        return [Error(message, hint=hint, id="hexenroll.E011")]
    return []


def check_the_sender_is_an_address(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return E012 when DEFAULT_FROM_EMAIL is no address."""
    sender = settings.DEFAULT_FROM_EMAIL
    try:
        if not sender.isprintable():
            raise ValidationError("a line break")
        validate_email(parseaddr(sender)[1])
    except ValidationError:
        hint = "Write it like hexenroll@example.com, or like IT department <it@example.com>."
        return [Error(f"DEFAULT_FROM_EMAIL is {sender!r}: that is no e-mail address.", hint=hint, id="hexenroll.E012")]
    return []


def check_links_can_be_followed(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return W010 when mails really go out and their links lead to this machine only."""
    goes_out = settings.EMAIL_BACKEND.startswith(("django.core.mail.backends.smtp.", "anymail."))
    if not goes_out or not is_loopback(urlsplit(settings.PUBLIC_URL).hostname or ""):
        return []
    return [
        Warning(
            f"Mails go out, and the links in them begin with {settings.PUBLIC_URL}, which only this machine can reach.",
            hint="Set PUBLIC_URL to the address under which the users' devices reach the portal.",
            id="hexenroll.W010",
        )
    ]


def check_no_mail_setting_is_idle(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return W011 for a password that crosses the network in clear, W012 and W013 for settings without effect."""
    found: list[CheckMessage] = []
    if settings.EMAIL_PROVIDER and MAILBOX.backend != settings.EMAIL_URL_BACKEND:
        hint = "Unset EMAIL_PROVIDER to send by EMAIL_URL, or unset EMAIL_URL."
        found.append(
            Warning("EMAIL_URL has no effect: mails go through EMAIL_PROVIDER.", hint=hint, id="hexenroll.W012")
        )
    elif not settings.EMAIL_PROVIDER and any(name.endswith("_API_KEY") for name in settings.ANYMAIL):
        hint = "Set EMAIL_PROVIDER to the provider's name, such as mailgun."
        found.append(
            Warning("The ANYMAIL_ settings have no effect without EMAIL_PROVIDER.", hint=hint, id="hexenroll.W013")
        )
    is_encrypted = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    has_password = settings.EMAIL_BACKEND == SMTP and bool(settings.EMAIL_HOST_PASSWORD)
    if has_password and not is_encrypted and not is_loopback(settings.EMAIL_HOST):
        found.append(
            Warning(
                f"The password of the mail server {settings.EMAIL_HOST} crosses the network in clear.",
                hint="Write smtp+tls:// (usually port 587) or smtp+ssl:// (usually port 465) in EMAIL_URL.",
                id="hexenroll.W011",
            )
        )
    return found


CHECKS = (
    check_mail_can_be_sent,
    check_the_sender_is_an_address,
    check_links_can_be_followed,
    check_no_mail_setting_is_idle,
)
for _check in CHECKS:
    register(_check)


def is_loopback(host: str) -> bool:
    """Tell whether a host's name or address is this machine's alone."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
