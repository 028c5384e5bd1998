"""Pages of attempts: the list, and of each one what the device said, what it was told, and what can be done about it.

What stands there was sent by anybody: it is shown as text of its own direction, and never matched or followed.
"""

import ipaddress
from copy import copy
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Lower
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.defaultfilters import truncatechars
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from devices.admin.console_page import ConsolePage
from devices.models import Device, DeviceUser
from devices.row_number import is_row_number
from devices.scope import scope_of, visible
from devices.vocabulary import Platform
from enrollment.approval import Prospect, blockable, prospect
from enrollment.methods import ManagementMode, Method
from enrollment.models import BlockedHardware, Conflict, EnrollmentAttempt
from enrollment.reasons import LETS_IN, Reason

from .approve_page import ApprovePage
from .attempt_filters import DeviceFilter, MethodFilter, PeriodFilter, PlatformFilter
from .blocked_hardware import block_now, question
from .claimed_text import odd_characters, plain, word_of

# Characters of a cell that a row of the list has room for.
LENGTH = 40
# So many other attempts with the same serial number are on the page of one; the list has them all.
SHOWN = 5
ADD_DEVICE = "devices.add_device"
CHANGE_DEVICE = "devices.change_device"
# Refused by the exclusions of Enroll > Settings.
EXCLUDED = frozenset({Reason.PLATFORM_NOT_SUPPORTED, Reason.ANDROID_GENERIC_METHOD, Reason.ANDROID_PROFILE_OWNER})
BLOCK = "enrollment.add_blockedhardware"


class BlockForm(forms.Form):
    """By which of its properties is the device blocked?"""

    kind = forms.ChoiceField(choices=BlockedHardware.Kind.choices)
    note = forms.CharField(max_length=200, required=False)


