"""Where does a short message go without Twilio: to apprise's services, a file, the console, the development mailbox?"""

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from invitations.channels import open_channel
from invitations.channels.outcome import Accepted, ProviderDownError, TryLaterError
from invitations.messages.message import Sms
from invitations.models import MailboxMessage
from tests.invitations.http_provider import Answer, HttpProvider, http_provider

SMS = Sms(
    "+4915112345678", "Hi Ana & Öz: https://portal.example.com/i/secret-token pw se+same", "0.0", ("secret-token",)
)


def send(sms: Sms = SMS) -> Accepted:
    with open_channel("sms") as channel:
        return channel.send(sms)


# --- apprise --------------------------------------------------------------------------------------
@pytest.fixture
def service(settings: Settings) -> Iterator[HttpProvider]:
    """Return a service that apprise is told to send to."""
    with http_provider() as provider:
        settings.SMS_PROVIDER = "apprise"
        settings.APPRISE_URL = provider.url.replace("http", "json") + "/sms/{to}/?-to={to}"
        settings.HEXENROLL_SMS_TIMEOUT = 1
        provider.default = Answer(200, {})
        yield provider


@pytest.mark.once
def test_apprise_sends_the_text_to_the_number(service: HttpProvider) -> None:
    assert send() == Accepted("")
    [request] = service.requests
    assert json.loads(request.body)["message"] == SMS.text
    assert request.path == "/sms/+4915112345678/?to=%2B4915112345678"


@pytest.mark.once
def test_each_number_gets_its_own_message(service: HttpProvider) -> None:
    with open_channel("sms") as channel:
        for digit in "123":
            channel.send(Sms(f"+491511234567{digit}", f"text {digit}", digit))
    assert [request.path.split("/")[2] for request in service.requests] == [f"+491511234567{d}" for d in "123"]


@pytest.mark.once
@pytest.mark.parametrize("answer", [Answer(400, {}), Answer(500, {}), Answer(200, {}, delay=1.5), Answer(status=0)])
def test_what_apprise_did_not_send_is_tried_again(
    service: HttpProvider, caplog: pytest.LogCaptureFixture, answer: Answer
) -> None:
    service.answers = [answer]
    caplog.set_level(logging.INFO)
    with pytest.raises(TryLaterError) as caught:
        send()
    assert type(caught.value) is TryLaterError
    assert "apprise doesn't say why" in caught.value.message
    assert "secret-token" not in caplog.text + caught.value.message


@pytest.mark.once
def test_a_service_that_two_messages_in_a_row_can_not_use_is_down(service: HttpProvider) -> None:
    service.default = Answer(500, {})
    with open_channel("sms") as channel:
        with pytest.raises(TryLaterError) as first:
            channel.send(SMS)
        with pytest.raises(ProviderDownError):
            channel.send(Sms("+4915112345679", "another", "1.0"))
    assert type(first.value) is TryLaterError


@pytest.mark.once
def test_an_apprise_url_that_can_not_be_used_stops_all(settings: Settings) -> None:
    settings.SMS_PROVIDER, settings.APPRISE_URL = "apprise", "nonsense://{to}"
    with pytest.raises(ProviderDownError, match="apprise can't use APPRISE_URL"):
        send()


# --- trying out -----------------------------------------------------------------------------------
@pytest.mark.once
def test_the_file_gets_one_line_for_each_message_and_is_private(settings: Settings, tmp_path: Path) -> None:
    settings.SMS_PROVIDER, settings.HEXENROLL_DATA = "file", tmp_path
    assert send() == send(Sms("+4915112345679", "two\nlines", "1.0")) == Accepted("")
    file = tmp_path / "sms.jsonl"
    first, second = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert (first["to"], first["text"], first["key"]) == (SMS.recipient, SMS.text, SMS.key)
    assert second["text"] == "two\nlines"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.once
def test_a_file_that_can_not_be_written_stops_all_and_says_why(settings: Settings, tmp_path: Path) -> None:
    settings.SMS_PROVIDER, settings.HEXENROLL_DATA = "file", tmp_path
    (tmp_path / "sms.jsonl").mkdir()
    with pytest.raises(ProviderDownError, match=r"sms\.jsonl can't be written: Is a directory\."):
        send()


@pytest.mark.once
def test_the_console_shows_the_message(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.SMS_PROVIDER = "console"
    assert send() == Accepted("")
    assert f"--- SMS to {SMS.recipient}\n{SMS.text}\n---\n" in capsys.readouterr().out


@pytest.mark.django_db
def test_without_a_provider_the_message_stays_in_the_mailbox(settings: Settings) -> None:
    settings.SMS_PROVIDER = ""
    assert send() == Accepted("")
    kept = MailboxMessage.objects.get()
    assert (kept.channel, kept.recipient, kept.content) == ("sms", SMS.recipient, SMS.text)


@pytest.mark.once
def test_a_provider_that_does_not_exist_sends_nothing(settings: Settings) -> None:
    settings.SMS_PROVIDER = "pigeon"
    with pytest.raises(ProviderDownError, match="SMS_PROVIDER names no provider"):
        send()
