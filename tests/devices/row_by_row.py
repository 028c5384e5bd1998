"""What should an import do? MISSION.md's rules of duplicates, row by row and as simple as can be, on plain data.

The measure for the set statements of the commit: test_import_equals_row_by_row.py holds the one against the other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from devices.models import Device, DeviceUser, Domain

Status = Device.Status
DeviceKey = tuple[str, str]  # serial number, platform


@dataclass(frozen=True)
class Person:
    """A device user, as far as an import can tell."""

    name: str
    email: str
    sam_account_name: str = ""
    mobile: str = ""


@dataclass(frozen=True)
class Thing:
    """A device, as far as an import can tell.

    Attributes:
        owner: e-mail address of its user in lower case; None: it has no user.
        is_listed: it is there because Apple lists it.
    """

    status: str
    ownership: str
    owner: str | None
    name: str = ""
    password: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    is_listed: bool = False

    @property
    def is_waiting(self) -> bool:
        """Apple lists it, and it is nobody's yet."""
        return self.is_listed and self.status == Status.PRE_APPROVED and self.owner is None


@dataclass(frozen=True)
class Portal:
    """The device users, by lower-case e-mail address, and the devices of one domain."""

    people: Mapping[str, Person] = field(default_factory=dict)
    things: Mapping[DeviceKey, Thing] = field(default_factory=dict)


@dataclass(frozen=True)
class Choices:
    """What was chosen for the whole batch, and the fields that the file fills."""

    duplicates: str
    mapped: frozenset[str]
    groups: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Line:
    """A row of the file: its cells by field, and what was chosen for it."""

    cells: Mapping[str, str]
    decision: str = ""
    invite: bool = True

    @property
    def key(self) -> DeviceKey:
        return self.cells["serial_number"], self.cells["platform"]

    @property
    def owner(self) -> str:
        return self.cells["email"].lower()


def imported(portal: Portal, lines: Iterable[Line], choices: Choices) -> tuple[Portal, dict[str, int]]:
    """Return the portal after the import, and what was counted."""
    people, things = dict(portal.people), dict(portal.things)
    counts = {"created": 0, "replaced": 0, "given": 0, "skipped": 0, "invited": 0}
    for line in lines:
        choice = line.decision or choices.duplicates
        is_known_user = line.owner in portal.people
        before = things.get(line.key)
        is_given = before is not None and before.is_waiting
        is_duplicate = (is_known_user or before is not None) and not is_given
        is_untouchable = before is not None and before.status in (Status.ENROLLED, Status.BLOCKED)
        is_there = before is not None and before.status == Status.PRE_APPROVED and not is_given
        is_skipped = (is_duplicate and choice == "skip") or (is_given and line.decision == "skip")
        if is_untouchable or is_skipped or (is_there and choice == "keep"):
            counts["skipped"] += 1
            continue
        if not is_known_user or choice == "replace":
            people[line.owner] = person(line, people.get(line.owner), choices)
        things[line.key] = thing(line, before, choices)
        counts["created" if before is None else "replaced"] += 1
        counts["given"] += is_given
        counts["invited"] += line.invite
    return Portal(people, things), counts


def person(line: Line, before: Person | None, choices: Choices) -> Person:
    """Return the user that a row tells of; fields that the file doesn't fill stay."""
    told = {name: line.cells.get(name, "") for name in ("name", "email", "sam_account_name", "mobile")}
    if before is None:
        return Person(**told)
    return replace(before, **{name: value for name, value in told.items() if name in choices.mapped})


def thing(line: Line, before: Thing | None, choices: Choices) -> Thing:
    """Return the pre-approved device that a row tells of; fields that the file doesn't fill stay."""
    was = before or Thing(Status.PRE_APPROVED, "", None)
    kept = was if was.is_waiting else Thing("", "", None)
    attributes = {name: line.cells[name] for name in ("Cost centre",) if line.cells.get(name)}
    return Thing(
        status=Status.PRE_APPROVED,
        ownership=line.cells["ownership"],
        owner=line.owner,
        name=line.cells["device_name"] or kept.name if "device_name" in choices.mapped else was.name,
        password=line.cells.get("password") or was.password,
        attributes={**was.attributes, **attributes},
        groups=kept.groups | (names(line, "groups") if "groups" in choices.mapped else was.groups) | choices.groups,
        policies=kept.policies
        | (names(line, "policies") if "policies" in choices.mapped else was.policies)
        | choices.policies,
        is_listed=was.is_listed,
    )


def names(line: Line, column: str) -> frozenset[str]:
    return frozenset(filter(None, line.cells.get(column, "").split(";")))


def portal_of(domain: Domain) -> Portal:
    """Return a domain's users and devices as they are in the database."""
    people = {
        user.email_key: Person(user.name, user.email, user.sam_account_name, str(user.mobile))
        for user in DeviceUser.objects.filter(domain=domain)
    }
    things = {
        (str(device.serial_number), device.platform): Thing(
            status=device.status,
            ownership=device.ownership,
            owner=device.user.email_key if device.user else None,
            name=device.name,
            password=device.one_time_password,
            attributes=device.custom_attributes,
            groups=frozenset(device.groups.values_list("name", flat=True)),
            policies=frozenset(device.policies.values_list("name", flat=True)),
            is_listed=device.source == Device.Source.ADE,
        )
        for device in Device.objects.filter(domain=domain).select_related("user")
    }
    return Portal(people, things)
