"""What may somebody do whom an identity provider signs in? HEXENROLL_SSO_ROLES, applied at each sign-in.

The rules are read from the left. The first that names a group of the person gives the roles and the domains; further
ones with the same roles add their domains. Roles of different rules are never mixed: what somebody may
do in one domain, they could do in the other, too.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import Group, User
from django.db import transaction

from devices.models import Domain
from hexenroll.accounts.sso_settings import EVERYBODY, RoleRule
from hexenroll.administrators import domains

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Grant:
    """Roles by name, and the names of the domains that they are for; None: all domains."""

    roles: tuple[str, ...]
    domains: frozenset[str] | None


def granted(groups: Iterable[str], rules: Iterable[RoleRule]) -> Grant | None:
    """Return what the rules give to a member of these groups; None: nothing, so that nobody may come in.

    | rules | groups | granted |
    |---|---|---|
    | a=R | a | R, all domains |
    | a=R@x; b=R@y | a, b | R, x and y |
    | a=R@x; b=S | a, b | R, x |
    | a=R; b=R@x | a, b | R, all domains |
    | *=S | none | S, all domains |
    """
    having = {*groups, EVERYBODY}
    matching = [rule for rule in rules if rule.group in having]
    if not matching:
        return None
    roles = matching[0].roles
    same = [rule for rule in matching if rule.roles == roles]
    everywhere = any(not rule.domains for rule in same)
    return Grant(roles, None if everywhere else frozenset(name for rule in same for name in rule.domains))


def has_roles(grant: Grant) -> bool:
    """Tell whether any role of a grant exists."""
    return Group.objects.filter(name__in=grant.roles).exists()


@transaction.atomic
def apply(person: User, grant: Grant | None) -> bool:
    """Give a person the roles and domains of a grant, and take away all others; tell whether any role is left.

    Names of roles and domains that don't exist are passed over, and logged.
    """
    roles = list(Group.objects.filter(name__in=grant.roles)) if grant else []
    missing = set(grant.roles if grant else ()) - {role.name for role in roles}
    person.groups.set(roles)
    person.user_permissions.clear()
    if grant and grant.domains is None:
        domains.give(person, None)
    else:
        names = grant.domains if grant and grant.domains else frozenset()
        found = list(Domain.objects.filter(name__in=names))
        missing |= names - {domain.name for domain in found}
        domains.give(person, found)
    if missing:
        logger.error("HEXENROLL_SSO_ROLES names roles or domains that don't exist: %s", ", ".join(sorted(missing)))
    return bool(roles)
