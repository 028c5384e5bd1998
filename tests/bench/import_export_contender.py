"""How fast is django-import-export by its own means: as it comes (its documentation's patterns), and tuned?

Both import the same file into the same tables as hexenroll does, in the two passes of its admin: a dry run that shows
what would happen, then the import.
"""

from pathlib import Path
from typing import Any

import tablib
from django.db.models import QuerySet
from import_export.fields import Field
from import_export.instance_loaders import BaseInstanceLoader
from import_export.resources import ModelResource
from import_export.widgets import ForeignKeyWidget

from devices.models import Device, DeviceUser, Domain

CHUNK = 1_000


class UserWidget(ForeignKeyWidget):
    """The device user of a row, by e-mail address; made when there is none (the documentation's pattern)."""

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> DeviceUser:
        details = {
            "name": row["Name"],
            "email": value,
            "sam_account_name": row["SAMAccountName"],
            "mobile": row["Mobile"],
        }
        key = {"domain": Domain.objects.local(), "email_key": value.lower()}
        user, is_new = DeviceUser.objects.get_or_create(**key, defaults=details)
        if not is_new and (user.name, user.mobile) != (row["Name"], row["Mobile"]):
            DeviceUser.objects.filter(pk=user.pk).update(**details)
        return user


class StockResource(ModelResource):
    """Devices, with the library's own behaviour in everything that it decides."""

    serial_number = Field(attribute="serial_number", column_name="Serial number")
    platform = Field(attribute="platform", column_name="Platform")
    ownership = Field(attribute="ownership", column_name="Ownership")
    name = Field(attribute="name", column_name="Device name")
    one_time_password = Field(attribute="one_time_password", column_name="Password")
    user = Field(attribute="user", column_name="Email", widget=UserWidget(DeviceUser, "email"))

    class Meta:
        model = Device
        import_id_fields = ("serial_number", "platform")
        fields = ("serial_number", "platform", "ownership", "name", "one_time_password", "user")

    def before_save_instance(self, instance: Device, row: Any, **kwargs: Any) -> None:
        instance.domain = Domain.objects.local()
        instance.source = Device.Source.IMPORT


class KnownDevices(BaseInstanceLoader):
    """Finds devices among those of the file that the portal had before, fetched at once."""

    def __init__(self, resource: Any, dataset: Any = None) -> None:
        super().__init__(resource, dataset)
        known: QuerySet[Device] = Device.objects.filter(serial_number__in=dataset["Serial number"])
        self.devices = {(device.serial_number, device.platform): device for device in known}

    def get_instance(self, row: Any) -> Device | None:
        return self.devices.get((row["Serial number"], row["Platform"]))


class KnownUserWidget(ForeignKeyWidget):
    """The device user of a row, from a dictionary that was filled before."""

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> DeviceUser:
        return kwargs["users"][value.lower()]


class TunedResource(StockResource):
    """The same with everything on that the library offers for speed: bulk, caches, no diff, no reports."""

    user = Field(attribute="user", column_name="Email", widget=KnownUserWidget(DeviceUser, "email"))

    class Meta(StockResource.Meta):
        instance_loader_class = KnownDevices
        use_bulk = True
        batch_size = CHUNK
        skip_diff = True
        skip_html_diff = True
        report_skipped = False
        store_instance = False

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Write the users of the whole file at once; the last row of an address tells."""
        self.domain = Domain.objects.local()
        users = {
            row["Email"].lower(): DeviceUser(
                domain=self.domain,
                name=row["Name"],
                email=row["Email"],
                sam_account_name=row["SAMAccountName"],
                mobile=row["Mobile"],
            )
            for row in dataset.dict
        }
        details = ["name", "email", "sam_account_name", "mobile"]
        DeviceUser.objects.bulk_create(
            users.values(),
            batch_size=CHUNK,
            update_conflicts=True,
            update_fields=details,
            unique_fields=["domain", "email_key"],
        )
        self.users = {user.email_key: user for user in DeviceUser.objects.filter(domain=self.domain).iterator()}

    def import_field(self, field: Field, instance: Any, row: Any, is_m2m: bool = False, **kwargs: Any) -> None:
        super().import_field(field, instance, row, is_m2m, users=self.users, **kwargs)

    def before_save_instance(self, instance: Device, row: Any, **kwargs: Any) -> None:
        instance.domain = self.domain
        instance.source = Device.Source.IMPORT


def stock(path: Path) -> None:
    """Import a CSV file as django-import-export's documentation shows it."""
    _both_passes(StockResource, path)


def tuned(path: Path) -> None:
    """Import a CSV file as somebody would who has read all of its documentation on speed."""
    _both_passes(TunedResource, path)


def _both_passes(resource: type[ModelResource], path: Path) -> None:
    for dry_run in (True, False):
        data = tablib.Dataset().load(path.read_text(encoding="utf-8"), format="csv")
        result = resource().import_data(data, dry_run=dry_run, use_transactions=True)
        if result.has_errors() or result.has_validation_errors():
            raise RuntimeError(str([error.error for _, errors in result.row_errors()[:3] for error in errors]))
