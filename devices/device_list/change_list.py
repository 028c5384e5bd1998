"""What does one address of the device list show? The admin's ChangeList, with the filters of devices/filters.py, the
columns that were chosen, and pages that cost the same wherever they are."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from unfold.views import ChangeList

from devices.filters import OF_PRE_APPROVED, DeviceFilter
from devices.models import Device
from devices.scope import visible

from . import columns, pages, saved_views
from .panel import Chip, Panel, chips

# What an address of the list can hold besides filters.
OTHERS = frozenset({ORDER_VAR, PAGE_VAR, "view", "columns", "e", "_popup", "_to_field", "_changelist_filters"})
# Read of no device of the list: large, or encrypted.
UNREAD = ("custom_attributes", "one_time_password", "disenroll_reason")


class Pages:
    """The page's place among the others, as the theme's list expects its paginator.

    Attributes:
        count: how many devices match; `is_bounded`: more than that.
    """

    template_name = "devices/list/_pages.html"
    ELLIPSIS = "…"

    def __init__(self, count: int, number: int, size: int, *, has_more: bool) -> None:
        self.is_bounded = count > pages.MOST
        self.count = min(count, pages.MOST)
        self.number, self.per_page = number, size
        self.last = -1 if self.is_bounded else max(1, -(-self.count // size))
        if number < 0:
            self.previous = number - 1 if has_more else None
            self.next = number + 1 if number < -1 else None
        else:
            self.previous = number - 1 if number > 1 else None
            self.next = number + 1 if has_more else None

    def get_elided_page_range(self, number: int) -> list[int]:
        """Return no numbers of pages: the template shows where one is, and the ways on."""
        return []


class DeviceChangeList(ChangeList):
    """One page of devices, and what stands around it."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Device]:
        """Return all devices that match; `parts` are the same in the order of the list."""
        self.device_filter = DeviceFilter(request.GET, self.root_queryset, request=request)
        self.filter_specs: list[Any] = [Panel(self.device_filter, self.model_admin.admin_site, request)]
        self.has_filters = True
        self.problems = [*self.device_filter.messages(), *unknown(request)]
        found = self.device_filter.qs if not self.problems else self.root_queryset.none()
        self.has_active_filters = any(self.filter_params.get(name) for name in self.device_filter.filters)
        self.clear_all_filters_qs = self.get_query_string(remove=list(self.device_filter.filters))
        self.parts = pages.ordered(found, self.order)
        return pages.ordered(found, self.usual_order)[0]  # who is without the row it goes by, doesn't match

    def get_results(self, request: HttpRequest) -> None:
        size = self.list_per_page
        number = self.page_num or 1
        if abs(number) > pages.FURTHEST:
            raise IncorrectLookupParameters
        few = pages.few(self.queryset) if self.params.get("q") else None
        count = pages.count(self.queryset) if few is None else len(few)
        parts = self.parts if few is None else pages.ordered(Device.objects.filter(pk__in=few), self.order)
        keys, has_more = pages.page(parts, number, size) if count else ([], False)
        if not keys and abs(number) > 1:
            raise IncorrectLookupParameters
        self.paginator = Pages(count, number, size, has_more=has_more)
        self.result_count = self.paginator.count
        self.result_list = self._rows(keys)
        # The same as what matches: the page says how many there are below the list.
        self.full_result_count, self.show_full_result_count = self.result_count, False
        self.show_admin_actions, self.can_show_all = True, False
        self.multi_page = count > size

    def _rows(self, keys: list[int]) -> list[Device]:
        rows: QuerySet[Device] = Device.objects.filter(pk__in=keys).select_related("domain").defer(*UNREAD).order_by()
        for column in self.list_display:
            if isinstance(column, columns.Column) and column.prepare:
                rows = column.prepare(rows)
        by_key = {device.pk: device for device in rows}
        return [by_key[key] for key in keys if key in by_key]

    # --- order: by one column, because no index serves two ---
    @cached_property
    def order(self) -> pages.Order:
        for index, way in self.get_ordering_field_columns().items():
            column = self.list_display[index]
            if isinstance(column, columns.Column):
                return pages.Order(column, falls=way == "desc")
        return self.usual_order

    @cached_property
    def usual_order(self) -> pages.Order:
        return pages.usual({name for name, values in self.filter_params.items() if any(values)})

    def get_ordering_field_columns(self) -> dict[int, str]:
        first = str(self.params.get(ORDER_VAR, "")).split(".")[0]
        number = first.removeprefix("-")
        if not (number.isascii() and number.isdecimal() and len(number) < 4 and int(number) < len(self.list_display)):
            return {}
        return {int(number): "desc" if first.startswith("-") else "asc"}

    # --- what stands above the list ---
    @cached_property
    def chips(self) -> list[Chip]:
        return chips(self)

    @cached_property
    def waiting(self) -> int:
        """Return how many pre-approved devices there are, where the list shows none because nobody asked for them."""
        if any(any(self.filter_params.get(name, ())) for name in ("status", *OF_PRE_APPROVED)):
            return 0
        return pages.count(visible(Device.objects.pre_approved(), self.model_admin.request.user).order_by("-pk"))

    @cached_property
    def most(self) -> int:
        return pages.MOST

    @cached_property
    def views(self) -> Any:
        return saved_views.of(self.model_admin.request, self.params.get("view", ""))

    @cached_property
    def query_text(self) -> str:
        """Return filters, search and order of this address, as they are saved, exported and handed to actions."""
        return filters_of(self.filter_params)

    @cached_property
    def column_names(self) -> str:
        return ",".join(column.name for column in self.list_display if isinstance(column, columns.Column))

    @cached_property
    def column_choices(self) -> list[tuple[columns.Column, bool]]:
        shown = [column for column in self.list_display if isinstance(column, columns.Column)]
        others = [column for column in columns.COLUMNS.values() if column not in shown]
        return [(column, column in shown) for column in (*shown, *others)]


def filters_of(parameters: dict[str, list[str]]) -> str:
    """Return the filters, search and order of an address, without the page, the view and what means nothing."""
    names = (*DeviceFilter.base_filters, ORDER_VAR)
    return urlencode([(name, value) for name in names for value in parameters.get(name, ()) if value])


def unknown(request: HttpRequest) -> list[str]:
    """Return a sentence for each parameter that is no filter: a misspelt one would silently show everything."""
    names = [name for name in request.GET if name not in DeviceFilter.base_filters and name not in OTHERS]
    return [_("“%(name)s” is no filter of this list.") % {"name": name[:100]} for name in names]
