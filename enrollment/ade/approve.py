"""Which devices that Apple lists become pre-approved?

Called by the sync with each page, and by approve_chosen.py. Missing devices are made, nothing that a file or a
person entered is overwritten. Sets, in a few statements. What goes again is withdraw.py's.
"""

import json
from collections.abc import Collection
from typing import Any, Final

from django.db import connection
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.approval import end_of_approval, excluded_platforms
from devices.changes import WORDS, Action, announce
from devices.groups.membership import refresh
from devices.imports.sql import one_at_a_time, spell
from devices.models import Device
from enrollment.models import AdeAccount, AdeDevice

Place = tuple[str, str]  # serial number and platform: what a device of the portal is found by
Approval = AdeDevice.Approval
PRE_APPROVED: Final = "ade.pre_approved"
WITHDRAWN: Final = "ade.withdrawn"
WORDS[PRE_APPROVED] = _("Pre-approved, as Apple lists it")
WORDS[WITHDRAWN] = _("Withdrawn, as Apple lists it no longer")
CHUNK: Final = 1_000

_NUMBERS: Final = {"postgresql": "= ANY(%(keys)s)", "sqlite": "IN (SELECT value FROM json_each(%(keys)s))"}
# Serial numbers and platforms as JSON, [[serial, platform], ...].
_PLACES: Final = {"postgresql": "json_array_elements(%(places)s::json)", "sqlite": "json_each(%(places)s)"}
_CREATE: Final = f"""
INSERT INTO devices_device (
    serial_number, platform, ownership, name, status, source, domain_id, user_id, custom_attributes,
    approval_expires_at, created_at, updated_at
)
SELECT listed.value->>0, listed.value->>1, %(ownership)s, '', '{Device.Status.PRE_APPROVED}',
    '{Device.Source.ADE}', %(domain)s, %(user)s, {{nothing}}, CAST(%(end)s AS {{timestamp}}),
    CAST(%(now)s AS {{timestamp}}), CAST(%(now)s AS {{timestamp}})
FROM {{places}} AS listed WHERE true
ON CONFLICT (serial_number, platform) DO NOTHING
RETURNING id, serial_number, platform
"""  # noqa: S608
_GROUP: Final = """
INSERT INTO devices_device_groups (device_id, devicegroup_id)
SELECT device.id, given.devicegroup_id
FROM devices_device device
JOIN enrollment_adeaccount_groups given ON given.adeaccount_id = %(account)s
JOIN devices_devicegroup g ON g.id = given.devicegroup_id AND g.rule IS NULL
WHERE device.id {keys}
ON CONFLICT DO NOTHING
"""


def waiting(account: AdeAccount) -> QuerySet[AdeDevice, int]:
    """Return the numbers of an account's devices that are to be pre-approved.

    They are those that a person has asked for (approve_chosen.py) and, where its box is ticked, all that wait.
    """
    wanted = Q(approval=Approval.ASKED)
    if AdeAccount.objects.filter(pk=account.pk, pre_approve=True).exists():
        wanted |= Q(approval=Approval.WAITING) & ~Q(platform__in=excluded_platforms())
    found = AdeDevice.objects.listed().filter(wanted, account=account.pk)
    return found.order_by("pk").values_list("pk", flat=True)


def approve(account: AdeAccount, devices: QuerySet[AdeDevice], *, person: Any = None, before: int = 0) -> int:
    """Make the devices that are missing, for listed ones that wait for it; inside the caller's transaction.

    Args:
        account: that the devices are of.
        devices: some thousand at most.
        person: who asked for it; None: nobody.
        before: how many the same action made already.

    Returns:
        How many were made.
    """
    wanted = devices.filter(is_listed=True, account=account, approval__in=(Approval.WAITING, Approval.ASKED))
    rows = wanted.order_by("pk").select_for_update().values_list("pk", "serial_number", "platform")
    numbers = {(serial, platform): pk for pk, serial, platform in rows}
    created = create(account, list(numbers), person=person, before=before)
    mine = [numbers[place] for place in created]
    AdeDevice.objects.filter(pk__in=mine).update(approval=Approval.MADE, has_made_device=True)
    recognise(account, AdeDevice.objects.filter(pk__in=set(numbers.values()) - set(mine)))
    return len(created)


