"""What does the device list show, in which order, and what does it cost?"""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from devices.device_list import columns, pages
from devices.models import Device, DeviceInventory, SavedView
from tests.conftest import make_person, sign_in
from tests.factories import (
    DeviceFactory,
    DeviceGroupFactory,
    DeviceUserFactory,
    DomainFactory,
    ImportBatchFactory,
)

pytestmark = pytest.mark.django_db
Status = Device.Status
NOW = timezone.now()


def url() -> str:
    return reverse("admin:devices_device_changelist")


def text_of(client: Client, query: str = "") -> str:
    answer = client.get(f"{url()}?{query}" if query else url())
    assert answer.status_code == 200, answer.headers
    return unescape(re.sub(r"\s+", " ", answer.content.decode()))


def listed(client: Client, query: str) -> list[str]:
    return [device.name for device in client.get(f"{url()}?{query}").context["cl"].result_list]


def enrolled(name: str, **inventory: Any) -> Device:
    device: Device = DeviceFactory.create(name=name, status=Status.ENROLLED)
    DeviceInventory.objects.create(device=device, **{"enrolled_at": NOW, "last_seen_at": NOW} | inventory)
    return device


def test_a_line_says_how_many_wait_and_leads_to_them(administrator_client: Client) -> None:
    DeviceFactory.create_batch(3)
    assert "3 pre-approved devices are waiting for their enrollment" in text_of(administrator_client)
    assert "?status=pre_approved" in text_of(administrator_client)
    assert "are waiting" not in text_of(administrator_client, "status=pre_approved")


def test_the_line_counts_what_is_in_ones_own_domains(db: None) -> None:
    mine, other = DomainFactory.create(), DomainFactory.create()
    DeviceFactory.create(domain=mine, user=None)
    DeviceFactory.create_batch(2, domain=other, user=None)
    client = sign_in(make_person("of mine", ("view_device",), domains=[mine]))
    assert "1 pre-approved device is waiting" in text_of(client)


def test_wrong_values_and_unknown_names_are_said_and_show_nothing(administrator_client: Client) -> None:
    DeviceFactory.create(name="Unshown", status=Status.ENROLLED)
    page = text_of(administrator_client, "platform=amiga&statuss=all&platform__exact=ios")
    assert "Platform: “amiga” is unknown. Possible values: android, ios, macos, linux, tvos, windows." in page
    assert "“statuss” is no filter of this list." in page
    assert "“platform__exact” is no filter of this list." in page
    assert "Unshown" not in page


def test_each_active_filter_is_a_chip_that_takes_it_away(administrator_client: Client) -> None:
    answer = administrator_client.get(f"{url()}?status=all&platform=ios&platform=macos&q=ada")
    chips = [(chip.label, chip.value, chip.address) for chip in answer.context["cl"].chips]
    assert chips == [
        ("Enrollment status", "All, pre-approved and disenrolled ones too", "?platform=ios&platform=macos&q=ada"),
        ("Platform", "iOS and iPadOS", "?status=all&platform=macos&q=ada"),
        ("Platform", "macOS", "?status=all&platform=ios&q=ada"),
        ("Search", "ada", "?status=all&platform=ios&platform=macos"),
    ]


def test_columns_can_be_chosen_and_are_remembered(administrator_client: Client) -> None:
    enrolled("it", os_version="17.4", ip_address="192.0.2.7", model="Model 9")
    chosen = ["status", "os_version", "ip_address", "model", "last_seen_at", "groups", "invitation"]
    known = [name for name in chosen if name in columns.COLUMNS]
    administrator_client.post(
        reverse("admin:devices_device_columns"), {"column": known, "query": "status=enrolled&o=2"}
    )
    page = text_of(administrator_client, "status=enrolled")
    for shown in ("17.4", "192.0.2.7", "Model 9", "OS version"):
        assert shown in page
    assert "column-ownership" not in page
    administrator_client.post(reverse("admin:devices_device_columns"), {"reset": "1"})
    assert "192.0.2.7" not in text_of(administrator_client, "status=enrolled")


