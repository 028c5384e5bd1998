"""How is a scheduled report entered? Report, filters, readers and times as fields; used by schedule_admin.py."""

import re
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from devices.models import Domain
from devices.scope import visible
from devices.vocabulary import Platform
from hexenroll.models import ScheduledReport

from .filter_form import MOST_DAYS, Period
from .registry import REPORTS

MOST_RECIPIENTS: Final = 20
FILTERS: Final = ("period", "domain", "platform", "days")


class ScheduledReportForm(forms.ModelForm):
    """A report of one owner.

    Attributes:
        owner: whose permissions and domains count; set by schedule_admin.py.
    """

    owner: Any = None

    report = forms.ChoiceField(label=_("Report"), widget=UnfoldAdminSelectWidget, help_text=_("What is told."))
    period = forms.ChoiceField(
        label=_("Period"),
        choices=[choice for choice in Period.choices if choice[0] != Period.CHOSEN],
        initial=Period.MONTH,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Counted back from the day on which it is sent; for reports about a time."),
    )
    domain = forms.ModelChoiceField(
        Domain.objects.none(),
        label=_("Domain"),
        required=False,
        empty_label=_("All domains"),
        widget=UnfoldAdminSelectWidget,
        help_text=_("Of those that the owner may work in when it is sent."),
    )
    platform = forms.ChoiceField(
        label=_("Platform"),
        required=False,
        choices=[("", _("All platforms")), *Platform.choices],
        widget=UnfoldAdminSelectWidget,
        help_text=_("Of the devices that are told of."),
    )
    days = forms.IntegerField(
        label=_("Waiting for more than (days)"),
        required=False,
        min_value=1,
        max_value=MOST_DAYS,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("For stale approvals. Empty: as on the dashboard."),
    )
    recipients = forms.CharField(
        label=_("Recipients"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("E-mail addresses, one a line, 20 at most. Each gets everything that the report holds."),
    )

    class Meta:
        model = ScheduledReport
        fields = ("report", "format", "every", "hour", "recipients", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        open_reports = [report for report in REPORTS.values() if report.may_be_taken_by(self.owner)]
        self.fields["report"].choices = [(report.name, report.title) for report in open_reports]  # type: ignore[attr-defined]
        domain = self.fields["domain"]
        domain.queryset = visible(Domain.objects.order_by("name"), self.owner)  # type: ignore[attr-defined]
        domain.error_messages["invalid_choice"] = _("There is no such domain. Choose one of the list.")
        hour = self.fields["hour"]
        hour.max_value, hour.widget.attrs = 23, {**hour.widget.attrs, "max": 23}  # type: ignore[attr-defined]
        if self.instance.pk:
            kept = QueryDict(self.instance.query)
            self.initial.update({name: kept[name] for name in FILTERS if name in kept})
            self.initial["recipients"] = "\n".join(self.instance.recipients)

    def clean_hour(self) -> int:
        hour: int = self.cleaned_data["hour"]
        if hour > 23:
            raise ValidationError(_("The hour is a number from 0 to 23."))
        return hour

    def clean_recipients(self) -> list[str]:
        found = dict.fromkeys(part for part in re.split(r"[\s,;]+", self.cleaned_data["recipients"]) if part)
        if len(found) > MOST_RECIPIENTS:
            raise ValidationError(
                _("These are %(count)s addresses. Give %(most)s at most, or the address of a mailing list."),
                params={"count": len(found), "most": MOST_RECIPIENTS},
            )
        wrong = [address for address in found if not _is_address(address)]
        if wrong:
            raise ValidationError(
                [ValidationError(_("“%(address)s” is no e-mail address."), params={"address": one}) for one in wrong]
            )
        return list(found)

    def save(self, commit: bool = True) -> ScheduledReport:
        given = self.cleaned_data
        values = {name: getattr(given.get(name), "pk", given.get(name)) for name in FILTERS}
        shown = set(REPORTS[given["report"]].filters)
        self.instance.query = urlencode({name: value for name, value in values.items() if value and name in shown})
        return super().save(commit)


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
