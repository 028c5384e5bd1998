"""May somebody guess passwords? Ten wrong ones, then the name waits."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

LOGIN = "/admin/login/"


@pytest.mark.django_db
def test_ten_wrong_passwords_lock_that_name_at_that_address_and_no_other(client: Client, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # thirteen slow ones take long
    for name in ("admin", "other"):
        User.objects.create_superuser(name, password="correct-horse")
    right = {"username": "admin", "password": "correct-horse"}
    for _ in range(10):
        client.post(LOGIN, {"username": "admin", "password": "wrong"})
    answer = client.post(LOGIN, right)
    assert answer.status_code == 429
    assert "locked" in answer.content.decode()
    assert client.post(LOGIN, right, REMOTE_ADDR="192.0.2.7").status_code == 302
    assert client.post(LOGIN, right | {"username": "other"}).status_code == 302
