"""How do requests come in and answers go out? HTTP/1.1 on this machine only, a thread for each connection."""

import json
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.ade_simulator.answers import Answer, json_answer
from tests.ade_simulator.control import CONTROLS
from tests.ade_simulator.demo import demo_answer
from tests.ade_simulator.service import Received, Service

CONTROL = "/_control/"


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1.

    Args:
        port: 0 takes a free one.
        service: what answers.
        with_control: tests may steer it.
        with_page: a person may, on the page of demo.py.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, service: Service, *, with_control: bool = False, with_page: bool = False) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.with_control = with_control
        self.with_page = with_page
        self.service = service

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that went away; tell about anything else."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """A connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave together

    def handle_request(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        address = urlsplit(self.path)
        if self.server.with_control and address.path.startswith(CONTROL):
            self.send(self.controlled(address.path.removeprefix(CONTROL), body))
            return
        received = Received(
            self.command,
            address.path,
            address.query,
            f"http://{self.headers.get('Host', '')}{self.path}",
            {name.lower(): value for name, value in self.headers.items()},
            body,
        )
        if self.server.with_page and (shown := demo_answer(self.server.service, received)) is not None:
            self.send(shown)
            return
        answer, script = self.server.service.answer(received)
        if script is not None and script.delay:
            time.sleep(script.delay)
        if script is None or script.drop is None:
            self.send(answer)
        else:
            self.drop(answer if script.drop == "half" else None)

    do_GET = do_POST = do_PUT = do_DELETE = handle_request

    def controlled(self, name: str, body: bytes) -> Answer:
        if name == "reset":
            self.server.service = Service()
            return json_answer(None)
        service = self.server.service
        with service.lock:
            try:
                result = CONTROLS[name](service, **json.loads(body or b"{}"))
            except (KeyError, TypeError, ValueError) as error:
                return Answer(400, repr(error).encode())
        return json_answer(result.encode() if name == "devices" else result)

    def send(self, answer: Answer, share: float = 1) -> None:
        """Send the answer, or headers and the first `share` of the body."""
        self.send_response(answer.status)
        headers = {"Content-Length": str(len(answer.body)), **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body[: int(len(answer.body) * share)])
        self.wfile.flush()

    def drop(self, answer: Answer | None) -> None:
        """Close the connection, after half of the answer if there is one."""
        if answer is not None:
            self.send(answer, 0.5)
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the request log is what tests read."""
