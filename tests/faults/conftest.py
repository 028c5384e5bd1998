"""One running portal for the faults that it survives: starting one takes longer than most of these tests."""

from collections.abc import Iterator

import pytest

from tests.faults.batches import Batches
from tests.portal import Portal
from tests.servers import Servers


@pytest.fixture(scope="package")
def standing_portal(servers: Servers, is_postgresql: bool) -> Iterator[Portal]:
    """Return a running portal that other tests have used, and left standing."""
    portal = Portal(servers.folder, is_postgresql, {})
    try:
        yield portal.start()
    finally:
        portal.close()


@pytest.fixture
def batches(standing_portal: Portal) -> Batches:
    return Batches(standing_portal)
