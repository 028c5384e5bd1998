"""Does the request that goes to Twilio match its published API, and is each of its answers understood?

https://www.twilio.com/docs/messaging/api/message-resource
"""

import base64
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from django.test import override_settings
from pytest_django.fixtures import Settings

from invitations.channels.outcome import Accepted, NotSentError, ProviderDownError, RefusedError, TryLaterError
from invitations.channels.sms import SmsChannel
from invitations.messages.message import Mail
from tests.invitations.http_provider import Answer, HttpProvider, http_provider
from tests.invitations.twilio_account import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    FROM,
    MESSAGE_SID,
    SETTINGS,
    SMS,
    created,
    refused,
)

pytestmark = pytest.mark.once


@pytest.fixture
def twilio() -> Iterator[HttpProvider]:
    """Return a server in Twilio's place, which takes every message."""
    with http_provider() as provider, override_settings(**SETTINGS, TWILIO_BASE_URL=provider.url):
        provider.default = Answer(201, created())
        yield provider


@pytest.fixture
def failure(twilio: HttpProvider) -> Callable[[Answer], NotSentError]:
    """Return a function that sends a message to which Twilio answers so, and returns the error."""

    def send(answer: Answer) -> NotSentError:
        twilio.answers = [answer]
        with SmsChannel() as channel, pytest.raises(NotSentError) as caught:
            channel.send(SMS)
        for secret in (*SMS.secrets, AUTH_TOKEN):
            assert secret not in caught.value.message + caught.value.code
        return caught.value

    return send


# --- the request ----------------------------------------------------------------------------------
def test_the_request_is_the_one_that_twilio_documents(twilio: HttpProvider) -> None:
    with SmsChannel() as channel:
        assert channel.send(SMS) == Accepted(MESSAGE_SID)
    [request] = twilio.requests
    assert request.method == "POST"
    assert request.path == f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert (
        request.headers["authorization"] == "Basic " + base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
    )
    assert request.headers["accept"] == "application/json"
    assert request.form == {
        "To": "+4915112345678",
        "From": FROM,
        "Body": SMS.text,
        "StatusCallback": f"https://portal.example.com/webhooks/twilio/?message={SMS.key}",
    }


def test_a_messaging_service_stands_in_place_of_the_number(twilio: HttpProvider, settings: Settings) -> None:
    settings.TWILIO_FROM, settings.TWILIO_MESSAGING_SERVICE_SID = "", "MG" + "0" * 32
    with SmsChannel() as channel:
        channel.send(SMS)
    form = twilio.requests[0].form
    assert form["MessagingServiceSid"] == "MG" + "0" * 32
    assert "From" not in form


def test_an_api_key_signs_in_instead_of_the_token(twilio: HttpProvider, settings: Settings) -> None:
    settings.TWILIO_API_KEY_SID, settings.TWILIO_API_KEY_SECRET = "SK" + "1" * 32, "key-secret"
    with SmsChannel() as channel:
        channel.send(SMS)
    [request] = twilio.requests
    expected = base64.b64encode(f"SK{'1' * 32}:key-secret".encode()).decode()
    assert request.headers["authorization"] == f"Basic {expected}"
    assert request.path == f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"


def test_no_callback_is_asked_for_that_could_not_be_checked(twilio: HttpProvider, settings: Settings) -> None:
    settings.TWILIO_AUTH_TOKEN = ""
    settings.TWILIO_API_KEY_SID, settings.TWILIO_API_KEY_SECRET = "SK" + "1" * 32, "key-secret"
    with SmsChannel() as channel:
        channel.send(SMS)
    assert "StatusCallback" not in twilio.requests[0].form


def test_twilio_itself_is_not_asked_to_call_this_machine(settings: Settings) -> None:
    from invitations.channels.twilio import is_callback_possible

    settings.TWILIO_AUTH_TOKEN = AUTH_TOKEN
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    settings.TWILIO_BASE_URL = "https://api.twilio.com"
    assert not is_callback_possible()
    settings.TWILIO_BASE_URL = "http://localhost:9000"  # a simulator can
    assert is_callback_possible()
    settings.PUBLIC_URL, settings.TWILIO_BASE_URL = "https://portal.example.com", "https://api.twilio.com"
    assert is_callback_possible()


def test_one_connection_serves_all_messages(twilio: HttpProvider) -> None:
    twilio.answers = [Answer(201, created()), Answer(400, refused(400, 21211)), Answer(201, created())]
    with SmsChannel() as channel:
        channel.send(SMS)
        with pytest.raises(RefusedError):
            channel.send(SMS)
        channel.send(SMS)
    assert len({request.connection for request in twilio.requests}) == 1