def create(account: AdeAccount, places: list[Place], *, person: Any = None, before: int = 0) -> set[Place]:
    """Make the devices that the portal doesn't have, with all that an account gives them; return which.

    Arguments as for `approve`. The rows of the ADE devices are the caller's.
    """
    if not places:
        return set()
    one_at_a_time()  # the import's commit: each would wait for what the other one has just written
    now = timezone.now()
    adapt = connection.ops.adapt_datetimefield_value
    parameters = {
        "ownership": account.ownership,
        "domain": account.domain_id,
        "user": account.default_user_id,
        "end": adapt(end_of_approval(now)),
        "now": adapt(now),
        "places": json.dumps(places),
    }
    created = {(serial, platform): pk for pk, serial, platform in _execute(_CREATE, parameters)}
    ids = sorted(created.values())
    if ids:
        _take_over(account, created)
        _execute(_GROUP, {"account": account.pk, "keys": _listed(ids)})
        refresh(Device.objects.filter(pk__in=ids), are_new=True)
    of_account: dict[str, Any] = {"domain_id": account.domain_id, "person": person, "source": account}
    announce(Device, Action.CREATED, PRE_APPROVED, ids=ids, total=before + len(ids), **of_account)
    return set(created)


def recognise(account: AdeAccount, others: QuerySet[AdeDevice]) -> None:
    """Say of devices that were there already whose they are: this account's once more, another's, or nobody's."""
    same = Device.objects.filter(
        serial_number=OuterRef("serial_number"), platform=OuterRef("platform"), source=Device.Source.ADE
    )
    claims = AdeDevice.objects.filter(
        serial_number=OuterRef("serial_number"), platform=OuterRef("platform"), has_made_device=True
    ).exclude(account=account)
    own = Q(Exists(same), has_made_device=True)
    others.update(
        approval=Case(
            When(own, then=Value(Approval.MADE.value)),
            When(Q(Exists(same)) & Q(Exists(claims)), then=Value(Approval.OTHER_ACCOUNT.value)),
            default=Value(Approval.KNOWN.value),
        ),
        has_made_device=Case(When(own, then=Value(True)), default=Value(False)),
    )


def _take_over(account: AdeAccount, created: Collection[Place]) -> None:
    """Let other accounts have made no longer what this one has made now: somebody had deleted their devices."""
    serials = [serial for serial, _platform in created]
    claims = AdeDevice.objects.filter(serial_number__in=serials, has_made_device=True).exclude(account=account)
    locked = claims.order_by("pk").select_for_update(of=("self",)).values_list("pk", "serial_number", "platform")
    stale = [pk for pk, serial, platform in locked if (serial, platform) in created]
    if stale:
        is_theirs = When(approval=Approval.MADE, then=Value(Approval.OTHER_ACCOUNT.value))
        AdeDevice.objects.filter(pk__in=stale).update(
            has_made_device=False, approval=Case(is_theirs, default=F("approval"))
        )


def _listed(numbers: list[int]) -> Any:
    """Return numbers as the one parameter of _NUMBERS."""
    return numbers if connection.vendor == "postgresql" else f"[{','.join(map(str, numbers))}]"


def _execute(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    text = statement.format(
        keys=_NUMBERS[connection.vendor],
        places=_PLACES[connection.vendor],
        timestamp=spell("timestamp"),
        nothing=spell("no_attributes"),
    )
    with connection.cursor() as cursor:
        cursor.execute(text, parameters)
        return list(cursor.fetchall()) if cursor.description else []
