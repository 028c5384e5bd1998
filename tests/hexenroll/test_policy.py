"""Which content may a page load? Only the portal's own."""

import pytest
from django.test import Client


@pytest.mark.parametrize("path", ["/accounts/login/", "/", "/nowhere"])
@pytest.mark.django_db
def test_every_answer_carries_the_content_security_policy(client: Client, path: str) -> None:
    policy = client.get(path)["Content-Security-Policy"]
    directives = {
        name: values.split() for name, _, values in (part.strip().partition(" ") for part in policy.split(";"))
    }
    assert directives == {
        "default-src": ["'self'"],
        "script-src": ["'self'", "'unsafe-eval'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
