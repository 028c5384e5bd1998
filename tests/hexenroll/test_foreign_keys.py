"""Is what hangs on a row found by an index when the row is deleted? Else deleting one reads a table of a million."""

from itertools import chain
from typing import Any

import pytest
from django.apps import apps
from django.db.models import CompositePrimaryKey, ForeignKey, Model

OURS = ("devices", "invitations", "enrollment")


def first_columns(model: type[Model]) -> set[str]:
    """Return the fields by which an index of a model begins."""
    meta = model._meta
    by_fields = chain(meta.indexes, meta.constraints)
    found = {fields[0].removeprefix("-") for made in by_fields if (fields := getattr(made, "fields", ()))}
    if isinstance(meta.pk, CompositePrimaryKey):
        found.add(meta.pk.field_names[0].removesuffix("_id"))
    return found | {names[0] for names in meta.unique_together}


def foreign_keys() -> list[Any]:
    models = [found for found in apps.get_models(include_auto_created=True) if found._meta.app_label in OURS]
    return [field for model in models for field in model._meta.fields if isinstance(field, ForeignKey)]


@pytest.mark.once
@pytest.mark.parametrize("field", foreign_keys(), ids=str)
def test_a_foreign_key_begins_an_index(field: Any) -> None:
    assert field.db_index or field.unique or field.name in first_columns(field.model)
