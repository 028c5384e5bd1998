"""Of which fields do the requests and answers of the device API consist? The schemas of openapi.py, from the code."""

from typing import Any

from devices.models import Device
from enrollment import checkin_request
from enrollment.checkin_request import MAX_ACCURACY, MAX_ID, MAX_MESSAGE, MAX_OS_VERSION, MAX_REPORTS, MAX_VERSION
from enrollment.device_token import LENGTH as TOKEN_LENGTH
from enrollment.enroll_request import CHOICES, LENGTHS
from enrollment.reasons import LETS_IN, Reason
from enrollment.sent_json import MAX_DEPTH, MAX_HARDWARE_CHARACTERS

from .bounds import Code

Object = dict[str, Any]

# No control characters: neither all databases hold them, nor do pages show them.
STORABLE = r"^[^\u0000-\u001F\u007F]*$"
# What stands for a text or a choice that isn't there.
NOTHING = ("", None)
ANY_OBJECT: Object = {"type": "object", "additionalProperties": True}
HARDWARE = {
    **ANY_OBJECT,
    "type": ["object", "null"],
    "description": (
        f"What else it tells: at most {MAX_DEPTH} levels deep, {MAX_HARDWARE_CHARACTERS} characters as JSON, no NUL. "
        "Of its fields, `manufacturer` and `model` have columns in the console."
    ),
}
REFUSALS = [reason.value for reason in Reason if reason not in LETS_IN]
# Answers of other statuses than 403 have these.
NOT_OF_THE_RULE = (Reason.INVALID, Reason.TOO_MANY, Reason.UNAVAILABLE)


def schemas() -> Object:
    """Return the schemas by their name."""
    return {
        "EnrollRequest": _enroll_request(),
        "Enrolled": _device({"device_token": {"type": "string", "minLength": TOKEN_LENGTH, "maxLength": TOKEN_LENGTH}}),
        "Device": _device({}),
        "Policy": _policy(),
        "CheckIn": _checkin(),
        "CheckedIn": _object(
            {"device_id": {"type": "integer"}, "status": {"const": "enrolled"}, "etag": {"type": "string"}}
        ),
        "Disenrolled": _object({"device_id": {"type": "integer"}, "status": {"const": "disenrolled"}}),
        "NotLetIn": _refusal([code for code in REFUSALS if code not in NOT_OF_THE_RULE]),
        "Refusal": _refusal([Reason.TOO_MANY.value, Reason.UNAVAILABLE.value, *Code.values]),
        "Invalid": _object(
            {
                "code": {"const": Reason.INVALID.value},
                "errors": {
                    "type": "object",
                    "description": 'What is wrong with each field; "" stands for the whole body.',
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
            }
        ),
    }


def _enroll_request() -> Object:
    texts = {name: _text(length) for name, length in LENGTHS.items()}
    choices: Object = {name: {"type": "string", "enum": list(words.values)} for name, words in CHOICES.items()}
    choices["management_mode"] = {"enum": [*CHOICES["management_mode"].values, *NOTHING]}
    texts["serial_number"]["description"] = "Exactly as the device has it; absent where the platform hides it."
    texts["token"]["description"] = "Of an invitation's link."
    texts["email"]["description"] = "Of the device user, together with the password, in place of a token."
    texts["password"]["description"] = "The one-time password."
    none, said = {"enum": list(NOTHING)}, {"type": "string", "minLength": 1}
    return {
        **_object({**texts, **choices, "hardware": HARDWARE}, ["platform", "method"]),
        "anyOf": [
            {
                "description": "With the token of a link, or without credentials.",
                "properties": {"email": none, "password": none},
            },
            {
                "description": "With an e-mail address and a one-time password.",
                "properties": {"token": none, "email": said, "password": said},
                "required": ["email", "password"],
            },
        ],
    }


def _device(more: Object) -> Object:
    user = _object({"name": {"type": "string"}, "email": {"type": "string"}})
    return _object(
        {
            "device_id": {"type": "integer"},
            "status": {"const": Device.Status.ENROLLED.value},
            **more,
            "name": {"type": "string"},
            "user": {"anyOf": [user, {"type": "null"}]},
            "groups": {"type": "array", "items": {"type": "string"}},
            "policies": {"type": "array", "items": {"$ref": "#/components/schemas/Policy"}},
            "apps": {"type": "array", "items": ANY_OBJECT},
        }
    )


def _policy() -> Object:
    return _object(
        {
            "id": {"type": "integer"},
            "name": {"type": "string"},
            "version": {"type": "integer"},
            "settings": ANY_OBJECT,
            "apps": {"type": "array", "items": ANY_OBJECT},
            "profile": {
                "type": ["string", "null"],
                "contentEncoding": "base64",
                "description": "A configuration profile for Apple platforms.",
            },
        }
    )


def _checkin() -> Object:
    report = _object(
        {
            "id": {"type": "integer", "minimum": 1, "maximum": MAX_ID},
            "version": {"type": "integer", "minimum": 1, "maximum": MAX_VERSION},
            "state": {"type": "string", "enum": list(checkin_request.STATES)},
            "message": {"type": ["string", "null"], "maxLength": MAX_MESSAGE},
        },
        required=["id", "version", "state"],
    )
    location = _object(
        {
            "latitude": {"type": "number", "minimum": -90, "maximum": 90},
            "longitude": {"type": "number", "minimum": -180, "maximum": 180},
            "accuracy": {"type": ["number", "null"], "minimum": 0, "maximum": MAX_ACCURACY, "description": "Metres."},
            "at": {"type": ["string", "null"], "format": "date-time", "description": "Since 2000; absent: now."},
        },
        required=["latitude", "longitude"],
    )
    fields = {
        "os_version": _text(MAX_OS_VERSION),
        "battery": {"type": ["number", "null"], "minimum": 0, "maximum": 1, "description": "Share that is left."},
        "hardware": HARDWARE,
        "location": {"anyOf": [location, {"type": "null"}]},
        "policies": {"type": ["array", "null"], "maxItems": MAX_REPORTS, "items": report},
    }
    return _object(fields, required=[])


def _refusal(codes: list[str]) -> Object:
    return _object({"code": {"type": "string", "enum": codes}, "message": {"type": "string"}})


def _text(length: int) -> Object:
    return {"type": ["string", "null"], "maxLength": length, "pattern": STORABLE}


def _object(properties: Object, required: list[str] | None = None) -> Object:
    """Return the schema of an object, all of whose fields are there unless `required` names those that are."""
    names = list(properties) if required is None else required
    return {"type": "object", "properties": properties, **({"required": names} if names else {})}
