"""Can what a device sent be read, stored and shown? A JSON object under bounds, and each of its fields. Pure.

What is wrong is collected by field, so that one answer says all of it. Fields that nobody asks for are ignored, so
that newer agents can talk to older portals. Used by enroll_request.py and checkin_request.py.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _

MAX_DEPTH = 5
MAX_HARDWARE_CHARACTERS = 20_000

# What PostgreSQL's jsonb takes in no text; other control characters it does.
UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

Errors = dict[str, list[str]]


class InvalidRequestError(ValueError):
    """The request can't be understood.

    Attributes:
        errors: what is wrong with each field, "" standing for the whole.
        status: of HTTP.
        said: texts that could be read nevertheless, by name; no credentials.
    """

    def __init__(
        self, errors: Errors, status: HTTPStatus = HTTPStatus.BAD_REQUEST, said: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(str(errors))
        self.errors, self.status, self.said = errors, status, said or {}


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that a body is.

    Raises:
        InvalidRequestError: it is none, or holds a number that is none (NaN, 1e400), which no database stores.
    """
    try:
        found = json.loads(body, parse_constant=_refuse_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError({"": [_("The body is not JSON: %(reason)s") % {"reason": error}]}) from error
    if not isinstance(found, dict):
        raise InvalidRequestError({"": [_("The body must be a JSON object.")]})
    return found


def text_of(value: object, length: int, name: str, errors: Errors) -> str:
    """Return a text of at most `length` characters, "" when it isn't there; what is wrong goes into `errors`."""
    if value is None:
        return ""
    if not isinstance(value, str):
        errors[name] = [_("This must be a text.")]
        return ""
    if len(value) > length:
        errors[name] = [_("This may have %(count)s characters.") % {"count": length}]
    elif not is_storable(value):
        errors[name] = [_("A character can't be stored: a control character, or half of a surrogate pair.")]
    return value


def choice_of(value: object, choices: list[str], name: str, errors: Errors) -> str:
    """Return one of the choices, "" when it isn't there; what is wrong goes into `errors`."""
    if value is None or value == "":
        return ""
    if not isinstance(value, str):
        errors[name] = [_("This must be a text.")]
        return ""
    if value not in choices:
        errors[name] = [_("This must be one of: %(names)s.") % {"names": ", ".join(choices)}]
    return value


def number_of(value: object, lowest: float, highest: float, name: str, errors: Errors) -> float | None:
    """Return a number between two others, None when it isn't there; what is wrong goes into `errors`."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
        limits = {"lowest": f"{lowest:g}", "highest": f"{highest:g}"}
        errors[name] = [_("This must be a number from %(lowest)s to %(highest)s.") % limits]
        return None
    return float(value)


def hardware_of(value: object, errors: Errors) -> dict[str, Any]:
    """Return what the device tells of its hardware; what is wrong with it goes into `errors`."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        errors["hardware"] = [_("This must be a JSON object.")]
        return {}
    # The depth first: what is nested deeper than the interpreter's own stack can't even be written.
    if _is_deeper(value, MAX_DEPTH):
        errors["hardware"] = [_("This is too large or too deep.")]
        return {}
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > MAX_HARDWARE_CHARACTERS:
        errors["hardware"] = [_("This is too large or too deep.")]
    elif any(UNSTORABLE.search(found) for found in _texts_in(value)):
        errors["hardware"] = [_("A character can't be stored: NUL, or half of a surrogate pair.")]
    return value


def short_text_of(hardware: dict[str, Any], name: str) -> str:
    """Return a text among what the device tells of its hardware, as a column of 100 characters holds it."""
    value = hardware.get(name, "")
    return value[:100] if isinstance(value, str) and is_storable(value) else ""


def is_storable(text: str) -> bool:
    """Tell whether both databases can hold a text, and a page can show it."""
    return UNPRINTABLE.search(text) is None


def printable(text: str) -> str:
    """Return a text without what can't be stored: of a header, which nobody is asked to send again."""
    return text if is_storable(text) else "".join(filter(is_storable, text))


def _is_deeper(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(item, levels - 1) for item in inner)


def _texts_in(value: object) -> Iterator[str]:
    """Return each text in a JSON value, names of fields among them; its depth is known to be bounded."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts_in(item)


def _refuse_number(name: str) -> None:
    raise ValueError(_("%(name)s is no number") % {"name": name})


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(_("%(name)s is no number") % {"name": text[:40]})
    return number
