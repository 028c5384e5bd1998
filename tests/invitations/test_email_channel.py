"""Does a mail reach an SMTP server whatever happens on the way, and does each failure say whose fault it is?"""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django.fixtures import Settings

from invitations.channels import open_channel
from invitations.channels.email import EmailChannel
from invitations.channels.outcome import NotSentError, ProviderDownError, RefusedError, TryLaterError
from invitations.messages.message import Mail, Sms
from tests.invitations.mails import PNG, mail
from tests.invitations.smtp_server import CUT, HANG, LOST, SmtpServer

pytestmark = pytest.mark.once


@pytest.fixture(params=["commands at once", "one by one"])
def smtp_server(settings: Settings, request: pytest.FixtureRequest) -> Iterator[SmtpServer]:
    """Return a running mail server of either kind, through which the portal sends."""
    with SmtpServer(pipelining=request.param == "commands at once") as server:
        for name, value in server.settings().items():
            setattr(settings, name, value)
        yield server


@pytest.fixture
def channel() -> Iterator[EmailChannel]:
    with open_channel("email") as opened:
        assert isinstance(opened, EmailChannel)
        yield opened


def failure(channel: EmailChannel, message: Mail) -> NotSentError:
    with pytest.raises(NotSentError) as raised:
        channel.send(message)
    assert "\n" not in raised.value.message
    assert len(raised.value.code) <= 40
    return raised.value


# --- a mail that arrives ---------------------------------------------------------------------------------
def test_a_mail_arrives_whole_and_its_number_is_the_message_id(smtp_server: SmtpServer, channel: EmailChannel) -> None:
    sent = mail()
    accepted = channel.send(sent)
    (received,) = smtp_server.messages
    assert f"<{accepted.provider_id}>" == sent.message_id == received.parsed["Message-ID"]
    assert (received.sender, received.recipients) == ("hexenroll@example.com", ("ada@example.com",))
    assert received.parsed["From"] == "IT department <hexenroll@example.com>"
    assert received.parsed["To"] == "Ada Lovelace <ada@example.com>"
    assert received.parsed["Subject"] == "Enroll your device"
    assert received.parsed["Auto-Submitted"] == "auto-generated"
    plain = received.parsed.get_body(("plain",))
    html = received.parsed.get_body(("html",))
    assert plain is not None and html is not None
    assert plain.get_content().replace("\r\n", "\n") == sent.text
    assert html.get_content().strip() == sent.html
    (image,) = [part for part in received.parsed.walk() if part.get_content_type() == "image/png"]
    assert image["Content-ID"] == "<qr-code>"
    assert image.get_content() == PNG


def test_many_mails_share_one_connection_which_is_closed_at_the_end(smtp_server: SmtpServer) -> None:
    with open_channel("email") as channel:
        for number in range(5):
            channel.send(mail(f"user{number}@example.com"))
    assert smtp_server.connections == 1
    assert [message.connection for message in smtp_server.messages] == [1] * 5
    assert smtp_server.commands[-1] == "QUIT"


def test_nothing_is_connected_before_the_first_message(smtp_server: SmtpServer) -> None:
    with open_channel("email"):
        pass
    assert smtp_server.connections == 0


def test_a_short_message_is_a_mistake_of_the_program(channel: EmailChannel) -> None:
    with pytest.raises(TypeError, match="does not go out as mail"):
        channel.send(Sms("+491701234567", "text", "key"))


def test_a_server_that_demands_a_password_gets_it(settings: Settings, channel: EmailChannel) -> None:
    with SmtpServer(login=("portal", "sesame")) as server:
        for name, value in server.settings().items():
            setattr(settings, name, value)
        channel.send(mail())
        assert len(server.messages) == 1


# --- addresses -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("recipient", "on_the_envelope"),
    [
        ("ada+device@example.com", "ada+device@example.com"),
        ("u@exämple.com", "u@xn--exmple-cua.com"),
        ('"ada lovelace"@example.com', '"ada lovelace"@example.com'),
        ('"a\\"b@c"@example.com', '"a\\"b@c"@example.com'),
        ("o'hara@example.com", "o'hara@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@例え.jp", "ada@xn--r8jz45g.jp"),
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("jürgen@bücher.example", "jürgen@xn--bcher-kva.example"),
        ("ada@[192.0.2.1]", "ada@[192.0.2.1]"),
    ],
)
def test_an_unusual_address_is_written_as_servers_take_it(
    smtp_server: SmtpServer, channel: EmailChannel, recipient: str, on_the_envelope: str
) -> None:
    channel.send(mail(recipient))
    (received,) = smtp_server.messages
    assert received.recipients == (on_the_envelope,)
    assert on_the_envelope in received.raw.decode()
    assert ("SMTPUTF8" in received.options) is not on_the_envelope.isascii()


