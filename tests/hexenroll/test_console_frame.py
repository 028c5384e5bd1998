"""Does the console's frame say where one is, and what an empty list is for?"""

import re

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from devices.models import Device
from devices.scope import ACCESS
from hexenroll.roles import BUILT_IN, all_permissions
from tests.conftest import make_person, sign_in
from tests.enrollment.attempts import LIST, attempt_of
from tests.factories import DeviceFactory, DeviceGroupFactory, DomainFactory

pytestmark = pytest.mark.django_db
DEVICES = "/admin/devices/device/"


def crumbs(client: Client, address: str) -> list[str]:
    """Return the names in the heading of a page, from the top."""
    heading = re.search(r"<h1.*?</h1>", client.get(address).content.decode(), re.DOTALL)
    assert heading
    texts = re.sub(r"<[^>]*>", "\n", heading[0]).splitlines()
    return [text.strip() for text in texts if text.strip() not in ("", "chevron_right")]


def test_the_name_of_a_thing_stands_as_it_is_written(administrator_client: Client) -> None:
    """Upper and lower case of a serial number matter."""
    attempt = attempt_of(serial_number="c02xg2", is_let_in=False)
    found = crumbs(administrator_client, f"{LIST}{attempt.pk}/change/")
    assert found[:2] == ["Enrollment", "Attempts"]
    assert found[2].startswith("c02xg2: ")


def test_an_app_is_left_out_before_pages_of_its_own_name(administrator_client: Client) -> None:
    device = DeviceFactory.create(name="iris 7", status=Device.Status.ENROLLED)
    assert crumbs(administrator_client, f"{DEVICES}{device.pk}/change/") == ["Devices", "iris 7"]


def test_pages_of_groups_lead_back_to_the_groups(administrator_client: Client) -> None:
    group = DeviceGroupFactory.create(name="sales")
    above, groups = ["Devices", "Device groups"], "/admin/devices/devicegroup/"
    assert crumbs(administrator_client, f"{groups}{group.pk}/devices/") == [*above, "sales", "Devices of the group"]
    assert crumbs(administrator_client, f"{groups}imports/") == [*above, "Imports of device groups"]
    assert crumbs(administrator_client, f"{groups}imports/new/") == [*above, "Import device groups"]


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (LIST, "Each request of a device to enroll will be here"),
        ("/admin/enrollment/conflict/", "Other hardware that asks to come in"),
        ("/admin/enrollment/blockedhardware/", "No serial number, hardware UUID or manufacturer is kept out."),
        ("/admin/enrollment/lockout/", "Who is locked out"),
        ("/admin/devices/policy/", "Policies hold settings and apps."),
        (DEVICES, "Enrolled devices will be here."),
    ],
)
def test_an_empty_list_says_what_will_be_there(administrator_client: Client, address: str, text: str) -> None:
    page = administrator_client.get(address).content.decode()
    assert "Nothing here yet" in page
    assert text in page


def test_a_list_in_which_nothing_matches_offers_everything(administrator_client: Client) -> None:
    page = administrator_client.get(f"{LIST}?q=nowhere").content.decode()
    assert "Nothing matches" in page
    assert "Show everything" in page


@pytest.mark.parametrize("everywhere", [True, False], ids=["all domains", "one domain"])
@pytest.mark.parametrize("name", [*BUILT_IN, "whoever may everything"])
def test_every_link_of_ones_own_sidebar_opens(name: str, everywhere: bool) -> None:
    person = make_person("person", domains=None if everywhere else [DomainFactory.create()])
    if name in BUILT_IN:
        person.groups.add(Group.objects.get(name=name))
    else:
        app, _dot, code = ACCESS.partition(".")
        person.user_permissions.add(*all_permissions().exclude(content_type__app_label=app, codename=code))
    client = sign_in(person)

    groups = client.get("/admin/").context["sidebar_navigation"]
    links = [item["link"] for group in groups for item in group["items"]]

    assert "/admin/devices/device/" in links
    codes = {link: client.get(link, follow=True).status_code for link in links}
    assert set(codes.values()) == {200}, codes


@pytest.mark.parametrize("code", ["devices.view_device", "enrollment.view_enrollmentattempt"])
def test_who_may_see_any_report_is_led_to_the_reports(code: str) -> None:
    client = sign_in(make_person("person", (code.partition(".")[2],)))
    groups = client.get("/admin/").context["sidebar_navigation"]
    assert "/reports/" in [item["link"] for group in groups for item in group["items"]]
    assert client.get("/reports/").status_code == 200
