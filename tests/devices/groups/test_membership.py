"""Are the devices of a rule-based group those that its rule names, whatever happens to the devices?"""

import logging
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from devices.groups import filling, membership
from devices.groups.rule import Rule, RuleError
from devices.imports import undo
from devices.imports.steps import start_undo
from devices.models import Device, DeviceGroup, Domain, ImportBatch
from devices.vocabulary import Ownership, Platform
from tests.devices.importing import checked, committed, row, table
from tests.factories import DeviceFactory, DeviceGroupFactory, DomainFactory

pytestmark = pytest.mark.django_db
MAC = Rule(platforms=frozenset({"macos"}))


def ruled(rule: Rule = MAC, **facts: Any) -> DeviceGroup:
    """Return a group with a rule, filled."""
    group: DeviceGroup = DeviceGroupFactory.create(**facts)
    filling.save_rule(group, rule)
    filling.fill(group.pk)
    group.refresh_from_db()
    return group


def serials(group: DeviceGroup) -> set[str | None]:
    return set(group.devices.values_list("serial_number", flat=True))


def test_new_rule_takes_in_what_it_names_and_puts_out_the_others() -> None:
    DeviceFactory.create(serial_number="MAC1")
    phone = DeviceFactory.create(serial_number="PHONE1", platform="android")
    group = DeviceGroupFactory.create()
    group.devices.add(phone)

    filling.save_rule(group, MAC)
    assert filling.fill(group.pk) == (1, 1)

    assert serials(group) == {"MAC1"}
    group.refresh_from_db()
    assert group.get_state_display() == "Up to date"


def test_group_that_loses_its_rule_keeps_its_devices() -> None:
    DeviceFactory.create(serial_number="MAC1")
    group = ruled()

    filling.save_rule(group, None)

    assert (serials(group), group.is_ruled) == ({"MAC1"}, False)


def test_saved_device_comes_and_goes_with_what_it_is() -> None:
    group = ruled(Rule(name="NB-*"))
    device = DeviceFactory.create(name="NB-7")
    assert group.devices.count() == 1

    device.name = "PC-7"
    device.save(update_fields=["name"])

    assert group.devices.count() == 0


def test_save_that_touches_nothing_that_a_rule_asks_for_costs_nothing() -> None:
    ruled()
    device = DeviceFactory.create()
    with CaptureQueriesContext(connection) as asked:
        device.save(update_fields=["approval_expires_at"])
    assert "devicegroup" not in "".join(query["sql"] for query in asked)


def test_change_by_hand_of_a_rule_based_group_has_no_effect() -> None:
    group, other = ruled(), DeviceGroupFactory.create()
    mac, phone = DeviceFactory.create(), DeviceFactory.create(platform="android")

    phone.groups.set([group, other])
    mac.groups.set([other])
    group.devices.remove(mac)
    assert set(group.devices.all()) == {mac}
    group.devices.add(phone)

    assert (set(group.devices.all()), set(other.devices.all())) == ({mac}, {mac, phone})


def test_import_puts_its_devices_into_the_groups_of_rules_and_undo_takes_them_back() -> None:
    sales = Rule(attribute="Department", value="Sales")
    group, macs, before = ruled(sales), ruled(MAC), DeviceFactory.create(serial_number="C02OLD0001", platform="ios")
    content = table(
        row(1, serial_number="C02NEW0001", Department="Sales", groups=f"{macs.name};Berlin"),
        row(2, serial_number="C02NEW0002", platform="android", Department="IT", groups=macs.name),
        row(3, serial_number="C02OLD0001", platform="ios", Department="Sales"),
    )
    batch = checked(content, kept=("Department",))
    assert batch.problems.filter(code="group_has_rule").count() == 2
    batch = committed(batch, duplicates="replace")

    assert serials(group) == {"C02NEW0001", "C02OLD0001"}
    assert serials(macs) == {"C02NEW0001"}
    assert serials(DeviceGroup.objects.get(name="Berlin")) == {"C02NEW0001"}

    start_undo(batch, None, tell_worker=False)
    undo.run(batch.pk)

    assert ImportBatch.objects.get(pk=batch.pk).state == "undone"
    assert (serials(group), serials(macs), before.groups.count()) == (set(), set(), 0)


def test_night_corrects_what_went_wrong_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    DeviceFactory.create(serial_number="MAC1")
    group = ruled()
    Device.objects.update(platform="ios")  # by somebody who forgot to tell

    with caplog.at_level(logging.WARNING):
        assert filling.correct() == 1

    assert serials(group) == set()
    assert "its members were not as its rule says: 0 added, 1 removed" in caplog.text
    assert filling.correct() == 0


def test_clock_fills_what_waits_and_what_a_killed_worker_left() -> None:
    DeviceFactory.create(serial_number="MAC1")
    waiting, left = DeviceGroupFactory.create(), DeviceGroupFactory.create()
    for group in (waiting, left):
        filling.save_rule(group, MAC)
    long_ago = filling.timezone.now() - 2 * filling.STALE_AFTER
    DeviceGroup.objects.filter(pk=left.pk).update(state="filling", state_changed_at=long_ago)

    assert filling.tend() == 2

    assert (serials(waiting), serials(left)) == ({"MAC1"}, {"MAC1"})
    DeviceGroup.objects.update(state_changed_at=long_ago)
    assert filling.tend() == 2  # once more, for what was under way with the former rule
    assert set(DeviceGroup.objects.values_list("state", flat=True)) == {"current"}
    assert filling.tend() == 0


