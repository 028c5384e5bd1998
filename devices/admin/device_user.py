"""Pages of device users."""

from django.contrib import admin

from devices.models import DeviceUser

from .console_page import ConsolePage


@admin.register(DeviceUser)
class DeviceUserAdmin(ConsolePage):
    list_display = ("name", "email", "domain", "mobile", "sam_account_name")
    list_filter = ("domain",)
    list_select_related = ("domain",)
    search_fields = ("name", "email", "sam_account_name")
    fields = ("domain", "name", "email", "sam_account_name", "mobile", "import_batch", "created_at", "updated_at")
    readonly_fields = ("import_batch", "created_at", "updated_at")
    autocomplete_fields = ("domain",)
    show_full_result_count = False
