"""Does the device API do what its description says, with whatever the description allows and forbids?"""

from collections import Counter
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from devices.models import Device
from enrollment.device_token import issue
from hexenroll.wsgi import application
from tests.enrollment.enrolled import bearer, enrolled_device
from tests.enrollment.hostile import KNOWN_CODES, kept_connection
from tests.enrollment.knocking import choose

pytestmark = pytest.mark.django_db

ENROLL = "/api/v1/enroll"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
# What each operation must have answered in the end: else nothing was tried but the door.
EXPECTED = {
    ("enroll", GenerationMode.POSITIVE): {"200"},
    ("enroll", GenerationMode.NEGATIVE): {"invalid"},
    ("device", GenerationMode.POSITIVE): {"200", "unauthorized"},
    ("device", GenerationMode.NEGATIVE): {"200", "unauthorized"},
    ("checkin", GenerationMode.POSITIVE): {"200", "unauthorized"},
    ("checkin", GenerationMode.NEGATIVE): {"invalid"},
    ("disenroll", GenerationMode.POSITIVE): {"200", "unauthorized"},
    ("disenroll", GenerationMode.NEGATIVE): {"200", "unauthorized"},
}


@pytest.mark.parametrize(("operation_id", "mode"), EXPECTED)
def test_an_operation_answers_as_it_is_described(operation_id: str, mode: GenerationMode, is_postgresql: bool) -> None:
    choose(require_credentials=False)
    device, _token = enrolled_device()
    seen: Counter[str] = Counter()
    with kept_connection():
        described = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
        operation = described.find_operation_by_id(operation_id)

        @settings(
            max_examples=75 if is_postgresql else 25,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def run(case: schemathesis.Case) -> None:
            cache.clear()  # whoever asks so often is sent away
            headers = {}
            if operation.path != ENROLL and sum(seen.values()) % 4:
                Device.objects.filter(pk=device.pk).update(status=Device.Status.ENROLLED)
                headers = bearer(issue(device.pk))
            answer = case.call(headers=headers)
            case.validate_response(answer, checks=CHECKS)
            seen[outcome(answer, mode)] += 1

        run()
    assert EXPECTED[operation_id, mode] <= set(seen), seen


def outcome(answer: Any, mode: GenerationMode) -> str:
    """Return what the answer came to: its status, or the known code of a refusal."""
    if answer.status_code < 400:
        return str(answer.status_code)
    refused = answer.json()
    assert refused["code"] in KNOWN_CODES, refused
    if refused["code"] == "invalid" and mode is GenerationMode.POSITIVE:
        # Said in words, for want of a word in the schema: depth, length and NUL of one, years of the other.
        assert set(refused["errors"]) <= {"hardware", "location.at"}, refused
    return str(refused["code"])
