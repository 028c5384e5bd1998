"""In which domains does an account, or a role, let people work? Read and set here; scope.py says what follows."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.utils.translation import gettext as _

from devices.models import Domain
from devices.models.domain_access import DomainAccessOfPerson, DomainAccessOfRole
from devices.scope import ACCESS


def has_all(holder: User | Group) -> bool:
    """Tell whether all domains were given to an account, or to a role; what its roles give an account doesn't count."""
    return _permissions(holder).filter(pk=_access().pk).exists()


def given_to(holder: User | Group) -> list[Domain]:
    """Return the domains that were given one by one."""
    numbers = _rows(holder).values("content_object")
    return list(Domain.objects.filter(pk__in=numbers).order_by("name"))


def described(people: Iterable[User]) -> dict[int, str]:
    """Return where each of some people works, in words, their roles' domains included; a few queries for all."""
    numbers = [person.pk for person in people]
    access = _access()
    everywhere = set(User.objects.filter(pk__in=numbers, is_superuser=True).values_list("pk", flat=True))
    everywhere |= set(User.objects.filter(pk__in=numbers, user_permissions=access).values_list("pk", flat=True))
    everywhere |= set(User.objects.filter(pk__in=numbers, groups__permissions=access).values_list("pk", flat=True))
    own = DomainAccessOfPerson.objects.filter(user__in=numbers).values_list("user", "content_object__name")
    of_roles = DomainAccessOfRole.objects.filter(group__user__in=numbers)
    names: dict[int, set[str]] = {number: set() for number in numbers}
    for number, name in [*own, *of_roles.values_list("group__user", "content_object__name")]:
        if number in names:
            names[number].add(name)
    return {
        number: str(_("All domains")) if number in everywhere else ", ".join(sorted(names[number])) or str(_("None"))
        for number in numbers
    }


def give(holder: User | Group, domains: Iterable[Domain] | None) -> None:
    """Let an account, or the people of a role, work in these domains and in no others.

    Args:
        holder: who.
        domains: None: in all of them, also those that will be.
    """
    access = _access()
    wanted = {domain.pk for domain in domains or ()}
    if has_all(holder) != (domains is None):  # else the audit log would tell of a change that is none
        (_permissions(holder).add if domains is None else _permissions(holder).remove)(access)
    _rows(holder).exclude(content_object__in=wanted).delete()
    there = set(_rows(holder).values_list("content_object", flat=True))
    for number in sorted(wanted - there):
        if isinstance(holder, User):
            DomainAccessOfPerson.objects.create(user=holder, permission=access, content_object_id=number)
        else:
            DomainAccessOfRole.objects.create(group=holder, permission=access, content_object_id=number)


def _access() -> Permission:
    app, _dot, code = ACCESS.partition(".")
    return Permission.objects.get(content_type__app_label=app, codename=code)


def _permissions(holder: User | Group) -> Any:
    return holder.user_permissions if isinstance(holder, User) else holder.permissions


def _rows(holder: User | Group) -> Any:
    if isinstance(holder, User):
        return DomainAccessOfPerson.objects.filter(user=holder)
    return DomainAccessOfRole.objects.filter(group=holder)
