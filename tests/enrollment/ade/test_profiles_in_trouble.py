"""Enrollment profiles when something goes wrong: Apple says no, a worker dies, somebody changes their mind."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.utils import timezone
from django.utils.formats import date_format, localize
from django.utils.timezone import localtime

from enrollment import tasks
from enrollment.ade import lease, profiles, telling
from enrollment.ade.client import Client
from enrollment.ade.profile_words import assignment_of
from enrollment.models import AdeAccount, AdeAssignment, AdeDevice, AdeProfile
from invitations.outbox.process import this_process
from tests.ade_simulator.running import Simulator
from tests.enrollment.ade.profiled import connected, listed, profile_of, states, tell
from tests.portal import wait_until

pytestmark = pytest.mark.django_db
State = AdeProfile.State
DEFINE, ASSIGN = "POST /profile", "POST /profile/devices"


@pytest.fixture
def account(ade_simulator: Simulator) -> AdeAccount:
    """Return an account with two devices that wait for a profile, which waits to be defined."""
    account = connected(ade_simulator)
    listed(account, ade_simulator.add(2))
    profiles.assign(profile_of(account), account.devices.all())
    return account


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the accounts that a worker was called for."""
    found: list[int] = []
    monkeypatch.setattr(profiles.current_app, "send_task", lambda name, arguments, **kwargs: found.extend(arguments))
    return found


def device_of(account: AdeAccount) -> AdeDevice:
    found = account.devices.select_related("account__assignment", "wanted_profile").first()
    assert found is not None
    return found


def put_off(account: AdeAccount) -> AdeAssignment:
    return AdeAssignment.objects.get(account=account)


def test_429_is_waited_for_as_long_as_apple_says(ade_simulator: Simulator, account: AdeAccount) -> None:
    ade_simulator.script(DEFINE, status=429, headers={"Retry-After": "900"})
    assert tell(account) == 0
    waiting = put_off(account)
    assert waiting.next_at is not None
    assert timedelta(minutes=14) < waiting.next_at - timezone.now() < timedelta(minutes=16)
    assert (waiting.claim, waiting.tries, waiting.error) == (None, 1, "http_429")
    assert tell(account) == 0
    assert len(ade_simulator.requests(DEFINE)) == 1


@pytest.mark.parametrize(("status", "state"), [(429, AdeAccount.State.THROTTLED), (503, AdeAccount.State.UNREACHABLE)])
def test_account_and_device_say_that_apple_is_not_told_now_until_it_answers(
    ade_simulator: Simulator, account: AdeAccount, administrator_client: Browser, status: int, state: str
) -> None:
    ade_simulator.script(DEFINE, status=status, headers={"Retry-After": "900"})
    tell(account)
    account.refresh_from_db()
    assert account.state == state
    when = date_format(localtime(put_off(account).next_at), "DATETIME_FORMAT")
    page = administrator_client.get(f"/admin/enrollment/adeaccount/{account.pk}/change/").content.decode()
    said = f"Apple can’t be told about enrollment profiles now (http_{status}). After {when} the portal tries again."
    assert said in page
    assert assignment_of(device_of(account)).startswith(
        f"Waiting until {localize(localtime(put_off(account).next_at))}"
    )
    assert f"(http_{status})" in assignment_of(device_of(account))
    ade_simulator.clear_scripts()
    AdeAssignment.objects.update(next_at=timezone.now())
    assert tell(account) == 2
    account.refresh_from_db()
    assert account.state == AdeAccount.State.OK


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("terms_not_signed", "Waiting: the account is in trouble (Terms not accepted). Its page says what to do."),
        ("expired", "Waiting: the account is in trouble (Token expired). Its page says what to do."),
        ("new", "Waiting: the account has no token. Connect it first."),
        ("ok", "Waiting: Apple will be told in a moment."),
    ],
)
def test_device_whose_account_is_in_trouble_is_not_said_to_get_its_profile_in_a_moment(
    account: AdeAccount, state: str, said: str
) -> None:
    AdeAccount.objects.update(state=state)
    for assign_state in ("waiting",) if state == "ok" else ("waiting", "failed", "throttled"):
        account.devices.update(assign_state=assign_state, assign_after=None)
        assert assignment_of(device_of(account)) == said


