"""Who may make, change, close and delete which account, and which roles may be given?"""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from devices.models import Domain
from devices.scope import scope_of
from hexenroll.accounts import sso_roles
from hexenroll.administrators import domains
from hexenroll.models import AuditEntry
from hexenroll.roles import ADMINISTRATOR, permissions_of
from tests.conftest import make_person, sign_in
from tests.factories import DomainFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/auth/user/"


def person_of(name: str, *roles: str) -> User:
    person = make_person(name)
    person.groups.set(Group.objects.filter(name__in=roles))
    return person


@pytest.fixture
def role_administrator(db: None) -> User:
    """Return somebody with the role Administrator, and no more."""
    return person_of("role-administrator", ADMINISTRATOR)


@pytest.fixture
def manager(db: None) -> User:
    """Return somebody who looks after accounts, and may look at devices."""
    role = Group.objects.create(name="Accounts")
    person = make_person("manager", ("view_device", "view_deviceinventory", "view_devicepolicy", "view_savedview"))
    role.permissions.set(permissions_of([f"auth.{action}_user" for action in ("view", "add", "change", "delete")]))
    person.groups.add(role)
    return person


def number_of(role: str) -> int:
    return Group.objects.get(name=role).pk


def filled(**changes: Any) -> dict[str, Any]:
    return {
        "username": "ada",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": "ada@example.com",
        "roles": [],
        "access": "password",
    } | changes


def add(person: User, **changes: Any) -> Any:
    return sign_in(person).post(f"{LIST}add/", filled(**changes))


def change(person: User, other: User, **changes: Any) -> Any:
    given = {
        "username": other.username,
        "first_name": other.first_name,
        "last_name": other.last_name,
        "email": other.email,
        "is_active": "on",
        "roles": [role.pk for role in other.groups.all()],
        "all_domains": "on",
    }
    data = {name: value for name, value in (given | changes).items() if value is not None}
    return sign_in(person).post(f"{LIST}{other.pk}/change/", data)


# --- making one ---
def test_new_administrator_has_the_roles_and_domains_that_were_chosen(role_administrator: User) -> None:
    domain = DomainFactory.create()

    response = add(role_administrator, roles=[number_of("Help desk")], domains=[domain.pk], access="link")

    assert response.status_code == 302, response.context["adminform"].form.errors
    made = User.objects.get(username="ada")
    assert (made.is_staff, made.is_superuser, made.has_usable_password()) == (True, False, False)
    assert [role.name for role in made.groups.all()] == ["Help desk"]
    assert scope_of(made).domains == frozenset({domain.pk})
    assert made.has_perm("invitations.send_invitation")


def test_initial_password_is_shown_once_and_signs_in(role_administrator: User) -> None:
    response = add(role_administrator, roles=[number_of("Auditor")], all_domains="on", access="password")

    password = response.context["password"]
    assert escape(password) in response.content.decode()
    assert User.objects.get(username="ada").check_password(password)


def test_a_link_that_is_sent_and_sessions_that_are_ended_are_in_the_audit_log(role_administrator: User) -> None:
    add(role_administrator, roles=[number_of("Auditor")], all_domains="on")
    person = User.objects.get(username="ada")
    UserSession.objects.create(user=person, session_key=sign_in(person).session.session_key, ip="192.0.2.1")
    for name in ("link", "sign_out"):
        sign_in(role_administrator).post(f"{LIST}{person.pk}/access/", {"action": name})

    told = AuditEntry.objects.filter(object_id=person.pk, additional_data__what__startswith="account.")
    assert list(told.order_by("pk").values_list("additional_data__what", "actor_name")) == [
        ("account.link_sent", role_administrator.username),
        ("account.sessions_ended", role_administrator.username),
    ]


def test_nobody_adds_an_account_for_the_identity_provider(role_administrator: User) -> None:
    """It opens none but those that it made; a password link would open this one."""
    page = sign_in(role_administrator).get(f"{LIST}add/")
    assert re.findall(r'name="access" value="(\w+)"', page.content.decode()) == ["link", "password"]
    response = add(role_administrator, roles=[number_of("Auditor")], all_domains="on", access="elsewhere")
    assert "Select a valid choice" in response.content.decode()
    assert not User.objects.filter(username="ada").exists()


def test_link_needs_an_address_to_which_it_goes(role_administrator: User) -> None:
    response = add(role_administrator, email="", access="link")

    assert "The link goes there: write an e-mail address" in response.content.decode()
    assert not User.objects.filter(username="ada").exists()


