"""What stands between a device and its view?"""

import pytest
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_device_is_answered_without_cookies_and_sessions(
    administrator_client: Client, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        answer = administrator_client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert not answer.cookies
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert "Content-Security-Policy" not in answer.headers


def test_an_answer_says_its_length_so_that_the_connection_stays_open(client: Client) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert answer.headers["Content-Length"] == str(len(answer.content))


def test_a_host_that_is_not_the_portals_is_refused(client: Client) -> None:
    assert client.get("/api/v1/openapi.json", HTTP_HOST="elsewhere.example.net").status_code == 400


def test_pages_go_the_long_way(administrator_client: Client) -> None:
    answer = administrator_client.get("/admin/")
    assert answer.status_code == 200
    assert "Content-Security-Policy" in answer.headers


def test_https_is_demanded_of_devices_too(client: Client) -> None:
    position = settings.MIDDLEWARE.index("hexenroll.short_way.ShortWayMiddleware")
    assert settings.MIDDLEWARE[:position] == [
        "django.middleware.security.SecurityMiddleware",
        "hexenroll.audit.who.ActingMiddleware",  # remembers the request, and asks nothing
    ]
    assert client.get("/api/v1/openapi.json").headers["X-Content-Type-Options"] == "nosniff"
