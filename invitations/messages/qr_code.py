"""How does a link look as a QR code? A PNG for the mail, another one for each invitation; asked by compose.py.

segno takes 3 ms for one. But with version, level and mask fixed a QR code is linear over GF(2): a bit of the text that
flips always flips the same modules. So the image of a link is the image of a base link XOR what each character of the
token changes. That table is made by segno, once in a process, when there are links enough to repay it.
"""

import logging
import secrets
import struct
import zlib
from string import ascii_letters, digits

import segno

from invitations.link_token import LENGTH

logger = logging.getLogger(__name__)

SCALE = 5  # pixels a module; 45 modules make 225 pixels, sharp at 180 points on a screen with two pixels a point
QUIET_ZONE = 4  # modules, as ISO/IEC 18004 asks for
ALPHABET = ascii_letters + digits + "-_"  # of a token: base64url
BASE = "A"
PAYS_AFTER = 100  # links; the table costs as much as 150 images by segno
PREFIXES = 4  # tables of 4 MB each; a portal has one address, tests have several


def png(link: str) -> bytes:
    """Return the QR code of a link as a PNG, black on white, with its quiet zone.

    Args:
        link: ends with a token of 43 characters.
    """
    prefix, token = link[:-LENGTH], link[-LENGTH:]
    table = _table_for(prefix)
    if table is not None and token.isascii():
        image = table.image_of(token)
        if image is not None:
            return _png(image, table.modules)
    image, modules = _segno_image(link)
    return _png(image, modules)


class Table:
    """What each character of the token changes in the image of `prefix` + token.

    An image is an int: rows of modules from the top, each module SCALE bits wide, rows padded to whole bytes, 1 white.
    """

    def __init__(self, prefix: str) -> None:
        self.base, self.modules = _segno_image(prefix + BASE * LENGTH)
        self.changes = [self._changes_at(prefix, place) for place in range(LENGTH)]

    def image_of(self, token: str) -> int | None:
        """Return the image of a token; None where it is no token."""
        image = self.base
        try:
            for changes, character in zip(self.changes, token, strict=True):
                image ^= changes[character]
        except (KeyError, ValueError):
            return None
        return image

    def _changes_at(self, prefix: str, place: int) -> dict[str, int]:
        flips = {}
        for bit in (1, 2, 4, 8, 16, 32, 64):
            token = BASE * place + chr(ord(BASE) ^ bit) + BASE * (LENGTH - place - 1)
            flips[bit] = self.base ^ _segno_image(prefix + token)[0]
        changes = {}
        for character in ALPHABET:
            changed = ord(character) ^ ord(BASE)
            changes[character] = 0
            for bit, flip in flips.items():
                if changed & bit:
                    changes[character] ^= flip
        return changes


_tables: dict[str, Table | None] = {}
_seen: dict[str, int] = {}


def _table_for(prefix: str) -> Table | None:
    """Return the table of a prefix, made when it pays; None: it doesn't yet, or segno does not agree with it."""
    if prefix in _tables:
        return _tables[prefix]
    if len(_seen) > PREFIXES:
        _seen.clear()
    _seen[prefix] = _seen.get(prefix, 0) + 1
    if _seen[prefix] <= PAYS_AFTER:
        return None
    if len(_tables) >= PREFIXES:
        _tables.clear()
    table = Table(prefix)
    probe = "".join(secrets.choice(ALPHABET) for _place in range(LENGTH))
    agrees = table.image_of(probe) == _segno_image(prefix + probe)[0]
    if not agrees:
        logger.error("The table of QR codes for %s disagrees with segno, which draws each of them now.", prefix)
    _tables[prefix] = table if agrees else None
    return _tables[prefix]


def _segno_image(text: str) -> tuple[int, int]:
    """Return the image and its width in modules, quiet zone included.

    Mask and level are fixed (segno raises the level where there is room), else the code would not be linear.
    """
    matrix = segno.make_qr(text, error="m", mode="byte", encoding="utf-8", mask=3, boost_error=False).matrix
    modules = len(matrix) + 2 * QUIET_ZONE
    padding = "1" * (_stride(modules) * 8 - modules * SCALE)
    margin = "1" * (QUIET_ZONE * SCALE)
    white_row = "1" * (_stride(modules) * 8)
    pixels = ("1" * SCALE, "0" * SCALE)
    rows = [f"{margin}{''.join(pixels[module] for module in row)}{margin}{padding}" for row in matrix]
    return int("".join([white_row] * QUIET_ZONE + rows + [white_row] * QUIET_ZONE), 2), modules


def _stride(modules: int) -> int:
    return (modules * SCALE + 7) // 8  # bytes a row


def _png(image: int, modules: int) -> bytes:
    """Write an image as a PNG with one bit a pixel: the first line of a row as it is, the others as "like above"."""
    stride = _stride(modules)
    pixels = image.to_bytes(stride * modules, "big")
    repeated = (b"\x02" + bytes(stride)) * (SCALE - 1)
    lines = b"".join(
        [b"\x00" + pixels[start : start + stride] + repeated for start in range(0, len(pixels), stride)],
    )
    size = modules * SCALE
    header = struct.pack(">IIBBBBB", size, size, 1, 0, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(lines, 1)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
