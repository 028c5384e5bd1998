"""Where do the bench's mails go? `python -m tests.bench.smtp_sink`: a mail server that takes all and keeps nothing.

A process of its own, so that all contenders have the same; it speaks as much of SMTP (RFC 5321) as a client needs, and
prints its port. The command XCOUNT, which is its own, answers how many messages it took and how many different
Message-IDs they had. It is written without a library so that it takes more than smtplib can hand over.
"""

import asyncio
import re
import smtplib

MESSAGE_ID = re.compile(rb"^Message-ID: *(?:\r\n )?(<[^>\r\n]+>)", re.IGNORECASE | re.MULTILINE)
END = b"\r\n.\r\n"
SIZE = 1 << 25

taken = 0
message_ids: set[bytes] = set()


class Session(asyncio.Protocol):
    """One connection; commands may come in any pieces, and several at once (RFC 2920)."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.WriteTransport = transport  # type: ignore[assignment]
        self.read = bytearray()
        self.is_in_content = self.has_sender = self.has_recipient = False
        self.transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self.read += data
        while (answer := self._next_answer()) is not None:
            self.transport.write(answer)

    def _next_answer(self) -> bytes | None:
        """Take the next command, or the content of a message, out of what was read; None: it is not whole yet."""
        end = self.read.find(END if self.is_in_content else b"\r\n")
        if end < 0:
            return None
        if self.is_in_content:
            content = bytes(self.read[:end])
            del self.read[: end + len(END)]
            return self._take(content)
        command = bytes(self.read[:end])
        del self.read[: end + 2]
        return self._answer(command)

    def _answer(self, command: bytes) -> bytes:
        verb = command[:4].upper()
        match verb:
            case b"EHLO":
                return b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE %d\r\n" % SIZE
            case b"MAIL" if not self.has_sender:
                self.has_sender = True
                return b"250 OK\r\n"
            case b"RCPT" if self.has_sender:
                self.has_recipient = True
                return b"250 OK\r\n"
            case b"DATA" if self.has_recipient:
                self.is_in_content = True
                return b"354 Go on\r\n"
            case b"HELO" | b"RSET" | b"NOOP":
                self.has_sender = self.has_recipient = False
                return b"250 OK\r\n"
            case b"QUIT":
                self.transport.write(b"221 Bye\r\n")
                self.transport.close()
                return b""
            case b"XCOU":
                return b"250 %d %d\r\n" % (taken, len(message_ids))
            case b"MAIL" | b"RCPT" | b"DATA":
                return b"503 Not now\r\n"
        return b"500 What?\r\n"

    def _take(self, content: bytes) -> bytes:
        global taken
        self.is_in_content = self.has_sender = self.has_recipient = False
        found = MESSAGE_ID.search(content, 0, content.find(b"\r\n\r\n"))
        if found is None:
            return b"554 A Message-ID is missing\r\n"
        taken += 1
        message_ids.add(found[1])
        return b"250 OK\r\n"


def counted(port: int) -> tuple[int, int]:
    """Ask a sink how many messages, and how many different ones, it has taken."""
    with smtplib.SMTP("127.0.0.1", port) as client:
        _code, words = client.docmd("XCOUNT")
    messages, different = words.split()
    return int(messages), int(different)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Session, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
