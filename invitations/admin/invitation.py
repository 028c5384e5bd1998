"""Pages of invitations: the list with its export, and of each one what happened to it and what can be done about it."""

from datetime import datetime
from typing import Any, ClassVar, cast
from uuid import uuid4

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import DataError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.defaultfilters import truncatechars
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV, XLSX
from unfold.contrib.import_export.forms import ExportForm
from unfold.decorators import display

from devices import taken_away
from devices.admin.console_page import ConsolePage
from devices.models import Device
from devices.row_number import is_row_number
from devices.scope import visible
from invitations.actions import ActionError
from invitations.models import Invitation
from invitations.resources import InvitationResource
from invitations.timeline import replacement_of, timeline
from invitations.wizard.choices import request_key

from .invitation_actions import BULK_ACTIONS, SEND, DaysForm, InvitationActionForm, act_on
from .invitation_filters import BatchFilter, DeviceFilter, DomainFilter, SendingFilter, UseFilter

State = Invitation.State
# What a page about one invitation names.
RELATED = ("device__user", "device__domain", "batch__domain", "sending__created_by", "replaces")
# What is large, or a secret, and shown nowhere here.
NOT_SHOWN = (
    "device__one_time_password",
    "device__custom_attributes",
    *(f"batch__{name}" for name in ("headers", "mapping", "fixes", "counts")),
)
# Characters of a cell that a row of the list has room for.
LENGTH = 45


