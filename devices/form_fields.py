"""Which values of a form fit no column of the database? Fields that say so, for the console and the wizard."""

import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput
from django.utils.translation import gettext_lazy as _

# NUL as JSON writes it; PostgreSQL stores it in no text.
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class ObjectsField(forms.ModelMultipleChoiceField):
    """Several objects by their keys."""

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except OverflowError:  # SQLite's driver: no key is as large as that
            raise ValidationError(_("Choose from the list."), code="invalid_choice") from None


class GroupsField(ObjectsField):
    """Device groups that devices can be put into; its queryset is without those that have a rule."""

    default_error_messages = {
        "invalid_choice": _("A chosen group has a rule: its devices follow from it. Take it out, and save again."),
    }


class JsonField(forms.JSONField):
    """JSON that both databases can hold; an empty field means what is empty in the column, such as `{}`."""

    default_error_messages = {
        "object": _("Write a JSON object, such as {}."),
        "list": _("Write a JSON list, such as []."),
        "characters": _("A text holds a character that can't be stored: NUL, or half of a surrogate pair."),
    }

    def to_python(self, value: Any) -> Any:
        try:
            found = super().to_python(value)
            text = json.dumps(found, ensure_ascii=False, allow_nan=False)
        except (ValueError, RecursionError):  # too deep, too many digits, NaN, Infinity
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": "…"}) from None
        empty = self.initial() if callable(self.initial) else None
        if found is None:
            return empty
        if empty is not None and not isinstance(found, type(empty)):
            code = "object" if isinstance(empty, dict) else "list"
            raise ValidationError(self.error_messages[code], code=code)
        try:
            text.encode()
        except UnicodeEncodeError:
            self._refuse_characters()
        if NUL.search(text):
            self._refuse_characters()
        return found

    def bound_data(self, data: Any, initial: Any) -> Any:
        # As it was written: what can't be stored may be impossible to write anew, too.
        return initial if self.disabled else data and InvalidJSONInput(data)

    def _refuse_characters(self) -> NoReturn:
        raise ValidationError(self.error_messages["characters"], code="characters")


def _keys(values: Sequence[Any]) -> list[Any]:
    """Leave out what can be no key: Django looks the chosen objects up to show them, right or wrong."""
    return [value for value in values if str(value).isascii() and str(value).isdecimal() and len(str(value)) < 19]


class SearchSelect(AutocompleteSelect):
    def optgroups(self, name: str, value: Sequence[Any], attr: Any = None) -> Any:
        return super().optgroups(name, _keys(value), attr)


class SearchSelectMultiple(AutocompleteSelectMultiple):
    def optgroups(self, name: str, value: Sequence[Any], attr: Any = None) -> Any:
        return super().optgroups(name, _keys(value), attr)
