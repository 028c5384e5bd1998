"""May somebody guess passwords? Ten wrong ones, then the name waits."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from hexenroll.models import AuditEntry

LOGIN = "/accounts/login/"


@pytest.mark.django_db
def test_ten_wrong_passwords_lock_that_name_at_that_address_and_no_other(client: Client, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # thirteen slow ones take long
    for name in ("admin", "other"):
        User.objects.create_superuser(name, password="correct-horse")
    right = {"login": "admin", "password": "correct-horse"}
    for _ in range(10):
        client.post(LOGIN, {"login": "admin", "password": "wrong"})
    answer = client.post(LOGIN, right)
    assert answer.status_code == 429
    assert "locked" in answer.content.decode()
    assert client.post(LOGIN, right, REMOTE_ADDR="192.0.2.7").status_code == 302
    assert client.post(LOGIN, right | {"login": "other"}).status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["admin", "nobody"])
def test_who_is_locked_out_writes_nothing_more_into_the_audit_log(
    client: Client, settings: Settings, name: str
) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    User.objects.create_superuser("admin", password="correct-horse")
    tried = AuditEntry.objects.filter(additional_data__what="sign_in_failed")
    for number in range(1, 14):
        client.post(LOGIN, {"login": name, "password": "wrong"})
        assert tried.count() == min(number, 10)  # the tenth locks
    client.post(LOGIN, {"login": name, "password": "wrong"}, REMOTE_ADDR="192.0.2.7")
    assert tried.count() == 11


@pytest.mark.django_db
def test_behind_a_proxy_the_client_is_locked_and_not_the_proxy(client: Client, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    User.objects.create_superuser("admin", password="correct-horse")
    right = {"login": "admin", "password": "correct-horse"}
    for number in range(10):  # what the guesser writes into the header, and the rest of a subnet, are no way out
        forwarded = f"198.51.100.{number}, 2001:db8::{number + 1:x}"
        client.post(LOGIN, {"login": "admin", "password": "wrong"}, HTTP_X_FORWARDED_FOR=forwarded)
    assert client.post(LOGIN, right, HTTP_X_FORWARDED_FOR="2001:db8::7:8").status_code == 429
    assert client.post(LOGIN, right, HTTP_X_FORWARDED_FOR="203.0.113.9").status_code == 302
