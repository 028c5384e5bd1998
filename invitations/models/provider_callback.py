"""Was this callback of a provider taken before?"""

from django.db import models
from django.utils import timezone


class ProviderCallback(models.Model):
    """A callback that was taken: the same one is refused when it comes a second time (webhooks/)."""

    digest = models.CharField(max_length=64, unique=True)
    received_at = models.DateTimeField(default=timezone.now, db_index=True)  # indexed for forgetting old ones

    def __str__(self) -> str:
        return self.digest
