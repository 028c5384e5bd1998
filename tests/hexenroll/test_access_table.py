"""Is what docs/access.md says of each address, for each role, what happens there?"""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.taken_away import EXPORTED
from hexenroll.api_keys import keys
from hexenroll.models import ApiKey
from hexenroll.roles import BUILT_IN
from tests.conftest import make_person, sign_in

from .access_api import API
from .access_rules import RULES, rule_of
from .access_table import PAGE, PEOPLE, allows, page
from .access_words import LOOKS, MACHINE, NOBODY, OWN
from .addresses import filled, is_by_key, is_ours, places_of, routes, values_about, views
from .lands import land, shared

pytestmark = [pytest.mark.django_db, pytest.mark.once]
WRITES = ("INSERT", "UPDATE", "DELETE")
# What is written for the person who looks, not by them.
OF_SESSIONS = ("django_session", "usersessions_usersession", "hexenroll_dashboardsummary")

READERS = ("Nobody", "Stranger", "Auditor")  # nothing that they do changes anything


def person_of(name: str) -> User:
    person = make_person(name, superuser=False)
    if name in BUILT_IN:
        person.groups.add(Group.objects.get(name=name))
    return person


def client_of(name: str) -> Client:
    """Return the browser of one of PEOPLE, which shows an API key, too; pages don't look at it, nor the API at more."""
    if name == "Nobody":
        return Client()
    person = person_of(name)
    client = sign_in(person)
    _key, text = keys.make(person, "Program", made_by=person)
    # Its first use would be written with each request, as all is taken back.
    ApiKey.objects.update(last_used_at=timezone.now(), last_address="127.0.0.1")
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {text}"
    return client


def ask(client: Client, address: str, method: str) -> tuple[Any, list[str]]:
    """Return the answer, and the statements that wrote; what was changed is taken back."""
    client.raise_request_exception = False
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        response: Any = client.generic(method, address)
        if response.streaming:
            for _part in response.streaming_content:
                pass
        transaction.set_rollback(True)
    wrote = [query["sql"] for query in queries if query["sql"].lstrip().startswith(WRITES)]
    return response, [sql for sql in wrote if not any(table in sql for table in OF_SESSIONS)]


def has_rule(route: str) -> bool:
    try:
        return bool(rule_of(route))
    except LookupError:
        return False


def is_refused(response: Any, *codes: int) -> bool:
    """Tell whether somebody was told no: by 401, 403, one of the codes, or by the sign-in."""
    return response.status_code in (401, 403, *codes) or "login/?next=" in response.get("Location", "")


def test_the_page_says_what_the_rules_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "Write it anew: python -m tests.hexenroll.access_table"


def test_every_address_has_a_rule() -> None:
    missing = [route for route in routes() if not has_rule(route)]
    assert not missing, (
        f"Nobody said who may open {missing}. Add lines to RULES in tests/hexenroll/access_rules.py, then write "
        "docs/access.md anew: python -m tests.hexenroll.access_table"
    )


def test_every_rule_is_of_an_address() -> None:
    used = [rule_of(route) for route in routes() if has_rule(route)]
    unused = [key for key, rule in RULES.items() if not any(rule is found for found in used)]
    assert not unused, f"There are no such addresses (any more): {unused}"


def test_only_pages_of_libraries_share_a_line() -> None:
    """So that a new address of our own is missed until somebody says who may open it."""
    assert [route for route, view in views().items() if is_ours(view) and route not in RULES] == []


def test_the_api_needs_what_its_views_name() -> None:
    """A role that has more than an address needs wouldn't show that it asks too little."""
    wrong = []
    for route, rule in API.items():
        view: Any = views()[route]
        if not hasattr(view, "actions"):
            continue
        said = {method: needed for method, needed in {"GET": rule.look, **rule.methods()}.items() if needed}
        asked = {}
        for method in set(view.actions) & set(view.cls.http_method_names) - {"head"}:
            codes = view.cls.rights.get(view.actions[method], ())
            asked[method.upper()] = {codes} if isinstance(codes, str) else set(codes)
        if {method: set(needed.split("&")) for method, needed in said.items()} != asked:
            wrong.append((route, said, asked))
    assert wrong == []


def is_entry_of_file(wrote: list[str]) -> bool:
    """Tell whether nothing was written but that somebody takes rows away (devices/taken_away.py)."""
    return len(wrote) == 1 and "hexenroll_auditentry" in wrote[0] and f'"{EXPORTED}"' in wrote[0]


def test_no_session_opens_anything_of_the_api(administrator_client: Client) -> None:
    by_key = [route for route in routes() if is_by_key(route)]
    assert len(by_key) > 30
    for route in by_key:
        for method in ("GET", "POST", "PATCH", "DELETE"):
            assert administrator_client.generic(method, filled(route, {})).status_code == 401, (method, route)


@pytest.mark.parametrize("name", PEOPLE)
def test_every_address_answers_as_its_rule_says(name: str) -> None:
    objects = land("alphaland").objects | shared()
    client = client_of(name)
    kept = dict(client.cookies)
    wrong = []
    for route in filter(has_rule, routes()):
        rule = rule_of(route)
        values = values_about(route, objects) | dict(rule.places)
        address = filled(route, values)
        # Where nothing was made that an address could be about, nothing is there to be refused.
        no = (405,) if set(places_of(route)) <= set(values) else (404, 405)
        for method, needed in (("GET", rule.look), *rule.methods().items()):
            if needed in (MACHINE, OWN) or MACHINE in (rule.look, rule.do) or (method == "GET" and needed == NOBODY):
                continue
            if method == "POST" and rule.do == LOOKS and name not in READERS:
                continue  # answered as GET was
            client.cookies.clear()
            client.cookies.update(kept)
            response, wrote = ask(client, address, method)
            may = allows(needed, name) and (method == "GET" or not rule.look or allows(rule.look, name))
            if response.status_code >= 500:
                wrong.append(f"{method} {address}: {response.status_code}")
            elif is_refused(response) if may else not is_refused(response, *no):
                wrong.append(f"{method} {address} ({needed or 'nobody'}): {response.status_code}")
            elif wrote and not (may and is_entry_of_file(wrote)) and (name in READERS or not may):
                wrong.append(f"{method} {address} wrote: {wrote[0][:200]}")
    assert not wrong, f"{name}:\n" + "\n".join(wrong)