def test_an_address_outside_ascii_is_refused_where_the_server_can_not_write_it(
    settings: Settings, channel: EmailChannel
) -> None:
    with SmtpServer(smtputf8=False) as server:
        for name, value in server.settings().items():
            setattr(settings, name, value)
        refused = failure(channel, mail("jürgen@example.com"))
        assert isinstance(refused, RefusedError)
        assert "no SMTPUTF8" in refused.message
        assert "Use another address" in refused.message
        channel.send(mail("ada@bücher.example"))
        assert [message.recipients for message in server.messages] == [("ada@xn--bcher-kva.example",)]
        assert server.connections == 1


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "a b@example.com",
        "ada@exa mple.com",
        "ada@example..com",
        "ada@example.com> SIZE=1",
        "<ada@example.com>",
        "ada@example.com, bob@example.com",
        "ada@example.com\r\nRCPT TO:<bob@example.com>",
        "ada\r\n@example.com",
        '"ada\r\n"@example.com',
        "ada@exämple\r\n.com",
        f"{'a' * 250}@example.com",
    ],
)
def test_what_is_no_address_never_reaches_the_server(
    smtp_server: SmtpServer, channel: EmailChannel, recipient: str
) -> None:
    refused = failure(channel, mail(recipient))
    assert isinstance(refused, RefusedError)
    assert refused.message.startswith("This is no e-mail address. Correct the address")
    assert smtp_server.commands == []


@pytest.mark.parametrize("evil", ["\r\nBcc: spy@example.com", "\nBcc: spy@example.com", "\rBcc: spy@example.com"])
@pytest.mark.parametrize("field", ["recipient_name", "subject"])
def test_a_line_break_in_a_name_begins_no_header(
    smtp_server: SmtpServer, channel: EmailChannel, field: str, evil: str
) -> None:
    channel.send(mail(**{field: f"Ada{evil}"}))
    (received,) = smtp_server.messages
    assert "Bcc" not in received.parsed
    assert received.recipients == ("ada@example.com",)
    assert b"\r\nBcc" not in received.raw


@pytest.mark.parametrize(
    "sender", ["IT department", "", "IT\r\nBcc: spy@example.com <it@example.com>", '"\n" <it@x.org>']
)
def test_a_sender_that_is_no_address_stops_everything_and_names_the_setting(
    smtp_server: SmtpServer, channel: EmailChannel, sender: str
) -> None:
    down = failure(channel, mail(sender=sender))
    assert isinstance(down, ProviderDownError)
    assert smtp_server.commands == []
    assert "DEFAULT_FROM_EMAIL" in down.message


