"""Tables of files of device groups on their way into the portal."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import devices.models.import_batch


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0006_device_list"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="GroupImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "file",
                    models.FileField(
                        blank=True,
                        max_length=255,
                        storage=devices.models.import_batch.private_storage,
                        upload_to="%Y/%m",
                        verbose_name="file",
                    ),
                ),
                (
                    "bad_rows_file",
                    models.FileField(
                        blank=True,
                        max_length=255,
                        storage=devices.models.import_batch.private_storage,
                        upload_to="%Y/%m",
                        verbose_name="bad rows",
                    ),
                ),
                (
                    "file_name",
                    models.CharField(help_text="As it was uploaded.", max_length=255, verbose_name="file name"),
                ),
                ("file_size", models.PositiveBigIntegerField(default=0, help_text="In bytes.", verbose_name="size")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("file_format", models.JSONField(default=dict, verbose_name="file format")),
                ("headers", models.JSONField(default=list, verbose_name="headers")),
                ("header_fingerprint", models.CharField(blank=True, editable=False, max_length=64)),
                (
                    "creates_groups",
                    models.BooleanField(
                        default=False,
                        help_text="Otherwise, a line with the name of no group is an error.",
                        verbose_name="create groups that don't exist",
                    ),
                ),
                (
                    "removes_others",
                    models.BooleanField(
                        default=False,
                        help_text="From the groups that the file names. Devices of other domains than yours stay.",
                        verbose_name="remove devices that are not in the file",
                    ),
                ),
                ("accept_good_rows", models.BooleanField(default=False, verbose_name="import the good lines")),
                (
                    "domains",
                    models.JSONField(
                        help_text="Numbers of those whose devices count; empty: all of them.",
                        null=True,
                        verbose_name="domains",
                    ),
                ),
                ("may_change_groups", models.BooleanField(default=True, editable=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checking", "Checking"),
                            ("ready", "Ready for review"),
                            ("committing", "Importing"),
                            ("committed", "Imported"),
                            ("failed", "Failed"),
                        ],
                        db_index=True,
                        default="checking",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("state_changed_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("attempts", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("heartbeat_at", models.DateTimeField(editable=False, null=True)),
                ("counts", models.JSONField(default=dict, verbose_name="counts")),
                ("failure", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="uploaded")),
                ("committed_at", models.DateTimeField(blank=True, null=True, verbose_name="imported")),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="uploaded by",
                    ),
                ),
            ],
            options={
                "verbose_name": "import of device groups",
                "verbose_name_plural": "imports of device groups",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="GroupImportProblem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line", models.PositiveIntegerField(verbose_name="line")),
                (
                    "severity",
                    models.CharField(
                        choices=[("error", "Error"), ("warning", "Warning")], max_length=7, verbose_name="severity"
                    ),
                ),
                ("code", models.CharField(help_text="See imports/problems.py.", max_length=40, verbose_name="code")),
                (
                    "field",
                    models.CharField(
                        blank=True, help_text="Empty: the whole line.", max_length=20, verbose_name="field"
                    ),
                ),
                (
                    "column",
                    models.CharField(
                        blank=True, help_text="Its header in the file.", max_length=200, verbose_name="column"
                    ),
                ),
                (
                    "value",
                    models.CharField(
                        blank=True, help_text="Shortened; never a password.", max_length=200, verbose_name="value"
                    ),
                ),
                ("suggestion", models.CharField(blank=True, max_length=200, verbose_name="suggestion")),
                (
                    "detail",
                    models.CharField(
                        blank=True,
                        help_text="What the message needs to know besides.",
                        max_length=200,
                        verbose_name="detail",
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="problems",
                        to="devices.groupimport",
                        verbose_name="import",
                    ),
                ),
            ],
            options={
                "verbose_name": "problem of an import of groups",
                "verbose_name_plural": "problems of imports of groups",
                "ordering": ("batch_id", "line", "id"),
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="GroupImportLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line", models.PositiveIntegerField(verbose_name="line")),
                ("name", models.CharField(max_length=200, verbose_name="group name")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                ("is_good", models.BooleanField(default=True)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="devices.groupimport",
                        verbose_name="import",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="devices.devicegroup",
                    ),
                ),
            ],
            options={
                "verbose_name": "line of an import of groups",
                "verbose_name_plural": "lines of imports of groups",
                "constraints": [models.UniqueConstraint(fields=("batch", "line"), name="group_import_line_unique")],
            },
        ),
        migrations.CreateModel(
            name="GroupImportMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line", models.PositiveIntegerField(verbose_name="line")),
                (
                    "platform",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("android", "Android"),
                            ("ios", "iOS and iPadOS"),
                            ("macos", "macOS"),
                            ("linux", "Linux"),
                            ("tvos", "tvOS"),
                            ("windows", "Windows"),
                        ],
                        max_length=10,
                        verbose_name="platform",
                    ),
                ),
                ("serial_number", models.CharField(max_length=64, verbose_name="serial number")),
                ("found", models.PositiveIntegerField(default=0)),
                (
                    "batch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="devices.groupimport",
                    ),
                ),
                (
                    "device",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="devices.device",
                    ),
                ),
            ],
            options={
                "verbose_name": "device of an import of groups",
                "verbose_name_plural": "devices of imports of groups",
                "indexes": [models.Index(fields=["batch", "line"], name="group_import_members")],
            },
        ),
    ]
