"""Somebody guesses at a running portal, fifty times at once, behind its proxy: who is locked out, and who is told?"""

import http.client
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.portal import Portal, wait_until

pytestmark = pytest.mark.once

APPROVED = """
from django.contrib.auth.models import User
from devices.models import Device, DeviceUser, Domain
User.objects.filter(username="admin").update(email="chief@example.com")
local = Domain.objects.local()
for name in ("ada", "bob"):
    user = DeviceUser.objects.create(domain=local, name=name, email=f"{name}@example.com")
    words = {"platform": "macos", "ownership": "corporate", "one_time_password": "quiet-otter-12"}
    Device.objects.create(serial_number=f"C02XK0{name.upper()}JG5J", domain=local, user=user, **words)
"""
TOLD = """
from enrollment.models import Lockout
from invitations.models import MailboxMessage
print("MAILS", [message.recipient for message in MailboxMessage.objects.all()])
print("LOCKED", [(lockout.account, lockout.address) for lockout in Lockout.objects.all()])
"""


def enroll(portal: Portal, name: str, password: str, address: str) -> tuple[int, str, str]:
    """Ask as a proxy does for a client at `address`; return the status, the code or status, and Retry-After."""
    url = urlsplit(portal.base_url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=30)
    # Each guess has a serial number of its own, which no limit by serial number meets.
    number = f"C02XK0{name.upper()}JG5J" if password == "quiet-otter-12" else f"guess {password}"
    body = {"platform": "macos", "method": "agent", "serial_number": number}
    body |= {"email": f"{name}@example.com", "password": password}
    headers = {"Content-Type": "application/json", "X-Forwarded-For": f"203.0.113.{len(password)}, {address}"}
    connection.request("POST", "/api/v1/enroll", json.dumps(body), headers)
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    return answer.status, told.get("code") or told["status"], answer.headers.get("Retry-After", "")


def test_of_fifty_guesses_at_once_five_are_looked_at_and_administrators_get_a_mail(portal: Portal) -> None:
    assert portal.manage("shell", "--no-imports", "-c", APPROVED).returncode == 0
    with ThreadPoolExecutor(50) as crowd:
        guesses = crowd.map(lambda number: enroll(portal, "ada", f"wrong-{number}", "192.0.2.7"), range(50))
        told = Counter(answer[:2] for answer in guesses)
    assert told == {(403, "bad_credentials"): 5, (429, "too_many"): 45}
    status, code, wait = enroll(portal, "ada", "quiet-otter-12", "198.51.100.1")
    assert (status, code) == (429, "too_many")
    assert 800 <= int(wait) <= 900
    assert enroll(portal, "bob", "quiet-otter-12", "198.51.100.1")[:2] == (200, "enrolled")

    def seen() -> str:
        return portal.manage("shell", "--no-imports", "-c", TOLD).stdout

    wait_until(lambda: "MAILS ['chief@example.com']" in seen(), 30, seen)
    assert "LOCKED [('ada@example.com', '192.0.2.7')]" in seen()
    assert "wrong-" not in portal.output
