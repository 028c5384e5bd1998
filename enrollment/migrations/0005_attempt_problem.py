from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("enrollment", "0004_lockout"),
    ]

    operations = [
        migrations.AddField(
            model_name="enrollmentattempt",
            name="problem",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="With which fields of a request that can't be understood.",
                max_length=300,
                verbose_name="what was wrong",
            ),
        ),
    ]