def test_each_failure_in_a_row_is_followed_by_a_longer_wait_and_a_success_ends_that(
    ade_simulator: Simulator, account: AdeAccount
) -> None:
    waits = []
    ade_simulator.script(DEFINE, status=503, times=3)
    for _number in range(3):
        tell(account)
        next_at = put_off(account).next_at
        assert next_at is not None
        waits.append(next_at - timezone.now())
        AdeAssignment.objects.update(next_at=timezone.now())
    assert waits[0] < timedelta(minutes=2) < waits[1] + timedelta(minutes=1)
    assert waits[0] < waits[2]
    assert tell(account) == 2
    after = put_off(account)
    assert (after.next_at, after.tries, after.error) == (None, 0, "")


def test_result_that_got_lost_on_its_way_is_asked_for_again(ade_simulator: Simulator, account: AdeAccount) -> None:
    for endpoint in (DEFINE, ASSIGN):
        ade_simulator.script(endpoint, drop="unanswered", times=3)
        tell(account)
        ade_simulator.clear_scripts()
        AdeAssignment.objects.update(next_at=None)
    tell(account)
    assert set(states(account).values()) == {"assigned"}
    uuid = account.profiles.get().uuid
    assert {device["profile_uuid"] for device in ade_simulator.devices().values()} == {uuid}


def test_terms_that_are_not_signed_are_a_state_of_the_account_and_it_goes_on_when_they_are(
    ade_simulator: Simulator, account: AdeAccount, sent: list[int]
) -> None:
    ade_simulator.script("*", status=403, body='"T_C_NOT_SIGNED"')
    tell(account)
    account.refresh_from_db()
    assert account.state == AdeAccount.State.TERMS_NOT_SIGNED
    assert tasks.tend_ade_profiles() == 0
    assert tell(account) == 0
    AdeAccount.objects.update(state=AdeAccount.State.OK)
    assert tasks.tend_ade_profiles() == 1
    assert sent == [account.pk]
    assert tasks.tell_ade_profiles(account.pk) == 2


def test_refused_session_is_renewed_in_the_middle(ade_simulator: Simulator, account: AdeAccount) -> None:
    ade_simulator.limit_sessions(calls=1)
    assert tell(account) == 2
    assert set(states(account).values()) == {"assigned"}


def test_assignment_that_apple_does_not_like_fails_for_its_devices_and_is_tried_the_next_day(
    ade_simulator: Simulator, account: AdeAccount
) -> None:
    ade_simulator.script(ASSIGN, status=400, body="DEVICE_ID_REQUIRED")
    tell(account)
    assert set(states(account).values()) == {"failed"}
    assert account.devices.filter(assign_after__gt=timezone.now() + timedelta(hours=23)).count() == 2


def test_one_worker_at_a_time_tells_apple_about_an_account(ade_simulator: Simulator, account: AdeAccount) -> None:
    AdeAssignment.objects.create(account=account, claim=uuid4(), alive_at=timezone.now())
    assert tell(account) == 0
    assert ade_simulator.requests() == []


def test_account_of_a_killed_worker_is_taken_over_when_it_gave_no_sign_for_a_while(
    ade_simulator: Simulator, account: AdeAccount, sent: list[int]
) -> None:
    AdeAssignment.objects.create(account=account, claim=uuid4(), alive_at=timezone.now())
    assert tasks.tend_ade_profiles() == 0
    AdeAssignment.objects.update(alive_at=timezone.now() - lease.LEASE - timedelta(seconds=1))
    assert tasks.tend_ade_profiles() == 1
    assert tell(account) == 2


