"""Which policies does a device get by its ADE account? Those that stand there now, nothing is copied.

The account's are those devices that it made, as long as they are in the portal: also when Apple lists them no longer.
"""

from collections.abc import Collection
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from devices.models import Device
from devices.policies.effective import PolicySource, offer
from enrollment.models import AdeAccount, AdeDevice

# Of one account and policy there is one row a device, since a serial number is there once in an account. A device that
# somebody deleted and a file brought back is none of the account's; nor is one that was moved into another domain,
# where whoever looks after the account may have no right.
_STATEMENT: Final = f"""
SELECT device.id AS device_id, given.policy_id AS policy_id, account.name AS name
FROM devices_device device
JOIN enrollment_adedevice listed ON listed.serial_number = device.serial_number AND listed.platform = device.platform
    AND listed.has_made_device
JOIN enrollment_adeaccount_policies given ON given.adeaccount_id = listed.account_id
JOIN enrollment_adeaccount account ON account.id = listed.account_id AND account.domain_id = device.domain_id
WHERE device.id {{keys}} AND device.source = '{Device.Source.ADE}'
"""  # noqa: S608


def devices_with(policies: Collection[int]) -> QuerySet[Device]:
    """Return the devices that get any of some policies by their account."""
    made = AdeDevice.objects.filter(
        serial_number=OuterRef("serial_number"),
        platform=OuterRef("platform"),
        has_made_device=True,
        account__domain=OuterRef("domain"),
        account__policies__in=list(policies),
    )
    return Device.objects.filter(Exists(made), source=Device.Source.ADE)


def links_of(policies: Collection[int]) -> int:
    """Return how many times some policies stand in accounts."""
    return AdeAccount.policies.through.objects.filter(policy__in=list(policies)).count()


def register() -> None:
    """Let devices have the policies of their accounts."""
    says, title = _("the ADE account “%(name)s”"), _("Devices, by their ADE account")
    offer(PolicySource(_STATEMENT, says, title, devices_with, _("assignments to ADE accounts"), links_of))
