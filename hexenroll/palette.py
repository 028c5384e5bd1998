"""What does the palette (Ctrl+K) find besides the names of pages? Named in settings.py; unfold asks at each pause."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult

from invitations.models import Invitation

# Of fewer characters there are too many.
SHORTEST = 3
SHOWN = 10


def found(request: HttpRequest, text: str) -> list[SearchResult]:
    """Return the newest invitations whose recipient holds `text`, for those who may see them."""
    text = text.replace("\x00", "")
    if len(text) < SHORTEST or not request.user.has_perm("invitations.view_invitation"):
        return []
    invitations = (
        Invitation.objects.filter(recipient__icontains=text)
        .select_related("device")
        .defer("device__one_time_password", "device__custom_attributes")
    )
    return [
        SearchResult(
            title=invitation.recipient,
            description=_("Invitation, %(state)s: %(device)s")
            % {"state": invitation.get_state_display(), "device": invitation.device},
            link=reverse("admin:invitations_invitation_change", args=[invitation.pk]),
            icon="mail",
        )
        for invitation in invitations[:SHOWN]
    ]
