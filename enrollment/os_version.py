"""Which of two versions of an operating system is the newer one? Pure."""

import re

LONGEST = 64
_NUMBER = re.compile(r"[0-9]{1,9}")
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,4}")


def parsed(text: str) -> tuple[int, ...]:
    """Return the numbers of a version, `10.15.7` as (10, 15, 7); () for one that begins with no number.

    What follows the numbers (`-beta`, ` (21A559)`) doesn't count, trailing zeros neither: 14 and 14.0 are the same.
    """
    numbers: list[int] = []
    for part in text.strip()[:LONGEST].split("."):
        match = _NUMBER.match(part)
        if match is None:
            break
        numbers.append(int(match[0]))
        if match.end() != len(part):
            break
    while numbers and not numbers[-1]:
        numbers.pop()
    if not numbers and _NUMBER.match(text.strip()):
        return (0,)
    return tuple(numbers)


def is_at_least(version: str, lowest: str) -> bool:
    """Tell whether a version is `lowest` or newer; one that can't be read is not."""
    found = parsed(version)
    return bool(found) and found >= parsed(lowest)


def is_version(text: str) -> bool:
    """Tell whether a text is nothing but a version: numbers with dots between them, such as 14 or 10.15.7."""
    return len(text) <= LONGEST and _VERSION.fullmatch(text) is not None
