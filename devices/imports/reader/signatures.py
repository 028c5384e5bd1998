"""What is a file that is no table?

Many programs' files are known by their first bytes, whatever the name says. Called by `detect`.
"""

from pathlib import Path

from django.utils.translation import gettext as _

from .file_format import open_upload
from .file_problems import FileProblem, UnreadableFileError

# Source: https://en.wikipedia.org/wiki/List_of_file_signatures
_SIGNATURES: tuple[tuple[bytes, FileProblem], ...] = (
    (b"%PDF-", FileProblem.PDF),
    (b"\x89PNG\r\n\x1a\n", FileProblem.IMAGE),
    (b"\xff\xd8\xff", FileProblem.IMAGE),
    (b"GIF87a", FileProblem.IMAGE),
    (b"GIF89a", FileProblem.IMAGE),
    (b"II*\0", FileProblem.IMAGE),
    (b"MM\0*", FileProblem.IMAGE),
    (b"\x1f\x8b", FileProblem.ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", FileProblem.ARCHIVE),
    (b"Rar!\x1a\x07", FileProblem.ARCHIVE),
    (b"BZh", FileProblem.ARCHIVE),
    (b"\xfd7zXZ\0", FileProblem.ARCHIVE),
    (b"\x28\xb5\x2f\xfd", FileProblem.ARCHIVE),
)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP = ("<!doctype", "<html", "<?xml", "<head", "<meta", "<style", "<table", "<body", "<!--")


def is_zip(head: bytes) -> bool:
    """Tell whether a file is a ZIP archive, as XLSX files are."""
    return head.startswith(_ZIP)


def document_problem(head: bytes, path: Path) -> FileProblem | None:
    """Return what a file is by its first bytes; None when it may be text.

    Args:
        head: the first bytes, at least 1,024 where there are as many.
        path: the file, for formats that say elsewhere what they hold.
    """
    if head.startswith(_COMPOUND_FILE):
        return _compound_problem(path)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return FileProblem.IMAGE
    if b"%PDF-" in head[:1024] and not head[:1024].isascii():
        return FileProblem.PDF  # PDF readers accept other bytes in front
    return next((problem for signature, problem in _SIGNATURES if head.startswith(signature)), None)


def markup_problem(text: str) -> UnreadableFileError | None:
    """Return the error for a file that is text, but for programs: a web page, XML, JSON or RTF.

    Args:
        text: how the file begins.
    """
    begin = text.lstrip()[:200].lower()
    if begin.startswith(_MARKUP):
        return UnreadableFileError(FileProblem.WEB_PAGE)
    if begin.startswith("{\\rtf"):
        return UnreadableFileError(FileProblem.OTHER_TEXT, detail=_("a document (RTF)"))
    if begin.startswith(("{", "[")) and begin[1:].lstrip().startswith(('"', "{", "[", "}", "]")):
        return UnreadableFileError(FileProblem.OTHER_TEXT, detail=_("data for programs (JSON)"))
    return None


def _compound_problem(path: Path) -> FileProblem:
    """Tell encrypted XLSX files from old XLS and Word files by the names of the streams inside (UTF-16).

    Source: [MS-CFB], [MS-OFFCRYPTO] 2.3.4 (streams EncryptionInfo and EncryptedPackage).
    """
    encrypted, word = "EncryptedPackage".encode("utf-16-le"), "WordDocument".encode("utf-16-le")
    before = b""
    is_word = False
    with open_upload(path) as file:
        while chunk := file.read(1 << 20):
            if encrypted in before + chunk:
                return FileProblem.ENCRYPTED
            is_word = is_word or word in before + chunk
            before = chunk[-len(encrypted) :]
    return FileProblem.OTHER_DOCUMENT if is_word else FileProblem.OLD_EXCEL