def test_what_a_device_reported_is_not_shown_once_it_waits_anew(administrator_client: Client) -> None:
    Device.objects.filter(pk=enrolled("it", model="Old one").pk).update(status=Status.PRE_APPROVED)
    assert "Old one" not in text_of(administrator_client, "status=all&columns=model")


@pytest.mark.parametrize("name", [name for name, column in columns.COLUMNS.items() if column.admin_order_field])
@pytest.mark.parametrize("size", [2, 3, 100])
def test_each_order_shows_every_device_once_page_by_page_from_both_ends(name: str, size: int) -> None:
    DeviceFactory.create(name="no user", user=None, domain=DomainFactory.create(name="alpha.example.com"))
    for number in range(4):
        enrolled(f"e{number}", model=f"m{number % 2}", os_version="1", last_seen_at=NOW - timedelta(days=number))
    everything = set(Device.objects.values_list("pk", flat=True))
    for falls in (False, True):
        parts = pages.ordered(Device.objects.all(), pages.Order(columns.COLUMNS[name], falls))
        forward: list[int] = []
        number, more = 1, True
        while more:
            keys, more = pages.page(parts, number, size)
            forward += keys
            number += 1
        assert len(forward) == len(everything) and set(forward) == everything
        assert pages.page(parts, -1, size)[0] == forward[-size:]
        assert pages.page(parts, -2, size)[0] == forward[-2 * size : -size]


def test_sorted_by_user_devices_without_one_come_last(administrator_client: Client) -> None:
    for name in ("Zoe", "Ada"):
        DeviceFactory.create(name=name, status=Status.ENROLLED, user=DeviceUserFactory.create(name=name))
    DeviceFactory.create(name="nobody", status=Status.ENROLLED, user=None)
    place = columns.USUAL.index("user")
    place += 1 if "action_checkbox" in str(administrator_client.get(url()).context["cl"].list_display) else 0
    assert listed(administrator_client, f"o={place}") == ["Ada", "Zoe", "nobody"]
    assert listed(administrator_client, f"o=-{place}") == ["Zoe", "Ada", "nobody"]


def test_a_page_beyond_the_last_is_answered_in_words(administrator_client: Client) -> None:
    for number in ("7", "-7", "99999999999999999999", "x"):
        assert administrator_client.get(f"{url()}?p={number}", follow=True).status_code == 200