def test_account_of_a_process_that_is_gone_is_taken_over_at_once(
    ade_simulator: Simulator, account: AdeAccount, sent: list[int]
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    space = this_process().rsplit(":", 2)[0]
    started = Path(f"/proc/{gone.pid}/stat").read_text().rpartition(")")[2].split()[19]
    process = f"{space}:{gone.pid}:{started}"
    AdeAssignment.objects.create(account=account, claim=uuid4(), process=process, alive_at=timezone.now())
    assert tell(account) == 0
    gone.kill()
    gone.communicate()
    assert tasks.tend_ade_profiles() == 1
    assert tell(account) == 2


@pytest.mark.django_db(transaction=True)
def test_worker_whose_call_takes_long_gives_signs_of_life_meanwhile(
    ade_simulator: Simulator, account: AdeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEWED_EVERY", 0.05)
    ask, long_ago = Client.assign_profile, timezone.now() - timedelta(hours=1)

    def slowly(*arguments: Any) -> Any:
        AdeAssignment.objects.update(alive_at=long_ago)
        wait_until(lambda: put_off(account).alive_at != long_ago, 10)
        return ask(*arguments)

    monkeypatch.setattr(Client, "assign_profile", slowly)
    assert tell(account) == 2
    left = put_off(account)
    assert (left.claim, left.process, left.alive_at) == (None, "", None)


def test_worker_that_lost_its_account_writes_nothing(
    ade_simulator: Simulator, account: AdeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = Client.assign_profile

    def slowly(*arguments: Any) -> Any:
        AdeAssignment.objects.update(claim=uuid4())
        return ask(*arguments)

    monkeypatch.setattr(Client, "assign_profile", slowly)
    assert tell(account) == 0
    assert set(states(account).values()) == {"waiting"}
    assert put_off(account).claim is not None


def test_result_of_a_device_that_is_wanted_otherwise_by_now_is_not_kept(
    ade_simulator: Simulator, account: AdeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, keys = Client.assign_profile, sorted(account.devices.values_list("pk", flat=True))

    def slowly(*arguments: Any) -> Any:
        profiles.remove(account.devices.filter(pk=keys[0]))
        return ask(*arguments)

    monkeypatch.setattr(Client, "assign_profile", slowly)
    tell(account)
    assert list(account.devices.order_by("pk").values_list("assign_state", flat=True)) == ["removed", "assigned"]


def test_profile_that_is_changed_while_it_is_defined_is_defined_once_more(
    ade_simulator: Simulator, account: AdeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, calls = Client.define_profile, []

    def slowly(client: Client, content: dict[str, Any]) -> Any:
        calls.append(content)
        if len(calls) == 1:
            profile = AdeProfile.objects.get()
            profile.department = "Purchase"
            profiles.save(profile)
        return ask(client, content)

    monkeypatch.setattr(Client, "define_profile", slowly)
    tell(account)
    assert account.profiles.get().state == State.WAITING
    tell(account)
    profile = account.profiles.get()
    assert ade_simulator.profiles()[profile.uuid]["department"] == "Purchase"
    assert set(states(account).values()) == {"assigned"}


def test_clock_leaves_alone_what_has_nothing_to_tell(
    ade_simulator: Simulator, account: AdeAccount, sent: list[int]
) -> None:
    tell(account)
    assert tasks.tend_ade_profiles() == 0
    account.devices.update(assign_state="throttled", assign_after=timezone.now() + timedelta(hours=1))
    assert tasks.tend_ade_profiles() == 0
    account.devices.update(assign_after=timezone.now())
    assert tasks.tend_ade_profiles() == 1


def test_long_list_is_told_by_several_tasks(
    ade_simulator: Simulator, account: AdeAccount, sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "MAX_CALLS", 2)
    monkeypatch.setattr(telling, "MAX_DEVICES", 1)
    assert tell(account) == 1
    assert sent == [account.pk]
    assert tell(account) == 1
