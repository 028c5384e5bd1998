"""What did the provider say, fit to be shown to an administrator? One line, without the message's secrets."""

import re
from collections.abc import Iterable

LONGEST = 200  # characters


def said(words: bytes | str, secrets: Iterable[str] = ()) -> str:
    """Return a provider's words as one line of at most 200 characters, without control characters.

    Args:
        words: as they came; bytes are read as UTF-8.
        secrets: left out where the provider repeats them, as some do with a message that they refuse.
    """
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    for secret in secrets:
        if secret:
            text = text.replace(secret, "…")
    text = re.sub(r"\s+", " ", "".join(letter if letter.isprintable() else " " for letter in text)).strip()
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def without_addresses(text: str) -> str:
    """Return a provider's words without e-mail addresses and links: `corporate.example` says nothing about a rate."""
    return re.sub(r"<[^<>]*>|\S*(?:@|://)\S*", " ", text)
