"""What stands in the sidebar, in which order, and who sees it? Read by unfold (settings.py) and by the palette."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from devices.models import ImportBatch
from devices.scope import scope_of, visible
from enrollment.lockouts import locked_now
from enrollment.models import Conflict
from hexenroll.mail_settings import BACKENDS
from hexenroll.reports.registry import open_to
from invitations.models import MailboxMessage


@dataclass(frozen=True)
class Entry:
    """A page in the sidebar.

    Attributes:
        title: as people call it.
        icon: name of a symbol.
        page: URL name; an entry whose page doesn't exist is not shown.
        permission: that shows it; "": everybody of staff.
        count: how many things there wait for somebody; None: nothing is counted.
        needs_all_domains: shown to people who may work in every domain only.
        is_open: whether its page opens to the person of a request, where that hangs on more than one permission.
        is_shown: whether there is anything to show; None: always.
        is_active: whether the page of a request belongs to it; None: if its address is below this entry's.
        words: other names, by which the palette finds it, too.
    """

    title: str | Promise
    icon: str
    page: str
    permission: str = ""
    count: Callable[[HttpRequest], int] | None = None
    needs_all_domains: bool = False
    is_open: Callable[[HttpRequest], bool] | None = None
    is_shown: Callable[[], bool] | None = None
    is_active: Callable[[HttpRequest], bool] | None = None
    words: str | Promise = ""

    def is_open_to(self, request: HttpRequest) -> bool:
        """Tell whether the signed-in person gets to see it."""
        if self.permission and not request.user.has_perm(self.permission):
            return False
        if self.needs_all_domains and not scope_of(request.user).is_everything:
            return False
        if self.is_open is not None and not self.is_open(request):
            return False
        return self.is_shown is None or self.is_shown()


def _is_all_enrollments(request: HttpRequest) -> bool:
    return request.path == reverse("enroll:all")


def _is_of_sendings(request: HttpRequest) -> bool:
    lists = reverse("admin:invitations_sending_changelist")
    return request.path.startswith((lists, reverse("enroll:all") + "sendings/"))


def _sees_reports(request: HttpRequest) -> bool:
    return bool(open_to(request.user))


def _is_of_reports(request: HttpRequest) -> bool:
    scheduled = reverse("admin:hexenroll_scheduledreport_changelist")
    return request.path.startswith((scheduled, reverse("reports:index")))


def _is_of_ade(request: HttpRequest) -> bool:
    return request.path.startswith(reverse("admin:index") + "enrollment/ade")


def is_mailbox_shown() -> bool:
    """Tell whether messages go into the development mailbox, or went there before."""
    return BACKENDS["mailbox"] == settings.EMAIL_BACKEND or MailboxMessage.objects.exists()


def _open_conflicts(request: HttpRequest) -> int:
    return visible(Conflict.objects.filter(state=Conflict.State.OPEN), request.user).count()


def _lockouts(request: HttpRequest) -> int:
    return locked_now().count()


def _waiting_batches(request: HttpRequest) -> int:
    return visible(ImportBatch.objects.filter(state=ImportBatch.State.READY), request.user).count()


GROUPS: tuple[tuple[str | Promise, tuple[Entry, ...]], ...] = (
    ("", (Entry(_("Dashboard"), "dashboard", "admin:index"),)),
    (
        _("Enroll"),
        (
            Entry(
                _("All Enrollments"),
                "apps",
                "enroll:all",
                "devices.view_importbatch",
                is_active=_is_all_enrollments,
            ),
            Entry(
                _("Pre-approve"),
                "playlist_add_check",
                "enroll:pre_approve",
                "devices.view_importbatch",
                _waiting_batches,
            ),
            Entry(_("Invitations"), "mail", "admin:invitations_invitation_changelist", "invitations.view_invitation"),
            Entry(
                _("Sendings"),
                "send",
                "admin:invitations_sending_changelist",
                "invitations.view_sending",
                is_active=_is_of_sendings,
            ),
            Entry(
                _("Attempts"),
                "login",
                "admin:enrollment_enrollmentattempt_changelist",
                "enrollment.view_enrollmentattempt",
            ),
            Entry(
                _("Conflicts"),
                "difference",
                "admin:enrollment_conflict_changelist",
                "enrollment.view_conflict",
                _open_conflicts,
            ),
            Entry(
                _("Lockouts"),
                "lock_clock",
                "admin:enrollment_lockout_changelist",
                "enrollment.view_lockout",
                _lockouts,
                needs_all_domains=True,
            ),
            Entry(
                _("Block list"),
                "block",
                "admin:enrollment_blockedhardware_changelist",
                "enrollment.view_blockedhardware",
                needs_all_domains=True,
            ),
            Entry(_("Settings"), "settings", "enroll:settings", "enrollment.view_enrollmentsettings"),
        ),
    ),
    (
        _("Manage"),
        (
            Entry(_("Devices"), "devices", "admin:devices_device_changelist", "devices.view_device"),
            Entry(_("Device groups"), "workspaces", "admin:devices_devicegroup_changelist", "devices.view_devicegroup"),
            Entry(_("Device users"), "person", "admin:devices_deviceuser_changelist", "devices.view_deviceuser"),
            Entry(_("Domains"), "domain", "admin:devices_domain_changelist", "devices.view_domain"),
            Entry(_("Bulk actions"), "dynamic_feed", "admin:devices_bulkaction_changelist", "devices.view_bulkaction"),
        ),
    ),
    (
        "",
        (
            Entry(_("Policies"), "policy", "admin:devices_policy_changelist", "devices.view_policy"),
            Entry(_("Reports"), "monitoring", "reports:index", is_open=_sees_reports, is_active=_is_of_reports),
        ),
    ),
    (
        _("Admin"),
        (
            Entry(
                _("Administrators"),
                "admin_panel_settings",
                "admin:auth_user_changelist",
                "auth.view_user",
                needs_all_domains=True,
            ),
            Entry(_("Roles"), "badge", "admin:auth_group_changelist", "auth.view_group", needs_all_domains=True),
            Entry(
                _("Apple ADE"),
                "enterprise",
                "admin:enrollment_adeaccount_changelist",
                "enrollment.view_adeaccount",
                is_active=_is_of_ade,
                words=_("Apple Business/School Manager, Automated Device Enrollment, DEP"),
            ),
            Entry(_("API keys"), "key", "admin:hexenroll_apikey_changelist", "hexenroll.view_apikey"),
            Entry(_("Audit log"), "history", "admin:hexenroll_auditentry_changelist", "hexenroll.view_auditentry"),
            Entry(
                _("Messages"),
                "edit_note",
                "admin:invitations_messagetemplate_changelist",
                "invitations.view_messagetemplate",
            ),
            Entry(
                _("Mail and SMS"),
                "forward_to_inbox",
                "console:mail",
                "invitations.view_messagetemplate",
                needs_all_domains=True,
            ),
            Entry(
                _("Development mailbox"),
                "inbox",
                "admin:invitations_mailboxmessage_changelist",
                "invitations.view_mailboxmessage",
                needs_all_domains=True,
                is_shown=is_mailbox_shown,
            ),
        ),
    ),
)


def shown(request: HttpRequest, entries: Iterable[Entry]) -> Iterator[tuple[Entry, str]]:
    """Yield the entries whose page exists and that the signed-in person may open, each with its address."""
    for entry in entries:
        if entry.is_open_to(request):
            try:
                yield entry, reverse(entry.page)
            except NoReverseMatch:
                continue


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar's groups as unfold draws them; one without entries is left out."""
    groups: list[dict[str, Any]] = []
    for title, entries in GROUPS:
        items = [_item(request, entry, link) for entry, link in shown(request, entries)]
        if items:
            groups.append({"title": title, "separator": bool(groups), "items": items})
    return groups


def _item(request: HttpRequest, entry: Entry, link: str) -> dict[str, Any]:
    item: dict[str, Any] = {"title": entry.title, "icon": entry.icon, "link": link}
    if entry.count is not None and (count := entry.count(request)):
        item["badge"] = count
    if entry.is_active is not None:
        item["active"] = entry.is_active(request)
    return item
