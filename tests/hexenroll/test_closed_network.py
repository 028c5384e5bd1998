"""Can a test reach another machine? It must not."""

import socket

import pytest

pytestmark = pytest.mark.once


@pytest.mark.parametrize("host", ["192.0.2.1", "registry.invalid", "2001:db8::1"])
def test_another_machine_is_out_of_reach(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as attempt, pytest.raises(AssertionError, match="only this machine is allowed"):
        attempt.connect((host, 80))


def test_this_machine_is_within_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()[:2]):
        pass
