"""What is left of an upload that ends half-way, because the browser goes away or the web server is killed?"""

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.faults.batches import Batches
from tests.faults.visitor import WIZARD, Visitor
from tests.portal import Portal, wait_until

pytestmark = pytest.mark.once

CONTENT = (
    b"Name,Email,Ownership,Serial number,Platform\r\n" + b"A,a@example.com,corporate,C02XK1ZZJ001,ios\r\n" * 100_000
)


def send_half(portal: Portal, visitor: Visitor) -> socket.socket:
    """Send the first half of an upload; return the connection."""
    body, content_type = visitor.upload_body(CONTENT)
    head = (
        f"POST {WIZARD}new/ HTTP/1.1\r\nHost: 127.0.0.1:{portal.port}\r\nCookie: {visitor.cookie_header()}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", portal.port), 10)
    connection.sendall(head.encode() + body[: len(body) // 2])
    return connection


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_an_upload_that_is_cut_off_leaves_no_batch_and_no_file(standing_portal: Portal, batches: Batches) -> None:
    portal, visitor, before = standing_portal, Visitor(standing_portal), batches.count("importbatch")
    kept_before = files_in(portal.data / "imports")
    temporary, kept = portal.data / "tmp", portal.data / "imports"
    for _ in range(3):
        connection = send_half(portal, visitor)
        wait_until(lambda: files_in(temporary) != [], 10, lambda: "the upload never began to be stored")
        connection.close()
        wait_until(lambda: files_in(temporary) == [], 10, lambda: f"left: {files_in(temporary)}")
    assert batches.count("importbatch") == before
    assert files_in(kept) == kept_before
    # The server is as before.
    answer = visitor.upload(CONTENT)
    assert (answer.status, answer.path) == (200, f"{WIZARD}{answer.batch}/mapping/")
    assert files_in(temporary) == []


def test_a_form_with_half_a_file_is_answered_with_what_to_do(standing_portal: Portal, batches: Batches) -> None:
    """The browser closes its sending side only, so that the answer can be read."""
    portal, visitor, before = standing_portal, Visitor(standing_portal), batches.count("importbatch")
    with send_half(portal, visitor) as connection:
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while block := connection.recv(65_536):
            answer += block
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert "The connection ended before the whole file had arrived. Nothing was kept." in answer.decode()
    assert batches.count("importbatch") == before


def test_what_a_killed_web_server_leaves_of_an_upload_is_removed_by_the_clock(
    standing_portal: Portal, batches: Batches
) -> None:
    portal, visitor, before = standing_portal, Visitor(standing_portal), batches.count("importbatch")
    temporary = portal.data / "tmp"
    connection = send_half(portal, visitor)
    wait_until(lambda: files_in(temporary) != [], 10, lambda: "the upload never began to be stored")
    for pid in portal.pids("web"):
        os.kill(pid, signal.SIGKILL)
    connection.close()
    portal.wait_for_line("web is back.", 30)
    assert batches.count("importbatch") == before
    (left,) = files_in(temporary)
    yesterday = time.time() - 86_500
    os.utime(left, (yesterday, yesterday))
    forgotten = portal.manage("shell", "-c", "from devices.imports import retention; retention.forget()")
    assert forgotten.returncode == 0, forgotten.stderr
    assert files_in(temporary) == []