def test_of_many_it_is_said_that_there_are_more(administrator_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST", 120)
    DeviceFactory.create_batch(205, status=Status.ENROLLED, user=None)
    page = text_of(administrator_client)
    assert "More than 120 devices" in page and "Page 1 " in page and "?p=-1" in page
    last = administrator_client.get(f"{url()}?p=-1")
    assert len(last.context["cl"].result_list) == 100
    assert "Last page" in last.content.decode()
    assert len(listed(administrator_client, "p=3")) == 5


def test_the_list_costs_the_same_for_two_devices_and_for_twenty(administrator_client: Client) -> None:
    numbers: set[int] = set()
    every = ",".join(columns.COLUMNS)
    for _times in range(2):
        for _number in range(2 if not numbers else 18):
            device = enrolled("it", model="x")
            device.groups.add(DeviceGroupFactory.create())
        administrator_client.get(f"{url()}?status=all&columns={every}")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            administrator_client.get(f"{url()}?status=all&columns={every}")
        numbers.add(len(queries))
    assert len(numbers) == 1 and numbers.pop() <= 12


# --- saved views ---
def save(client: Client, name: str, query: str, **more: str) -> Any:
    data = {"name": name, "query": query, "columns": "device,model", **more}
    return client.post(reverse("admin:devices_device_save_view"), data)


def test_a_view_keeps_filters_columns_and_order_under_a_name(administrator_client: Client) -> None:
    answer = save(administrator_client, "Old Macs", "platform=macos&stale_days=30&o=-2&p=4&csrf=1")
    view = SavedView.objects.get()
    assert (view.query, view.columns) == ("platform=macos&stale_days=30&o=-2", ["device", "model"])
    assert answer["Location"] == f"{url()}?{view.query}&columns=device%2Cmodel&view={view.pk}"
    assert administrator_client.get(f"{url()}?view={view.pk}")["Location"] == answer["Location"]
    assert "Old Macs" in text_of(administrator_client, answer["Location"].split("?")[1])


def test_the_list_opens_with_the_default_view_and_without_it_when_asked(administrator_client: Client) -> None:
    save(administrator_client, "first", "platform=ios", is_default="on")
    save(administrator_client, "second", "platform=macos", is_default="on")
    assert SavedView.objects.filter(is_default=True).get().name == "second"
    assert "platform=macos" in administrator_client.get(url())["Location"]
    assert administrator_client.get(f"{url()}?view=0").status_code == 200


def test_others_see_a_view_once_it_is_shared_and_cannot_change_it(
    administrator_client: Client, administrator: User
) -> None:
    save(administrator_client, "mine", "platform=ios")
    view = SavedView.objects.get()
    person = make_person("other", ("view_device", "add_savedview"))
    other = sign_in(person)
    assert other.get(f"{url()}?view={view.pk}").status_code == 404
    administrator_client.post(reverse("admin:devices_device_change_view", args=[view.pk, "share"]))
    assert other.get(f"{url()}?view={view.pk}").status_code == 302
    assert other.post(reverse("admin:devices_device_change_view", args=[view.pk, "delete"])).status_code == 404
    administrator_client.post(reverse("admin:devices_device_change_view", args=[view.pk, "delete"]))
    assert not SavedView.objects.exists()


def test_a_shared_view_that_names_what_is_of_another_domain_is_hidden_from_who_does_not_work_there(
    administrator_client: Client,
) -> None:
    user, own = DeviceUserFactory.create(), DomainFactory.create()
    batch = ImportBatchFactory.create(domain=user.domain)
    named = (f"user={user.pk}", f"domain={own.pk}&domain={user.domain_id}", f"batch={batch.pk}", f"q={user.email}")
    for number, query in enumerate(named):
        save(administrator_client, f"secret {number}", query, is_shared="on")
    save(administrator_client, "open", f"platform=ios&domain={own.pk}", is_shared="on")
    view = SavedView.objects.get(query=named[0])
    there = make_person("there", ("view_device",), domains=[own, user.domain])
    here = sign_in(make_person("here", ("view_device",), domains=[own]))

    assert "secret 1" in text_of(sign_in(there)) and "secret 3" not in text_of(sign_in(there))
    text = text_of(here)
    assert "open" in text and "secret" not in text and user.email not in text
    assert here.get(f"{url()}?view={view.pk}").status_code == 404


def test_who_may_save_no_views_or_see_no_devices_is_refused(stranger_client: Client, operator_client: Client) -> None:
    assert save(operator_client, "mine", "").status_code == 403
    assert save(stranger_client, "mine", "").status_code == 403
    assert stranger_client.post(reverse("admin:devices_device_columns"), {"column": "model"}).status_code == 403


def test_a_view_needs_a_name(administrator_client: Client) -> None:
    answer = administrator_client.post(
        reverse("admin:devices_device_save_view"), {"name": " ", "query": urlencode({"q": "x"})}, follow=True
    )
    assert "Give the view a name of at most 100 characters." in answer.content.decode()


def test_without_a_wish_the_order_is_that_of_what_is_asked_for(administrator_client: Client) -> None:
    for name, days in (("late", 3), ("never", 9), ("early", 5)):
        enrolled(name, last_seen_at=NOW - timedelta(days=days), enrolled_at=NOW - timedelta(days=20 - days))
    assert listed(administrator_client, "status=all") == ["early", "never", "late"]
    assert listed(administrator_client, f"seen_before={NOW:%Y-%m-%d}") == ["never", "early", "late"]
    assert listed(administrator_client, f"enrolled_before={NOW:%Y-%m-%d}") == ["never", "early", "late"]


def test_what_was_chosen_to_filter_by_is_read_once(administrator_client: Client) -> None:
    domain = DeviceFactory.create(status=Status.ENROLLED).domain
    with CaptureQueriesContext(connection) as queries:
        assert domain.name in text_of(administrator_client, f"domain={domain.pk}")
    read = [query for query in queries if f'WHERE "devices_domain"."id" IN ({domain.pk})' in query["sql"]]
    assert len(read) == 1
    assert len(queries) <= 12
