"""What became of each policy that a device should have? Assigned, delivered, applied, failed; for the device's page."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from devices.models import Device, DevicePolicy
from devices.policies.effective import EffectivePolicy, effective_of


class Standing(TextChoices):
    """How far a policy is on its way to a device."""

    ASSIGNED = "assigned", _("Assigned")
    OUTDATED = "outdated", _("Older version on the device")
    DELIVERED = "delivered", _("Delivered")
    APPLIED = "applied", _("Applied")
    FAILED = "failed", _("Failed")
    WITHDRAWN = "withdrawn", _("To be removed")


@dataclass(frozen=True)
class PolicyStanding:
    """One policy of a device.

    Attributes:
        version: that the device should have; None for a policy that it should not have any more.
        known: the version that it was given last; None before that.
        groups: names of the groups that the policy comes from.
        is_own: the policy is assigned to the device itself.
        others: what else it comes from, in words.
    """

    policy_id: int
    name: str
    standing: Standing
    version: int | None
    known: int | None = None
    message: str = ""
    since: datetime | None = None
    groups: tuple[str, ...] = ()
    is_own: bool = False
    others: tuple[str, ...] = ()


def standings_of(device: Device) -> list[PolicyStanding]:
    """Return the policies that the device gets, in their order, and after them what it has still of others."""
    columns = DevicePolicy.objects.filter(device=device).select_related("policy").defer("policy__profile")
    rows = {row.policy_id: row for row in columns}
    effective = effective_of([device.pk], with_content=False)[device.pk]
    found = [_standing(policy, rows.pop(policy.id, None)) for policy in effective.policies]
    withdrawn = [
        PolicyStanding(row.policy_id, row.policy.name, Standing.WITHDRAWN, None, row.version, since=row.changed_at)
        for row in sorted(rows.values(), key=lambda row: row.policy_id)
    ]
    return found + withdrawn


def _standing(policy: EffectivePolicy, row: DevicePolicy | None) -> PolicyStanding:
    shown = PolicyStanding(
        policy_id=policy.id,
        name=policy.name,
        standing=Standing.ASSIGNED,
        version=policy.version,
        groups=policy.groups,
        is_own=policy.is_own,
        others=policy.others,
    )
    if row is None:
        return shown
    standing = Standing(row.state) if row.version == policy.version else Standing.OUTDATED
    return replace(shown, standing=standing, known=row.version, message=row.message, since=row.changed_at)
