"""Does the device API stand whatever methods, addresses, headers and half requests it is sent?"""

import json
import re
import socket
from collections.abc import Callable

import pytest

from enrollment.enroll_request import LENGTHS
from tests.enrollment.enrolled import CHECKIN, DEVICE, DISENROLL, enrolled_device
from tests.enrollment.hostile import HOST, assert_is_an_answer, kept_connection, send
from tests.portal import Portal

ENROLL, DESCRIPTION = "/api/v1/enroll", "/api/v1/openapi.json"
ALLOWED = {ENROLL: "POST", DEVICE: "GET, HEAD", CHECKIN: "POST", DISENROLL: "POST", DESCRIPTION: "GET, HEAD"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X" * 500)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ALLOWED)
def test_each_address_says_which_methods_it_has(path: str) -> None:
    with kept_connection():
        for method in METHODS:
            answer = send(path, method=method)
            assert_is_an_answer(answer)
            if method.upper() not in ALLOWED[path]:
                assert (answer.status, answer.code) == (405, "method_not_allowed"), method
                assert answer.headers["Allow"] == ALLOWED[path]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        *(f"{path}/" for path in ALLOWED),
        *("/api/", "/api/v1", "/api/v1/", "/api/v1/%00", "/api/v2/enroll", "/api/v1//enroll", "/api/v1/enroll//"),
        *("/api/v1/../../etc/passwd", "/api/v1/enroll;x=1", "/api/v1/ENROLL", "/api/v1/enroll\n", "/api/v1/enroll\0"),
        *("/api/v1/\xff\xfe", "/api/v1/\xed\xa0\x80", "/api/v1/%s%n", "/api/" + "x" * 8_000, "/api/" + "/" * 8_000),
        "/api/v1/device/1 OR 1=1/checkin",
    ],
)
def test_what_is_no_address_of_the_api_is_said_in_json(path: str) -> None:
    with kept_connection():
        for method in ("GET", "POST"):
            answer = send(path, b"{}", method=method)
            assert_is_an_answer(answer)
            assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["//api/v1/enroll", "//", "/" * 3_000, "/api", "/\xff", "/%2e%2e/"])
def test_what_is_no_address_at_all_is_no_failure(path: str) -> None:
    with kept_connection():
        assert send(path, b"{}").status in (301, 403, 404)
        assert send(path, method="GET").status in (200, 301, 404)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "value",
    [
        *("", "Bearer", "Bearer ", "bearer \xff", "Basic YTpi", "Bearer " + "A" * 43, "Bearer " + "A" * 100_000),
        *("Bearer \0" * 10, "Bearer " + "é" * 43, "A" * 100_000, "Bearer a b", "Bearer\t" + "A" * 43),
    ],
)
def test_what_is_no_device_token_is_refused(value: str) -> None:
    with kept_connection():
        for path, method in ((DEVICE, "GET"), (CHECKIN, "POST"), (DISENROLL, "POST")):
            answer = send(path, b"{}" if method == "POST" else b"", method=method, HTTP_AUTHORIZATION=value)
            assert (answer.status, answer.code) == (401, "unauthorized")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "headers",
    [
        *({"HTTP_IF_NONE_MATCH": tag} for tag in ("", '"', "W/", ",,,", '"\xff"', '"a"' * 20_000, "\0", "x" * 100_000)),
        {"HTTP_ACCEPT_LANGUAGE": "x" * 100_000},
        {"HTTP_ACCEPT_LANGUAGE": "de;q=\xff, \0, *;q=9"},
        {"HTTP_COOKIE": "sessionid=\0\xff; csrftoken=<script>; =;;;" + "a=b;" * 5_000},
        {"HTTP_X_FORWARDED_FOR": "<script>", "HTTP_FORWARDED": "for=\xff"},
        {"HTTP_ACCEPT": "\0", "HTTP_ACCEPT_ENCODING": "gzip;q=x, \xff", "HTTP_RANGE": "bytes=9-0"},
        {"HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE", "HTTP_EXPECT": "\xff", "HTTP_REFERER": "\xff"},
        {"HTTP_IF_MODIFIED_SINCE": "Thu, 99 Foo 99999 99:99:99 GMT", "HTTP_IF_MATCH": "\xff"},
        {"QUERY_STRING": "\xff=%00&" + "a=b&" * 5_000},
        {"CONTENT_LENGTH": ""},
    ],
)
def test_strange_headers_change_nothing(headers: dict[str, str]) -> None:
    _device, token = enrolled_device()
    with kept_connection():
        answer = send(DEVICE, b"", method="GET", HTTP_AUTHORIZATION=f"Bearer {token}", **headers)
        assert_is_an_answer(answer)
        assert answer.status == 200
        answer = send(ENROLL, b"{}", **headers)
        assert (answer.status, answer.code) == (400, "invalid")


@pytest.mark.django_db
def test_a_host_that_is_not_ours_is_refused_in_json() -> None:
    with kept_connection():
        for host in ("evil.example.com", "localhost:x", "\xff", "a b", "", "[::1", "x" * 10_000):
            answer = send(ENROLL, b"{}", HTTP_HOST=host)
            assert_is_an_answer(answer)
            assert (answer.status, answer.code) == (400, "invalid"), host


# --- a really running server -----------------------------------------------------------------------------
def raw(portal: Portal, sent: bytes) -> tuple[bytes, bool]:
    """Send bytes to the portal and then nothing more; return all that it says, and whether it hung up on us."""
    said = b""
    with socket.create_connection(("127.0.0.1", portal.port), timeout=20) as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while block := connection.recv(65_536):
                said += block
        except OSError:
            return said, True  # it has read enough to refuse the rest, and its answer may be lost
    return said, False


