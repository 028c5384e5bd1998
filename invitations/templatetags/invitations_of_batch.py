"""How many invitations has an import, in which states? Asked by the templates of the import wizard."""

from dataclasses import dataclass
from typing import Any

from django import template

from devices.models import ImportBatch
from invitations.models import Invitation
from invitations.progress import StateCount, counts_of

register = template.Library()


@dataclass(frozen=True)
class InvitationsOfBatch:
    """`total` invitations of an import, by their state: those states that there are."""

    total: int
    counts: list[StateCount]


@register.simple_tag(takes_context=True)
def invitations_of_batch(context: dict[str, Any], batch: ImportBatch) -> InvitationsOfBatch | None:
    """Return the invitations of an import in numbers; None: the person may not know, or there is no import."""
    if not batch or not context["request"].user.has_perm("invitations.view_invitation"):
        return None
    by_state = Invitation.objects.filter(batch=batch).by_state()
    counts = counts_of(by_state, f"batch__id__exact={batch.pk}")
    return InvitationsOfBatch(sum(by_state.values()), [count for count in counts if count.number])
