"""Does an operator of one domain see, count, export, find, change or guess anything of another?"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Model
from django.test import Client

from devices.scope import ACCESS
from hexenroll.abilities import AUDITOR, HELP_DESK
from hexenroll.api_keys import keys
from hexenroll.roles import all_permissions
from tests.conftest import make_person, sign_in

from .addresses import NOBODYS, filled, is_by_key, places_of, routes, values_about, views
from .lands import Land, land, shared

pytestmark = pytest.mark.django_db
OWN, OTHER = "alphaland", "betaland"
# Of devices and providers, each with credentials of its own, and what isn't about anybody's things.
NOT_FOR_PEOPLE = (
    *("api/v1/device", "api/v1/device/checkin", "api/v1/device/disenroll", r"^api/[\s\S]*$", "healthz"),
    *("webhooks/twilio/", "webhooks/mail/"),
)
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
    """Return a browser that shows an API key, too: what counts under /api/, where no session does."""
    client = sign_in(operator_of_one)
    _key, text = keys.make(operator_of_one, "Program", made_by=operator_of_one)
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {text}"
    return client


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def ask(
    client: Client, address: str, method: str = "GET", data: dict[str, Any] | None = None, body: Any = None
) -> tuple[Any, ...]:
    """Return what an address answers; whatever that changed is taken back.

    Args:
        data: the fields of a form that is posted.
        body: what is sent as JSON.
    """
    client.cookies.pop("messages", None)  # what the page before said
    client.raise_request_exception = False
    with transaction.atomic():
        if data is None:
            sent = ("", "application/octet-stream") if body is None else (json.dumps(body), "application/json")
            response = client.generic(method, address, *sent)
        else:
            response = client.post(address, data)
        body = body_of(response)
        transaction.set_rollback(True)
    assert response.status_code != 500, (method, address)
    return response.status_code, TOKENS.sub(b"#", response.get("Location", "").encode()), TOKENS.sub(b"#", body)


def about_objects() -> Iterator[str]:
    for route in routes():
        if places_of(route) and not route.startswith("^"):
            yield route


def of_api() -> Iterator[str]:
    """Yield the addresses of the administrators' API about objects that belong to a domain."""
    for route in about_objects():
        if is_by_key(route) and "^device-groups" not in route and "^policies" not in route:
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
        shared_by_all = ("devices/devicegroup", "devices/policy", "^device-groups", "^policies")
        if not values or any(name in route for name in shared_by_all):
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
        if places_of(route) or route in NOT_FOR_PEOPLE:
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


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_the_api_answers_about_an_object_of_another_domain_that_there_is_none(
    client: Client, own: Land, other: Land, method: str
) -> None:
    asked = 0
    for route in of_api():
        address = filled(route, values_about(route, other.objects))
        answer = ask(client, address, method, body={})
        assert answer[0] in (404, 405), f"{method} {address}: {answer[0]}"
        assert answer == ask(client, filled(route, {"pk": NOBODYS}), method, body={}), f"{method} {address}"
        mine = ask(client, filled(route, values_about(route, own.objects)), method, body={})
        assert (mine[0] == 405) == (answer[0] == 405) and mine[0] != 404, f"{method} {address}: own {mine[0]}"
        asked += mine[0] != 405
    assert asked >= 2


def test_the_lists_of_the_api_count_nothing_of_another_domain(client: Client, own: Land, other: Land) -> None:
    """Nor do they tell by a filter whether a number is somebody's."""
    filters = {"domain", "user", "batch", "device", "sending"}  # groups and policies are everybody's
    belongs = {"user": "deviceuser", "batch": "importbatch"}
    for route in routes():
        view: Any = views()[route]
        if places_of(route) or not is_by_key(route) or not hasattr(view, "actions"):
            continue
        address = filled(route, {})
        status, _location, body = ask(client, address + ("?status=all" if "/devices/" in address else ""))
        assert status == 200, address
        assert_unmentioned((body,), address)
        for name in filters & set(getattr(view.cls.filterset_class, "base_filters", ())):
            label = next(label for label in other.objects if label.endswith(f".{belongs.get(name, name)}"))
            known, unknown = (ask(client, f"{address}?{name}={key}") for key in (other.objects[label].pk, NOBODYS))
            assert known == unknown, (address, name)


def test_no_number_of_another_domain_can_be_sent_to_the_api(client: Client, own: Land, other: Land) -> None:
    def number(label: str, land: Land) -> int:
        return int(land.objects[f"devices.{label}"].pk)

    device, group, policy = (number(label, own) for label in ("device", "devicegroup", "policy"))
    user, domain, theirs = number("deviceuser", other), number("domain", other), number("device", other)
    new = {"serial_number": "NEW1", "platform": "macos", "ownership": "corporate"}
    for method, address, body, name in (
        ("POST", f"devices/{device}/hand-over/", {"user": user}, "user"),
        ("POST", f"policies/{policy}/assign/", {"devices": [device, theirs]}, "devices"),
        ("POST", f"policies/{policy}/withdraw/", {"devices": [theirs]}, "devices"),
        ("POST", "devices/", {**new, "domain": domain}, "domain"),
        ("POST", "devices/", {**new, "domain": number("domain", own), "user": user}, "user"),
        ("PATCH", f"devices/{device}/", {"user": user}, "user"),
        ("POST", "device-users/", {"name": "X", "email": "x@alphaland.example", "domain": domain}, "domain"),
    ):
        known = ask(client, f"/api/v1/{address}", method, body=body)
        assert known[0] == 400 and name.encode() in known[2], (method, address, known)
        unknown = {**body, name: [NOBODYS] if isinstance(body[name], list) else NOBODYS}
        if body.get(name) != [device, theirs]:
            assert known == ask(client, f"/api/v1/{address}", method, body=unknown), (method, address)
    # Groups are for all domains: who has some of them only changes none.
    assert ask(client, f"/api/v1/device-groups/{group}/devices/add/", "POST", body={"devices": [theirs]})[0] == 403


@pytest.mark.parametrize("role", [AUDITOR, HELP_DESK])
def test_a_key_of_who_only_looks_changes_nothing(own: Land, role: str) -> None:
    person = make_person("looks", domains=[own.domain])  # type: ignore[list-item]
    person.groups.add(Group.objects.get(name=role))
    client = Client()
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {keys.make(person, 'Program', made_by=person)[1]}"
    pk = {label: row.pk for label, row in own.objects.items()}
    device, batch = f"devices/{pk['devices.device']}", f"import-batches/{pk['devices.importbatch']}"
    of_sending = {f"{device}/invite/", f"{batch}/invite/", f"invitations/{pk['invitations.invitation']}/resend/"}
    for address in (
        *(f"{device}/disenroll/", f"{device}/block/", f"{device}/hand-over/", f"{batch}/commit/", f"{batch}/undo/"),
        *(f"policies/{pk['devices.policy']}/assign/", "devices/", "device-users/", "import-batches/"),
        *sorted(of_sending),
    ):
        assert ask(client, f"/api/v1/{device}/")[0] == 200
        status = ask(client, f"/api/v1/{address}", "POST", body={})[0]
        if role == HELP_DESK and address in of_sending:  # its work
            assert status in (202, 409), (address, status)
        else:
            assert status == 403, (address, status)


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
