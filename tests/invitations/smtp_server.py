"""How does a mail server behave in a test? A real one on loopback that refuses, delays, cuts and hangs as told.

Settings of `server.settings()` send through it; `server.reply("RCPT", "550 5.1.1 unknown", recipient="x@example.com")`
and the like say what it answers; `server.messages` is what it took.
"""

import asyncio
import email
import email.policy
import logging
import ssl
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

CUT = "(cut)"  # instead of a reply: the connection is cut; as CONTENT in the middle of the message
HANG = "(hang)"  # instead of a reply: nothing comes any more
LOST = "(lost)"  # as CONTENT: the message is taken, and the connection is cut before the client is told
COMMANDS = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT", "RSET", "QUIT")

logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd writes several lines a command


@dataclass(frozen=True)
class Received:
    """A message that the server took, in which envelope, over which of its connections (from 1)."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    connection: int
    options: tuple[str, ...]

    @property
    def parsed(self) -> EmailMessage:
        message = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message


@dataclass
class Rule:
    """What to answer to a command instead of agreeing: for one recipient or for all, so often or always."""

    command: str
    answer: str
    recipient: str | None
    times: int | None


class SmtpServer:
    """A server on a free port of 127.0.0.1.

    Args:
        login: user name and password that it demands; None: anybody may send.
        close_after: it closes a connection after so many messages, without a word.
        pipelining: whether it offers to take several commands at once; most servers do.
        smtputf8: whether it takes addresses outside ASCII.
        tls: for connections that begin with TLS.
        port: 0 for a free one.
    """

    def __init__(
        self,
        *,
        login: tuple[str, str] | None = None,
        close_after: int | None = None,
        pipelining: bool = True,
        smtputf8: bool = True,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        size_limit: int = 2**25,
    ) -> None:
        self.messages: list[Received] = []
        self.connections = 0
        self.commands: list[str] = []  # as they came, such as `RCPT TO:<a@example.com>`
        self.close_after = close_after
        self.login = login
        self.pipelining = pipelining
        self.port = port
        self._options: dict[str, Any] = {"enable_SMTPUTF8": smtputf8, "data_size_limit": size_limit}
        if login:
            self._options |= {"auth_required": True, "auth_require_tls": False, "authenticator": self._authenticate}
        self._tls = tls
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    # --- what it does ---
    def reply(self, command: str, answer: str, *, recipient: str | None = None, times: int | None = None) -> None:
        """Answer a command with `answer` (or CUT, HANG, LOST); CONTENT is the end of the message, CONNECT the greeting.

        Rules are tried in the order in which they were given; one whose `times` are used up is skipped.
        """
        assert command in COMMANDS
        command = "MIDDLE" if (command, answer) == ("CONTENT", CUT) else command
        with self._lock:
            self._rules.append(Rule(command, answer, recipient and recipient.lower(), times))

    def forget_rules(self) -> None:
        """Take everything from now on."""
        with self._lock:
            self._rules.clear()

    def settings(self, **more: Any) -> dict[str, Any]:
        """Return the Django settings that send through this server."""
        user, password = self.login or ("", "")
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": self.port,
            "EMAIL_HOST_USER": user,
            "EMAIL_HOST_PASSWORD": password,
            "EMAIL_USE_TLS": False,
            "EMAIL_USE_SSL": self._tls is not None,
            "EMAIL_TIMEOUT": 5,
            **more,
        }

    def url(self) -> str:
        """Return the EMAIL_URL of this server."""
        user = f"{self.login[0]}:{self.login[1]}@" if self.login else ""
        return f"smtp://{user}127.0.0.1:{self.port}"

    def to(self, recipient: str) -> list[Received]:
        """Return the messages that it took for one recipient."""
        return [message for message in list(self.messages) if recipient in message.recipients]

    # --- how it runs ---
    def start(self) -> Self:
        ready: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="smtp server", daemon=True)
        self._thread.start()
        self.port = ready.result(10)
        return self

    def stop(self) -> None:
        """Stop listening and cut what is open; what was received stays."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join()
            self._thread = None

    __enter__ = start

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _run(self, ready: "Future[int]") -> None:
        async def serve() -> None:
            self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
            server = await self._loop.create_server(self._protocol, "127.0.0.1", self.port, ssl=self._tls)
            ready.set_result(server.sockets[0].getsockname()[1])
            await self._stopped.wait()
            server.close()

        try:
            asyncio.run(serve())  # its end cancels the connections
        except OSError as error:
            ready.set_exception(error)

    def _protocol(self) -> SMTP:
        return _Protocol(self, self, loop=self._loop, hostname="smtp.example.com", ident="test", **self._options)

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        pair = (given.login.decode(), given.password.decode())
        return AuthResult(success=pair == self.login, handled=False)

    def _answer_to(self, command: str, recipients: list[str]) -> str:
        """Return the answer of the first rule for the command, "" when none applies."""
        with self._lock:
            for rule in self._rules:
                fits = rule.recipient is None or rule.recipient in [recipient.lower() for recipient in recipients]
                if rule.command == command and fits and rule.times != 0:
                    rule.times = None if rule.times is None else rule.times - 1
                    return rule.answer
        return ""


