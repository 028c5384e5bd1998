"""Pages of device groups."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from devices.models import Device, DeviceGroup
from devices.scope import where_visible

from .console_page import ConsolePage


@admin.register(DeviceGroup)
class DeviceGroupAdmin(ConsolePage):
    list_display = ("name", "device_count", "description")
    search_fields = ("name",)
    ordering = ("name",)  # the model's own is lost where devices are counted
    fields = ("name", "description", "policies")
    autocomplete_fields = ("policies",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeviceGroup]:
        return (
            super()
            .get_queryset(request)
            .annotate(_devices=Count("devices", filter=where_visible(Device, request.user, "devices")))
        )

    @admin.display(description=_("devices"), ordering="_devices")
    def device_count(self, group: DeviceGroup) -> int:
        return int(getattr(group, "_devices", 0))
