"""How is an address written on a mail's envelope? The commands of SMTP take less than people write."""

import re
from email.utils import parseaddr

import idna
from django.utils.translation import gettext as _

from invitations.messages.message import Mail

from .outcome import ProviderDownError, RefusedError

# RFC 5321, section 4.1.2: a dot-string or a quoted string; what stands outside ASCII is RFC 6531's.
_LOCAL_PART = re.compile(r'[^\s"(),:;<>@\[\]\\\x00-\x1f\x7f]+|"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"')
_DOMAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Za-z.:]+\]")
LONGEST = 254


def envelope_address(address: str) -> str:
    """Return the bare address as an SMTP command takes it: the domain in ASCII (`xn--...`), the rest as it is.

    Where the part before the @ isn't ASCII, neither is the result: only a server with SMTPUTF8 takes it.

    Raises:
        ValueError: it is no address.
    """
    local_part, _at, domain = address.strip().rpartition("@")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except idna.IDNAError as error:
            raise ValueError(address) from error
    if not _LOCAL_PART.fullmatch(local_part) or not _DOMAIN.fullmatch(domain) or ".." in domain:
        raise ValueError(address)
    written = f"{local_part}@{domain}"
    if len(written.encode()) > LONGEST:
        raise ValueError(address)
    return written


def envelope_of(mail: Mail) -> tuple[str, str]:
    """Return sender and recipient of a mail as bare addresses for its envelope.

    Raises:
        RefusedError: the recipient is no address.
        ProviderDownError: the sender is none.
    """
    try:
        sender = envelope_address(parseaddr(mail.sender)[1] if mail.sender.isprintable() else "")
    except ValueError as error:
        text = _("The sender of mails is no e-mail address. Correct DEFAULT_FROM_EMAIL.")
        raise ProviderDownError(text, "sender") from error
    try:
        return sender, envelope_address(mail.recipient)
    except ValueError as error:
        text = _("This is no e-mail address. Correct the address of the user, then send the message again.")
        raise RefusedError(text, "address") from error
