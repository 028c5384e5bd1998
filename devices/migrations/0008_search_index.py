"""Makes the index that the search of devices uses on PostgreSQL; see devices/search/tables.py."""

from typing import Any

from django.db import migrations

from devices.search import tables


def forwards(apps: Any, schema_editor: Any) -> None:
    tables.create(schema_editor.connection)


def backwards(apps: Any, schema_editor: Any) -> None:
    tables.drop(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("devices", "0007_group_imports")]

    operations = [migrations.RunPython(forwards, backwards)]
