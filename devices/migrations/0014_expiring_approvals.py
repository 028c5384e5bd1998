"""Finds the devices whose approval ends soon; where approvals don't end, as is usual, the index is empty."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("devices", "0013_moment_of_bulk_action")]

    operations = [
        migrations.AddIndex(
            model_name="device",
            index=models.Index(
                condition=models.Q(("approval_expires_at__isnull", False), ("status", "pre_approved")),
                fields=["approval_expires_at"],
                name="device_expiring",
            ),
        ),
    ]
