"""Does Enroll > All Enrollments say by which ways devices come in, and which are open?"""

import pytest
from django.test import Client

from devices.models import Domain
from enrollment.models import AdeAccount, EnrollmentSettings
from tests.conftest import make_person, sign_in
from tests.factories import DeviceFactory, DomainFactory

pytestmark = pytest.mark.django_db
PAGE = "/enroll/"


def test_it_leads_to_the_import_and_to_the_devices_that_wait(administrator_client: Client) -> None:
    DeviceFactory.create_batch(2)
    page = administrator_client.get(PAGE).content.decode()
    assert "2 devices wait to enroll." in page
    for address in ("/enroll/pre-approve/new/", "/admin/devices/device/?status=pre_approved", "/enroll/settings/"):
        assert f'href="{address}"' in page


def test_only_devices_of_ones_domains_are_counted() -> None:
    device = DeviceFactory.create()
    DeviceFactory.create(domain=DomainFactory.create())
    client = sign_in(make_person("one", ("view_importbatch", "view_device"), domains=[device.domain]))
    assert "1 device waits to enroll." in client.get(PAGE).content.decode()


def test_the_restriction_closes_the_way_of_devices_that_are_not_on_the_list(administrator_client: Client) -> None:
    assert "Open: devices that are not on the list may enroll." in administrator_client.get(PAGE).content.decode()
    EnrollmentSettings.objects.update_or_create(pk=1, defaults={"pre_approved_devices_only": True})
    assert "“Pre-approved Devices Only” is ticked" in administrator_client.get(PAGE).content.decode()


def test_what_one_may_not_open_is_not_offered(operator_client: Client) -> None:
    page = operator_client.get(PAGE).content.decode()
    assert "/enroll/pre-approve/new/" not in page.partition('id="wizard"')[2]
    assert "Enrollment settings" not in page.partition('id="wizard"')[2]


def test_accounts_of_apple_ade_are_told_to_those_who_may_see_them(
    administrator_client: Client, operator_client: Client
) -> None:
    page = administrator_client.get(PAGE).content.decode()
    assert "No account of Apple Business or School Manager is connected." in page
    assert 'href="/admin/enrollment/adeaccount/add/"' in page
    AdeAccount.objects.create(name="School", domain=Domain.objects.local(), private_key="-", state="ok")
    assert "1 account is connected." in administrator_client.get(PAGE).content.decode()
    assert "Apple ADE" not in operator_client.get(PAGE).content.decode()
