"""Finds the devices that were invited, in the order of their numbers."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0011_indexes_by_number"),
        ("invitations", "0004_help_and_blocking"),
    ]

    operations = [
        migrations.AlterField(
            model_name="invitation",
            name="device",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="invitations",
                to="devices.device",
                verbose_name="device",
            ),
        ),
        migrations.AddIndex(
            model_name="invitation",
            index=models.Index(fields=["device", "state"], name="invitation_of_device"),
        ),
    ]
