"""In which domains may this person work? Asked by every page, list, export and API route that shows or changes things.

What somebody may do, their roles say (Django's permissions); where they may do it, `access_domain` says: given for all
domains (to a role or a person), or for one (guardian). A model names in `DOMAIN_PATHS` the ways to its domains, all of
which must be theirs (first its own), the person whose it is in `OWNED_BY`, and in `IS_SHARED_WITHOUT_DOMAIN` whether a
row without a domain is for all of them.
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
    """Return what of a queryset belongs to the domains that a person may work in, or to that person.

    A model that says neither (no `DOMAIN_PATHS`, no `OWNED_BY`) is for people with all domains: a forgotten one is
    closed, not open.
    """
    condition = where_visible(queryset.model, person)
    return queryset if condition is None else queryset.filter(condition)


def where_visible(model: type[Model], person: Any, through: str = "") -> Q | None:
    """Return the condition of `visible`, for a count over a relation too; None: there is none, all is visible.

    Args:
        model: whose rows are asked for.
        person: who asks.
        through: the relation by which another model reaches it, such as `devices`.
    """
    scope, paths = scope_of(person), getattr(model, "DOMAIN_PATHS", None)
    if scope.domains is None or paths == EVERYBODY:
        return None
    start = f"{through}__" if through else ""
    if paths is None:
        owner: str | None = getattr(model, "OWNED_BY", None)
        return Q(**{f"{start}{owner}": person.pk}) if owner else Q(**{f"{start}pk__in": ()})
    condition = Q()
    for path in paths:
        is_theirs = Q(**{f"{start}{path}__in": scope.domains})
        if getattr(model, "IS_SHARED_WITHOUT_DOMAIN", False):
            is_theirs |= Q(**{f"{start}{path}__isnull": True})
        condition &= is_theirs
    return condition


def reaches(person: Any, model: type[Model], action: str) -> bool:
    """Tell whether somebody's domains leave them a permission (domain_limits.py); for which rows, `visible` says.

    =====================================  ================  =======================
    The rows of the model                  with all domains  with some domains
    =====================================  ================  =======================
    are of one domain each, or somebody's  all               all, for visible rows
    are for all domains (`EVERYBODY`)      all               not add, change, delete
    say nothing (settings, block list)     all               none
    are the domains themselves             all               not add, delete
    =====================================  ================  =======================

    Args:
        person: the account.
        model: whose permission it is.
        action: how its code begins, such as `view`.
    """
    if scope_of(person).is_everything or hasattr(model, "OWNED_BY"):
        return True
    paths: tuple[str, ...] | None = getattr(model, "DOMAIN_PATHS", None)
    if paths is None:
        return False
    if model is Domain:
        return action not in ("add", "delete")
    return paths != EVERYBODY or action not in ("add", "change", "delete")


def reaches_row(person: Any, row: Any) -> bool:
    """Tell whether somebody's domains allow changing one row that they can see: one for all domains may be, too."""
    if scope_of(person).is_everything or not getattr(row, "IS_SHARED_WITHOUT_DOMAIN", False):
        return True
    return row.domain_id is not None


def _domains_of(person: Any) -> frozenset[int]:
    if not person.is_active or person.is_anonymous:
        return frozenset()
    found = get_objects_for_user(person, ACCESS, klass=Domain, with_superuser=False, accept_global_perms=False)
    return frozenset(found.values_list("pk", flat=True))
