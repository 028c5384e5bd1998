"""Through what was something done? A column of the audit log, and its filter."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class By(models.TextChoices):
    PERSON = "person", _("Person")
    API_KEY = "api_key", _("API key")
    DEVICE = "device", _("Device")
    JOB = "job", _("Job")
    COMMAND = "command", _("Command line")
