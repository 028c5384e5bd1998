"""The list of ADE devices: filtered, searched, marked where something is odd, and pre-approved by hand."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.models import Device, Domain
from enrollment.models import AdeAccount, AdeDevice
from tests.conftest import make_person, sign_in
from tests.enrollment.ade.profiled import listed
from tests.factories import DeviceFactory, DomainFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/enrollment/adedevice/"
Approval, AssignState = AdeDevice.Approval, AdeDevice.AssignState


def account_of(name: str = "School", domain: Domain | None = None, **facts: Any) -> AdeAccount:
    facts = {"state": "ok", "pre_approve": False, **facts}
    return AdeAccount.objects.create(
        name=name, domain=domain or Domain.objects.local(), private_key="-", certificate="-", **facts
    )


def text_of(response: Any) -> str:
    return response.content.decode()


def shown(client: Client, query: str) -> str:
    response = client.get(f"{LIST}?{query}")
    assert response.status_code == 200
    return text_of(response)


def pre_approve(client: Client, rows: list[AdeDevice]) -> str:
    data = {"action": "pre_approve", "_selected_action": [row.pk for row in rows]}
    return text_of(client.post(LIST, data, follow=True))


def test_list_is_filtered_and_searched(administrator_client: Client) -> None:
    account, other = account_of(), account_of("Other")
    listed(account, ["MADE1", "MADE2"], approval=Approval.MADE, device_family="iPad", profile_status="pushed")
    listed(account, ["GONE1"], is_listed=False, removed_at=timezone.now(), approval=Approval.KEPT)
    listed(account, ["WAIT1"], assign_state=AssignState.FAILED, device_family="Mac", profile_status="empty")
    listed(other, ["OTHER1"])
    every = {"MADE1", "MADE2", "GONE1", "WAIT1", "OTHER1"}

    for query, found in {
        "": every,
        f"account__id__exact={other.pk}": {"OTHER1"},
        "approval__exact=made": {"MADE1", "MADE2"},
        "family=Mac": {"WAIT1"},
        "is_listed__exact=0": {"GONE1"},
        "profile=pushed": {"MADE1", "MADE2"},
        "assign_state__exact=failed": {"WAIT1"},
        "q=ade2": {"MADE2"},
        "q=%00": every,
        "family=%00x": set(),
    }.items():
        page = shown(administrator_client, query)
        assert {serial for serial in every if f">{serial}<" in page} == found, query


def test_odd_devices_are_marked(administrator_client: Client) -> None:
    account, other = account_of(), account_of("Other")
    deleted, known = listed(account, ["DELETED1", "KNOWN1"], approval=Approval.MADE)
    DeviceFactory.create(serial_number="KNOWN1", platform="ios")
    listed(account, ["TWICE1"])
    listed(other, ["TWICE1"])
    AdeDevice.objects.create(account=account, serial_number="VISION1", model="Vision", approval=Approval.UNSUPPORTED)

    page = shown(administrator_client, f"account__id__exact={account.pk}")
    for said in ("Deleted here", "also in Other", "platform not supported"):
        assert said in page
    assert ">DELETED1<" in shown(administrator_client, "mark=deleted")
    assert ">KNOWN1<" not in shown(administrator_client, "mark=deleted")
    twice = shown(administrator_client, "mark=twice")
    assert twice.count(">TWICE1<") == 2 and ">KNOWN1<" not in twice

    one = text_of(administrator_client.get(f"{LIST}{deleted.pk}/change/"))
    assert "It was deleted here and stays so" in one
    assert f"/admin/devices/device/{Device.objects.get().pk}/change/" in text_of(
        administrator_client.get(f"{LIST}{known.pk}/change/")
    )
    row = AdeDevice.objects.get(account=other)
    assert "Other accounts list this serial number, too: School." in text_of(
        administrator_client.get(f"{LIST}{row.pk}/change/")
    )


def test_ticked_devices_are_pre_approved_also_deleted_ones(administrator_client: Client) -> None:
    account = account_of()
    deleted, waiting, gone = listed(account, ["DELETED1", "WAIT1", "GONE1"])
    AdeDevice.objects.filter(pk=deleted.pk).update(approval=Approval.MADE)
    AdeDevice.objects.filter(pk=gone.pk).update(is_listed=False, approval=Approval.WITHDRAWN)

    assert "2 devices were pre-approved." in pre_approve(administrator_client, [deleted, waiting, gone])

    devices = Device.objects.pre_approved().filter(source=Device.Source.ADE)
    assert set(devices.values_list("serial_number", flat=True)) == {"DELETED1", "WAIT1"}
    assert "No device was pre-approved" in pre_approve(administrator_client, [deleted, waiting, gone])


def test_pre_approving_needs_the_right_to_enter_devices() -> None:
    row = listed(account_of(), ["WAIT1"])[0]
    client = sign_in(make_person("auditor", ("view_adedevice",)))
    assert "pre_approve" not in shown(client, "")
    pre_approve(client, [row])
    assert not Device.objects.exists()
    pre_approve(sign_in(make_person("operator", ("view_adedevice", "add_device"))), [row])
    assert Device.objects.count() == 1


def test_devices_of_other_domains_are_neither_listed_nor_named_nor_pre_approved() -> None:
    here, there = DomainFactory.create(), DomainFactory.create()
    own, foreign = account_of("Ours", here), account_of("Theirs", there)
    listed(own, ["SAME1"])
    row = listed(foreign, ["SAME1"], device_family="Foreign family")[0]
    client = sign_in(make_person("operator", ("view_adedevice", "add_device"), domains=[here]))
    for query in ("", "q=SAME", f"account__id__exact={foreign.pk}", "mark=twice"):
        page = shown(client, query)
        assert "Theirs" not in page and "Foreign family" not in page
    assert client.get(f"{LIST}{row.pk}/change/").status_code == 404
    pre_approve(client, [row])
    assert not Device.objects.exists()


def test_list_costs_the_same_for_two_devices_and_twenty(administrator: User) -> None:
    client, account = sign_in(administrator), account_of()

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST).status_code == 200
        return len(queries)

    listed(account, ["S1", "S2"], approval=Approval.MADE)
    client.get(LIST)
    few = cost()
    listed(account, [f"T{number}" for number in range(18)], approval=Approval.MADE)
    assert cost() == few
