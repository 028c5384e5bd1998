"""Entries of the audit log outlive what they are about, and the database refuses to change or delete them."""

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

REFUSED = "Entries of the audit log are neither changed nor deleted."
TABLE = "CREATE TABLE hexenroll_audit_release (id integer NOT NULL PRIMARY KEY)"
SQLITE = (
    f"CREATE TRIGGER hexenroll_audit_no_update BEFORE UPDATE ON hexenroll_auditentry "
    f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END",
    f"CREATE TRIGGER hexenroll_audit_no_delete BEFORE DELETE ON hexenroll_auditentry "  # noqa: S608
    f"WHEN NOT EXISTS (SELECT 1 FROM hexenroll_audit_release) BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END",
)
POSTGRESQL = (
    "CREATE FUNCTION hexenroll_audit_is_final() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "  # noqa: S608
    "IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM hexenroll_audit_release) THEN RETURN OLD; END IF; "
    f"RAISE EXCEPTION '{REFUSED}'; END $$",
    "CREATE TRIGGER hexenroll_audit_is_final BEFORE UPDATE OR DELETE ON hexenroll_auditentry "
    "FOR EACH ROW EXECUTE FUNCTION hexenroll_audit_is_final()",
)
BACK = {
    "sqlite": ("DROP TRIGGER hexenroll_audit_no_update", "DROP TRIGGER hexenroll_audit_no_delete"),
    "postgresql": (
        "DROP TRIGGER hexenroll_audit_is_final ON hexenroll_auditentry",
        "DROP FUNCTION hexenroll_audit_is_final()",
    ),
}


def make_final(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    for statement in (TABLE, *(SQLITE if vendor == "sqlite" else POSTGRESQL)):
        schema_editor.execute(statement, params=None)


def make_changeable(apps, schema_editor):
    for statement in (*BACK[schema_editor.connection.vendor], "DROP TABLE hexenroll_audit_release"):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    # SQLite makes the table anew for each change of a column, and the triggers would go with the old one.
    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("hexenroll", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="auditentry",
            options={
                "default_permissions": ("view",),
                "get_latest_by": "timestamp",
                "ordering": ("-timestamp", "-id"),
                "permissions": (("export_auditentry", "Can export the audit log"),),
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
            },
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="actor",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="account",
            ),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="content_type",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="contenttypes.contenttype",
                verbose_name="kind",
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["actor", "-timestamp", "-id"], name="audit_actor"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(django.db.models.functions.text.Upper("object_repr"), name="audit_repr_upper"),
        ),
        migrations.RunPython(make_final, make_changeable),
    ]
