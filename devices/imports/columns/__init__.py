"""THE CSV CONTRACT: which columns are there, and what may one cell of each hold? Free of models.

contract: the columns as data. The rules for one cell: cells, and serial_numbers and contacts for those that need more.
"""

from .contract import BY_FIELD, COLUMNS, Column, sample_rows

__all__ = ["BY_FIELD", "COLUMNS", "Column", "sample_rows"]
