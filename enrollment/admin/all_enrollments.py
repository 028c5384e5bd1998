"""Enroll > All Enrollments: by which ways do devices come in, and which of them are open? In hexenroll/urls.py."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from devices.models import Device
from devices.scope import visible
from devices.wizard.frame import WizardView
from enrollment.models import AdeAccount, EnrollmentSettings
from invitations.models import Invitation


@dataclass(frozen=True)
class Way:
    """A way by which devices come in.

    Attributes:
        title: as people call it.
        icon: name of a symbol.
        text: what it is for.
        standing: what there is of it now; "": nothing to say.
        is_open: whether devices can come in by it now.
        actions: label and address of what can be done, the first one first.
    """

    title: str | Promise
    icon: str
    text: str | Promise
    standing: str | Promise
    is_open: bool
    actions: tuple[tuple[str | Promise, str], ...]


class AllEnrollmentsView(WizardView):
    """The ways in, grouped as administrators know them."""

    title = _("All Enrollments")

    def get(self, request: HttpRequest) -> HttpResponse:
        current = EnrollmentSettings.objects.current()
        groups = [
            (_("Enterprise"), [self.pre_approve(), *self.ade()]),
            (_("By invitation"), [self.invitations()]),
            (_("By the device itself"), [self.agent(), self.others(current)]),
        ]
        return self.render("enroll/all.html", groups=groups)

    def pre_approve(self) -> Way:
        """Return the way of this product: a list of serial numbers, before anybody switches a device on."""
        waiting = visible(Device.objects.pre_approved(), self.request.user).count()
        actions: list[tuple[Any, str]] = [(_("Imports"), reverse("enroll:pre_approve"))]
        if self.may("devices.add_importbatch"):
            actions.insert(0, (_("Pre-approve devices"), reverse("enroll:upload")))
        if self.may("devices.view_device"):
            address = f"{reverse('admin:devices_device_changelist')}?status={Device.Status.PRE_APPROVED}"
            actions.append((_("Devices that wait"), address))
        return Way(
            _("Pre-approve"),
            "playlist_add_check",
            _("Upload a list of serial numbers. Each device gets its groups, policies and apps on enrolling."),
            ngettext("%(number)d device waits to enroll.", "%(number)d devices wait to enroll.", waiting)
            % {"number": waiting},
            True,
            tuple(actions),
        )

    def ade(self) -> list[Way]:
        """Return the way by Apple's own list, for those who may see it."""
        if not self.may("enrollment.view_adeaccount"):
            return []
        accounts = visible(AdeAccount.objects.connected(), self.request.user).count()
        actions: list[tuple[Any, str]] = [(_("ADE accounts"), reverse("admin:enrollment_adeaccount_changelist"))]
        if not accounts and self.may("enrollment.add_adeaccount"):
            actions.insert(0, (_("Connect Apple"), reverse("admin:enrollment_adeaccount_add")))
        if accounts and self.may("enrollment.view_adedevice"):
            actions.append((_("ADE devices"), reverse("admin:enrollment_adedevice_changelist")))
        text = _("Devices that Apple lists for your organisation are pre-approved the moment they are bought.")
        standing = ngettext("%(number)d account is connected.", "%(number)d accounts are connected.", accounts) % {
            "number": accounts
        }
        shown = standing if accounts else _("No account of Apple Business or School Manager is connected.")
        return [Way(_("Apple ADE"), "enterprise", text, shown, bool(accounts), tuple(actions))]

    def invitations(self) -> Way:
        """Return the messages with a link and a one-time password."""
        actions: tuple[tuple[Any, str], ...] = ()
        standing: str = ""
        if self.may("invitations.view_invitation"):
            live = visible(Invitation.objects.filter(state__in=Invitation.LIVE), self.request.user).count()
            standing = ngettext(
                "%(number)d invitation has not been used yet.", "%(number)d invitations have not been used yet.", live
            ) % {"number": live}
            actions = ((_("Invitations"), reverse("admin:invitations_invitation_changelist")),)
        text = _(
            "Users get an e-mail or SMS with a link, a one-time password and, in mails, a QR code for their device."
        )
        return Way(_("E-mail and SMS"), "mail", text, standing, True, actions)

    def agent(self) -> Way:
        """Return the program for computers."""
        address = f"{settings.PUBLIC_URL}{reverse('agent_file')}"
        text = _(
            "Linux and macOS enroll by a small program. The page behind each invitation shows the one line "
            "that fetches and starts it."
        )
        return Way(_("Agent for Linux and macOS"), "terminal", text, address, True, ((_("Download"), address),))

    def others(self, current: EnrollmentSettings) -> Way:
        """Return what happens to devices that are on nobody's list."""
        is_open = not current.pre_approved_devices_only
        text = _("Devices that are not on the list enroll as ordinary devices of the user who signs in on them.")
        standing = (
            _("Open: devices that are not on the list may enroll.")
            if is_open
            else _("Closed: “Pre-approved Devices Only” is ticked, so devices that are not on the list are refused.")
        )
        may_look = self.may("enrollment.view_enrollmentsettings")
        actions = ((_("Enrollment settings"), reverse("enroll:settings")),) if may_look else ()
        return Way(_("Devices that are not on the list"), "devices_other", text, standing, is_open, actions)