class _Protocol(SMTP):
    """One connection; asks the server's rules before it agrees to anything."""

    def __init__(self, server: SmtpServer, handler: Any, **options: Any) -> None:
        self._server = server
        self._taken = 0
        self._recipients: list[str] = []
        super().__init__(_Handler(self), **options)

    async def _handle_client(self) -> None:
        self._server.connections += 1
        self.number = self._server.connections
        if not await self._deviates("CONNECT"):
            await super()._handle_client()

    async def _deviates(self, command: str, argument: str = "") -> bool:
        """Do what a rule says; tell whether there was one."""
        self._server.commands.append(f"{command} {argument}".strip())
        answer = self._server._answer_to(command, self._recipients)
        if not answer:
            return False
        await self.misbehave(answer)
        return True

    async def misbehave(self, answer: str) -> None:
        if answer == HANG:
            await asyncio.sleep(3_600)
        elif answer == CUT:
            self._writer.transport.abort()
            await asyncio.sleep(3_600)  # until the loop tells this task that its connection is gone
        else:
            await self.push(answer)
            if answer.startswith("421") or self._server.commands[-1] == "CONNECT":
                self._writer.close()
                await asyncio.sleep(3_600)

    async def smtp_EHLO(self, hostname: str) -> None:
        if not await self._deviates("EHLO", hostname):
            await super().smtp_EHLO(hostname)

    async def smtp_MAIL(self, arg: str) -> None:
        self._recipients = []
        if not await self._deviates("MAIL", arg):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str) -> None:
        self._recipients = [arg.partition("<")[2].partition(">")[0]]
        if not await self._deviates("RCPT", arg):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if await self._deviates("DATA"):
            return
        if self._server._answer_to("MIDDLE", self._recipients):
            await self.push("354 go on")
            await self._reader.read(100)
            await self.misbehave(CUT)
        await super().smtp_DATA(arg)
        if self._server.close_after is not None and self._taken >= self._server.close_after:
            self._writer.close()
            await asyncio.sleep(3_600)

    async def smtp_RSET(self, arg: str) -> None:
        if not await self._deviates("RSET"):
            await super().smtp_RSET(arg)

    async def smtp_QUIT(self, arg: str) -> None:
        if not await self._deviates("QUIT"):
            await super().smtp_QUIT(arg)


class _Handler:
    """Keeps what arrives, unless a rule says otherwise."""

    def __init__(self, protocol: _Protocol) -> None:
        self._protocol = protocol

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if self._protocol._server.pipelining:
            responses.insert(1, "250-PIPELINING")
        return responses

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        protocol = self._protocol
        answer = protocol._server._answer_to("CONTENT", protocol._recipients)
        if answer and answer != LOST:
            if answer == HANG:
                await protocol.misbehave(answer)
            return answer
        assert envelope.mail_from is not None
        raw = envelope.original_content or b""
        received = Received(
            envelope.mail_from, tuple(envelope.rcpt_tos), raw, protocol.number, tuple(envelope.mail_options)
        )
        protocol._server.messages.append(received)
        protocol._taken += 1
        if answer == LOST:
            await protocol.misbehave(CUT)
        return "250 2.0.0 taken"
