"""The token that Apple encrypts for a key made here: each cipher, each spelling of the file, each way to be wrong."""

import base64
import gzip
import io
import json
import plistlib
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.ciphers.algorithms import AES128, AES256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from enrollment.ade.token import ServerToken, make_key, read_token
from enrollment.ade.token_file import MAX_BYTES, TokenFileError, TokenProblem
from tests.ade_simulator.token_file import indefinite
from tests.data import ade_tokens

pytestmark = pytest.mark.once

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKEN = ServerToken("CK_5f1c", "CS_9b2e", "AT_71d0", "AS_c8a4", datetime(2027, 9, 30, 12, tzinfo=UTC))
VALUES = {
    "consumer_key": "CK_5f1c",
    "consumer_secret": "CS_9b2e",
    "access_token": "AT_71d0",
    "access_secret": "AS_c8a4",
    "access_token_expiry": "2027-09-30T12:00:00Z",
}
FILE = ade_tokens.AES256.encode()
BODY = base64.b64decode(FILE.split(b"\n\n", 1)[1])


def read(content: bytes) -> ServerToken:
    return read_token(content, ade_tokens.KEY, ade_tokens.CERTIFICATE, NOW)


def problem_of(content: bytes) -> TokenProblem:
    with pytest.raises(TokenFileError) as caught:
        read(content)
    assert caught.value.args == (caught.value.code.value,)
    return caught.value.code


def sealed(opened: bytes, certificate: str = ade_tokens.CERTIFICATE) -> bytes:
    """Encrypt what a test wants to be found in the file."""
    builder = PKCS7EnvelopeBuilder().set_data(opened).set_content_encryption_algorithm(AES256)
    recipient = x509.load_pem_x509_certificate(certificate.encode())
    return builder.add_recipient(recipient).encrypt(Encoding.DER, [PKCS7Options.Binary])


def sealed_json(values: Any) -> bytes:
    return sealed(b"-----BEGIN MESSAGE-----\n" + json.dumps(values).encode() + b"\n-----END MESSAGE-----\n")


# --- the key ---------------------------------------------------------------------------------------------
def test_the_key_has_2048_bits_and_the_certificate_names_the_account_for_two_years() -> None:
    private, public = make_key("Berlin office", NOW)
    certificate = x509.load_pem_x509_certificate(public.encode())
    key = load_pem_private_key(private.encode(), None)
    assert key.public_key() == certificate.public_key()
    assert certificate.subject.rfc4514_string() == "CN=Apple ADE Berlin office,O=hexenroll"
    assert certificate.issuer == certificate.subject
    assert certificate.public_key().key_size == 2048  # type: ignore[union-attr]
    assert certificate.not_valid_before_utc < NOW
    assert (certificate.not_valid_after_utc - NOW).days == 730


@pytest.mark.parametrize(
    ("name", "common_name"),
    [
        ("", "Apple ADE"),
        (" \n\0", "Apple ADE"),
        ("Ä" * 100, f"Apple ADE {'Ä' * 27}"),
        ("x" * 500, f"Apple ADE {'x' * 54}"),
        ("漢字 🏫", "Apple ADE 漢字 🏫"),
        ("\ud800", "Apple ADE"),
        ('a"b,c=d+e;f\\g', 'Apple ADE a"b,c=d+e;f\\g'),
    ],
)
def test_any_name_of_an_account_makes_a_certificate_that_shows_it(name: str, common_name: str) -> None:
    subject = x509.load_pem_x509_certificate(make_key(name)[1].encode()).subject
    (shown,) = (str(part.value) for part in subject.get_attributes_for_oid(NameOID.COMMON_NAME))
    assert shown == common_name
    assert len(shown.encode()) <= 64


def test_each_key_is_another() -> None:
    assert make_key("A")[0] != make_key("A")[0]


def test_a_token_for_a_key_made_here_is_read() -> None:
    private, public = make_key("Round trip")
    assert read_token(sealed(json.dumps(VALUES).encode(), public), private, public, NOW) == TOKEN


