"""Pages of Admin > Apple Business/School Manager > Apple ADE: the list of accounts, their form, deleting one.

The guided steps are ade_connect.py's, the page of one account is ade_account_page.py's.
"""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from devices.admin.console_page import ConsolePage
from devices.row_number import is_row_number
from enrollment.ade import accounts, approve_chosen, profiles
from enrollment.models import AdeAccount, AdeDevice, AdeProfile, AdeSync

from . import ade_account_page, ade_connect
from .ade_account_filters import StandingFilter
from .ade_account_form import FIELDS, AdeAccountForm, usual_domain

State = AdeAccount.State
LINKS = frozenset({"groups", "policies"})
# What no page but those that use them needs to decrypt.
SECRETS = ("private_key", "server_token")


class CountedAccounts(ChangeList):
    """A page of accounts, whose devices are counted by one statement."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        shown = list(self.result_list)
        devices = AdeDevice.objects.listed().filter(account__in=[account.pk for account in shown]).order_by()
        made = Count("pk", filter=Q(approval=AdeDevice.Approval.MADE))
        counts = {row["account"]: row for row in devices.values("account").annotate(listed=Count("pk"), made=made)}
        for account in shown:
            count = counts.get(account.pk) or {"listed": 0, "made": 0}
            account.shown_listed, account.shown_made = count["listed"], count["made"]
        self.result_list = shown


@admin.register(AdeAccount)
class AdeAccountAdmin(ConsolePage):
    form = AdeAccountForm
    add_form_template = "ade/account_add.html"
    change_form_template = "ade/account_edit.html"
    delete_confirmation_template = "ade/account_delete.html"
    list_before_template = "ade/_pages.html"
    list_display = ("name", "shown_state", "org_name", "domain", "listed", "pre_approved", "shown_expiry", "last_sync")
    list_select_related = ("domain",)
    list_filter = ("state", StandingFilter)
    search_fields = ("name", "org_name", "server_name")
    search_help_text = _("Name, organisation or server")
    sortable_by = ("name",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    autocomplete_fields = ("default_user", "groups", "policies")
    empty_text = _(
        "Connect Apple Business or School Manager, and every device that Apple lists for your organisation is "
        "pre-approved the moment it is bought."
    )
    actions = None

    # --- the list ---
    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CountedAccounts

    def get_queryset(self, request: HttpRequest) -> QuerySet[AdeAccount]:
        found: QuerySet[AdeAccount] = super().get_queryset(request)
        return found.defer(*SECRETS)

    @display(description=_("state"), label=ade_account_page.COLOURS)
    def shown_state(self, account: AdeAccount) -> tuple[str, str]:
        return account.state, account.get_state_display()

    @admin.display(description=_("devices"))
    def listed(self, account: AdeAccount) -> int:
        return int(getattr(account, "shown_listed", 0))

    @admin.display(description=_("pre-approved by it"))
    def pre_approved(self, account: AdeAccount) -> int:
        return int(getattr(account, "shown_made", 0))

    @admin.display(description=_("token expires"))
    def shown_expiry(self, account: AdeAccount) -> str:
        return ade_account_page.expiry_words(account) or "–"

    @admin.display(description=_("last sync"))
    def last_sync(self, account: AdeAccount) -> Any:
        if account.synced_at is None:
            return _("never")
        return _("%(time)s ago") % {"time": timesince(account.synced_at, timezone.now(), depth=1)}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Apple ADE"), **(extra_context or {})})

    # --- the form: step 1, and later ---
    def get_fieldsets(self, request: HttpRequest, obj: AdeAccount | None = None) -> Any:
        fieldsets: list[Any] = [
            (None, {"fields": ("name", "domain", "pre_approve")}),
            (_("What its devices get"), {"fields": FIELDS[3:]}),
        ]
        if obj is not None and AdeProfile.objects.filter(account=obj).exists():
            fieldsets[1][1]["fields"] = (*FIELDS[3:], "default_profile")
        if obj is None or obj.state == State.NEW:
            fieldsets.append((_("Test without Apple"), {"fields": ("base_url",), "classes": ("collapse",)}))
        return fieldsets

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"domain": usual_domain(request.user), **super().get_changeform_initial_data(request)}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "default_profile":
            key = request.resolver_match.kwargs.get("object_id", 0) if request.resolver_match else 0
            kwargs["queryset"] = AdeProfile.objects.filter(account=key)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.is_relation and field is not None:  # chosen among what is there: this page is one of several steps
            widget = field.widget
            widget.can_add_related = widget.can_change_related = widget.can_view_related = False
            widget.can_delete_related = False
        return field

    def save_model(self, request: HttpRequest, obj: AdeAccount, form: Any, change: bool) -> None:
        if not change:
            accounts.create(obj)
            return
        # What the sync writes meanwhile is left alone.
        obj.save(update_fields=[*(name for name in form.changed_data if name not in LINKS), "updated_at"])

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if change and "pre_approve" in form.changed_data and form.instance.pre_approve:
            approve_chosen.tell_soon(form.instance.pk, request.user)  # what was listed before
        if change and "default_profile" in form.changed_data:
            profiles.want_default(form.instance.pk)

    def response_change(self, request: HttpRequest, obj: AdeAccount) -> HttpResponse:
        messages.success(request, _("“%(name)s” was saved.") % {"name": obj})
        if obj.state == State.NEW:
            return redirect("admin:enrollment_adeaccount_key", obj.pk)
        return redirect("admin:enrollment_adeaccount_change", obj.pk)

    def response_add(self, request: HttpRequest, obj: AdeAccount, post_url_continue: str | None = None) -> HttpResponse:
        return redirect("admin:enrollment_adeaccount_key", obj.pk)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        found = context.get("original")
        is_step = found is None or found.state == State.NEW
        context |= {
            "save_text": _("Save and go on") if is_step else "",
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
            "show_delete": False,
            "show_delete_link": False,
            "account": found,
            "trail_label": ade_connect.TRAIL_LABEL,
            "trail": ade_connect.trail(found, "account") if is_step else [],
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def edit_view(self, request: HttpRequest, object_id: int) -> HttpResponseBase:
        """Show, or take, the form that changes an account."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if not self.get_queryset(request).filter(pk=min(object_id, 2**63 - 1)).exists():
            raise Http404
        return super().change_view(request, str(object_id))

    # --- one account ---
    def get_urls(self) -> list[URLPattern]:
        name = "enrollment_adeaccount_{}".format
        urls = [
            path("<int:object_id>/edit/", self.admin_site.admin_view(self.edit_view), name=name("edit")),
            *(
                path(f"<int:account_id>/{address}", view.as_view(), name=name(step))
                for step, address, view in (*ade_connect.VIEWS, *ade_account_page.VIEWS)
            ),
        ]
        return urls + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Show an account; what can be done with it has addresses of its own."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        found = self.get_queryset(request).select_related("domain", "default_user", "default_profile")
        account = found.filter(pk=_key(object_id)).first()
        if account is None:
            raise Http404
        return ade_account_page.page(self.admin_site, self.opts, request, account)

    # --- deleting one ---
    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Count what goes along: an account may list 200,000 devices, and a page that names each would not end."""
        keys = [account.pk for account in objs]
        counted = {
            AdeAccount._meta.verbose_name_plural: len(keys),
            AdeDevice._meta.verbose_name_plural: AdeDevice.objects.filter(account__in=keys).count(),
            AdeProfile._meta.verbose_name_plural: AdeProfile.objects.filter(account__in=keys).count(),
            AdeSync._meta.verbose_name_plural: AdeSync.objects.filter(account__in=keys).count(),
        }
        missing = set() if self.has_delete_permission(request) else {AdeAccount._meta.verbose_name}
        return (
            [str(account) for account in objs],
            {name: count for name, count in counted.items() if count},
            missing,
            [],
        )

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        waiting = accounts.waiting_devices(_key(object_id)).count()
        shown = {
            "waiting": waiting,
            "waiting_url": f"{reverse('admin:devices_device_changelist')}?status=pre_approved&source=ade",
        }
        return super().delete_view(request, object_id, {**shown, **(extra_context or {})})

    def delete_model(self, request: HttpRequest, obj: AdeAccount) -> None:
        accounts.delete(obj)


def _key(text: str) -> int:
    """Return a number that a column can be compared with; that of nothing for anything else."""
    return int(text) if is_row_number(text) else 0
