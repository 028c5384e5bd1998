"""What can be done to many devices at once? Higher layers add their kinds (`offer`, from AppConfig.ready)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django import forms
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from devices.changes import WORDS
from devices.models import Device


@dataclass
class Outcome:
    """What became of a chunk of devices.

    Attributes:
        changed: how many are otherwise now.
        skipped: how many were left out, by reason: a key of the kind's `reasons`.
    """

    changed: int = 0
    skipped: dict[str, int] = field(default_factory=dict)


class KindForm(forms.Form):
    """What a kind has to know before it begins; base of theirs."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def parameters(self) -> dict[str, Any]:
        """Return the answers as they are kept in the row: no objects, nothing secret."""
        return {}


@dataclass(frozen=True)
class Kind:
    """One thing that can be done to many devices.

    Attributes:
        name: in rows and addresses.
        label: on the list's menu, in the imperative.
        permission: who may.
        explanation: what will happen, whole sentences.
        apply: changes devices by their numbers, at most some thousands, inside a transaction; it checks each device's
            state itself, and may be called again for the same ones. Gets the parameters and the person, too.
        reasons: why devices are left out, by code.
        concerned: narrows devices to those that it can change; shown beforehand.
        form: what it asks.
        describe: the parameters in words.
        is_destructive: takes something away that does not come back by itself.
    """

    name: str
    label: Any
    permission: str
    explanation: Any
    apply: Callable[[list[int], Mapping[str, Any], User], Outcome]
    reasons: Mapping[str, Any]
    concerned: Callable[[QuerySet[Device]], QuerySet[Device]] = lambda devices: devices
    form: type[KindForm] = KindForm
    describe: Callable[[Mapping[str, Any]], str] = lambda parameters: ""
    is_destructive: bool = False


KINDS: Final[dict[str, Kind]] = {}


def offer(kind: Kind) -> None:
    """Add a kind; its name is what the audit log says by its label."""
    KINDS[kind.name] = kind
    WORDS[f"bulk.{kind.name}"] = kind.label


def allowed(person: Any) -> list[Kind]:
    """Return the kinds that somebody finds on the list's menu."""
    return [kind for kind in KINDS.values() if person.has_perm(kind.permission)]
