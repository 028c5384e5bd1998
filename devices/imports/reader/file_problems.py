"""Why can a whole file not be read, and what does the administrator do about it?

Raised by the reader's modules, shown on the upload page, by the command and in a failed batch. Free of models.
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class FileProblem(TextChoices):
    """Codes of unreadable files; each label is a message with the places of `UnreadableFileError`."""

    EMPTY = "empty", _("The file is empty. Choose a file that has a header row and a line for each device.")
    BLANK = "blank", _("The file has only blank lines. Choose a file that has a header row and a line for each device.")
    HEADER_ONLY = (
        "header_only",
        _("The file has a header row but no devices. Add a line for each device, then upload it again."),
    )
    BINARY = (
        "binary",
        _("The file is not a table: it holds data that is not text. Save the table as CSV or XLSX and upload that."),
    )
    PDF = "pdf", _("The file is a PDF, whatever its name says. Save the table that it came from as CSV or XLSX.")
    IMAGE = "image", _("The file is a picture, whatever its name says. Save the table as CSV or XLSX.")
    ARCHIVE = "archive", _("The file is a compressed archive. Unpack it, then upload the CSV or XLSX file inside.")
    OTHER_DOCUMENT = (
        "other_document",
        _("The file is a document of another program, not an XLSX workbook. Save the table as CSV or XLSX."),
    )
    OLD_EXCEL = (
        "old_excel",
        _("The file is a workbook of the old Excel format (.xls). Open it in Excel and save it as XLSX or CSV."),
    )
    ENCRYPTED = (
        "encrypted",
        _("The file is protected by a password. Remove the password in the program it came from, then save it again."),
    )
    WEB_PAGE = (
        "web_page",
        _(
            "The file is a web page or XML, whatever its name says. "
            "Open it in a spreadsheet and save it as XLSX or CSV."
        ),
    )
    OTHER_TEXT = (
        "other_text",
        _("The file is %(detail)s, not a table. Save the table as CSV or XLSX."),
    )
    NUL_BYTE = (
        "nul_byte",
        _("Line %(line)s holds a NUL character, which no text has. Save the file again, or remove the character."),
    )
    UNCLOSED_QUOTE = (
        "unclosed_quote",
        _(
            'A quotation mark (") that opens on line %(line)s is never closed. '
            "Close it, or write it twice if it is part of the value."
        ),
    )
    STRAY_QUOTE = (
        "stray_quote",
        _(
            'On the line that begins as line %(line)s, text follows a closing quotation mark ("). '
            "Write quotation marks inside a value twice, and put the whole value in quotation marks."
        ),
    )
    MIXED_DELIMITERS = (
        "mixed_delimiters",
        _(
            "The header is divided by %(detail)s, but line %(line)s by %(other)s. "
            "Use the same delimiter in the whole file, then upload it again."
        ),
    )
    TOO_LARGE = (
        "too_large",
        _(
            "The file has %(found)s bytes; at most %(limit)s are allowed. "
            "Divide it into several files, or raise the setting %(setting)s."
        ),
    )
    TOO_MANY_ROWS = (
        "too_many_rows",
        _("The file has more than %(limit)s lines. Divide it into several files, or raise the setting %(setting)s."),
    )
    TOO_MANY_COLUMNS = (
        "too_many_columns",
        _(
            "Line %(line)s has %(found)s columns; at most %(limit)s are allowed. "
            "Remove columns that aren't needed, or raise the setting %(setting)s."
        ),
    )
    CELL_TOO_LONG = (
        "cell_too_long",
        _(
            "Line %(line)s has a value of more than %(limit)s characters. Shorten it, look for a quotation mark "
            "that is never closed, or raise the setting %(setting)s."
        ),
    )
    UNPACKS_TOO_LARGE = (
        "unpacks_too_large",
        _(
            "The workbook unpacks to more than %(limit)s bytes, or is packed like a file made to do harm. "
            "Save the sheet as CSV, or raise the setting %(setting)s."
        ),
    )
    NO_SHEETS = "no_sheets", _("The workbook has no sheet with cells. Save the table as XLSX or CSV again.")
    NO_SUCH_SHEET = (
        "no_such_sheet",
        _("The workbook has no sheet “%(detail)s”. Choose one of: %(other)s."),
    )
    BROKEN_WORKBOOK = (
        "broken_workbook",
        _("The workbook is damaged and can't be read. Open it in a spreadsheet, save it again, and upload that."),
    )
    NOT_A_WORKBOOK = "not_a_workbook", _("The file is not an XLSX workbook. Choose CSV as its format.")
    TRUNCATED = "truncated", _("The file is cut off: its end is missing. Upload it again, or save it again.")
    MISSING = "missing", _("The uploaded file is no longer there. Upload it again.")
    CANNOT_READ = "cannot_read", _("The server can't read the uploaded file (%(detail)s). Upload it again.")
    DISK_FULL = (
        "disk_full",
        _("The server has no room to unpack the workbook. Free space on its disk, or upload the sheet as CSV."),
    )
    UNKNOWN_ENCODING = (
        "unknown_encoding",
        _("The character encoding “%(detail)s” is not known. Choose one of: %(other)s."),
    )
    WRONG_ENCODING = (
        "wrong_encoding",
        _("Line %(line)s is not text in the encoding %(detail)s. Choose the encoding in which the file was saved."),
    )
    WRONG_DELIMITER = (
        "wrong_delimiter",
        _("“%(detail)s” can't divide columns. Choose comma, semicolon, tab, pipe or another single sign."),
    )


class UnreadableFileError(Exception):
    """The file as a whole can't be read.

    Attributes:
        code: a `FileProblem`, as text.
        message: what is wrong and what to do, in the language of the moment when it is read.
        line: row number as a spreadsheet shows it, where there is one.
    """

    def __init__(self, problem: FileProblem, *, line: int | None = None, **places: object) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.code: str = problem.value
        self.line = line
        self._places = {"line": line, **places}

    @property
    def message(self) -> str:
        return str(self.problem.label) % self._places

    def __str__(self) -> str:
        return self.message
