"""What belongs to a domain, so that it can't be deleted? Asked by the pages of domains."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from devices.models import Device, DeviceUser, Domain, ImportBatch

# So many of each are named.
SHOWN = 10


@dataclass(frozen=True)
class Use:
    """How many things belong to a domain, and the names of the first of each kind."""

    devices: int
    users: int
    imports: int
    device_names: tuple[str, ...] = ()
    user_names: tuple[str, ...] = ()
    import_names: tuple[str, ...] = ()

    @property
    def is_none(self) -> bool:
        """Nothing belongs to it."""
        return not (self.devices or self.users or self.imports)


def use_of(domain: Domain) -> Use:
    """Return what belongs to a domain; a few queries, however much that is."""
    devices = Device.objects.filter(domain=domain).defer("custom_attributes", "one_time_password")
    users, imports = DeviceUser.objects.filter(domain=domain), ImportBatch.objects.filter(domain=domain)
    return Use(
        devices.count(), users.count(), imports.count(), _names(devices), _names(users.order_by("pk")), _names(imports)
    )


def counts_of(domains: Iterable[Domain]) -> dict[int, tuple[int, int]]:
    """Return how many devices and device users each of some domains has, by its number; two queries."""
    keys = [domain.pk for domain in domains]
    devices, users = (
        dict(model._default_manager.filter(domain__in=keys).order_by().values_list("domain").annotate(Count("pk")))
        for model in (Device, DeviceUser)
    )
    return {key: (devices.get(key, 0), users.get(key, 0)) for key in keys}


def _names(found: QuerySet[Device] | QuerySet[DeviceUser] | QuerySet[ImportBatch]) -> tuple[str, ...]:
    return tuple(map(str, found[:SHOWN]))