def test_roles_need_a_domain_in_which_they_count(role_administrator: User) -> None:
    response = add(role_administrator, roles=[number_of("Auditor")])

    assert "Choose where the roles count: some domains, or all of them." in response.content.decode()


def test_two_accounts_never_share_an_e_mail_address(role_administrator: User) -> None:
    User.objects.create(username="first", email="ADA@example.com")

    assert "Another account has this e-mail address." in add(role_administrator).content.decode()


# --- giving no more than one has ---
def test_role_that_allows_more_than_one_may_is_not_offered_and_not_taken(manager: User) -> None:
    response = add(manager, roles=[number_of(ADMINISTRATOR)], all_domains="on")

    assert "Select a valid choice." in response.content.decode()
    assert not User.objects.filter(username="ada").exists()
    assert "Auditor" not in sign_in(manager).get(f"{LIST}add/").content.decode()


def test_nobody_but_a_full_administrator_makes_one(role_administrator: User, administrator: User) -> None:
    add(role_administrator, is_superuser="on")
    assert not User.objects.get(username="ada").is_superuser

    add(administrator, username="grace", email="grace@example.com", is_superuser="on")
    assert User.objects.get(username="grace").is_superuser


def test_account_with_more_rights_can_not_be_changed_nor_its_sign_in(manager: User, role_administrator: User) -> None:
    for other in (role_administrator, person_of("auditor", "Auditor"), make_person("full", superuser=True)):
        assert change(manager, other, username="mine").status_code == 403
        client = sign_in(manager)
        assert client.get(f"{LIST}{other.pk}/change/").status_code == 200
        assert client.post(f"{LIST}{other.pk}/access/", {"action": "password"}).status_code == 403
        assert client.post(f"{LIST}{other.pk}/delete/", {"post": "yes"}).status_code == 403
        other.is_active = False
        other.save()
        assert change(manager, other, is_active="on").status_code == 403  # closed, it would have no rights


def test_account_with_fewer_rights_can_be_changed(manager: User) -> None:
    other = make_person("other", ("view_device",))

    assert change(manager, other, first_name="Grace").status_code == 302
    other.refresh_from_db()
    assert other.first_name == "Grace"


# --- closing ---
def test_closing_an_account_ends_its_sessions(role_administrator: User) -> None:
    other = person_of("other", "Help desk")
    client = sign_in(other)
    UserSession.objects.create(user=other, session_key=client.session.session_key, ip="192.0.2.1")

    assert change(role_administrator, other, is_active=None).status_code == 302

    assert not User.objects.get(pk=other.pk).is_active
    assert client.get("/admin/").status_code == 302
    assert not UserSession.objects.filter(user=other).exists()


def test_nobody_closes_or_deletes_their_own_account(role_administrator: User, administrator: User) -> None:
    response = change(role_administrator, role_administrator, is_active=None)

    assert "This is your own account: somebody else has to close it." in response.content.decode()
    address = f"{LIST}{role_administrator.pk}/delete/"
    assert sign_in(role_administrator).post(address, {"post": "yes"}).status_code == 403


def test_last_administrator_keeps_the_role(role_administrator: User) -> None:
    response = change(role_administrator, role_administrator, roles=[number_of("Auditor")])

    assert "This is the last administrator." in response.content.decode()
    assert role_administrator.groups.get().name == ADMINISTRATOR


def test_last_administrator_is_not_closed_or_deleted_by_others(role_administrator: User) -> None:
    second = person_of("second", ADMINISTRATOR)
    response = change(second, role_administrator, is_active=None)
    assert response.status_code == 302, response.context["adminform"].form.errors

    third = make_person("third")
    third.user_permissions.set(Group.objects.get(name=ADMINISTRATOR).permissions.all())
    assert "This is the last administrator." in change(third, second, is_active=None).content.decode()
    assert sign_in(third).post(f"{LIST}{second.pk}/delete/", {"post": "yes"}).status_code == 403


# --- the sign-in of others ---
def test_new_password_ends_all_sessions_and_is_shown_once(role_administrator: User) -> None:
    other = person_of("other", "Help desk")

    response = sign_in(role_administrator).post(f"{LIST}{other.pk}/access/", {"action": "password"})

    other.refresh_from_db()
    assert other.check_password(response.context["password"])


