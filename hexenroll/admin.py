"""What does the console's frame show: accounts of staff, and the sidebar. Read by unfold."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.paginator import InvalidPage
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from devices.admin.console_page import ConsolePage
from enrollment.lockouts import locked_now
from enrollment.models import Conflict
from hexenroll.mail_settings import BACKENDS
from invitations.models import MailboxMessage

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ConsolePage):  # type: ignore[misc]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ConsolePage):  # type: ignore[misc]
    pass


def search(request: HttpRequest) -> HttpResponseBase:
    """Answer the palette; unfold's own view fails at a page of results that isn't there."""
    page = request.GET.get("page", "1")
    if not (page.isascii() and page.isdecimal() and len(page) < 6):
        raise Http404
    try:
        return admin.site.admin_view(admin.site.search)(request)  # type: ignore[attr-defined]
    except InvalidPage:
        raise Http404 from None


MAILBOX = "admin:invitations_mailboxmessage_changelist"
LOCKOUTS = "admin:enrollment_lockout_changelist"
CONFLICTS = "admin:enrollment_conflict_changelist"
# What waits for somebody, or happens now: how many, on each page.
COUNTED: dict[str, Callable[[], int]] = {
    LOCKOUTS: lambda: locked_now().count(),
    CONFLICTS: lambda: Conflict.objects.filter(state=Conflict.State.OPEN).count(),
}
# Title, icon, URL name, permission that shows it. An entry whose page doesn't exist yet isn't shown.
ENROLL = [
    (_("Pre-approve"), "playlist_add_check", "enroll:pre_approve", "devices.view_importbatch"),
    (_("Invitations"), "mail", "admin:invitations_invitation_changelist", "invitations.view_invitation"),
    (_("Sendings"), "send", "admin:invitations_sending_changelist", "invitations.view_sending"),
    (_("Attempts"), "login", "admin:enrollment_enrollmentattempt_changelist", "enrollment.view_enrollmentattempt"),
    (_("Conflicts"), "difference", CONFLICTS, "enrollment.view_conflict"),
    (_("Lockouts"), "lock_clock", LOCKOUTS, "enrollment.view_lockout"),
    (_("Block list"), "block", "admin:enrollment_blockedhardware_changelist", "enrollment.view_blockedhardware"),
    (_("Settings"), "settings", "enroll:settings", "enrollment.view_enrollmentsettings"),
]
MANAGE = [
    (_("Devices"), "devices", "admin:devices_device_changelist", "devices.view_device"),
    (_("Device users"), "person", "admin:devices_deviceuser_changelist", "devices.view_deviceuser"),
    (_("Device groups"), "workspaces", "admin:devices_devicegroup_changelist", "devices.view_devicegroup"),
    (_("Policies"), "policy", "admin:devices_policy_changelist", "devices.view_policy"),
    (_("Domains"), "domain", "admin:devices_domain_changelist", "devices.view_domain"),
]
ADMIN = [
    (_("Administrators"), "admin_panel_settings", "admin:auth_user_changelist", "auth.view_user"),
    (_("Roles"), "badge", "admin:auth_group_changelist", "auth.view_group"),
    (_("Messages"), "edit_note", "admin:invitations_messagetemplate_changelist", "invitations.view_messagetemplate"),
    (_("Development mailbox"), "inbox", MAILBOX, "invitations.view_mailboxmessage"),
]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar's groups with the pages that exist and that the signed-in person may open."""
    groups = [
        {"title": title, "separator": True, "items": _items(request, entries)}
        for title, entries in ((_("Enroll"), ENROLL), (_("Manage"), MANAGE), (_("Admin"), ADMIN))
    ]
    return [group for group in groups if group["items"]]


def is_mailbox_shown() -> bool:
    """Tell whether messages go into the development mailbox, or went there before."""
    return BACKENDS["mailbox"] == settings.EMAIL_BACKEND or MailboxMessage.objects.exists()


def _items(request: HttpRequest, entries: list[tuple[Any, str, str, str]]) -> list[dict[str, Any]]:
    items = []
    for title, icon, url_name, permission in entries:
        if not request.user.has_perm(permission) or (url_name == MAILBOX and not is_mailbox_shown()):
            continue
        try:
            item = {"title": title, "icon": icon, "link": reverse(url_name)}
        except NoReverseMatch:
            continue
        if url_name in COUNTED and (count := COUNTED[url_name]()):
            item["badge"] = count
        items.append(item)
    return items
