"""Files that can't be read as a table of devices: what each is, and the code of the answer."""

import gzip
from dataclasses import dataclass

from devices.imports.reader import FileProblem

from . import raw_workbooks as raw
from .tables import csv_text, xlsx

_HEADER = "Name,Serial number,Groups\n"
_ROW = "Ada,C02XK1ZZJGH5,x\n"
_SPREADSHEET_XML = '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'


@dataclass(frozen=True)
class BadFile:
    """A file that must be refused.

    Attributes:
        what: what it is.
        content: its bytes.
        problem: the code of the answer.
        line: the row number that the answer names.
        says: a part of the message.
    """

    what: str
    content: bytes
    problem: FileProblem
    line: int | None = None
    says: str = ""

    def __str__(self) -> str:
        return self.what


NOT_TABLES = [
    BadFile("empty", b"", FileProblem.EMPTY, says="Choose a file that has a header row"),
    BadFile("only a byte order mark", b"\xef\xbb\xbf", FileProblem.BLANK),
    BadFile("only blank lines", b"\r\n\r\n  \r\n,,,\r\n", FileProblem.BLANK, says="only blank lines"),
    BadFile("header only", _HEADER.encode(), FileProblem.HEADER_ONLY, says="no devices"),
    BadFile("header and blank lines", (_HEADER + "\n,,\n\n").encode(), FileProblem.HEADER_ONLY),
    BadFile("binary", bytes(range(256)) * 20, FileProblem.BINARY, says="Save the table as CSV or XLSX"),
    BadFile("binary without NUL", b"\x7fELF\x02\x01\x8f\x90\xff\xfe" * 50, FileProblem.BINARY),
    BadFile("control characters", b"\x01\x02\x03\x04,\x05\x06\n" * 9, FileProblem.BINARY),
    BadFile("bytes that Windows-1252 lacks", b"Name,Serial\nJ\x9drg,C02\x81\n", FileProblem.BINARY),
    BadFile("PDF renamed", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", FileProblem.PDF, says="is a PDF"),
    BadFile("PDF after other bytes", b"\xef\xbb\xbf\r\n%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", FileProblem.PDF),
    BadFile("PNG", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", FileProblem.IMAGE, says="picture"),
    BadFile("JPEG", b"\xff\xd8\xff\xe0\0\x10JFIF", FileProblem.IMAGE),
    BadFile("gzip", gzip.compress(csv_text().encode()), FileProblem.ARCHIVE, says="Unpack it"),
    BadFile("ZIP of a CSV", raw.packed({"devices.csv": csv_text()}), FileProblem.ARCHIVE),
    BadFile("empty ZIP", raw.packed({}), FileProblem.ARCHIVE),
    BadFile(
        "Word document",
        raw.packed({"[Content_Types].xml": "<Types/>", "word/document.xml": "<document/>"}),
        FileProblem.OTHER_DOCUMENT,
        says="another program",
    ),
    BadFile(
        "OpenDocument spreadsheet",
        raw.packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}),
        FileProblem.OTHER_DOCUMENT,
    ),
    BadFile("old Excel", raw.compound_file("Root Entry", "Workbook"), FileProblem.OLD_EXCEL, says=".xls"),
    BadFile("old Word", raw.compound_file("Root Entry", "WordDocument"), FileProblem.OTHER_DOCUMENT),
    BadFile(
        "encrypted XLSX",
        raw.compound_file("Root Entry", "EncryptionInfo", "EncryptedPackage"),
        FileProblem.ENCRYPTED,
        says="Remove the password",
    ),
    BadFile("HTML saved as XLS", b"\r\n<html><table><tr><td>Name</td></tr></table>", FileProblem.WEB_PAGE),
    BadFile("HTML in UTF-16", "<!DOCTYPE html>\n<html>".encode("utf-16"), FileProblem.WEB_PAGE),
    BadFile("XML spreadsheet", _SPREADSHEET_XML.encode(), FileProblem.WEB_PAGE, says="Open it in a spreadsheet"),
    BadFile("JSON", b'[{"name": "Ada"},\n {"name": "Alan"}]', FileProblem.OTHER_TEXT, says="JSON"),
    BadFile("RTF", b"{\\rtf1\\ansi Name\\par}", FileProblem.OTHER_TEXT, says="RTF"),
    BadFile("UTF-32", csv_text().encode("utf-32"), FileProblem.OTHER_TEXT, says="UTF-32"),
]
DAMAGED_TEXTS = [
    BadFile(
        "NUL bytes",
        (_HEADER + _ROW * 3 + "A\0da,C02XK1ZZJGH6,\n" + _ROW).encode(),
        FileProblem.NUL_BYTE,
        line=5,
        says="Line 5 holds a NUL character",
    ),
    BadFile(
        "mixed delimiters",
        b"Name,Email,Serial number\nAda,a@example.com,C02\nAlan;b@example.com;C03\n",
        FileProblem.MIXED_DELIMITERS,
        line=3,
        says="divided by comma, but line 3 by semicolon",
    ),
    BadFile("table with binary data behind it", csv_text().encode() + bytes(range(256)), FileProblem.BINARY),
    BadFile("UTF-8 cut inside a character", "Name,Serial\nZoë,C02\nJö".encode()[:-1], FileProblem.TRUNCATED),
    BadFile("UTF-16 cut inside a character", csv_text().encode("utf-16")[:-1], FileProblem.TRUNCATED, line=3),
]
DAMAGED_WORKBOOKS = [
    BadFile("XLSX cut off half-way", xlsx()[:2000], FileProblem.TRUNCATED, says="Upload it again"),
    BadFile("XLSX without its end", xlsx()[:-30], FileProblem.TRUNCATED),
    BadFile("XLSX with broken XML", raw.packed(raw.parts("<worksheet><sheetData><row")), FileProblem.BROKEN_WORKBOOK),
    BadFile("XLSX with an empty sheet part", raw.packed(raw.parts(" ")), FileProblem.BROKEN_WORKBOOK),
    BadFile(
        "XLSX with a document type",
        raw.packed(raw.parts('<!DOCTYPE worksheet [<!ENTITY a "b">]>' + raw.sheet_xml(raw.TABLE)[21:])),
        FileProblem.BROKEN_WORKBOOK,
    ),
    BadFile(
        "XLSX with a string number out of range",
        raw.packed(raw.parts(raw.sheet_xml('<row><c t="s"><v>7</v></c></row>'), strings="<si><t>a</t></si>")),
        FileProblem.BROKEN_WORKBOOK,
    ),
    BadFile(
        "XLSX with a negative string number",
        raw.packed(raw.parts(raw.sheet_xml('<row><c t="s"><v>-1</v></c></row>'), strings="<si><t>a</t></si>")),
        FileProblem.BROKEN_WORKBOOK,
    ),
    BadFile(
        "XLSX nested without end",
        raw.packed(raw.parts(raw.sheet_xml("<row>" + "<c>" * 100_000))),
        FileProblem.BROKEN_WORKBOOK,
    ),
    BadFile(
        "XLSX with a tag without end",
        raw.packed(raw.parts(raw.sheet_xml('<row r="' + "1" * (5 << 20)))),
        FileProblem.BROKEN_WORKBOOK,
    ),
    BadFile(
        "XLSX without sheets",
        raw.packed(raw.parts(workbook="<workbook><sheets/></workbook>")),
        FileProblem.NO_SHEETS,
        says="no sheet",
    ),
    BadFile("XLSX with an empty sheet", xlsx(("Devices", [])), FileProblem.BLANK),
    BadFile("XLSX with a header only", xlsx(("Devices", [["Name"]]), ("Other", [])), FileProblem.HEADER_ONLY),
    BadFile("XLSX with encrypted parts", raw.encrypted_member(), FileProblem.ENCRYPTED),
    BadFile("zip bomb", raw.zip_bomb(60), FileProblem.UNPACKS_TOO_LARGE, says="HEXENROLL_IMPORT_MAX_XLSX_BYTES"),
]
BAD_FILES = NOT_TABLES + DAMAGED_TEXTS + DAMAGED_WORKBOOKS