def request(body: bytes, *headers: bytes, path: bytes = b"/api/v1/enroll", method: bytes = b"POST") -> bytes:
    lines = (
        method + b" " + path + b" HTTP/1.1",
        b"Host: " + HOST.encode(),
        b"Content-Type: application/json",
        *headers,
    )
    return b"\r\n".join((*lines, b"Connection: close", b"", b"")) + body


GOOD = json.dumps({"platform": "macos", "method": "agent", **dict.fromkeys(LENGTHS)}).encode()
LENGTH = b"Content-Length: %d" % len(GOOD)
# What is sent, and the statuses that may be said; with none the connection just ends.
REQUESTS: dict[str, tuple[bytes, set[int]]] = {
    "an honest one": (request(GOOD, LENGTH), {403}),
    "a length that is too long": (request(GOOD[:-1], b"Content-Length: 5000"), {400}),
    "a length that is too short": (request(GOOD, b"Content-Length: 5"), {400}),
    "a length that is none": (request(GOOD, b"Content-Length: x"), {400}),
    "a negative length": (request(GOOD, b"Content-Length: -5"), {400}),
    "a length beyond all": (request(GOOD, b"Content-Length: " + b"9" * 30), {413}),
    "two lengths": (request(GOOD, LENGTH, b"Content-Length: 3"), {400}),
    "no length": (request(GOOD), {400}),
    "chunks": (request(b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD), b"Transfer-Encoding: chunked"), {411}),
    "chunks that are none": (request(b"zz\r\n" + GOOD, b"Transfer-Encoding: chunked"), {400, 411}),
    "chunks and a length": (request(GOOD, LENGTH, b"Transfer-Encoding: chunked"), {400}),
    "an unknown coding": (request(GOOD, LENGTH, b"Transfer-Encoding: nonsense"), {400, 501}),
    "a compressed body": (request(GOOD, LENGTH, b"Content-Encoding: gzip"), {403}),
    "a header of 100 kB": (request(GOOD, LENGTH, b"Authorization: Bearer " + b"A" * 100_000), {400, 431}),
    "a thousand headers": (request(GOOD, LENGTH, *[b"X-%d: 1" % n for n in range(1_000)]), {400, 431}),
    "a NUL in a header": (request(GOOD, LENGTH, b"User-Agent: a\0b"), {400}),
    "a line end in a header": (request(GOOD, LENGTH, b"User-Agent: a\rb"), {400}),
    "control characters in a header": (request(GOOD, LENGTH, b"User-Agent: \x1b[31m\x7f\xff\xfe"), {400, 403}),
    "a header without a name": (request(GOOD, LENGTH, b": x"), {400}),
    "a folded header": (request(GOOD, LENGTH, b"X-A: a\r\n b"), {400}),
    "a header with a space": (request(GOOD, LENGTH, b"Content-Length : 3"), {400}),
    "an expectation": (request(GOOD, LENGTH, b"Expect: 100-continue"), {100, 403}),
    "a strange expectation": (request(GOOD, LENGTH, b"Expect: the-worst"), {400, 403, 417}),
    "two content types": (request(GOOD, LENGTH, b"Content-Type: application/json; charset*=x'y'%41"), {400}),
    "a body in UTF-16": (request(GOOD.decode().encode("utf-16"), b"Content-Length: %d" % (2 * len(GOOD) + 2)), {403}),
    "a path of 100 kB": (request(GOOD, LENGTH, path=b"/api/" + b"x" * 100_000), {400, 414}),
    "a path of raw bytes": (request(GOOD, LENGTH, path=b"/api/\xff\xfe"), {400, 404}),
    "a path with a NUL": (request(GOOD, LENGTH, path=b"/api/v1/enroll%00"), {404}),
    "a whole URL": (request(GOOD, LENGTH, path=b"http://evil.example.com/api/v1/enroll"), {400, 403, 404}),
    "an asterisk": (request(b"", method=b"OPTIONS", path=b"*"), {400, 404, 405}),
    "a method of 500 letters": (request(GOOD, LENGTH, method=b"X" * 500), {400, 405}),
    "a method that is none": (request(GOOD, LENGTH, method=b"P\xffST"), {400, 405}),
    "another protocol": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200, set()),
    "HTTP/9.9": (b"POST /api/v1/enroll HTTP/9.9\r\nHost: localhost\r\n\r\n", {400, 505}),
    "half a request": (b"POST /api/v1/enr", set()),
    "nothing": (b"", set()),
}


@pytest.mark.once
def test_half_and_smuggled_requests_are_no_failure_of_the_server(make_portal: Callable[..., Portal]) -> None:
    portal = make_portal().start()
    assert portal.manage("enrollment_settings", "pre_approved_devices_only=true").returncode == 0
    wrong = {}
    for name, (sent, expected) in REQUESTS.items():
        said, is_reset = raw(portal, sent)
        statuses = set(map(int, re.findall(rb"^HTTP/1\.1 (\d+) ", said, re.MULTILINE)))
        if not statuses <= expected or (expected and not statuses and not is_reset):
            wrong[name] = said[:300]
    assert not wrong
    assert "Traceback" not in portal.output
    assert raw(portal, request(GOOD, LENGTH))[0].startswith(b"HTTP/1.1 403 ")
