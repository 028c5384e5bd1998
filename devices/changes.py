"""What changed many objects at once? Told by everything that writes by set statements, which call no model's `save`.

Who keeps a record of it (the audit log) connects to `changed_many`; one object's `save` or `delete` needs no telling.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from django.db.models import Model
from django.dispatch import Signal
from django.utils.functional import Promise

# Sent with `change`, inside the transaction that changes the objects: what a receiver writes goes in together with it.
changed_many = Signal()
# Objects of one action that get an entry of their own: whoever announces fewer names their numbers.
EACH: Final = 200
# What was done, in words, by its code: who sends a code adds it when the program starts (AppConfig.ready).
WORDS: dict[str, str | Promise] = {}


class Action(Enum):
    """What became of the objects."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    READ = "read"  # nothing: they were handed out (taken_away.py)


class Various(Enum):
    """Stands for a value that differs from object to object."""

    VALUES = "various"


VARIOUS: Final = Various.VALUES


@dataclass(frozen=True)
class Change:
    """One change of many objects of a model.

    Attributes:
        model: of the objects.
        action: what became of them.
        what: a code of WORDS, such as "import.committed": by which rule of the portal.
        count: how many objects.
        ids: their numbers; none where there are too many and `source` knows them. Of deleted ones, the former numbers.
        total: how many objects the whole action is about, of which this may be a chunk.
        fields: what was the same for all: name of the field -> (before, after); VARIOUS where one of them differs.
        added: objects that were linked, as text, by the name of the many-to-many field.
        removed: objects that were unlinked, likewise.
        labels: number -> how the object is called; of deleted ones nobody can ask afterwards.
        domain_id: of the objects, where they are all of one domain; None: each is asked for its own.
        person: the account that asked for it; None: whoever the request, job or command acts for.
        source: the row that asked for it and is kept, such as an import batch or a bulk action.
        asked: by which filters the objects were found, as an address has them.
    """

    model: type[Model]
    action: Action
    what: str
    count: int
    ids: Sequence[int] = ()
    total: int = 0
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    added: Mapping[str, Sequence[str]] = field(default_factory=dict)
    removed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    labels: Mapping[int, str] = field(default_factory=dict)
    domain_id: int | None = None
    person: Any = None
    source: Model | None = None
    asked: str = ""


def announce(model: type[Model], action: Action, what: str, *, ids: Sequence[int] = (), **facts: Any) -> None:
    """Tell whoever listens that many objects were changed; nothing when there were none.

    Call it inside the transaction of the change, once for each chunk. Secrets have no place in it.

    Args:
        model: of the objects.
        action: what became of them.
        what: a code of WORDS.
        ids: the numbers of the objects.
        facts: the other attributes of Change; `count` is that of `ids`, and `total` is `count`, unless they are given.
    """
    count = facts.pop("count", len(ids))
    total = facts.pop("total", count)
    if count:
        change = Change(model=model, action=action, what=what, ids=ids, count=count, total=total, **facts)
        changed_many.send(sender=model, change=change)


_is_kept_elsewhere = ContextVar("is_kept_elsewhere", default=False)


@contextmanager
def kept_elsewhere() -> Iterator[None]:
    """Let nobody record each object that is saved or deleted in this block: it is announced as one, or has its own log.

    For what deletes or makes thousands by the ORM, and for the gate, whose record is the attempt.
    """
    token = _is_kept_elsewhere.set(True)
    try:
        yield
    finally:
        _is_kept_elsewhere.reset(token)


def is_kept_elsewhere() -> bool:
    """Tell whether this runs in a block of `kept_elsewhere`."""
    return _is_kept_elsewhere.get()
