"""Does a device that Apple ADE pre-approved come in by `method: ade`, and get what its account gives it?"""

import pytest

from devices.models import Device, Domain
from enrollment.models import AdeAccount, AdeDevice, EnrollmentAttempt
from tests.enrollment.knocking import PASSWORD, body_for, choose, code_of, knock
from tests.factories import DeviceFactory, DeviceGroupFactory, DeviceUserFactory, DomainFactory, PolicyFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> AdeAccount:
    """An account with a policy."""
    made = AdeAccount.objects.create(name="School", domain=Domain.objects.local(), private_key="key", certificate="PEM")
    made.policies.add(PolicyFactory.create(name="School Wi-Fi", settings={"ssid": "School"}))
    return made


def listed(account: AdeAccount, **facts: object) -> Device:
    """Return a device that the account pre-approved, nobody's unless `facts` say so."""
    place = {"serial_number": "DMPX30ABCDE", "platform": "ios"}
    AdeDevice.objects.create(account=account, **place, approval=AdeDevice.Approval.MADE, has_made_device=True)
    values: dict[str, object] = {"user": None, "name": "", "domain": account.domain, "source": Device.Source.ADE}
    return DeviceFactory.create(**place, **values | facts)


def asking(device: Device, **changes: object) -> dict[str, object]:
    return body_for(device, method="ade", os_version="18.1", **changes)


def test_where_no_credentials_are_demanded_a_device_of_nobody_comes_in_with_the_policies_of_its_account(
    account: AdeAccount,
) -> None:
    choose(require_credentials=False, pre_approved_devices_only=True)
    device = listed(account)
    device.groups.add(DeviceGroupFactory.create(name="Berlin"))
    status, answer = knock(asking(device))
    assert (status, answer["status"], answer["device_id"]) == (200, "enrolled", device.pk)
    assert [policy["name"] for policy in answer["policies"]] == ["School Wi-Fi"]
    assert (answer["groups"], answer["user"]) == (["Berlin"], None)
    device.refresh_from_db()
    assert (device.status, device.source, device.user) == ("enrolled", Device.Source.ADE, None)
    attempt = EnrollmentAttempt.objects.get()
    assert (attempt.method, attempt.reason, attempt.is_let_in) == ("ade", "approved", True)


def test_a_device_with_a_user_comes_in_without_credentials_too_and_stays_that_user_s(account: AdeAccount) -> None:
    choose(require_credentials=False, pre_approved_devices_only=True)
    user = DeviceUserFactory.create(name="Ada", email="ada@example.com")
    status, answer = knock(asking(listed(account, user=user)))
    assert (status, answer["user"]["email"]) == (200, "ada@example.com")
    assert [policy["name"] for policy in answer["policies"]] == ["School Wi-Fi"]


def test_where_credentials_are_demanded_its_user_s_one_time_password_lets_it_in(account: AdeAccount) -> None:
    choose(require_credentials=True, pre_approved_devices_only=True)
    user = DeviceUserFactory.create(email="ada@example.com")
    device = listed(account, user=user, one_time_password=PASSWORD)
    assert code_of(asking(device)) == "bad_credentials"
    status, answer = knock(asking(device, email="ada@example.com", password=PASSWORD))
    assert status == 200
    assert [policy["name"] for policy in answer["policies"]] == ["School Wi-Fi"]


def test_where_credentials_are_demanded_a_device_of_nobody_has_none_and_stays_outside(account: AdeAccount) -> None:
    choose(require_credentials=True, pre_approved_devices_only=True)
    assert code_of(asking(listed(account))) == "bad_credentials"


def test_a_device_of_nobody_becomes_the_default_user_s_of_its_own_domain_only(account: AdeAccount) -> None:
    stock = DeviceUserFactory.create(domain=account.domain)
    choose(require_credentials=False, default_user=stock)
    device = listed(account)
    assert code_of(asking(device)) == "enrolled"
    device.refresh_from_db()
    assert device.user == stock


def test_a_device_of_nobody_is_not_taken_into_the_domain_of_the_default_user(account: AdeAccount) -> None:
    choose(require_credentials=False, default_user=DeviceUserFactory.create(domain=DomainFactory.create()))
    device = listed(account)
    assert code_of(asking(device)) == "enrolled"
    device.refresh_from_db()
    assert (device.domain, device.user) == (account.domain, None)


def test_what_apple_lists_and_nobody_pre_approved_stays_outside(account: AdeAccount) -> None:
    choose(require_credentials=False, pre_approved_devices_only=True)
    AdeDevice.objects.create(account=account, serial_number="DMPX30ABCDE", platform="ios")
    body = {"serial_number": "DMPX30ABCDE", "platform": "ios", "os_version": "18.1", "method": "ade"}
    assert code_of(body) == "not_pre_approved"
