"""Which device users does a list show, and what is in its file? Asked by the page of device users."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from devices.imports.columns.cells import neutralise
from devices.models import Device, DeviceUser
from devices.scope import visible
from devices.search.find import users_holding

CHUNK = 2_000


def with_device_count(users: QuerySet[DeviceUser], person: Any) -> QuerySet[DeviceUser]:
    """Return the users, each with `device_count`: the number of its devices that `person` may see.

    A subquery: the database counts for the users of a page only, by the index of the devices' users.
    """
    theirs = visible(Device.objects.filter(user=OuterRef("pk")), person).order_by().values("user")
    count = theirs.annotate(number=Count("pk")).values("number")
    return users.annotate(device_count=Coalesce(Subquery(count, output_field=IntegerField()), 0))


def having_devices(users: QuerySet[DeviceUser], person: Any, *, has: bool) -> QuerySet[DeviceUser]:
    """Return the users with a device that `person` may see, or those without one."""
    theirs = Exists(visible(Device.objects.filter(user=OuterRef("pk")), person).order_by())
    return users.filter(theirs if has else ~theirs)


def matching(users: QuerySet[DeviceUser], text: str) -> QuerySet[DeviceUser]:
    """Return the users whose name, e-mail address or SAM account name holds `text`, whatever its case.

    With an index of trigrams, SAM account names are looked at only where nothing else is found, by their beginning.
    """
    by_index = users_holding(text)
    if by_index is None:
        return users.filter(Q(name__icontains=text) | Q(email__icontains=text) | Q(sam_account_name__icontains=text))
    found = users.filter(by_index)
    # Login names have no index; they mostly stand in the e-mail address, too.
    return found if found.exists() else users.filter(sam_account_name__istartswith=text)


def rows(users: QuerySet[DeviceUser]) -> Iterator[list[Any]]:
    """Yield the header and each user, as cells of a file.

    Args:
        users: with `device_count`.
    """
    yield ["Name", "Email", "SAMAccountName", "Mobile", _("Domain"), _("Devices")]
    for user in users.select_related("domain").iterator(chunk_size=CHUNK):
        cells = (user.name, user.email, user.sam_account_name, str(user.mobile), user.domain.name)
        yield [*map(neutralise, cells), user.device_count]  # type: ignore[attr-defined]
