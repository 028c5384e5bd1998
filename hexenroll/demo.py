"""What is in the portal of somebody who only wants to look around? Called by `manage.py seed_demo`.

Two domains, groups, policies, and devices in every state, which came in by the import's own steps; beside them imports
that stopped at each step on the way, what became of their invitations, and who enrolled or was refused.
"""

import plistlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from random import Random
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from devices.imports import check, commit, steps, undo
from devices.models import Device, DeviceGroup, DeviceUser, Domain, ImportBatch, Policy, PolicyVersion
from devices.policies import versions
from devices.policies.kept_secret import seal_profile
from devices.vocabulary import Channel, Duplicates
from enrollment.settings_change import change
from hexenroll import demo_enrollments, demo_invitations
from hexenroll.demo_fleet import Fleet, Row, csv_file

DOMAIN = "northwind.example.com"
FILEVAULT = {
    "PayloadType": "com.apple.MCX.FileVault2",
    "PayloadVersion": 1,
    "PayloadIdentifier": "com.example.northwind.filevault",
    "PayloadUUID": "7E0C9A62-0A1B-4F5E-9C63-2E5A2A7F5B02",
    "PayloadDisplayName": "FileVault",
    "Enable": "On",
    "Defer": True,
}
PROFILE = {
    "PayloadType": "Configuration",
    "PayloadVersion": 1,
    "PayloadIdentifier": "com.example.northwind.encryption",
    "PayloadUUID": "0A6B6C0E-3B6E-4A58-8A8B-6A2E7F4E9C12",
    "PayloadDisplayName": "Disk encryption",
    "PayloadOrganization": "Northwind",
    "PayloadContent": [FILEVAULT],
}
POLICIES: dict[str, dict[str, Any]] = {
    "Passcode and encryption": {"settings": {"passcode": {"required": True, "min_length": 6}}},
    "Office Wi-Fi": {"settings": {"wifi": [{"ssid": "northwind", "security": "wpa2_enterprise"}]}},
    "Sales apps": {
        "apps": [
            {"identifier": "com.example.crm", "name": "CRM", "source": "app_store", "install": "required"},
            {"identifier": "com.example.sign", "name": "Signatures", "source": "app_store", "install": "optional"},
        ],
        "platforms": ["ios"],
    },
    "Meeting room": {
        "settings": {"restrictions": {"single_app": "com.example.calendar"}},
        "platforms": ["ios", "tvos"],
    },
}
# What they say since they were changed; with the profile of a Mac's disk encryption.
CHANGED: dict[str, dict[str, Any]] = {
    "Passcode and encryption": {
        "settings": {"passcode": {"required": True, "min_length": 8}, "restrictions": {"encryption_required": True}},
        "profile": seal_profile(plistlib.dumps(PROFILE)),
    },
    "Office Wi-Fi": {"settings": {"wifi": [{"ssid": "northwind", "security": "wpa3_enterprise"}]}},
}
GROUPS = {
    "Berlin": ("Passcode and encryption", "Office Wi-Fi"),
    "Lisbon": ("Passcode and encryption", "Office Wi-Fi"),
    "Sales": ("Sales apps",),
    "Engineering": (),
    "Meeting rooms": ("Meeting room",),
}
# Of a hundred devices that were imported long ago.
LATER = {Device.Status.ENROLLED: 55, Device.Status.DISENROLLED: 7, Device.Status.BLOCKED: 3}
LONG_AGO = timedelta(days=40)


def is_seeded() -> bool:
    """Return True when the demo was put into this portal before."""
    return Domain.objects.filter(name=DOMAIN).exists()


def holds_data() -> bool:
    """Return True when the portal holds anything of what people put into one."""
    kinds = (Device, DeviceUser, DeviceGroup, Policy, ImportBatch)
    return any(kind.objects.exists() for kind in kinds) or Domain.objects.exclude(name=Domain.LOCAL).exists()


