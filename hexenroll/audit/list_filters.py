"""By what is the audit log filtered, and how is an object found in it? Indexes answer, with a million entries."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet, Value
from django.db.models.functions import Lower, Upper
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter

from devices.models import Device, DeviceUser, Domain
from devices.row_number import is_row_number
from devices.scope import visible
from hexenroll.models import AuditEntry

from .recorded import RECORDED
from .words import ACTIONS

FOUND = 200  # devices or users whose entries a search finds
RECENT = 1_000  # entries whose accounts are offered to who doesn't see administrators
# Besides those of RECORDED: what is announced only.
ANNOUNCED = ("invitations.invitation", "invitations.sending", "enrollment.conflict", "enrollment.lockout")


class ActionFilter(admin.SimpleListFilter):
    title = _("what")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(number), label) for number, label in ACTIONS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        value = self.value() or ""
        return queryset.filter(action=int(value)) if value in {str(number) for number in ACTIONS} else queryset


class KindFilter(admin.SimpleListFilter):
    """Entries about objects of one model."""

    title = _("kind of object")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = [(label, name) for label, name in _kinds().items()]
        return sorted(found, key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        value = self.value()
        if value not in _kinds():
            return queryset
        app, model = str(value).split(".")
        return queryset.filter(content_type=ContentType.objects.get_by_natural_key(app, model))


class PersonFilter(admin.SimpleListFilter):
    """Entries of one account; of those that may sign in to the console, and of the one that a link names."""

    title = _("who")
    parameter_name = "who"
    shown = 100

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        people = User.objects.filter(is_staff=True).order_by("username")
        if not request.user.has_perm("auth.view_user"):  # nobody who works elsewhere is named
            newest = visible(AuditEntry.objects.order_by("-timestamp", "-id"), request.user)
            people = people.filter(pk__in={pk for pk in newest.values_list("actor_id", flat=True)[:RECENT] if pk})
        found = [(str(pk), name) for pk, name in people.values_list("pk", "username")[: self.shown]]
        value = self.value()
        if value and value not in dict(found):
            found.insert(0, (value, str(_("No. %(number)s")) % {"number": value[:20]}))
        return found

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        number = _number(self.value())
        return queryset if number is None else queryset.filter(actor_id=number)


class DomainFilter(admin.SimpleListFilter):
    title = _("domain")
    parameter_name = "domain"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        domains = visible(Domain.objects.order_by("name"), request.user)
        return [(str(pk), name) for pk, name in domains.values_list("pk", "name")[:100]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        number = _number(self.value())
        return queryset if number is None else queryset.filter(domain_id=number)


class DatesFilter(RangeDateFilter):
    """Entries from one day to another, in the time zone of who looks."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        begin, end = (self._day(f"{self.parameter_name}{side}") for side in ("_from", "_to"))
        if begin is not None:
            queryset = queryset.filter(timestamp__gte=_midnight(begin))
        if end is not None and end < date.max:
            queryset = queryset.filter(timestamp__lt=_midnight(end + timedelta(days=1)))
        return queryset

    def _day(self, name: str) -> date | None:
        value = self.used_parameters.get(name)
        text = value[0] if isinstance(value, list) and value else value
        try:
            return date.fromisoformat(text) if text else None
        except (TypeError, ValueError) as error:
            raise IncorrectLookupParameters from error


def found_by(queryset: QuerySet[AuditEntry], text: str, person: Any) -> QuerySet[AuditEntry]:
    """Return the entries about an object: by its name as it was then, a serial number's beginning, or an address.

    Args:
        queryset: to be narrowed.
        text: what was typed.
        person: who looks; objects that they may not see aren't found.
    """
    # By the index on the upper case, which `iexact` finds on PostgreSQL alone.
    queryset = queryset.alias(upper_repr=Upper("object_repr"))
    condition = Q(upper_repr=Upper(Value(text)))
    devices = visible(Device.objects.filter(serial_number__istartswith=text), person)
    condition |= _about(Device, devices)
    if "@" in text:
        condition |= _about(DeviceUser, visible(DeviceUser.objects.filter(email_key=Lower(Value(text))), person))
    return queryset.filter(condition)


def _about(model: type[Model], objects: QuerySet[Any]) -> Q:
    kind = ContentType.objects.get_for_model(model)
    return Q(content_type=kind, object_id__in=list(objects.order_by("pk").values_list("pk", flat=True)[:FOUND]))


def _kinds() -> dict[str, str]:
    """Return the name of each kind of object that entries are about, by its label."""
    labels = {*(label.lower() for label in RECORDED), *ANNOUNCED}
    kinds = [(kind, kind.model_class()) for kind in _content_types()]
    return {
        f"{kind.app_label}.{kind.model}": capfirst(str(model._meta.verbose_name))
        for kind, model in kinds
        if model is not None and f"{kind.app_label}.{kind.model}" in labels
    }


def _content_types() -> list[ContentType]:
    from django.apps import apps

    return list(ContentType.objects.get_for_models(*apps.get_models(), for_concrete_models=False).values())


def _number(text: str | None) -> int | None:
    if not text:
        return None
    if not is_row_number(text):
        raise IncorrectLookupParameters
    return int(text)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
