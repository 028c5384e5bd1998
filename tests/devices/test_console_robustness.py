"""Do the console's plain pages answer in words what no form or link of ours sends?"""

import json
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from devices.admin.console_page import ConsolePage
from devices.models import Device, DeviceGroup, Domain, Policy
from tests.factories import DeviceFactory, DeviceGroupFactory, DomainFactory, PolicyFactory

pytestmark = pytest.mark.django_db
LISTS = ["device", "deviceuser", "devicegroup", "domain", "importbatch", "policy"]


def url(name: str, page: str, *arguments: object) -> str:
    return reverse(f"admin:devices_{name}_{page}", args=arguments)


def policy_form(**values: str) -> dict[str, str]:
    return {"name": "Wi-Fi", "settings": "{}", "apps": "[]", **values}


def errors(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200, response.status_code
    return {name: list(map(str, found)) for name, found in response.context["adminform"].form.errors.items()}


# --- lists ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("query", ["created_at__year=0", "name__regex=(", "name__contains=a", "user__email__exact=a"])
@pytest.mark.parametrize("name", LISTS)
def test_a_list_compares_only_as_its_own_links_do(administrator_client: Client, name: str, query: str) -> None:
    response = administrator_client.get(f"{url(name, 'changelist')}?{query}")
    if name == "device":  # says so above an empty list
        assert "is no filter of this list." in response.content.decode()
    elif (name, query) == ("importbatch", "created_at__year=0"):  # it has a list of dates
        assert response.status_code == 302
    else:
        assert response.status_code in (302, 400)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("device", "status=%00"),
        ("device", "platform__exact=%00"),
        ("device", f"import_batch__id__exact={'9' * 30}"),
        ("importbatch", "state__exact=%00"),
        ("importbatch", f"created_at__year={'9' * 20}"),
        ("importbatch", "created_at__year=2026&created_at__month=99"),
        ("policy", "q=%00"),
    ],
)
def test_a_filter_that_no_column_can_hold_is_no_failure(administrator_client: Client, name: str, query: str) -> None:
    response = administrator_client.get(f"{url(name, 'changelist')}?{query}", follow=True)
    assert response.status_code == 200


@pytest.mark.parametrize("query", ["domain=abc", "platform=%00", "platform__exact=ios", f"domain=1,{'9' * 30}"])
def test_an_export_of_no_filter_is_refused(administrator_client: Client, query: str) -> None:
    DeviceFactory.create(domain=DomainFactory.create())
    address = f"{url('device', 'export')}?{query}"
    assert administrator_client.get(address).status_code == 400
    assert administrator_client.post(address, {"format": "0", "resource": ""}).status_code == 400


@pytest.mark.parametrize("name", LISTS)
def test_the_links_of_a_lists_filters_are_allowed(administrator_client: Client, name: str) -> None:
    DeviceFactory.create(groups=[DeviceGroupFactory.create()], policies=[PolicyFactory.create()])
    page = administrator_client.get(url(name, "changelist"))
    for spec in page.context["cl"].filter_specs:
        for choice in spec.choices(page.context["cl"]):
            if "query_string" in choice:
                response = administrator_client.get(url(name, "changelist") + choice["query_string"])
                assert response.status_code == 200, choice


@pytest.mark.parametrize("key", ["abc", "\0", "9" * 30, "-"])
@pytest.mark.parametrize("name", sorted(set(LISTS) - {"domain", "importbatch"}))
def test_a_tick_that_is_no_object_is_said(administrator_client: Client, name: str, key: str) -> None:
    data = {"action": "delete_selected", "_selected_action": [key], "post": "yes"}
    response = administrator_client.post(url(name, "changelist"), data, follow=True)
    assert response.status_code == 200
    assert "What was ticked is not in this list. Load the page again." in response.content.decode()


@pytest.mark.parametrize("key", ["abc", "-1", "%00", "١", "1/change/x"])
def test_an_import_batch_without_a_number_is_not_found(administrator_client: Client, key: str) -> None:
    address = reverse("admin:devices_importbatch_changelist") + f"{key}/change/"
    assert administrator_client.get(address).status_code in (302, 404)


def test_the_palette_finds_pages_and_asks_for_the_sign_in(administrator_client: Client, client: Client) -> None:
    response = administrator_client.get("/admin/search/?s=device&extended=1")
    assert response.status_code == 200
    assert url("device", "changelist") in response.content.decode()
    assert client.get("/admin/search/?s=device").status_code == 302


