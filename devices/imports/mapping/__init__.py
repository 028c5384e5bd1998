"""Which column fills which field? Free of models.

The check, the wizard and `manage.py import_devices` call this: `Mapping` is what is stored with a batch, `suggest`
makes one from headers, `from_arguments` from the command line.
"""

from .arguments import MappingError, from_arguments
from .field_mapping import Mapping, MappingCode, MappingProblem, own_columns, shown_header
from .headers import fingerprint
from .suggestion import Match, MatchReason, Suggestion, looks_like_data, suggest

__all__ = [
    "Mapping",
    "MappingCode",
    "MappingError",
    "MappingProblem",
    "Match",
    "MatchReason",
    "Suggestion",
    "fingerprint",
    "from_arguments",
    "looks_like_data",
    "own_columns",
    "shown_header",
    "suggest",
]
