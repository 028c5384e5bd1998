"""By what is the list of invitations filtered, besides its own columns? Links from other pages use the same names."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from devices.models import Device, Domain, ImportBatch
from devices.row_number import is_row_number
from devices.scope import visible
from invitations.models import Invitation, Sending

State = Invitation.State


class ObjectFilter(admin.SimpleListFilter):
    """Invitations of one object, whose number a link names; offers the newest ones.

    Attributes:
        lookup: the column that holds the number.
        shown: how many are offered; 0: only the one that a link named.
    """

    lookup: ClassVar[str]
    shown: ClassVar[int] = 15

    def objects(self) -> QuerySet[Any]:
        """Return what can be chosen, in the order in which it is offered; of other domains nothing is."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        objects = visible(self.objects(), request.user)
        offered: list[Model] = list(objects[: self.shown]) if self.shown else []
        chosen = self._number()
        if chosen is None or chosen in [found.pk for found in offered]:
            return [(str(found.pk), str(found)) for found in offered]
        named = objects.filter(pk=chosen).first()
        first = str(named) if named else str(_("No. %(number)s, which is gone") % {"number": chosen})
        return [(str(chosen), first), *((str(found.pk), str(found)) for found in offered)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:
        number = self._number()
        return queryset if number is None else queryset.filter(**{self.lookup: number})

    def _number(self) -> int | None:
        text = self.value()
        if not text:
            return None
        if not is_row_number(text):
            raise IncorrectLookupParameters
        return int(text)


class DomainFilter(ObjectFilter):
    title = _("domain")
    parameter_name = "domain"
    lookup = "device__domain"
    shown = 100

    def objects(self) -> QuerySet[Domain]:
        return Domain.objects.order_by("name")


class BatchFilter(ObjectFilter):
    title = _("import batch")
    parameter_name = "batch__id__exact"
    lookup = "batch"

    def objects(self) -> QuerySet[ImportBatch]:
        return ImportBatch.objects.select_related("domain").order_by("-created_at", "-id")


class SendingFilter(ObjectFilter):
    title = _("sending")
    parameter_name = "sending__id__exact"
    lookup = "sending"

    def objects(self) -> QuerySet[Sending]:
        return Sending.objects.defer("devices").order_by("-created_at", "-id")


class DeviceFilter(ObjectFilter):
    title = _("device")
    parameter_name = "device__id__exact"
    lookup = "device"
    shown = 0

    def objects(self) -> QuerySet[Device]:
        return Device.objects.all()


class UseFilter(admin.SimpleListFilter):
    """Did somebody enroll by the invitation, may they still, or did it end without?"""

    title = _("use")
    parameter_name = "use"
    UNREACHED: ClassVar[str] = "unreached"
    CHOICES: ClassVar[dict[str, tuple[Any, Q]]] = {
        "open": (_("Not used yet"), Q(state__in=Invitation.USABLE)),
        "used": (_("Used"), Q(state=State.REDEEMED)),
        "unused": (_("Ended without use"), Q(state__in=(State.FAILED, State.EXPIRED, State.REVOKED))),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        named = [(name, label) for name, (label, _condition) in self.CHOICES.items()]
        return [*named, (self.UNREACHED, _("Nobody was reached, and the device waits"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:
        if self.value() == self.UNREACHED:
            return queryset.unreached()  # type: ignore[attr-defined]
        choice = self.CHOICES.get(self.value() or "")
        return queryset.filter(choice[1]) if choice else queryset
