"""Which of the devices that are invited have no one-time password, and how do they get one? Asked by queueing.py."""

from collections.abc import Collection

from django.db import connection
from django.db.models import Exists, OuterRef

from devices.imports.passwords import encrypt
from devices.models import Device

from . import one_time_password
from .models import Invitation


def fill_in(without: Collection[int], having: Collection[int]) -> None:
    """Give each device that has none a one-time password; in the transaction that writes the invitations.

    One that was invited before may lose its own at this moment, as that invitation expires: it is locked and looked at
    again. (expiry.forget_passwords locks it, too, before it looks for an invitation such as the one that is written.)

    Args:
        without: devices that had none when they were looked at.
        having: devices that had one.
    """
    before = Invitation.objects.filter(device=OuterRef("pk"))
    in_danger = Device.objects.filter(Exists(before), pk__in=having).order_by("pk")
    locked = in_danger.select_for_update(of=("self",), no_key=True).values_list("pk", "one_time_password")
    _give([*without, *(pk for pk, password in locked if password is None)])


def _give(devices: list[int]) -> None:
    if not devices:
        return
    passwords = [encrypt(one_time_password.generate()) for _device in devices]
    # Their time of change stays: an undo of their import has to know whether a person changed them.
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "UPDATE devices_device SET one_time_password = given.password "
                "FROM unnest(%s::bigint[], %s::text[]) AS given(id, password) "
                "WHERE devices_device.id = given.id AND one_time_password IS NULL",
                [devices, passwords],
            )
        else:
            cursor.executemany(
                "UPDATE devices_device SET one_time_password = %s WHERE id = %s AND one_time_password IS NULL",
                list(zip(passwords, devices, strict=True)),
            )