# --- files that are read ---------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["AES256", "AES128", "TRIPLE_DES", "STREAMED"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_cipher_is_read_with_either_line_end(name: str, end: str) -> None:
    assert read(getattr(ade_tokens, name).replace("\n", end).encode()) == TOKEN


SPELLINGS: dict[str, bytes] = {
    "binary": BODY,
    "base64 alone": base64.encodebytes(BODY),
    "base64 in one line": base64.b64encode(BODY),
    "armoured as PKCS7": b"-----BEGIN PKCS7-----\n" + base64.encodebytes(BODY) + b"-----END PKCS7-----\n",
    "armoured as CMS, CRLF": b"-----BEGIN CMS-----\r\n" + base64.b64encode(BODY) + b"\r\n-----END CMS-----\r\n",
    "with a byte order mark": b"\xef\xbb\xbf" + FILE,
    "blank lines around": b"\r\n\r\n" + FILE + b"\n\n\n",
    "spaces in the blank line": FILE.replace(b"\n\n", b"\n \t\n", 1),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_message_is_found_however_it_is_wrapped(spelling: str) -> None:
    assert read(SPELLINGS[spelling]) == TOKEN


@pytest.mark.parametrize(
    "opened",
    [
        b"Content-Type: text/plain\r\n\r\n-----BEGIN MESSAGE-----\r\n%s\r\n-----END MESSAGE-----\r\n",
        b'Content-Type: text/plain\n\n-----BEGIN "MESSAGE"-----%s-----END "MESSAGE"-----',
        b"-----BEGIN MESSAGE-----\n%s\n-----END MESSAGE-----",
        b"%s",
    ],
)
def test_the_json_is_found_with_and_without_headers_and_markers(opened: bytes) -> None:
    assert read(sealed(opened % json.dumps(VALUES, indent=1).encode())) == TOKEN


def test_the_shorter_key_of_aes_is_read() -> None:
    builder = PKCS7EnvelopeBuilder().set_data(json.dumps(VALUES).encode()).set_content_encryption_algorithm(AES128)
    certificate = x509.load_pem_x509_certificate(ade_tokens.CERTIFICATE.encode())
    assert read(builder.add_recipient(certificate).encrypt(Encoding.SMIME, [])) == TOKEN


def test_the_right_one_of_several_recipients_is_found() -> None:
    other = x509.load_pem_x509_certificate(make_key("Other")[1].encode())
    ours = x509.load_pem_x509_certificate(ade_tokens.CERTIFICATE.encode())
    builder = PKCS7EnvelopeBuilder().set_data(json.dumps(VALUES).encode()).add_recipient(other).add_recipient(ours)
    assert read(builder.encrypt(Encoding.DER, [])) == TOKEN


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [
        ("2027-09-30T12:00:00Z", datetime(2027, 9, 30, 12, tzinfo=UTC)),
        ("2027-09-30T14:00:00+02:00", datetime(2027, 9, 30, 12, tzinfo=UTC)),
        ("2027-09-30T12:00:00", datetime(2027, 9, 30, 12, tzinfo=UTC)),
        ("2027-09-30T12:00:00.123Z", datetime(2027, 9, 30, 12, 0, 0, 123000, tzinfo=UTC)),
    ],
)
def test_the_expiry_is_a_moment_in_utc(spelled: str, meant: datetime) -> None:
    assert read(sealed_json(VALUES | {"access_token_expiry": spelled})).access_token_expiry == meant


# --- files that are not ----------------------------------------------------------------------------------
def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        files.writestr("token_smime.p7m", FILE)
    return packed.getvalue()


