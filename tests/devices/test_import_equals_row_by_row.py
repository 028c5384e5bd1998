"""Do the set statements of commit and undo do what MISSION.md says, row by row, for every portal, file and choice?"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from devices.models import Device, DeviceGroup, DeviceUser, Domain, ImportBatch, ImportRow, Policy
from tests.devices.importing import REQUIRED, checked, committed, portal_state, table, undone
from tests.devices.row_by_row import Choices, Line, Person, Portal, Thing, imported, portal_of

pytestmark = pytest.mark.django_db

# Few of each, so that they meet.
EMAILS = ("ada@example.com", "Ada@Example.com", "bob@example.com", "BOB@example.com", "cleo@example.com")
KEYS = [
    (serial, platform) for serial in ("C02XK1ZZJGH5", "c02xk1zzjgh5", "R58N30ABCDE") for platform in ("ios", "tvos")
]
OPTIONAL = ("sam_account_name", "mobile", "device_name", "password", "groups", "policies", "Cost centre")
GROUPS, POLICIES = ("Berlin", "Sales", "Tokyo"), ("Kiosk", "Wi-Fi")
PORTAL_GROUPS = GROUPS[:2]  # the third one is made by an import
DECISIONS = ("", "replace", "skip", "keep")
PHONES = ("", "+4915112345678", "+4915112345679")
NAMES = st.sampled_from(["Ada", "Ada L.", "Bob", "Cléo"])


def some(names: tuple[str, ...]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(names))


def listed(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    return some(names).map(lambda chosen: ";".join(sorted(chosen)))


CELLS = {
    "sam_account_name": st.sampled_from(["", "ada", "bob"]),
    "mobile": st.sampled_from(PHONES),
    "device_name": st.sampled_from(["", "Ada's phone", "Lobby"]),
    "password": st.sampled_from(["", "open sesame"]),
    "groups": listed(GROUPS),
    "policies": listed(POLICIES),
    "Cost centre": st.sampled_from(["", "1000", "2000"]),
}
PEOPLE = st.builds(Person, NAMES, st.sampled_from(EMAILS), CELLS["sam_account_name"], CELLS["mobile"])
THINGS = st.builds(
    Thing,
    status=st.sampled_from(Device.Status.values),
    ownership=st.sampled_from(Device.Ownership.values),
    owner=st.none() | st.sampled_from(EMAILS).map(str.lower),
    name=CELLS["device_name"],
    password=st.sampled_from([None, "old secret"]),
    attributes=st.dictionaries(st.sampled_from(["Cost centre", "Room"]), st.just("0")),
    groups=some(PORTAL_GROUPS),
    policies=some(POLICIES),
    is_listed=st.booleans(),
)


@dataclass(frozen=True)
class Case:
    """A portal, a file for it, and what is chosen in the review."""

    portal: Portal
    lines: tuple[Line, ...]
    choices: Choices


@st.composite
def cases(draw: st.DrawFn) -> Case:
    people = {person.email.lower(): person for person in draw(st.lists(PEOPLE, max_size=3))}
    things = draw(st.dictionaries(st.sampled_from(KEYS), THINGS, max_size=4))
    for thing in things.values():
        if thing.owner:
            people.setdefault(thing.owner, Person("Owner", thing.owner))
    columns = draw(st.lists(st.sampled_from(OPTIONAL), unique=True))
    lines: list[Line] = []
    taken: set[str] = set()
    for serial, platform in draw(st.permutations(KEYS)):
        if serial not in taken and len(lines) < 3:  # a serial number that stands in the file twice is an error
            taken.add(serial)
            cells = {"name": draw(NAMES), "email": draw(st.sampled_from(EMAILS)), "ownership": "personal"}
            cells |= {"serial_number": serial, "platform": platform}
            cells |= {column: draw(CELLS[column]) for column in columns}
            lines.append(Line(cells, draw(st.sampled_from(DECISIONS)), draw(st.booleans())))
    mapped = frozenset(lines[0].cells)
    choices = Choices(draw(st.sampled_from(DECISIONS[1:])), mapped, draw(some(PORTAL_GROUPS)), draw(some(POLICIES)))
    return Case(Portal(people, things), tuple(lines), choices)


@contextmanager
def forgotten() -> Iterator[Domain]:
    """Undo in the database what one example does."""
    with transaction.atomic():
        yield Domain.objects.local()
        transaction.set_rollback(True)


def build(portal: Portal, domain: Domain) -> None:
    """Put a portal into the database, beside another domain with the same people."""
    groups = {name: DeviceGroup.objects.create(name=name) for name in PORTAL_GROUPS}
    policies = {name: Policy.objects.create(name=name) for name in POLICIES}
    elsewhere = Domain.objects.create(name="elsewhere.example.com")
    DeviceUser.objects.bulk_create(DeviceUser(domain=elsewhere, name="Elsewhere", email=email) for email in EMAILS[::2])
    users = {}
    for key, person in portal.people.items():
        details = {"sam_account_name": person.sam_account_name, "mobile": person.mobile}
        users[key] = DeviceUser.objects.create(domain=domain, name=person.name, email=person.email, **details)
    for (serial, platform), thing in portal.things.items():
        device = Device.objects.create(
            domain=domain,
            serial_number=serial,
            platform=platform,
            status=thing.status,
            source=Device.Source.ADE if thing.is_listed else Device.Source.IMPORT,
            ownership=thing.ownership,
            user=users[thing.owner] if thing.owner else None,
            name=thing.name,
            one_time_password=thing.password,
            custom_attributes=dict(thing.attributes),
        )
        device.groups.set(groups[name] for name in thing.groups)
        device.policies.set(policies[name] for name in thing.policies)


def reviewed(case: Case) -> ImportBatch:
    """Return the case's file as a checked batch with its rows' choices."""
    kept = ("Cost centre",) if "Cost centre" in case.choices.mapped else ()
    batch = checked(table(*(line.cells for line in case.lines)), kept=kept)
    assert batch.state == ImportBatch.State.READY, batch.failure
    for number, line in enumerate(case.lines, 2):
        rows = ImportRow.objects.filter(batch=batch, line=number)
        assert rows.update(decision=line.decision, invite=line.invite) == 1
    return batch


LAST_ROW_IS_NEW = Case(
    Portal(
        {"bob@example.com": Person("Bob", "bob@example.com")},
        {KEYS[0]: Thing(Device.Status.DISENROLLED, "corporate", "bob@example.com")},
    ),
    tuple(
        Line(dict(zip(REQUIRED, (name, "ada@example.com", "personal", serial, "ios"), strict=True)))
        for name, serial in (("Ada", KEYS[0][0]), ("Ada L.", KEYS[4][0]))
    ),
    Choices("replace", frozenset(REQUIRED)),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(LAST_ROW_IS_NEW)
@given(cases())
def test_an_import_does_what_its_rows_say_one_after_the_other_and_undo_takes_all_of_it_back(case: Case) -> None:
    with forgotten() as domain:
        build(case.portal, domain)
        assert portal_of(domain) == case.portal
        batch = reviewed(case)
        before, groups = portal_state(), set(DeviceGroup.objects.values_list("name", flat=True))
        expected, counts = imported(case.portal, case.lines, case.choices)

        batch = committed(
            batch,
            case.choices.duplicates,
            "email",
            groups=DeviceGroup.objects.filter(name__in=case.choices.groups),
            policies=Policy.objects.filter(name__in=case.choices.policies),
        )

        assert batch.state == ImportBatch.State.COMMITTED, batch.failure
        assert portal_of(domain) == expected
        assert {name: batch.counts[name] for name in counts} == counts
        assert set(Device.objects.filter(import_batch=batch).values_list("serial_number", "platform")) == (
            set(expected.things) - set(case.portal.things)
        )

        batch = undone(batch)

        assert batch.state == ImportBatch.State.UNDONE, batch.failure
        assert portal_state() == before
        assert set(DeviceGroup.objects.values_list("name", flat=True)) == groups
