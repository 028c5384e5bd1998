"""Keeps with each invitation the domain in which it was sent: a device may go over to another one."""

from django.db import migrations, models

FILL = """
    UPDATE invitations_invitation
    SET domain_id = (SELECT d.domain_id FROM devices_device d WHERE d.id = invitations_invitation.device_id)
"""


class Migration(migrations.Migration):
    dependencies = [("invitations", "0005_invitation_of_device")]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="domain_id",
            field=models.BigIntegerField(
                editable=False,
                help_text="Of the device when its user was invited.",
                null=True,
                verbose_name="domain",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