CONTENT_TOKEN = base64.b64encode(json.dumps({"token": "QUJD", "expDate": "2027-01-01", "orgName": "A"}).encode())
SIGNED = bytes.fromhex("300f 0609 2a864886f70d010702 a002 3000")
OTHER_FILES: dict[str, tuple[Callable[[], bytes], TokenProblem]] = {
    "nothing": (lambda: b"", TokenProblem.EMPTY),
    "blanks": (lambda: b" \r\n\n\xef\xbb\xbf"[:4], TokenProblem.EMPTY),
    "too much": (lambda: FILE + b"A" * MAX_BYTES, TokenProblem.TOO_LARGE),
    "our certificate": (lambda: ade_tokens.CERTIFICATE.encode(), TokenProblem.IS_CERTIFICATE),
    "our certificate, CRLF": (
        lambda: b"\n" + ade_tokens.CERTIFICATE.replace("\n", "\r\n").encode(),
        TokenProblem.IS_CERTIFICATE,
    ),
    "our certificate, binary": (
        lambda: x509.load_pem_x509_certificate(ade_tokens.CERTIFICATE.encode()).public_bytes(Encoding.DER),
        TokenProblem.IS_CERTIFICATE,
    ),
    "a request": (lambda: b"-----BEGIN CERTIFICATE REQUEST-----\nMIIC\n", TokenProblem.IS_CERTIFICATE),
    "a private key": (lambda: ade_tokens.KEY.encode(), TokenProblem.IS_PRIVATE_KEY),
    "a ZIP": (archive, TokenProblem.IS_ARCHIVE),
    "a gzip": (lambda: gzip.compress(FILE), TokenProblem.IS_ARCHIVE),
    "a profile": (lambda: plistlib.dumps({"a": 1}), TokenProblem.IS_PROPERTY_LIST),
    "a binary profile": (lambda: plistlib.dumps({"a": 1}, fmt=plistlib.FMT_BINARY), TokenProblem.IS_PROPERTY_LIST),
    "a page": (lambda: b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", TokenProblem.IS_WEB_PAGE),
    "a table": (lambda: b"Serial Number,Model\nC02XK1ZZJGH5,iPad\n", TokenProblem.IS_TABLE),
    "a table with semicolons": (lambda: b"\xef\xbb\xbfSerial;Model\r\nC02X;iPad\r\n", TokenProblem.IS_TABLE),
    "a token for Apps and Books": (lambda: CONTENT_TOKEN, TokenProblem.IS_CONTENT_TOKEN),
    "the token, decrypted": (lambda: json.dumps(VALUES).encode(), TokenProblem.IS_OPEN_TOKEN),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), TokenProblem.NOT_A_TOKEN_FILE),
    "a letter": (lambda: b"Subject: Hello\n\nDear Apple, where is the token?\n", TokenProblem.NOT_A_TOKEN_FILE),
    "words": (lambda: "Grüße aus Köln".encode(), TokenProblem.NOT_A_TOKEN_FILE),
    "words in base64": (lambda: base64.b64encode(b"nothing in here"), TokenProblem.NOT_A_TOKEN_FILE),
    "something signed": (lambda: SIGNED, TokenProblem.NOT_A_TOKEN_FILE),
}


@pytest.mark.parametrize("name", OTHER_FILES)
def test_another_file_is_named_for_what_it_is(name: str) -> None:
    make, problem = OTHER_FILES[name]
    assert problem_of(make()) == problem


def test_a_token_of_another_key_says_so() -> None:
    assert problem_of(sealed(json.dumps(VALUES).encode(), make_key("Other")[1])) == TokenProblem.OTHER_KEY


def test_a_cipher_that_nobody_has_seen_says_so() -> None:
    assert problem_of(ade_tokens.RC2.encode()) == TokenProblem.UNKNOWN_CIPHER


def test_a_token_that_is_over_says_so() -> None:
    with pytest.raises(TokenFileError) as caught:
        read_token(FILE, ade_tokens.KEY, ade_tokens.CERTIFICATE, TOKEN.access_token_expiry)
    assert caught.value.code == TokenProblem.EXPIRED


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("value", [None, "", 7, ["x"], "a\nb", "\0", "Ä", "x" * 1001])
def test_a_field_that_lacks_or_is_no_text_makes_it_incomplete(name: str, value: Any) -> None:
    assert problem_of(sealed_json(VALUES | {name: value})) == TokenProblem.INCOMPLETE


@pytest.mark.parametrize("name", VALUES)
def test_a_field_that_is_missing_makes_it_incomplete(name: str) -> None:
    assert problem_of(sealed_json({key: value for key, value in VALUES.items() if key != name})) == (
        TokenProblem.INCOMPLETE
    )


