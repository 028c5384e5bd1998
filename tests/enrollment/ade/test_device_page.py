"""What does the page of a device show of what Apple says, and to whom?"""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from devices.models import Device, Domain
from enrollment.models import AdeAccount, AdeDevice
from tests.conftest import make_person, sign_in
from tests.enrollment.test_device_page import page_of, words
from tests.factories import DeviceFactory, DomainFactory

pytestmark = pytest.mark.django_db

PLACE = {"serial_number": "DMPX30ABCDE", "platform": "ios"}
FACTS = {
    "model": "iPad Air",
    "color": "SPACE GRAY",
    "asset_tag": "A-0815",
    "device_family": "iPad",
    "os": "iPadOS",
    "description": "IPAD AIR WI-FI 256GB",
    "profile_status": "assigned",
    "device_assigned_date": datetime(2026, 11, 3, 9, 30, tzinfo=UTC),
    "device_assigned_by": "buyer@example.com",
    "profile_assign_time": datetime(2026, 11, 4, 9, 30, tzinfo=UTC),
}


def account_named(name: str, domain: Domain | None = None) -> AdeAccount:
    domain = domain or Domain.objects.local()
    return AdeAccount.objects.create(name=name, domain=domain, private_key="key", certificate="PEM")


@pytest.fixture
def device() -> Device:
    """A device that an account pre-approved."""
    made = {"approval": AdeDevice.Approval.MADE, "has_made_device": True}
    AdeDevice.objects.create(account=account_named("School"), **PLACE, **FACTS, **made)
    return DeviceFactory.create(**PLACE, user=None, name="", source=Device.Source.ADE)


def test_the_page_shows_what_apple_says_and_leads_to_the_account(device: Device, administrator_client: Client) -> None:
    found = words(administrator_client, device)
    for shown in (
        *("Source Apple ADE", "ADE account School Pre-approved by this account", "Model iPad Air"),
        *("Colour SPACE GRAY", "Description IPAD AIR WI-FI 256GB", "Asset tag A-0815", "Device family iPad"),
        *("Given to this server Nov. 3, 2026", "buyer@example.com"),
    ):
        assert shown in found, shown
    page = administrator_client.get(page_of(device)).content.decode()
    account = AdeAccount.objects.get()
    assert reverse("admin:enrollment_adeaccount_change", args=[account.pk]) in page
    listing = reverse("admin:enrollment_adedevice_change", args=[account.devices.get().pk])
    assert listing in page
    assert administrator_client.get(listing).status_code == 200


def test_the_history_begins_with_the_account_that_listed_it(device: Device, administrator_client: Client) -> None:
    found = words(administrator_client, device)
    assert "Listed by Apple for the ADE account “School”, and pre-approved" in found
    assert "Given to the ADE account “School” at Apple" in found
    assert "Enrollment profile assigned at Apple" in found
    assert "Added by Apple ADE" not in found


def test_a_device_that_a_file_brought_shows_what_apple_says_but_not_as_its_source(administrator_client: Client) -> None:
    AdeDevice.objects.create(account=account_named("School"), **PLACE, **FACTS, approval=AdeDevice.Approval.KNOWN)
    found = words(administrator_client, DeviceFactory.create(**PLACE, source=Device.Source.IMPORT))
    assert "Source Import" in found
    assert "ADE account School Was in the portal already" in found
    assert "Listed by Apple" not in found


def test_one_that_apple_lists_no_longer_says_since_when(device: Device, administrator_client: Client) -> None:
    AdeDevice.objects.update(is_listed=False, removed_at=timezone.now(), approval=AdeDevice.Approval.KEPT)
    assert "Listed no longer, since" in words(administrator_client, device)


def test_a_device_with_two_accounts_shows_both_and_first_the_one_that_made_it(
    device: Device, administrator_client: Client
) -> None:
    AdeDevice.objects.create(account=account_named("Again"), **PLACE, approval=AdeDevice.Approval.OTHER_ACCOUNT)
    found = words(administrator_client, device)
    assert found.index("ADE account School") < found.index("ADE account Again Pre-approved by another account")


def test_a_device_that_apple_does_not_know_shows_nothing_of_it(administrator_client: Client) -> None:
    assert "Profile at Apple" not in words(administrator_client, DeviceFactory.create())


def test_who_may_not_see_ade_devices_or_their_domain_learns_no_more_than_the_source(device: Device) -> None:
    elsewhere = account_named("Elsewhere", DomainFactory.create())
    AdeDevice.objects.create(account=elsewhere, **PLACE, approval=AdeDevice.Approval.OTHER_ACCOUNT)
    reader = make_person("reader", ("view_device",))
    found = words(sign_in(reader), device)
    assert "Source Apple ADE" in found
    assert "Added by Apple ADE" in found
    assert "School" not in found
    here = make_person("here", ("view_device", "view_adedevice"), domains=[device.domain])
    found = words(sign_in(here), device)
    assert "School" in found
    assert "Elsewhere" not in found
