"""How much memory does the web server need for a large file, and how long does it take to store it?

A process of its own: `python -m tests.bench.web_memory FILE`; starts gunicorn as the portal does, uploads the file
through the form, looks at the mapping, and, when the file was checked, at the review. Prints one JSON object.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter, sleep

import django

from tests.bench.measure import peak_mb

BOUNDARY, CSRF = "bench-boundary", "x" * 32
BLOCK = 1 << 16


def main(path: Path) -> dict[str, float]:
    """Upload `path` as an administrator; return the seconds that it took and the workers' memory in megabytes."""
    django.setup()
    from devices.models import ImportBatch
    from tests.bench.hexenroll_contender import check_uploaded

    cookie = signed_in()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--config=python:hexenroll.web", "hexenroll.wsgi"]
    server = subprocess.Popen(command, env={**os.environ, "PORT": str(port)}, stdout=subprocess.DEVNULL, stderr=2)
    try:
        wait_for(port)
        begin = perf_counter()
        location = upload(port, cookie, path)
        seconds = perf_counter() - begin
        pages = [get(port, cookie, location)]
        batch = ImportBatch.objects.latest("pk")
        check_uploaded(batch)
        pages += [get(port, cookie, f"/enroll/pre-approve/{batch.pk}/{page}/") for page in ("review", "check")]
        workers = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        return {"upload_seconds": seconds, "peak_mb": max(map(peak_mb, workers)), "pages": len(pages)}
    finally:
        server.terminate()
        server.wait()


def signed_in() -> str:
    """Return the cookies of an administrator's session."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    person = User.objects.create_superuser("bench")
    client.force_login(person, backend="hexenroll.accounts.people.PeopleBackend")
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={CSRF}"


def wait_for(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            sleep(0.1)
    raise RuntimeError("gunicorn doesn't start")


def upload(port: int, cookie: str, path: Path) -> str:
    """Send the form with the file, a piece at a time; return where the answer leads."""
    from devices.models import Domain

    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="domain"\r\n\r\n{Domain.objects.local().pk}\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    ).encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()

    def body() -> Iterator[bytes]:
        yield head
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                yield block
        yield tail

    headers = {
        "Cookie": cookie,
        "X-CSRFToken": CSRF,
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": str(len(head) + path.stat().st_size + len(tail)),
    }
    connection = HTTPConnection("127.0.0.1", port, timeout=300)
    connection.request("POST", "/enroll/pre-approve/new/", body(), headers)
    answer = connection.getresponse()
    if answer.status != 302:
        raise RuntimeError(f"upload: {answer.status} {answer.read()[:2_000]!r}")
    return str(answer.headers["Location"])


def get(port: int, cookie: str, page: str) -> int:
    """Ask for a page; return its size in bytes."""
    connection = HTTPConnection("127.0.0.1", port, timeout=300)
    connection.request("GET", page, headers={"Cookie": cookie})
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"{page}: {answer.status}")
    return len(answer.read())


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
