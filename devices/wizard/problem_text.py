"""How does a problem of a file read on a page? Asked by the check and the review."""

from devices.imports.problems import message
from devices.models import ImportProblem

# First strong isolate and its end: a value that changes the writing direction changes it for itself alone.
ISOLATED = "\u2068%s\u2069"


def problem_text(problem: ImportProblem) -> str:
    """Return the message of a problem; what comes from the file can't turn the sentence around."""
    parts = {"column": problem.column, "value": problem.value, "detail": problem.detail}
    return message(problem.code, **{name: text if text.isascii() else ISOLATED % text for name, text in parts.items()})
