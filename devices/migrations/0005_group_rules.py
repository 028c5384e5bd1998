"""How far is a group with a rule filled? And an index for the gate, which asks with each request for any rule."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0004_console"),
    ]

    operations = [
        migrations.AddField(
            model_name="devicegroup",
            name="state",
            field=models.CharField(
                choices=[
                    ("current", "Up to date"),
                    ("waiting", "Waiting to be filled"),
                    ("filling", "Being filled"),
                    ("settling", "Up to date"),
                    ("failed", "Could not be filled"),
                ],
                db_default="current",
                default="current",
                editable=False,
                max_length=8,
                verbose_name="state",
            ),
        ),
        migrations.AddField(
            model_name="devicegroup",
            name="state_changed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="devicegroup",
            index=models.Index(condition=models.Q(("rule__isnull", False)), fields=["id"], name="device_group_ruled"),
        ),
    ]
