"""Of a sync of Apple ADE: may the list be empty, and who asked to wait?"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("enrollment", "0010_ade_accounts"),
    ]

    operations = [
        migrations.AddField(
            model_name="adesync",
            name="takes_empty",
            field=models.BooleanField(
                default=False, help_text="Somebody asked for the whole list: an empty one is believed."
            ),
        ),
        migrations.AddField(
            model_name="adesync",
            name="is_asked_to_wait",
            field=models.BooleanField(default=False, help_text="Apple said for how long, at the last try."),
        ),
    ]
