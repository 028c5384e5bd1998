"""By which way do mails leave? EMAIL_URL, EMAIL_PROVIDER, ANYMAIL_* as Django's settings. Read by settings.py alone."""

import json
import os
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import unquote, urlsplit

import anymail.backends

from hexenroll.environment import FALSE_WORDS, TRUE_WORDS, Environment, Problem

# Where anymail keeps what is no provider: base classes, tests, the old name of Brevo.
_NO_PROVIDERS = frozenset({"base", "base_requests", "console", "sendinblue", "test"})
PROVIDERS = tuple(
    sorted(found.name for found in pkgutil.iter_modules(anymail.backends.__path__) if found.name not in _NO_PROVIDERS)
)
BACKENDS = {
    "consolemail": "django.core.mail.backends.console.EmailBackend",
    "dummymail": "django.core.mail.backends.dummy.EmailBackend",
    "filemail": "invitations.channels.mail_files.EmailBackend",
    "mailbox": "invitations.channels.mailbox.EmailBackend",
}
SMTP = "django.core.mail.backends.smtp.EmailBackend"
# Scheme of EMAIL_URL: port when it names none, STARTTLS, TLS from the first byte. `smtps` is a name that some use for
# the one and some for the other: port 465 tells (RFC 8314).
_SMTP_SCHEMES = {
    "smtp": (25, False, False),
    "smtp+ssl": (465, False, True),
    "smtp+tls": (587, True, False),
    "smtps": (465, False, True),
}


@dataclass(frozen=True)
class MailServer:
    """What EMAIL_URL says."""

    backend: str
    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    starts_tls: bool = False
    is_tls: bool = False
    folder: str = ""


MAILBOX = MailServer(BACKENDS["mailbox"])


def mail_provider(env: Environment) -> str:
    """Return the module of anymail that EMAIL_PROVIDER names, "" for none; an unknown name is a problem."""
    provider = env.text("EMAIL_PROVIDER").lower().replace("-", "_").replace(" ", "_")
    if not provider or provider in PROVIDERS:
        return provider
    close = get_close_matches(provider, PROVIDERS, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    env.problems.append(
        Problem(
            "hexenroll.E010",
            f"EMAIL_PROVIDER is {provider!r}, which is no provider that is known.",
            f"{hint}The known ones are: {', '.join(PROVIDERS)}. Unset it to send by EMAIL_URL.",
        )
    )
    return ""


def mail_server(raw: str) -> MailServer:
    """Return what an EMAIL_URL says.

    Raises:
        ValueError: it can't be used; the text says why and holds no part of the URL, which may hold a password.
    """
    try:
        parts = urlsplit(raw)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise ValueError("is not a URL (in a password, write / as %2F, # as %23, ? as %3F and @ as %40)") from None
    if parts.scheme == "filemail":
        if parts.netloc or not parts.path.strip("/"):
            raise ValueError("names no folder: write filemail:///var/mails, with three slashes")
        return MailServer(BACKENDS["filemail"], folder=unquote(parts.path))
    if parts.scheme in BACKENDS:
        return MailServer(BACKENDS[parts.scheme])
    if parts.scheme not in _SMTP_SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in (*_SMTP_SCHEMES, *BACKENDS))
        raise ValueError(f"must start with one of: {known}")
    if not host:
        raise ValueError("names no host: write it like smtp+tls://user:password@mail.example.com:587")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("has something behind the port (in a password, write / as %2F, # as %23 and ? as %3F)")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError("has a user name without a password, or a password without a user name")
    if not (user.isascii() and password.isascii()):
        raise ValueError("has a user name or password with characters outside ASCII, which can't be sent")
    usual_port, starts_tls, is_tls = _SMTP_SCHEMES[parts.scheme]
    if parts.scheme == "smtps" and port not in (None, 465):
        starts_tls, is_tls = True, False
    return MailServer(SMTP, host, port or usual_port, user, password, starts_tls, is_tls)


def mail_domain(host: str | None) -> str:
    """Return the domain of the portal's own address: its host, unless that is none that a mail server takes."""
    return host if host and re.search("[^0-9.]", host) and ":" not in host else "localhost"


def anymail_settings(env: Environment) -> dict[str, Any]:
    """Return the ANYMAIL_* variables by the names that anymail knows, those without ANYMAIL_."""
    names = {name.removesuffix("_FILE") for name in os.environ if name.startswith("ANYMAIL_")}
    values = {name: env.parsed(name, _anymail_value(name), "") for name in sorted(names)}
    return {name.removeprefix("ANYMAIL_"): value for name, value in values.items() if value != ""}


def _anymail_value(name: str) -> Callable[[str], Any]:
    """Return how the variable `name` is read: as yes or no, as seconds, as JSON where it looks so, else as it is."""

    def parse(raw: str) -> Any:
        if raw.lower() in ("true", "false"):
            return raw.lower() == "true"
        if name.endswith("_TIMEOUT"):
            if not (raw.isascii() and raw.isdigit() and 1 <= int(raw) <= 120):
                raise ValueError("must be a whole number of seconds from 1 to 120")
            return int(raw)
        if name.startswith(("ANYMAIL_IGNORE_", "ANYMAIL_DEBUG_")):
            if raw.lower() not in TRUE_WORDS | FALSE_WORDS:
                raise ValueError("must be true or false")
            return raw.lower() in TRUE_WORDS
        if raw[0] in "{[":
            try:
                return json.loads(raw)
            except ValueError:
                raise ValueError("looks like JSON and is none") from None
        return raw

    return parse
