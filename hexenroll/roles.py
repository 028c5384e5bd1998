"""Which roles are there from the start, and what may each do? Kept true after every migration (apps.py).

A role is a Django group. What a built-in one allows is in abilities.py and can't be changed in the console; own roles
are made by copying one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from devices.scope import ACCESS

from .abilities import AUDITOR, HELP_DESK, OPERATOR, abilities

ADMINISTRATOR: Final = "Administrator"
# Every permission of these belongs to Administrator.
OUR_APPS: Final = ("devices", "invitations", "enrollment", "hexenroll")
ACCOUNTS: Final = ("user", "group")


@dataclass(frozen=True)
class BuiltIn:
    """A role that is always there.

    Attributes:
        name: of its group; also in settings that map groups of a directory to roles.
        label: the name as it is shown.
        purpose: for whom it is.
    """

    name: str
    label: str | Promise
    purpose: str | Promise


BUILT_IN: Final = {
    role.name: role
    for role in (
        BuiltIn(ADMINISTRATOR, _("Administrator"), _("Everything, in all domains.")),
        BuiltIn(
            OPERATOR,
            _("Enrollment operator"),
            _("The daily work: imports, devices, users, invitations, conflicts, in the domains of each person."),
        ),
        BuiltIn(
            HELP_DESK,
            _("Help desk"),
            _("Looks everything up, invites again and unlocks, in the domains of each person."),
        ),
        BuiltIn(AUDITOR, _("Auditor"), _("Sees and exports, changes nothing, in the domains of each person.")),
    )
}


def label_of(role: Group) -> str:
    """Return a role's name as it is shown."""
    return str(BUILT_IN[role.name].label) if role.name in BUILT_IN else role.name


def codes_of(name: str) -> frozenset[str]:
    """Return the permissions of a built-in role, but Administrator, which has all that there are."""
    return frozenset(code for ability in abilities() if name in ability.roles for code in ability.codes)


def permissions_of(codes: Iterable[str]) -> QuerySet[Permission]:
    """Return the permissions with these codes, `app.code`; one whose table isn't there yet is left out."""
    wanted = Q(pk__in=())
    by_app: dict[str, list[str]] = {}
    for code in codes:
        app, _dot, name = code.partition(".")
        by_app.setdefault(app, []).append(name)
    for app, names in by_app.items():
        wanted |= Q(content_type__app_label=app, codename__in=names)
    return Permission.objects.filter(wanted)


def all_permissions() -> QuerySet[Permission]:
    """Return what Administrator may: every permission of the portal's own tables and of the accounts."""
    accounts = Q(content_type__app_label="auth", content_type__model__in=ACCOUNTS)
    return Permission.objects.filter(accounts | Q(content_type__app_label__in=OUR_APPS))


def ensure_roles(**kwargs: Any) -> None:
    """Make the built-in roles, and let them allow what the table says, no more and no less."""
    groups = {group.name: group for group in Group.objects.filter(name__in=BUILT_IN).prefetch_related("permissions")}
    for name in BUILT_IN:
        group = groups.get(name) or Group.objects.get_or_create(name=name)[0]
        right = all_permissions() if name == ADMINISTRATOR else permissions_of(codes_of(name))
        if {permission.pk for permission in group.permissions.all()} != set(right.values_list("pk", flat=True)):
            group.permissions.set(right)


def has_all_domains(role: Group) -> bool:
    """Tell whether a role lets its people work in every domain."""
    app, _dot, code = ACCESS.partition(".")
    return any(
        permission.codename == code and permission.content_type.app_label == app
        for permission in role.permissions.select_related("content_type")
    )
