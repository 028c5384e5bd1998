"""Is what docs/access.md says of each address, for each role, what happens there?"""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hexenroll.roles import BUILT_IN
from tests.conftest import make_person, sign_in

from .access_rules import LOOKS, MACHINE, NOBODY, OWN, RULES, rule_of
from .access_table import PAGE, PEOPLE, allows, page
from .addresses import filled, places_of, routes, values_about
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


@pytest.mark.parametrize("name", PEOPLE)
def test_every_address_answers_as_its_rule_says(name: str) -> None:
    objects = land("alphaland").objects | shared()
    client = Client() if name == "Nobody" else sign_in(person_of(name))
    kept = dict(client.cookies)
    wrong = []
    for route in filter(has_rule, routes()):
        rule = rule_of(route)
        values = values_about(route, objects) | dict(rule.places)
        address = filled(route, values)
        # Where nothing was made that an address could be about, nothing is there to be refused.
        no = (405,) if set(places_of(route)) <= set(values) else (404, 405)
        for method, needed in (("GET", rule.look), ("POST", rule.look if rule.do == LOOKS else rule.do)):
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
            elif wrote and (name in READERS or not may):
                wrong.append(f"{method} {address} wrote: {wrote[0][:200]}")
    assert not wrong, f"{name}:\n" + "\n".join(wrong)
