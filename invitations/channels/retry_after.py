"""How long does a provider ask to wait? Reads its header Retry-After, for the channels that speak HTTP."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 86_400.0  # seconds; what asks for more is asked again after a day


def seconds_of(header: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for; None: it asks for nothing that can be read.

    Args:
        header: whole seconds, or a date, as RFC 9110, section 10.2.3, has it.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST)
