"""By what is the list of attempts filtered, besides its own columns?"""

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.models import Device
from devices.vocabulary import Platform
from enrollment.methods import Method
from enrollment.models import EnrollmentAttempt
from invitations.admin.invitation_filters import ObjectFilter


class ChoiceFilter(admin.SimpleListFilter):
    """Attempts that told one of known words; the column holds whatever devices say."""

    words: ClassVar[Any]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(self.words.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[EnrollmentAttempt]) -> QuerySet[EnrollmentAttempt]:
        value = self.value()
        return queryset.filter(**{str(self.parameter_name): value}) if value in self.words.values else queryset


class PlatformFilter(ChoiceFilter):
    title = _("platform")
    parameter_name = "platform"
    words = Platform


class MethodFilter(ChoiceFilter):
    title = _("method")
    parameter_name = "method"
    words = Method


class PeriodFilter(admin.SimpleListFilter):
    """Attempts of the last so many hours or days."""

    title = _("time")
    parameter_name = "period"
    PERIODS: ClassVar[dict[str, tuple[Any, timedelta]]] = {
        "hour": (_("Past hour"), timedelta(hours=1)),
        "day": (_("Past 24 hours"), timedelta(days=1)),
        "week": (_("Past 7 days"), timedelta(days=7)),
        "month": (_("Past 30 days"), timedelta(days=30)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, label) for name, (label, _length) in self.PERIODS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[EnrollmentAttempt]) -> QuerySet[EnrollmentAttempt]:
        period = self.PERIODS.get(self.value() or "")
        return queryset.filter(at__gte=timezone.now() - period[1]) if period else queryset


class DeviceFilter(ObjectFilter):
    """Attempts of one device, which a link names."""

    title = _("device")
    parameter_name = "device__id__exact"
    lookup = "device"
    shown = 0

    def objects(self) -> QuerySet[Model]:
        return Device.objects.all()
