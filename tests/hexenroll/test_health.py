"""Does /healthz say whether the portal works, to anyone, and name what fails?"""

from pathlib import Path

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db(transaction=True)


def test_everything_works_without_signing_in(client: Client) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "failing": [],
        "parts": {"database": "ok", "migrations": "ok", "broker": "ok", "disk": "ok"},
    }
    assert "no-store" in answer["Cache-Control"]


def test_a_broker_that_does_not_answer_is_named(client: Client, settings: Settings) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "unix:///nowhere/valkey.sock"}
    }
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["failing"] == ["broker"]


def test_a_missing_migration_is_named_with_what_to_do(client: Client) -> None:
    recorder = MigrationRecorder.Migration.objects.filter(app="sessions")
    applied = list(recorder)
    recorder.all().delete()
    try:
        answer = client.get("/healthz")
    finally:
        MigrationRecorder.Migration.objects.bulk_create(applied)
    assert answer.status_code == 503
    assert answer.json()["failing"] == ["migrations"]
    assert "manage.py migrate" in answer.json()["parts"]["migrations"]


def test_a_full_disk_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hexenroll.health.LEAST_FREE_BYTES", 2**70)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["failing"] == ["disk"]


def test_a_data_folder_that_is_gone_is_named(client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.HEXENROLL_DATA = tmp_path / "gone"
    assert client.get("/healthz").json()["failing"] == ["disk"]


@pytest.mark.parametrize("accept", ["text/html", "nonsense", "", "application/json"])
def test_the_answer_is_the_same_whatever_is_accepted(client: Client, accept: str) -> None:
    answer = client.get("/healthz", headers={"accept": accept})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
