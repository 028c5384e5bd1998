"""Does the search find everything at every moment, with an index that is brought up to date later?"""

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from devices.models import Device, DeviceUser
from devices.search import keep_up, tables
from tests.factories import DeviceFactory, DeviceUserFactory

pytestmark = pytest.mark.django_db


def found(text: str) -> list[str]:
    return sorted(device.name for device in Device.objects.all().matching(text))


def test_new_changed_and_deleted_devices_are_found_as_they_are_before_and_after_indexing() -> None:
    user = DeviceUserFactory.create(name="Ada Lovelace", email="ada@example.com")
    DeviceFactory.create(name="Fallon 9", serial_number="K0WN77ABC", user=user)
    DeviceFactory.create(name="Other", serial_number="100%_\\x", user=None)
    for _indexed in (False, True):
        for text in ("fallon", "WN77", "lovel", "ADA@exa", "n77a"):
            assert found(text) == ["Fallon 9"], text
        for text in ("0%_\\", "100%"):
            assert found(text) == ["Other"]
        assert found("nothing") == []
        keep_up.keep_up()
    Device.objects.filter(name="Fallon 9").update(name="Renamed")
    DeviceUser.objects.filter(pk=user.pk).update(email="grace@example.com")
    for _indexed in (False, True):
        assert found("fallon") == [] and found("renam") == ["Renamed"]
        assert found("ada@") == [] and found("grace@") == ["Renamed"]
        keep_up.keep_up()
    Device.objects.all().delete()
    assert found("renam") == []


def test_one_or_two_characters_are_looked_for_in_every_database() -> None:
    DeviceFactory.create(name="Fallon", serial_number="K0WN77", user=None)
    assert found("k0") == ["Fallon"] == found("F")


def test_what_was_deleted_is_forgotten() -> None:
    DeviceFactory.create(name="Fallon", user=None)
    keep_up.keep_up()
    Device.objects.all().delete()
    keep_up.forget_gone()
    if tables.is_there():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM devices_searchtext WHERE kind = 1")
            assert cursor.fetchone()[0] == 0


def test_very_common_text_is_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from devices.search import find

    DeviceFactory.create(name="Fallon", user=DeviceUserFactory.create(name="Ada"))
    keep_up.keep_up()
    monkeypatch.setattr(find, "COMMON", -1)
    assert found("fall") == ["Fallon"] == found("ada")


def test_a_database_that_gets_pg_trgm_later_has_the_index_after_the_next_migrate(is_postgresql: bool) -> None:
    if not is_postgresql:
        return  # no other database has the index
    user = DeviceUserFactory.create(name="Ada")
    DeviceFactory.create(name="Fallon", user=user)
    with transaction.atomic():
        with connection.schema_editor(atomic=False) as editor:
            tables.drop(editor)
        call_command("migrate", verbosity=0)
        assert tables._has_tables(connection)
        call_command("migrate", verbosity=0)  # which finds it there
        for _indexed in (False, True):
            assert found("fall") == ["Fallon"] == found("ada")
            keep_up.keep_up()
        transaction.set_rollback(True)


def test_without_pg_trgm_everything_is_read(is_postgresql: bool) -> None:
    DeviceFactory.create(name="Fallon", user=None)
    if is_postgresql:
        with transaction.atomic():
            with connection.schema_editor(atomic=False) as editor:
                tables.drop(editor)
            connection._has_search_tables = False  # type: ignore[attr-defined]
            assert found("fall") == ["Fallon"]
            transaction.set_rollback(True)
        del connection._has_search_tables  # type: ignore[attr-defined]
    assert found("fall") == ["Fallon"]
