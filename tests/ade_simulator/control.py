"""What may a test change at the service? One function per call of `POST /_control/<name>`, its JSON the arguments."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.ade_simulator.cursors import Place
from tests.ade_simulator.scripts import Script
from tests.ade_simulator.service import ENDPOINTS, FIRST, Service, as_json
from tests.ade_simulator.token_file import token_file


def token(service: Service, account: str = FIRST) -> dict[str, str]:
    """Return the token in force, as a token file says it."""
    return service.account(account).token.content()


def new_token(service: Service, account: str = FIRST, days: float = 365) -> dict[str, str]:
    """Make the account's next token; the one before is good no more."""
    return service.account(account).new_token(days).content()


def make_token_file(
    service: Service,
    certificate: str,
    account: str = FIRST,
    days: float = 365,
    fields: dict[str, Any] | None = None,
    **shape: Any,
) -> str:
    """Make the next token and return its file in base64; None among `fields` takes a field away."""
    content = service.account(account).new_token(days).content() | (fields or {})
    kept = {name: value for name, value in content.items() if value is not None}
    return base64.b64encode(token_file(kept, certificate, **shape)).decode()


def buy(service: Service, count: int, account: str, fields: dict[str, Any], told: bool) -> list[str]:
    return service.account(account).fleet.buy(count, fields, told=told)


def add_as_they_are(service: Service, devices: list[dict[str, Any]], account: str, told: bool) -> None:
    service.account(account).fleet.add_as_they_are(devices, told=told)


def change(service: Service, serials: list[str], account: str, fields: dict[str, Any], told: bool) -> None:
    service.account(account).fleet.change(serials, fields, told=told)


def remove(service: Service, serials: list[str], account: str, told: bool) -> None:
    service.account(account).fleet.remove(serials, told=told)


def tell(service: Service, events: list[dict[str, Any]], account: str) -> None:
    service.account(account).fleet.tell(events)


def devices(service: Service, account: str) -> str:
    """Return the whole list as JSON text: it is made already."""
    return "[" + ", ".join(one.content.decode() for one in service.account(account).fleet.listed.values()) + "]"


def cursor(service: Service, account: str) -> str:
    """Return the cursor that a full fetch would end with now."""
    own = service.account(account)
    return own.cursors.issue(Place("delta", len(own.fleet.events), 0))


def listing(service: Service, account: str, repeat_every: int, cursor_length: int) -> None:
    """Set how pages look: every n-th device twice, cursors filled up to a length."""
    service.account(account).fleet.repeat_every = repeat_every
    service.account(account).cursors.length = cursor_length


def sessions(service: Service, account: str, **rules: Any) -> None:
    """Set how sessions end and rotate: the attributes of Sessions."""
    for name, value in rules.items():
        setattr(service.account(account).sessions, name, value)


def end_sessions(service: Service, account: str) -> None:
    service.account(account).sessions.end_all()


def pass_time(service: Service, days: float) -> None:
    """Move the service's clock on: cursors, sessions and tokens get old."""
    service.clock.ahead += timedelta(days=days)


def facts(service: Service, account: str, changes: dict[str, Any]) -> None:
    """Change what GET /account says; None takes a field away."""
    own = service.account(account)
    own.facts = {name: value for name, value in (own.facts | changes).items() if value is not None}


def profile_results(service: Service, account: str, results: dict[str, str], retry_after_seconds: int | None) -> None:
    """Set what is said about single devices at the profile endpoints from now on; an empty set: the truth again."""
    profiles = service.account(account).profiles
    profiles.results, profiles.retry_after_seconds = results, retry_after_seconds


def profiles(service: Service, account: str) -> dict[str, dict[str, Any]]:
    return service.account(account).profiles.defined


def script(service: Service, endpoint: str, **how: Any) -> None:
    if endpoint not in ("*", *ENDPOINTS):
        raise ValueError(f"{endpoint} is none of {', '.join(ENDPOINTS)}")
    service.scripts.all.append(Script(endpoint, **how))


def clear_scripts(service: Service) -> None:
    service.scripts.all.clear()


def requests(service: Service) -> list[dict[str, Any]]:
    return as_json(service.log)


def clear_requests(service: Service) -> None:
    service.log.clear()


CONTROLS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        *(token, new_token, make_token_file, buy, add_as_they_are, change, remove, tell, devices, cursor),
        *(
            listing,
            sessions,
            end_sessions,
            pass_time,
            facts,
            profile_results,
            profiles,
            script,
            clear_scripts,
            requests,
            clear_requests,
        ),
    )
}
