"""What does Apple's service answer to a request? Manners, session, then the endpoint; scripts may say otherwise."""

import json
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from tests.ade_simulator.accounts import Account
from tests.ade_simulator.answers import Answer, RefusedError, json_answer
from tests.ade_simulator.clock import Clock
from tests.ade_simulator.listing import fetch_devices, sync_devices
from tests.ade_simulator.manners import check_headers, parsed_body
from tests.ade_simulator.oauth import SignedRequest
from tests.ade_simulator.request_log import SeenRequest
from tests.ade_simulator.scripts import Script, Scripts
from tests.ade_simulator.sessions import HEADER, Session

FIRST = "first"
ENDPOINTS = (
    "GET /session",
    "GET /account",
    "POST /server/devices",
    "POST /devices/sync",
    "POST /devices",
    "POST /profile",
    "GET /profile",
    "POST /profile/devices",
    "DELETE /profile/devices",
)
IPADOS_SINCE = 7  # protocol version


@dataclass
class Received:
    """A request as it came: `headers` by lower-case name, `uri` as its sender signed it."""

    method: str
    path: str
    query: str
    uri: str
    headers: dict[str, str]
    body: bytes


class Service:
    """All accounts, the clock, the scripts and the log: what a reset makes anew."""

    def __init__(self, seed: str = "") -> None:
        self.seed = seed or secrets.token_hex()
        self.lock = threading.RLock()
        self.clock = Clock()
        self.scripts = Scripts()
        self.log: list[SeenRequest] = []
        self.accounts: dict[str, Account] = {}
        self.account(FIRST)

    def account(self, name: str) -> Account:
        """Return the account of that name, made when it is asked for."""
        if name not in self.accounts:
            self.accounts[name] = Account(name, len(self.accounts), self.clock, self.seed)
        return self.accounts[name]

    def answer(self, received: Received) -> tuple[Answer, Script | None]:
        """Return the answer, and the script that says how to send it, if any."""
        seen = SeenRequest(f"{received.method} {received.path}", query=received.query)
        with self.lock:
            self.log.append(seen)
            script = None
            try:
                check_headers(received.method, received.headers, received.body, seen)
                seen.body = parsed_body(received.body)
                account, session = self._caller(received, seen)
                script = self.scripts.due(seen.endpoint, seen.account)
                answer = (script and script.answer()) or self._real_answer(received, seen, account, session)
            except RefusedError as refusal:
                answer = refusal.answer()
        self._note(seen, answer, script)
        return answer, script

    def _caller(self, received: Received, seen: SeenRequest) -> tuple[Account | None, Session | None]:
        """Return who seems to call; nothing is checked yet."""
        for account in self.accounts.values():
            session = account.sessions.known(received.headers.get(HEADER.lower(), ""))
            if session is not None:
                seen.account, seen.session = account.name, session.number
                return account, session
            if account.consumer_key in received.headers.get("authorization", ""):
                seen.account = account.name
                return account, None
        return None, None

    def _real_answer(
        self, received: Received, seen: SeenRequest, account: Account | None, session: Session | None
    ) -> Answer:
        if seen.endpoint == "GET /session":
            return self._open_session(received, seen)
        if account is None or session is None:
            any_account = next(iter(self.accounts.values()))
            any_account.sessions.use("")  # refuses, in the way that tests chose
        assert account is not None and session is not None
        account.sessions.use(session.token)
        try:
            answer = endpoint_answer(account, seen)
        except RefusedError as refusal:  # such an answer, too, may bring a new token
            answer = refusal.answer()
        if int(seen.protocol_version) < IPADOS_SINCE:
            answer.body = answer.body.replace(b'"os": "iPadOS"', b'"os": "iOS"')
        if (token := account.sessions.rotated(session)) is not None:
            answer.headers[HEADER] = token
            seen.rotated = True
        return answer

    def _open_session(self, received: Received, seen: SeenRequest) -> Answer:
        request = SignedRequest(received.method, received.uri, received.headers.get("authorization", ""))
        account = next((one for one in self.accounts.values() if one.consumer_key == request.consumer_key), None)
        if account is None:
            raise RefusedError(401, "oauth_problem=consumer_key_unknown")
        account.check(request)
        session = account.sessions.open()
        seen.session = session.number
        return json_answer({"auth_session_token": session.token})

    def _note(self, seen: SeenRequest, answer: Answer, script: Script | None) -> None:
        seen.status = answer.status
        seen.scripted = script is not None
        seen.dropped = script is not None and script.drop is not None
        if answer.status >= 400:
            seen.said = answer.body[:200].decode(errors="replace")
        seen.ended = time.monotonic() + (script.delay if script is not None else 0)


def endpoint_answer(account: Account, seen: SeenRequest) -> Answer:
    """Return what the endpoint answers to an account that may ask; refuse what there is not, `disown` above all."""
    body = seen.body
    match seen.endpoint:
        case "GET /account":
            return json_answer(account.facts)
        case "POST /server/devices":
            return fetch_devices(account.fleet, account.cursors, body, seen)
        case "POST /devices/sync":
            return sync_devices(account.fleet, account.cursors, body, seen)
        case "POST /devices":
            return account.profiles.details(body)
        case "POST /profile":
            return account.profiles.define(body)
        case "GET /profile":
            return account.profiles.read(parse_qs(seen.query).get("profile_uuid", [""])[0])
        case "POST /profile/devices":
            return account.profiles.assign(body)
        case "DELETE /profile/devices":
            return account.profiles.remove(body)
        case _:
            raise RefusedError(404, "NOT_FOUND")


def as_json(log: list[SeenRequest]) -> list[dict[str, Any]]:
    return [json.loads(json.dumps(seen.__dict__)) for seen in log]
