"""What was put into, or taken out of, a many-to-many field? An entry for the object whose field it is, or was asked by.

django-auditlog has receivers for it, too; they would read and name every object there is when a field is cleared.
"""

from collections.abc import Collection
from functools import partial
from typing import Any, Final

from auditlog.context import auditlog_disabled
from django.apps import apps
from django.db.models import Model, QuerySet
from django.db.models.signals import m2m_changed

from devices.changes import is_kept_elsewhere
from hexenroll.models import AuditEntry

from .recorded import RECORDED

NAMED = 50  # so many linked objects are named in an entry; the others are counted
OPERATIONS: Final = {"post_add": "add", "post_remove": "delete", "pre_clear": "delete"}


def register_links() -> None:
    """Listen to the many-to-many fields of RECORDED; called once, when the program starts."""
    installed = {config.label for config in apps.get_app_configs()}
    for label, recorded in RECORDED.items():
        if label.split(".")[0] in installed:
            model = apps.get_model(label)
            for name in recorded.links:
                receiver = partial(_changed, name)
                through = getattr(model, name).through
                m2m_changed.connect(receiver, sender=through, weak=False, dispatch_uid=f"audit {label}.{name}")


def _changed(
    name: str, instance: Model, action: str, model: type[Model], pk_set: Collection[Any] | None, **kwargs: object
) -> None:
    operation = OPERATIONS.get(action)
    if operation is None or is_kept_elsewhere() or auditlog_disabled.get():
        return
    if action == "pre_clear":
        others: QuerySet[Any] = _linked(instance, name, model, reverse=bool(kwargs.get("reverse")))
        count = others.count()
    else:
        others = model._base_manager.filter(pk__in=pk_set or ())
        count = len(pk_set or ())
    if count:
        _write(instance, name, operation, [str(other) for other in others[:NAMED]], count)


def _linked(instance: Model, name: str, model: type[Model], *, reverse: bool) -> QuerySet[Any]:
    if not reverse:
        return getattr(instance, name).all()
    return model._base_manager.filter(**{name: instance.pk})


def _write(instance: Model, name: str, operation: str, names: list[str], count: int) -> None:
    changes = {name: {"type": "m2m", "operation": operation, "objects": names, "count": count}}
    AuditEntry.objects.entry(instance, AuditEntry.Action.UPDATE, changes, {}).save(force_insert=True)
