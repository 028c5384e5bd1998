"""Was this callback taken before? Asked by the views here, in the transaction that writes its effect down."""

import hashlib
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from invitations.models import ProviderCallback

KEEP = timedelta(days=30)


class ReplayedError(Exception):
    """The callback was taken before."""


def take(*parts: str | bytes) -> None:
    """Remember a callback; inside the transaction of its effect, so that both are kept or none.

    Args:
        parts: what the callback is told by: its signature, or all that it says.

    Raises:
        ReplayedError: it was taken before, or is being taken.
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "replace") if isinstance(part, str) else part
        digest.update(b"%d:" % len(data) + data)
    try:
        with transaction.atomic():
            ProviderCallback.objects.create(digest=digest.hexdigest())
    except IntegrityError as error:
        raise ReplayedError from error


def forget_old() -> int:
    """Forget the callbacks that were taken 30 days ago and before; return how many. Called by the clock, once a day."""
    count, _kinds = ProviderCallback.objects.filter(received_at__lt=timezone.now() - KEEP).delete()
    return count
