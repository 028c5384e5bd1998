"""Whose administrators see the attempts that are there? Those of the credentials' user, else of the device."""

from typing import Any

from django.db import migrations
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce


def fill(apps: Any, schema_editor: Any) -> None:
    """Name the domain of each attempt whose user or device is known."""
    attempts = apps.get_model("enrollment", "EnrollmentAttempt").objects.filter(domain=None)
    users = apps.get_model("devices", "DeviceUser").objects.filter(pk=OuterRef("user_id"))
    devices = apps.get_model("devices", "Device").objects.filter(pk=OuterRef("device_id"))
    attempts.filter(Q(user__isnull=False) | Q(device__isnull=False)).update(
        domain_id=Coalesce(Subquery(users.values("domain_id")[:1]), Subquery(devices.values("domain_id")[:1]))
    )


class Migration(migrations.Migration):
    dependencies = [("enrollment", "0007_device_event")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
