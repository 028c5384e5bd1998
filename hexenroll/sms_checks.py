"""Can short messages be sent with these settings? The system checks hexenroll.E020 to E025 and W026 to W028.

E020 unknown SMS_PROVIDER, E021 no sign-in for Twilio, E022 no sender or two, E023 a value that Twilio never gave out,
E024 unusable APPRISE_URL, E025 half an API key; W026 no delivery reports, W027 a password in clear on the network,
W028 settings of a provider that is not chosen.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from invitations.channels.sms import PROVIDERS

CHOICES = ", ".join(name for name in PROVIDERS if name)
SIDS = {"TWILIO_ACCOUNT_SID": "AC", "TWILIO_API_KEY_SID": "SK", "TWILIO_MESSAGING_SERVICE_SID": "MG"}
# E.164, a short code, or a name of at most eleven letters and digits, one of them a letter.
SENDER = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{1,11}")


@register
def check_sms(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return what is wrong with the chosen provider's settings. Values of secrets are never part of it."""
    if settings.SMS_PROVIDER not in PROVIDERS:
        hint = f"It must be one of {CHOICES}, or empty for the development mailbox."
        return [
            Error(f"SMS_PROVIDER is {settings.SMS_PROVIDER!r}, which is no provider.", hint=hint, id="hexenroll.E020")
        ]
    found = list(_not_chosen())
    if settings.SMS_PROVIDER == "twilio":
        found += [*_sign_in(), *_sender(), *_shapes(), *_reports()]
    elif settings.SMS_PROVIDER == "apprise":
        found += _apprise_url()
    return found


def _sign_in() -> Iterator[CheckMessage]:
    if not settings.TWILIO_ACCOUNT_SID:
        yield Error(
            "SMS_PROVIDER is twilio, but TWILIO_ACCOUNT_SID is not set.",
            hint="It stands in Twilio's console, under Account info, and begins with AC.",
            id="hexenroll.E021",
        )
    if bool(settings.TWILIO_API_KEY_SID) != bool(settings.TWILIO_API_KEY_SECRET):
        yield Error(
            "Of TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET only one is set.",
            hint="Set both, or neither and TWILIO_AUTH_TOKEN.",
            id="hexenroll.E025",
        )
    elif not settings.TWILIO_AUTH_TOKEN and not settings.TWILIO_API_KEY_SID:
        yield Error(
            "SMS_PROVIDER is twilio, but neither TWILIO_AUTH_TOKEN nor an API key is set.",
            hint="Set TWILIO_AUTH_TOKEN, or TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET.",
            id="hexenroll.E021",
        )


def _sender() -> Iterator[CheckMessage]:
    sender, service = settings.TWILIO_FROM, settings.TWILIO_MESSAGING_SERVICE_SID
    if sender and service:
        yield Error(
            "Both TWILIO_FROM and TWILIO_MESSAGING_SERVICE_SID are set.",
            hint="Unset one: a messaging service chooses the number by itself.",
            id="hexenroll.E022",
        )
    elif not sender and not service:
        yield Error(
            "SMS_PROVIDER is twilio, but neither TWILIO_FROM nor TWILIO_MESSAGING_SERVICE_SID is set.",
            hint="Set TWILIO_FROM to a number of the account, such as +15005550006, or the messaging service's SID.",
            id="hexenroll.E022",
        )


def _shapes() -> Iterator[CheckMessage]:
    """Yield what can't be right: mixed-up values. A simulator in Twilio's place may have others."""
    if not (urlsplit(settings.TWILIO_BASE_URL).hostname or "").endswith("twilio.com"):
        return
    for name, prefix in SIDS.items():
        value = getattr(settings, name)
        if value and not re.fullmatch(prefix + "[0-9a-fA-F]{32}", value):
            yield Error(
                f"{name} is not one that Twilio gives out.",
                hint=f"It must be {prefix} and 32 digits from 0 to f. Copy it from Twilio's console.",
                id="hexenroll.E023",
            )
    if settings.TWILIO_FROM and not SENDER.fullmatch(settings.TWILIO_FROM):
        yield Error(
            f"TWILIO_FROM is {settings.TWILIO_FROM!r}, which can't send.",
            hint="Write a number with + and country code, a short code, or a name of at most 11 letters and digits.",
            id="hexenroll.E023",
        )


def _reports() -> Iterator[CheckMessage]:
    # Imported where it is used: it brings an HTTP client along.
    from invitations.channels.twilio import LOOPBACK, is_callback_possible

    if not is_callback_possible():
        reason = "PUBLIC_URL is this machine alone" if settings.TWILIO_AUTH_TOKEN else "TWILIO_AUTH_TOKEN is not set"
        yield Warning(
            f"Twilio can't report which messages were delivered: {reason}.",
            hint="Messages go out all the same. Set PUBLIC_URL to an address that Twilio can reach, and "
            "TWILIO_AUTH_TOKEN, by which its reports are checked.",
            id="hexenroll.W026",
        )
    address = urlsplit(settings.TWILIO_BASE_URL)
    if address.scheme == "http" and address.hostname not in LOOPBACK:
        yield Warning(
            "TWILIO_BASE_URL is not encrypted: the account's password and all messages cross the network in clear.",
            hint="Use https://.",
            id="hexenroll.W027",
        )


def _apprise_url() -> list[CheckMessage]:
    # Imported where it is used: it reads a hundred plugins.
    from invitations.channels.apprise_sms import service_for

    if not settings.APPRISE_URL:
        problem = "SMS_PROVIDER is apprise, but APPRISE_URL is not set."
    elif "{to}" not in settings.APPRISE_URL:
        problem = "APPRISE_URL has no {to}, so every message would go to the same recipient."
    elif service_for("+4915112345678") is None:
        problem = "apprise can't use APPRISE_URL."
    else:
        return []
    hint = "It must look like vonage://KEY:SECRET@FROM/{to}; the services are listed in apprise's documentation."
    return [Error(problem, hint=hint, id="hexenroll.E024")]


def _not_chosen() -> Iterator[CheckMessage]:
    """Yield a warning for settings that have no effect: the provider was forgotten, or is misspelled."""
    names = {
        "twilio": ("TWILIO_ACCOUNT_SID", "TWILIO_FROM", "TWILIO_MESSAGING_SERVICE_SID"),
        "apprise": ("APPRISE_URL",),
    }
    for provider, settings_of_it in names.items():
        given = [name for name in settings_of_it if getattr(settings, name)]
        if given and provider != settings.SMS_PROVIDER:
            yield Warning(
                f"{given[0]} is set, but SMS_PROVIDER is {settings.SMS_PROVIDER!r}: no SMS goes out by {provider}.",
                hint=f"Set SMS_PROVIDER={provider}, or unset {', '.join(given)}.",
                id="hexenroll.W028",
            )
