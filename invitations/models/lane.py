"""How many workers send by one channel at once, how fast, and what keeps them from it?"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .invitation import Invitation


class Lane(models.Model):
    """A place in which one worker sends by one channel. There are as many as the provider may be asked at once.

    Its holder renews the lease every few seconds; a lane whose lease is over has lost its worker (outbox/lanes.py).
    """

    channel = models.CharField(max_length=5, choices=Invitation.Channel)
    number = models.PositiveSmallIntegerField(help_text=_("From 1."))
    holder = models.UUIDField(null=True)
    process = models.CharField(max_length=200, blank=True, help_text=_("Of the holder: see outbox/process.py."))
    lease_until = models.DateTimeField(null=True)
    next_send_at = models.DateTimeField(null=True, help_text=_("The rate limit: nothing goes out before."))
    paused_until = models.DateTimeField(null=True, help_text=_("The provider can't be used until then."))
    troubles = models.PositiveSmallIntegerField(default=0, help_text=_("How often in a row it could not be used."))
    trouble = models.TextField(blank=True, help_text=_("Why not, for the administrator."))

    class Meta:
        constraints = (models.UniqueConstraint(fields=("channel", "number"), name="lane_unique"),)

    def __str__(self) -> str:
        return f"{self.channel} {self.number}"
