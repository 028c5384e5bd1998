"""Was this very request answered a moment ago? Who lost the answer asks again, with credentials that are gone."""

from django.db import models

from devices.models import Device


class AnsweredRequest(models.Model):
    """A request that let a device in, recognised by a keyed hash of the credential, serial number and hardware UUID."""

    device = models.OneToOneField(Device, models.CASCADE, primary_key=True, related_name="answered_request")
    digest = models.CharField(max_length=64, unique=True)
    until = models.DateTimeField(db_index=True)  # indexed for forgetting old ones

    def __str__(self) -> str:
        return str(self.device)
