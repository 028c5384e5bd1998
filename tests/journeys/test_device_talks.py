"""An enrolled device talks to a running portal over one connection: kept open whatever it sends, until it leaves."""

import http.client
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.portal import Portal

# What the database has to do with it is asked by tests/enrollment, on both.
pytestmark = pytest.mark.once

ENROLLED = """
from django.utils import timezone
from devices.models import Device, Domain, Policy
from enrollment.device_token import issue
words = {"platform": "macos", "ownership": "corporate", "status": "enrolled"}
device = Device.objects.create(serial_number="C02XK0AAJG5J", domain=Domain.objects.local(), **words)
device.policies.add(Policy.objects.create(name="Passcode"))
print("TOKEN", issue(device.pk))
"""


class Device:
    """A device with its token, and one connection to the portal."""

    def __init__(self, portal: Portal, token: str) -> None:
        address = urlsplit(portal.base_url)
        self.connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
        self.connection.connect()
        self.socket = self.connection.sock
        self.token = token

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], Any]:
        """Send a request over the same connection; return status, headers and the answer."""
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        encoded = body if body is None or not isinstance(body, dict) else json.dumps(body)
        chunked = "Transfer-Encoding" in sent
        self.connection.request(method, path, encoded, sent, encode_chunked=chunked)
        answer = self.connection.getresponse()
        text = answer.read()
        assert self.connection.sock is self.socket, f"{method} {path}: the connection was closed"
        return answer.status, dict(answer.headers), json.loads(text) if text else None


def test_a_device_talks_over_one_connection_until_it_leaves(portal: Portal) -> None:
    done = portal.manage("shell", "--no-imports", "-c", ENROLLED)
    assert done.returncode == 0, done.stderr
    token = next(line for line in done.stdout.splitlines() if line.startswith("TOKEN")).split()[1]
    device = Device(portal, token)

    status, headers, told = device.ask("GET", "/api/v1/device")
    assert status == 200
    (policy,) = told["policies"]
    etag = headers["ETag"]
    assert device.ask("HEAD", "/api/v1/device")[::2] == (200, None)
    assert device.ask("GET", "/api/v1/device", If_None_Match=etag)[::2] == (304, None)

    report = {"id": policy["id"], "version": 1, "state": "applied"}
    status, _headers, answer = device.ask("POST", "/api/v1/device/checkin", {"policies": [report], "battery": 0.5})
    assert (status, answer["status"], answer["etag"]) == (200, "enrolled", etag)

    # What is refused leaves nothing in the connection that the next request would be read from.
    assert device.ask("POST", "/api/v1/device/checkin", "{}", Content_Type="text/plain")[0] == 415
    pieces = iter([b'{"battery": ', b"1}"])
    assert device.ask("POST", "/api/v1/device/checkin", pieces, Transfer_Encoding="chunked")[0] == 411
    assert device.ask("GET", "/api/v1/device/checkin")[0] == 405
    assert device.ask("GET", "/api/v1/openapi.json")[2]["openapi"] == "3.1.0"

    assert device.ask("POST", "/api/v1/device/disenroll")[::2] == (
        200,
        {"device_id": told["device_id"], "status": "disenrolled"},
    )
    assert device.ask("GET", "/api/v1/device")[0] == 401


def test_bytes_that_are_no_request_of_ours_break_nothing(portal: Portal) -> None:
    address = urlsplit(portal.base_url)
    for sent in (
        b"POST /api/v1/enroll HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{",
        b"POST /api/v1/device/checkin HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        b"GET /api/v1/device HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
        b"GET /api/v1/%00%ff%fe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /api/v1/device/checkin HTTP/1.1\r\nHost: localhost\r\nContent-Type: \xff;charset=\x00\r\n\r\n",
    ):
        with socket.create_connection((address.hostname or "", address.port or 80), timeout=20) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            line = connection.recv(65_536).split(b"\r\n")[0]
        assert line == b"" or line.split()[1].startswith(b"4"), (sent[:80], line)
    assert "Traceback" not in portal.output
