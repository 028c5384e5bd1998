"""What are the devices of the enrollment bench like? Asked by what makes their rows, and by who knocks as one of them.

Everything about a device follows from its number, in Python for the requests and in SQL for the rows and for pgbench.
The last of them are enrolled already; all others wait, each invited, each in one of the groups, which have a policy.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple

GROUPS = 20


class Fact(NamedTuple):
    """Something about a device, by its number: in Python, and as an SQL expression of `{i}`."""

    of: Callable[[int], Any]
    sql: str


def _hashed(token: Fact) -> Fact:
    return Fact(
        lambda i: sha256(token.of(i).encode()).hexdigest(), f"encode(sha256(convert_to({token.sql}, 'UTF8')), 'hex')"
    )


DEVICE = Fact(lambda i: i, "{i}")
USER = Fact(lambda i: i * 4 // 5 + 1, "({i}) * 4 / 5 + 1")  # about four users for five devices
SERIAL_NUMBER = Fact(lambda i: f"BENCH{i:09}", "'BENCH' || lpad(({i})::text, 9, '0')")
NAME = Fact(lambda i: f"Laptop {i}", "'Laptop ' || ({i})::text")
EMAIL = Fact(lambda i: f"user{USER.of(i)}@example.com", f"'user' || ({USER.sql})::text || '@example.com'")
HARDWARE_UUID = Fact(
    lambda i: f"00000000-0000-4000-8000-{i:012x}", "'00000000-0000-4000-8000-' || lpad(to_hex({i}), 12, '0')"
)
TOKEN = Fact(lambda i: f"bench-link-token-{i:026}", "'bench-link-token-' || lpad(({i})::text, 26, '0')")
TOKEN_HASH = _hashed(TOKEN)
DEVICE_TOKEN = Fact(lambda i: f"bench-device-token-{i:024}", "'bench-device-token-' || lpad(({i})::text, 24, '0')")
DEVICE_TOKEN_HASH = _hashed(DEVICE_TOKEN)
GROUP = Fact(lambda i: i % GROUPS + 1, f"({{i}}) % {GROUPS} + 1")  # its policy has the same number


PASSWORD = "Bench-Password-1"  # of all of them


def enrolled_of(devices: int) -> int:
    """Return how many of so many devices are enrolled already: those with the highest numbers."""
    return min(2_000, devices // 10)
