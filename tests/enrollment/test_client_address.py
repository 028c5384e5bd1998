"""From which address does a request come? Nobody may choose it, and one person must not stand for a whole proxy."""

import ipaddress
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from enrollment.client_address import client_address, limited_address
from enrollment.models import EnrollmentAttempt
from tests.enrollment.knocking import invited, knock, with_token

PROXIES = [ipaddress.ip_network(text) for text in ("127.0.0.1", "::1", "10.0.0.0/24", "2001:db8:1::/48")]


@pytest.fixture(autouse=True)
def _proxies(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = PROXIES


def request_from(peer: str, forwarded: str | None = None) -> Any:
    headers: dict[str, Any] = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return RequestFactory().get("/", REMOTE_ADDR=peer, **headers)


@pytest.mark.once
@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        # Nobody but a proxy is believed.
        ("192.0.2.7", None, "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),
        ("10.0.1.5", "198.51.100.1", "10.0.1.5"),
        # What a proxy wrote stands on the right; what the client wrote before it doesn't count.
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "nonsense, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1, 10.0.0.3", "198.51.100.1"),
        ("2001:db8:1::9", "203.0.113.9, 198.51.100.1,10.0.0.3", "198.51.100.1"),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "10.0.0.4, 10.0.0.3", "10.0.0.4"),
        # Without a header, or with one that says nothing: the peer's.
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1, , 10.0.0.3", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1, \x00", "127.0.0.1"),
        ("127.0.0.1", "_hidden, 10.0.0.3", "127.0.0.1"),
        ("", "198.51.100.1", None),
        # Ports, brackets, zones, IPv4 in IPv6.
        ("127.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1:x", "127.0.0.1"),
        ("127.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("127.0.0.1", "[2001:db8::7]", "2001:db8::7"),
        ("127.0.0.1", "[2001:db8::7", "127.0.0.1"),
        ("127.0.0.1", "[2001:db8::7]x", "127.0.0.1"),
        ("127.0.0.1", "2001:DB8:0:0::7", "2001:db8::7"),
        ("fe80::1%eth0", None, "fe80::1"),
        ("::ffff:192.0.2.7", None, "192.0.2.7"),
        ("::ffff:10.0.0.3", "::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_the_rightmost_address_that_is_no_proxys_counts(peer: str, forwarded: str | None, expected: str | None) -> None:
    assert client_address(request_from(peer, forwarded)) == expected


@pytest.mark.once
@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:7:1:2:3:4", "2001:db8:0:7::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::"),
        ("", None),
    ],
)
def test_a_subnet_of_ipv6_is_limited_as_one(address: str, expected: str | None) -> None:
    assert limited_address(request_from(address)) == expected


@pytest.mark.once
@hypothesis_settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | st.text("0123456789abcdef.:[]%, \x00", max_size=60))
def test_whatever_a_header_says_becomes_an_address_that_a_database_stores(forwarded: str) -> None:
    found = client_address(request_from("127.0.0.1", forwarded))
    assert found == str(ipaddress.ip_address(found or ""))
    assert "%" not in found


@pytest.mark.django_db
@pytest.mark.usefixtures("clear_counters")
def test_an_attempt_is_recorded_with_the_clients_address_and_not_the_proxys() -> None:
    assert knock(with_token(invited()), HTTP_X_FORWARDED_FOR="203.0.113.9, 198.51.100.1, 10.0.0.3")[0] == 200
    assert EnrollmentAttempt.objects.get().address == "198.51.100.1"


@pytest.mark.django_db
@pytest.mark.usefixtures("clear_counters")
def test_an_address_with_a_zone_is_stored_without_it() -> None:
    assert knock(with_token(invited()), REMOTE_ADDR="fe80::1%eth0")[0] == 200
    assert EnrollmentAttempt.objects.get().address == "fe80::1"
