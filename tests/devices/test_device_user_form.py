"""Which mobile numbers does the form of a device user take? The same as an import."""

import pytest
from django.test import Client
from django.urls import reverse

from devices.admin.device_user import DeviceUserForm
from devices.models import DeviceUser
from tests.factories import DeviceFactory, DeviceUserFactory, DomainFactory

pytestmark = pytest.mark.django_db


def saved(client: Client, user: DeviceUser, mobile: str) -> str:
    """Save the form with a mobile number; return what is stored, or the error that the page shows."""
    form = {"domain": user.domain_id, "name": user.name, "email": user.email, "sam_account_name": "", "mobile": mobile}
    page = client.post(reverse("admin:devices_deviceuser_change", args=[user.pk]), form)
    if page.status_code == 200:
        return str(page.context["adminform"].form.errors["mobile"][0])
    user.refresh_from_db()
    return str(user.mobile)


@pytest.mark.parametrize(
    ("region", "written", "stored"),
    [
        ("", "+49 170 1234567", "+491701234567"),
        ("DE", "0170 1234567", "+491701234567"),
        ("US", "(202) 555-0123", "+12025550123"),
        ("DE", "+1 202 555 0123", "+12025550123"),
        ("DE", "", ""),
    ],
)
def test_a_number_without_a_country_code_belongs_to_the_region_of_the_domain(
    administrator_client: Client, region: str, written: str, stored: str
) -> None:
    user = DeviceUserFactory.create(domain=DomainFactory.create(phone_region=region), mobile="+491709999999")
    assert saved(administrator_client, user, written) == stored


@pytest.mark.parametrize(
    ("region", "written", "error"),
    [
        ("", "0170 1234567", "“0170 1234567” has no country code. Write it like +49 170 1234567"),
        ("DE", "12", "“12” is not a phone number."),
        ("DE", "<b>0170</b>", "“<b>0170</b>” is not a phone number."),
    ],
)
def test_what_is_no_number_is_said_in_the_words_of_the_import(
    administrator_client: Client, region: str, written: str, error: str
) -> None:
    user = DeviceUserFactory.create(domain=DomainFactory.create(phone_region=region))
    assert saved(administrator_client, user, written).startswith(error)


def test_a_person_stays_in_their_domain_once_they_are_stored(administrator_client: Client) -> None:
    device = DeviceFactory.create()
    user, other = device.user, DomainFactory.create()
    address = reverse("admin:devices_deviceuser_change", args=[user.pk])
    form = {"domain": other.pk, "name": "Anew", "email": user.email, "sam_account_name": "", "mobile": ""}
    assert administrator_client.post(address, form).status_code == 302
    user.refresh_from_db()
    assert (user.name, user.domain) == ("Anew", device.domain)
    added = administrator_client.post(reverse("admin:devices_deviceuser_add"), form)
    assert (added.status_code, other.users.count()) == (302, 1)


def test_a_form_without_the_domain_goes_by_the_users_own() -> None:
    class WithoutDomain(DeviceUserForm):
        class Meta(DeviceUserForm.Meta):
            fields = ("name", "email", "sam_account_name", "mobile")  # type: ignore[assignment]

    user = DeviceUserFactory.create(domain=DomainFactory.create(phone_region="DE"))
    form = WithoutDomain({"name": user.name, "email": user.email, "mobile": "0170 1234567"}, instance=user)
    assert form.is_valid()
    assert form.save().mobile == "+491701234567"
