"""Which devices get an enrollment profile, or lose theirs? A page of a profile, and two actions of the device list."""

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action

from devices.admin.console_page import ConsolePage
from devices.models import DeviceGroup
from devices.row_number import is_row_number
from devices.scope import visible
from enrollment.ade import profiles
from enrollment.models import AdeAccount, AdeDevice, AdeProfile

if TYPE_CHECKING:
    Page = ConsolePage
else:
    Page = object

ASSIGN: Final = "enrollment.assign_adeprofile"
WITHOUT, GROUP, ALL = "without", "group", "all"
CONFIRMED: Final = "confirmed"


class AssignForm(forms.Form):
    """Which devices of the account get the profile."""

    which = forms.ChoiceField(
        choices=(
            (WITHOUT, _("Devices without an enrollment profile")),
            (GROUP, _("Devices of a device group")),
            (ALL, _("All devices of the account")),
        ),
        error_messages={"required": _("Choose which devices get it.")},
    )
    group = forms.ModelChoiceField(DeviceGroup.objects.none(), required=False)

    def __init__(self, data: Any, person: Any) -> None:
        super().__init__(data)
        group = self.fields["group"]
        if isinstance(group, forms.ModelChoiceField):
            group.queryset = visible(DeviceGroup.objects.order_by("name"), person)

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if found.get("which") == GROUP and not found.get("group") and "group" not in self.errors:
            self.add_error("group", _("Choose a device group."))
        return found

    def chosen(self, account: AdeAccount, person: Any) -> QuerySet[AdeDevice]:
        """Return the chosen devices of an account; a group's, as far as the person may see its devices."""
        match self.cleaned_data["which"]:
            case "group":
                return profiles.among(account, visible(self.cleaned_data["group"].devices.all(), person))
            case "without":
                return profiles.without_profile(account)
            case _:
                return AdeDevice.objects.filter(account=account)


def assign_page(page: ConsolePage, request: HttpRequest, profile: AdeProfile) -> HttpResponseBase:
    """Ask which devices of its account get a profile; once that was answered, note it for the worker.

    Args:
        page: the console's page of profiles.
        request: of somebody who may.
        profile: one that they see.
    """
    form = AssignForm(request.POST if request.method == "POST" else None, request.user)
    if form.is_valid():
        count = profiles.assign(profile, form.chosen(profile.account, request.user), person=request.user)
        if count:
            text = ngettext("Chosen for %(count)d device.", "Chosen for %(count)d devices.", count)
            page.log_change(request, profile, text % {"count": count})
        _say(request, count, profile)
        return redirect("admin:enrollment_adeprofile_change", profile.pk)
    context = {
        **page.admin_site.each_context(request),
        "title": _("Assign to devices"),
        "opts": page.opts,
        "original": profile,
        "profile": profile,
        "form": form,
        "groups": form.fields["group"].queryset,  # type: ignore[attr-defined]
        "listed": AdeDevice.objects.listed().filter(account=profile.account_id).count(),
        "without": profiles.without_profile(profile.account).count(),
    }
    return TemplateResponse(request, "ade/profile_assign.html", context)


class ProfileActions(Page):
    """Two actions of the list of ADE devices, each with a page that asks."""

    def has_assign_profile_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(ASSIGN)

    @action(description=_("Assign enrollment profile"), permissions=["assign_profile"])
    def assign_profile(self, request: HttpRequest, queryset: QuerySet[AdeDevice]) -> HttpResponse | None:
        """Let the chosen devices have a profile of their account."""
        devices = AdeDevice.objects.filter(pk__in=queryset.order_by().values("pk"))
        accounts = list(_counted(devices, request.user))
        offered = visible(AdeProfile.objects.filter(account__in=[account.pk for account in accounts]), request.user)
        offered = offered.select_related("account").order_by("account__name", "name")
        wrong: Any = ""
        if CONFIRMED in request.POST:
            key = request.POST.get("profile", "")
            is_key = is_row_number(key)
            chosen = offered.filter(pk=key).first() if is_key else None
            if chosen is not None:
                _say(request, profiles.assign(chosen, devices, person=request.user), chosen)
                return None
            wrong = _("Choose one of these profiles.")
        context = {"title": _("Assign enrollment profile"), "accounts": accounts, "offered": offered, "wrong": wrong}
        return self._ask(request, "assign_profile", context)

    @action(description=_("Remove enrollment profile"), permissions=["assign_profile"])
    def remove_profile(self, request: HttpRequest, queryset: QuerySet[AdeDevice]) -> HttpResponse | None:
        """Let the chosen devices have no profile, whoever assigned it."""
        devices = AdeDevice.objects.filter(pk__in=queryset.order_by().values("pk"))
        if CONFIRMED in request.POST:
            _say(request, profiles.remove(devices, person=request.user), None)
            return None
        accounts = list(_counted(devices, request.user))
        context = {"title": _("Remove enrollment profile"), "accounts": accounts, "removes": True}
        return self._ask(request, "remove_profile", context)

    def _ask(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        """Return the page that asks, with what chooses the same devices again."""
        ticked = request.POST.getlist(ACTION_CHECKBOX_NAME)
        chosen = [("action", name), ("select_across", request.POST.get("select_across", "0"))]
        shown = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "total": sum(account.listed for account in context["accounts"]),
            "hidden": [*chosen, *((ACTION_CHECKBOX_NAME, key) for key in ticked)],
            "confirmed": CONFIRMED,
            "back": request.get_full_path(),
        }
        return TemplateResponse(request, "ade/profile_ask.html", shown | context)


def _counted(devices: QuerySet[AdeDevice], person: Any) -> QuerySet[AdeAccount]:
    """Return the accounts of devices, each with how many of them Apple lists (`listed`)."""
    counts = dict(devices.filter(is_listed=True).order_by().values_list("account").annotate(Count("pk")))
    accounts = visible(AdeAccount.objects.filter(pk__in=counts).only("name").order_by("name"), person)
    for account in accounts:
        account.listed = counts[account.pk]  # type: ignore[attr-defined]
    return accounts


def _say(request: HttpRequest, count: int, profile: AdeProfile | None) -> None:
    """Tell how many devices Apple will be told about."""
    if not count:
        messages.info(request, _("There is nothing to do: it is so already, or Apple doesn't list these devices."))
        return
    if profile is None:
        text = ngettext(
            "The enrollment profile of %(count)d device will be removed at Apple in a moment.",
            "The enrollment profiles of %(count)d devices will be removed at Apple in a moment.",
            count,
        )
    else:
        text = ngettext(
            "Apple will assign “%(name)s” to %(count)d device in a moment. The list shows the result.",
            "Apple will assign “%(name)s” to %(count)d devices in a moment. The list shows the results.",
            count,
        )
    messages.success(request, text % {"count": count, "name": profile})
