"""What the tests of invitations can ask for: a mail server."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.invitations.smtp_server import SmtpServer


@pytest.fixture
def smtp_server(settings: Settings) -> Iterator[SmtpServer]:
    """Return a running mail server, through which the portal sends."""
    with SmtpServer() as server:
        for name, value in server.settings().items():
            setattr(settings, name, value)
        yield server