def test_a_connection_that_twilio_closed_is_made_anew(twilio: HttpProvider) -> None:
    twilio.answers = [Answer(201, created(), {"Connection": "close"})]
    with SmsChannel() as channel:
        channel.send(SMS)
        assert channel.send(SMS) == Accepted(MESSAGE_SID)
    assert len({request.connection for request in twilio.requests}) == 2


# --- the answers ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "code", "kind", "text"),
    [
        (400, 21211, RefusedError, "Correct the user's mobile number"),
        (400, 21217, RefusedError, "Correct the user's mobile number"),
        (400, 21614, RefusedError, "Is it a landline?"),
        (400, 21635, RefusedError, "Is it a landline?"),
        (400, 21610, RefusedError, "unsubscribed"),
        (400, 21408, RefusedError, "Geo permissions"),
        (403, 21408, RefusedError, "Geo permissions"),
        (400, 21608, RefusedError, "trial account"),
        (400, 21612, RefusedError, "Use another sender"),
        (400, 21617, RefusedError, "too long"),
        (400, 99999, RefusedError, "Twilio refuses the message (HTTP 400, error 99999): No."),
        (400, 21212, ProviderDownError, "TWILIO_FROM"),
        (400, 21603, ProviderDownError, "TWILIO_FROM"),
        (400, 21606, ProviderDownError, "TWILIO_FROM"),
        (400, 21659, ProviderDownError, "TWILIO_FROM"),
        (400, 21660, ProviderDownError, "TWILIO_FROM"),
        (400, 21703, ProviderDownError, "TWILIO_MESSAGING_SERVICE_SID"),
        (400, 21609, ProviderDownError, "PUBLIC_URL"),
        (401, 20003, ProviderDownError, "Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"),
        (403, 20005, ProviderDownError, "not active"),
        (404, 20404, ProviderDownError, "Check TWILIO_ACCOUNT_SID"),
        (400, 30002, ProviderDownError, "not active"),
        (429, 20429, ProviderDownError, "HEXENROLL_SMS_RATE"),
        (400, 21611, ProviderDownError, "HEXENROLL_SMS_RATE"),
        (429, 63038, ProviderDownError, "daily limit"),
        (503, 20503, ProviderDownError, "Twilio has a fault (HTTP 503)"),
        (500, 20500, TryLaterError, "Twilio has a fault (HTTP 500)"),
        (502, 0, TryLaterError, "Twilio has a fault (HTTP 502)"),
    ],
)
def test_an_error_tells_whose_fault_it_is_and_what_to_do(
    failure: Callable[[Answer], NotSentError], status: int, code: int, kind: type[NotSentError], text: str
) -> None:
    error = failure(Answer(status, refused(status, code)))
    assert type(error) is kind
    assert text in error.message
    assert error.code == (f"twilio {code}" if code else f"http {status}")


@pytest.mark.parametrize(
    "answer", [Answer(403, refused(403, 99999)), Answer(404, b""), Answer(500, refused(500, 20500))]
)
def test_what_one_message_meets_is_about_it_and_what_the_next_one_meets_too_is_twilio(
    twilio: HttpProvider, answer: Answer
) -> None:
    other = replace(SMS, recipient="+4915112345679", key="another.0")
    twilio.answers = [answer, Answer(201, created()), answer, answer, answer]
    with SmsChannel() as channel:
        with pytest.raises(TryLaterError) as first:
            channel.send(SMS)
        assert channel.send(other) == Accepted(MESSAGE_SID)
        for _attempt in range(2):
            with pytest.raises(TryLaterError) as again:
                channel.send(SMS)
            assert type(first.value) is type(again.value) is TryLaterError
        with pytest.raises(ProviderDownError) as down:
            channel.send(other)
    assert down.value.message == first.value.message


@pytest.mark.parametrize("body", [b"", b"<html>oops</html>", b'{"code": 20', b"[]", b'"x"', b"\xff\xfe", b"[" * 90_000])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, TryLaterError),
        (201, TryLaterError),
        (204, TryLaterError),
        (302, ProviderDownError),
        (401, ProviderDownError),
        (403, TryLaterError),
        (404, TryLaterError),
        (418, RefusedError),
        (429, ProviderDownError),
        (500, TryLaterError),
        (503, ProviderDownError),
    ],
)
def test_an_answer_that_is_not_twilios_is_judged_by_its_status(
    failure: Callable[[Answer], NotSentError], status: int, kind: type[NotSentError], body: bytes
) -> None:
    error = failure(Answer(status, b"" if status == 204 else body, {"Content-Type": "text/html"}))
    assert type(error) is kind
    assert len(error.message) < 500


