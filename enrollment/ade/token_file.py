"""Is this upload a token file of Apple's at all, and where in it is the encrypted message? Called by token.

Free of Django and of models. People upload what lies beside it in the downloads, or renamed it: each has its own code.
"""

import base64
import binascii
import re
from enum import StrEnum
from typing import Final

from cryptography import x509

MAX_BYTES: Final = 256 * 1024  # Apple's are about 4 KB


class TokenProblem(StrEnum):
    """Why a file gives no token. The words are made where they are shown."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_A_TOKEN_FILE = "not_a_token_file"  # noqa: S105  # a code
    # Another file, whatever its name says:
    IS_CERTIFICATE = "is_certificate"  # the public key that was to be uploaded at Apple, or a push certificate
    IS_PRIVATE_KEY = "is_private_key"
    IS_ARCHIVE = "is_archive"  # ZIP, or gzip; an XLSX is one too
    IS_PROPERTY_LIST = "is_property_list"
    IS_WEB_PAGE = "is_web_page"
    IS_TABLE = "is_table"
    IS_CONTENT_TOKEN = "is_content_token"  # noqa: S105  # .vpptoken, for Apps and Books
    IS_OPEN_TOKEN = "is_open_token"  # noqa: S105  # JSON: a token that somebody decrypted already
    # A token file, but:
    OTHER_KEY = "other_key"  # Apple encrypted it for another certificate
    DAMAGED = "damaged"
    UNKNOWN_CIPHER = "unknown_cipher"
    INCOMPLETE = "incomplete"
    EXPIRED = "expired"


class TokenFileError(Exception):
    """The file gives no token. It quotes nothing of the file."""

    def __init__(self, code: TokenProblem) -> None:
        super().__init__(code.value)
        self.code = code


_BOM: Final = b"\xef\xbb\xbf"
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/=\s]+")
_HEADER: Final = re.compile(rb"[A-Za-z][A-Za-z0-9-]*:[^\r\n]*")
_END_OF_HEADERS: Final = re.compile(rb"\r?\n[ \t]*\r?\n")
_ARMOUR: Final = re.compile(rb"-----BEGIN (?:PKCS ?#?7|CMS)-----(.*?)(?:-----END|\Z)", re.DOTALL)
_SEQUENCE: Final = 0x30  # how a message starts that isn't in base64
# The first that is found at the start decides; small letters, as the start is compared.
_OTHER_FILES: Final[tuple[tuple[re.Pattern[bytes], TokenProblem], ...]] = (
    (re.compile(rb"pk\x03\x04|pk\x05\x06|\x1f\x8b"), TokenProblem.IS_ARCHIVE),
    (
        re.compile(rb"bplist00|<\?xml[^>]*>\s*<!doctype plist|<\?xml[^>]*>\s*<plist|<plist"),
        TokenProblem.IS_PROPERTY_LIST,
    ),
    (re.compile(rb"<!doctype html|<html|<\?xml[^>]*>\s*<!doctype html|<\?xml[^>]*>\s*<html"), TokenProblem.IS_WEB_PAGE),
    (re.compile(rb"-----begin (rsa |ec |encrypted )?private key"), TokenProblem.IS_PRIVATE_KEY),
    (re.compile(rb"-----begin ((trusted |new )?certificate|public key|rsa public key)"), TokenProblem.IS_CERTIFICATE),
    (re.compile(rb"bag attributes|certificate:\s"), TokenProblem.IS_CERTIFICATE),
    (re.compile(rb"\{"), TokenProblem.IS_OPEN_TOKEN),
    (re.compile(rb"[^\r\n\x00:]*[,;\t][^\r\n\x00:]*\r?\n[^\r\n\x00]*[,;\t]"), TokenProblem.IS_TABLE),
)


def encrypted_message(content: bytes) -> bytes:
    """Return the CMS message in the file: with MIME headers, PEM-armoured, in base64 alone, or as it is.

    Raises:
        TokenFileError: it is no such file.
    """
    if len(content) > MAX_BYTES:
        raise TokenFileError(TokenProblem.TOO_LARGE)
    text = content.removeprefix(_BOM).strip()
    if not text:
        raise TokenFileError(TokenProblem.EMPTY)
    if content[0] == _SEQUENCE and not _BASE64.fullmatch(text):
        if _is_certificate(content):
            raise TokenFileError(TokenProblem.IS_CERTIFICATE)
        return content
    other = other_file(text)
    if other is not None:
        raise TokenFileError(other)
    armoured = _ARMOUR.search(text)
    if armoured:
        return _decoded(armoured.group(1), TokenProblem.DAMAGED)
    if _HEADER.match(text):
        end = _END_OF_HEADERS.search(text)
        headers = (text[: end.start()] if end else text).lower()
        if b"pkcs7" not in headers:
            raise TokenFileError(TokenProblem.NOT_A_TOKEN_FILE)
        if end is None:
            raise TokenFileError(TokenProblem.DAMAGED)
        return _decoded(text[end.end() :], TokenProblem.DAMAGED)
    message = _decoded(text, TokenProblem.NOT_A_TOKEN_FILE)
    if message[:1] == b"{":
        raise TokenFileError(TokenProblem.IS_CONTENT_TOKEN)
    if message[:1] != bytes([_SEQUENCE]):
        raise TokenFileError(TokenProblem.NOT_A_TOKEN_FILE)
    return message


def other_file(text: bytes) -> TokenProblem | None:
    """Say which other file this is, by how it starts; None if it may be a token file."""
    start = text[:2048].lower()
    return next((problem for pattern, problem in _OTHER_FILES if pattern.match(start)), None)


def _is_certificate(content: bytes) -> bool:
    try:
        x509.load_der_x509_certificate(content)
    except ValueError:
        return False
    except x509.InvalidVersion:
        return True  # not X.509 v3, but read far enough to say what the file is
    return True


def _decoded(text: bytes, problem: TokenProblem) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        raise TokenFileError(problem) from None