# --- what the server says --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("command", "reply", "kind", "code", "words"),
    [
        ("RCPT", "550 5.1.1 User unknown", RefusedError, "550 5.1.1", "refused the recipient: 550 5.1.1 User unknown"),
        ("RCPT", "553 no such mailbox name", RefusedError, "553", "Correct the address"),
        ("RCPT", "450 4.2.1 Greylisted, come back", TryLaterError, "450 4.2.1", "wants this message later"),
        ("RCPT", "452 4.2.2 Over quota", TryLaterError, "452 4.2.2", "mailbox of the recipient is full"),
        ("RCPT", "452 4.5.3 Too many recipients", TryLaterError, "452 4.5.3", "Too many recipients"),
        ("RCPT", "552 5.2.2 Over quota", TryLaterError, "552 5.2.2", "mailbox of the recipient is full"),
        ("RCPT", "552 mailbox is full", TryLaterError, "552", "mailbox of the recipient is full"),
        ("RCPT", "554 5.7.1 Relay access denied", RefusedError, "554 5.7.1", "does not forward mails for this portal"),
        ("RCPT", "530 5.7.0 Authentication required", ProviderDownError, "530 5.7.0", "user name and password"),
        ("RCPT", "421 4.3.2 shutting down", TryLaterError, "421 4.3.2", "takes no more mails now"),
        ("MAIL", "550 5.1.0 Sender rejected", ProviderDownError, "550 5.1.0", "Set DEFAULT_FROM_EMAIL to an address"),
        ("MAIL", "451 4.1.8 Domain does not resolve", ProviderDownError, "451 4.1.8", "correct DEFAULT_FROM_EMAIL"),
        ("MAIL", "552 5.3.4 Message size exceeds the limit", RefusedError, "552 5.3.4", "message is too large"),
        ("MAIL", "530 5.7.0 Must authenticate", ProviderDownError, "530 5.7.0", "wants to be signed in to"),
        ("MAIL", "421 4.7.0 Too many connections", ProviderDownError, "421 4.7.0", "takes no more mails now"),
        ("DATA", "451 4.3.0 Queue file error", TryLaterError, "451 4.3.0", "tried again by itself"),
        ("DATA", "554 5.5.1 No valid recipients", RefusedError, "554 5.5.1", "refused the message"),
        ("CONTENT", "550 5.7.1 Message contains spam", RefusedError, "550 5.7.1", "If the reply names a filter"),
        ("CONTENT", "552 5.3.4 Message too big", RefusedError, "552 5.3.4", "message is too large"),
        ("CONTENT", "451 4.7.1 Try again", TryLaterError, "451 4.7.1", "wants this message later"),
        ("CONTENT", "452 4.3.1 Insufficient storage", TryLaterError, "452 4.3.1", "wants this message later"),
        ("CONTENT", "421 4.3.0 Going down", TryLaterError, "421 4.3.0", "takes no more mails now"),
        ("CONTENT", "<html>rubbish</html>", TryLaterError, "-1", "not as a mail server does"),
        ("CONNECT", "554 5.7.1 Your address is blocked", ProviderDownError, "554", "takes no mails now: 554 5.7.1"),
        ("CONNECT", "421 4.7.0 Too many connections", ProviderDownError, "421", "takes no mails now: 421 4.7.0"),
        ("CONNECT", "HTTP/1.1 400 Bad Request", ProviderDownError, "-1", "takes no mails now"),
    ],
)
def test_a_reply_is_sorted_by_whose_fault_it_is(
    smtp_server: SmtpServer,
    channel: EmailChannel,
    command: str,
    reply: str,
    kind: type[NotSentError],
    code: str,
    words: str,
) -> None:
    smtp_server.reply(command, reply)
    error = failure(channel, mail())
    assert type(error) is kind
    assert error.code == code
    assert words in error.message
    assert f"127.0.0.1:{smtp_server.port}" in error.message or "mailbox" in error.message
    assert smtp_server.messages == []
    smtp_server.forget_rules()
    channel.send(mail())  # whatever it was: the channel goes on
    assert len(smtp_server.messages) == 1


def test_one_refused_recipient_does_not_cost_the_others_their_connection(
    smtp_server: SmtpServer, channel: EmailChannel
) -> None:
    smtp_server.reply("RCPT", "550 5.1.1 unknown", recipient="nobody@example.com")
    for number in range(3):
        channel.send(mail(f"user{number}@example.com"))
        assert isinstance(failure(channel, mail("nobody@example.com")), RefusedError)
    assert len(smtp_server.messages) == 3
    assert smtp_server.connections == 1


def test_a_server_that_asks_for_the_content_of_a_refused_message_does_not_get_the_next_command_as_such(
    smtp_server: SmtpServer, channel: EmailChannel
) -> None:
    smtp_server.reply("RCPT", "550 5.1.1 unknown", times=1)
    smtp_server.reply("DATA", "354 go on", times=1)
    assert isinstance(failure(channel, mail()), RefusedError)
    smtp_server.forget_rules()
    channel.send(mail())
    assert len(smtp_server.messages) == 1


def test_everything_refused_as_unknown_users_stays_a_matter_of_the_users(
    smtp_server: SmtpServer, channel: EmailChannel
) -> None:
    smtp_server.reply("RCPT", "550 5.1.1 unknown")
    assert {type(failure(channel, mail())) for _ in range(5)} == {RefusedError}


def test_a_greylisted_message_is_taken_the_second_time(smtp_server: SmtpServer, channel: EmailChannel) -> None:
    smtp_server.reply("RCPT", "451 4.7.1 Greylisted for 5 minutes", times=1)
    message = mail()
    assert type(failure(channel, message)) is TryLaterError
    channel.send(message)
    assert len(smtp_server.messages) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("450 4.7.1 <bob@corporate.example>: Recipient address rejected: Greylisted", TryLaterError),
        ("451 4.7.1 Greylisted, see https://limits.example/corporate", TryLaterError),
        ("550 5.1.1 bob@relay.example: User unknown", RefusedError),
    ],
)
def test_what_stands_in_an_address_says_nothing_about_the_server(
    smtp_server: SmtpServer, channel: EmailChannel, reply: str, kind: type[NotSentError]
) -> None:
    smtp_server.reply("RCPT", reply)
    assert {type(failure(channel, mail())) for _ in range(3)} == {kind}


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("RCPT", "554 5.7.1 Relay access denied"),
        ("RCPT", "450 4.7.1 Too many messages from you"),
        ("RCPT", "421 4.7.0 later"),
        ("CONTENT", "421 4.7.0 later"),
        ("RCPT", CUT),
    ],
)
def test_what_two_messages_in_a_row_meet_is_about_the_server(
    smtp_server: SmtpServer, channel: EmailChannel, command: str, reply: str
) -> None:
    smtp_server.reply(command, reply)
    first, second = mail(), mail()
    assert not isinstance(failure(channel, first), ProviderDownError)
    assert not isinstance(failure(channel, first), ProviderDownError), "the same message again says nothing new"
    assert isinstance(failure(channel, second), ProviderDownError)


