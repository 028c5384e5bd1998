"""From a file to an SMS that arrived, in the portal as `make run` starts it, with a server in Twilio's place."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from django.http import QueryDict

from invitations.webhooks.twilio import signature_of
from tests.invitations.http_provider import Answer, http_provider
from tests.invitations.twilio_account import ACCOUNT_SID, AUTH_TOKEN, FROM, created, refused
from tests.portal import Portal, wait_until

STATES = """
from invitations.models import Invitation
import json
print("STATES", json.dumps({row.recipient: [row.state, row.last_error] for row in Invitation.objects.all()}))
"""


def states_of(portal: Portal) -> dict[str, list[str]]:
    answer = portal.manage("shell", "--no-imports", "-c", STATES)
    lines = [line for line in answer.stdout.splitlines() if line.startswith("STATES")]
    assert lines, answer.stderr
    return json.loads(lines[0].removeprefix("STATES"))


def report(address: str, fields: dict[str, str], token: str = AUTH_TOKEN) -> int:
    """Post a status callback to the address that was asked for; return the status of the answer."""
    body = QueryDict(mutable=True)
    body.update(fields)
    signature = signature_of(address, body, token)
    kind = "application/x-www-form-urlencoded"
    headers = {"X-Twilio-Signature": signature, "Content-Type": kind}
    return requests.post(address, body.urlencode(), headers=headers, timeout=10).status_code


@pytest.mark.once
def test_rows_are_invited_by_sms_and_twilio_reports_what_arrived(
    make_portal: Callable[..., Portal], tmp_path: Path
) -> None:
    file = tmp_path / "devices.csv"
    rows = [f"User {i},u{i}@example.com,corporate,SN-SMS-{i},ios,+49151123456{i:02}" for i in range(3)]
    file.write_text("\n".join(["Name,Email,Ownership,Serial number,Platform,Mobile", *rows]) + "\n")
    with http_provider() as twilio:
        twilio.answers = [Answer(201, created("SM0")), Answer(400, refused(400, 21211))]
        twilio.default = Answer(201, created("SM2"))
        portal = make_portal(
            SMS_PROVIDER="twilio",
            TWILIO_ACCOUNT_SID=ACCOUNT_SID,
            TWILIO_AUTH_TOKEN=AUTH_TOKEN,
            TWILIO_FROM=FROM,
            TWILIO_BASE_URL=twilio.url,
        ).start()
        imported = portal.manage(
            "import_devices", str(file), "--domain", "local", "--on-duplicate", "replace", "--invite", "sms"
        )
        assert imported.returncode == 0, imported.stdout + imported.stderr
        wait_until(
            lambda: len(twilio.requests) == 3,
            60,
            lambda: f"{twilio.requests}\n{(portal.data / 'log' / 'worker.log').read_text()}",
        )
        first, wrong, last = [request.form for request in twilio.requests]
        assert first["StatusCallback"].startswith(f"{portal.base_url}/webhooks/twilio/?message=")
        delivered = {"MessageSid": "SM0", "MessageStatus": "delivered", "AccountSid": ACCOUNT_SID}
        assert report(first["StatusCallback"], delivered, token="guessed") == 403
        assert report(first["StatusCallback"], delivered) == 204
        assert report(first["StatusCallback"], delivered) == 409
        undelivered = {"MessageSid": "SM2", "MessageStatus": "undelivered", "ErrorCode": "30003"}
        assert report(last["StatusCallback"], undelivered) == 204
        found: dict[str, list[str]] = {}
        ends = {first["To"]: "delivered", wrong["To"]: "failed", last["To"]: "bounced"}

        def are_known() -> bool:
            found.update(states_of(portal))
            return {number: state for number, (state, _error) in found.items()} == ends

        wait_until(are_known, 30, lambda: str(found))
        assert "Twilio says that this is not a phone number" in found[wrong["To"]][1]
        assert "The phone could not be reached" in found[last["To"]][1]
