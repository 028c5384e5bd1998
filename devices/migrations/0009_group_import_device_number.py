"""The device of a staged member is a plain number: deleting devices looks nothing up there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("devices", "0008_search_index")]

    operations = [
        migrations.RemoveField(model_name="groupimportmember", name="device"),
        migrations.AddField(
            model_name="groupimportmember",
            name="device_id",
            field=models.BigIntegerField(null=True, verbose_name="device"),
        ),
    ]
