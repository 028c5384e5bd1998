"""What may each built-in role do, and does the table of abilities name every permission?"""

import pytest
from django.contrib.auth.models import Group, Permission

from devices.scope import ACCESS
from hexenroll.abilities import AUDITOR, OPERATOR, abilities
from hexenroll.roles import ADMINISTRATOR, BUILT_IN, OUR_APPS, all_permissions, codes_of, ensure_roles, permissions_of
from tests.conftest import make_person

from .access_table import ROLES_PAGE, roles_page

pytestmark = [pytest.mark.django_db, pytest.mark.once]
# Tables that no page is about: rows of others, counters, what only programs write.
WITHOUT_ABILITY = (
    *("deviceinventory", "devicepolicy", "importrow", "importproblem", "importsnapshot", "policyversion"),
    *("domainaccessofperson", "domainaccessofrole", "invitationevent", "lane", "providercallback"),
    *("groupimport", "groupimportline", "groupimportmember", "groupimportproblem"),
    *("answeredrequest", "devicetoken", "deviceevent", "settingschange", "preferences"),
    "adeassignment",
)


def codes(group: Group) -> set[str]:
    return {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.select_related("content_type")}


def test_built_in_roles_allow_what_the_table_says() -> None:
    for name in BUILT_IN:
        role = Group.objects.get(name=name)
        if name == ADMINISTRATOR:
            assert set(role.permissions.all()) == set(all_permissions())
        else:
            assert codes(role) == codes_of(name)


def test_role_that_somebody_changed_is_true_again_after_the_next_migration() -> None:
    role = Group.objects.get(name=AUDITOR)
    role.permissions.set(permissions_of(["devices.delete_device"]))

    ensure_roles()

    assert codes(role) == codes_of(AUDITOR)


def test_each_permission_of_the_table_exists() -> None:
    wanted = {code for ability in abilities() for code in ability.codes}
    there = {f"{p.content_type.app_label}.{p.codename}" for p in permissions_of(wanted).select_related("content_type")}

    assert wanted == there


def test_each_permission_that_a_page_asks_for_is_in_the_table() -> None:
    named = {code for ability in abilities() for code in ability.codes} | {ACCESS}
    found = Permission.objects.filter(content_type__app_label__in=OUR_APPS).select_related("content_type")
    model_of = {f"{p.content_type.app_label}.{p.codename}": p.content_type.model for p in found}
    missing = [code for code, model in model_of.items() if code not in named and model not in WITHOUT_ABILITY]
    offered = [code for code in missing if code.partition(".")[2].partition("_")[0] not in ("add", "change", "delete")]

    assert not offered, f"Name these in hexenroll/abilities.py, so that a role can allow them: {offered}"


def test_auditor_may_change_nothing() -> None:
    actions = {code.partition(".")[2].partition("_")[0] for code in codes_of(AUDITOR)}

    assert actions == {"view", "export"}


def test_administrator_works_everywhere_and_is_no_superuser() -> None:
    person = make_person("ada", domains=[])
    person.groups.add(Group.objects.get(name=ADMINISTRATOR))

    assert person.has_perm("auth.add_user") and person.has_perm(ACCESS) and not person.is_superuser


def test_what_is_for_all_domains_is_taken_from_an_operator_of_some() -> None:
    everywhere, somewhere = make_person("everywhere"), make_person("somewhere", domains=[])
    for person in (everywhere, somewhere):
        person.groups.add(Group.objects.get(name=OPERATOR))

    assert everywhere.has_perm("devices.change_devicegroup") and everywhere.has_perm("enrollment.view_lockout")
    assert not somewhere.has_perm("devices.change_devicegroup") and not somewhere.has_perm("enrollment.view_lockout")
    assert somewhere.has_perm("devices.view_devicegroup") and somewhere.has_perm("devices.change_device")


def test_page_of_roles_is_made_from_the_table() -> None:
    assert ROLES_PAGE.read_text(encoding="utf-8") == roles_page(), "python -m tests.hexenroll.access_table"
