"""THE CSV CONTRACT: which columns are there, and what may one cell of each hold? Free of models.

contract: the columns as data. The rules for one cell: cells; serial_numbers, contacts and assigned_names where they are
more than a line or two.
"""

from .contract import BAD_ROW_HEADERS, BY_FIELD, COLUMNS, STATUS_HEADER, Column, sample_rows

__all__ = ["BAD_ROW_HEADERS", "BY_FIELD", "COLUMNS", "STATUS_HEADER", "Column", "sample_rows"]
