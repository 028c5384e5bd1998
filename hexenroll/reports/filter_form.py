"""Which rows of a report does an address ask for? Its parameters as a form, with help and clear errors."""

from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from devices.models import Domain
from devices.scope import visible
from devices.vocabulary import Platform

from .report import Asked, Report

MOST_DAYS = 3_650


class Period(TextChoices):
    """The times that can be asked for; all but the last two move on with the calendar."""

    WEEK = "7", _("Past 7 days")
    MONTH = "30", _("Past 30 days")
    QUARTER = "90", _("Past 90 days")
    THIS_MONTH = "this_month", _("This month")
    LAST_MONTH = "last_month", _("Last month")
    THIS_YEAR = "this_year", _("This year")
    ALL = "all", _("Any time")
    CHOSEN = "chosen", _("Chosen dates …")

    def limits(self, today: date) -> tuple[date | None, date | None]:
        """Return the first and the last day; None: without a limit. Not for chosen dates."""
        first = today.replace(day=1)
        if self is Period.THIS_MONTH:
            return first, today
        if self is Period.LAST_MONTH:
            last = first - timedelta(days=1)
            return last.replace(day=1), last
        if self is Period.THIS_YEAR:
            return today.replace(month=1, day=1), today
        return (None, None) if self is Period.ALL else (today - timedelta(days=int(self.value) - 1), today)


class FilterForm(forms.Form):
    """The filters of one report, for one person.

    Args:
        data: the address's parameters; what is absent is as usual.
        report: whose filters they are.
        person: who may work in which domains.
    """

    period = forms.ChoiceField(
        label=_("Period"), choices=Period.choices, initial=Period.MONTH, help_text=_("Days of your time zone.")
    )
    since = forms.DateField(
        label=_("From"),
        required=False,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
        help_text=_("Of chosen dates: the first day."),
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"), help_text=_("Inclusive.")
    )
    days = forms.IntegerField(
        label=_("Waiting for more than (days)"),
        min_value=1,
        max_value=MOST_DAYS,
        help_text=_("Days since the approval."),
    )
    domain = forms.ModelChoiceField(
        Domain.objects.none(),
        label=_("Domain"),
        required=False,
        empty_label=_("All domains"),
        help_text=_("Of those in which you work."),
    )
    platform = forms.ChoiceField(
        label=_("Platform"),
        required=False,
        choices=[("", _("All platforms")), *Platform.choices],
        help_text=_("Of the devices that are shown."),
    )
    PARTS: ClassVar[dict[str, tuple[str, ...]]] = {"period": ("period", "since", "until")}

    def __init__(self, data: Any, report: Report, person: Any) -> None:
        wanted = {name for part in report.filters for name in self.PARTS.get(part, (part,))}
        usual = {"period": Period.MONTH.value, "days": str(settings.HEXENROLL_STALE_DAYS)}
        given = {name: data[name] for name in wanted if data.get(name)}
        super().__init__({name: usual[name] for name in wanted & usual.keys()} | given)
        self.person = person
        for name in set(self.fields) - wanted:
            del self.fields[name]
        if "domain" in self.fields:
            choice = self.fields["domain"]
            choice.queryset = visible(Domain.objects.order_by("name"), person)  # type: ignore[attr-defined]
            choice.error_messages["invalid_choice"] = _("There is no such domain. Choose one of the list.")
        self._look()

    def _look(self) -> None:
        for name, field in self.fields.items():
            kind = "wz-select" if isinstance(field, forms.ChoiceField | forms.ModelChoiceField) else "wz-input"
            wrong = {"aria-invalid": "true"} if self.is_bound and name in self.errors else {}
            field.widget.attrs |= {"class": kind, **wrong}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        since, until = given.get("since"), given.get("until")
        if given.get("period") == Period.CHOSEN and not self.errors:
            if since is None and until is None:
                self.add_error("since", _("Choose the first or the last day, or both."))
            elif since and until and since > until:
                self.add_error("until", _("The last day is before the first. Exchange them."))
        if any(day and not 1970 <= day.year <= 9998 for day in (since, until)):
            raise ValidationError(_("The year of a date must be between 1970 and 9998."))
        return given

    def asked(self) -> Asked:
        """Return what is asked for; only of a valid form."""
        given = self.cleaned_data
        now = timezone.now()
        first, last = self._days(timezone.localdate())
        domain = given.get("domain")
        return Asked(
            person=self.person,
            now=now,
            since=_beginning(first) if first else None,
            until=_beginning(last + timedelta(days=1)) if last else None,
            domain=domain.pk if domain else None,
            platform=given.get("platform", ""),
            days=given.get("days") or settings.HEXENROLL_STALE_DAYS,
            told=self._told(first, last),
        )

    def _days(self, today: date) -> tuple[date | None, date | None]:
        given = self.cleaned_data
        if "period" not in given:
            return None, None
        period = Period(given["period"])
        return (given["since"], given["until"]) if period is Period.CHOSEN else period.limits(today)

    def _told(self, first: date | None, last: date | None) -> list[tuple[str, str]]:
        """Return the filters in words."""
        given, told = self.cleaned_data, []
        if "period" in given:
            told.append((str(self.fields["period"].label), _span(first, last)))
        if "days" in given:
            told.append((str(self.fields["days"].label), str(given["days"])))
        if "domain" in given:
            told.append((str(self.fields["domain"].label), str(given["domain"] or _("All domains"))))
        if "platform" in given:
            names = dict(Platform.choices)
            told.append((str(self.fields["platform"].label), str(names.get(given["platform"], _("All platforms")))))
        return told


def _span(first: date | None, last: date | None) -> str:
    days = {"first": first and date_format(first), "last": last and date_format(last)}
    if first and last:
        return str(_("%(first)s to %(last)s") % days)
    if first:
        return str(_("from %(first)s") % days)
    return str(_("until %(last)s") % days) if last else str(Period.ALL.label)


def _beginning(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