@transaction.atomic
def seed() -> None:
    """Fill the portal; all of it or nothing. The same each time, but for the dates and the passwords' encryption."""
    office, workshop = Domain.objects.create(name=DOMAIN, kind=Domain.Kind.ENTRA_ID), Domain.objects.local()
    newest = Device.objects.order_by("-pk").values_list("pk", flat=True).first() or 0  # by force: others' devices stay
    _groups_and_policies()
    fleet = Fleet(DOMAIN)
    first = _committed(office, "fleet.csv", fleet.rows(280))
    _let_time_pass(first, fleet.randomness)
    first.refresh_from_db()
    demo_invitations.long_ago(first, fleet.randomness)
    newcomers = list(fleet.rows(24))
    demo_invitations.recently(_committed(office, "newcomers.csv", newcomers), fleet.randomness)
    _undone(_committed(office, "wrong-list.csv", fleet.rows(12)))
    renamed = (row | {"Device name": f"Spare {number}"} for number, row in enumerate(newcomers[:4], 1))
    known_devices = (*renamed, *fleet.made[:3])
    _checked(office, "autumn-order.csv", [*fleet.rows(40), *fleet.mistakes(), *fleet.known(9), *known_devices])
    workshop_fleet = Fleet("example.org", seed=3)
    demo_invitations.paused(_committed(workshop, "workshop.csv", workshop_fleet.rows(16)), workshop_fleet.randomness)
    _by_hand(workshop, workshop_fleet.rows(6))
    _checked(office, "cut-off.csv", fleet.rows(30), rest=b'"Rosa Weber,rosa')
    _uploaded(office, "spring-order.csv", csv_file(fleet.rows(35), delimiter=";"))
    made = Device.objects.filter(pk__gt=newest)
    demo_enrollments.long_ago(made, fleet.randomness)
    demo_enrollments.today(made, fleet.randomness)
    if not newest:  # what others have set up stays as it is
        change({"pre_approved_devices_only": True, "minimum_os": {"ios": "17"}}, by=_administrator())


def _groups_and_policies() -> None:
    policies = {name: Policy(name=name, **content) for name, content in POLICIES.items()}
    for policy in policies.values():
        versions.save(policy, None)
    PolicyVersion.objects.filter(policy__in=policies.values()).update(saved_at=F("saved_at") - LONG_AGO)
    for name, changes in CHANGED.items():
        for field, value in changes.items():
            setattr(policies[name], field, value)
        versions.save(policies[name], _administrator())
    for name, assigned in GROUPS.items():
        DeviceGroup.objects.create(name=name).policies.set(policies[policy] for policy in assigned)


def _uploaded(domain: Domain, name: str, content: bytes) -> ImportBatch:
    return steps.upload(domain, BytesIO(content), name, _administrator())


def _administrator() -> User | None:
    return User.objects.filter(is_superuser=True).order_by("pk").first()


def _checked(domain: Domain, name: str, rows: Iterable[Row], rest: bytes = b"") -> ImportBatch:
    """Take rows, and what stands behind them in the file, through the check."""
    batch = _uploaded(domain, name, csv_file(rows) + rest)
    kept = (batch.headers.index("Cost centre"),)
    steps.save_mapping(batch, replace(steps.suggestion(batch).mapping, kept=kept))
    steps.start_check(batch, tell_worker=False)
    check.run(batch.pk)
    batch.refresh_from_db()
    return batch


def _committed(domain: Domain, name: str, rows: Iterable[Row]) -> ImportBatch:
    batch = _checked(domain, name, rows)
    # Without a channel: the import itself invites nobody. demo_invitations.py writes what became of it.
    steps.choose(batch, duplicates=Duplicates.KEEP.value, channel=Channel.NONE.value, accept_good_rows=False)
    steps.start_commit(batch, batch.created_by, tell_worker=False)
    commit.run(batch.pk)
    batch.refresh_from_db()
    if batch.state != ImportBatch.State.COMMITTED:
        raise RuntimeError(f"{name} is {batch.state}: {batch.failure} {batch.counts}")
    return batch


def _undone(batch: ImportBatch) -> None:
    steps.start_undo(batch, batch.created_by, tell_worker=False)
    undo.run(batch.pk)


def _let_time_pass(batch: ImportBatch, randomness: Random) -> None:
    """Move an import into the past, and its devices on in their life."""
    ImportBatch.objects.filter(pk=batch.pk).update(
        **{name: F(name) - LONG_AGO for name in ("created_at", "committed_at", "state_changed_at")}
    )
    for made in (DeviceUser.objects.filter(import_batch=batch), Device.objects.filter(import_batch=batch)):
        made.update(created_at=F("created_at") - LONG_AGO, updated_at=F("updated_at") - LONG_AGO)
    for device in Device.objects.filter(import_batch=batch).order_by("pk"):
        statuses, shares = list(LATER), list(LATER.values())
        status = randomness.choices([*statuses, device.status], [*shares, 100 - sum(shares)])[0]
        if status != device.status:
            then = device.updated_at + timedelta(minutes=randomness.randrange(40 * 24 * 60))
            Device.objects.filter(pk=device.pk).update(status=status, updated_at=then)


def _by_hand(domain: Domain, rows: Iterable[Row]) -> None:
    """Make meeting-room devices, which nobody has for their own."""
    group = DeviceGroup.objects.get(name="Meeting rooms")
    for number, row in enumerate(rows, 1):
        group.devices.create(
            domain=domain,
            serial_number=row["Serial number"],
            platform=Device.Platform.TVOS if number % 2 else Device.Platform.IOS,
            ownership=Device.Ownership.CORPORATE,
            name=f"Meeting room {number}",
            status=Device.Status.ENROLLED if number > 2 else Device.Status.PRE_APPROVED,
        )
