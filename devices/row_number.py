"""Is this text the number of a row? Asked wherever an address, a form or a file names one."""

LONGEST = 18  # digits: a database's 64 bits hold each of these numbers


def is_row_number(text: str) -> bool:
    """Tell whether a text is a whole number that can be asked of the database."""
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST
