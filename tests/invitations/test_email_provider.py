"""Does a mail reach a provider of anymail, and is each of its answers sorted by whose fault it is?"""

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from invitations.channels import open_channel
from invitations.channels.email import EmailChannel
from invitations.channels.outcome import NotSentError, ProviderDownError, RefusedError, TryLaterError
from invitations.messages.message import Mail
from tests.invitations.http_provider import Answer, HttpProvider, http_provider
from tests.invitations.mails import PNG, mail
from tests.portal import free_port

pytestmark = pytest.mark.once
KEY = "the-key-of-postmark"
TAKEN = {"ErrorCode": 0, "Message": "OK", "MessageID": "b7bc2f4a-e38e", "To": "ada@example.com"}


@pytest.fixture
def postmark(settings: Settings) -> Iterator[HttpProvider]:
    """Return a Postmark on this machine, through which the portal sends."""
    with http_provider() as provider:
        provider.default = Answer(200, TAKEN)
        use(settings, "postmark", provider.url, POSTMARK_SERVER_TOKEN=KEY)
        yield provider


def use(settings: Settings, name: str, url: str, **more: str) -> None:
    settings.EMAIL_BACKEND = f"anymail.backends.{name}.EmailBackend"
    settings.ANYMAIL = {**settings.ANYMAIL, f"{name.upper()}_API_URL": url, "REQUESTS_TIMEOUT": 1, **more}


@pytest.fixture
def channel() -> Iterator[EmailChannel]:
    with open_channel("email") as opened:
        assert isinstance(opened, EmailChannel)
        yield opened


def failure(channel: EmailChannel, message: Mail) -> NotSentError:
    with pytest.raises(NotSentError) as raised:
        channel.send(message)
    assert "\n" not in raised.value.message
    assert "Tr0ub4dor" not in raised.value.message
    assert KEY not in raised.value.message
    assert len(raised.value.code) <= 40
    return raised.value


# --- a mail that is taken --------------------------------------------------------------------------------
def test_the_provider_gets_the_whole_mail_and_its_number_is_kept(postmark: HttpProvider, channel: EmailChannel) -> None:
    sent = mail()
    assert channel.send(sent).provider_id == "b7bc2f4a-e38e"
    (request,) = postmark.requests
    assert request.headers["x-postmark-server-token"] == KEY
    body = json.loads(request.body)
    assert body["From"] == "IT department <hexenroll@example.com>"
    assert body["To"] == "Ada Lovelace <ada@example.com>"
    assert body["Subject"] == "Enroll your device"
    assert body["TextBody"] == sent.text
    assert body["HtmlBody"] == sent.html
    headers = {header["Name"]: header["Value"] for header in body["Headers"]}
    assert headers == {"Message-ID": sent.message_id, "Auto-Submitted": "auto-generated"}
    (image,) = body["Attachments"]
    assert (image["ContentID"], image["ContentType"]) == ("cid:qr-code", "image/png")
    assert base64.b64decode(image["Content"]) == PNG
    assert body["Tag"] == "invitation"
    assert body["Metadata"] == {"invitation": sent.message_id.strip("<>")}
    assert body["TrackLinks"] == "None"


def test_many_mails_share_one_connection(postmark: HttpProvider) -> None:
    with open_channel("email") as channel:
        for _ in range(5):
            channel.send(mail())
    assert len({request.connection for request in postmark.requests}) == 1


def test_a_provider_that_does_not_know_all_features_gets_the_mail_without_them(
    settings: Settings, channel: EmailChannel
) -> None:
    with http_provider() as provider:
        provider.default = Answer(200, {"id": "49a3999c"})
        use(settings, "resend", provider.url, RESEND_API_KEY="key")
        assert channel.send(mail()).provider_id == "49a3999c"
        assert json.loads(provider.requests[0].body)["subject"] == "Enroll your device"


def test_mailgun_gets_the_picture_inline_and_its_number_is_kept(settings: Settings, channel: EmailChannel) -> None:
    with http_provider() as provider:
        provider.default = Answer(200, {"id": "<2026.1@mg.example.com>", "message": "Queued. Thank you."})
        use(settings, "mailgun", provider.url, MAILGUN_API_KEY="key")
        assert channel.send(mail()).provider_id == "<2026.1@mg.example.com>"
        (request,) = provider.requests
        assert request.path == "/example.com/messages"
        assert b'name="inline"; filename="qr-code"' in request.body
        assert PNG in request.body


