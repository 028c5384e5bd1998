"""How does a test open a page of the wizard, or press one of its buttons?"""

import html
import re
from typing import Any

from django.test import Client
from django.urls import reverse

from devices.models import ImportBatch


def url(name: str, batch: ImportBatch, *more: int) -> str:
    """Return the address of a page or an action of a batch."""
    return reverse(f"enroll:{name}", args=[batch.pk, *more])


def text_of(response: Any) -> str:
    """Return what a page says: its main part without tags, with single spaces."""
    assert response.status_code == 200, response.status_code
    page = response.content.decode()
    page = page[page.index('<div class="wz">') :]
    page = re.sub(r"<script.*?</script>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def shown(client: Client, name: str, batch: ImportBatch, *more: int, **query: Any) -> str:
    """Open a page and return what it says."""
    return text_of(client.get(url(name, batch, *more), query))


def press(client: Client, name: str, batch: ImportBatch, data: Any = None, query: str = "") -> tuple[str, list[str]]:
    """Send a form; return where it leads and the messages that it leaves."""
    response = client.post(url(name, batch) + query, data or {})
    assert response.status_code == 302, response.status_code
    history = client.get(reverse("enroll:pre_approve"))  # the next page shows the messages
    return response["Location"], [str(message) for message in history.context["messages"]]
