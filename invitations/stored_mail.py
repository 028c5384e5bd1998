"""How does a mail of the development mailbox look to a person? Pure: the mail's source in, its parts out."""

import logging
import re
from base64 import b64encode
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import EmailPolicy
from typing import Any, cast

logger = logging.getLogger(__name__)

_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


class RawHeader(str):
    """The value of a header that can't be parsed, as it stands; it has what the standard library asks a header for."""

    __slots__ = ()
    content_disposition = None
    params: dict[str, str] = {}


class ForgivingPolicy(EmailPolicy):
    """Reads headers as the standard library does, and those on which its parser fails as they stand."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        try:
            return super().header_fetch_parse(name, value)
        except Exception as error:  # noqa: BLE001 - of any kind: IndexError, AttributeError, UnboundLocalError ...
            logger.info("the header %s of a stored mail can't be parsed: %r", name, error)
            return RawHeader(" ".join(value.encode("utf-8", "surrogateescape").decode("utf-8", "replace").split()))


_POLICY = ForgivingPolicy()


@dataclass(frozen=True)
class StoredMail:
    """A mail as a mail program shows it.

    Attributes:
        headers: name and decoded value of each, in order.
        text: the plain part; "": there is none.
        html: the HTML part as a document of its own: its images are in it, its links open beside it; "": there is none.
    """

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str


def read(source: str) -> StoredMail:
    """Return the parts of a mail (RFC 5322, RFC 2045)."""
    # By this policy, what is parsed is an EmailMessage.
    mail = cast(EmailMessage, message_from_bytes(source.encode("utf-8", "replace"), policy=_POLICY))
    plain, html = (_content(mail.get_body((kind,))) for kind in ("plain", "html"))
    headers = tuple((name, str(value)) for name, value in mail.items())
    return StoredMail(headers, plain, _with_images(html, mail) if html else "")


def subject_of(source: str) -> str:
    """Return the decoded subject; "" when there is none."""
    return str(BytesHeaderParser(policy=_POLICY).parsebytes(source.encode("utf-8", "replace")).get("Subject", ""))


def _content(part: object) -> str:
    if not isinstance(part, EmailMessage):
        return ""
    try:
        return str(part.get_content()).replace("\r\n", "\n")
    except (LookupError, ValueError):  # a character set that nobody knows
        return str(part.get_payload())


def _with_images(html: str, mail: EmailMessage) -> str:
    for part in mail.walk():
        name = str(part.get("Content-ID", "")).strip("<> ")
        if name and part.get_content_maintype() == "image":
            data = part.get_payload(decode=True)
            image = b64encode(data if isinstance(data, bytes) else b"").decode()
            html = html.replace(f"cid:{name}", f"data:{part.get_content_type()};base64,{image}")
    base = '<base target="_blank">'
    return _HEAD.sub(lambda head: head[0] + base, html, count=1) if _HEAD.search(html) else base + html
