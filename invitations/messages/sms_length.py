"""How long is an SMS, in characters and segments, and how is a message made to fit into two? Pure.

3GPP TS 23.038: a text of the GSM alphabet has 7 bits a character (14 for those of its extension table), any other text
16 bits (UCS-2, a character beyond the basic plane counts twice). One segment holds 140 bytes; several lose 6 each to a
header.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"
UNITS = {**dict.fromkeys(BASIC, 1), **dict.fromkeys(EXTENSION, 2)}
GSM_7, UCS_2 = "GSM-7", "UCS-2"
# Units in a message of one segment, and in each of several.
ROOM = {GSM_7: (160, 153), UCS_2: (70, 67)}
AT_MOST = 2  # segments of an invitation
# What NFKD does not take apart.
SPELLED = str.maketrans(
    dict.fromkeys("‘’‚‛′`´", "'")
    | dict.fromkeys("“”„‟″«»", '"')
    | dict.fromkeys("‐‑‒–—―−", "-")
    | {"…": "...", "\u00a0": " ", "\u200b": "", "\u200d": "", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i"}
    | {"ħ": "h", "Ħ": "H", "œ": "oe", "Œ": "OE", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ẞ": "SS"}
)
# Names that may be cut, the least needed first, and to how many characters, in turn.
CUT = ("sender_name", "device_name", "organisation", "user_name")
CUT_TO = (40, 24, 16, 8)
KEPT = ("link", "one_time_password")


@dataclass(frozen=True)
class Length:
    """How long a text is as an SMS; `units` are septets (GSM-7) or 16-bit units (UCS-2)."""

    encoding: str
    units: int
    segments: int


def length_of(text: str) -> Length:
    """Return the length of a text as an SMS. The empty text has one unit less than one, and one segment."""
    try:
        sizes = [UNITS[character] for character in text]
    except KeyError:
        sizes = [1 if ord(character) < 0x10000 else 2 for character in text]
        return _length(UCS_2, sizes)
    return _length(GSM_7, sizes)


def _length(encoding: str, sizes: list[int]) -> Length:
    alone, each = ROOM[encoding]
    units = sum(sizes)
    if units <= alone:
        return Length(encoding, units, 1)
    segments, used = 1, 0
    for size in sizes:
        if used + size > each:  # a character of two units is not split
            segments, used = segments + 1, 0
        used += size
    return Length(encoding, units, segments)


def fits(text: str) -> bool:
    """Tell whether a text fits into the segments of an invitation."""
    return length_of(text).segments <= AT_MOST


def foreign_characters(text: str) -> list[str]:
    """Return the characters of a text that the GSM alphabet lacks, each once, in order."""
    return [character for character in dict.fromkeys(text) if character not in UNITS]


def transliterated(text: str) -> str:
    """Return a text in the GSM alphabet where its characters have a likeness there; others stay."""
    return "".join(_likeness(character) for character in text.translate(SPELLED))


def _likeness(character: str) -> str:
    if character in UNITS:
        return character
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
    return plain if plain and all(part in UNITS for part in plain) else character


def fitted(values: Mapping[str, Any], render: Callable[[Mapping[str, Any]], str]) -> str | None:
    """Return the text of an SMS that fits: as it is; else in the GSM alphabet; else with the names cut, step by step.

    Args:
        values: of the variables. Names are cut; the link and the password never are.
        render: makes the text of values.

    Returns:
        None when it doesn't fit at all.
    """
    text = render(values)
    if fits(text):
        return text
    kept = [str(values[name]) for name in KEPT if values[name]]
    for candidate in _shortened(values):
        text = _transliterated_but(render(candidate), kept)
        if fits(text):
            return text
    return None


def _shortened(values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield values with less and less of the names; in the end without those that the GSM alphabet can't write."""
    yield values
    for size in CUT_TO:
        for name in CUT:
            values = {**values, name: _cut(str(values[name]), size)}
            yield values
    stand_ins = {
        "user_name": "",
        "device_name": values["serial_number"],
        "organisation": str(values["portal"]).partition("://")[2],
    }
    stand_ins["sender_name"] = stand_ins["organisation"]
    foreign = {name for name in CUT if length_of(transliterated(str(values[name]))).encoding == UCS_2}
    yield {**values, **{name: stand_ins[name] for name in foreign}}


def _cut(name: str, size: int) -> str:
    if len(name) <= size:
        return name
    words = name[: size + 1].rpartition(" ")[0]
    return words.rstrip() or name[:size]


def _transliterated_but(text: str, kept: list[str]) -> str:
    """Transliterate a text, but for the parts that only work as they are: the link and the password."""
    if not kept:
        return transliterated(text)
    pieces = re.split("(" + "|".join(map(re.escape, kept)) + ")", text)
    return "".join(piece if place % 2 else transliterated(piece) for place, piece in enumerate(pieces))