def test_a_message_that_failed_at_once_is_refused(failure: Callable[[Answer], NotSentError]) -> None:
    error = failure(Answer(201, {**created(), "status": "failed", "error_code": 21610}))
    assert type(error) is RefusedError
    assert "unsubscribed" in error.message


def test_a_redirect_is_not_followed(twilio: HttpProvider, failure: Callable[[Answer], NotSentError]) -> None:
    for status in (301, 302, 303, 307, 308):
        error = failure(Answer(status, b"", {"Location": f"{twilio.url}/elsewhere"}))
        assert type(error) is ProviderDownError
        assert "TWILIO_BASE_URL leads elsewhere" in error.message
    assert {request.path for request in twilio.requests} == {f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"}


def test_what_twilio_repeats_of_the_message_is_left_out(failure: Callable[[Answer], NotSentError]) -> None:
    error = failure(Answer(400, refused(400, 99999, f"Bad body:\r\n{SMS.text}\x00")))  # failure() looks for secrets
    assert "Bad body: Hi Ana" in error.message


# --- waiting --------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", [429, 500, 503])
def test_retry_after_in_seconds_is_honoured(failure: Callable[[Answer], NotSentError], status: int) -> None:
    error = failure(Answer(status, refused(status, 0), {"Retry-After": "37"}))
    assert isinstance(error, TryLaterError)
    assert error.retry_after == 37


def test_retry_after_as_a_date_is_honoured(failure: Callable[[Answer], NotSentError]) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=90)
    error = failure(Answer(429, refused(429, 20429), {"Retry-After": format_datetime(moment, usegmt=True)}))
    assert isinstance(error, TryLaterError)
    assert error.retry_after is not None
    assert 80 < error.retry_after <= 90


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("٣", None),
        ("99999999999999999999", 86_400),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("Wed, 21 Oct 9999 07:28:00 GMT", 86_400),
    ],
)
def test_an_odd_retry_after_does_no_harm(header: str, seconds: float | None) -> None:
    from invitations.channels.retry_after import seconds_of

    assert seconds_of(header) == seconds
    assert seconds_of(None) is None


# --- no answer ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "answer",
    [
        Answer(201, created(), delay=1.6),
        Answer(201, created(), slowness=0.2),
        Answer(status=0),
        Answer(201, b'{"sid": "SM', length=4_000),
    ],
    ids=["silence", "too slow", "cut off", "cut off in the middle"],
)
def test_where_nobody_knows_whether_it_was_sent_it_is_tried_again(
    failure: Callable[[Answer], NotSentError], answer: Answer
) -> None:
    error = failure(answer)
    assert type(error) is TryLaterError
    assert "The message may have been sent" in error.message
    assert error.code == "no answer"


def test_after_a_broken_answer_the_next_message_goes_out(twilio: HttpProvider) -> None:
    twilio.answers = [Answer(status=0)]
    with SmsChannel() as channel:
        with pytest.raises(TryLaterError):
            channel.send(SMS)
        assert channel.send(SMS) == Accepted(MESSAGE_SID)


def test_a_server_that_does_not_listen_is_said_to_be_unreachable(twilio: HttpProvider, settings: Settings) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
        settings.TWILIO_BASE_URL = f"http://{address}"
        with SmsChannel() as channel, pytest.raises(ProviderDownError) as caught:
            channel.send(SMS)
    assert f"{address} can't be reached" in caught.value.message
    assert caught.value.code == "unreachable"


def test_a_server_without_tls_where_https_is_asked_for_is_unreachable(twilio: HttpProvider) -> None:
    url = twilio.url.replace("http://", "https://")
    with override_settings(TWILIO_BASE_URL=url), SmsChannel() as channel, pytest.raises(ProviderDownError) as caught:
        channel.send(SMS)
    assert "can't be reached (SSLError)" in caught.value.message
    assert not twilio.requests


def test_an_endless_answer_is_not_read_to_its_end(failure: Callable[[Answer], NotSentError]) -> None:
    error = failure(Answer(200, b"x" * 5_000_000, {"Content-Type": "text/html"}))
    assert type(error) is TryLaterError


def test_a_mail_is_not_taken_for_a_short_message(twilio: HttpProvider) -> None:
    mail = Mail("it@example.com", "ana@example.com", "", "Hello", "Text", "", b"", "<1@example.com>")
    with SmsChannel() as channel, pytest.raises(TypeError):
        channel.send(mail)
