"""Which views of the device list did somebody save, or get from others? Rules, and the addresses of their forms."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, Q
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from devices.filters import DeviceFilter
from devices.models import DeviceUser, Domain, ImportBatch, SavedView
from devices.row_number import is_row_number
from devices.scope import scope_of, visible

from . import columns

COLUMNS_KEY = "device_columns"  # of the session
LONGEST_QUERY = 4_000
# Filters by what is of a domain each.
OF_DOMAINS: Final[dict[str, type[Model]]] = {"domain": Domain, "user": DeviceUser, "batch": ImportBatch}
NONE = "0"  # of `view`: the list as it comes, although a default was chosen


@dataclass(frozen=True)
class Tab:
    """A view above the list; `is_mine`: may be changed and deleted by who looks."""

    name: str
    address: str
    key: int
    is_active: bool
    is_mine: bool
    is_shared: bool
    is_default: bool


def seen_by(person: Any) -> list[SavedView]:
    """Return a person's own views, and those that others share: not those that name what is of other domains."""
    found = list(SavedView.objects.filter(Q(owner=person) | Q(is_shared=True)).order_by("name", "pk"))
    if scope_of(person).is_everything:
        return found
    named = {view.pk: QueryDict(view.query) for view in found if view.owner_id != person.pk}
    hidden = {key for key, query in named.items() if query.get("q")}  # what is searched for may be anybody's name
    for name, model in OF_DOMAINS.items():
        keys = {int(text) for query in named.values() for text in query.getlist(name) if _is_key(text)}
        theirs = set(visible(model._default_manager.filter(pk__in=keys), person).values_list("pk", flat=True))
        gone = {str(key) for key in keys - theirs}
        hidden |= {key for key, query in named.items() if gone.intersection(query.getlist(name))}
    return [view for view in found if view.pk not in hidden]


def of(request: HttpRequest, active: str) -> list[Tab]:
    """Return the views as tabs; `active` is the number of the one that is shown."""
    return [
        Tab(
            name=view.name,
            address=address(view),
            key=view.pk,
            is_active=str(view.pk) == active,
            is_mine=view.owner_id == request.user.pk,
            is_shared=view.is_shared,
            is_default=view.is_default and view.owner_id == request.user.pk,
        )
        for view in seen_by(request.user)
    ]


def address(view: SavedView) -> str:
    """Return the list's address, spelled out, of a view."""
    shown = [("columns", ",".join(view.columns))] if view.columns else []
    return f"?{view.query}{'&' if view.query else ''}{urlencode([*shown, ('view', view.pk)])}"


def opened(request: HttpRequest) -> str | None:
    """Return the address that the list is to be opened with, where the given one only names a view, or nothing at all.

    Raises:
        Http404: there is no such view.
    """
    if not request.GET:
        default = SavedView.objects.filter(owner=request.user.pk, is_default=True).first()
        return address(default) if default else None
    if set(request.GET) == {"view"} and request.GET["view"] != NONE:
        return address(_found(request, request.GET["view"]))
    return None


def shown_columns(request: HttpRequest) -> list[columns.Column]:
    """Return the columns that an address names, or that the person chose last."""
    named = request.GET.get("columns", "")
    return columns.chosen(named.split(",") if named else request.session.get(COLUMNS_KEY, ()))


def _is_key(text: str) -> bool:
    return is_row_number(text)


def _found(request: HttpRequest, key: str) -> SavedView:
    found = next((view for view in seen_by(request.user) if str(view.pk) == key), None)
    if found is None:
        raise Http404
    return found


# --- the forms ---
def urls(admin_view: Any) -> list[Any]:
    """Return the addresses of the forms above the list."""
    return [
        path("views/columns/", admin_view(choose_columns), name="devices_device_columns"),
        path("views/save/", admin_view(save), name="devices_device_save_view"),
        path("views/<int:key>/<str:what>/", admin_view(change), name="devices_device_change_view"),
    ]


def _must_see_devices(request: HttpRequest) -> None:
    if not request.user.has_perm("devices.view_device"):
        raise PermissionDenied


def _back(query: str, **more: str) -> HttpResponseBase:
    given = QueryDict(query[:LONGEST_QUERY], mutable=True)
    for name, value in more.items():
        given[name] = value
    return redirect(f"{reverse('admin:devices_device_changelist')}?{given.urlencode()}")


@require_POST
def choose_columns(request: HttpRequest) -> HttpResponseBase:
    """Show these columns from now on: remembered in the session."""
    _must_see_devices(request)
    names = [column.name for column in columns.chosen(request.POST.getlist("column"))]
    usual = "reset" in request.POST or not request.POST.getlist("column")
    request.session[COLUMNS_KEY] = [] if usual else names
    kept = QueryDict(request.POST.get("query", "")[:LONGEST_QUERY], mutable=True)
    kept.pop("o", None)  # numbers the columns as they were
    return _back(kept.urlencode(), view=NONE)


@require_POST
def save(request: HttpRequest) -> HttpResponseBase:
    """Save filters, columns and order by a name; an own view of this name is replaced."""
    _must_see_devices(request)
    if not request.user.has_perm("devices.add_savedview"):
        raise PermissionDenied
    query, name = request.POST.get("query", ""), request.POST.get("name", "").replace("\x00", "").strip()
    if not name or len(name) > 100 or len(query) > LONGEST_QUERY:
        messages.error(request, _("Give the view a name of at most 100 characters."))
        return _back(query)
    given = QueryDict(query)
    kept = [(key, value) for key in (*DeviceFilter.base_filters, "o") for value in given.getlist(key) if value]
    shown = [column.name for column in columns.chosen(request.POST.get("columns", "").split(","))]
    is_default = "is_default" in request.POST
    with transaction.atomic():
        if is_default:
            SavedView.objects.filter(owner=request.user.pk, is_default=True).update(is_default=False)
        view, _made = SavedView.objects.update_or_create(
            owner_id=request.user.pk,
            name=name,
            defaults={
                "query": urlencode(kept),
                "columns": shown,
                "is_shared": "is_shared" in request.POST,
                "is_default": is_default,
            },
        )
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": name})
    return redirect(f"{reverse('admin:devices_device_changelist')}{address(view)}")


@require_POST
def change(request: HttpRequest, key: int, what: str) -> HttpResponseBase:
    """Delete an own view, share it or keep it to oneself, or open the list with it (or no more)."""
    _must_see_devices(request)
    view = get_object_or_404(SavedView.objects.filter(owner=request.user.pk), pk=min(key, 2**62))
    if what == "delete":
        view.delete()
        messages.success(request, _("The view “%(name)s” is deleted.") % {"name": view.name})
        return _back("", view=NONE)
    if what not in ("share", "default"):
        raise Http404
    with transaction.atomic():
        if what == "share":
            view.is_shared = not view.is_shared
        else:
            SavedView.objects.filter(owner=request.user.pk, is_default=True).exclude(pk=view.pk).update(
                is_default=False
            )
            view.is_default = not view.is_default
        view.save()
    return redirect(f"{reverse('admin:devices_device_changelist')}{address(view)}")
