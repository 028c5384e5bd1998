"""What does the service say to one request? An answer, or a refusal with Apple's word for it."""

import json
from dataclasses import dataclass, field
from typing import Any

JSON_TYPE = "application/json;charset=UTF8"


@dataclass
class Answer:
    """A status, a body and the headers beside Content-Length."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A refusal: status and Apple's word. Bodies are plain text; Apple puts those of status 400 in quotes."""

    def __init__(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.headers = headers or {}

    def answer(self) -> Answer:
        text = f'"{self.code}"' if self.status == 400 else self.code
        return Answer(self.status, text.encode(), {"Content-Type": "text/plain;charset=UTF8", **self.headers})


def json_answer(content: Any) -> Answer:
    """Answer 200 with `content` as JSON; bytes are JSON already."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Answer(200, body, {"Content-Type": JSON_TYPE})
