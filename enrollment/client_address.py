"""From which address does a request come, where proxies stand in between? Asked by the device API and the sign-in.

X-Forwarded-For is believed as far as the proxies of FORWARDED_ALLOW_IPS wrote it, and not at all from anybody else:
whoever could choose an address would lock out others, and would never be locked out.
"""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

SUBNET = 64  # bits: what one customer, or one device, has of IPv6 at least


def client_address(request: HttpRequest) -> str | None:
    """Return the address of whoever asks, as a database stores it; None where the network tells none.

    That is the rightmost address of X-Forwarded-For that is no trusted proxy's; the peer's own where the peer is no
    trusted proxy, or where an entry up to there is no address.
    """
    peer = parse_address(request.META.get("REMOTE_ADDR") or "")
    if peer is None:
        return None
    found = peer
    forwarded: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
    entries = forwarded.split(",") if forwarded else []
    while entries and _is_trusted(found):
        entry = parse_address(entries.pop())
        if entry is None:
            return str(peer)
        found = entry
    return str(found)


def limited_address(request: HttpRequest) -> str | None:
    """Return what limits by address count together: an IPv4 address, or the subnet (/64) of an IPv6 one."""
    return subnet_of(client_address(request))


def subnet_of(address: str | None) -> str | None:
    """Return an IPv4 address as it is, and the first address of an IPv6 address' subnet."""
    if address is None or ":" not in address:
        return address
    return str(ipaddress.ip_network((address, SUBNET), strict=False).network_address)


def parse_address(text: str) -> Address | None:
    """Read an address as servers and proxies write it: with a port, brackets or a zone; None where it is none.

    What is IPv4 is returned as such (::ffff:192.0.2.7). The zone is left out: it means something on one machine only.
    """
    host = text.strip()
    if host.startswith("["):
        host, bracket, port = host[1:].partition("]")
        if not bracket or (port and not _is_port(port.removeprefix(":"))):
            return None
    elif host.count(":") == 1:
        host, _colon, port = host.partition(":")
        if not _is_port(port):
            return None
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 5


def _is_trusted(address: Address) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)
