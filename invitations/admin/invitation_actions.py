"""What can be done with invitations, with one or with all that are ticked, and what is said then? For the pages."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.forms import ActionForm

from invitations import actions, many
from invitations.actions import LONGEST_DAYS
from invitations.models import Invitation
from invitations.wizard.choices import request_key

SEND = "invitations.send_invitation"
_WRONG = gettext_lazy("Write a whole number of days, from 1 to 365.")


class DaysForm(forms.Form):
    """For how many days from now."""

    days = forms.IntegerField(
        min_value=1,
        max_value=LONGEST_DAYS,
        initial=7,
        help_text=gettext_lazy("A link that was sent goes on working until then."),
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), _WRONG),
    )


class InvitationActionForm(ActionForm):
    """The choice of an action below the list, and a key by which a second click on its button is known."""

    request_key = forms.CharField(label="", required=False, initial=uuid4, widget=forms.HiddenInput)


def act_on(invitation: Invitation, name: str, person: User, *, days: int = 0, key: UUID | None = None) -> str:
    """Resend, revoke or extend one invitation.

    Args:
        invitation: the one.
        name: `resend`, `revoke` or `extend`.
        person: who asked for it.
        days: for how many from now it is valid, when it is extended.
        key: of the page that asks, when it is sent again: a second click begins nothing.

    Returns:
        What to tell that person.

    Raises:
        ActionError: it can't be done; the text says why.
    """
    if name == "resend":
        actions.resend(invitation, person, request_key=key)
        return _("A new invitation is being prepared. As soon as it is there, the link of this one is dead.")
    if name == "revoke":
        actions.revoke(invitation, person)
        return _("The invitation is revoked: its link does not work any more.")
    actions.extend(invitation, days, person)
    text = ngettext(
        "The invitation is valid for %(days)s day from now.",
        "The invitation is valid for %(days)s days from now.",
        days,
    )
    return text % {"days": days}


@admin.action(description=gettext_lazy("Send again"), permissions=["send"])
def resend(page: Any, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
    now = timezone.now()
    outcome = many.resend(queryset, _person(request), form=str(request_key(request.POST) or ""))
    begun_before = _leave_out_begun_before(outcome, now)
    text = ngettext(
        "%(count)s invitation is being prepared anew.",
        "%(count)s invitations are being prepared anew.",
        outcome.done,
    )
    if begun_before:
        before = ngettext(
            "%(count)s was sent again from this page before, and is not sent once more. To do that, load the list"
            " anew.",
            "%(count)s were sent again from this page before, and are not sent once more. To do that, load the list"
            " anew.",
            begun_before,
        )
        messages.warning(request, before % {"count": begun_before})
        if not outcome.done and not outcome.skipped:
            return
    _say(request, outcome, text)


def _leave_out_begun_before(outcome: many.Outcome, now: datetime) -> int:
    """Count only what this press of the button began; return for how many an earlier one from the same page did."""
    begun = sum(len(sending.devices) for sending in outcome.sendings if sending.created_at >= now)
    before, outcome.done = outcome.done - begun, begun
    return before


@admin.action(description=gettext_lazy("Revoke"), permissions=["send"])
def revoke(page: Any, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
    outcome = many.revoke(queryset, _person(request))
    text = ngettext("%(count)s invitation is revoked.", "%(count)s invitations are revoked.", outcome.done)
    _say(request, outcome, text)


@admin.action(description=gettext_lazy("Extend…"), permissions=["send"])
def extend(page: Any, request: HttpRequest, queryset: QuerySet[Invitation]) -> HttpResponse | None:
    """Ask for the number of days, then extend."""
    is_asked = "days" in request.POST
    form = DaysForm(request.POST if is_asked else None)
    if not (is_asked and form.is_valid()):
        context = {
            **page.admin_site.each_context(request),
            "title": _("Extend invitations"),
            "form": form,
            "count": queryset.order_by().count(),
            "ticked": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
            "list_url": request.get_full_path(),
        }
        return TemplateResponse(request, "invitations/extend.html", context, status=422 if is_asked else 200)
    outcome = many.extend(queryset, form.cleaned_data["days"], _person(request))
    text = ngettext(
        "%(count)s invitation is valid for longer.", "%(count)s invitations are valid for longer.", outcome.done
    )
    _say(request, outcome, text)
    return None


BULK_ACTIONS = (resend, extend, revoke)


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)  # the console has sent everybody else to the sign-in


def _say(request: HttpRequest, outcome: many.Outcome, text: str) -> None:
    """Say with how many it was done, and with how many it was not and why."""
    if outcome.done:
        messages.success(request, text % {"count": outcome.done})
    for reason, count in outcome.skipped.items():
        left = ngettext("%(count)s was left out: %(reason)s.", "%(count)s were left out: %(reason)s.", count)
        messages.warning(request, left % {"count": count, "reason": reason.label})
    if not outcome.done and not outcome.skipped:
        messages.warning(request, _("None of them is in the list any more."))
