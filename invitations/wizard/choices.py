"""How are devices invited, as somebody chose it, and is that possible?

Read from the address of the page Send while they choose, and from its form when they press Send.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.vocabulary import Language
from invitations.actions import Options
from invitations.models import Sending

NOW, LATER = "now", "later"
# A sending is planned at most so far ahead.
AHEAD = timedelta(days=365)


class SendForm(forms.Form):
    """The choices of one sending. What is left out is as the settings say."""

    channel = forms.ChoiceField(label=gettext_lazy("How are they invited?"), choices=Sending.Channel.choices)
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=[("", ""), *Language.choices],
        required=False,
        help_text=gettext_lazy("Of the messages. The page behind their link speaks that of the reader."),
    )
    validity_days = forms.IntegerField(
        label=gettext_lazy("Valid for days"),
        min_value=1,
        max_value=365,
        help_text=gettext_lazy("From when the message goes out."),
    )
    remind_after_days = forms.IntegerField(
        label=gettext_lazy("Remind after days"),
        min_value=0,
        max_value=365,
        help_text=gettext_lazy("Whoever has not enrolled by then is written to again. 0: never."),
    )
    remind_at_most = forms.IntegerField(
        label=gettext_lazy("Reminders at most"),
        min_value=1,
        max_value=10,
        help_text=gettext_lazy("To the same device user, about the same device."),
    )
    when = forms.ChoiceField(
        label=gettext_lazy("When?"), choices=[(NOW, gettext_lazy("Now")), (LATER, gettext_lazy("At a time"))]
    )
    starts_at = forms.DateTimeField(label=gettext_lazy("Date and time"), required=False)
    include_invited = forms.BooleanField(label=gettext_lazy("Invite again"), required=False)

    def __init__(self, given: Any) -> None:
        """Read the choices from a request; what it does not hold is as the settings say."""
        read = {**defaults(), **{name: given[name] for name in self.base_fields if name in given}}
        if read["when"] != LATER:
            read.pop("starts_at", None)  # it is not asked for, and whatever stands there goes nowhere
        super().__init__(read)

    def clean(self) -> dict[str, Any]:
        """Look at what belongs together.

        Raises:
            forms.ValidationError: never; each error is added to the field that it is about.
        """
        chosen = super().clean() or {}
        if chosen.get("when") == LATER:
            self._check_time(chosen)
        else:
            chosen["starts_at"] = None
        after, days = chosen.get("remind_after_days"), chosen.get("validity_days")
        if after and days and after >= days:
            self.add_error("remind_after_days", _("The invitation is not valid any more by then. Choose fewer days."))
        return chosen

    def _check_time(self, chosen: dict[str, Any]) -> None:
        if "starts_at" in self.errors:
            return
        starts_at, now = chosen.get("starts_at"), timezone.now()
        if starts_at is None:
            self.add_error("starts_at", _("Say when the messages go out."))
        elif starts_at < now:
            self.add_error("starts_at", _("This time is past. Choose a later one, or “Now”."))
        elif starts_at > now + AHEAD:
            self.add_error("starts_at", _("This is more than a year ahead. Choose an earlier time."))

    def chosen(self, name: str) -> Any:
        """Return what is chosen for a field; where that is impossible, what the settings say."""
        self.is_valid()
        if name in self.cleaned_data:
            return self.cleaned_data[name]
        return self.fields[name].clean(defaults().get(name))

    def for_address(self) -> dict[str, str]:
        """Return the choices of a valid form for the query of an address: as they were understood, so all are short."""
        chosen = self.cleaned_data
        texts = {
            name: str(chosen[name]) for name in chosen if name != "starts_at" and chosen[name] not in (None, "", False)
        }
        if chosen["starts_at"] is not None:
            texts["starts_at"] = f"{timezone.localtime(chosen['starts_at']):%Y-%m-%dT%H:%M}"
        return texts

    def options(self) -> Options:
        """Return the choices of a valid form as the action takes them."""
        chosen = self.cleaned_data
        return Options(
            channel=chosen["channel"],
            language=chosen["language"],
            starts_at=chosen["starts_at"],
            validity_days=chosen["validity_days"],
            remind_after_days=chosen["remind_after_days"],
            remind_at_most=chosen["remind_at_most"],
            include_invited=chosen["include_invited"],
        )


def defaults() -> dict[str, Any]:
    """Return what is chosen where nobody chose."""
    return {
        "channel": Sending.Channel.EMAIL.value,
        "language": "",
        "validity_days": settings.HEXENROLL_INVITATION_DAYS,
        "remind_after_days": settings.HEXENROLL_REMIND_AFTER_DAYS,
        "remind_at_most": settings.HEXENROLL_REMIND_AT_MOST,
        "when": NOW,
        "include_invited": False,
    }


def request_key(data: Any) -> UUID | None:
    """Return the key of the page that a form came from, by which its second click is known; None: it has none."""
    try:
        return UUID(data.get("request_key", ""))
    except ValueError:
        return None
