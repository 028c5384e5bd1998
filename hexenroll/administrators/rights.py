"""Who may give what to whom, and who may not be lost? The rules behind the pages of administrators and roles.

Nobody gives what they haven't got, nobody changes an account that may more than they, and one person who can open all
doors always stays.
"""

from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from devices.scope import scope_of
from hexenroll.roles import ADMINISTRATOR

from . import domains


def codes_of_role(role: Group) -> set[str]:
    """Return the permissions of a role, `app.code`."""
    found = role.permissions.values_list("content_type__app_label", "codename").order_by()
    return {f"{app}.{code}" for app, code in found}


def may_give(giver: Any, role: Group) -> bool:
    """Tell whether somebody may give a role, or change what it allows: only one that allows them nothing new."""
    if giver.is_superuser:
        return True
    if not codes_of_role(role) <= giver.get_all_permissions():
        return False
    scope = scope_of(giver)
    return scope.is_everything or all(scope.has(domain.pk) for domain in domains.given_to(role))


def may_manage(manager: Any, person: User) -> bool:
    """Tell whether somebody may change an account, or its sign-in: only one that may nothing that they may not."""
    if manager.is_superuser:
        return True
    if person.is_superuser:
        return False
    # A closed account has no permissions; what it would have when it is opened counts.
    opened = User.objects.get(pk=person.pk)
    opened.is_active = True
    theirs, own = scope_of(opened), scope_of(manager)
    has_domains = own.is_everything or (theirs.domains is not None and theirs.domains <= (own.domains or frozenset()))
    return has_domains and opened.get_all_permissions() <= manager.get_all_permissions()


def full_administrators() -> QuerySet[User]:
    """Return the open accounts that may everything: one of them has to stay."""
    may_everything = Q(is_superuser=True) | Q(groups__name=ADMINISTRATOR)
    return User.objects.filter(may_everything, is_active=True, is_staff=True).distinct()


def is_last(person: User) -> bool:
    """Tell whether nobody else may everything. Their rows are locked until the transaction ends: two people may go at
    the same moment.
    """
    numbers = list(full_administrators().values_list("pk", flat=True))
    list(User.objects.select_for_update().filter(pk__in=numbers).order_by("pk").values_list("pk"))
    others = full_administrators().exclude(pk=person.pk)
    return person.pk in numbers and not others.exists()


def obstacle_to_closing(closer: Any, person: User) -> str:
    """Return why an account can't be closed or deleted, for who wants to; "": it can."""
    if closer.pk == person.pk:
        return _("This is your own account: somebody else has to close it.")
    if is_last(person):
        return _("This is the last administrator. Give somebody else the role Administrator first.")
    return ""
