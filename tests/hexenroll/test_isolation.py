"""Does an operator of one domain see, count, export, find, change or guess anything of another?"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model
from django.test import Client

from devices.scope import ACCESS
from hexenroll.roles import all_permissions
from tests.conftest import make_person, sign_in

from .addresses import NOBODYS, filled, places_of, routes, values_about
from .lands import Land, land, shared

pytestmark = pytest.mark.django_db
OWN, OTHER = "alphaland", "betaland"
# Holds both names; so, what was searched for and is shown again is no find.
TERM = "land"
TOKENS = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9]+')


@pytest.fixture
def own(db: None) -> Land:
    return land(OWN)


@pytest.fixture
def other(db: None) -> Land:
    return land(OTHER)


@pytest.fixture
def operator_of_one(own: Land) -> User:
    """Return somebody with every permission that there is, in one domain."""
    person = make_person("operator of one", domains=[own.domain])  # type: ignore[list-item]
    app, code = ACCESS.split(".")
    everything = all_permissions().exclude(content_type__app_label=app, codename=code)
    person.user_permissions.set(everything)
    return person


@pytest.fixture
def client(operator_of_one: User) -> Client:
    return sign_in(operator_of_one)


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def ask(client: Client, address: str, method: str = "GET", data: dict[str, Any] | None = None) -> tuple[Any, ...]:
    """Return what an address answers; whatever that changed is taken back."""
    client.cookies.pop("messages", None)  # what the page before said
    client.raise_request_exception = False
    with transaction.atomic():
        response = client.generic(method, address) if data is None else client.post(address, data)
        body = body_of(response)
        transaction.set_rollback(True)
    assert response.status_code != 500, (method, address)
    return response.status_code, TOKENS.sub(b"#", response.get("Location", "").encode()), TOKENS.sub(b"#", body)


def about_objects() -> Iterator[str]:
    for route in routes():
        if places_of(route) and not route.startswith(("^", "api/v1/device")):
            yield route


def assert_unmentioned(answer: tuple[Any, ...], address: str) -> None:
    said = b"".join(part for part in answer if isinstance(part, bytes)).lower()
    place = said.find(OTHER.encode())
    assert place < 0, f"{address} names the other domain: …{said[max(0, place - 200) : place + 100].decode()}…"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_object_of_another_domain_is_answered_like_one_that_does_not_exist(
    client: Client, own: Land, other: Land, method: str
) -> None:
    shared()
    rows = [*other.objects.values(), *other.more]
    before = [_columns(row) for row in rows]

    for route in about_objects():
        values = values_about(route, other.objects)
        if not values or "devices/devicegroup" in route or "devices/policy" in route:  # for all domains
            continue
        address = filled(route, values)
        answer = ask(client, address, method)
        nothing = filled(route, values_about(route, other.objects, NOBODYS))
        assert answer == ask(client, nothing, method), f"{method} {address} differs from {nothing}"
        assert_unmentioned(answer, address)

    assert [_columns(row) for row in rows] == before


def test_pages_without_an_object_show_nothing_of_another_domain(client: Client, own: Land, other: Land) -> None:
    shared()
    numbers = {label: row.pk for label, row in other.objects.items()}
    for route in routes():
        if places_of(route) or route.startswith(("^", "api/v1/device", "healthz", "webhooks/")):
            continue
        address = filled(route, {})
        assert_unmentioned(ask(client, address), address)
        if address.endswith("/"):  # the pages, most of them lists
            for query in queries(numbers):
                assert_unmentioned(ask(client, address + query), address + query)


def queries(numbers: dict[str, int]) -> Iterator[str]:
    """Yield what lists are asked for: a search that finds both domains' things, and filters by the other's numbers."""
    yield f"?q={TERM}&s={TERM}&extended=1&status=all"
    yield "?status=all&" + "&".join(
        f"{name}={numbers[label]}"
        for name, label in (
            ("domain", "devices.domain"),
            ("user", "devices.deviceuser"),
            ("batch", "devices.importbatch"),
        )
    )


def test_own_things_are_still_found(client: Client, own: Land, other: Land) -> None:
    for address in (
        f"/admin/devices/device/?q={TERM}&status=all",
        f"/admin/devices/deviceuser/?q={TERM}",
        f"/admin/invitations/invitation/?q={TERM}",
        f"/admin/search/?s={TERM}&extended=1",
        "/admin/enrollment/enrollmentattempt/",
        "/admin/enrollment/conflict/",
        "/enroll/pre-approve/",
    ):
        status, _location, body = ask(client, address)
        assert status == 200 and OWN.encode() in body.lower(), address


def test_no_search_field_offers_what_is_of_another_domain(client: Client, own: Land, other: Land) -> None:
    found = 0
    for model, page in admin.site._registry.items():
        for name in page.autocomplete_fields:
            query = f"app_label={model._meta.app_label}&model_name={model._meta.model_name}&field_name={name}"
            address = f"/admin/autocomplete/?{query}&term={TERM}"
            answer = ask(client, address)
            assert_unmentioned(answer, address)
            found += OWN.encode() in answer[2].lower()

    assert found


def test_device_can_not_be_given_to_a_user_or_domain_of_another(client: Client, own: Land, other: Land) -> None:
    data = {
        "serial_number": "NEW1",
        "platform": "macos",
        "ownership": "corporate",
        "domain": other.domain.pk,
        "user": other.objects["devices.deviceuser"].pk,
        "custom_attributes": "{}",
    }

    status, _location, body = ask(client, "/admin/devices/device/add/", data=data)

    assert status == 200
    assert body.count(b"Select a valid choice") == 2


def test_file_can_not_be_uploaded_for_another_domain(client: Client, own: Land, other: Land) -> None:
    status, _location, body = ask(client, "/enroll/pre-approve/new/", data={"domain": other.domain.pk})

    assert status == 422
    assert b"This domain was removed. Choose another." in body


@pytest.mark.parametrize(
    "address",
    [
        "/enroll/settings/",
        "/admin/enrollment/lockout/",
        "/admin/enrollment/blockedhardware/",
        "/admin/enrollment/blockedhardware/add/",
        "/admin/invitations/mailboxmessage/",
        "/admin/auth/user/",
        "/admin/auth/group/",
        "/admin/devices/domain/add/",
        "/admin/devices/policy/add/",
    ],
)
def test_what_is_for_all_domains_needs_all_of_them(client: Client, address: str) -> None:
    assert ask(client, address)[0] == 403


def test_text_for_all_domains_can_be_read_and_not_changed(client: Client, db: None) -> None:
    from invitations.models import MessageTemplate

    template = MessageTemplate.objects.filter(domain=None).first()
    assert template is not None
    address = f"/admin/invitations/messagetemplate/{template.pk}/change/"

    assert ask(client, address)[0] == 200
    assert ask(client, address, data={"subject": "x", "text": "{{ link }}"})[0] == 403


def _columns(row: Model) -> dict[str, Any]:
    return dict(row.__class__._default_manager.filter(pk=row.pk).values().get())
