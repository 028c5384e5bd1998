"""By what is the list of ADE devices filtered, besides its own columns? The page of an account links to these."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from devices.models import Device
from devices.scope import visible
from enrollment.models import AdeDevice

Approval = AdeDevice.Approval
# Words of Apple's that a filter offers at most.
OFFERED = 30


def deleted_here(devices: QuerySet[AdeDevice]) -> QuerySet[AdeDevice]:
    """Leave those whose device was deleted here: the sync doesn't make them anew as long as Apple lists them."""
    same = Device.objects.filter(serial_number=OuterRef("serial_number"), platform=OuterRef("platform"))
    return devices.filter(is_listed=True, approval__in=(Approval.MADE, Approval.KNOWN)).exclude(Exists(same))


class TextFilter(admin.SimpleListFilter):
    """By a word of Apple's; offers those of the person's domains."""

    column: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = visible(AdeDevice.objects.exclude(**{self.column: ""}), request.user)
        words = found.order_by(self.column).values_list(self.column, flat=True).distinct()
        return [(word, self.said(word)) for word in words[:OFFERED]]

    def said(self, word: str) -> str:
        """Return a word as it is shown."""
        return word

    def queryset(self, request: HttpRequest, queryset: QuerySet[AdeDevice]) -> QuerySet[AdeDevice]:
        word = (self.value() or "").replace("\x00", "")
        return queryset.filter(**{self.column: word}) if word else queryset


class FamilyFilter(TextFilter):
    title = _("device family")
    parameter_name = "family"
    column = "device_family"


class ProfileStatusFilter(TextFilter):
    title = _("profile at Apple")
    parameter_name = "profile"
    column = "profile_status"

    def said(self, word: str) -> str:
        return str(PROFILE_WORDS.get(word, word))


class MarkFilter(admin.SimpleListFilter):
    """By what is odd about a device."""

    title = _("marks")
    parameter_name = "mark"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("deleted", _("Deleted here by an administrator")), ("twice", _("In several accounts"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AdeDevice]) -> QuerySet[AdeDevice]:
        match self.value():
            case "deleted":
                return deleted_here(queryset)
            case "twice":
                others = visible(AdeDevice.objects.listed(), request.user).exclude(account=OuterRef("account"))
                same = others.filter(serial_number=OuterRef("serial_number"))
                return queryset.filter(Exists(same), is_listed=True)
            case _:
                return queryset


# What Apple calls them.
PROFILE_WORDS = {
    "empty": pgettext_lazy("a profile", "None"),
    "assigned": _("Assigned"),
    "pushed": _("Fetched by the device"),
    "removed": _("Removed"),
}
