"""Of which domain is a sending? Only those of several are for people with all domains alone."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Max, Min, OuterRef, Subquery


def fill(apps: Any, schema_editor: Any) -> None:
    """Name the domain of each sending: its import's, else that of all its devices."""
    sendings = apps.get_model("invitations", "Sending").objects
    batches = apps.get_model("devices", "ImportBatch").objects.filter(pk=OuterRef("batch_id"))
    sendings.exclude(batch=None).update(domain_id=Subquery(batches.values("domain_id")[:1]))
    invitations = apps.get_model("invitations", "Invitation").objects.filter(sending__batch=None).order_by()
    domains = invitations.values("sending").annotate(first=Min("device__domain_id"), last=Max("device__domain_id"))
    for sending in domains.filter(first=F("last")).iterator():
        sendings.filter(pk=sending["sending"]).update(domain_id=sending["first"])


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0004_console"),
        ("invitations", "0002_bounced_and_unconfirmed"),
    ]

    operations = [
        migrations.AddField(
            model_name="sending",
            name="domain",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                editable=False,
                help_text="Of all its devices. Empty: they are of several, and only people with all domains see it.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="devices.domain",
                verbose_name="domain",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