def test_a_doubt_is_forgotten_when_another_message_is_taken(smtp_server: SmtpServer, channel: EmailChannel) -> None:
    smtp_server.reply("CONTENT", CUT, recipient="poison@example.com")
    for _ in range(3):
        assert type(failure(channel, mail("poison@example.com"))) is TryLaterError
        channel.send(mail("ada@example.com"))
    assert len(smtp_server.messages) == 3


def test_what_the_server_says_is_one_short_line_without_the_secrets_of_the_message(
    smtp_server: SmtpServer, channel: EmailChannel
) -> None:
    smtp_server.reply("CONTENT", f"550-\x1b[31mspam:\x07 Tr0ub4dor-xyz\r\n550 {'word ' * 90}")
    message = failure(channel, mail()).message
    assert "\x1b" not in message
    assert "Tr0ub4dor-xyz" not in message
    assert "spam: … word word" in message
    assert len(message) < 450


# --- a connection that breaks ----------------------------------------------------------------------------
def test_a_connection_cut_in_the_middle_of_the_content_is_tried_later_over_a_new_one(
    smtp_server: SmtpServer, channel: EmailChannel
) -> None:
    smtp_server.reply("CONTENT", CUT, times=1)
    message = mail()
    error = failure(channel, message)
    assert type(error) is TryLaterError
    assert "It is tried again by itself" in error.message
    channel.send(message)
    assert [received.connection for received in smtp_server.messages] == [2]


def test_a_server_that_takes_no_message_to_its_end_is_down(smtp_server: SmtpServer, channel: EmailChannel) -> None:
    smtp_server.reply("CONTENT", CUT)
    long = "more than any buffer on the way holds\n" * 300_000
    first, second = failure(channel, mail(text=long)), failure(channel, mail(text=long))
    assert type(first) is TryLaterError
    assert "broke in the middle of the message" in first.message
    assert type(second) is ProviderDownError
    assert second.message == first.message


def test_a_message_whose_confirmation_is_lost_is_never_put_down_to_the_server(
    smtp_server: SmtpServer, channel: EmailChannel
) -> None:
    # As ProviderDownError it would not count as tried, and go out for ever.
    smtp_server.reply("CONTENT", LOST)
    errors = [failure(channel, mail()) for _ in range(3)]
    assert {type(error) for error in errors} == {TryLaterError}
    assert "It may have arrived all the same" in errors[0].message
    assert len(smtp_server.messages) == 3


def test_a_server_that_closes_after_some_messages_costs_no_attempt(settings: Settings, channel: EmailChannel) -> None:
    with SmtpServer(close_after=2) as server:
        for name, value in server.settings().items():
            setattr(settings, name, value)
        for number in range(7):
            channel.send(mail(f"user{number}@example.com"))
        assert len(server.messages) == 7
        assert server.connections == 4


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("MAIL", "451 4.7.1 Enough messages on this connection"),
        ("MAIL", "421 4.7.0 Too many messages on this connection"),
        ("RCPT", "421 4.7.0 Too many messages on this connection"),
        ("DATA", "421 4.7.0 Too many messages on this connection"),
        ("MAIL", CUT),
        ("RCPT", CUT),
        ("DATA", CUT),
    ],
)
def test_a_connection_that_has_ended_is_made_anew_when_nothing_was_sent_yet(
    smtp_server: SmtpServer, channel: EmailChannel, command: str, reply: str
) -> None:
    channel.send(mail())
    smtp_server.reply(command, reply, times=1)
    channel.send(mail())
    assert [received.connection for received in smtp_server.messages] == [1, 2]


def test_a_server_that_goes_away_and_comes_back_is_used_again(settings: Settings, channel: EmailChannel) -> None:
    server = SmtpServer().start()
    for name, value in server.settings().items():
        setattr(settings, name, value)
    channel.send(mail())
    server.stop()
    down = failure(channel, mail())
    assert isinstance(down, ProviderDownError)
    assert down.message.startswith(f"Nothing listens at 127.0.0.1:{server.port}")
    with SmtpServer(port=server.port) as again:
        channel.send(mail())
        assert len(again.messages) == 1


