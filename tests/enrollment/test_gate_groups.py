"""Does a device that just came in get what the rules of device groups give it, in the same answer?"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.groups import filling
from devices.groups.rule import Rule
from devices.models import Device, DeviceGroup
from enrollment.hand_over import hand_over
from enrollment.hand_over_all import hand_over_all
from tests.conftest import make_person
from tests.enrollment.knocking import choose, invited, knock, with_token
from tests.factories import DeviceGroupFactory, DeviceUserFactory, DomainFactory, PolicyFactory

pytestmark = pytest.mark.django_db
IOS = Rule(platforms=frozenset({"ios"}))


def ruled(rule: Rule) -> DeviceGroup:
    group: DeviceGroup = DeviceGroupFactory.create()
    group.policies.add(PolicyFactory.create())
    filling.save_rule(group, rule)
    filling.fill(group.pk)
    return group


def test_ordinary_device_gets_the_policies_of_its_rules_in_the_same_answer() -> None:
    choose(pre_approved_devices_only=False)
    invitation = invited(platform="ios", serial_number="C02IOS0001")
    group, _macs = ruled(IOS), ruled(Rule(platforms=frozenset({"macos"})))

    status, answer = knock(with_token(invitation, serial_number="C02IOS0002"))

    assert (status, answer["device_id"] == invitation.device_id) == (200, False)
    assert answer["groups"] == [group.name]
    assert [policy["id"] for policy in answer["policies"]] == [group.policies.get().pk]


def test_device_that_leaves_for_another_domain_leaves_the_groups_of_the_former_one() -> None:
    there = DomainFactory.create()
    invitation = invited()
    device = invitation.device
    here, other = ruled(Rule(domains=frozenset({device.domain_id}))), ruled(Rule(domains=frozenset({there.pk})))
    assert set(device.groups.all()) == {here}

    hand_over(device, DeviceUserFactory.create(domain=there), None)

    assert set(device.groups.all()) == {other}


def test_devices_of_a_leaver_change_groups_with_their_domain() -> None:
    there, person = DomainFactory.create(), make_person("boss", ("view_device",))
    device = invited().device
    here, other = ruled(Rule(domains=frozenset({device.domain_id}))), ruled(Rule(domains=frozenset({there.pk})))
    assert set(device.groups.all()) == {here} and device.user is not None

    hand_over_all(device.user, DeviceUserFactory.create(domain=there), person, enrolls_anew=False)

    assert set(device.groups.all()) == {other}


def test_portal_without_rules_pays_no_statement_for_them() -> None:
    choose(pre_approved_devices_only=False)

    def statements(serial_number: str) -> list[str]:
        body = with_token(invited(), serial_number=serial_number)
        with CaptureQueriesContext(connection) as asked:
            assert knock(body)[0] == 200
        return [query["sql"] for query in asked]

    without = statements("C02XG2JGJG5H")
    ruled(IOS)
    with_rules = statements("C02XG2JGJG6H")

    assert len(with_rules) == len(without) + 1  # the rules; the device is in none of the groups
    about_rules = [sql for sql in without if "devices_devicegroup WHERE rule IS NOT NULL" in sql]
    assert len(about_rules) == 1  # one of the facts, which are looked up anyway
    assert Device.objects.filter(serial_number="C02XG2JGJG6H", groups=None).exists()
