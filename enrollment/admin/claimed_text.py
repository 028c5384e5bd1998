"""How is a text shown that anybody may have sent? As it is; what can't be seen in it is named. Used by pages."""

import unicodedata
from typing import Any


def word_of(words: Any, value: str) -> str:
    """Return what a word of a request means; what is no such word, as it was sent."""
    return str(words(value).label) if value in words.values else value


def plain(text: str) -> str:
    """Return a text for a heading: characters that can't be seen, and could turn it round, are marked."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def odd_characters(text: str) -> list[str]:
    """Return the names of characters that can't be seen, or that look like others, each once."""
    odd = dict.fromkeys(sign for sign in text if not " " <= sign <= "~")
    return [f"U+{ord(sign):04X} {unicodedata.name(sign, '')}".strip() for sign in odd]
