"""How does one ask Apple's service? Plain requests, nothing of the portal: for tests of the simulator."""

import json
from typing import Any

import requests
from requests_oauthlib import OAuth1

from tests.ade_simulator.running import Simulator

HEADERS = {
    "User-Agent": "a product/1.0",
    "X-Server-Protocol-Version": "7",
    "Content-Type": "application/json;charset=UTF8",
}


class Asking:
    """Asks the simulator with an account's token; `headers` go along with every call, None takes one away."""

    def __init__(self, simulator: Simulator, account: str = "first") -> None:
        self.simulator = simulator
        self.token = simulator.token(account)
        self.http = requests.Session()
        self.http.headers.clear()  # else the library's user agent goes where none is to go
        self.headers: dict[str, Any] = dict(HEADERS)

    def session(self, **changes: str) -> requests.Response:
        """Ask for a session, and use it from now on; `changes` are to the token."""
        token = self.token | changes
        signed = OAuth1(
            *(token[name] for name in ("consumer_key", "consumer_secret", "access_token", "access_secret")), realm="ADM"
        )
        answer = self.http.get(f"{self.simulator.base_url}/session", auth=signed, headers=self.headers)
        if answer.ok:
            self.headers["X-ADM-Auth-Session"] = answer.json()["auth_session_token"]
        return answer

    def ask(self, endpoint: str, **body: Any) -> requests.Response:
        """Ask an endpoint, as `POST /devices/sync`."""
        method, path = endpoint.split()
        data = None if method == "GET" else json.dumps(body)
        return self.http.request(method, self.simulator.base_url + path, data=data, headers=self.headers)

    def page(self, endpoint: str, **body: Any) -> dict[str, Any]:
        answer = self.ask(endpoint, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def all_devices(self, limit: int = 1000) -> tuple[list[dict[str, Any]], str]:
        """Fetch the full list; return it and the cursor that starts the delta."""
        page = self.page("POST /server/devices", limit=limit)
        found = page["devices"]
        while page["more_to_follow"]:
            page = self.page("POST /server/devices", limit=limit, cursor=page["cursor"])
            found += page["devices"]
        return found, page["cursor"]