@pytest.mark.parametrize("evil", ["\r\nBcc: spy@example.com", "\nBcc: spy@example.com", '" <spy@example.com>, "'])
def test_a_name_makes_no_header_and_no_second_recipient(
    postmark: HttpProvider, channel: EmailChannel, evil: str
) -> None:
    channel.send(mail(recipient_name=f"Ada{evil}", subject=f"Hello{evil}"))
    body = json.loads(postmark.requests[0].body)
    assert "\n" not in body["To"] + body["Subject"]
    assert "\r" not in body["To"] + body["Subject"]
    assert body["To"].endswith(" <ada@example.com>")
    assert body["To"].replace('\\"', "").count('"') in (0, 2)
    assert "Bcc" not in body


@pytest.mark.parametrize(
    ("recipient", "written"),
    [
        ("ada+device@example.com", "ada+device@example.com"),
        ('"ada lovelace"@example.com', '"ada lovelace"@example.com'),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
    ],
)
def test_an_unusual_address_is_passed_on(
    postmark: HttpProvider, channel: EmailChannel, recipient: str, written: str
) -> None:
    channel.send(mail(recipient, recipient_name=""))
    assert json.loads(postmark.requests[0].body)["To"] == written


# --- what the provider answers ---------------------------------------------------------------------------
UNKNOWN = {"ErrorCode": 300, "Message": "Invalid 'To' address: 'ada@example.com'."}
INACTIVE = {
    "ErrorCode": 406,
    "Message": "You tried to send to a recipient that has been marked as inactive. Found inactive addresses: "
    "ada@example.com. Inactive recipients are ones that have generated a hard bounce or a spam complaint.",
}
SENDER = {"ErrorCode": 400, "Message": "The 'From' address you supplied is not a Sender Signature on your account."}


@pytest.mark.parametrize(
    ("answer", "kind", "code", "words"),
    [
        (Answer(422, UNKNOWN), RefusedError, "Postmark rejected", "Postmark refused the recipient"),
        (Answer(422, INACTIVE), RefusedError, "Postmark rejected", "marked as inactive"),
        (Answer(422, SENDER), RefusedError, "Postmark 422", "not a Sender Signature"),
        (Answer(413, b"too large"), RefusedError, "Postmark 413", "refused the message: HTTP 413 too large"),
        (Answer(401, {"Message": "Bad token"}), ProviderDownError, "Postmark 401", "Correct the ANYMAIL_ settings"),
        (Answer(402, b""), ProviderDownError, "Postmark 402", "HTTP 402 -"),
        (Answer(403, b"no"), TryLaterError, "Postmark 403", "Confirm the sender DEFAULT_FROM_EMAIL there"),
        (Answer(404, b"no"), ProviderDownError, "Postmark 404", "leads nowhere"),
        (Answer(429, b"slow down"), ProviderDownError, "Postmark 429", "lower HEXENROLL_EMAIL_RATE"),
        (Answer(503, b"<h1>Busy</h1>"), ProviderDownError, "Postmark 503", "takes no more messages for now"),
        (Answer(500, b"oops"), TryLaterError, "Postmark 500", "has a fault of its own: HTTP 500 oops"),
        (Answer(502, b"<html>\n<b>bad gateway"), TryLaterError, "Postmark 502", "<html> <b>bad gateway"),
        (Answer(200, b"<html>Sign in to the guest WLAN</html>"), TryLaterError, "Postmark 200", "whether a proxy"),
        (Answer(200, "rubbish"), TryLaterError, "Postmark 200", "nothing that can be read"),
        (Answer(200, [1]), TryLaterError, "Postmark 200", "nothing that can be read"),
        (Answer(200, None), TryLaterError, "Postmark 200", "nothing that can be read"),
        (Answer(200, {}), TryLaterError, "Postmark 200", "nothing that can be read"),
        (Answer(200, TAKEN, length=9_999), TryLaterError, "no answer", "may have been sent all the same"),
        (Answer(0), TryLaterError, "no answer", "may have been sent all the same"),
        (Answer(200, TAKEN, delay=2), TryLaterError, "no answer", "did not answer in time"),
    ],
)
def test_an_answer_is_sorted_by_whose_fault_it_is(
    postmark: HttpProvider, channel: EmailChannel, answer: Answer, kind: type[NotSentError], code: str, words: str
) -> None:
    postmark.answers = [answer]
    error = failure(channel, mail())
    assert type(error) is kind
    assert error.code == code
    assert words in error.message
    channel.send(mail())  # whatever it was: the channel goes on
    assert len(postmark.requests) == 2


