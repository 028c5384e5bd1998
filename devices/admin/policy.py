"""Pages of policies."""

from django.contrib import admin

from devices.models import Policy

from .console_page import ConsolePage


@admin.register(Policy)
class PolicyAdmin(ConsolePage):
    list_display = ("name", "platforms", "version", "updated_at")
    search_fields = ("name",)
    fields = ("name", "platforms", "settings", "apps", "version", "updated_at")
    readonly_fields = ("version", "updated_at")
