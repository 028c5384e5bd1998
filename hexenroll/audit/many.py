"""How are changes of many objects at once recorded? Hears of them by `devices.changes.changed_many`.

One entry for each change that is announced, with the number of objects and a link to the batch or bulk action; and,
where the whole action is about no more than EACH objects, one for each.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db.models import Model
from django.utils.encoding import smart_str

from devices.changes import EACH, VARIOUS, Action, Change
from hexenroll.models import AuditEntry

from .writing import domain_of

NUMBERS = 5_000  # of objects that one entry keeps
ACTIONS: Final = {
    Action.CREATED: AuditEntry.Action.CREATE,
    Action.CHANGED: AuditEntry.Action.UPDATE,
    Action.DELETED: AuditEntry.Action.DELETE,
    Action.READ: AuditEntry.Action.ACCESS,
}


def record(change: Change, **kwargs: object) -> None:
    """Write the entries of an announced change."""
    changes = as_changes(change)
    more: dict[str, Any] = {"what": change.what, "count": change.count}
    if change.asked:
        more["asked"] = change.asked
    if change.source is not None:
        more["source"] = [change.source._meta.label_lower, change.source.pk, str(change.source)]
    entries = list(_of_each(change, changes, more)) if change.ids and change.total <= EACH else []
    # Of one object that is named, the second entry would say the same again.
    if len(entries) != 1 or change.count != 1:
        numbers = {"numbers": list(change.ids[:NUMBERS])} if change.ids else {}
        entries.insert(0, _of_all(change, changes, {**more, **numbers}))
    AuditEntry.objects.write(entries)


def as_changes(change: Change) -> dict[str, Any]:
    """Return the fields of a change as entries have them."""
    found: dict[str, Any] = {name: [_as_text(value) for value in pair] for name, pair in change.fields.items()}
    for linked, operation in ((change.added, "add"), (change.removed, "delete")):
        for name, objects in linked.items():
            link = {"type": "m2m", "operation": operation, "objects": list(objects[:50]), "count": len(objects)}
            # Both at once is rare: the second gets a name of its own, which words.py knows.
            found[f"{name}:{operation}" if name in found else name] = link
    return found


def _of_all(change: Change, changes: Mapping[str, Any], more: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry.objects.about(
        change.model,
        ACTIONS[change.action],
        changes or None,
        more,
        person=change.person,
        domain_id=change.domain_id,
        object_repr="",
    )


def _of_each(change: Change, changes: Mapping[str, Any], more: Mapping[str, Any]) -> Iterator[AuditEntry]:
    action = ACTIONS[change.action]
    known = _objects(change)
    for number in change.ids:
        found = known.get(number)
        label = change.labels.get(number) or (str(found) if found else f"{number}")
        domain = domain_of(found) if found and change.domain_id is None else change.domain_id
        yield AuditEntry.objects.about(
            change.model,
            action,
            changes or None,
            {**more, "count": 1},
            person=change.person,
            object_pk=number,
            object_repr=label,
            domain_id=domain,
        )


def _objects(change: Change) -> dict[Any, Model]:
    """Return the objects by number, with all that their names and domains need."""
    way = getattr(change.model, "DOMAIN_PATHS", ()) or ("",)
    related = way[0].rpartition("__")[0]
    objects = change.model._base_manager.select_related(related) if related else change.model._base_manager.all()
    return objects.in_bulk(list(change.ids))


def _as_text(value: Any) -> str:
    if value is VARIOUS:
        return VARIOUS.value
    return smart_str(getattr(value, "value", value))
