"""In which domains may this person work? Asked by every page, list, export and API route that shows or changes things.

What somebody may do, their roles say (Django's permissions); where they may do it, `access_domain` says: given for all
domains (to a role or a person), or for one (guardian). A model names the way to its domain in `DOMAIN_PATHS`.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.db.models import Model, Q, QuerySet
from guardian.shortcuts import get_objects_for_user

from devices.models import Domain

ACCESS: Final = "devices.access_domain"
# `DOMAIN_PATHS` of what belongs to no domain: who has the permission for it sees all of it.
EVERYBODY: Final[tuple[str, ...]] = ()

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Scope:
    """The domains that somebody may work in.

    Attributes:
        domains: their numbers; None: all of them, also those that will be.
    """

    domains: frozenset[int] | None

    @property
    def is_everything(self) -> bool:
        return self.domains is None

    def has(self, domain_id: int | None) -> bool:
        """Tell whether a domain is among them; None, what belongs to no known domain, only is for those with all."""
        return self.domains is None or domain_id in self.domains


def scope_of(person: Any) -> Scope:
    """Return where somebody may work; asked of the database once for each request.

    Args:
        person: the signed-in account, or AnonymousUser, who may work nowhere.
    """
    kept: Scope | None = getattr(person, "_scope", None)
    if kept is None:
        kept = person._scope = Scope(None if person.has_perm(ACCESS) else _domains_of(person))
    return kept


def visible(queryset: QuerySet[M], person: Any) -> QuerySet[M]:
    """Return what of a queryset belongs to the domains that a person may work in.

    A model that doesn't say where it belongs (no `DOMAIN_PATHS`) is for people with all domains: a forgotten one is
    closed, not open.
    """
    scope = scope_of(person)
    paths: tuple[str, ...] | None = getattr(queryset.model, "DOMAIN_PATHS", None)
    if scope.domains is None or paths == EVERYBODY:
        return queryset
    if paths is None or not scope.domains:
        return queryset.none()
    condition = Q()
    for path in paths:
        condition |= Q(**{f"{path}__in": scope.domains})
    return queryset.filter(condition)


def _domains_of(person: Any) -> frozenset[int]:
    if not person.is_active or person.is_anonymous:
        return frozenset()
    found = get_objects_for_user(person, ACCESS, klass=Domain, with_superuser=False, accept_global_perms=False)
    return frozenset(found.values_list("pk", flat=True))
