"""Are the bytes of a mail a message that every mail program reads as it was meant?"""

import email
import re
from dataclasses import replace
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.mime.image import MIMEImage
from email.policy import SMTP, default
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from hypothesis import given, settings
from hypothesis import strategies as st

from invitations.messages.message import Mail
from invitations.messages.mime import address, as_bytes
from invitations.messages.variables import one_line

pytestmark = pytest.mark.once
MAIL = Mail(
    sender="Contoso IT <it@contoso.com>",
    recipient="zoe@example.com",
    recipient_name="Zoë Müller",
    subject="Anmelden: Zoës Gerät bei Contoso",
    text="Guten Tag,\n\nZeile = mit Zeichen\n.\nFrom here\n" + "lang " * 60 + "\n",
    html="<p>Grüße</p>\n<img src='cid:qr-code'>\n" + "<b>x</b>" * 200,
    qr_code=bytes(range(256)) * 3,
    message_id="<0123456789abcdef0123456789abcdef.0@contoso.com>",
    headers=(("Auto-Submitted", "auto-generated"), ("Content-Language", "de")),
)


def parsed(mail: Mail) -> EmailMessage:
    data = as_bytes(mail)
    message = email.message_from_bytes(data, policy=default)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert not part.defects, part.defects
        for value in part.values():
            assert not getattr(value, "defects", ())
    return message


def content(part: Any) -> str:
    """Return the text of a part, its line ends as Python has them."""
    return str(part.get_content()).replace("\r\n", "\n")


def check_lines(data: bytes) -> None:
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"\r" not in data.replace(b"\r\n", b"")
    head, _, body = data.partition(b"\r\n\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 78
    assert max(map(len, head.split(b"\r\n"))) <= 998


def test_the_parts_are_text_and_html_with_its_picture() -> None:
    message = parsed(MAIL)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
    ]
    text, related = message.iter_parts()
    html, picture = related.iter_parts()
    assert content(text) == MAIL.text
    assert content(html) == MAIL.html + "\n"
    assert picture.get_content() == MAIL.qr_code
    assert picture["Content-ID"] == "<qr-code>"
    assert picture.get_content_disposition() == "inline"
    check_lines(as_bytes(MAIL))


def test_the_headers_say_who_to_whom_what_and_when() -> None:
    message = parsed(MAIL)
    assert message["From"].addresses == (Address("Contoso IT", "it", "contoso.com"),)
    assert message["To"].addresses == (Address("Zoë Müller", "zoe", "example.com"),)
    assert message["Subject"] == MAIL.subject
    assert message["Message-ID"] == MAIL.message_id
    assert message["Date"].datetime.tzinfo is not None
    assert message["MIME-Version"] == "1.0"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "de"


def test_it_says_what_djangos_message_says() -> None:
    django = EmailMultiAlternatives(
        MAIL.subject, MAIL.text, MAIL.sender, ["Zoë Müller <zoe@example.com>"], headers=dict(MAIL.headers)
    )
    django.attach_alternative(MAIL.html, "text/html")
    picture = MIMEImage(MAIL.qr_code, "png")
    picture["Content-ID"] = "<qr-code>"
    django.attach(picture)
    theirs = email.message_from_bytes(django.message().as_bytes(), policy=default)
    ours = parsed(MAIL)
    for name in ("From", "To", "Subject", "Auto-Submitted", "Content-Language", "MIME-Version"):
        assert ours[name] == theirs[name]

    def contents(message: Any) -> dict[str, bytes]:
        return {
            part.get_content_type(): part.get_payload(decode=True).replace(b"\r\n", b"\n").strip()
            for part in message.walk()
            if not part.is_multipart()
        }

    assert contents(ours) == contents(theirs)


def test_a_mail_without_html_is_plain_text() -> None:
    message = parsed(replace(MAIL, html="", qr_code=b""))
    assert message.get_content_type() == "text/plain"
    assert content(message) == MAIL.text


