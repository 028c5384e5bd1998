"""What stays of two requests of one device that come at the same moment?"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from devices.models import Device, DeviceInventory, DevicePolicy, Policy
from enrollment import checkin_request
from enrollment.device_token import device_of, issue
from enrollment.disenroll import disenroll
from enrollment.models import DeviceToken
from tests.enrollment.enrolled import ask, check_in, enrolled_device
from tests.factories import PolicyFactory

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Run `actions` in threads of their own that begin together; return what came of each."""
    barrier = Barrier(len(actions))

    def run(action: Callable[[], Any]) -> Any:
        try:
            barrier.wait(10)
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


@pytest.mark.parametrize("attempt", range(ROUNDS))
@pytest.mark.parametrize("has_inventory", [True, False])
def test_two_check_ins_at_once_are_both_taken(has_inventory: bool, attempt: int) -> None:
    policies = [PolicyFactory.create() for _ in range(3)]
    device, token = enrolled_device(policies=policies)
    ask(token)
    if not has_inventory:
        DeviceInventory.objects.all().delete()
    reports = [{"id": policy.pk, "version": 1, "state": "applied"} for policy in policies]
    first = {"os_version": "14.5", "policies": reports}
    second = {"battery": 0.5, "policies": reports[::-1]}
    answers = at_once(lambda: check_in(token, first), lambda: check_in(token, second))
    assert [status for status, _answer in answers] == [200, 200]
    found = DeviceInventory.objects.get(device=device)
    assert (found.os_version, found.battery) == ("14.5", 0.5)
    assert set(DevicePolicy.objects.values_list("state", flat=True)) == {"applied"}


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_two_requests_for_policies_at_once_deliver_each_once(attempt: int) -> None:
    _device, token = enrolled_device(policies=[PolicyFactory.create() for _ in range(3)])
    answers = at_once(lambda: ask(token), lambda: ask(token))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert DevicePolicy.objects.count() == 3


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_a_check_in_while_policies_are_handed_out_is_taken(attempt: int) -> None:
    policies = Policy.objects.bulk_create([Policy(name=f"Policy {number}") for number in range(200)])
    _device, token = enrolled_device(policies=policies)
    ask(token)
    Policy.objects.update(version=2)
    reports = [{"id": policy.pk, "version": 1, "state": "applied"} for policy in reversed(policies)]
    answers = at_once(lambda: ask(token).status_code, lambda: check_in(token, {"policies": reports})[0])
    assert answers == [200, 200]
    assert set(DevicePolicy.objects.values_list("version", "state")) == {(2, "delivered")}


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_of_two_tokens_issued_at_once_one_is_valid(attempt: int) -> None:
    device, _token = enrolled_device()
    tokens = at_once(lambda: issue(device.pk), lambda: issue(device.pk))
    assert [device_of(token) for token in tokens].count(device) == 1
    assert DeviceToken.objects.count() == 1


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_a_policy_that_is_deleted_while_it_is_handed_out_is_no_error(attempt: int) -> None:
    kept, goes = PolicyFactory.create(), PolicyFactory.create()
    _device, token = enrolled_device(policies=[kept, goes])
    answers = at_once(lambda: ask(token), goes.delete)
    assert answers[0].status_code == 200
    assert list(DevicePolicy.objects.values_list("policy", flat=True)) in ([kept.pk], [kept.pk, goes.pk])
    assert Device.objects.get().policies.count() == 1


def test_a_device_that_is_deleted_while_it_checks_in_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    device, token = enrolled_device()
    parse = checkin_request.parse

    def slow(body: bytes, now: datetime) -> checkin_request.CheckIn:
        disenroll(device.pk)
        device.delete()
        return parse(body, now)

    monkeypatch.setattr(checkin_request, "parse", slow)
    status, answer = check_in(token, {"battery": 0.5})
    assert (status, answer["code"]) == (401, "unauthorized")
    assert not DeviceInventory.objects.exists()
