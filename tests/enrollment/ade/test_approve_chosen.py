"""Who pre-approves the devices that a person ticked: the request a few, a worker or the clock many, and each once?"""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from devices.models import Device, Domain
from enrollment.ade import approve, approve_chosen, withdraw
from enrollment.models import AdeAccount, AdeDevice
from hexenroll.models import AuditEntry

pytestmark = pytest.mark.django_db

Approval = AdeDevice.Approval


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int | None]]:
    """Return the accounts and people that workers are told of; none listens in these tests. Three devices are many."""
    found: list[tuple[int, int | None]] = []
    monkeypatch.setattr(approve_chosen, "_tell", lambda *arguments: found.append(arguments))
    monkeypatch.setattr(approve_chosen, "AT_ONCE", 2)
    monkeypatch.setattr(approve, "CHUNK", 2)
    return found


def account_with(count: int, name: str = "School", *, pre_approve: bool = False) -> AdeAccount:
    account = AdeAccount.objects.create(
        name=name, domain=Domain.objects.local(), private_key="-", state="ok", pre_approve=pre_approve
    )
    serials = [f"{name}{number:04}" for number in range(count)]
    AdeDevice.objects.bulk_create(AdeDevice(account=account, serial_number=one, platform="ios") for one in serials)
    return account


def approvals(account: AdeAccount) -> set[str]:
    return set(account.devices.values_list("approval", flat=True))


def test_many_are_a_workers(
    told: list[tuple[int, int | None]], administrator: User, django_capture_on_commit_callbacks: object
) -> None:
    account, other = account_with(3), account_with(2, "Shop")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        assert approve_chosen.ask(AdeDevice.objects.order_by("-serial_number"), administrator) == (0, 5)
    assert told == [(account.pk, administrator.pk), (other.pk, administrator.pk)]
    assert approvals(account) == approvals(other) == {Approval.ASKED}
    assert not Device.objects.exists()
    assert [approve_chosen.carry_out(*arguments) for arguments in told] == [3, 2]
    assert approvals(account) == approvals(other) == {Approval.MADE}
    assert Device.objects.filter(source=Device.Source.ADE).count() == 5
    entries = AuditEntry.objects.filter(additional_data__what="ade.pre_approved")
    assert {entry.actor for entry in entries} == {administrator}
    assert approve_chosen.carry_out(account.pk, administrator.pk) == 0


def test_those_that_are_in_the_portal_are_nobodys_work(told: list[tuple[int, int | None]], administrator: User) -> None:
    account_with(3)
    approve_chosen.ask(AdeDevice.objects.all(), administrator)
    approve_chosen.tend()
    approve_chosen.carry_out(*told[0])
    assert approve_chosen.ask(AdeDevice.objects.all(), administrator) == (0, 0)


def test_what_no_worker_was_told_of_is_the_clocks_or_the_next_syncs(
    told: list[tuple[int, int | None]], administrator: User
) -> None:
    account = account_with(3)
    account_with(1, "Shop")
    approve_chosen.ask(account.devices.all(), administrator)
    assert told == []  # its transaction isn't over
    assert len(approve.waiting(account)) == 3
    approve_chosen.tend()
    assert told == [(account.pk, None)]


def test_one_that_apple_removes_meanwhile_is_not_pre_approved(
    told: list[tuple[int, int | None]], administrator: User
) -> None:
    account = account_with(3)
    approve_chosen.ask(account.devices.all(), administrator)
    gone = account.devices.get(serial_number="School0001")
    withdraw.remove(account, [gone.pk])
    assert approve_chosen.carry_out(account.pk, administrator.pk) == 2
    gone.refresh_from_db()
    assert (gone.approval, gone.is_listed) == (Approval.WAITING, False)


def test_an_account_that_is_gone_is_no_trouble(told: list[tuple[int, int | None]]) -> None:
    assert approve_chosen.carry_out(5, 5) == 0


@pytest.mark.usefixtures("told")
def test_the_list_says_that_it_goes_on_in_the_background(administrator_client: Client) -> None:
    account = account_with(3)
    data = {"action": "pre_approve", "_selected_action": [account.devices.all()[0].pk], "select_across": "1"}
    page = administrator_client.post("/admin/enrollment/adedevice/", data, follow=True).content.decode()
    assert "3 devices are being pre-approved in the background. The list shows how far it is." in page
    assert page.count("In a moment") >= 3
