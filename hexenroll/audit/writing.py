"""How is an entry of the audit log written? By django-auditlog's signals, and by what is next to this file.

Adds to what django-auditlog knows: who acts, in which domain the object is, and what linked objects were called.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from auditlog.models import AbstractLogEntry, LogEntryManager
from django.contrib.contenttypes.models import ContentType
from django.db.models import ForeignKey, Model

if TYPE_CHECKING:
    from hexenroll.models import AuditEntry

LONGEST_NAME = 300  # characters of how an object is called
CHUNK = 1_000


class AuditEntries(LogEntryManager):
    """Writes entries, and finds those of an object (`get_for_object`)."""

    def log_create(self, instance: Model, force_log: bool = False, **kwargs: Any) -> "AuditEntry | None":
        """Write an entry about an object; called by django-auditlog for each `save` and `delete` of a recorded model.

        Returns:
            The entry; None: nothing that is recorded has changed.
        """
        changes = kwargs.pop("changes", None)
        if changes is None and not force_log:
            return None
        changes = said_only(changes, kwargs["action"]) if changes else changes
        more = dict(kwargs.pop("additional_data", None) or {})
        if changes and (names := linked_names(type(instance), changes)):
            more["names"] = names
        entry = self.entry(instance, kwargs.pop("action"), changes, more, **kwargs)
        entry.save(force_insert=True)
        return entry

    def entry(
        self, instance: Model, action: int, changes: Mapping[str, Any] | None, more: Mapping[str, Any], **columns: Any
    ) -> "AuditEntry":
        """Return an unsaved entry about an object; `columns` override what is found out about it."""
        columns.setdefault("object_pk", instance.pk)
        columns.setdefault("object_repr", str(instance))
        columns.setdefault("domain_id", domain_of(instance))
        # Of the class that it stands for: whoever signs out is a lazy object.
        return self.about(instance._meta.model, action, changes, more, **columns)

    def about(
        self,
        model: type[Model],
        action: int,
        changes: Mapping[str, Any] | None,
        more: Mapping[str, Any],
        *,
        person: Any = None,
        **columns: Any,
    ) -> "AuditEntry":
        """Return an unsaved entry about objects of a model.

        Args:
            model: of the object.
            action: of AuditEntry.Action.
            changes: field -> (before, after), or what django-auditlog writes of many-to-many fields.
            more: what the entry's page shows besides.
            person: on whose behalf a job works.
            columns: others of the entry.
        """
        from hexenroll.audit.who import acting

        who = acting(person)
        pk = columns.pop("object_pk", "")
        columns.setdefault("object_id", pk if isinstance(pk, int) else None)
        columns["object_repr"] = plain(columns.get("object_repr", ""))[:LONGEST_NAME]
        return self.model(
            content_type=ContentType.objects.get_for_model(model, for_concrete_model=False),
            object_pk=str(pk)[:255],
            action=action,
            changes=without_nul(changes),
            additional_data=without_nul(more) or None,
            by=who.by,
            actor_id=columns.pop("actor_id", who.account),
            actor_name=columns.pop("actor_name", who.name)[:200],
            remote_addr=who.address,
            **columns,
        )

    def write(self, entries: Sequence["AuditEntry"]) -> None:
        """Write many entries at once."""
        self.bulk_create(entries, batch_size=CHUNK)


def domain_of(instance: Model) -> int | None:
    """Return the domain that an object belongs to; None: to none, or to several."""
    paths: tuple[str, ...] = getattr(instance, "DOMAIN_PATHS", ())
    if not paths:
        return None
    found: Any = instance
    *way, last = paths[0].split("__")
    for name in way:
        found = getattr(found, name, None)
    field = found and (found._meta.pk if last == "pk" else found._meta.get_field(last))
    number = getattr(found, field.attname) if field else None
    return number if isinstance(number, int) else None


def said_only(changes: Mapping[str, Any], action: int) -> dict[str, Any]:
    """Return the changes without what was left empty when the object was made, or was empty when it went."""
    side = {AbstractLogEntry.Action.CREATE: 1, AbstractLogEntry.Action.DELETE: 0}.get(action)
    if side is None:
        return dict(changes)
    return {name: pair for name, pair in changes.items() if str(pair[side]) not in ("", "None")}


def linked_names(model: type[Model], changes: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return how the objects are called that changed foreign keys name: field -> [before, after]."""
    names = {}
    for name, pair in changes.items():
        field = model._meta.get_field(name)
        if not isinstance(field, ForeignKey) or not isinstance(pair, (tuple, list)):
            continue
        keys = [key for key in map(str, pair) if key.isdecimal()]
        found = {str(linked.pk): str(linked) for linked in field.related_model._base_manager.filter(pk__in=keys)}
        names[name] = [found.get(str(key), "") for key in pair]
    return names


def plain(text: str) -> str:
    """Return a text that every database stores."""
    return text.replace("\x00", "")


def without_nul(value: Any) -> Any:
    """Return what JSON can hold of a value, with texts that every database stores."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {plain(str(key)): without_nul(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nul(part) for part in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)
