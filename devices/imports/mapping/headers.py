"""When do two headers mean the same, and is this row a header at all?

Asked by the mapping. Free of models.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence

_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|<[^>]*>")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LONG_NUMBER = re.compile(r"\+?[\d ()/.-]{6,}")
_SERIAL = re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9-]{6,}")
_GENERATED = re.compile(r"Column \d+")


def header_key(header: str) -> str:
    """Return what is left of a header without case, spaces, signs and remarks in brackets.

    `Serial Number`, `serial_number`, `serialNumber*` and `Serial-Number (required)` all have the key `serialnumber`.
    """
    text = unicodedata.normalize("NFKC", header)
    without = _BRACKETS.sub("", text)
    return _letters(without) or _letters(text)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def fingerprint(headers: Sequence[str]) -> str:
    """Return a hash of a header row: the same for the same names in the same order, whatever the spaces around them."""
    return hashlib.sha256(json.dumps([header.strip() for header in headers]).encode()).hexdigest()[:32]


def looks_like_serial(cell: str) -> bool:
    """Tell whether a cell may be a serial number or IMEI: capital letters and digits, at least one digit."""
    return bool(_SERIAL.fullmatch(cell.strip()))


def looks_like_email(cell: str) -> bool:
    """Tell whether a cell may be an e-mail address."""
    return bool(_EMAIL.fullmatch(cell.strip()))


def looks_like_phone(cell: str) -> bool:
    """Tell whether a cell may be a phone number in international form."""
    return cell.strip().startswith(("+", "00")) and bool(_LONG_NUMBER.fullmatch(cell.strip()))


def looks_like_value(cell: str) -> bool:
    """Tell whether a cell is rather a value than the name of a column."""
    text = cell.strip()
    return looks_like_email(text) or looks_like_serial(text) or bool(_LONG_NUMBER.fullmatch(text))


def are_generated(headers: Sequence[str]) -> bool:
    """Tell whether the names were made by the reader, for a file without a header."""
    return all(map(_GENERATED.fullmatch, headers))
