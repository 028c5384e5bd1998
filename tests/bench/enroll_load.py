"""Who knocks at the gate? A load generator of its own process, over keep-alive connections; started by enroll_rate.py.

`python -m tests.bench.enroll_load`, with one JSON order on standard input; prints one JSON object. Requests are made
before the clock starts, answers are only looked at as far as their status and length: less than 0.1 ms of CPU a
request, a fortieth of what it takes to answer one. The portal on the same machine lacks that much (`cpu_ms` tells it).
"""

import json
import select
import socket
import sys
from collections.abc import Iterator
from statistics import median
from time import perf_counter, process_time
from typing import Any

from tests.bench.cpu_time import seconds_of
from tests.bench.enroll_requests import prepared

# What each mode has to be answered by: the status, and what must be in the answer.
EXPECTED = {
    "enroll": (b"200", b'"enrolled"'),
    "bad_credentials": (b"403", b'"bad_credentials"'),
    "not_pre_approved": (b"403", b'"not_pre_approved"'),
    "unchanged": (b"304", b"ETag"),
}
MOST_A_SECOND = 4_000  # requests that are made in advance


class Connection:
    """One keep-alive connection and the answer that it waits for."""

    def __init__(self, port: int) -> None:
        self.address = ("127.0.0.1", port)
        self.open()

    def open(self) -> None:
        self.socket = socket.create_connection(self.address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.answer = b""

    def send(self, request: bytes) -> None:
        self.answer = b""
        self.begin = perf_counter()
        self.socket.sendall(request)

    def has_answer(self) -> bool:
        """Read what has come; tell whether the answer is complete.

        Raises:
            ConnectionError: it was closed before.
        """
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError(f"closed after {self.answer[:200]!r}")
        self.answer += data
        end = self.answer.find(b"\r\n\r\n")
        if end < 0:
            return False
        if self.answer[9:12] == b"304":
            return True
        at = self.answer.index(b"Content-Length: ", 0, end) + 16
        return len(self.answer) >= end + 4 + int(self.answer[at : self.answer.index(b"\r", at)])


class Load:
    """The connections, and the requests that go over them; each is sent as soon as the last one was answered."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.status, self.content = EXPECTED[order["mode"]]
        most = order["warm_up"] + int(order["seconds"] * MOST_A_SECOND)
        self.requests = iter(prepared(order["mode"], order["devices"], order["port"], most))
        self.poll = select.epoll()
        self.connections: dict[int, Connection] = {}

    def run(self) -> dict[str, Any]:
        """Return what was measured between the end of the warm-up and the end of the time, or of the requests.

        Raises:
            ValueError: an answer is not the one that this mode has to get.
        """
        for _ in range(self.order["connections"]):
            self._connect(Connection(self.order["port"])).send(next(self.requests))
        answered = self._answered()
        for _ in range(self.order["warm_up"]):
            self._go_on(next(answered))
        cpu, times = CpuTimes(self.order["watched"]), []
        begin = perf_counter()
        for connection in answered:
            now = perf_counter()
            times.append(now - connection.begin)
            if now - begin > self.order["seconds"] or not self._go_on(connection):
                return {**result(times, now - begin), "cpu_ms": cpu.milliseconds(len(times))}
        raise AssertionError("unreachable")

    def _answered(self) -> Iterator[Connection]:
        """Yield each connection that has got an answer, for ever."""
        while True:
            for number, _event in self.poll.poll():
                connection = self.connections[number]
                if connection.has_answer():
                    if connection.answer[9:12] != self.status or self.content not in connection.answer:
                        raise ValueError(f"not {self.order['mode']}: {connection.answer.decode(errors='replace')}")
                    yield connection

    def _go_on(self, connection: Connection) -> bool:
        """Send the next request over a connection; tell whether there was one."""
        request = next(self.requests, None)
        if request is None:
            return False
        if b"Connection: close" in connection.answer:  # gunicorn's sync workers keep none
            self.poll.unregister(connection.socket)
            self.connections.pop(connection.socket.fileno()).socket.close()
            connection.open()
            self._connect(connection)
        connection.send(request)
        return True

    def _connect(self, connection: Connection) -> Connection:
        self.connections[connection.socket.fileno()] = connection
        self.poll.register(connection.socket, select.EPOLLIN)
        return connection


class CpuTimes:
    """CPU times of the processes that are watched, each with its descendants, and of this one."""

    def __init__(self, watched: dict[str, int]) -> None:
        self.watched = watched
        self.before = self._seconds()

    def milliseconds(self, requests: int) -> dict[str, float]:
        """Return milliseconds of a request, by name; the load generator's own is `load`."""
        return {name: (now - self.before[name]) / requests * 1_000 for name, now in self._seconds().items()}

    def _seconds(self) -> dict[str, float]:
        return {**{name: seconds_of(pid) for name, pid in self.watched.items()}, "load": process_time()}


def result(times: list[float], seconds: float) -> dict[str, Any]:
    """Return rate (requests a second), median, p99 and longest time (milliseconds)."""
    ordered = sorted(times)
    return {
        "requests": len(times),
        "seconds": seconds,
        "rate": len(times) / seconds,
        "median_ms": median(ordered) * 1_000,
        "p99_ms": ordered[len(ordered) * 99 // 100] * 1_000,
        "longest_ms": ordered[-1] * 1_000,
    }


if __name__ == "__main__":
    print(json.dumps(Load(json.load(sys.stdin)).run()))
