"""What do devices get when the database has dropped the connection that served them a moment ago?"""

import psycopg
import pytest
from django.db import close_old_connections, connection
from django.test import Client

from devices.models import Device
from tests.enrollment.knocking import invited, knock, with_token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clear_counters")]


@pytest.fixture(autouse=True)
def _only_postgresql(is_postgresql: bool) -> None:
    if not is_postgresql:
        pytest.skip("SQLite is a file: there is no connection to lose.")


def drop() -> None:
    """End this thread's connection as a restart of the database does: unnoticed, until it is used."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    with psycopg.connect(**{name: parameters[name] for name in names if name in parameters}, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_a_device_that_enrolls_comes_in_all_the_same() -> None:
    first, second = invited(), invited()
    assert knock(with_token(first))[0] == 200
    drop()
    status, answer = knock(with_token(second))
    assert (status, answer["device_id"]) == (200, second.device.pk)
    assert Device.objects.get(pk=second.device.pk).status == Device.Status.ENROLLED


def test_another_request_is_asked_to_come_again_and_then_answered() -> None:
    token = knock(with_token(invited()))[1]["device_token"]
    device = Client(headers={"Authorization": f"Bearer {token}"})
    assert device.get("/api/v1/device").status_code == 200
    drop()
    lost = device.get("/api/v1/device")
    assert (lost.status_code, lost.json()["code"]) == (503, "unavailable")
    assert int(lost.headers["Retry-After"]) > 0
    close_old_connections()  # as at the end of each request; the test's client leaves the connection open
    assert device.get("/api/v1/device").status_code == 200
