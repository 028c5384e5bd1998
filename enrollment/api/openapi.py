"""What does the device API take and answer, in the words of OpenAPI 3.1? `GET /api/v1/openapi.json`.

Made of the choices and lengths that the code itself checks by, so that it can't say otherwise.
"""

import hashlib
import json
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils.http import parse_etags

from . import openapi_schemas as schemas
from .bounds import api

Object = dict[str, Any]


@lru_cache(maxsize=1)
def description() -> Object:
    """Return the description of the device API, as an OpenAPI 3.1 document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "hexenroll device API",
            "version": "1",
            "summary": "Devices enroll, get their policies and apps, and report.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            "/api/v1/enroll": {"post": _enroll()},
            "/api/v1/device": {"get": _device()},
            "/api/v1/device/checkin": {"post": _checkin()},
            "/api/v1/device/disenroll": {"post": _disenroll()},
        },
        "components": {
            "securitySchemes": {"device_token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas.schemas(),
            "responses": _refusals(),
            "headers": {
                "ETag": {"schema": {"type": "string"}, "description": "Send it in If-None-Match the next time."},
                "RetryAfter": {"schema": {"type": "string", "pattern": "^[0-9]+$"}, "description": "Seconds."},
            },
        },
    }


@lru_cache(maxsize=1)
def _written() -> tuple[bytes, str]:
    text = json.dumps(description(), indent=1, ensure_ascii=False).encode()
    return text, f'"{hashlib.sha256(text).hexdigest()[:32]}"'


@api("GET", "HEAD")
def openapi(request: HttpRequest) -> HttpResponseBase:
    """GET /api/v1/openapi.json: the description; whoever may ask the API may read how."""
    text, etag = _written()
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponseNotModified(headers=headers)
    return HttpResponse(text, content_type="application/json", headers=headers)


def _enroll() -> Object:
    return {
        "operationId": "enroll",
        "summary": "May this device come in?",
        "requestBody": _body("EnrollRequest"),
        "responses": {
            "200": _json("Enrolled", "It is enrolled; here is its token, and what it gets."),
            "403": _json("NotLetIn", "It is refused, and `code` says why."),
            **_refs("400", "405", "411", "413", "415", "429", "503"),
        },
    }


def _device() -> Object:
    headers = {"ETag": {"$ref": "#/components/headers/ETag"}}
    known = {
        "name": "If-None-Match",
        "in": "header",
        "schema": {"type": "string"},
        "description": "The ETag of what the device has.",
    }
    return {
        "operationId": "device",
        "summary": "What does the device get?",
        "security": [{"device_token": []}],
        "parameters": [known],
        "responses": {
            "200": {**_json("Device", "Who it is, its groups, policies and apps."), "headers": headers},
            "304": {"description": "It has that already.", "headers": headers},
            **_refs("401", "405", "503"),
        },
    }


def _checkin() -> Object:
    return {
        "operationId": "checkin",
        "summary": "How is the device, and what became of its policies?",
        "security": [{"device_token": []}],
        "requestBody": _body("CheckIn"),
        "responses": {
            "200": _json("CheckedIn", "It was taken."),
            **_refs("400", "401", "405", "411", "413", "415", "503"),
        },
    }


def _disenroll() -> Object:
    return {
        "operationId": "disenroll",
        "summary": "The device leaves.",
        "security": [{"device_token": []}],
        "responses": {
            "200": _json("Disenrolled", "It has left; its token is void."),
            **_refs("401", "405", "411", "413", "415", "503"),
        },
    }


def _refusals() -> Object:
    """Return the answers that every request may get, by their status."""
    waits = {"headers": {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}}
    return {
        "400": _json("Invalid", "The request can't be understood; `errors` says why, by field."),
        "401": _json("Refusal", "The device token is void, or never was one."),
        "405": _json("Refusal", "The address is asked by another method, which `Allow` names."),
        "411": _json("Invalid", "The body came without its length."),
        "413": _json("Invalid", "The body is too large."),
        "415": _json("Invalid", "The body is not JSON by its type."),
        "429": {**_json("Refusal", "Too many requests."), **waits},
        "503": {**_json("Refusal", "The server can't answer now."), **waits},
    }


def _refs(*statuses: str) -> Object:
    return {status: {"$ref": f"#/components/responses/{status}"} for status in statuses}


def _json(schema: str, description: str) -> Object:
    return {"description": description, "content": _content(schema)}


def _body(schema: str) -> Object:
    return {"required": True, "content": _content(schema)}


def _content(schema: str) -> Object:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
