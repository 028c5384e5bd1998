"""How are the filters of devices/filters.py shown? As the drawer beside the list, and as chips above it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.db.models import Model
from django.http import HttpRequest
from django.utils.formats import date_format
from unfold.widgets import INPUT_CLASSES, UnfoldAdminCheckboxSelectMultipleWidget

from devices.filters import ChoicesField, DeviceFilter, RowsField
from devices.models import Device

# Chosen in the drawer by search, where the person may see the rows: the field of a device that names them.
SEARCHED: Final = {"domain": "domain", "group": "groups", "policy": "policies", "user": "user"}
# Has a place of its own, or is reached by links alone.
NOT_IN_DRAWER: Final = frozenset({"q", "batch"})


@dataclass(frozen=True)
class Chip:
    """One active filter.

    Attributes:
        label: of the filter.
        value: in words.
        address: of the list without it.
    """

    label: str
    value: str
    address: str


class Panel:
    """The drawer's only entry, as the theme's list of filters expects them: it holds all of them."""

    title = ""
    template = "devices/list/_filters.html"

    def __init__(self, device_filter: DeviceFilter, site: Any, request: HttpRequest) -> None:
        self.used_parameters = dict.fromkeys((*device_filter.filters, "p", "e")) | {"q": None}
        self.kept = [("q", value) for value in request.GET.getlist("q")[:1] if value]
        self.kept += [("batch", value) for value in request.GET.getlist("batch") if value]
        self.form = device_filter.form
        chosen = self.form.cleaned_data if self.form.is_valid() else {}
        for name, field in self.form.fields.items():
            _dress(name, field, chosen.get(name), site, request)

    def choices(self, change_list: Any) -> Iterator[dict[str, Any]]:
        yield {"fields": [field for field in self.form if field.name not in NOT_IN_DRAWER], "kept": self.kept}


class ChosenRows(AutocompleteSelectMultiple):
    """A choice of rows by search, which shows the chosen ones without reading them a second time."""

    rows: Sequence[Model] = ()

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> list[Any]:
        options = [self.create_option(name, row.pk, str(row), True, index) for index, row in enumerate(self.rows)]
        return [(None, options, 0)]


def _dress(name: str, field: Any, chosen: Any, site: Any, request: HttpRequest) -> None:
    """Give a field the theme's look. What it takes was decided by devices/filters.py."""
    if isinstance(field, ChoicesField):
        widget: Any = UnfoldAdminCheckboxSelectMultipleWidget()
        widget.choices = field.choices
        field.widget = widget
    elif isinstance(field, RowsField):
        link: Any = Device._meta.get_field(SEARCHED[name]) if name in SEARCHED else None
        model = link.remote_field.model if link is not None else None
        may_see = model is not None and request.user.has_perm(f"devices.view_{model._meta.model_name}")
        if not may_see:
            field.widget = forms.MultipleHiddenInput()
            return
        widget = ChosenRows(link, site, attrs={"class": "unfold-filter-autocomplete"})
        widget.rows = chosen or ()
        field.widget = widget
    else:
        is_day = isinstance(field, forms.DateField)
        widget = forms.DateInput(format="%Y-%m-%d") if is_day else field.widget
        widget.input_type = "date" if is_day else widget.input_type
        widget.attrs["class"] = " ".join(INPUT_CLASSES)
        field.widget = widget


def chips(change_list: Any) -> list[Chip]:
    """Return the active filters of a list, each with the address of the list without it."""
    device_filter = change_list.device_filter
    given: dict[str, Any] = device_filter.form.cleaned_data if device_filter.form.is_valid() else {}
    found = []
    for name, field in device_filter.form.fields.items():
        for text, words in _values(given.get(name), field):
            label = str(device_filter.filters[name].label)
            found.append(Chip(label, words, _without(change_list.filter_params, name, text)))
    return found


def _values(value: Any, field: Any) -> list[tuple[str, str]]:
    """Return what was given to a filter: as in the address, and in words."""
    if value in (None, "") or (isinstance(value, list) and not value):
        return []
    if isinstance(field, ChoicesField):
        choices: Any = field.choices
        words = dict(choices)
        return [(text, str(words[text])) for text in value]
    if isinstance(field, RowsField):
        return [(str(row.pk), str(row)) for row in value]
    return [("", date_format(value) if isinstance(field, forms.DateField) else str(value))]


def _without(parameters: dict[str, list[str]], name: str, text: str) -> str:
    """Return the address without one value of a parameter; "": without any of its values."""
    kept = [
        (key, value)
        for key, values in parameters.items()
        for value in values
        if value and key != "view" and (key != name or (text and value != text))
    ]
    return f"?{urlencode(kept)}"
