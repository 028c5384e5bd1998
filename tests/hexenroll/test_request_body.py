"""Bodies that are too large, cut off, or have no room: refused before anything is kept."""

import errno
import io
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from devices.models import ImportBatch
from hexenroll.request_body import FORM_BYTES, WholeBody, WholeInput
from hexenroll.wsgi import application
from tests.conftest import sign_in

pytestmark = pytest.mark.django_db
BOUNDARY = "boundary"


def body_of(content: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def call(person: User | None, body: bytes, length: int) -> tuple[str, str]:
    """Send a body through the application that gunicorn serves; return status and page."""
    cookie = sign_in(person).cookies[settings.SESSION_COOKIE_NAME].value if person else ""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": reverse("enroll:upload"),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_COOKIE": f"{settings.SESSION_COOKIE_NAME}={cookie}",
        "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
        "CONTENT_LENGTH": str(length),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
    }
    seen: list[str] = []
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # it would close the test's own transaction
    try:
        with closing(application(environ, lambda status, headers, *more: seen.append(status))) as answer:  # type: ignore[type-var]
            page = b"".join(answer).decode()
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
    return seen[0], page


def stored_pieces() -> list[Path]:
    return list(Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*"))


@pytest.mark.parametrize("missing", [1, 1_000, 3_999_000])
def test_an_upload_that_is_cut_off_is_said_and_leaves_nothing(administrator: User, missing: int) -> None:
    body = body_of(b"x" * 4_000_000)
    status, page = call(administrator, body[:-missing], len(body))
    assert status == "400 Bad Request"
    assert "The upload was cut off" in page
    assert "Check the network, then upload the file again." in page
    assert not stored_pieces()
    assert not ImportBatch.objects.exists()


def test_a_whole_upload_goes_on_to_the_csrf_check(administrator: User) -> None:
    body = body_of(b"x" * 4_000_000)
    status, page = call(administrator, body, len(body))
    assert status == "403 Forbidden"
    assert "This form is out of date" in page


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        *(
            (f"text/plain; charset={name}", "415")
            for name in ("hex", "idna", "undefined", "utf-7", "utf-16", "latin-1")
        ),
        ("text/plain; charset*=nothing''utf-8", "415"),
        *((f"application/json;charset={name}", "200") for name in ("utf-8", "UTF8", "unknown", "")),
        ("application/json", "200"),
        ("", "200"),
    ],
)
def test_a_request_in_another_encoding_than_utf_8_is_refused_before_its_address_is_read(
    content_type: str, status: str
) -> None:
    seen: list[str] = []
    environ: dict[str, Any] = {"CONTENT_TYPE": content_type, "QUERY_STRING": "q=+2AA-", "wsgi.input": io.BytesIO()}

    def django(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b""]

    page = b"".join(WholeBody(django)(environ, lambda status, headers: seen.append(status[:3])))
    assert seen == [status]
    assert (b"The server reads requests in UTF-8 alone." in page) == (status == "415")


def test_a_device_reads_in_json_that_it_has_to_send_utf_8() -> None:
    seen: list[Any] = []
    environ = {"CONTENT_TYPE": "application/json; charset=utf-16", "PATH_INFO": "/api/v1/enroll"}

    def django(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise AssertionError("it is refused before")

    page = b"".join(WholeBody(django)(environ, lambda status, headers: seen.extend([status, dict(headers)])))
    assert seen == ["415 Unsupported Media Type", {"Content-Type": "application/json"}]
    text = "The server reads requests in UTF-8 alone. Send this one again as UTF-8."
    assert json.loads(page) == {"code": "invalid", "errors": {"": [text]}}


def test_a_body_above_the_limit_is_refused_before_it_is_stored(
    administrator_client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def new_file(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("stored")

    monkeypatch.setattr(TemporaryFileUploadHandler, "new_file", new_file)
    settings.HEXENROLL_IMPORT_MAX_BYTES = 2**20
    file = SimpleUploadedFile("a.csv", b"x" * (2**20 + FORM_BYTES))
    response = administrator_client.post(reverse("enroll:upload"), {"file": file})
    page = response.content.decode()
    assert response.status_code == 413
    assert "The file is too large" in page
    assert "at most 1.0\xa0MB" in page
    assert "HEXENROLL_IMPORT_MAX_BYTES" in page


def test_who_is_not_signed_in_cannot_fill_the_disk() -> None:
    body = body_of(b"x" * 4_000_000)
    status, _page = call(None, body, len(body))
    assert status == "302 Found"
    assert not stored_pieces()


def test_a_disk_that_is_full_is_said_and_leaves_nothing(administrator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def receive(self: TemporaryFileUploadHandler, raw_data: bytes, start: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(TemporaryFileUploadHandler, "receive_data_chunk", receive)
    body = body_of(b"x" * 4_000_000)
    status, page = call(administrator, body, len(body))
    assert status.startswith("507")
    assert "Free space on the server&#x27;s disk" in page
    assert not stored_pieces()


def test_a_body_is_read_to_its_announced_length_and_no_further() -> None:
    whole = WholeInput(io.BytesIO(b"one\ntwo\n"), 8)
    assert (whole.readline(), whole.read(100), whole.read(100), whole.readline()) == (b"one\n", b"two\n", b"", b"")


@pytest.mark.parametrize("size", [0, 10])
def test_a_body_that_ends_too_early_is_an_error_only_where_something_was_asked_for(size: int) -> None:
    cut = WholeInput(io.BytesIO(b""), 5)
    if size == 0:
        assert cut.read(0) == b""
        return
    with pytest.raises(ConnectionResetError, match="ended 5 bytes too early"):
        cut.read(size)
