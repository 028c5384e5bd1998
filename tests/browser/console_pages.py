"""Which pages does the console have? Every address with a name, of the first object in each state; for screenshots.py.

Runs in the portal whose pages it names: `manage.py shell -c "from tests.browser.console_pages import show; show()"`.
"""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from devices.models import Device, ImportBatch
from enrollment.models import AdeAccount, AdeDevice, Conflict, EnrollmentAttempt
from hexenroll.reports.registry import REPORTS
from invitations.models import Invitation, MailboxMessage, MessageTemplate, Sending

SKIPPED_AREAS = ("api", "devices/", "static", "i/", "hooks", "healthz", "schema")  # no pages of the console
# Downloads, answers to scripts, and the end of one's own session; what is there for a second factor alone.
SKIPPED_WORDS = (
    *("export", "sample", "file", "checksum", "progress", "source", "search", "jsi18n", "autocomplete", "bad_rows"),
    "certificate",
    *("logout", "recovery_codes", "deactivate_totp", "login_error"),
)
STATES: dict[type[Model], str] = {
    Device: "status",
    ImportBatch: "state",
    Invitation: "state",
    Sending: "state",
    EnrollmentAttempt: "reason",
    Conflict: "state",
    AdeAccount: "state",
    AdeDevice: "approval",
}
MODELS: dict[str, type[Model]] = {
    "batch_id": ImportBatch,
    "sending_id": Sending,
    "device_id": Device,
    "invitation_id": Invitation,
    "attempt_id": EnrollmentAttempt,
    "conflict_id": Conflict,
    "account_id": AdeAccount,
    "message_id": MailboxMessage,
    "pk": MessageTemplate,
    "person_id": User,
}


def show() -> None:
    """Print the pages, each with its name and address, and the cookie of a signed-in administrator, as one line."""
    client = Client()
    person = User.objects.filter(is_superuser=True).order_by("pk")[0]
    client.force_login(person, backend="hexenroll.accounts.people.PeopleBackend")
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    found = dict(pages())
    print("pages: " + json.dumps({"cookie": [settings.SESSION_COOKIE_NAME, cookie], "pages": found}))


def pages() -> Iterator[tuple[str, str]]:
    """Yield each page's name, with the state of what it shows, and its address."""
    for name, pattern in named(get_resolver()):
        if pattern.startswith(SKIPPED_AREAS) or any(word in name for word in SKIPPED_WORDS):
            continue
        converters = parameters(name)
        choices = [choices_of(name, parameter) for parameter in converters]
        for chosen in product(*choices):
            values = {parameter: value for parameter, (_, value) in zip(converters, chosen, strict=True)}
            states = [state for state, _ in chosen if state]
            yield "-".join([name.replace(":", "-"), *states]), reverse(name, kwargs=values)


def named(resolver: URLResolver, space: str = "", path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every name below the resolver with its whole pattern."""
    for entry in resolver.url_patterns:
        whole = path + str(entry.pattern).lstrip("^")
        if isinstance(entry, URLResolver):
            yield from named(entry, f"{space}{entry.namespace}:" if entry.namespace else space, whole)
        elif isinstance(entry, URLPattern) and entry.name:
            yield f"{space}{entry.name}", whole


def parameters(name: str) -> list[str]:
    """Return the parameters of a named address."""
    *spaces, last = name.split(":")
    resolver: Any = get_resolver()
    for space in spaces:
        resolver = resolver.namespace_dict[space][1]
    return list(resolver.reverse_dict[last][0][0][1])


def choices_of(name: str, parameter: str) -> list[tuple[str, Any]]:
    """Return state and value for each page that a parameter makes; none for what nobody has told this module."""
    if parameter == "name" and name.startswith("reports:"):
        return [(report, report) for report in REPORTS]
    if parameter == "app_label":
        return [("devices", "devices")]
    model = MODELS.get(parameter) or model_of(name)
    if model is None or parameter not in (*MODELS, "object_id", "key_id", "lockout_id"):
        return []
    rows = model._default_manager.order_by("pk")
    state = STATES.get(model)
    if state is None:
        return [("", row.pk) for row in rows[:1]]
    firsts: dict[str, Any] = {}
    for value in sorted(set(rows.values_list(state, flat=True).distinct()), key=str):
        firsts[str(value)] = rows.filter(**{state: value})[0].pk
    return list(firsts.items())


def model_of(name: str) -> type[Model] | None:
    """Return the model whose admin page the name names."""
    for model in apps.get_models():
        if name.startswith(f"admin:{model._meta.app_label}_{model._meta.model_name}_"):
            return model
    return None