def test_statements_do_not_grow_with_the_devices() -> None:
    ruled()
    DeviceFactory.create_batch(2)
    with CaptureQueriesContext(connection) as few:
        membership.refresh(Device.objects.all())
    DeviceFactory.create_batch(18)
    with CaptureQueriesContext(connection) as many:
        membership.refresh(Device.objects.all())
    assert len(few) == len(many) == 3


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "Name at least one condition"),
        ([], "A rule is an object with"),
        ({"color": "red"}, "A rule is an object with: attribute, domains, name, ownerships, platforms."),
        ({"platforms": ["amiga"]}, "“platforms” is a list of: android"),
        ({"domains": ["1"]}, "“domains” is a list of the numbers of domains."),
        ({"name": 7}, "“name” is a text of at most 200 characters."),
        ({"name": "*a*b*c*d*"}, "at most 4 asterisks"),
        ({"name": "a\x00"}, "control character"),
        ({"attribute": {"name": "", "value": "x"}}, "Write the name of the custom attribute"),
    ],
)
def test_what_is_no_rule_is_refused_with_words(data: Any, said: str) -> None:
    with pytest.raises(RuleError, match=said.replace("(", r"\(").replace("*", r"\*")):
        Rule.from_json(data)


def test_rule_in_words_names_only_domains_that_the_reader_may_know() -> None:
    rule = Rule.from_json(
        {"platforms": ["ios", "macos"], "domains": [1, 2], "name": "NB-*", "attribute": {"name": "2024", "value": "x"}}
    )
    assert rule.describe({1: "local"}) == [
        "The platform is iOS and iPadOS or macOS.",
        "The domain is local or another domain.",
        "The name matches “NB-*”.",
        "The custom attribute “2024” is “x”.",
    ]
    assert Rule.from_json(rule.to_json()) == rule


# --- whatever the rule, whatever the devices --------------------------------------------------------------
LETTERS = st.text(st.sampled_from("aA1-*?.[]\\%_^$ (é\U0001f600'\""), max_size=6)
WORDS = st.text(st.sampled_from("aA1-.[]\\%_^$ (é\U0001f600'\""), max_size=4)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["2024", "a.b", "$", 'q"', "[0]", "dept"]),
    st.one_of(WORDS, st.integers(0, 1), st.none(), st.booleans()),
    max_size=3,
)


@dataclass(frozen=True)
class Facts:
    platform: str
    ownership: str
    domain: int
    name: str
    custom_attributes: dict[str, Any]


FACTS = st.builds(
    Facts,
    platform=st.sampled_from(["ios", "macos"]),
    ownership=st.sampled_from(Ownership.values),
    domain=st.integers(0, 1),
    name=WORDS,
    custom_attributes=ATTRIBUTES,
)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    data: dict[str, Any] = {
        "platforms": draw(st.lists(st.sampled_from(Platform.values), max_size=2)),
        "ownerships": draw(st.lists(st.sampled_from(Ownership.values), max_size=1)),
        "domains": draw(st.lists(st.integers(0, 1), max_size=1)),
        "name": draw(st.one_of(st.just(""), LETTERS)),
    }
    if draw(st.booleans()):
        name = draw(st.sampled_from(["2024", "a.b", "$", 'q"', "[0]", "dept"]))
        data["attribute"] = {"name": name, "value": draw(WORDS)}
    return data


class RandomChanges(TestCase):
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        given_rules=st.lists(rules(), min_size=1, max_size=3),
        first=st.lists(FACTS, min_size=1, max_size=5),
        then=st.lists(FACTS, min_size=5, max_size=5),
        is_saved=st.booleans(),
    )
    def test_stored_members_are_those_for_whom_the_rule_holds(
        self, given_rules: list[dict[str, Any]], first: list[Facts], then: list[Facts], is_saved: bool
    ) -> None:
        domains: list[Domain] = [Domain.objects.local(), DomainFactory.create()]
        found = []
        for data in given_rules:
            data["domains"] = [domains[number].pk for number in data["domains"]]
            try:
                found.append(Rule.from_json(data))
            except RuleError:
                continue
        early, late = found[: len(found) // 2], found[len(found) // 2 :]
        groups = [(rule, ruled(rule)) for rule in early]
        devices = [Device.objects.create(**_stored(facts, domains)) for facts in first]
        groups += [(rule, ruled(rule)) for rule in late]
        self.assert_members(groups)

        for device, facts in zip(devices, then, strict=False):
            if is_saved:
                for name, value in _stored(facts, domains).items():
                    setattr(device, name, value)
                device.save()
            else:
                Device.objects.filter(pk=device.pk).update(**_stored(facts, domains))
        if not is_saved:
            membership.refresh(Device.objects.all())
        self.assert_members(groups)

    def assert_members(self, groups: list[tuple[Rule, DeviceGroup]]) -> None:
        for rule, group in groups:
            expected = {device.pk for device in Device.objects.all() if rule.holds(device)}
            assert set(group.devices.values_list("pk", flat=True)) == expected, rule


def _stored(facts: Facts, domains: list[Domain]) -> dict[str, Any]:
    return {
        "platform": facts.platform,
        "ownership": facts.ownership,
        "domain": domains[facts.domain],
        "name": facts.name,
        "custom_attributes": facts.custom_attributes,
    }
