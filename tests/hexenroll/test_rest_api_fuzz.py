"""Does the administrators' API do what its description says, with whatever the description allows and forbids?"""

from collections import Counter
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from hexenroll.api_keys import keys
from hexenroll.wsgi import application
from tests.enrollment.hostile import kept_connection
from tests.factories import DeviceFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
OPERATIONS = (
    *("devices_list", "devices_create", "devices_partial_update", "device_users_create", "device_groups_create"),
    *("device_groups_devices_add_create", "attempts_list", "invitations_list", "import_batches_create"),
)


@pytest.mark.parametrize("operation_id", OPERATIONS)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_an_operation_never_fails(
    administrator: User, operation_id: str, mode: GenerationMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hexenroll.api_keys.limits.WRONG", 10_000)
    DeviceFactory.create()
    _key, text = keys.make(administrator, "Fuzz", made_by=administrator)
    seen: Counter[int] = Counter()
    with kept_connection():
        described = schemathesis.openapi.from_wsgi("/api/v1/admin-openapi.json", application)
        operation = described.find_operation_by_id(operation_id)

        @settings(
            max_examples=10,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def run(case: Any) -> None:
            answer = case.call(headers={"Authorization": f"Bearer {text}"})
            case.validate_response(answer, checks=CHECKS)
            seen[answer.status_code] += 1
            if answer.status_code >= 400:
                assert set(answer.json()) >= {"code", "message"}

        run()
    assert not [status for status in seen if status >= 500], seen
