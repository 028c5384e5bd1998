"""Which rows does an uploaded file hold? Bytes in, (line, cells) out; free of models.

The check, the pages of the wizard and the command call this. `detect` finds how a file is to be read, `TableReader`
reads it, `preview` shows how it begins under any format that people choose.
"""

from .detect import detect
from .file_format import DELIMITERS, ENCODINGS, FileFormat, Limits
from .file_problems import FileProblem, UnreadableFileError
from .sheet_cells import DateCell, ErrorCell, FormulaCell, NumberCell
from .table import Preview, TableReader, preview

__all__ = [
    "DELIMITERS",
    "ENCODINGS",
    "DateCell",
    "ErrorCell",
    "FileFormat",
    "FileProblem",
    "FormulaCell",
    "Limits",
    "NumberCell",
    "Preview",
    "TableReader",
    "UnreadableFileError",
    "detect",
    "preview",
]
