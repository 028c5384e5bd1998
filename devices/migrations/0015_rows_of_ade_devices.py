"""Tells rows that give a device of Apple ADE its user from those that meet a device of the portal."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("devices", "0014_expiring_approvals")]

    operations = [
        migrations.AlterField(
            model_name="importrow",
            name="kind",
            field=models.CharField(
                choices=[
                    ("new", "New"),
                    ("known_user", "User is in the portal"),
                    ("known_device", "Device is pre-approved already"),
                    ("ade_device", "Device of Apple ADE"),
                    ("disenrolled", "Device was disenrolled"),
                    ("enrolled", "Device is enrolled"),
                    ("blocked", "Device is blocked"),
                ],
                default="new",
                max_length=12,
                verbose_name="kind",
            ),
        ),
    ]
