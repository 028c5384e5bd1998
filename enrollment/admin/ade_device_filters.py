"""By what is the list of ADE devices filtered, besides its own columns? The page of an account links to these."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from devices.models import Device
from devices.scope import visible
from enrollment.models import AdeDevice

Approval = AdeDevice.Approval
# What Apple calls them (https://developer.apple.com/documentation/devicemanagement/device).
PROFILE_WORDS: Final[Mapping[str, str | Promise]] = {
    "empty": pgettext_lazy("a profile", "None"),
    "assigned": _("Assigned"),
    "pushed": _("Fetched by the device"),
    "removed": _("Removed"),
}
FAMILIES: Final[Mapping[str, str | Promise]] = {
    "iPad": "iPad",
    "iPhone": "iPhone",
    "iPod": "iPod",
    "Mac": "Mac",
    "AppleTV": "Apple TV",
    "RealityDevice": "Apple Vision",
    "Watch": "Apple Watch",
}


def deleted_here(devices: QuerySet[AdeDevice]) -> QuerySet[AdeDevice]:
    """Leave those whose device was deleted here: the sync doesn't make them anew as long as Apple lists them."""
    same = Device.objects.filter(serial_number=OuterRef("serial_number"), platform=OuterRef("platform"))
    return devices.filter(is_listed=True, approval__in=(Approval.MADE, Approval.KNOWN)).exclude(Exists(same))


class TextFilter(admin.SimpleListFilter):
    """By a word of Apple's; an address may name one that isn't offered."""

    column: ClassVar[str]
    # Fixed: to ask 200,000 rows for theirs takes longer than all the rest of the page.
    words: ClassVar[Mapping[str, str | Promise]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(word, str(said)) for word, said in self.words.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AdeDevice]) -> QuerySet[AdeDevice]:
        word = (self.value() or "").replace("\x00", "")
        return queryset.filter(**{self.column: word}) if word else queryset


class FamilyFilter(TextFilter):
    title = _("device family")
    parameter_name = "family"
    column = "device_family"
    words: ClassVar[Mapping[str, str | Promise]] = FAMILIES


class ProfileStatusFilter(TextFilter):
    title = _("profile at Apple")
    parameter_name = "profile"
    column = "profile_status"
    words: ClassVar[Mapping[str, str | Promise]] = PROFILE_WORDS


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
