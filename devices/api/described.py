"""What does each field of the API mean? Serializers of models say it in the model's words, if in no others."""

from typing import Any

from django.utils.text import capfirst
from rest_framework import serializers


class DescribedSerializer(serializers.ModelSerializer):
    """A model whose fields without help are described by their names."""

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        field, options = super().build_standard_field(field_name, model_field)
        return field, {"help_text": _name_of(model_field), **options}

    def build_relational_field(self, field_name: str, relation_info: Any) -> Any:
        field, options = super().build_relational_field(field_name, relation_info)
        return field, {"help_text": _name_of(relation_info.model_field), **options}


def _name_of(model_field: Any) -> str:
    return f"{capfirst(str(model_field.verbose_name))}."
