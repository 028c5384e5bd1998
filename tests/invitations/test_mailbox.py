"""Where do messages stay when there is no mail server: in the development mailbox, in files, on the console?"""

import stat
from email import message_from_bytes, message_from_string, policy
from pathlib import Path

import pytest
from django.core import mail as django_mail
from django.core.mail import send_mail
from django.db import connection
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from hexenroll.mail_settings import BACKENDS
from invitations.channels import mailbox, open_channel
from invitations.channels.django_mail import DjangoMail
from invitations.channels.outcome import ProviderDownError
from invitations.messages.mime import as_bytes
from invitations.models import MailboxMessage
from tests.invitations.mails import PNG, mail


@pytest.fixture(autouse=True)
def development_mailbox(settings: Settings, db: None) -> None:
    settings.EMAIL_BACKEND = BACKENDS["mailbox"]


def test_a_mail_stays_whole_in_the_mailbox() -> None:
    sent = mail()
    with open_channel("email") as channel:
        assert channel.send(sent).provider_id == sent.message_id.strip("<>")
    kept = MailboxMessage.objects.get()
    assert (kept.channel, kept.recipient) == ("email", '"Ada Lovelace" <ada@example.com>')
    parsed = message_from_string(kept.content, policy=policy.default)
    assert parsed["Subject"] == "Enroll your device"
    assert parsed["Message-ID"] == sent.message_id
    (image,) = [part for part in parsed.walk() if part.get_content_type() == "image/png"]
    assert image.get_content() == PNG


def test_a_message_is_encrypted_in_the_database() -> None:
    mailbox.keep("sms", "+491701234567", "Your one-time password: Tr0ub4dor-xyz")
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM invitations_mailboxmessage")
        ((stored,),) = cursor.fetchall()
    assert "Tr0ub4dor" not in stored
    assert MailboxMessage.objects.get().content == "Your one-time password: Tr0ub4dor-xyz"


def test_the_newest_thousand_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mailbox.KEPT == 1_000
    monkeypatch.setattr(mailbox, "KEPT", 3)
    for number in range(5):
        mailbox.keep("sms", f"+4917012345{number}", str(number))
    assert [message.content for message in MailboxMessage.objects.order_by("pk")] == ["2", "3", "4"]


def test_keeping_costs_the_same_in_a_full_mailbox(
    monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(mailbox, "KEPT", 20)
    for number in range(25):
        with django_assert_max_num_queries(3):
            mailbox.keep("sms", "+491701234567", str(number))


def test_the_mails_that_django_itself_sends_stay_there_too() -> None:
    assert send_mail("Reset", "Grüße", "portal@example.com", ["ada@example.com", "bob@example.com"]) == 1
    kept = MailboxMessage.objects.get()
    assert kept.recipient == "ada@example.com, bob@example.com"
    assert "Subject: Reset\r\n" in kept.content


def test_a_very_long_recipient_is_cut() -> None:
    mailbox.keep("email", "a" * 300, "text")
    assert len(MailboxMessage.objects.get().recipient) == 254


def test_what_a_backend_of_django_sends_are_the_bytes_that_smtp_gets() -> None:
    sent = mail("jürgen@bücher.example", recipient_name="Jürgen, Müller", subject="Gerät anmelden " * 9)
    source = DjangoMail(sent, "jürgen@xn--bcher-kva.example").message()
    ours, theirs = as_bytes(sent), source.as_bytes(linesep="\r\n")
    ours_parsed, theirs_parsed = (message_from_bytes(raw, policy=policy.default) for raw in (ours, theirs))
    assert [*ours_parsed.items()] == [*theirs_parsed.items()]
    assert [part.get_payload() for part in ours_parsed.walk() if not part.is_multipart()] == [
        part.get_payload() for part in theirs_parsed.walk() if not part.is_multipart()
    ]


def test_mails_go_to_a_file_that_only_its_owner_can_read(settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = BACKENDS["filemail"], str(tmp_path / "mails")
    with open_channel("email") as channel:
        for _ in range(3):
            channel.send(mail())
    (file,) = (tmp_path / "mails").iterdir()
    assert file.read_text().count("\nSubject: Enroll your device\n") == 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_that_can_not_be_written_is_said(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "mails").write_text("in the way")
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = BACKENDS["filemail"], str(tmp_path / "mails")
    with open_channel("email") as channel, pytest.raises(ProviderDownError, match="is not a directory"):
        channel.send(mail())
    (tmp_path / "mails").unlink()
    with open_channel("email") as channel:
        channel.send(mail())
        (tmp_path / "mails").rename(tmp_path / "elsewhere")
        with pytest.raises(ProviderDownError, match=r"The mail can't be written \(No such file or directory\)"):
            channel.send(mail())


def test_mails_go_to_the_console(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.EMAIL_BACKEND = BACKENDS["consolemail"]
    with open_channel("email") as channel:
        channel.send(mail())
    assert "Subject: Enroll your device" in capsys.readouterr().out


def test_mails_go_nowhere(settings: Settings) -> None:
    settings.EMAIL_BACKEND = BACKENDS["dummymail"]
    with open_channel("email") as channel:
        assert channel.send(mail()).provider_id
    assert not MailboxMessage.objects.exists()


def test_the_outbox_of_djangos_tests_takes_mails(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with open_channel("email") as channel:
        channel.send(mail())
    assert [message.subject for message in django_mail.outbox] == ["Enroll your device"]