@admin.register(EnrollmentAttempt)
class EnrollmentAttemptAdmin(ConsolePage):
    list_display = (
        *("shown_time", "shown_serial", "shown_outcome", "shown_reason"),
        *("shown_platform", "shown_method", "shown_user", "address"),
    )
    list_display_links = ("shown_time", "shown_serial")
    list_filter = ("is_let_in", "reason", PlatformFilter, MethodFilter, PeriodFilter, DeviceFilter)
    list_select_related = ("user",)
    search_fields = ("serial_number",)  # shows the field; get_search_results does it
    search_help_text = _("Serial number, or a whole hardware UUID, IP address or e-mail address")
    empty_text = _("Each request of a device to enroll will be here, whether it was let in or refused, and why.")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # counts for each choice of each filter, of a million rows
    OUTCOME_COLOURS: ClassVar[dict[str, str]] = {"in": "success", "refused": "danger"}

    # --- the list ---
    @admin.display(description=_("time"), ordering="at")
    def shown_time(self, attempt: EnrollmentAttempt) -> str:
        local = timezone.localtime(attempt.at)  # a narrow column breaks it between date and time only
        return " ".join(date_format(local, name).replace(" ", "\u00a0") for name in ("DATE_FORMAT", "TIME_FORMAT"))

    @admin.display(description=_("serial number"), ordering="serial_number")
    def shown_serial(self, attempt: EnrollmentAttempt) -> str:
        return format_html("<bdi>{}</bdi>", truncatechars(attempt.serial_number, LENGTH) or _("none told"))

    @display(description=_("outcome"), ordering="is_let_in", label=OUTCOME_COLOURS)
    def shown_outcome(self, attempt: EnrollmentAttempt) -> tuple[str, Any]:
        return ("in", _("Let in")) if attempt.is_let_in else ("refused", _("Refused"))

    @admin.display(description=_("reason"), ordering="reason")
    def shown_reason(self, attempt: EnrollmentAttempt) -> str:
        return format_html('<span class="at-reason">{}</span>', attempt.get_reason_display())

    @admin.display(description=_("platform"), ordering="platform")
    def shown_platform(self, attempt: EnrollmentAttempt) -> str:
        words = f"{word_of(Platform, attempt.platform)} {attempt.os_version}".strip()
        return format_html("<bdi>{}</bdi>", truncatechars(words, LENGTH))

    @admin.display(description=_("method"), ordering="method")
    def shown_method(self, attempt: EnrollmentAttempt) -> str:
        return format_html("<bdi>{}</bdi>", truncatechars(word_of(Method, attempt.method), LENGTH))

    @admin.display(description=_("device user"), ordering="user__name")
    def shown_user(self, attempt: EnrollmentAttempt) -> str:
        return format_html("<bdi>{}</bdi>", truncatechars(attempt.user.name, LENGTH)) if attempt.user else ""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[EnrollmentAttempt], search_term: str
    ) -> tuple[QuerySet[EnrollmentAttempt], bool]:
        text = search_term.replace("\x00", "").strip()
        if not text:
            return queryset, False
        found = Q(serial_number__icontains=text) | Q(hardware_uuid=text)
        try:
            found |= Q(address=str(ipaddress.ip_address(text)))
        except ValueError:  # most texts are no address
            pass
        if "@" in text:  # users first: over both tables at once, no index would help
            users = visible(DeviceUser.objects.filter(email_key=Lower(Value(text))), request.user)
            found |= Q(user__in=list(users.values_list("pk", flat=True)))
        return queryset.filter(found), False

    # --- who may do what ---
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: EnrollmentAttempt | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: EnrollmentAttempt | None = None) -> bool:
        """Nobody deletes attempts; the clock does (retention.py)."""
        return False

    # --- one attempt ---
    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site
        own = [
            path("<int:attempt_id>/approve/", site.admin_view(self.approve_view), name="enrollment_attempt_approve"),
            path("<int:attempt_id>/block/", site.admin_view(self.block_view), name="enrollment_attempt_block"),
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one attempt: there is nothing to change in it."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        attempt = self._found(request, object_id)
        return self._page(request, attempt, BlockForm(initial={"kind": next(iter(blockable(attempt)), "")}))

    def approve_view(self, request: HttpRequest, attempt_id: int) -> HttpResponseBase:
        """Approve the device: as a new one, or in the place of the known one, or of the one that `device` names."""
        attempt = self._found(request, str(attempt_id))
        if not request.user.has_perm(ADD_DEVICE):
            raise PermissionDenied
        back = reverse("admin:enrollment_enrollmentattempt_change", args=[attempt.pk])
        found = prospect(attempt, request.user)
        if found.obstacle:
            messages.error(request, found.obstacle)
            return redirect(back)
        corrected = self._corrected(request, found)
        page = ApprovePage(attempt, back, is_correction=corrected is not None)
        page.notes = self._notes(found, corrected)
        return page.page(request, found.known or corrected)

    def block_view(self, request: HttpRequest, attempt_id: int) -> HttpResponse:
        """Put the device, or what it says of itself, on the block list."""
        attempt = self._found(request, str(attempt_id))
        if not request.user.has_perm(BLOCK):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form, values = BlockForm(request.POST), blockable(attempt)
        if not form.is_valid() or form.cleaned_data["kind"] not in values:
            messages.error(request, _("Choose what is blocked: something that this device told."))
            return self._page(request, attempt, form, status=422)
        kind = form.cleaned_data["kind"]
        back = reverse("admin:enrollment_enrollmentattempt_change", args=[attempt.pk])
        if page := question(request, kind, values[kind], back):
            return page
        entry, is_new = BlockedHardware.objects.get_or_create(
            kind=kind, value=values[kind], defaults={"note": form.cleaned_data["note"]}
        )
        if is_new:
            self.log_addition(request, entry, [{"added": {}}])
            messages.success(request, _("“%(value)s” is blocked.") % {"value": entry.value})
        else:
            messages.info(request, _("“%(value)s” was blocked already.") % {"value": entry.value})
        block_now(request, entry)
        return redirect(back)

    def _page(
        self, request: HttpRequest, attempt: EnrollmentAttempt, form: BlockForm, status: int = 200
    ) -> HttpResponse:
        values = blockable(attempt)
        entries = visible(BlockedHardware.objects.filter(value__in=values.values()), request.user)
        blocked = [entry for entry in entries if values.get(entry.kind) == entry.value]
        attempts = visible(EnrollmentAttempt.objects.exclude(pk=attempt.pk), request.user)
        same = attempts.filter(serial_number=attempt.serial_number)
        others = list(same[: SHOWN + 1]) if attempt.serial_number else []
        named = copy(attempt)  # above the page, where no text is kept apart from its neighbours
        named.serial_number = plain(attempt.serial_number)
        about = Conflict.objects.filter(device=attempt.device_id, hardware_uuid=attempt.hardware_uuid)
        conflicts = visible(about, request.user)
        context = {
            **self.admin_site.each_context(request),
            "title": named.serial_number or _("Attempt without a serial number"),
            "opts": self.opts,
            "attempt": attempt,
            "original": named,
            "odd": odd_characters(attempt.serial_number),
            "platform": word_of(Platform, attempt.platform),
            "method": word_of(Method, attempt.method),
            "mode": word_of(ManagementMode, attempt.management_mode),
            "is_let_in": attempt.reason in LETS_IN,
            "is_excluded": attempt.reason in EXCLUDED,
            "prospect": None if attempt.is_let_in else prospect(attempt, request.user),
            "conflict": conflicts.first() if attempt.reason == Reason.CONFLICT and attempt.device_id else None,
            "blockable": [(kind, BlockedHardware.Kind(kind).label, value) for kind, value in values.items()],
            "blocked": blocked,
            "form": form,
            "others": others[:SHOWN],
            "has_more": len(others) > SHOWN,
            "may_approve": request.user.has_perm(ADD_DEVICE),
            "may_change": request.user.has_perm(CHANGE_DEVICE),
            "may_block": request.user.has_perm(BLOCK),
        }
        return TemplateResponse(request, "enrollment/attempt.html", context, status=status)

    def _found(self, request: HttpRequest, key: str) -> EnrollmentAttempt:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not is_row_number(key):
            raise Http404
        related = EnrollmentAttempt.objects.select_related("user__domain", "device__user")
        # What is large, or a secret, and shown nowhere here.
        slim = related.defer("device__one_time_password", "device__custom_attributes")
        attempt = visible(slim, request.user).filter(pk=key).first()
        if attempt is None:
            raise Http404
        scope = scope_of(request.user)
        # Its user and its device need not be of one domain; what is of another one isn't named.
        if attempt.device is not None and not scope.has(attempt.device.domain_id):
            attempt.device = None
        if attempt.user is not None and not scope.has(attempt.user.domain_id):
            attempt.user = None
        return attempt

    def _corrected(self, request: HttpRequest, found: Prospect) -> Device | None:
        """Return the waiting device whose serial number is corrected; None: none is named."""
        key = request.GET.get("device", "")
        if not key:
            return None
        for device in found.waiting:
            if str(device.pk) == key:
                return device
        raise Http404

    def _notes(self, found: Prospect, corrected: Device | None) -> tuple[Any, ...]:
        notes: list[Any] = []
        if corrected is not None:
            text = _("The serial number “%(serial)s” of “%(device)s” is corrected: it becomes the one below.")
            notes.append(text % {"serial": corrected.serial_number, "device": corrected})
        elif found.known is not None and found.known.status == Device.Status.PRE_APPROVED:
            notes.append(_("A device with this serial number is pre-approved already. Saving renews its approval."))
        elif found.known is not None:
            notes.append(_("A device with this serial number was here before. Saving lets it enroll anew."))
        if found.warning:
            notes.append(_("Its next try would be refused nevertheless: %(reason)s") % {"reason": found.warning})
        return tuple(notes)
