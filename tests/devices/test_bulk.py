"""What becomes of many devices at once: who is meant, what is left out, and what if the worker dies?"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from devices import tasks
from devices.bulk import carry_out
from devices.bulk.kinds import KINDS
from devices.changes import changed_many
from devices.models import BulkAction, Device, DeviceInventory
from devices.models.domain_access import DomainAccessOfPerson
from hexenroll.celery import app
from hexenroll.models import AuditEntry, Preferences
from tests.conftest import make_person, sign_in
from tests.factories import DeviceFactory, DeviceGroupFactory, DomainFactory, PolicyFactory

pytestmark = pytest.mark.django_db
Status, State = Device.Status, BulkAction.State
LIST = "admin:devices_device_changelist"


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let more than two devices be many, in chunks of two."""
    monkeypatch.setattr(carry_out, "AT_ONCE", 2)
    monkeypatch.setattr(carry_out, "CHUNK", 2)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the actions that workers were told of."""
    keys: list[int] = []
    monkeypatch.setattr(carry_out, "_tell", keys.append)
    return keys


def begun(kind: str, parameters: dict[str, Any], person: User, query: str = "status=all", **more: Any) -> BulkAction:
    given = {"query": query, "chosen": None, "last": carry_out.newest(), **more}
    return carry_out.begin(KINDS[kind], parameters, person, **given)


def groups_of(*groups: Any) -> dict[str, Any]:
    return {"rows": [group.pk for group in groups], "names": [group.name for group in groups]}


def test_ticked_devices_are_changed_at_once_and_what_was_so_already_is_said(
    administrator_client: Client, administrator: User
) -> None:
    group = DeviceGroupFactory.create()
    devices = [DeviceFactory.create(), DeviceFactory.create(groups=[group]), DeviceFactory.create()]
    ticked = [device.pk for device in devices[:2]]
    data = {"action": "add_groups", "_selected_action": ticked}
    asked = administrator_client.post(f"{reverse(LIST)}?status=all", data)
    assert "2 ticked devices." in asked.content.decode()
    context = asked.context
    answer = {name: context[name] for name in ("query", "chosen", "last")} | {"rows": [group.pk]}
    page = administrator_client.post(context["address"], answer, follow=True).content.decode()
    assert "Add to groups: 1 device changed." in page
    assert "1 device left out: Nothing to change: it was so already." in page
    assert set(group.devices.values_list("pk", flat=True)) == set(ticked)
    assert BulkAction.objects.get().state == State.DONE


def test_all_that_match_are_meant_not_only_the_page_and_none_that_comes_in_meanwhile(
    administrator_client: Client, few_at_once: None, told: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    policy = PolicyFactory.create()
    DeviceFactory.create_batch(5, platform="ios")
    DeviceFactory.create(platform="macos")
    data = {"action": "add_policies", "_selected_action": [Device.objects.first().pk], "select_across": "1"}  # type: ignore[union-attr]
    context = administrator_client.post(f"{reverse(LIST)}?status=all&platform=ios", data).context
    assert context["total"] == 5
    DeviceFactory.create(platform="ios", name="newcomer")
    answer = {name: context[name] for name in ("query", "chosen", "last")} | {"rows": [policy.pk]}
    with django_capture_on_commit_callbacks(execute=True):
        shown = administrator_client.post(context["address"], answer, follow=True)
    action = BulkAction.objects.get()
    assert told == [action.pk] and action.state == State.QUEUED
    assert "Waiting" in shown.content.decode()
    carry_out.run(action.pk)
    action.refresh_from_db()
    assert (action.state, action.changed, action.done) == (State.DONE, 5, 5)
    assert not policy.devices.filter(name="newcomer").exists()
    assert set(policy.devices.values_list("platform", flat=True)) == {"ios"}


def test_a_worker_that_follows_a_killed_one_goes_on_after_the_last_chunk(
    administrator: User, few_at_once: None, told: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    group = DeviceGroupFactory.create()
    DeviceFactory.create_batch(5)
    action = begun("add_groups", groups_of(group), administrator)
    assert carry_out._chunk(action.pk)

    with monkeypatch.context() as patch:
        patch.setitem(KINDS, "add_groups", _killed(KINDS["add_groups"]))
        with pytest.raises(KeyboardInterrupt):
            carry_out._chunk(action.pk)
    assert group.devices.count() == 2
    carry_out.run(action.pk)
    carry_out.run(action.pk)
    action.refresh_from_db()
    assert (action.state, action.changed, action.done, group.devices.count()) == (State.DONE, 5, 5, 5)


def _killed(kind: Any) -> Any:
    """Return a kind whose worker is killed after its work, before the commit."""

    def apply(*given: Any) -> Any:
        kind.apply(*given)
        raise KeyboardInterrupt

    return type(kind)(**{**vars(kind), "apply": apply})


def test_what_gave_no_sign_of_life_is_told_again(administrator: User, few_at_once: None, told: list[int]) -> None:
    DeviceFactory.create_batch(3)
    action = begun("add_groups", groups_of(DeviceGroupFactory.create()), administrator)
    assert carry_out.rescue() == 0
    silent = action.created_at - carry_out.SILENT * 2
    BulkAction.objects.filter(pk=action.pk).update(state=State.RUNNING, alive_at=silent)
    assert carry_out.rescue() == 1 and told == [action.pk]


def test_what_has_been_over_for_long_is_removed_and_what_is_open_stays(administrator: User, settings: Any) -> None:
    settings.HEXENROLL_BULK_ACTIONS_KEEP_DAYS = 30
    DeviceFactory.create()
    long_ago = timezone.now() - timedelta(days=31)
    recent, old, still = (begun("add_groups", groups_of(DeviceGroupFactory.create()), administrator) for _n in range(3))
    BulkAction.objects.filter(pk=old.pk).update(finished_at=long_ago)
    BulkAction.objects.filter(pk=still.pk).update(created_at=long_ago, finished_at=None, state=State.RUNNING)
    entries = AuditEntry.objects.count()
    assert tasks.forget_old_bulk_actions() == 1
    assert set(BulkAction.objects.all()) == {recent, still}
    assert AuditEntry.objects.count() == entries
    assert "devices.tasks.forget_old_bulk_actions" in {entry["task"] for entry in app.conf.beat_schedule.values()}


def test_a_cancelled_one_stops_and_keeps_what_it_did(
    administrator_client: Client, administrator: User, few_at_once: None, told: list[int]
) -> None:
    group = DeviceGroupFactory.create()
    DeviceFactory.create_batch(5)
    action = begun("add_groups", groups_of(group), administrator)
    carry_out._chunk(action.pk)
    url = reverse("admin:devices_bulkaction_cancel", args=[action.pk])
    assert administrator_client.get(url).status_code == 405  # as by a link on a foreign page
    shown = administrator_client.get(reverse("admin:devices_bulkaction_change", args=[action.pk]))
    assert f'<form method="post" action="{url}">' in shown.content.decode()
    page = administrator_client.post(url, follow=True)
    assert "It is cancelled. What was changed until now stays so." in page.content.decode()
    carry_out.run(action.pk)
    action.refresh_from_db()
    assert (action.state, group.devices.count()) == (State.CANCELLED, 2)
    entry = AuditEntry.objects.get(additional_data__what="bulk_action.cancelled")
    assert (entry.object_id, entry.actor_name) == (action.pk, "administrator")


def test_who_loses_the_right_or_a_domain_meanwhile_stops_it(few_at_once: None, told: list[int]) -> None:
    mine, other = DomainFactory.create(), DomainFactory.create()
    DeviceFactory.create_batch(3, domain=mine, user=None)
    group = DeviceGroupFactory.create()
    person = make_person("operator of two", ("view_device", "change_device"), domains=[mine, other])
    first = begun("add_groups", groups_of(group), person)
    second = begun("add_groups", groups_of(group), person)
    person.user_permissions.remove(Permission.objects.get(codename="change_device"))
    carry_out.run(first.pk)
    first.refresh_from_db()
    assert (first.state, first.last_error) == (State.FAILED, "Who asked for it has no right to it any more.")
    person.user_permissions.add(Permission.objects.get(codename="change_device"))
    DomainAccessOfPerson.objects.filter(content_object=other).delete()
    carry_out.run(second.pk)
    second.refresh_from_db()
    assert second.last_error == "Who asked for it may not work in all of these domains any more."
    assert not group.devices.exists()


def test_nobody_reaches_devices_of_other_domains(db: None) -> None:
    mine, other = DomainFactory.create(), DomainFactory.create()
    foreign, own = DeviceFactory.create(domain=other, user=None), DeviceFactory.create(domain=mine, user=None)
    person = make_person("of mine", ("view_device", "change_device", "view_devicegroup"), domains=[mine])
    client, group = sign_in(person), DeviceGroupFactory.create()
    data = {"query": "", "chosen": f"{foreign.pk},{own.pk}", "last": foreign.pk + own.pk, "rows": [group.pk]}
    client.post(reverse("admin:devices_device_bulk", args=["add_groups"]), data)
    assert list(group.devices.all()) == [own]
    assert BulkAction.objects.get().total == 1


def test_only_pre_approved_devices_are_deleted(administrator: User) -> None:
    DeviceFactory.create(), DeviceFactory.create(status=Status.ENROLLED)
    action = begun("delete_pre_approved", {}, administrator)
    assert (action.changed, action.skipped) == (1, {"not_waiting": 1})
    assert Device.objects.get().status == Status.ENROLLED


def test_disenrolling_many_keeps_the_reason(administrator: User) -> None:
    enrolled = DeviceFactory.create(status=Status.ENROLLED)
    DeviceFactory.create()
    action = begun("disenroll", {"reason": "lost", "text": "on the train"}, administrator)
    enrolled.refresh_from_db()
    assert (enrolled.status, enrolled.disenroll_reason) == (Status.DISENROLLED, "Lost or stolen: on the train")
    assert (action.changed, action.skipped) == (1, {"not_enrolled": 1})


def test_blocking_and_letting_go_again(administrator: User) -> None:
    device = DeviceFactory.create()
    assert begun("block", {"with_hardware": False}, administrator).changed == 1
    assert begun("block", {"with_hardware": False}, administrator).skipped == {"blocked_already": 1}
    assert begun("unblock", {}, administrator).changed == 1
    device.refresh_from_db()
    assert device.status == Status.PRE_APPROVED


def test_whoever_listens_is_told_what_was_changed_by_whom(administrator: User) -> None:
    device, group, heard = DeviceFactory.create(), DeviceGroupFactory.create(name="Berlin"), []
    hear: Any = lambda **given: heard.append(given["change"])  # noqa: E731
    changed_many.connect(hear, weak=False, dispatch_uid="test")
    try:
        begun("add_groups", groups_of(group), administrator)
    finally:
        changed_many.disconnect(dispatch_uid="test")
    [change] = heard
    assert (change.what, list(change.ids), change.person) == ("bulk.add_groups", [device.pk], administrator)
    assert change.added == {"groups": ["Berlin"]}


def test_a_wrong_filter_or_selection_is_answered_in_words(administrator_client: Client) -> None:
    DeviceFactory.create()
    address = reverse("admin:devices_device_bulk", args=["delete_pre_approved"])
    for data, message in (
        ({"query": "platform=amiga", "last": "5"}, "Platform: “amiga” is unknown."),
        ({"query": "", "chosen": "1,x", "last": "5"}, "What was ticked is not in this list. Load the page again."),
        ({"query": ""}, "What was ticked is not in this list. Load the page again."),
        ({"query": "", "last": "5", "as_of": "0001-01-01T00:00"}, "What was ticked is not in this list."),
        # Cut off where it is too long, it would lose the filter that keeps the device.
        ({"query": f"{'source=manual&' * 300}platform=ios", "last": "5"}, "These are too many filters for one action."),
    ):
        assert message in administrator_client.post(address, data, follow=True).content.decode()
    assert Device.objects.count() == 1


@pytest.mark.parametrize("own_zone", ["Pacific/Kiritimati", ""])
def test_filters_by_days_mean_those_of_who_asked_whenever_a_worker_comes_to_it(
    administrator_client: Client,
    administrator: User,
    few_at_once: None,
    told: list[int],
    own_zone: str,
) -> None:
    Preferences.objects.create(person=administrator, time_zone=own_zone)
    # 1 June begins at 10:00 UTC of 31 May there.
    for number, hour in enumerate((7, 8, 9, 11)):
        enrolled = DeviceFactory.create(status=Status.ENROLLED, serial_number=f"S{number}")
        then = datetime(2026, 5, 31, hour, tzinfo=UTC)
        DeviceInventory.objects.create(device=enrolled, enrolled_at=then, last_seen_at=then)
    group = DeviceGroupFactory.create()
    ticked = {"action": "add_groups", "_selected_action": [enrolled.pk], "select_across": "1"}
    context = administrator_client.post(f"{reverse(LIST)}?enrolled_before=2026-05-31", ticked).context
    assert context["total"] == (3 if own_zone else 4)
    answer = {name: context[name] for name in ("query", "chosen", "last", "as_of")} | {"rows": [group.pk]}
    administrator_client.post(context["address"], answer)
    carry_out.run(BulkAction.objects.get().pk)
    assert group.devices.count() == context["total"]


def test_approvals_that_grow_old_meanwhile_are_not_meant(
    administrator_client: Client, few_at_once: None, told: list[int]
) -> None:
    now = timezone.now()
    for hours in (25, 26, 28, 30):
        Device.objects.filter(pk=DeviceFactory.create().pk).update(created_at=now - timedelta(hours=hours))
    policy = PolicyFactory.create()
    ticked = {"action": "add_policies", "_selected_action": [Device.objects.first().pk], "select_across": "1"}  # type: ignore[union-attr]
    context = administrator_client.post(f"{reverse(LIST)}?stale_days=1", ticked).context
    assert (context["total"], datetime.fromisoformat(context["as_of"]) > now) == (4, True)
    answer = {name: context[name] for name in ("query", "chosen", "last")} | {"rows": [policy.pk]}
    opened = (now - timedelta(hours=3)).isoformat()  # so long the page is open; then two approvals were a day old
    administrator_client.post(context["address"], answer | {"as_of": opened})
    assert BulkAction.objects.get().total == policy.devices.count() == 2


def test_who_may_not_is_refused_and_sees_only_their_own(
    administrator: User, operator_client: Client, stranger_client: Client
) -> None:
    DeviceFactory.create()
    action = begun("add_groups", groups_of(DeviceGroupFactory.create()), administrator)
    address = reverse("admin:devices_device_bulk", args=["add_groups"])
    for client in (operator_client, stranger_client):
        assert client.post(address, {"query": "", "last": "1"}).status_code == 403
    mine = sign_in(make_person("of mine", ("view_device", "view_bulkaction"), domains=[DomainFactory.create()]))
    assert mine.get(reverse("admin:devices_bulkaction_changelist")).status_code == 200
    assert mine.get(reverse("admin:devices_bulkaction_change", args=[action.pk])).status_code == 302
    everywhere = sign_in(make_person("of all", ("view_device", "view_bulkaction")))
    assert everywhere.get(reverse("admin:devices_bulkaction_change", args=[action.pk])).status_code == 200


def test_a_chunk_costs_the_same_for_two_devices_and_for_twenty(
    administrator: User, monkeypatch: pytest.MonkeyPatch, told: list[int]
) -> None:
    monkeypatch.setattr(carry_out, "AT_ONCE", 0)
    numbers = set()
    for count in (2, 20):
        Device.objects.all().delete()
        DeviceFactory.create_batch(count)
        action = begun("add_groups", groups_of(DeviceGroupFactory.create()), administrator)
        with CaptureQueriesContext(connection) as queries:
            carry_out._chunk(action.pk)
        numbers.add(len(queries))
    assert len(numbers) == 1