@pytest.mark.parametrize(("status", "kind"), [(429, ProviderDownError), (503, ProviderDownError), (500, TryLaterError)])
def test_the_time_that_a_provider_asks_to_wait_is_passed_on(
    postmark: HttpProvider, channel: EmailChannel, status: int, kind: type[TryLaterError]
) -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    for header, lowest, highest in (("17", 17, 17), (in_a_minute, 55, 60)):
        postmark.answers = [Answer(status, b"", {"Retry-After": header})]
        error = failure(channel, mail())
        assert isinstance(error, kind)
        assert error.retry_after is not None
        assert lowest <= error.retry_after <= highest
        channel.send(mail())


@pytest.mark.parametrize("answer", [Answer(500, b"oops"), Answer(403, b"no"), Answer(422, SENDER)])
def test_what_two_messages_in_a_row_meet_is_about_the_provider(
    postmark: HttpProvider, channel: EmailChannel, answer: Answer
) -> None:
    postmark.answers = [answer, answer]
    assert not isinstance(failure(channel, mail()), ProviderDownError)
    assert isinstance(failure(channel, mail()), ProviderDownError)


def test_a_message_that_may_have_been_taken_is_never_put_down_to_the_provider(
    postmark: HttpProvider, channel: EmailChannel
) -> None:
    postmark.answers = [Answer(0)] * 3
    assert {type(failure(channel, mail())) for _ in range(3)} == {TryLaterError}


def test_an_answer_that_repeats_the_message_is_shown_without_its_secrets(
    postmark: HttpProvider, channel: EmailChannel
) -> None:
    postmark.answers = [Answer(400, {"Message": "can't parse: Your one-time password: Tr0ub4dor-xyz"})]
    assert "one-time password: …" in failure(channel, mail()).message


def test_a_provider_that_is_not_there_is_said_without_an_attempt_counted(
    settings: Settings, channel: EmailChannel
) -> None:
    use(settings, "postmark", f"http://127.0.0.1:{free_port()}", POSTMARK_SERVER_TOKEN=KEY)
    down = failure(channel, mail())
    assert isinstance(down, ProviderDownError)
    assert down.message.startswith("Postmark can't be reached (ConnectionError). Check the network")


def test_a_provider_without_its_key_is_down_until_somebody_sets_it(settings: Settings, channel: EmailChannel) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    down = failure(channel, mail())
    assert isinstance(down, ProviderDownError)
    assert "ANYMAIL_POSTMARK_SERVER_TOKEN" in down.message
    assert "Look at manage.py check" in down.message


def test_what_is_no_address_never_reaches_the_provider(postmark: HttpProvider, channel: EmailChannel) -> None:
    assert isinstance(failure(channel, mail("ada@example.com, bob@example.com")), RefusedError)
    assert postmark.requests == []


def test_a_silent_provider_is_left_after_the_timeout(postmark: HttpProvider, channel: EmailChannel) -> None:
    postmark.answers = [Answer(200, TAKEN, delay=5)]
    began = time.monotonic()
    failure(channel, mail())
    assert time.monotonic() - began < 3


def test_a_mistake_of_the_program_is_not_taken_for_a_fault_of_the_provider(
    postmark: HttpProvider, channel: EmailChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise TypeError("a mistake")

    monkeypatch.setattr("anymail.backends.postmark.PostmarkPayload.set_subject", broken)
    with pytest.raises(TypeError, match="a mistake"):
        channel.send(mail())
