"""Does the description of the device API say what the API does?"""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from devices.models import DevicePolicy
from devices.vocabulary import Platform
from enrollment.api.bounds import Code
from enrollment.api.openapi import description
from enrollment.api.openapi_schemas import NOT_OF_THE_RULE
from enrollment.methods import ManagementMode, Method
from enrollment.reasons import LETS_IN, Reason
from tests.enrollment.enrolled import ask, bearer, check_in, enrolled_device
from tests.enrollment.knocking import invited, knock, with_token
from tests.factories import PolicyFactory

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).parents[2] / "docs" / "api.md"


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = description()["components"]["schemas"][name]
    return found


def test_the_description_is_served_to_everybody_and_only_once() -> None:
    answer = Client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert json.loads(answer.content) == description()
    again = Client().get("/api/v1/openapi.json", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_each_address_of_the_api_is_described_and_no_other() -> None:
    found = [found for found in get_resolver().url_patterns if isinstance(found, URLPattern)]
    routes = {f"/{route.pattern}" for route in found if str(route.pattern).startswith("api/")}
    assert set(description()["paths"]) == routes - {"/api/v1/openapi.json"}


def test_every_reference_leads_somewhere() -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if "$ref" in value else []
            return own + [found for item in value.values() for found in references(item)]
        return [found for item in value for found in references(item)] if isinstance(value, list) else []

    for reference in references(description()):
        found: Any = description()
        for name in reference.removeprefix("#/").split("/"):
            assert name in found, reference
            found = found[name]


def test_a_request_to_enroll_has_the_choices_of_the_code() -> None:
    fields = schema("EnrollRequest")["properties"]
    assert fields["platform"]["enum"] == Platform.values
    assert fields["method"]["enum"] == Method.values
    assert fields["management_mode"]["enum"] == [*ManagementMode.values, "", None]
    assert fields["password"]["maxLength"] == 128


def test_every_code_of_a_refusal_is_described() -> None:
    described = {
        *schema("NotLetIn")["properties"]["code"]["enum"],
        *schema("Refusal")["properties"]["code"]["enum"],
        schema("Invalid")["properties"]["code"]["const"],
    }
    assert described == {reason.value for reason in Reason if reason not in LETS_IN} | set(Code.values)


def test_answers_have_the_fields_that_are_described(clear_counters: None) -> None:
    _device, token = enrolled_device(policies=[PolicyFactory.create()])
    answer = ask(token).json()
    assert set(answer) == set(schema("Device")["properties"])
    assert set(answer["policies"][0]) == set(schema("Policy")["properties"])
    assert set(check_in(token, {})[1]) == set(schema("CheckedIn")["properties"])
    assert set(check_in(token, [])[1]) == set(schema("Invalid")["properties"])
    assert set(ask("").json()) == set(schema("Refusal")["properties"])
    status, enrolled = knock(with_token(invited()))
    assert status == 200
    assert set(enrolled) == set(schema("Enrolled")["properties"])
    assert len(enrolled["device_token"]) == schema("Enrolled")["properties"]["device_token"]["maxLength"]
    left = Client().post("/api/v1/device/disenroll", content_type="application/json", headers=bearer(token))
    assert set(left.json()) == set(schema("Disenrolled")["properties"])


def test_what_a_device_reports_of_a_policy_is_a_state_of_the_console() -> None:
    states = schema("CheckIn")["properties"]["policies"]["items"]["properties"]["state"]["enum"]
    assert set(states) < set(DevicePolicy.State.values)


def test_the_page_for_people_has_every_address_field_and_reason() -> None:
    page = DOCS.read_text()
    for path, methods in description()["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in page
    for field in schema("CheckIn")["properties"]:
        assert f"| `{field}` |" in page
    for field, values in schema("EnrollRequest")["properties"].items():
        assert f"`{field}`" in page
        for value in filter(None, values.get("enum", ())):
            assert f"`{value}`" in page
    for code in Code:
        assert f"| `{code.value}` |" in page
    for reason in Reason:
        if reason in LETS_IN:
            continue
        row = f"| `{reason.value}` |" if reason in NOT_OF_THE_RULE else f"| `{reason.value}` | {reason.label} |"
        assert row in page
