"""How does a mail reach an SMTP server? Over one connection for many messages; for email.py.

Django's backend connects (TLS, password). The dialogue is spoken here, since it alone knows how far a message came when
something went wrong: before its content went out, a new connection costs nothing.
"""

import contextlib
import re
import smtplib
from dataclasses import dataclass, field
from typing import Any, cast

from django.core.mail.backends.smtp import EmailBackend
from django.utils.translation import gettext as _

from invitations.messages.message import Mail
from invitations.messages.mime import as_bytes

from .envelope import envelope_of
from .outcome import Accepted, DoubtError, NotSentError, ProviderDownError, RefusedError
from .smtp_replies import Dialogue, Stage, broke, not_connected, replied

GOODBYE_SECONDS = 2.0  # for the server's answer to QUIT: it changes nothing any more


@dataclass(frozen=True)
class Letter:
    """A mail and its envelope: `sender` and `recipient` are bare addresses, `content` has CRLF at its line ends."""

    sender: str
    recipient: str
    content: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server with SMTPUTF8 can take it."""
        return not (self.sender.isascii() and self.recipient.isascii())


class _NothingSentError(Exception):
    """The server ended it before any of the content went out; `error` is what it comes to if it does so again."""

    def __init__(self, error: NotSentError | DoubtError) -> None:
        super().__init__(str(error))
        self.error = error


class SmtpConnection:
    """A connection to the mail server, made when it is needed."""

    def __init__(self, **options: Any) -> None:
        """Remember how to connect; `options` go to Django's backend."""
        self._options = options
        self._smtp: smtplib.SMTP | None = None
        backend = EmailBackend(**options)
        self._server = f"{backend.host}:{backend.port}"

    def send(self, mail: Mail) -> Accepted:
        """Hand one mail over; raises what `Channel.send` raises, and DoubtError."""
        letter = Letter(*envelope_of(mail), as_bytes(mail), mail.secrets)
        is_new = self._smtp is None
        smtp = self._smtp or self._connect()
        try:
            self._hand_over(smtp, letter)
        except _NothingSentError as failure:
            self._drop()
            if is_new:
                raise failure.error from failure
            # Servers close a connection that was idle, or that has had so many messages. It is no fault of this one.
            return self.send(mail)
        return Accepted(mail.message_id.strip("<>"))

    def close(self) -> None:
        """Say goodbye."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        if smtp.sock is not None:
            smtp.sock.settimeout(GOODBYE_SECONDS)
        with contextlib.suppress(OSError):  # every message has its answer: a goodbye that fails costs nothing
            smtp.quit()
        smtp.close()

    def _connect(self) -> smtplib.SMTP:
        backend = EmailBackend(**self._options)
        try:
            backend.open()
            smtp = cast(smtplib.SMTP, backend.connection)
            smtp.ehlo_or_helo_if_needed()
        except (OSError, UnicodeError) as error:
            with contextlib.suppress(OSError):  # what is half open has nothing more to say
                backend.close()
            raise not_connected(error, Dialogue(self._server)) from error
        self._smtp = smtp
        return smtp

    def _drop(self) -> None:
        """End the connection without a word."""
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None

    def _hand_over(self, smtp: smtplib.SMTP, letter: Letter) -> None:
        dialogue = Dialogue(self._server, letter.sender, letter.secrets)
        options = _mail_options(smtp, letter, self._server)
        commands = (
            (Stage.SENDER, f"MAIL FROM:<{letter.sender}>{options}"),
            (Stage.RECIPIENT, f"RCPT TO:<{letter.recipient}>"),
            (Stage.DATA, "DATA"),
        )
        self._open_envelope(smtp, commands, dialogue)
        # A line with a single dot is the end (RFC 5321, section 4.5.2).
        content = re.sub(rb"(?m)^\.", b"..", letter.content)
        ending = b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n"
        try:
            smtp.send(content + ending)
        except OSError as error:
            self._drop()
            raise broke(error, dialogue, is_sent=False) from error
        try:
            code, words = smtp.getreply()
        except OSError as error:
            self._drop()
            raise broke(error, dialogue, is_sent=True) from error
        if 200 <= code < 300:
            return
        if code == 421 or not 400 <= code < 600:
            self._drop()
        raise replied(Stage.CONTENT, code, words, dialogue)

    def _open_envelope(self, smtp: smtplib.SMTP, commands: tuple[tuple[Stage, str], ...], dialogue: Dialogue) -> None:
        """Say the commands that come before the content; raise unless the server agrees to each.

        Where the server offers PIPELINING (RFC 2920) they go out at once: one round trip instead of three.
        """
        are_at_once = smtp.has_extn("pipelining")
        stage, waiting = Stage.SENDER, list(commands)
        try:
            if are_at_once:
                smtp.send("".join(f"{line}\r\n" for _stage, line in commands))
            while waiting:
                stage, line = waiting.pop(0)
                if not are_at_once:
                    smtp.putcmd(line)
                code, words = smtp.getreply()
                if not _agrees(stage, code):
                    break
            else:
                return
        except OSError as error:
            failure = broke(error, dialogue, is_sent=False)
            if stage is Stage.SENDER and isinstance(failure, DoubtError):
                failure = ProviderDownError(failure.error.message, failure.error.code)
            raise _NothingSentError(failure) from error
        failure = replied(stage, code, words, dialogue)
        # Some servers refuse the sender when a connection has had enough messages.
        is_at_an_end = code == 421 or not 400 <= code < 600 or stage is Stage.SENDER
        if is_at_an_end and not isinstance(failure, RefusedError):
            raise _NothingSentError(failure)
        self._reset(smtp, unread=len(waiting) if are_at_once else 0)
        raise failure

    def _reset(self, smtp: smtplib.SMTP, unread: int) -> None:
        """Take the envelope back, so that the next message can begin; drop the connection if that fails.

        Args:
            unread: so many replies are still to come. One that asks for the content would be given the next command.
        """
        try:
            codes = [smtp.getreply()[0] for _reply in range(unread)]
            if 354 not in codes:
                codes.append(smtp.rset()[0])
        except OSError:  # the next message connects anew
            codes = [421]
        if 354 in codes or 421 in codes or codes[-1] >= 400:
            self._drop()


def _agrees(stage: Stage, code: int) -> bool:
    return code == 354 if stage is Stage.DATA else 200 <= code < 300


def _mail_options(smtp: smtplib.SMTP, letter: Letter, server: str) -> str:
    """Return what follows the sender; set how the commands are encoded."""
    options = f" SIZE={len(letter.content)}" if smtp.has_extn("size") else ""
    if not letter.content.isascii() and smtp.has_extn("8bitmime"):
        options += " BODY=8BITMIME"
    smtp.command_encoding = "utf-8" if letter.needs_utf8 else "ascii"
    if not letter.needs_utf8:
        return options
    if not smtp.has_extn("smtputf8"):
        raise RefusedError(
            _(
                "The address has letters other than a to z before the @, and %(server)s can't deliver to such "
                "addresses (no SMTPUTF8). Use another address of the user, or another mail server."
            )
            % {"server": server},
            "smtputf8",
        )
    return f"{options} SMTPUTF8"
