"""Which requests have a line in gunicorn's access log?"""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.urls import reverse
from gunicorn.config import Config

from hexenroll.masked_log import OF_DEVICES, GunicornLogger

pytestmark = pytest.mark.once


def lines_of(path: str, status: str, capfd: pytest.CaptureFixture[str]) -> str:
    """Return what the access log says of one answer."""
    config = Config()
    config.set("accesslog", "-")
    answer = SimpleNamespace(status=status, headers=[], sent=10)
    asked = SimpleNamespace(headers=[])
    environ = {"REQUEST_METHOD": "GET", "RAW_URI": path, "PATH_INFO": path, "SERVER_PROTOCOL": "HTTP/1.1"}
    GunicornLogger(config).access(answer, asked, environ, timedelta(seconds=1))
    return capfd.readouterr().out


def test_the_addresses_of_devices_are_those_of_the_device_api() -> None:
    assert set(map(reverse, ("enroll_device", "device", "checkin", "disenroll"))) == OF_DEVICES


@pytest.mark.parametrize("path", sorted(OF_DEVICES))
def test_a_device_that_got_what_it_asked_for_has_no_line_and_one_that_was_refused_has(
    path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert lines_of(path, "200 OK", capfd) == ""
    assert lines_of(path, "304 Not Modified", capfd) == ""
    assert path in lines_of(path, "403 Forbidden", capfd)


@pytest.mark.parametrize(
    "path", ["/api/v1/devices/", "/api/v1/devices/1/", "/api/v1/me/", "/admin/", "/api/v1/openapi.json"]
)
def test_what_people_and_their_programs_ask_for_has_a_line(path: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert path in lines_of(path, "200 OK", capfd)
