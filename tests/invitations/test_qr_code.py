"""Does the QR code of a mail lead to the link, whoever reads it?"""

import io
import logging
from collections.abc import Iterator

import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from invitations.messages import qr_code
from invitations.messages.qr_code import ALPHABET, PAYS_AFTER, QUIET_ZONE, SCALE, Table, png

pytestmark = pytest.mark.once
PREFIXES = (
    "http://a/i/",
    "https://enroll.contoso.com/i/",
    "https://enrollment.a-long-name.example.com:8443/i/" + "x" * 90,
)
TABLES = {prefix: Table(prefix) for prefix in PREFIXES[:2]}
TOKENS = st.text(alphabet=ALPHABET, min_size=43, max_size=43)


@pytest.fixture(autouse=True)
def no_tables() -> Iterator[None]:
    qr_code._tables.clear()
    qr_code._seen.clear()
    yield
    qr_code._tables.clear()
    qr_code._seen.clear()


def read(data: bytes) -> str:
    """Return what a reader of QR codes sees in a PNG."""
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(data)).convert("L"))
    assert len(found) == 1
    return str(found[0].text)


def modules(data: bytes) -> list[list[int]]:
    """Return the modules of a PNG, 1 dark, read from the middle of each; its margin is white and left out."""
    image = Image.open(io.BytesIO(data))
    size = image.width // SCALE
    assert image.size == (size * SCALE, size * SCALE)
    middle = SCALE // 2
    rows = [
        [0 if image.getpixel((x * SCALE + middle, y * SCALE + middle)) else 1 for x in range(size)] for y in range(size)
    ]
    inside = range(QUIET_ZONE, size - QUIET_ZONE)
    assert not any(rows[y][x] for y in range(size) for x in range(size) if y not in inside or x not in inside)
    return [[rows[y][x] for x in inside] for y in inside]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_reader_of_qr_codes_reads_the_link(prefix: str) -> None:
    link = prefix + "AbC-_019" * 5 + "xyz"
    assert read(png(link)) == link


@pytest.mark.parametrize("prefix", PREFIXES[:2])
@given(token=TOKENS)
@settings(max_examples=40, deadline=None)
def test_the_table_draws_what_segno_draws(prefix: str, token: str) -> None:
    table = TABLES[prefix]
    image = table.image_of(token)
    assert image is not None
    drawn = modules(qr_code._png(image, table.modules))
    expected = segno.make_qr(prefix + token, error="m", mode="byte", encoding="utf-8", mask=3, boost_error=False).matrix
    assert drawn == [list(row) for row in expected]


@given(token=TOKENS)
@settings(max_examples=30, deadline=None)
def test_a_reader_reads_every_token_from_the_table(token: str) -> None:
    prefix = PREFIXES[1]
    table = TABLES[prefix]
    image = table.image_of(token)
    assert image is not None
    assert read(qr_code._png(image, table.modules)) == prefix + token


def test_the_table_is_made_when_it_pays_and_changes_nothing() -> None:
    prefix = PREFIXES[1]
    link = prefix + "q" * 43
    before = png(link)
    assert prefix not in qr_code._tables
    for _ in range(PAYS_AFTER):
        png(link)
    assert isinstance(qr_code._tables[prefix], Table)
    assert png(link) == before


def test_what_is_no_token_is_drawn_all_the_same() -> None:
    qr_code._tables[PREFIXES[1]] = TABLES[PREFIXES[1]]
    link = PREFIXES[1] + "ü" * 43
    assert read(png(link)) == link
    link = PREFIXES[1] + "?" * 43
    assert read(png(link)) == link


def test_a_table_that_disagrees_with_segno_is_not_used_and_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Table, "image_of", lambda self, token: self.base)
    link = PREFIXES[0] + "q" * 43
    with caplog.at_level(logging.ERROR):
        for _ in range(PAYS_AFTER + 2):
            data = png(link)
    assert read(data) == link
    assert "disagrees with segno" in caplog.text
