"""Are callbacks of providers taken when they are signed and new, and never otherwise?"""

import hashlib
import hmac
import json
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.http import HttpResponse, QueryDict
from django.test import Client, override_settings
from django.urls import URLPattern, get_resolver
from django.utils import timezone
from pytest_django.fixtures import Settings

from invitations.models import Invitation, ProviderCallback
from invitations.outbox.deliver import work
from invitations.webhooks import mail
from invitations.webhooks.replay import forget_old
from invitations.webhooks.twilio import is_signed, signature_of
from tests.factories import InvitationFactory
from tests.invitations.http_provider import Answer, http_provider
from tests.invitations.twilio_account import MESSAGE_SID, SETTINGS, SMS, created, report

pytestmark = pytest.mark.django_db

State = Invitation.State
SIGNING_KEY = "key-of-mailgun"
MAIL_ID = "<20260504.1@mg.example.com>"
MAILGUN: dict[str, Any] = {
    "EMAIL_PROVIDER": "mailgun",
    "ANYMAIL": {"MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING_KEY},
    "PUBLIC_URL": "https://portal.example.com",
    "ALLOWED_HOSTS": ["portal.example.com"],
}
POSTMARK = {**MAILGUN, "EMAIL_PROVIDER": "postmark", "ANYMAIL": {"WEBHOOK_SECRET": "hook:sesame"}}
BASIC = "Basic " + b64encode(b"hook:sesame").decode()
FORM = "application/x-www-form-urlencoded"


def invitation(**more: Any) -> Invitation:
    return InvitationFactory.create(
        **{"state": State.SENT, "provider_id": MESSAGE_SID, "next_attempt_at": None, **more}
    )


def state_of(row: Invitation) -> str:
    return Invitation.objects.get(pk=row.pk).state


def post(
    client: Client, path: str, body: Any = b"", content_type: str = "application/json", **headers: str
) -> HttpResponse:
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    return client.post(  # type: ignore[return-value]
        path, data, content_type=content_type, secure=True, headers={"Host": "portal.example.com", **headers}
    )


def mailgun(
    event: str = "delivered",
    *,
    key: str = SIGNING_KEY,
    timestamp: float | str | None = None,
    token: str = "",
    data: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a callback of Mailgun with a real signature (documentation.mailgun.com, Securing Webhooks)."""
    moment = str(int(time.time()) if timestamp is None else timestamp)
    token = token or uuid4().hex
    signature = hmac.new(key.encode(), f"{moment}{token}".encode(), hashlib.sha256).hexdigest()
    return {
        "signature": {"timestamp": moment, "token": token, "signature": signature},
        "event-data": {
            "event": event,
            "timestamp": time.time(),
            "recipient": "ana@example.com",
            "message": {"headers": {"message-id": MAIL_ID.strip("<>"), "to": "ana@example.com"}},
            "delivery-status": {"code": 550, "message": "no such user", "description": ""},
            **(data or {}),
        },
    }


# --- every callback -------------------------------------------------------------------------------
def webhook_paths() -> list[str]:
    patterns = [pattern for pattern in get_resolver().url_patterns if isinstance(pattern, URLPattern)]
    return [f"/{pattern.pattern}" for pattern in patterns if str(pattern.pattern).startswith("webhooks/")]


def test_there_are_two_callbacks() -> None:
    assert webhook_paths() == ["/webhooks/twilio/", "/webhooks/mail/"]


@pytest.mark.parametrize("path", webhook_paths())
@pytest.mark.parametrize("content_type", [FORM, "application/json"])
@pytest.mark.parametrize(
    "body", [b"", b"MessageSid=SM1&MessageStatus=delivered", b"{}", b"[1]", b"null", b"\xff{", b"a=%00"]
)
def test_without_a_signature_nothing_is_taken(client: Client, path: str, content_type: str, body: bytes) -> None:
    row = invitation()
    with override_settings(**{**SETTINGS, **MAILGUN}):
        for header in ({}, {"X-Twilio-Signature": "x"}, {"X-Twilio-Signature": "ö"}, {"Authorization": "Basic eDp5"}):
            answer = post(client, path, body, content_type, **header)
            assert answer.status_code in (403, 415)
            assert str(row.pk) not in answer.content.decode()
    assert state_of(row) == State.SENT
    assert not ProviderCallback.objects.exists()


@pytest.mark.parametrize("path", webhook_paths())
def test_where_no_provider_is_set_there_is_nothing_to_call(client: Client, path: str) -> None:
    with override_settings(ALLOWED_HOSTS=["portal.example.com"]):
        for content_type in (FORM, "application/json"):
            assert post(client, path, b"{}", content_type).status_code in (404, 415)


@pytest.mark.parametrize("path", webhook_paths())
def test_what_is_no_callback_is_refused_before_it_is_read(client: Client, path: str) -> None:
    with override_settings(**{**SETTINGS, **MAILGUN}):
        secure: dict[str, Any] = {"secure": True, "headers": {"Host": "portal.example.com"}}
        for method in ("get", "put", "patch", "delete", "options"):
            answer = getattr(client, method)(path, **secure)
            assert answer.status_code == 405
            assert "POST" in answer["Allow"]
        assert post(client, path, b"x" * (2**20 + 1), FORM).status_code == 413
        assert post(client, path, b"x" * 3_000_000, "multipart/form-data; boundary=x").status_code == 413
        for kind in ("text/plain", "multipart/form-data; boundary=x", "", "application/xml"):
            assert post(client, path, b"--x--", kind).status_code == 415
        assert post(client, path, b"a=1", FORM + "; charset=utf-7").status_code == 400
    assert not ProviderCallback.objects.exists()


def test_old_callbacks_are_forgotten_after_a_month() -> None:
    old = ProviderCallback.objects.create(digest="a", received_at=timezone.now() - timedelta(days=30, seconds=1))
    new = ProviderCallback.objects.create(digest="b", received_at=timezone.now() - timedelta(days=29))
    assert forget_old() == 1
    assert list(ProviderCallback.objects.all()) == [new]
    assert old.pk != new.pk


# --- Twilio ---------------------------------------------------------------------------------------
DOCUMENTED = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"


def test_the_signature_is_the_one_of_twilios_documentation() -> None:
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature_of(url, QueryDict(DOCUMENTED), "12345") == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    newer = QueryDict(DOCUMENTED.replace("14158675309", "12349013030"))
    assert signature_of(url, newer, "12345") == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
    doubled = QueryDict("Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234")
    assert signature_of(url, doubled, "12345") == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


@pytest.mark.parametrize(
    ("origin", "signature"),
    [
        ("https://mycompany.com", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://mycompany.com:1234", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),  # Twilio leaves the port out
        ("http://mycompany.com:1234", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        ("https://mycompany.com", "kvajT1Ptam85bY51eRf/AJRuM3w="),  # or puts 443 in
        ("http://mycompany.com", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ],
)
def test_the_port_may_be_spelled_out_or_not(settings: Settings, origin: str, signature: str) -> None:
    settings.PUBLIC_URL, settings.TWILIO_AUTH_TOKEN = origin, "12345"
    assert is_signed("/myapp.php?foo=1&bar=2", QueryDict(DOCUMENTED), signature)
    assert not is_signed("/myapp.php?foo=1&bar=3", QueryDict(DOCUMENTED), signature)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("queued", State.SENT),
        ("sending", State.SENT),
        ("sent", State.SENT),
        ("something new", State.SENT),
        ("delivered", State.DELIVERED),
        ("undelivered", State.BOUNCED),
        ("failed", State.FAILED),
        ("read", State.OPENED),
    ],
)
@override_settings(**SETTINGS)
def test_each_status_of_twilio_is_understood(client: Client, status: str, state: str) -> None:
    row = invitation()
    assert report(client, status).status_code == 204
    assert state_of(row) == state


@override_settings(**SETTINGS)
def test_the_error_code_is_told_in_words(client: Client) -> None:
    row = invitation()
    report(client, "undelivered", ErrorCode="30005")
    row.refresh_from_db()
    assert row.last_error == "The number is not in use. (Twilio 30005)"
    other = invitation(provider_id="SM2")
    report(client, "undelivered", MessageSid="SM2", ErrorCode="39999")
    other.refresh_from_db()
    assert other.last_error == "See https://www.twilio.com/docs/api/errors/39999. (Twilio 39999)"


@override_settings(**SETTINGS)
def test_the_same_callback_again_is_refused_and_has_no_effect(client: Client) -> None:
    row = invitation()
    assert report(client).status_code == 204
    Invitation.objects.filter(pk=row.pk).update(state=State.SENT, delivered_at=None)
    assert report(client).status_code == 409
    assert state_of(row) == State.SENT
    assert report(client, RawDlrDoneDate="2605040302").status_code == 204, "another one"


@override_settings(**SETTINGS)
def test_a_changed_callback_is_refused(client: Client) -> None:
    row = invitation()
    body = {"MessageSid": MESSAGE_SID, "MessageStatus": "sent"}
    signature = signature_of(
        "https://portal.example.com/webhooks/twilio/", QueryDict("MessageSid=SM1"), "token-of-the-account"
    )
    assert report(client, "delivered", signature=signature).status_code == 403
    assert report(client, "delivered", signature="").status_code == 403
    assert post(client, "/webhooks/twilio/", "&".join(map("=".join, body.items())), FORM).status_code == 403
    assert state_of(row) == State.SENT


@override_settings(**SETTINGS)
def test_a_known_message_and_an_unknown_one_get_the_same_answer(client: Client) -> None:
    invitation()
    known, unknown = report(client), report(client, MessageSid="SM-of-somebody-else")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (204, b"")
    known, unknown = report(client, signature="x"), report(client, signature="x", MessageSid="SM-of-somebody-else")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert known.status_code == 403


@override_settings(**SETTINGS)
def test_a_callback_that_is_faster_than_our_own_record_is_not_lost(client: Client) -> None:
    row = invitation(state=State.SENDING, provider_id="", holder=uuid4())
    path = f"/webhooks/twilio/?message={row.public_id.hex}.0"
    assert report(client, path=path).status_code == 204
    row.refresh_from_db()
    assert row.delivered_at is not None
    other = invitation(state=State.SENDING, provider_id="", holder=uuid4())
    forged = f"/webhooks/twilio/?message={other.public_id.hex}.0"
    signature = signature_of(f"https://portal.example.com{path}", QueryDict("MessageSid=SM1"), "token-of-the-account")
    assert report(client, path=forged, signature=signature).status_code == 403


@override_settings(**SETTINGS)
def test_signed_rubbish_is_refused_without_a_fault(client: Client) -> None:
    assert report(client, "").status_code == 400
    assert report(client, MessageSid="", SmsSid="").status_code == 400
    for number in ("a\0b", "x" * 5_000, "\ud800".encode("utf-8", "replace").decode()):
        assert report(client, MessageSid=number, ErrorCode="\0" * 50).status_code == 204
    assert report(client, path="/webhooks/twilio/?message=%00%FF&message=" + "9" * 4_000).status_code == 204


@override_settings(**{**SETTINGS, "TWILIO_AUTH_TOKEN": ""})
def test_without_a_token_no_callback_is_taken(client: Client) -> None:
    assert report(client).status_code == 404


# --- mail -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("event", "data", "state"),
    [
        ("delivered", {}, State.DELIVERED),
        ("failed", {"severity": "permanent", "reason": "bounce"}, State.BOUNCED),
        ("failed", {"severity": "temporary"}, State.SENT),
        ("rejected", {"reject": {"reason": "old"}}, State.FAILED),
        ("opened", {}, State.OPENED),
        ("clicked", {"url": "https://portal.example.com/"}, State.OPENED),
        ("complained", {}, State.SENT),
        ("accepted", {}, State.SENT),
        ("something new", {}, State.SENT),
    ],
)
@override_settings(**MAILGUN)
def test_each_event_of_a_mail_service_is_understood(
    client: Client, event: str, data: dict[str, Any], state: str
) -> None:
    row = invitation(provider_id=MAIL_ID)
    assert post(client, "/webhooks/mail/", mailgun(event, data=data)).status_code == 200
    assert state_of(row) == state


@override_settings(**MAILGUN)
def test_a_wrong_signature_is_refused(client: Client) -> None:
    row = invitation(provider_id=MAIL_ID)
    bodies: list[Any] = [
        mailgun(key="another"),
        {**mailgun(), "signature": {}},
        {**mailgun(), "signature": {"timestamp": "1", "token": "ö", "signature": None}},
        {"event-data": {}},
        [mailgun()],
        "x",
        None,
    ]
    for body in bodies:
        assert post(client, "/webhooks/mail/", json.dumps(body)).status_code == 403
    assert state_of(row) == State.SENT


@override_settings(**MAILGUN)
def test_a_callback_of_a_mail_service_is_taken_once_even_with_another_body(client: Client) -> None:
    row = invitation(provider_id=MAIL_ID)
    assert post(client, "/webhooks/mail/", mailgun(token="t1")).status_code == 200
    assert post(client, "/webhooks/mail/", mailgun("opened", token="t1")).status_code == 409  # the body isn't signed
    assert state_of(row) == State.DELIVERED


@override_settings(**MAILGUN)
def test_a_stale_callback_is_refused(client: Client) -> None:
    row = invitation(provider_id=MAIL_ID)
    for moment in (time.time() - 86_460, 0, "nan", "inf", "1e400", "soon", "-9e18"):
        assert post(client, "/webhooks/mail/", mailgun(timestamp=moment)).status_code == 403
    assert state_of(row) == State.SENT
    assert post(client, "/webhooks/mail/", mailgun(timestamp=time.time() - 8 * 3_600)).status_code == 200, (
        "a late retry"
    )


@override_settings(**MAILGUN)
def test_a_signed_callback_that_can_not_be_read_is_refused(client: Client) -> None:
    rubbish: list[Any] = [{}, [], None, "x", {"event": ["x"]}, {"event": "delivered", "timestamp": "soon"}]
    for event_data in rubbish:
        body = {**mailgun(), "event-data": event_data}
        assert post(client, "/webhooks/mail/", body).status_code == 400
    assert not ProviderCallback.objects.exists()


@override_settings(**MAILGUN)
def test_odd_values_in_a_callback_do_no_harm(client: Client) -> None:
    for odd in ("\0", "\ud800", "x" * 100_000, 7, None, ["x"], {"a": 1}):
        data = {"message": {"headers": {"message-id": odd}}, "recipient": odd, "user-variables": {"invitation": odd}}
        assert post(client, "/webhooks/mail/", mailgun(data=data)).status_code in (200, 400)


@override_settings(**MAILGUN)
def test_a_mail_is_found_by_the_metadata_it_went_out_with(client: Client) -> None:
    row = invitation(state=State.SENDING, provider_id="", holder=uuid4())
    data = {"user-variables": {"invitation": f"{row.public_id.hex}.0@portal.example.com"}}
    assert post(client, "/webhooks/mail/", mailgun(data=data)).status_code == 200
    row.refresh_from_db()
    assert row.delivered_at is not None


@override_settings(**POSTMARK)
def test_without_metadata_the_service_is_asked_to_come_again(client: Client) -> None:
    row = invitation(state=State.SENDING, provider_id="", holder=uuid4(), recipient="Ana@example.com")
    body = {"RecordType": "Delivery", "MessageID": "p-1", "Recipient": "ana@example.com"}
    answer = post(client, "/webhooks/mail/", body, Authorization=BASIC)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    Invitation.objects.filter(pk=row.pk).update(state=State.SENT, provider_id="p-1", holder=None)
    assert post(client, "/webhooks/mail/", body, Authorization=BASIC).status_code == 200
    assert state_of(row) == State.DELIVERED
    assert post(client, "/webhooks/mail/", body, Authorization=BASIC).status_code == 409


@override_settings(**POSTMARK)
def test_basic_authentication_guards_a_service_that_does_not_sign(client: Client) -> None:
    row = invitation(provider_id="p-1")
    body = {
        "RecordType": "Bounce",
        "MessageID": "p-1",
        "Type": "HardBounce",
        "TypeCode": 1,
        "Description": "No such user.",
    }
    for header in (
        {},
        {"Authorization": "Basic aG9vazp3cm9uZw=="},
        {"Authorization": "Bearer x"},
        {"Authorization": "x"},
    ):
        assert post(client, "/webhooks/mail/", body, **header).status_code == 403
    assert state_of(row) == State.SENT
    assert post(client, "/webhooks/mail/", body, Authorization=BASIC).status_code == 200
    row.refresh_from_db()
    assert (row.state, row.last_error) == (State.BOUNCED, "No such user.")


@pytest.mark.parametrize("provider", sorted(mail.SERVICES))
def test_no_service_is_listened_to_without_its_key(client: Client, provider: str) -> None:
    with override_settings(**{**MAILGUN, "EMAIL_PROVIDER": provider, "ANYMAIL": {}}):
        assert not mail.is_listening()
        assert post(client, "/webhooks/mail/", {}).status_code == 404
        assert client.head("/webhooks/mail/", secure=True, headers={"Host": "portal.example.com"}).status_code == 404


@pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailWarning")
@pytest.mark.parametrize("provider", sorted(mail.SERVICES))
def test_every_service_refuses_rubbish_with_a_secret_set(client: Client, provider: str) -> None:
    with override_settings(**{**POSTMARK, "EMAIL_PROVIDER": provider}):
        assert mail.is_listening()
        for body in (b" ", b"{}", b"[]", b"[1]", b"null", b"\xff", b'{"a": "\\ud800"}', b"[" * 5_000):
            for content_type in (FORM, "application/json"):
                unsigned = post(client, "/webhooks/mail/", body, content_type)
                assert unsigned.status_code in (403, 404)
                signed = post(client, "/webhooks/mail/", body, content_type, Authorization=BASIC)
                assert signed.status_code in (200, 400, 403, 404, 409)


@override_settings(**MAILGUN)
def test_a_service_that_looks_whether_the_address_is_right_gets_an_answer(client: Client) -> None:
    answer = client.head("/webhooks/mail/", secure=True, headers={"Host": "portal.example.com"})
    assert (answer.status_code, answer.content) == (200, b"")


@override_settings(**{**MAILGUN, "EMAIL_PROVIDER": "amazon_ses", "ANYMAIL": {"WEBHOOK_SECRET": "hook:sesame"}})
def test_a_service_without_callbacks_here_is_not_listened_to(client: Client) -> None:
    assert post(client, "/webhooks/mail/", {}, Authorization=BASIC).status_code == 404


# --- all of it ------------------------------------------------------------------------------------
def test_what_is_sent_asks_for_the_callback_that_is_taken(client: Client) -> None:
    row = invitation(channel="sms", recipient=SMS.recipient, state=State.QUEUED, provider_id="")
    Invitation.objects.filter(pk=row.pk).update(next_attempt_at=timezone.now())
    with http_provider() as twilio, override_settings(**SETTINGS, TWILIO_BASE_URL=twilio.url):
        twilio.default = Answer(201, created("SM-of-this-one"))
        assert work("sms", 5).sent == 1
        asked = twilio.requests[0].form["StatusCallback"].removeprefix("https://portal.example.com")
        assert report(client, "sent", path=asked, MessageSid="SM-of-this-one").status_code == 204
        assert state_of(row) == State.SENT
        assert report(client, "delivered", path=asked, MessageSid="SM-of-this-one").status_code == 204
    assert state_of(row) == State.DELIVERED


@pytest.mark.django_db(transaction=True)
def test_of_the_same_callback_at_the_same_time_one_is_taken() -> None:
    invitation()

    def call(_number: int) -> int:
        try:
            return report(Client()).status_code
        finally:
            connection.close()

    with override_settings(**SETTINGS), ThreadPoolExecutor(6) as threads:
        answers = sorted(threads.map(call, range(6)))
    assert answers == [204, 409, 409, 409, 409, 409]
