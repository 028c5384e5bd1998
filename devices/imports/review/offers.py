"""Which changes of values would mend many rows at once? Offered by the check page, taken one by one or all together."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Min, QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext as _

from devices.approval import excluded_platforms
from devices.models import ImportBatch, ImportProblem

from ..clean import VALUE_LENGTH, Fixes
from ..columns import BY_FIELD
from ..columns.cells import ChoiceWidget
from ..problems import ProblemCode
from ..steps import StepError, add_fix, start_check

SHOWN = 20
# Values of these are never replaced: a serial number is right or wrong, and nobody sees a password.
UNCHANGED = ("serial_number", "password")
# Their problems name one item of a list, not the cell.
LISTS = ("groups", "policies")


@dataclass(frozen=True)
class Offer:
    """One change of values in all rows.

    Attributes:
        code: the problem that it ends.
        field: of `columns.COLUMNS`.
        value: what stands in the file; for surrounding spaces one example of it.
        replacement: what is read in its place; empty: one of `choices` has to be chosen.
        rows: rows that have the problem.
        choices: values that are allowed, where nobody can tell which one is meant.
    """

    code: str
    field: str
    value: str
    replacement: str
    rows: int = 0
    choices: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return str(BY_FIELD[self.field].label)

    @property
    def is_trim(self) -> bool:
        return self.code == ProblemCode.SURROUNDING_SPACE

    @property
    def token(self) -> str:
        """The offer as a form sends it back; JSON, because a form changes line ends."""
        return json.dumps([self.code, self.field, self.value, self.replacement])

    def added_to(self, fixes: Fixes) -> Fixes:
        """Return `fixes` with this change."""
        return fixes.adding(self.code, self.field, self.value, self.replacement)

    @classmethod
    def from_token(cls, token: str, replacement: str = "") -> "Offer":
        """Read what a form sent; `replacement` is what was chosen.

        Raises:
            StepError: no page of the portal has sent this.
        """
        code, field, value, meant = _texts(token, 4)
        if field not in BY_FIELD:
            raise StepError(_("This change of values can't be read. Load the page again."))
        return cls(code, field, value, meant or replacement.replace("\x00", ""))


def offers(batch: ImportBatch, limit: int = SHOWN) -> list[Offer]:
    """Return the changes that would end errors of `batch`, those of most rows first, at most `limit` single values."""
    found = [*_trims(batch), *_values(batch, limit)]
    return sorted(found, key=lambda offer: -offer.rows)


def accept(batch: ImportBatch, accepted: Sequence[Offer]) -> None:
    """Allow changes of values, and let the batch be checked anew.

    Raises:
        StepError: one of them is not offered, or the batch is not open; nothing has changed then.
    """
    with transaction.atomic():
        # Two administrators who accept at the same time must not take each other's changes away.
        locked = _locked(batch)
        known = Fixes.from_json(locked.fixes)
        new = [offer for offer in accepted if offer.added_to(known) != known]
        if not new and locked.state == ImportBatch.State.CHECKING:
            return  # a double click
        for offer in new:
            if locked.is_open and not _is_offered(locked, offer):
                raise StepError(
                    _("“%(value)s” can't be changed so for all rows. Correct the file.") % {"value": offer.value}
                )
            add_fix(locked, offer.code, offer.field, offer.value, offer.replacement)
        start_check(locked)


def take_back(batch: ImportBatch, token: str) -> None:
    """Take back one change of values, and let the batch be checked anew.

    Args:
        batch: the batch.
        token: `fix_token` of the change.

    Raises:
        StepError: no page of the portal has sent the token, or the batch can't be checked now.
    """
    field, value = _texts(token, 2)
    with transaction.atomic():
        locked = _locked(batch)
        fixes = Fixes.from_json(locked.fixes)
        if fixes.without(field, value) == fixes and locked.state == ImportBatch.State.CHECKING:
            return  # a double click
        if locked.is_open:
            locked.move(source=locked.state, target=locked.state, fixes=fixes.without(field, value).to_json())
        start_check(locked)


def _locked(batch: ImportBatch) -> ImportBatch:
    locked = ImportBatch.objects.select_for_update().filter(pk=batch.pk).first()
    if locked is None:
        raise StepError(_("This import was discarded in the meantime."))
    return locked


def _texts(token: str, count: int) -> list[str]:
    """Return the texts that a token holds.

    Raises:
        StepError: it is no token of ours, which holds texts as the database stores them: without NUL or surrogates.
    """
    try:
        parts = json.loads(token)
        is_ours = isinstance(parts, list) and len(parts) == count and all(isinstance(part, str) for part in parts)
        if is_ours and b"\x00" not in "".join(parts).encode():
            return parts
    except (ValueError, RecursionError):
        pass  # nested without end, or half a surrogate pair
    raise StepError(_("This change of values can't be read. Load the page again."))


def fix_token(field: str, value: str) -> str:
    """Return a change that is in force as a form sends it back; without a value: the trimming of the field."""
    return json.dumps([field, value])


def _trims(batch: ImportBatch) -> list[Offer]:
    spaces = batch.problems.errors().filter(code=ProblemCode.SURROUNDING_SPACE).order_by()
    rows = spaces.values_list("field").annotate(Count("id"), Min("value"), Min("suggestion"))
    code = ProblemCode.SURROUNDING_SPACE.value
    return [Offer(code, field, value, value.strip(), count) for field, count, value, _suggestion in rows]


def _replaceable(batch: ImportBatch) -> QuerySet[ImportProblem]:
    """Return the errors whose whole value could be replaced by another."""
    codes = [key.removeprefix("error:") for key in batch.counts.get("codes", {}) if key.startswith("error:")]
    other = [code for code in codes if code != ProblemCode.SURROUNDING_SPACE]
    problems = batch.problems.errors().filter(code__in=other).exclude(field__in=(*UNCHANGED, *LISTS))
    # A longer value is stored shortened: the cell can't be found by it.
    return problems.alias(length=Length("value")).filter(length__gt=0, length__lt=VALUE_LENGTH)


def _values(batch: ImportBatch, limit: int) -> list[Offer]:
    problems = _replaceable(batch)
    meant = problems.exclude(suggestion="") | problems.filter(code=ProblemCode.UNKNOWN_CHOICE)
    groups = meant.order_by().values_list("code", "field", "value", "suggestion").annotate(rows=Count("id"))
    return [
        Offer(code, field, value, suggestion, rows, () if suggestion else _choices(field))
        for code, field, value, suggestion, rows in groups.order_by("-rows", "field", "value")[:limit]
    ]


def _choices(field: str) -> tuple[str, ...]:
    """Return what is allowed in a field of few words."""
    widget = BY_FIELD[field].widget
    words = widget.choices if isinstance(widget, ChoiceWidget) else ()
    excluded = excluded_platforms()
    return tuple(word for word in words if word not in excluded)


def _is_offered(batch: ImportBatch, offer: Offer) -> bool:
    """Tell whether the batch has the problem, and the change is one that ends it."""
    problems = batch.problems.errors().filter(code=offer.code, field=offer.field)
    if offer.is_trim:
        return problems.exists()
    same = _replaceable(batch).filter(code=offer.code, field=offer.field, value=offer.value)
    return same.filter(suggestion=offer.replacement).exclude(suggestion="").exists() or (
        offer.replacement in _choices(offer.field) and same.exists()
    )
