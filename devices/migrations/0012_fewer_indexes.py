"""Drops indexes of the device table that an import pays for and the device list can do without."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0011_indexes_by_number"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="device",
            name="device_by_expiry",
        ),
        migrations.RemoveIndex(
            model_name="device",
            name="device_by_ownership",
        ),
        migrations.RemoveIndex(
            model_name="device",
            name="device_by_source",
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(condition=models.Q(("ownership", "personal")), fields=["-id"], name="device_personal"),
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(
                condition=models.Q(("source", "import"), _negated=True),
                fields=["source", "id"],
                name="device_not_imported",
            ),
        ),
        # Of 0008, on PostgreSQL: short text is looked for in the index of trigrams now.
        migrations.RunSQL(
            "DROP INDEX IF EXISTS devices_device_serial_begins; DROP INDEX IF EXISTS devices_device_name_begins;",
            migrations.RunSQL.noop,
        ),
    ]
