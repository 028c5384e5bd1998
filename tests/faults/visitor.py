"""How does a fault test use the pages of a running portal without a browser?"""

import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import IO
from uuid import uuid4

from tests.portal import Portal

WIZARD = "/enroll/pre-approve/"


@dataclass(frozen=True)
class Answer:
    """What the server said in the end. `path`: where redirects led to; `text`: the page without its mark-up."""

    status: int
    path: str
    html: str

    @property
    def text(self) -> str:
        return " ".join(re.sub(r"<[^>]*>", " ", self.html).split())

    @property
    def batch(self) -> int:
        """The number of the batch whose page this is."""
        found = re.match(rf"{WIZARD}(\d+)/", self.path)
        assert found, f"{self.status} {self.path}: {self.text}"
        return int(found[1])


class Visitor:
    """The administrator of a portal, signed in."""

    def __init__(self, portal: Portal, password: str | None = None) -> None:
        self.base_url = portal.base_url
        self.cookies = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.get("/accounts/login/")
        form = {"login": "admin", "password": password or portal.password}
        assert self.post("/accounts/login/?next=/enroll/pre-approve/", **form).path == WIZARD

    def get(self, path: str) -> Answer:
        return self._open(self._request(path))

    def post(self, path: str, **fields: str) -> Answer:
        """Send a form; a path of the wizard may leave out its beginning."""
        body = urllib.parse.urlencode({"csrfmiddlewaretoken": self.cookie("csrftoken"), **fields}).encode()
        path = path if path.startswith("/") else WIZARD + path
        return self._open(self._request(path, body))

    def upload(self, content: bytes, path: str = WIZARD + "new/") -> Answer:
        """Send a file, for the first domain."""
        body, content_type = self.upload_body(content)
        return self._open(self._request(path, body, {"Content-Type": content_type}))

    def upload_body(self, content: bytes) -> tuple[bytes, str]:
        """Return the body of an upload, and its content type."""
        boundary = uuid4().hex
        domain = re.search(r'<option value="(\d+)"', self.get(WIZARD + "new/").html)
        fields = {"csrfmiddlewaretoken": self.cookie("csrftoken"), "domain": domain[1] if domain else ""}
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="devices.csv"\r\n\r\n'
        body = "".join([*parts, file]).encode() + content + f"\r\n--{boundary}--\r\n".encode()
        return body, f"multipart/form-data; boundary={boundary}"

    def cookie(self, name: str) -> str:
        return next((str(cookie.value) for cookie in self.cookies if cookie.name == name), "")

    def cookie_header(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.cookies)

    def _request(
        self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> urllib.request.Request:
        return urllib.request.Request(self.base_url + path, body, headers or {})  # noqa: S310 - http, of this machine

    def _open(self, request: urllib.request.Request) -> Answer:
        try:
            with self.opener.open(request, timeout=60) as response:
                return _answer(response.status, response.url, response)
        except urllib.error.HTTPError as error:
            return _answer(error.code, error.url, error.fp)


def _answer(status: int, url: str, response: IO[bytes] | http.client.HTTPResponse) -> Answer:
    return Answer(status, urllib.parse.urlsplit(url).path, response.read().decode(errors="replace"))
