"""What every test of enrollment can ask for."""

import pytest
from django.core.cache import cache


@pytest.fixture
def clear_counters() -> None:
    """Forget who has knocked how often: the counters outlive a test's transaction."""
    cache.clear()
