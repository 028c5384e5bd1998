"""How does a person read an entry? Names, choices, times and linked objects in words; for its page and the export."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Field, ForeignKey, Model
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from devices.changes import VARIOUS, WORDS
from hexenroll.models import AuditEntry

from .permission_words import in_words

LONGEST = 2_000  # characters of a value
ACTIONS: Final[dict[int, Any]] = {
    AuditEntry.Action.CREATE: gettext_lazy("Created"),
    AuditEntry.Action.UPDATE: gettext_lazy("Changed"),
    AuditEntry.Action.DELETE: gettext_lazy("Deleted"),
    AuditEntry.Action.ACCESS: gettext_lazy("Accessed"),
}
SIGN_INS: Final[dict[str, str | Promise]] = {
    "signed_in": gettext_lazy("Signed in"),
    "signed_out": gettext_lazy("Signed out"),
    "sign_in_failed": gettext_lazy("Tried to sign in, in vain"),
}


@dataclass(frozen=True)
class Difference:
    """What an entry says of one field, in words."""

    field: str
    before: str
    after: str


def what_of(entry: AuditEntry) -> str:
    """Return what was done: in the rule's own words where there are some, else what became of the object."""
    code = (entry.additional_data or {}).get("what", "")
    words = SIGN_INS.get(code) or WORDS.get(code)
    return str(words if words else ACTIONS.get(entry.action, entry.action))


def kind_of(entry: AuditEntry) -> str:
    """Return what the object is, such as “Device”."""
    model = model_of(entry)
    return capfirst(str(model._meta.verbose_name)) if model else _("Something that is no more")


def object_of(entry: AuditEntry) -> str:
    """Return how the object was called then, or how many there were."""
    if entry.object_repr:
        return entry.object_repr
    count = (entry.additional_data or {}).get("count")
    if isinstance(count, int):
        return ngettext("%(count)s object", "%(count)s objects", count) % {"count": f"{count:,}"}
    return _("Unknown account") if (entry.additional_data or {}).get("what") == "sign_in_failed" else ""


def actor_of(entry: AuditEntry) -> str:
    """Return who did it."""
    return entry.actor_name or str(entry.get_by_display())


def model_of(entry: AuditEntry) -> type[Model] | None:
    """Return the model of the object; None: the program has none of that kind any more."""
    known = ContentType.objects.get_for_id
    try:
        return known(entry.content_type_id).model_class()
    except ContentType.DoesNotExist:
        return None


def link_of(entry: AuditEntry) -> str:
    """Return the address of the object's page; "": there is no such object, or no page."""
    model = model_of(entry)
    if model is None or not entry.object_pk or not model._base_manager.filter(pk=entry.object_pk).exists():
        return ""
    return page_of(model._meta.label_lower, entry.object_pk)


def page_of(label: str, pk: Any) -> str:
    """Return the address of the console's page of an object of a model; "": there is none."""
    try:
        return reverse(f"admin:{label.replace('.', '_')}_change", args=[pk])
    except NoReverseMatch:
        return ""


def differences(entry: AuditEntry) -> Iterator[Difference]:
    """Yield what changed, by the order of the model's fields."""
    model = model_of(entry)
    fields: dict[str, Any] = {}
    if model is not None:
        fields = {field.name: field for field in (*model._meta.concrete_fields, *model._meta.many_to_many)}
    names = (entry.additional_data or {}).get("names", {})
    order = list(fields)
    changes = entry.changes or {}
    for name in sorted(changes, key=lambda name: order.index(name) if name in order else len(order)):
        field = fields.get(name.partition(":")[0])
        label = capfirst(str(field.verbose_name)) if field is not None else name
        yield _difference(label, field, changes[name], names.get(name))


def _difference(label: str, field: Any, change: Any, names: list[str] | None) -> Difference:
    if isinstance(change, dict):
        text = _linked(change, of_permissions=field is not None and field.related_model is Permission)
        return Difference(label, "", text) if change.get("operation") == "add" else Difference(label, text, "")
    before, after = (_value(field, value) for value in change)
    if isinstance(field, ForeignKey):
        before, after = (
            name or (_("No. %(number)s") % {"number": value} if value.isdecimal() else value)
            for name, value in zip(names or ("", ""), (before, after), strict=True)
        )
    if before == after and before:
        after = _("%(value)s (a secret in it changed)") % {"value": after}
    return Difference(label, before, after)


def _linked(change: dict[str, Any], *, of_permissions: bool) -> str:
    objects = [str(name) for name in change.get("objects", [])]
    text = "; ".join(in_words(objects)) if of_permissions else ", ".join(objects)
    more = change.get("count", len(objects)) - len(objects)
    if more > 0:
        text = ngettext("%(names)s and %(count)s more", "%(names)s and %(count)s more", more) % {
            "names": text,
            "count": more,
        }
    return text


def _value(field: Field | None, value: Any) -> str:
    text = "" if value in (None, "None") else str(value)
    if text == VARIOUS.value:
        return _("different values")
    if field is None or not text:
        return text[:LONGEST]
    if field.choices:
        return str(dict(field.flatchoices).get(text, text))
    kind = field.get_internal_type()
    if kind == "BooleanField":
        return {"True": _("yes"), "False": _("no")}.get(text, text)
    if kind == "DateTimeField":
        return _time(text)
    return text[:LONGEST]


def _time(text: str) -> str:
    try:
        found = parse_datetime(text)
    except ValueError:
        return text
    if found is None:
        return text
    aware = found if timezone.is_aware(found) else found.replace(tzinfo=UTC)
    return date_format(timezone.localtime(aware), "DATETIME_FORMAT")
