import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("devices", "0012_fewer_indexes")]

    operations = [
        migrations.AddField(
            model_name="bulkaction",
            name="as_of",
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False),
        ),
        migrations.AddField(
            model_name="bulkaction",
            name="time_zone",
            field=models.CharField(blank=True, default="", editable=False, max_length=64),
        ),
    ]
