"""Workbooks written by hand, part by part, for what no well-behaved program writes."""

import struct
import zipfile
from collections.abc import Mapping
from io import BytesIO

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"


def sheet_xml(data: str) -> str:
    """Return a sheet whose `sheetData` holds `data`."""
    return f'<?xml version="1.0"?><worksheet xmlns="{_MAIN}"><sheetData>{data}</sheetData></worksheet>'


def row_xml(number: int, *values: str) -> str:
    """Return a row of texts, each in its cell."""
    cells = "".join(f'<c t="inlineStr"><is><t>{value}</t></is></c>' for value in values)
    return f'<row r="{number}">{cells}</row>'


TABLE = row_xml(1, "Name", "Serial number") + row_xml(2, "Ada", "C02XK1ZZJGH5")


def parts(sheet: str = sheet_xml(TABLE), **changes: str | None) -> dict[str, str]:
    """Return the parts of a workbook with one sheet; `strings`, `styles` and `workbook` replace or add one."""
    sheets = '<sheets><sheet name="Devices" sheetId="1" r:id="rId1"/></sheets>'
    workbook = changes.get("workbook") or f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{sheets}</workbook>'
    found = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": _relations(("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": workbook,
        "xl/_rels/workbook.xml.rels": _relations(
            ("rId1", "worksheet", "worksheets/sheet1.xml"),
            ("rId2", "sharedStrings", "/xl/sharedStrings.xml"),
            ("rId3", "styles", "styles.xml"),
        ),
        SHEET: sheet,
    }
    if strings := changes.get("strings"):
        found[STRINGS] = f'<sst xmlns="{_MAIN}">{strings}</sst>'
    if styles := changes.get("styles"):
        found["xl/styles.xml"] = f'<styleSheet xmlns="{_MAIN}">{styles}</styleSheet>'
    return found


def _relations(*relations: tuple[str, str, str]) -> str:
    items = "".join(
        f'<Relationship Id="{id_}" Type="{_OFFICE}/{kind}" Target="{target}"/>' for id_, kind, target in relations
    )
    return f'<Relationships xmlns="{_RELATIONS}">{items}</Relationships>'


def packed(members: Mapping[str, str | bytes]) -> bytes:
    """Return members as a ZIP archive."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def zip_bomb(megabytes: int) -> bytes:
    """Return a workbook whose sheet unpacks to many megabytes of empty rows."""
    filler = "<row/>" * (1024 * 1024 // 6)
    return packed(parts(sheet_xml(TABLE + filler * megabytes)))


def lying_zip_bomb(megabytes: int) -> bytes:
    """Return such a workbook whose directory declares that every part is small."""
    content = bytearray(zip_bomb(megabytes))
    with zipfile.ZipFile(BytesIO(bytes(content))) as archive:
        start = archive.start_dir
    while content[start : start + 4] == b"PK\x01\x02":
        struct.pack_into("<L", content, start + 24, 1000)
        name, extra, comment = struct.unpack_from("<HHH", content, start + 28)
        start += 46 + name + extra + comment
    return bytes(content)


def encrypted_member() -> bytes:
    """Return a workbook whose parts are marked as encrypted in the ZIP way."""
    content = bytearray(packed(parts()))
    with zipfile.ZipFile(BytesIO(bytes(content))) as archive:
        start = archive.start_dir
    while content[start : start + 4] == b"PK\x01\x02":
        content[start + 8] |= 1
        name, extra, comment = struct.unpack_from("<HHH", content, start + 28)
        start += 46 + name + extra + comment
    return bytes(content)


def compound_file(*streams: str) -> bytes:
    """Return the beginning of an OLE compound file with the names of its streams, as Office programs write them."""
    names = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in streams)
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + names + b"\xff" * 512
