"""What may somebody send to the device API who means harm, or whose program is broken? Strategies, and the server.

Requests go through the application as gunicorn calls it, with all that stands around Django.
"""

import codecs
import gzip
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpResponseBase
from hypothesis import strategies as st

from devices.vocabulary import Platform
from enrollment.api.bounds import Code
from enrollment.enroll_request import CHOICES, LENGTHS
from enrollment.methods import ManagementMode, Method
from enrollment.reasons import LETS_IN, Reason
from enrollment.sent_json import is_storable
from hexenroll.wsgi import application

KNOWN_CODES = {reason.value for reason in Reason if reason not in LETS_IN} | set(Code.values)
HOST = "localhost"


# --- the server ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Said:
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.content)) if self.content else {}

    @property
    def code(self) -> str:
        """What a refusal is for programs; "" of what is none."""
        return str(self.body.get("code", ""))


@contextmanager
def kept_connection() -> Iterator[None]:
    """Keep the connection of the test's own transaction open, which the server closes after each request."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def send(path: str, body: bytes = b"", *, method: str = "POST", **headers: str) -> Said:
    """Send a request; `headers` as WSGI names them. Call it within `kept_connection`."""
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": HOST,
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": HOST,
        "REMOTE_ADDR": "192.0.2.7",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
    } | headers
    seen: list[Any] = []
    answer = application(environ, lambda *start: seen.extend(start[:2]))
    content = b"".join(answer)
    if isinstance(answer, HttpResponseBase):
        answer.close()
    return Said(int(seen[0].split()[0]), dict(seen[1]), content)


def assert_is_an_answer(said: Said, sent: bytes = b"") -> None:
    """Fail unless this is what a program understands: JSON, no failure of the server, and why it was refused."""
    shown = said, sent[:1_000]
    assert said.status < 500, shown
    if said.status != 304 and said.content:
        assert said.headers["Content-Type"] == "application/json", shown
    if said.status >= 400 and said.content:
        assert said.code in KNOWN_CODES, shown
        assert said.body.get("message") or list(said.body["errors"].values()), shown


# --- what may be in a field ------------------------------------------------------------------------------
NASTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "+1",
    "-1",
    "\t=1",
    "a\0b",
    "\ud800",
    "\udfff\ud800",
    "\ufeffx",
    "\u202egnp.exe",
    "a\u200bb\u200d",
    "\u2028\u2029",
    "\x1b[31mred\x1b[0m",
    "\x7f\x80\x9f",
    "\ufffe\uffff\U0010ffff",
    "e\u0301" * 30,
    "Z\u0310\u0323\u0317" * 20,
    "😀" * 50,
    "{{ 7 * 7 }}{% debug %}",
    "${jndi:ldap://x}",
    "' OR 1=1 --",
    "%s%n%(x)s{0}",
    "../../etc/passwd",
    "İıſß",
    "null",
    "To be filled by O.E.M.",
    " C02XG2JGJG5H ",
    "c02xg2jgjg5h",
)
lengths = st.sampled_from([20, 64, 65, 100, 101, 128, 200, 254, 255, 300, 301, 19_999, 20_001, 70_000])
any_sign = st.characters(exclude_categories=())  # halves of surrogate pairs among them
texts = (
    st.sampled_from(NASTY)
    | st.text(any_sign, max_size=20)
    | st.builds(lambda sign, length: sign * length, st.sampled_from(["x", "ü", "𝒳", " ", "<"]), lengths)
)
numbers = st.sampled_from([0, -1, 2**31, 2**63, 2**64, 10**400, -(10**4_200), 1e308, 5e-324, -0.0]) | st.floats()


def nested(depth: int, as_list: bool) -> Any:
    value: Any = "deep"
    for _level in range(depth):
        value = [value] if as_list else {"a": value}
    return value


values: st.SearchStrategy[Any] = (
    texts
    | st.none()
    | st.booleans()
    | numbers
    | st.integers()
    | st.builds(nested, st.sampled_from([1, 4, 5, 6, 50, 900]), st.booleans())
    | st.lists(texts | numbers, max_size=3)
    | st.dictionaries(texts, texts | numbers, max_size=3)
)
versions = st.sampled_from(
    ["10", "12", "9.9", "14.5", "", "11.0.0.0.0", "v10", "99999999999999999999", "-1", "1e9", "١٢"]
)
# Hostile, and yet what a device could be called: such texts are stored, and shown.
storable = st.sampled_from([text for text in NASTY if is_storable(text) and len(text) <= 60])
# What a device could say, so that requests get past the reading of their fields.
plausible: dict[str, st.SearchStrategy[Any]] = {
    "platform": st.sampled_from(Platform.values),
    "method": st.sampled_from(Method.values),
    "management_mode": st.sampled_from([*ManagementMode.values, "", None]),
    "os_version": versions,
    "hardware": st.dictionaries(st.sampled_from(["manufacturer", "model", "x"]) | storable, storable | numbers),
}
fields = st.sampled_from([*LENGTHS, *CHOICES, "hardware", "hardware", "unknown", "SERIAL_NUMBER", "", "__proto__"])


# Half of the requests are as a device could send them, and get to where its fields are stored and compared.
strange = {
    name: st.one_of(plausible.get(name, storable), plausible.get(name, storable), storable, texts, values, st.just(...))
    for name in (*LENGTHS, *CHOICES)
}
possible = plausible | {"hardware_uuid": storable, "serial_number": storable, "unknown": values}
changes = st.fixed_dictionaries({}, optional=possible) | st.lists(fields, max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: strange.get(name, values) for name in names})
)


def changed(honest: dict[str, Any], different: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (honest | different).items() if value is not ...}


# --- what may be around it -------------------------------------------------------------------------------
def plain(data: bytes) -> bytes:
    return data


def cut_off(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def recoded(encoding: str) -> Callable[[bytes], bytes]:
    return lambda data: data.decode("utf-8", "replace").encode(encoding, "replace")


def twice(data: bytes) -> bytes:
    """Give each field a second value, which is the one that counts."""
    return data[:-1] + b", " + data[1:] if data.startswith(b"{") and len(data) > 2 else data


AROUND: tuple[Callable[[bytes], bytes], ...] = (
    cut_off,
    recoded("utf-16"),
    recoded("utf-32-le"),
    recoded("latin-1"),
    gzip.compress,
    twice,
    lambda data: codecs.BOM_UTF8 + data,
    lambda data: b"[" + data + b"]",
    lambda data: data + data,
    lambda data: data + b"\0",
    lambda data: b" \r\n\t" * 50 + data,
    lambda data: data.replace(b'"', b"\xff", 1),
    lambda data: data.replace(b'"', b"\xed\xa0\x80", 3),
    lambda data: data.replace(b'": "', b'": "\xc0\x80', 1),
    lambda data: data.replace(b"{", b'{"x": ' + b"[" * 5_000, 1),
    lambda data: data.replace(b"{", b'{"x": 1e999, ', 1),
    lambda data: data.replace(b"{", b'{"x": ' + b"9" * 4_301 + b", ", 1),
    lambda data: data.replace(b"{", b'{"hardware": {"n": ' + b"9" * 4_300 + b', "f": 1.7976931348623157e308}, ', 1),
    lambda data: data.replace(b"{", b'{"hardware": {"\\u0000": "\\ud83d"}, ', 1),
    lambda data: b"",
    lambda data: b"null",
    lambda data: b"serial_number=C02XG2JGJG5H&platform=macos",
)
# Most are as they should be: what is wrong with the envelope hides what is wrong inside.
around = st.sampled_from((*AROUND, *[plain] * 9 * len(AROUND)))
CONTENT_TYPES: tuple[str, ...] = (
    "",
    "text/json",
    "application/json; charset=utf-16",
    "application/json; charset*=x'y'%41",
    "application/json; charset*=utf-8''%00",
    "application/json; charset=\x01\xff",
    "APPLICATION/JSON ; charset=UTF-8",
    "multipart/form-data; boundary=\xff",
    "application/x-www-form-urlencoded",
    "; ;;=",
    "application/json;" + "a=b;" * 2_000,
)
content_types = st.sampled_from((*CONTENT_TYPES, *["application/json"] * 19 * len(CONTENT_TYPES)))
user_agents = st.sampled_from(
    ["hexenroll-agent/1", "", "x" * 8_000, "<script>alert(2)</script>", "\0\x01\x1b[0m\xff\xed"]
)


def encoded(body: Any, *, as_ascii: bool) -> bytes:
    """Return JSON as careless programs write it: with NaN, and with halves of surrogate pairs in UTF-8."""
    return json.dumps(body, ensure_ascii=as_ascii).encode("utf-8", "surrogatepass")
