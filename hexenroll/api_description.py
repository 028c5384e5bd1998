"""What does the description of the administrators' API say besides what its views say? Called by drf-spectacular."""

from typing import Any

OBJECTS = {
    "devices": "device",
    "device-users": "device user",
    "device-groups": "device group",
    "policies": "policy",
    "domains": "domain",
    "import-batches": "import",
    "invitations": "invitation",
    "attempts": "attempt",
}
ARTICLES = {"import": "an", "invitation": "an", "attempt": "an"}
VERBS = {"get": "Show", "post": "Make", "patch": "Change", "delete": "Delete"}
REFUSALS = {
    "400": "It can't be understood, or accepted: `code` is `invalid`.",
    "401": "No key, or one that opens nothing.",
    "403": "The account may not do this, or the key is read only.",
    "404": "There is no such object, or the account may not see it.",
    "405": "This address is asked by another method.",
    "409": "It doesn't fit the state that things are in; `message` says why.",
    "413": "The body is too large.",
    "415": "The body is of another type than is read here.",
    "429": "Too many requests, or wrong keys: wait for the seconds of `Retry-After`.",
}
REFUSAL = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string", "description": "Why, for programs."},
        "message": {"type": "string", "description": "Why, for people."},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
            "description": "With `invalid`: what is wrong, by field.",
        },
    },
}


def complete(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """Name what numbers stand for, what lists hold, and how each operation refuses."""
    result["components"]["schemas"]["Refusal"] = REFUSAL
    for schema in result["components"]["schemas"].values():
        rows = schema.get("properties", {}).get("results")
        if rows is not None:
            rows.setdefault("description", "The rows of this piece of the list.")
        if number := schema.get("properties", {}).get("id"):
            number["description"] = "Its number."
    for path, operations in result["paths"].items():
        named = OBJECTS.get(path.split("/")[3], "")
        for method, operation in operations.items():
            _describe(operation, method, path, named)
    return result


def _describe(operation: dict[str, Any], method: str, path: str, named: str) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter["description"] = f"Number of the {named}."
    if "summary" not in operation:
        is_list = method == "get" and "{" not in path
        words = f"List {named}s" if is_list else f"{VERBS[method]} {ARTICLES.get(named, 'a')} {named}"
        operation["summary"] = words.replace("policys", "policies")
    for status, text in REFUSALS.items():
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
        operation["responses"].setdefault(status, {"description": text, "content": content})
