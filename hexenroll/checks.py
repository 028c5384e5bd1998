"""Can hexenroll work with these settings? The system checks hexenroll.E..., run by manage.py commands.

E001 unknown HEXENROLL_* variable, E002 impossible value, E003 unreadable NAME_FILE, E004 unusable data
folder, E005 unusable key file.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register
def check_settings_are_known(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return E001 for each HEXENROLL_* variable that no setting reads: a misspelling would be ignored."""
    known = [name for name in settings.KNOWN_SETTINGS if name.startswith("HEXENROLL_")]
    found: list[CheckMessage] = []
    for name in settings.UNKNOWN_SETTINGS:
        close = get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"The known ones are: {', '.join(known)}."
        found.append(Error(f"{name} is no setting of hexenroll.", hint=hint, id="hexenroll.E001"))
    return found


@register
def check_settings_are_possible(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return what reading the environment found wrong."""
    return [Error(problem.message, hint=problem.hint, id=problem.id) for problem in settings.SETTINGS_PROBLEMS]
