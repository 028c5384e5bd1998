"""Pages of policies."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from devices.models import Policy


@admin.register(Policy)
class PolicyAdmin(ModelAdmin):
    list_display = ("name", "platforms", "version", "updated_at")
    search_fields = ("name",)
    fields = ("name", "platforms", "settings", "apps", "version", "updated_at")
    readonly_fields = ("version", "updated_at")
