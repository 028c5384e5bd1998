"""How is a device written into a file, so that the file can be imported again as it is?

django-import-export's resource, made from the columns of the import; used by the export and its tests.
"""

from collections.abc import Iterable

from django.db.models import QuerySet
from import_export.fields import Field
from import_export.resources import ModelResource

from devices.imports.columns import COLUMNS, STATUS_HEADER, Column
from devices.imports.columns.cells import CellWidget
from devices.models import Device


class ColumnField(Field):
    """A column of the contract; names of what is assigned are taken from prefetched objects."""

    def get_value(self, instance: Device) -> object:
        if self.attribute in ("groups", "policies"):
            return [item.name for item in getattr(instance, self.attribute).all()]
        return super().get_value(instance)


def _field(column: Column) -> ColumnField:
    return ColumnField(attribute=column.attribute or None, column_name=column.header, widget=column.widget)


class DeviceResource(ModelResource):
    """Devices with the columns of the import, and their status. Passwords are never written."""

    class Meta:
        model = Device
        fields = (*(column.field for column in COLUMNS), "status")
        export_order = fields
        use_natural_foreign_keys = False

    status = Field(attribute="get_status_display", column_name=STATUS_HEADER, widget=CellWidget(max_length=50))

    def filter_export(self, queryset: QuerySet[Device], **kwargs: object) -> QuerySet[Device]:
        return queryset.select_related("user").prefetch_related("groups", "policies")

    @classmethod
    def headers(cls) -> Iterable[str]:
        """Return the header row of an export."""
        return [field.column_name for field in cls().get_export_fields()]


for _column in COLUMNS:
    DeviceResource.fields[_column.field] = _field(_column)