def test_html_without_a_picture_needs_no_related_part() -> None:
    message = parsed(replace(MAIL, qr_code=b""))
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize("name", ["Ada\r\nBcc: all@example.com", "Ada\nX: y", "Ada\x00\x1b[31m", "Ada\u2028Bcc: x@y.z"])
def test_a_name_can_not_bring_a_header_of_its_own(name: str) -> None:
    message = parsed(replace(MAIL, recipient_name=name, subject=name, sender="it@contoso.com"))
    assert message["Bcc"] is None
    assert message["X"] is None
    assert [each.addr_spec for each in message["To"].addresses] == [MAIL.recipient]
    assert message["Subject"] == one_line(name)


@pytest.mark.parametrize(
    "changes",
    [
        {"recipient": "a@b.c\r\nBcc: x@y.z"},
        {"message_id": "<a\n@b>"},
        {"headers": (("X-A", "b\r\nBcc: x@y.z"),)},
        {"headers": (("X-A: b\r\nBcc", "x@y.z"),)},
        {"sender": "it@contoso.com\r\nBcc: x@y.z"},
    ],
)
def test_control_characters_elsewhere_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="header"):
        as_bytes(replace(MAIL, **changes))


@pytest.mark.parametrize(
    ("name", "bare", "expected"),
    [
        ("", "a@b.example", "a@b.example"),
        ("Ada", "a+b@b.example", "Ada <a+b@b.example>"),
        ("Lovelace, Ada", "a@b.example", '"Lovelace, Ada" <a@b.example>'),
        ('A "B" C\\', "a@b.example", '"A \\"B\\" C\\\\" <a@b.example>'),
        ("", '"a b"@b.example', '<"a b"@b.example>'),
        ("Ada", '"quoted"@b.example', 'Ada <"quoted"@b.example>'),
        ("", "a@bücher.example", "a@xn--bcher-kva.example"),
        ("Ada", "jürgen@b.example", "Ada <jürgen@b.example>"),
        ("=?utf-8?q?x?=", "a@b.example", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <a@b.example>"),
    ],
)
def test_addresses_are_quoted_and_encoded_where_needed(name: str, bare: str, expected: str) -> None:
    assert address(name, bare) == expected


PRINTABLE = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(name=PRINTABLE, subject=PRINTABLE)
@settings(max_examples=60, deadline=None)
def test_any_name_and_subject_comes_back_as_it_went(name: str, subject: str) -> None:
    mail = replace(MAIL, recipient_name=name, subject=subject)
    data = as_bytes(mail)
    check_lines(data)
    message = email.message_from_bytes(data, policy=default)
    assert message["Subject"] == one_line(subject)
    assert [each.addr_spec for each in message["To"].addresses] == [MAIL.recipient]
    # The library's own reading of addresses puts spaces between encoded words that continue each other.
    to = email.message_from_bytes(data)["To"].rpartition("<")[0].strip()
    shown = re.sub(r"\\(.)", r"\1", to[1:-1]) if to.startswith('"') else str(make_header(decode_header(to)))
    assert shown == one_line(name)


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=2000))
@settings(max_examples=50, deadline=None)
def test_any_text_comes_back_line_by_line(text: str) -> None:
    data = as_bytes(replace(MAIL, text=text, html=f"<p>{text}</p>"))
    check_lines(data)
    message = email.message_from_bytes(data, policy=SMTP)
    plain = next(part for part in message.walk() if part.get_content_type() == "text/plain")
    assert plain.get_payload(decode=True) == ("\r\n".join(text.splitlines()) + "\r\n").encode()


def test_a_long_subject_is_folded_at_its_words() -> None:
    data = as_bytes(replace(MAIL, subject="word " * 60))
    check_lines(data)
    head = data.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 78
    assert parsed(replace(MAIL, subject="word " * 60))["Subject"] == ("word " * 60).strip()
