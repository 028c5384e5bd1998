"""Which devices does each filter leave? One definition, for the list and for the REST API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict
from django.test import RequestFactory
from django.utils import timezone

from devices.filters import DeviceFilter
from devices.models import Device, DeviceInventory, Domain
from tests.conftest import make_person
from tests.factories import (
    DeviceFactory,
    DeviceGroupFactory,
    DeviceUserFactory,
    DomainFactory,
    ImportBatchFactory,
    PolicyFactory,
)

Status = Device.Status


def asked(query: str, person: User) -> DeviceFilter:
    request = RequestFactory().get("/")
    request.user = person
    return DeviceFilter(QueryDict(query), Device.objects.all(), request=request)


def names(query: str, person: User) -> list[str]:
    return sorted(device.name for device in asked(query, person).qs)


@pytest.mark.parametrize("field", ["domain", "group", "policy", "user", "batch"])
def test_what_somebody_may_not_see_is_unknown_by_its_number(db: None, field: str) -> None:
    group, policy, batch = DeviceGroupFactory.create(), PolicyFactory.create(), ImportBatchFactory.create()
    device = DeviceFactory.create(groups=[group], policies=[policy], import_batch=batch, status=Status.ENROLLED)
    there = {"domain": device.domain, "group": group, "policy": policy, "user": device.user, "batch": batch}[field]
    wanted = f"{field}={there.pk}"
    right = f"view_{there._meta.model_name}"
    found = asked(wanted, make_person("blind", ("view_device",)))
    assert [text.split(": ")[1] for text in found.messages()] == [f"There is none with the number {there.pk}."]
    assert not found.qs.exists()
    assert names(wanted, make_person("seeing", ("view_device", right))) == [device.name]


@pytest.fixture
def fleet(db: None) -> dict[str, Device]:
    """Return one device of each status, by it."""
    return {status: DeviceFactory.create(name=status, status=status) for status in Status.values}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["blocked", "enrolled"]),
        ("status=", ["blocked", "enrolled"]),
        ("status=pre_approved", ["pre_approved"]),
        ("status=pre_approved&status=enrolled", ["enrolled", "pre_approved"]),
        ("status=all", ["blocked", "disenrolled", "enrolled", "pre_approved"]),
        ("status=all&status=enrolled", ["blocked", "disenrolled", "enrolled", "pre_approved"]),
    ],
)
def test_pre_approved_devices_are_found_only_when_they_are_asked_for(
    fleet: Any, administrator: User, query: str, found: list[str]
) -> None:
    assert names(query, administrator) == found


def test_words_may_be_repeated(administrator: User) -> None:
    for platform in ("ios", "macos", "android"):
        DeviceFactory.create(name=platform, platform=platform, ownership="personal", source="ade")

    assert names("status=all&platform=ios&platform=macos", administrator) == ["ios", "macos"]
    assert names("status=all&ownership=corporate", administrator) == []
    assert len(names("status=all&source=ade", administrator)) == 3


def test_what_a_device_hangs_together_with(administrator: User) -> None:
    batch, user, domain = ImportBatchFactory.create(), DeviceUserFactory.create(), DomainFactory.create()
    DeviceFactory.create(name="of batch", import_batch=batch)
    DeviceFactory.create(name="of user", user=user)
    DeviceFactory.create(name="of domain", domain=domain, user=None)

    for name, row in {"batch": batch, "user": user, "domain": domain}.items():
        assert names(f"status=all&{name}={row.pk}", administrator) == [f"of {name}"]


def test_a_policy_finds_devices_that_have_it_through_a_group_too_each_once(administrator: User) -> None:
    policy, group, other = PolicyFactory.create(), DeviceGroupFactory.create(), DeviceGroupFactory.create()
    group.policies.add(policy)
    DeviceFactory.create(name="own", policies=[policy])
    DeviceFactory.create(name="both", policies=[policy], groups=[group, other])
    DeviceFactory.create(name="by group", groups=[group])
    DeviceFactory.create(name="none", groups=[other])

    assert names(f"status=all&policy={policy.pk}", administrator) == ["both", "by group", "own"]
    assert names(f"status=all&group={other.pk}&group={group.pk}", administrator) == ["both", "by group", "none"]


def test_days_are_whole_and_in_the_time_zone_of_who_asks(administrator: User) -> None:
    device = DeviceFactory.create(name="it", status=Status.ENROLLED)
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    DeviceInventory.objects.create(device=device, enrolled_at=late, last_seen_at=late)

    assert names("enrolled_after=2026-03-01&enrolled_before=2026-03-01", administrator) == ["it"]
    assert names("seen_before=2026-03-01", administrator) == []
    assert names("seen_after=2026-03-02", administrator) == []
    assert names("seen_after=2026-03-01", administrator) == ["it"]
    assert names("seen_before=2026-03-02", administrator) == ["it"]
    with timezone.override("Europe/Berlin"):  # where it is the second of March already
        assert names("enrolled_before=2026-03-01", administrator) == []
        assert names("seen_before=2026-03-02", administrator) == []
    assert names("enrolled_before=9999-12-31", administrator) == ["it"]


def test_stale_ones_have_waited_since_their_approval(administrator: User) -> None:
    long_ago, lately = timezone.now() - timedelta(days=40), timezone.now() - timedelta(days=3)
    for name, status, left in (
        ("waits", Status.PRE_APPROVED, None),
        ("came back", Status.PRE_APPROVED, lately),
        ("enrolled", Status.ENROLLED, None),
    ):
        device = DeviceFactory.create(name=name, status=status, disenrolled_at=left)
        Device.objects.filter(pk=device.pk).update(created_at=long_ago)

    assert names("stale_days=30", administrator) == ["waits"]
    assert names("stale_days=1", administrator) == ["came back", "waits"]
    assert names("stale_days=50", administrator) == []


def test_approvals_that_end_soon_are_those_of_devices_that_wait(administrator: User) -> None:
    now = timezone.now()
    for name, status, days in (
        ("soon", Status.PRE_APPROVED, 3),
        ("later", Status.PRE_APPROVED, 20),
        ("over", Status.PRE_APPROVED, -1),
        ("enrolled", Status.ENROLLED, 3),
    ):
        DeviceFactory.create(name=name, status=status, approval_expires_at=now + timedelta(days=days))
    DeviceFactory.create(name="never")

    assert names("expires_within_days=7", administrator) == ["soon"]
    assert sorted(names("expires_within_days=30", administrator)) == ["later", "soon"]


def test_search_asks_device_and_user(administrator: User) -> None:
    DeviceFactory.create(name="Fallon", serial_number="K0WN77", user=None)
    DeviceFactory.create(name="of user", user=DeviceUserFactory.create(name="Ada", email="lovelace@example.com"))

    for text, found in (("fall", "Fallon"), ("wn77", "Fallon"), ("ADA", "of user"), ("LOVEL", "of user")):
        assert names(f"status=all&q={text}", administrator) == [found]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "status=gone",
            "Enrollment status: “gone” is unknown. Possible values: pre_approved, enrolled, disenrolled, blocked, all.",
        ),
        ("platform=amiga", "Platform: “amiga” is unknown. Possible values: android, ios, macos, linux, tvos, windows."),
        ("domain=abc", "Domain: “abc” is no number. Give the number of one that is there."),
        ("domain=999999", "Domain: There is none with the number 999999."),
        (f"user={'9' * 40}", f"Device user: “{'9' * 40}” is no number. Give the number of one that is there."),
        ("user=999999999999999999", "Device user: There is none with the number 999999999999999999."),
        ("group=-1", "Device group: “-1” is no number. Give the number of one that is there."),
        ("&".join(f"batch={i}" for i in range(1, 103)), "Import: These are more than 100."),
        ("enrolled_after=31.13.2026", "Enrolled from: Write a day as year-month-day, such as 2026-01-31."),
        (
            "stale_days=-1",
            "Pre-approved for more than (days): Ensure this value is greater than or equal to 0.",
        ),
        ("stale_days=1e9", "Pre-approved for more than (days): Enter a whole number."),
        ("q=%00", "Search: Null characters are not allowed."),
    ],
)
def test_a_wrong_value_is_named_with_what_is_possible_and_finds_nothing(
    fleet: Any, administrator: User, query: str, message: str
) -> None:
    found = asked(query, administrator)

    assert list(found.qs) == []
    assert found.messages() == [message]


def test_rows_of_other_peoples_domains_are_as_if_they_were_not_there(db: None) -> None:
    mine, other = DomainFactory.create(), DomainFactory.create()
    person = make_person("of mine", ("view_device", "view_domain"), domains=[mine])

    assert asked(f"domain={mine.pk}", person).messages() == []
    assert asked(f"domain={other.pk}", person).messages() == [f"Domain: There is none with the number {other.pk}."]
    assert list(asked("", person).filters["domain"].field.queryset) == [mine]
    assert Domain.objects.count() == 3
