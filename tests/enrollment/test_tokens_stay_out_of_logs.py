"""Is no link's token in the logs, whatever happens to a request for it?"""

import http.client
import logging
import socket
import sqlite3
import sys
from pathlib import Path
from uuid import UUID

import pytest

from hexenroll.masked_log import MaskedFormatter, masked
from invitations.link_token import LENGTH, token_of
from tests.portal import Portal, wait_until

TOKEN = "Zk3_-9aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789x"
LINES = [
    (f"GET /i/{TOKEN} 200", "GET /i/… 200"),
    (f"POST /i/{TOKEN}/password 200", "POST /i/… 200"),
    (f'"GET http://enroll.example.com/i/{TOKEN}?lang=de HTTP/1.1"', '"GET http://enroll.example.com/i/… HTTP/1.1"'),
    (f"GET /i/{TOKEN}. 404", "GET /i/… 404"),
    (f"GET /I/{TOKEN} 404", "GET /I/… 404"),
    (f"Error handling request /%69%2F{TOKEN}", "Error handling request /%69%2F…"),
    (f"GET /i/{TOKEN[:30]} 404", "GET /i/… 404"),  # most of it is too much, too
    (f"GET /x/{TOKEN} 404", "GET /x/… 404"),
    (f"hash_of('{TOKEN}')", "hash_of('…')"),
    ("GET /static/invitation/invitation.css 200", "GET /static/invitation/invitation.css 200"),
    ("GET /admin/invitations/invitation/1/change/ 200", "GET /admin/invitations/invitation/1/change/ 200"),
    ("token_hash " + "0123456789abcdef" * 4, "token_hash " + "0123456789abcdef" * 4),
]


@pytest.mark.parametrize(("line", "shown"), LINES)
def test_tokens_are_masked_and_nothing_else(line: str, shown: str) -> None:
    assert masked(line) == shown


def test_the_example_is_as_long_as_a_token() -> None:
    assert len(TOKEN) == LENGTH == len(token_of(UUID(int=1)))


def test_a_traceback_is_masked_too() -> None:
    try:
        raise ValueError(f"/i/{TOKEN}")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "%s failed", (f"/i/{TOKEN}",), sys.exc_info())
    text = MaskedFormatter("%(message)s").format(record)
    assert "ValueError: /i/…" in text
    assert TOKEN not in text


def ask(portal: Portal, method: str, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=30)
    try:
        connection.request(method, path, headers={"Referer": f"{portal.base_url}{path}"})
        return connection.getresponse().status
    finally:
        connection.close()


def send_rubbish(portal: Portal, line: str) -> None:
    with socket.create_connection(("127.0.0.1", portal.port), timeout=30) as connection:
        connection.sendall(line.encode())
        connection.recv(1_000)


@pytest.mark.once
def test_a_running_portal_writes_no_token_into_its_logs(portal: Portal) -> None:
    found = {
        ask(portal, method, f"/i/{TOKEN}{rest}") for method in ("GET", "HEAD", "PUT") for rest in ("", "/", "?lang=de")
    }
    assert found == {404, 405}
    assert ask(portal, "POST", f"/i/{TOKEN}/password") == 404
    assert ask(portal, "GET", f"/i/{TOKEN}/password") == 302
    assert ask(portal, "GET", f"/nowhere/{TOKEN}") == 404
    send_rubbish(portal, f"GET /i/{TOKEN} RUBBISH/9\r\n\r\n")
    send_rubbish(portal, f"GET /i/{TOKEN}?{'x' * 9_000} HTTP/1.1\r\nHost: x\r\n\r\n")
    assert ask(portal, "GET", "/api/v1/openapi.json") == 200
    assert ask(portal, "GET", "/api/v1/nothing") == 404
    _break(portal)
    assert ask(portal, "GET", f"/i/{TOKEN}") == 503
    log = portal.data / "log" / "web.log"
    wait_until(lambda: "can't be shown" in log.read_text(), 10)
    assert "GET /i/… 404" in log.read_text()
    assert "Traceback" in log.read_text()
    assert "/api/v1/nothing 404" in log.read_text()
    assert "/api/v1/openapi.json 200" in log.read_text()  # only devices that get what they ask for leave no line
    for path in (portal.data / "log").rglob("*"):
        assert TOKEN not in path.read_text(errors="replace"), path
    assert TOKEN not in portal.output


def _break(portal: Portal) -> None:
    """Take the table of invitations away, so that the page fails."""
    database = Path(portal.data, "db.sqlite3")
    with sqlite3.connect(database) as connection:
        connection.execute("ALTER TABLE invitations_invitation RENAME TO gone")
    connection.close()
