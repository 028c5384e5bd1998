"""Who took which rows away as a file? Told to the audit log by every page that hands one out."""

from typing import Final

from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from .changes import WORDS, Action, announce

EXPORTED: Final = "exported"
WORDS[EXPORTED] = _("Taken away as a file")
LONGEST: Final = 2_000  # characters of what was asked for


def tell(request: HttpRequest, model: type[Model], count: int, which: str = "") -> None:
    """Tell that somebody is handed a file; nothing where it has no rows.

    Args:
        request: whose address has the filters.
        model: what a row is about.
        count: how many rows.
        which: of several files about the same; "": there is one.
    """
    asked = " ".join(text for text in (which, request.GET.urlencode()) if text)
    announce(model, Action.READ, EXPORTED, count=count, asked=asked[:LONGEST])
