"""Lets the indexes of the device list end with the device's number, and finds the members of a group in that order."""

import django.db.models.deletion
from django.db import migrations, models

# Of Django's own indexes of this table one is a part of its unique constraint, the other one of what is made here.
MEMBERS = """
    CREATE INDEX device_group_members ON devices_device_groups (devicegroup_id, device_id);
    DROP INDEX IF EXISTS devices_device_groups_devicegroup_id_84c37f07;
    DROP INDEX IF EXISTS devices_device_groups_device_id_a7b39b56;
"""
AS_BEFORE = """
    CREATE INDEX devices_device_groups_devicegroup_id_84c37f07 ON devices_device_groups (devicegroup_id);
    CREATE INDEX devices_device_groups_device_id_a7b39b56 ON devices_device_groups (device_id);
    DROP INDEX IF EXISTS device_group_members;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0010_help_and_blocking"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="device",
            name="device_listed",
        ),
        migrations.RemoveIndex(
            model_name="device",
            name="device_by_status",
        ),
        migrations.RemoveIndex(
            model_name="device",
            name="device_by_platform",
        ),
        migrations.RemoveIndex(
            model_name="device",
            name="device_by_ownership",
        ),
        migrations.RemoveIndex(
            model_name="device",
            name="device_by_source",
        ),
        migrations.RemoveIndex(
            model_name="device",
            name="device_by_domain",
        ),
        migrations.AlterField(
            model_name="device",
            name="import_batch",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                editable=False,
                help_text="The import that created this device.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="created_devices",
                to="devices.importbatch",
                verbose_name="import batch",
            ),
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(
                condition=models.Q(("status", "pre_approved"), _negated=True), fields=["-id"], name="device_listed"
            ),
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(fields=["status", "id"], name="device_by_status"),
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(fields=["platform", "id"], name="device_by_platform"),
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(fields=["ownership", "id"], name="device_by_ownership"),
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(fields=["source", "id"], name="device_by_source"),
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(fields=["domain", "id", "status"], name="device_by_domain"),
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(fields=["import_batch", "id"], name="device_by_batch"),
        ),
        migrations.RunSQL(MEMBERS, AS_BEFORE),
    ]
