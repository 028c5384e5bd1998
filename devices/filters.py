"""Which devices does somebody ask for? The one definition of filters: of the device list, its export and the REST API.

Higher layers add what only they can tell (`DeviceFilter.offer`, from their AppConfig.ready).
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Final

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.models import Device, DeviceGroup, DeviceUser, Domain, ImportBatch, Policy
from devices.policies.effective import SOURCES
from devices.row_number import is_row_number
from devices.scope import visible

ALL: Final = "all"  # of `status`: pre-approved and disenrolled ones too
MOST_VALUES: Final = 100  # of one parameter
STALEST: Final = 36_500  # days
# Filters that show pre-approved devices without being asked for those by `status`.
OF_PRE_APPROVED: Final = ("stale_days", "expires_within_days")
LONGEST_SEARCH: Final = 200  # characters


class ChoicesField(forms.MultipleChoiceField):
    """Some of a few words; what is none of them is answered with all of them."""

    default_error_messages = {"invalid_choice": _("“%(value)s” is unknown. Possible values: %(allowed)s.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{name: value for name, value in kwargs.items() if name not in ("null_label", "null_value")})

    def to_python(self, value: Any) -> list[str]:
        return [text for text in super().to_python(value) if text]

    def validate(self, value: list[str]) -> None:
        for text in value:
            if not self.valid_value(text):
                choices: Any = self.choices
                allowed = ", ".join(str(key) for key, _label in choices)
                shown = {"value": text[:LONGEST_SEARCH], "allowed": allowed}
                raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice", params=shown)


class ChoicesFilter(django_filters.MultipleChoiceFilter):
    """Devices with one of the given words in a column."""

    field_class = ChoicesField

    def filter(self, qs: QuerySet[Device], value: list[str]) -> QuerySet[Device]:
        return qs.filter(**{f"{self.field_name}__in": value}) if value else qs


class RowsField(django_filters.fields.ModelMultipleChoiceField):
    """Some rows by their numbers; those of other people's domains are unknown, as if they weren't there."""

    default_error_messages = {
        "invalid_pk_value": _("“%(pk)s” is no number. Give the number of one that is there."),
        "invalid_choice": _("There is none with the number %(value)s."),
        "too_many": _("These are more than %(most)s."),
    }

    def _check_values(self, value: Any) -> QuerySet[Any]:
        keys: set[int] = set()
        for text in map(str, value):
            if not is_row_number(text):
                shown = {"pk": text[:LONGEST_SEARCH]}
                raise ValidationError(self.error_messages["invalid_pk_value"], code="invalid_pk_value", params=shown)
            keys.add(int(text))
        if len(keys) > MOST_VALUES:
            raise ValidationError(self.error_messages["too_many"], code="too_many", params={"most": MOST_VALUES})
        found = self.queryset.filter(pk__in=keys)
        missing = keys - {row.pk for row in found}
        if missing:
            shown = {"value": str(min(missing))}
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice", params=shown)
        return found

    def clean(self, value: Any) -> Any:
        return super().clean([text for text in value if text] if isinstance(value, (list, tuple)) else value)


class RowsFilter(django_filters.ModelMultipleChoiceFilter):
    """Devices that hang together with one of the given rows."""

    field_class = RowsField

    def filter(self, qs: QuerySet[Device], value: Any) -> QuerySet[Device]:
        return qs.filter(**{f"{self.field_name}__in": _keys(value)}) if value else qs


class DayFilter(django_filters.DateFilter):
    """Devices by a day, as 2026-01-31 in every language: an address means the same to all."""

    def __init__(self, **kwargs: Any) -> None:
        wrong = {"invalid": _("Write a day as year-month-day, such as 2026-01-31.")}
        super().__init__(input_formats=["%Y-%m-%d"], error_messages=wrong, **kwargs)


class DaysFilter(django_filters.NumberFilter):
    """Devices by a whole number of days."""

    field_class = forms.IntegerField


def _ours(model: type[Model]) -> Callable[[HttpRequest | None], QuerySet[Any]]:
    """Return what asks for the rows of a model that a person may know of; without a person, or a right to it: none."""

    def choices(request: HttpRequest | None) -> QuerySet[Any]:
        rows = model._default_manager.all()
        if request is None or not request.user.has_perm(f"devices.view_{model._meta.model_name}"):
            return rows.none()
        return visible(rows, request.user)

    return choices


class DeviceFilter(django_filters.FilterSet):
    """Devices by the parameters of an address. Each may be repeated where it names one of several.

    Without `status` pre-approved and disenrolled devices are left out. Where a value is wrong nothing is found, and
    `errors` says which value it is and what is possible.
    """

    # What is asked of the database as days are the days of the person who asks: of the active time zone.
    status = ChoicesFilter(
        label=_("Enrollment status"),
        choices=[*Device.Status.choices, (ALL, _("All, pre-approved and disenrolled ones too"))],
        method="with_status",
        help_text=_("Without it: all but pre-approved and disenrolled ones."),
    )
    platform = ChoicesFilter(label=_("Platform"), choices=Device.Platform.choices)
    ownership = ChoicesFilter(label=_("Ownership"), choices=Device.Ownership.choices)
    source = ChoicesFilter(label=_("Source"), choices=Device.Source.choices, help_text=_("How it got on the list."))
    domain = RowsFilter(label=_("Domain"), queryset=_ours(Domain))
    group = RowsFilter(label=_("Device group"), queryset=_ours(DeviceGroup), method="in_group")
    policy = RowsFilter(
        label=_("Policy"),
        queryset=_ours(Policy),
        method="with_policy",
        help_text=_("Assigned to the device, to one of its groups, or to what it was pre-approved by."),
    )
    user = RowsFilter(label=_("Device user"), queryset=_ours(DeviceUser))
    batch = RowsFilter(label=_("Import"), field_name="import_batch", queryset=_ours(ImportBatch))
    enrolled_after = DayFilter(
        label=_("Enrolled from"), method="enrolled_from", help_text=_("From the beginning of this day.")
    )
    enrolled_before = DayFilter(
        label=_("Enrolled until"), method="enrolled_until", help_text=_("To the end of this day.")
    )
    seen_after = DayFilter(
        label=_("Last seen since"), method="seen_from", help_text=_("Seen since the beginning of this day.")
    )
    seen_before = DayFilter(
        label=_("Last seen before"), method="seen_until", help_text=_("Not seen since the beginning of this day.")
    )
    stale_days = DaysFilter(
        label=_("Pre-approved for more than (days)"),
        min_value=0,
        max_value=STALEST,
        method="waiting_for",
        help_text=_("Days since the approval; shows pre-approved devices alone."),
    )
    expires_within_days = DaysFilter(
        label=_("Approval ends within (days)"),
        min_value=0,
        max_value=STALEST,
        method="ending_within",
        help_text=_("Days from now; shows pre-approved devices alone."),
    )
    q = django_filters.CharFilter(
        label=_("Search"),
        max_length=LONGEST_SEARCH,
        method="holding",
        help_text=_("Serial number, name, or the user's name or e-mail address."),
    )

    class Meta:
        model = Device
        fields: ClassVar[Sequence[str]] = ()

    def __init__(self, data: Any = None, queryset: Any = None, *, as_of: datetime | None = None, **kwargs: Any) -> None:
        self.as_of = as_of or timezone.now()  # days are counted back from here
        # Without data, too, pre-approved devices are left out.
        super().__init__({} if data is None else data, queryset, **kwargs)

    @classmethod
    def offer(cls, name: str, offered: django_filters.Filter) -> None:
        """Add a filter that a higher layer knows.

        Args:
            name: of its parameter.
            offered: the filter; its `method` is a function of queryset, name and value.
        """
        offered.parent, offered.model = None, Device
        cls.base_filters[name] = offered

    @property
    def qs(self) -> QuerySet[Device]:
        """Return the devices that match; none where a value is wrong."""
        if not self.form.is_valid():
            return self.queryset.none()
        return super().qs

    def messages(self) -> list[str]:
        """Return a sentence for each wrong value: of which filter, and what is possible."""
        return [
            str(_("%(filter)s: %(problem)s") % {"filter": self.filters[name].label, "problem": problem})
            for name, problems in self.form.errors.items()
            for problem in problems
        ]

    def filter_queryset(self, queryset: QuerySet[Device]) -> QuerySet[Device]:
        found = super().filter_queryset(queryset)
        given = self.form.cleaned_data
        if given["status"] or any(given[name] is not None for name in OF_PRE_APPROVED):
            return found
        listed: QuerySet[Device] = found.listed()
        return listed

    def with_status(self, queryset: QuerySet[Device], name: str, value: list[str]) -> QuerySet[Device]:
        return queryset if ALL in value or not value else queryset.filter(status__in=value)

    def in_group(self, queryset: QuerySet[Device], name: str, value: QuerySet[DeviceGroup]) -> QuerySet[Device]:
        if not value:
            return queryset
        # Not by a join, which would need DISTINCT over all that match.
        return queryset.filter(pk__in=_links("groups").filter(devicegroup__in=_keys(value)).values("device"))

    def with_policy(self, queryset: QuerySet[Device], name: str, value: QuerySet[Policy]) -> QuerySet[Device]:
        if not value:
            return queryset
        keys = _keys(value)
        own = _links("policies").filter(policy__in=keys).values("device")
        groups = DeviceGroup.policies.through._default_manager.filter(policy__in=keys).values("devicegroup")
        of_groups = _links("groups").filter(devicegroup__in=groups).values("device")
        others = [source.devices(keys).order_by().values("pk") for source in SOURCES]
        return queryset.filter(pk__in=own.union(of_groups, *others, all=True))

    def enrolled_from(self, queryset: QuerySet[Device], name: str, value: date) -> QuerySet[Device]:
        return queryset.filter(inventory__enrolled_at__gte=_beginning(value))

    def enrolled_until(self, queryset: QuerySet[Device], name: str, value: date) -> QuerySet[Device]:
        return queryset.filter(inventory__enrolled_at__lt=_end(value))

    def seen_from(self, queryset: QuerySet[Device], name: str, value: date) -> QuerySet[Device]:
        return queryset.filter(inventory__last_seen_at__gte=_beginning(value))

    def seen_until(self, queryset: QuerySet[Device], name: str, value: date) -> QuerySet[Device]:
        return queryset.filter(inventory__last_seen_at__lt=_beginning(value))

    def waiting_for(self, queryset: QuerySet[Device], name: str, value: int) -> QuerySet[Device]:
        """Keep pre-approved devices whose approval is older; one that came back counts from when it had left."""
        since = self.as_of - timedelta(days=value)
        waiting = queryset.filter(status=Device.Status.PRE_APPROVED, created_at__lt=since)
        return waiting.filter(Q(disenrolled_at=None) | Q(disenrolled_at__lt=since))

    def ending_within(self, queryset: QuerySet[Device], name: str, value: int) -> QuerySet[Device]:
        """Keep pre-approved devices whose approval is good now, and will not be after so many days."""
        now = self.as_of
        end = (now, now + timedelta(days=value))
        return queryset.filter(status=Device.Status.PRE_APPROVED, approval_expires_at__range=end)

    def holding(self, queryset: QuerySet[Device], name: str, value: str) -> QuerySet[Device]:
        matching: QuerySet[Device] = queryset.matching(value)  # type: ignore[attr-defined]
        return matching


def _keys(rows: QuerySet[Any]) -> list[int]:
    """Return the numbers of rows that were read already."""
    return sorted(row.pk for row in rows)


def _links(field: str) -> QuerySet[Any]:
    """Return the rows that tie devices to what a many-to-many field names."""
    rows: QuerySet[Any] = getattr(Device, field).through._default_manager.all()
    return rows


def _beginning(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _end(day: date) -> datetime:
    # The year 9999 has no day after its last one.
    return _beginning(day + timedelta(days=1) if day < date.max else day)