def test_second_step_is_removed_for_who_has_lost_it(role_administrator: User) -> None:
    other = person_of("other", "Help desk")
    Authenticator.objects.create(user=other, type="totp", data={})

    client = sign_in(role_administrator)
    assert "Remove the second step" in client.get(f"{LIST}{other.pk}/access/").content.decode()
    client.post(f"{LIST}{other.pk}/access/", {"action": "second_step"})

    assert not Authenticator.objects.filter(user=other).exists()


def test_nobody_removes_their_own_second_step_without_being_asked_who_they_are(role_administrator: User) -> None:
    Authenticator.objects.create(user=role_administrator, type=Authenticator.Type.TOTP, data={})
    client, address = sign_in(role_administrator), f"{LIST}{role_administrator.pk}/access/"

    assert "Remove the second step" not in client.get(address).content.decode()
    client.post(address, {"action": "second_step"})
    assert Authenticator.objects.filter(user=role_administrator).exists()


# --- roles ---
def test_built_in_role_can_be_read_and_copied_and_not_changed_or_deleted(administrator_client: Client) -> None:
    address = f"/admin/auth/group/{number_of('Help desk')}"

    page = administrator_client.get(f"{address}/change/").content.decode()
    assert "Invite device users; resend, extend and revoke invitations" in page
    assert administrator_client.post(f"{address}/change/", {"name": "Mine"}).status_code == 403
    assert administrator_client.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
    copy = administrator_client.get(f"/admin/auth/group/add/?copy={number_of('Help desk')}")
    assert "send_invitations" in copy.context["adminform"].form.fields["area_4"].initial


def test_own_role_allows_what_is_ticked_in_the_domains_that_are_ticked(administrator_client: Client) -> None:
    domain = DomainFactory.create()

    response = administrator_client.post(
        "/admin/auth/group/add/", {"name": "Readers", "area_0": ["see_devices"], "domains": [domain.pk]}
    )

    assert response.status_code == 302, response.context["adminform"].form.errors
    reader = make_person("reader", domains=[])
    reader.groups.add(Group.objects.get(name="Readers"))
    assert reader.has_perm("devices.view_device") and not reader.has_perm("devices.change_device")
    assert scope_of(reader).domains == frozenset({domain.pk})


def test_role_gives_nothing_that_its_maker_has_not(db: None) -> None:
    maker = make_person("maker", ("view_deviceuser",))
    maker.user_permissions.add(*permissions_of(["auth.add_group", "auth.view_group", "auth.change_group"]))
    client = sign_in(maker)

    refused = client.post("/admin/auth/group/add/", {"name": "More", "area_1": ["see_users", "change_users"]})
    assert "Select a valid choice. change_users is not one of the available choices." in refused.content.decode()
    assert client.post("/admin/auth/group/add/", {"name": "Same", "area_1": ["see_users"]}).status_code == 302
    other = Group.objects.create(name="Other")
    other.permissions.set(permissions_of(["devices.change_device"]))
    assert client.post(f"/admin/auth/group/{other.pk}/change/", {"name": "Mine"}).status_code == 403


def test_domains_are_given_and_taken(db: None) -> None:
    person, first, second = make_person("person", domains=[]), DomainFactory.create(), DomainFactory.create()

    for given in ([first], [first, second], [second], []):
        domains.give(person, given)
        assert domains.given_to(person) == sorted(given, key=lambda domain: domain.name)
    domains.give(person, None)

    assert domains.has_all(person)
    assert scope_of(User.objects.get(pk=person.pk)).is_everything
    assert isinstance(Domain.objects.local(), Domain)


def test_list_costs_the_same_number_of_queries_for_two_people_and_for_ten(administrator_client: Client) -> None:
    counts = []
    for number in range(10):
        person_of(f"person{number}", "Auditor")
        if number in (1, 9):
            with CaptureQueriesContext(connection) as queries:
                administrator_client.get(LIST)
            counts.append(len(queries))

    assert counts[0] == counts[1]


def test_domain_that_the_identity_provider_no_longer_names_is_taken_away(db: None) -> None:
    first, second = DomainFactory.create(), DomainFactory.create()
    person = make_person("person", domains=[])

    for domain in (first, second):
        sso_roles.apply(person, sso_roles.Grant(("Help desk",), frozenset({domain.name})))

    assert scope_of(User.objects.get(pk=person.pk)).domains == frozenset({second.pk})
