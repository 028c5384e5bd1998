"""What does the palette find, and for whom?"""

from typing import Any

import pytest
from django.test import Client

from tests.conftest import make_person, sign_in
from tests.factories import (
    DeviceFactory,
    DeviceGroupFactory,
    DeviceUserFactory,
    DomainFactory,
    ImportBatchFactory,
    InvitationFactory,
    PolicyFactory,
)

pytestmark = pytest.mark.django_db
EVERYTHING = ("view_device", "view_deviceuser", "view_devicegroup", "view_policy", "view_importbatch")


def palette(client: Client, text: str) -> str:
    answer = client.get("/admin/search/", {"s": text, "extended": "1"})
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_device_is_found_by_its_serial_number_in_any_case(administrator_client: Client) -> None:
    device = DeviceFactory.create(serial_number="C02XK0AAJG5J")
    assert f"/admin/devices/device/{device.pk}/change/" in palette(administrator_client, "c02xk0")


def test_a_device_that_was_just_added_is_found_at_once(administrator_client: Client) -> None:
    assert "/admin/devices/device/" not in palette(administrator_client, "newone")
    device = DeviceFactory.create(serial_number="NEWONE1")
    assert f"/admin/devices/device/{device.pk}/change/" in palette(administrator_client, "newone")


def test_users_batches_groups_and_policies_are_found_by_what_they_are_called(administrator_client: Client) -> None:
    user = DeviceUserFactory.create(email="countess@example.org")
    batch = ImportBatchFactory.create(file_name="count down.csv")
    group = DeviceGroupFactory.create(name="Counters")
    policy = PolicyFactory.create(name="Count keys")
    page = palette(administrator_client, "count")
    for address in (
        f"/admin/devices/deviceuser/{user.pk}/change/",
        f"/enroll/pre-approve/{batch.pk}/",
        f"/admin/devices/devicegroup/{group.pk}/change/",
        f"/admin/devices/policy/{policy.pk}/change/",
    ):
        assert address in page


def test_invitations_are_found_by_their_user_and_by_the_address_they_went_to(administrator_client: Client) -> None:
    user = DeviceUserFactory.create(name="Ada Lovelace", email="ada@example.org")
    first = InvitationFactory.create(device=DeviceFactory.create(user=user), recipient="ada@example.org")
    other = InvitationFactory.create(recipient="+491701234567")
    for text, found, not_found in (("lovel", first, other), ("ADA@exa", first, other), ("+491701234567", other, first)):
        page = palette(administrator_client, text)
        assert f"/admin/invitations/invitation/{found.pk}/change/" in page
        assert f"/admin/invitations/invitation/{not_found.pk}/change/" not in page


def test_a_common_text_is_asked_for_without_reading_whole_tables(
    administrator_client: Client, is_postgresql: bool, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(100) as asked:
        palette(administrator_client, "nowhere")
    if is_postgresql:
        contains = [query["sql"] for query in asked.captured_queries if "LIKE UPPER('%nowhere%')" in query["sql"]]
        assert any('"devices_policy"."name"' in sql for sql in contains)
        read_whole = ("devices_deviceuser", "invitations_invitation", "devices_device")
        assert [sql for sql in contains if any(f'"{table}"."' in sql.split("WHERE")[1] for table in read_whole)] == []


def test_pages_are_found_by_their_name(administrator_client: Client, stranger_client: Client) -> None:
    assert "/enroll/pre-approve/" in palette(administrator_client, "pre-app")
    assert "/enroll/pre-approve/" not in palette(stranger_client, "pre-app")


def test_nothing_of_another_domain_is_found() -> None:
    ours, theirs = DomainFactory.create(), DomainFactory.create()
    client = sign_in(make_person("ours", EVERYTHING, domains=[ours]))
    mine = DeviceFactory.create(domain=ours, serial_number="COUNT1")
    others = [
        f"/admin/devices/device/{DeviceFactory.create(domain=theirs, serial_number='COUNT2').pk}/",
        f"/admin/devices/deviceuser/{DeviceUserFactory.create(domain=theirs, email='count@example.org').pk}/",
        f"/enroll/pre-approve/{ImportBatchFactory.create(domain=theirs, file_name='count.csv').pk}/",
    ]
    page = palette(client, "count")
    assert f"/admin/devices/device/{mine.pk}/" in page
    assert [address for address in others if address in page] == []


def test_somebody_without_permissions_finds_no_thing(stranger_client: Client) -> None:
    DeviceFactory.create(serial_number="COUNT1")
    page = palette(stranger_client, "count")
    assert "/admin/" not in page
    assert "No results" in page
