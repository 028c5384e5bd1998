"""A provider on this machine that speaks HTTP: it answers what a test tells it, and remembers what it was asked."""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Request:
    """What the provider was asked.

    Attributes:
        connection: which connection it came by: the same number for the same one.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def form(self) -> dict[str, str]:
        """Return the fields of the form, each of which must occur once."""
        fields = parse_qs(self.body.decode(), keep_blank_values=True, strict_parsing=True)
        assert all(len(values) == 1 for values in fields.values()), fields
        return {name: values[0] for name, values in fields.items()}


@dataclass(frozen=True)
class Answer:
    """What the provider answers.

    Attributes:
        status: of HTTP; 0: it closes the connection instead.
        body: bytes as they are, everything else as JSON.
        delay: seconds before the first byte.
        slowness: seconds between the bytes of the body.
        length: the Content-Length to claim; None: the true one.
    """

    status: int = 201
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    slowness: float = 0
    length: int | None = None


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has gone: some tests are about that."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class HttpProvider:
    """The server. `answers` are given in turn, then `default`; before each of them `on_request` is called."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answers: list[Answer] = []
        self.default = Answer(200, {})
        self.on_request: Callable[[], None] = lambda: None
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                provider.serve(self)

            do_GET = do_PUT = do_POST

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Remember a request and answer it."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.requests.append(
            Request(handler.command, handler.path, headers, body, handler.client_address[1]),
        )
        self.on_request()
        answer = self.answers.pop(0) if self.answers else self.default
        time.sleep(answer.delay)
        if not answer.status:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        handler.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content) if answer.length is None else answer.length))
        handler.end_headers()
        try:
            for block in [content] if not answer.slowness else [content[i : i + 1] for i in range(len(content))]:
                handler.wfile.write(block)
                handler.wfile.flush()
                time.sleep(answer.slowness)
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True  # who asked has gone
        if answer.length is not None and answer.length > len(content):
            handler.close_connection = True


@contextmanager
def http_provider() -> Iterator[HttpProvider]:
    """Run a provider for the time of the block."""
    provider = HttpProvider()
    thread = threading.Thread(target=provider.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.server.shutdown()
        provider.server.server_close()
        thread.join()