def _in_two_lines(moment: datetime | None) -> str:
    """Write a moment so that a narrow column breaks it between date and time only."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    return " ".join(date_format(local, name).replace(" ", "\u00a0") for name in ("DATE_FORMAT", "TIME_FORMAT"))


@admin.register(Invitation)
class InvitationAdmin(ExportMixin, ConsolePage):
    STATE_COLOURS: ClassVar[dict[str, str]] = {
        State.QUEUED: "default",
        State.SENDING: "info",
        State.SENT: "info",
        State.DELIVERED: "info",
        State.OPENED: "primary",
        State.REDEEMED: "success",
        State.BOUNCED: "danger",
        State.FAILED: "danger",
        State.EXPIRED: "warning",
        State.REVOKED: "warning",
    }

    resource_classes = (InvitationResource,)
    export_form_class = ExportForm
    to_encoding = "utf-8-sig"  # so that a spreadsheet takes it for UTF-8

    list_display = (
        *("shown_recipient", "shown_state", "shown_device", "shown_user", "channel"),
        *("shown_sent", "shown_expiry", "shown_batch", "shown_error"),
    )
    list_filter = ("state", "channel", UseFilter, BatchFilter, SendingFilter, DomainFilter, DeviceFilter)
    list_select_related = ("device__user", "batch")
    search_fields = ("recipient",)  # shows the field; get_search_results does it
    search_help_text = _("Recipient, or the device's serial number or name, or its user's name or e-mail address")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # counts for each choice of each filter: a minute where there are many
    actions = BULK_ACTIONS
    action_form = InvitationActionForm

    def _do_file_export(self, file_format: Any, request: HttpRequest, queryset: Any, export_form: Any = None) -> Any:
        taken_away.tell(request, Invitation, queryset.count())
        return super()._do_file_export(file_format, request, queryset, export_form=export_form)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        return super().get_queryset(request).defer(*NOT_SHOWN)

    # --- the list ---
    @admin.display(description=_("recipient"), ordering="recipient")
    def shown_recipient(self, invitation: Invitation) -> str:
        return truncatechars(invitation.recipient, LENGTH)

    @admin.display(description=_("device"), ordering="device__name")
    def shown_device(self, invitation: Invitation) -> str:
        return truncatechars(str(invitation.device), LENGTH)

    @admin.display(description=_("device user"), ordering="device__user__name")
    def shown_user(self, invitation: Invitation) -> str:
        user = invitation.device.user
        return truncatechars(user.name, LENGTH) if user else ""

    @admin.display(description=_("sent"), ordering="sent_at")
    def shown_sent(self, invitation: Invitation) -> str:
        return _in_two_lines(invitation.sent_at)

    @admin.display(description=_("valid until"), ordering="expires_at")
    def shown_expiry(self, invitation: Invitation) -> str:
        return _in_two_lines(invitation.expires_at)

    @admin.display(description=_("import batch"), ordering="batch")
    def shown_batch(self, invitation: Invitation) -> str:
        return truncatechars(invitation.batch.file_name, LENGTH) if invitation.batch else ""

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def shown_state(self, invitation: Invitation) -> tuple[str, str]:
        return invitation.state, invitation.get_state_display()

    @admin.display(description=_("last error"))
    def shown_error(self, invitation: Invitation) -> str:
        return truncatechars(invitation.last_error, LENGTH)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Invitation], search_term: str
    ) -> tuple[QuerySet[Invitation], bool]:
        text = search_term.replace("\x00", "")
        if not text:
            return queryset, False
        # Devices are looked up first: an OR across the joins can use no index.
        devices = Device.objects.matching(text).order_by().values("pk")
        return queryset.filter(Q(recipient__icontains=text) | Q(device__in=devices)), False

    # --- who may do what ---
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """Nobody deletes invitations; they go with their device, for which its own permission suffices."""
        return False

    def has_send_permission(self, request: HttpRequest) -> bool:
        """Tell who may resend, revoke and extend."""
        return request.user.has_perm(SEND)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("invitations.export_invitation")

    # --- the export ---
    def get_export_formats(self) -> list[Any]:
        return [CSV, XLSX]

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        try:
            found: QuerySet[Invitation] = super().get_export_queryset(request)
            found.exists()  # asked here, where what the database refuses can still be said
            return found
        except (IncorrectLookupParameters, ValueError, OverflowError, DataError) as error:
            raise BadRequest("the address holds no filter of the list") from error

    # --- one invitation ---
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.act_view)
        own = [
            path(f"<int:invitation_id>/{name}/", view, {"name": name}, name=f"invitations_invitation_{name}")
            for name in ("resend", "revoke", "extend")
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the timeline of one invitation: there is nothing to change in it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return self.timeline_page(request, self._found(request, unquote(object_id)))

    def act_view(self, request: HttpRequest, invitation_id: int, name: str) -> HttpResponse:
        """Resend, revoke or extend one invitation."""
        if not (self.has_view_permission(request) and self.has_send_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        invitation = self._found(request, str(invitation_id))
        form = DaysForm(request.POST) if name == "extend" else None
        if form is not None and not form.is_valid():
            return self.timeline_page(request, invitation, form, status=422)
        days = form.cleaned_data["days"] if form else 0
        person, key = cast(User, request.user), request_key(request.POST)
        try:
            messages.success(request, act_on(invitation, name, person, days=days, key=key))
        except ActionError as error:
            messages.error(request, str(error))
        return redirect("admin:invitations_invitation_change", invitation.pk)

    def timeline_page(
        self, request: HttpRequest, invitation: Invitation, form: DaysForm | None = None, status: int = 200
    ) -> HttpResponse:
        """Return the page of one invitation; `form`: what was typed into Extend, with what is wrong about it."""
        newer = replacement_of(invitation)
        is_still_valid = invitation.expires_at is not None and invitation.expires_at > timezone.now()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Invitation to %(recipient)s") % {"recipient": invitation.recipient},
            "opts": self.opts,
            "invitation": invitation,
            "original": invitation,  # named above the page
            "tone": self.STATE_COLOURS[invitation.state],
            "timeline": timeline(invitation, newer),
            "newer": newer,
            "form": form or DaysForm(),
            "request_key": uuid4(),
            "may_send": self.has_send_permission(request),
            "is_resendable": invitation.state in Invitation.RESENDABLE,
            "is_revocable": invitation.state in Invitation.REVOCABLE,
            "is_extendable": invitation.state in Invitation.USABLE and is_still_valid,
        }
        return TemplateResponse(request, "invitations/timeline.html", context, status=status)

    def _found(self, request: HttpRequest, key: str) -> Invitation:
        if not is_row_number(key):
            raise Http404
        found = Invitation.objects.select_related(*RELATED).defer(*NOT_SHOWN, "sending__devices")
        invitation = visible(found, request.user).filter(pk=key).first()
        if invitation is None:
            raise Http404
        return invitation