@pytest.mark.parametrize("expiry", ["soon", "0001-01-01T00:00:00+14:00", "2027-13-45", "9999-12-31T23:59:59-14:00"])
def test_an_expiry_that_is_no_moment_makes_it_incomplete(expiry: str) -> None:
    assert problem_of(sealed_json(VALUES | {"access_token_expiry": expiry})) == TokenProblem.INCOMPLETE


@pytest.mark.parametrize("opened", [b"", b"nothing", b"{", b"[1]", b"{1}", b"{" * 9000 + b"}" * 9000])
def test_what_holds_no_json_is_damaged(opened: bytes) -> None:
    assert problem_of(sealed(opened)) == TokenProblem.DAMAGED


def with_content(*parts: bytes) -> bytes:
    """Return the message with other encrypted content, or with none."""
    message = cms.ContentInfo.load(BODY)["content"]
    lead = message["version"].dump() + message["recipient_infos"].dump()
    info = message["encrypted_content_info"]
    names = info["content_type"].dump() + info["content_encryption_algorithm"].dump()
    enveloped = indefinite(0x30, lead, indefinite(0x30, names, *parts))
    return indefinite(0x30, cms.ContentType("enveloped_data").dump(), indefinite(0xA0, enveloped))


def nested(depth: int) -> bytes:
    return b"\x24\x80" * depth + b"\x04\x01A" + b"\0\0" * depth


@pytest.mark.parametrize(
    "parts",
    [
        (),  # the content would be elsewhere
        (b"\x80\0",),
        (indefinite(0xA0, b"\x04\x01A"),),
        (indefinite(0xA0, b"\x05\0"),),
        (indefinite(0xA0, nested(5)),),
        (indefinite(0xA0, nested(20_000)),),
    ],
)
def test_a_message_whose_content_is_none_is_damaged(parts: tuple[bytes, ...]) -> None:
    assert problem_of(with_content(*parts)) == TokenProblem.DAMAGED


@pytest.mark.parametrize("length", range(0, len(BODY), 40))
def test_a_download_that_broke_off_is_damaged(length: int) -> None:
    end = FILE.index(b"\n\n") + 2
    expected = {TokenProblem.DAMAGED} if length else {TokenProblem.DAMAGED, TokenProblem.NOT_A_TOKEN_FILE}
    assert problem_of(FILE[: end + length * 4 // 3]) in expected


# --- nothing else comes out of it ------------------------------------------------------------------------
def read_or_refuse(content: bytes) -> None:
    try:
        token = read(content)
    except TokenFileError as error:
        assert error.code in TokenProblem
    else:
        assert isinstance(token, ServerToken)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(["AES256", "TRIPLE_DES", "STREAMED"]),
    binary=st.booleans(),
    changes=st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=3)), min_size=1, max_size=4),
)
def test_a_file_that_is_damaged_anywhere_is_read_or_refused(
    name: str, binary: bool, changes: list[tuple[int, bytes]]
) -> None:
    content = getattr(ade_tokens, name).encode()
    if binary:
        content = base64.b64decode(content.split(b"\n\n", 1)[1])
    for place, piece in changes:
        place %= len(content)
        content = content[:place] + piece + content[place + 1 :]
    read_or_refuse(content)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
@example(b"0\x80" * 2000)
@example(b"\x30\x84\xff\xff\xff\xff" + bytes(50))
@example(b"Content-Type: application/pkcs7-mime\n\n" + base64.b64encode(b"0\x80" * 5000))
def test_any_bytes_are_refused(content: bytes) -> None:
    assert problem_of(content) in TokenProblem


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_anything_encrypted_for_us_is_refused(opened: bytes) -> None:
    assert problem_of(sealed(opened)) in (TokenProblem.DAMAGED, TokenProblem.INCOMPLETE)


# --- secrets ---------------------------------------------------------------------------------------------
def test_a_token_shows_nothing_secret() -> None:
    assert repr(TOKEN) == f"ServerToken(access_token_expiry={TOKEN.access_token_expiry!r})"
    assert str(TOKEN) == repr(TOKEN)
