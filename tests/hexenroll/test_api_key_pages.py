"""How do administrators make and revoke API keys?"""

import re
from datetime import timedelta

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from hexenroll.api_keys import keys
from hexenroll.models import ApiKey, AuditEntry
from tests.conftest import make_person, sign_in

pytestmark = pytest.mark.django_db
LIST = "/admin/hexenroll/apikey/"


def test_a_key_is_shown_once_and_works(administrator: User, administrator_client: Client) -> None:
    page = administrator_client.post(f"{LIST}add/", {"name": "Sync", "account": administrator.pk})
    text = re.search(r"hxn_[0-9a-f]+_[\w-]+", page.content.decode())
    assert text is not None
    assert "no-store" in page.headers["Cache-Control"]
    key = keys.find(text[0])
    assert key is not None
    assert (key.account, key.created_by) == (administrator, administrator)
    for path in (LIST, f"{LIST}{key.pk}/change/"):
        assert text[0] not in administrator_client.get(path).content.decode()
    entry = AuditEntry.objects.filter(content_type__model="apikey").latest("id")
    assert (entry.object_repr, entry.actor) == ("Sync", administrator)
    assert text[0].split("_", 2)[2] not in str(entry.changes)


def test_a_key_is_revoked_once(administrator: User, administrator_client: Client) -> None:
    key, text = keys.make(administrator, "Sync", made_by=administrator)
    page = administrator_client.post(f"{LIST}{key.pk}/revoke/", follow=True)
    assert "is revoked: it opens nothing any more" in page.content.decode()
    assert keys.find(text) is None
    assert "was revoked already" in administrator_client.post(f"{LIST}{key.pk}/revoke/", follow=True).content.decode()


def test_for_others_only_full_administrators_make_keys(administrator: User, administrator_client: Client) -> None:
    """Who makes a key knows it, and it rises with its account."""
    maker, other = make_person("maker", ("add_apikey", "view_apikey")), make_person("other")
    maker.user_permissions.add(Permission.objects.get(codename="change_user"))
    client = sign_in(maker)
    for account in (administrator, other):
        refused = client.post(f"{LIST}add/", {"name": "Sync", "account": account.pk})
        assert "Select a valid choice" in refused.content.decode()
    assert not ApiKey.objects.exists()
    administrator_client.post(f"{LIST}add/", {"name": "Sync", "account": other.pk})
    assert ApiKey.objects.get().account == other
    ApiKey.objects.all().delete()
    client.post(f"{LIST}add/", {"name": "Sync", "account": maker.pk})
    assert ApiKey.objects.get().account == maker


def test_the_list_shows_what_works_what_ends_soon_and_what_is_over(
    administrator: User, administrator_client: Client
) -> None:
    now = timezone.now()
    for name, days in (("over", -1), ("soon", 13), ("later", 15)):
        keys.make(administrator, name, made_by=administrator, expires_at=now + timedelta(days=days))
    keys.make(administrator, "never", made_by=administrator)
    for state, shown in (("working", {"soon", "later", "never"}), ("ending", {"soon"}), ("over", {"over"})):
        page = administrator_client.get(f"{LIST}?state={state}")
        assert {key.name for key in page.context["cl"].result_list} == shown


def test_keys_of_an_account_of_the_identity_provider_rest_a_month_after_its_last_sign_in_there(
    administrator: User, administrator_client: Client
) -> None:
    person = make_person("from the provider")
    key, text = keys.make(person, "Sync", made_by=administrator)
    account = SocialAccount.objects.create(user=person, provider="oidc", uid="1")
    for days, states in ((29, {"working"}), (31, {"over"})):
        at = timezone.now() - timedelta(days=days)
        SocialAccount.objects.filter(pk=account.pk).update(last_login=at)
        assert (keys.find(text) == key) == ("working" in states)
        listed = {
            s for s in ("working", "over") if administrator_client.get(f"{LIST}?state={s}").context["cl"].result_count
        }
        assert listed == states
    assert "Waits for a sign-in of its account" in administrator_client.get(LIST).content.decode()
    assert "Waits for a sign-in" in administrator_client.get(f"{LIST}{key.pk}/change/").content.decode()
    User.objects.filter(pk=person.pk).update(last_login=timezone.now())  # by a passkey, or by sign_in_link
    assert keys.find(text) is None
    account.save()  # what a sign-in at the provider does
    assert keys.find(text) == key


def test_an_end_in_the_past_is_refused(administrator: User, administrator_client: Client) -> None:
    values = {"name": "Sync", "account": administrator.pk, "expires_at_0": "2020-01-01", "expires_at_1": "10:00"}
    assert "This time is past" in administrator_client.post(f"{LIST}add/", values).content.decode()


def test_a_key_is_neither_changed_nor_deleted(administrator: User, administrator_client: Client) -> None:
    key, _text = keys.make(administrator, "Sync", made_by=administrator)
    assert administrator_client.post(f"{LIST}{key.pk}/change/", {"name": "x"}).status_code == 405
    assert administrator_client.post(f"{LIST}{key.pk}/delete/", {"post": "yes"}).status_code == 403
    assert administrator_client.get(f"{LIST}{key.pk}/revoke/").status_code == 405


def test_a_stranger_sees_no_keys(stranger_client: Client, administrator: User) -> None:
    key, _text = keys.make(administrator, "Sync", made_by=administrator)
    assert stranger_client.get(LIST).status_code == 403
    assert stranger_client.get(f"{LIST}{key.pk}/change/").status_code == 403
    assert stranger_client.post(f"{LIST}{key.pk}/revoke/").status_code == 403