@pytest.mark.parametrize(
    ("command", "kind", "words"),
    [
        ("CONNECT", ProviderDownError, "did not answer in time"),
        ("MAIL", ProviderDownError, "no answer in time"),
        ("RCPT", TryLaterError, "no answer in time"),
        ("CONTENT", TryLaterError, "did not confirm the message (no answer in time)"),
    ],
)
def test_a_server_that_hangs_is_left_after_the_timeout(
    smtp_server: SmtpServer,
    settings: Settings,
    channel: EmailChannel,
    command: str,
    kind: type[NotSentError],
    words: str,
) -> None:
    settings.EMAIL_TIMEOUT = 1
    smtp_server.reply(command, HANG)
    began = time.monotonic()
    error = failure(channel, mail())
    assert type(error) is kind
    assert words in error.message
    assert time.monotonic() - began < 3


def test_closing_does_not_wait_for_a_server_that_hangs(smtp_server: SmtpServer) -> None:
    smtp_server.reply("QUIT", HANG)
    with open_channel("email") as channel:
        channel.send(mail())
        began = time.monotonic()
    assert time.monotonic() - began < 4


# --- no connection ---------------------------------------------------------------------------------------
def test_a_wrong_password_names_the_setting_and_not_the_password(settings: Settings, channel: EmailChannel) -> None:
    with SmtpServer(login=("portal", "sesame")) as server:
        for name, value in server.settings(EMAIL_HOST_PASSWORD="tiger-lily").items():
            setattr(settings, name, value)
        down = failure(channel, mail())
    assert isinstance(down, ProviderDownError)
    assert "refused the user name or the password: 535 5.7.8" in down.message
    assert "Correct them in EMAIL_URL" in down.message
    assert "tiger-lily" not in down.message


def test_no_password_for_a_server_that_demands_one_is_said(settings: Settings, channel: EmailChannel) -> None:
    with SmtpServer(login=("portal", "sesame")) as server:
        for name, value in server.settings(EMAIL_HOST_USER="", EMAIL_HOST_PASSWORD="").items():
            setattr(settings, name, value)
        down = failure(channel, mail())
    assert isinstance(down, ProviderDownError)
    assert "Write user name and password into EMAIL_URL" in down.message


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"EMAIL_USE_TLS": True}, "can't do what EMAIL_URL asks for"),
        ({"EMAIL_HOST_USER": "portal", "EMAIL_HOST_PASSWORD": "sesame"}, "can't do what EMAIL_URL asks for"),
        ({"EMAIL_USE_SSL": True}, "smtp+ssl:// with 465"),
    ],
)
def test_a_server_that_can_not_do_what_is_asked_is_said(
    smtp_server: SmtpServer, settings: Settings, channel: EmailChannel, changed: dict[str, object], words: str
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    down = failure(channel, mail())
    assert isinstance(down, ProviderDownError)
    assert words in down.message


def test_a_certificate_that_nobody_vouches_for_is_said(
    settings: Settings, channel: EmailChannel, tmp_path: Path
) -> None:
    with SmtpServer(tls=own_certificate(tmp_path)) as server:
        for name, value in server.settings().items():
            setattr(settings, name, value)
        down = failure(channel, mail())
    assert isinstance(down, ProviderDownError)
    assert "certificate" in down.message
    assert "SSL_CERT_FILE" in down.message


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "is not known: its name has no address"),
        (UnicodeError("label too long: sesame"), "can't be asked like this (UnicodeError)"),
        (OSError(101, "Network is unreachable"), "can't be used (Network is unreachable)"),
        (TimeoutError("timed out"), "did not answer in time (timed out)"),
    ],
)
def test_a_network_that_fails_is_said(
    smtp_server: SmtpServer,
    channel: EmailChannel,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Exception,
    words: str,
) -> None:
    monkeypatch.setattr(socket, "create_connection", raising(trouble))
    down = failure(channel, mail())
    assert isinstance(down, ProviderDownError)
    assert words in down.message
    assert "sesame" not in down.message
    assert "EMAIL_URL" in down.message


def raising(trouble: Exception) -> Callable[..., object]:
    """Return a stand-in for the network, whose faults can't be had on loopback."""

    def fail(*arguments: object, **options: object) -> object:
        raise trouble

    return fail


def own_certificate(folder: Path) -> ssl.SSLContext:
    """Return the TLS of a server that made its certificate itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
