"""What does the console show of a device user, and what of all of them?"""

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from devices.models import DeviceUser
from enrollment.models import EnrollmentAttempt
from enrollment.reasons import Reason
from invitations.models import Invitation
from tests.conftest import make_person, sign_in
from tests.factories import DeviceFactory, DeviceUserFactory, DomainFactory, InvitationFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:devices_deviceuser_changelist")


def url_of(user: DeviceUser, name: str = "change") -> str:
    return reverse(f"admin:devices_deviceuser_{name}", args=[user.pk])


def words(answer: Any) -> str:
    page = re.sub(r"(?s)<(script|style)\b.*?</\1>", "", answer.content.decode())
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", page).split()))


def test_the_page_shows_devices_invitations_and_attempts(administrator_client: Client) -> None:
    user = DeviceUserFactory.create(name="Ann", mobile="+491701234567")
    device = DeviceFactory.create(user=user, name="Laptop")
    InvitationFactory.create(device=device, state=Invitation.State.SENT)
    EnrollmentAttempt.objects.create(user=user, is_let_in=False, reason=Reason.OS_TOO_OLD)
    found = words(administrator_client.get(url_of(user)))
    for text in ("Laptop", device.serial_number, "Pre-approved", "+49 170 1234567", "for Laptop", "is too old"):
        assert text in found
    page = administrator_client.get(url_of(user)).content.decode()
    assert f"{reverse('admin:devices_device_add')}?user={user.pk}&amp;domain={user.domain_id}" in page


def test_a_user_without_anything_says_so(administrator_client: Client) -> None:
    found = words(administrator_client.get(url_of(DeviceUserFactory.create())))
    for text in ("No device belongs to this user.", "Nothing was sent to this user yet.", "No device asked to come in"):
        assert text in found
    assert "Hand over all devices" not in found


def test_who_may_only_look_reads_a_page_without_buttons(operator_client: Client) -> None:
    user = DeviceUserFactory.create()
    page = operator_client.get(url_of(user)).content.decode()
    assert user.email in page
    assert url_of(user, "edit") not in page
    assert operator_client.get(url_of(user, "edit")).status_code == 403


def test_devices_of_other_domains_are_neither_shown_nor_counted() -> None:
    ours = DomainFactory.create()
    user = DeviceUserFactory.create(domain=ours)
    DeviceFactory.create(user=user, domain=ours)
    hidden = DeviceFactory.create(user=user, domain=DomainFactory.create(), serial_number="HIDDEN-1")
    rights = ("view_device", "view_deviceuser", "delete_deviceuser", "change_deviceuser")
    client = sign_in(make_person("ours", rights, domains=[ours]))
    found = words(client.get(url_of(user)))
    assert "Devices 1" in found
    assert hidden.serial_number not in found
    assert hidden.serial_number not in words(client.post(url_of(user, "delete"), {"post": "yes"}, follow=True))


@pytest.mark.parametrize("name", ["edit", "hand_over"])
def test_a_user_of_another_domain_is_not_there(name: str) -> None:
    theirs = DeviceUserFactory.create(domain=DomainFactory.create())
    rights = ("view_deviceuser", "change_deviceuser", "change_device")
    client = sign_in(make_person("ours", rights, domains=[DomainFactory.create()]))
    assert client.get(url_of(theirs, name)).status_code == 404


def test_deleting_a_user_with_devices_says_what_to_do(administrator_client: Client) -> None:
    user = DeviceFactory.create().user
    answer = administrator_client.get(url_of(user, "delete"), follow=True)
    assert "This device user has 1 device, and can't be deleted before it is handed over" in words(answer)
    administrator_client.post(url_of(user, "delete"), {"post": "yes"})
    assert DeviceUser.objects.filter(pk=user.pk).exists()


# --- all of them ------------------------------------------------------------------------------------------
def listed(client: Client, **query: str) -> set[str]:
    answer = client.get(LIST, query)
    assert answer.status_code == 200
    return {user.name for user in answer.context["cl"].result_list}


def test_the_list_counts_devices_and_finds_those_without(administrator_client: Client) -> None:
    busy, _idle = DeviceUserFactory.create(name="Busy"), DeviceUserFactory.create(name="Idle")
    DeviceFactory.create_batch(3, user=busy)
    assert listed(administrator_client) == {"Busy", "Idle"}
    assert listed(administrator_client, devices="with") == {"Busy"}
    assert listed(administrator_client, devices="without") == {"Idle"}
    assert re.search(r"\?user=\d+&amp;status=all[^>]*>\s*3\s*<", administrator_client.get(LIST).content.decode())


@pytest.mark.parametrize("text", ["ann", "ANN.B", "office.ex", "abeck"])
def test_search_finds_name_address_and_login(text: str, administrator_client: Client) -> None:
    DeviceUserFactory.create(name="Ann", email="ann.b@office.example.com", sam_account_name="abecker")
    DeviceUserFactory.create(name="Zoe", email="zoe@example.org")
    assert listed(administrator_client, q=text) == {"Ann"}


def test_the_list_costs_as_many_queries_for_two_as_for_twenty(administrator_client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            administrator_client.get(LIST)
        return len(caught)

    DeviceFactory.create_batch(2)
    queries()
    few = queries()
    DeviceFactory.create_batch(18)
    assert queries() == few


def test_the_file_holds_what_the_list_shows_and_no_formula(administrator_client: Client) -> None:
    DeviceFactory.create(user=DeviceUserFactory.create(name="=Ann", email="ann@example.com"))
    DeviceUserFactory.create(name="Zoe")
    answer = administrator_client.get(reverse("admin:devices_deviceuser_export_users"), {"devices": "with"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert text.splitlines() == ["Name,Email,SAMAccountName,Mobile,Domain,Devices", "'=Ann,ann@example.com,,,local,1"]


def test_who_may_not_export_devices_gets_no_file(operator_client: Client) -> None:
    assert operator_client.get(reverse("admin:devices_deviceuser_export_users")).status_code == 403