@pytest.mark.parametrize(
    ("model", "field"), [("device", "user"), ("device", "domain"), ("device", "groups"), ("devicegroup", "policies")]
)
def test_a_select_by_search_takes_any_text(administrator_client: Client, model: str, field: str) -> None:
    query = {"app_label": "devices", "model_name": model, "field_name": field, "term": "a\0'%_\\"}
    assert administrator_client.get(reverse("admin:autocomplete"), query).json()["results"] == []


# --- forms ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("empty", ["", "null"])
def test_an_empty_json_field_means_what_is_empty(administrator_client: Client, empty: str) -> None:
    form = policy_form(settings=empty, apps=empty)
    assert administrator_client.post(url("policy", "add"), form).status_code == 302
    made = Policy.objects.get()
    assert (made.platforms, made.settings, made.apps) == ([], {}, [])
    form = {"serial_number": "C02XK1ZZJ001", "platform": "macos", "ownership": "corporate"}
    form |= {"domain": str(Domain.objects.local().pk), "custom_attributes": empty}
    assert administrator_client.post(url("device", "add"), form).status_code == 302
    assert Device.objects.get().custom_attributes == {}


@pytest.mark.parametrize(
    "text", ["{", '{"a": NaN}', '{"a": 1e999}', '{"a": -Infinity}', "[" * 100_000, '{"a": ' + "9" * 5_000 + "}"]
)
def test_json_that_is_none_is_said_and_shown_again(administrator_client: Client, text: str) -> None:
    response = administrator_client.post(url("policy", "add"), policy_form(settings=text))
    assert errors(response) == {"settings": ["Enter a valid JSON."]}


@pytest.mark.parametrize("text", ['{"a": "\\u0000"}', '{"\\u0000": 1}', '{"a": ["\\ud800"]}'])
def test_json_with_a_character_that_can_not_be_stored_is_said(administrator_client: Client, text: str) -> None:
    response = administrator_client.post(url("policy", "add"), policy_form(settings=text))
    assert errors(response)["settings"][0].startswith("A text holds a character that can't be stored")


def test_json_of_another_shape_is_said(administrator_client: Client) -> None:
    response = administrator_client.post(url("policy", "add"), policy_form(settings="[]", apps='"x"'))
    assert errors(response) == {
        "settings": ["Write a JSON object, such as {}."],
        "apps": ["Write a JSON list, such as []."],
    }


def test_what_only_looks_like_a_character_that_can_not_be_stored_is_kept(administrator_client: Client) -> None:
    values = {"custom": {"path": "C:\\u0000", "smile": "😀", "null": None, "long": 10**50}}
    form = policy_form(settings=json.dumps(values))
    assert administrator_client.post(url("policy", "add"), form).status_code == 302
    assert Policy.objects.get().settings == values


@pytest.mark.parametrize("key", ["abc", "\0", "9" * 30, "999999"])
def test_a_choice_that_is_no_object_is_said(administrator_client: Client, key: str) -> None:
    response = administrator_client.post(url("devicegroup", "add"), {"name": "Sales", "policies": [key]})
    assert len(errors(response)["policies"]) == 1
    assert response.content  # the select is shown again
    form = {"domain": key, "name": "Ada", "email": "ada@example.com"}
    assert len(errors(administrator_client.post(url("deviceuser", "add"), form))["domain"]) == 1
    role = administrator_client.post(reverse("admin:auth_group_add"), {"name": "Second line", "domains": [key]})
    assert len(errors(role)["domains"]) == 1
    person = administrator_client.post(reverse("admin:auth_user_add"), {"roles": [key], "domains": [key]})
    assert [len(errors(person)[name]) for name in ("roles", "domains")] == [1, 1]
    many = {"query": "status=all", "last": "0", "rows": [key]}
    asked = administrator_client.post(reverse("admin:devices_device_bulk", args=["add_groups"]), many)
    assert (asked.status_code, len(asked.context["form"].errors["rows"])) == (422, 1)
    assert not DeviceGroup.objects.exists()


def test_every_page_of_devices_has_these_answers() -> None:
    assert all(isinstance(page, ConsolePage) for page in admin.site._registry.values())
