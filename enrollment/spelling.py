"""How is a one-time password read aloud, character by character? Shown by invitation_page.py beside the password."""

import unicodedata
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

SIGNS: Final[dict[str, str | Promise]] = {
    " ": gettext_lazy("space"),
    "!": gettext_lazy("exclamation mark"),
    '"': gettext_lazy("quotation mark"),
    "#": gettext_lazy("number sign"),
    "$": gettext_lazy("dollar sign"),
    "%": gettext_lazy("percent sign"),
    "&": gettext_lazy("ampersand"),
    "'": gettext_lazy("apostrophe"),
    "(": gettext_lazy("opening bracket"),
    ")": gettext_lazy("closing bracket"),
    "*": gettext_lazy("asterisk"),
    "+": gettext_lazy("plus sign"),
    ",": gettext_lazy("comma"),
    "-": gettext_lazy("hyphen"),
    ".": gettext_lazy("full stop"),
    "/": gettext_lazy("slash"),
    ":": gettext_lazy("colon"),
    ";": gettext_lazy("semicolon"),
    "<": gettext_lazy("less-than sign"),
    "=": gettext_lazy("equals sign"),
    ">": gettext_lazy("greater-than sign"),
    "?": gettext_lazy("question mark"),
    "@": gettext_lazy("at sign"),
    "[": gettext_lazy("opening square bracket"),
    "\\": gettext_lazy("backslash"),
    "]": gettext_lazy("closing square bracket"),
    "^": gettext_lazy("caret"),
    "_": gettext_lazy("underscore"),
    "`": gettext_lazy("backtick"),
    "{": gettext_lazy("opening curly bracket"),
    "|": gettext_lazy("vertical bar"),
    "}": gettext_lazy("closing curly bracket"),
    "~": gettext_lazy("tilde"),
}


def spelled(text: str) -> list[str]:
    """Return each character of a password as it is said in the active language: `b`, `capital B`, `8`, `at sign`."""
    return [_aloud(character) for character in text]


def _aloud(character: str) -> str:
    if character in SIGNS:
        return str(SIGNS[character])
    if character.isupper():
        return _("capital %(letter)s") % {"letter": character}
    if character.isalnum():
        return character
    return unicodedata.name(character, character).lower()
