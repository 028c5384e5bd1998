"""How does a test run the simulator of Apple's service? A process, and a method for each thing that it can do."""

import base64
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.ade_simulator.request_log import SeenRequest
from tests.ade_simulator.scripts import Drop
from tests.ade_simulator.token_file import CipherName
from tests.servers import LEASH

ROOT = Path(__file__).parent.parent.parent
FIRST = "first"


class Simulator:
    """A running simulator. Its accounts are made when they are named; most tests need only the first."""

    def __init__(self) -> None:
        self.process, self.base_url = started([sys.executable, "-m", "tests.ade_simulator", "--control"], ROOT)

    def close(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.communicate(timeout=10)

    def reset(self) -> None:
        """Forget everything: accounts, devices, scripts, requests."""
        self._control("reset")

    # --- tokens ----------------------------------------------------------------------------------------------
    def token(self, account: str = FIRST) -> dict[str, str]:
        """Return the token in force as a file says it: `consumer_key` and so on, `access_token_expiry` as text."""
        return self._control("token", account=account)

    def new_token(self, account: str = FIRST, *, days: float = 365) -> dict[str, str]:
        """Make the account's next token, good for `days`; the one before is good no more, as at Apple."""
        return self._control("new_token", account=account, days=days)

    def token_file(
        self,
        certificate: str,
        account: str = FIRST,
        *,
        cipher: CipherName = "aes-256-cbc",
        days: float = 365,
        fields: dict[str, Any] | None = None,
        line_end: str = "\r\n",
        definite: bool = False,
    ) -> bytes:
        """Make the account's next token and return its `.p7m` for the holder of the certificate (PEM).

        Args:
            certificate: what the administrator uploads at Apple.
            account: another one is another server, with another consumer_key.
            cipher: of the content.
            days: how long the token is good; below zero it is over.
            fields: what the file says otherwise; None leaves a field out.
            line_end: Apple's is CR LF.
            definite: DER instead of the indefinite lengths that Apple's files have.
        """
        shape = {"cipher": cipher, "line_end": line_end, "definite": definite}
        made = self._control(
            "make_token_file", certificate=certificate, account=account, days=days, fields=fields, **shape
        )
        return base64.b64decode(made)

    # --- devices ---------------------------------------------------------------------------------------------
    def add(self, count: int, account: str = FIRST, *, told: bool = True, **fields: Any) -> list[str]:
        """Add devices; return their serial numbers. `fields` are said by each; `told` False: the delta loses them."""
        return self._control("buy", count=count, account=account, fields=fields, told=told)

    def add_as_they_are(self, devices: list[dict[str, Any]], account: str = FIRST, *, told: bool = True) -> None:
        """Add devices exactly as given: odd fields, missing ones, the serial number of another account's device."""
        self._control("add_as_they_are", devices=devices, account=account, told=told)

    def change(self, serials: Iterable[str], account: str = FIRST, *, told: bool = True, **fields: Any) -> None:
        """Change fields of devices; None takes a field away."""
        self._control("change", serials=list(serials), account=account, fields=fields, told=told)

    def delete(self, serials: Iterable[str], account: str = FIRST, *, told: bool = True) -> None:
        """Take devices out of the list; the delta feed says `deleted`, unless it isn't `told`."""
        self._control("remove", serials=list(serials), account=account, told=told)

    def tell(self, events: list[dict[str, Any]], account: str = FIRST) -> None:
        """Put devices with op_type, op_date (else now) into the delta feed only, in this order, as they are."""
        self._control("tell", events=events, account=account)

    def devices(self, account: str = FIRST) -> dict[str, dict[str, Any]]:
        """Return what is listed now, by serial number."""
        return {str(device.get("serial_number")): device for device in self._control("devices", account=account)}

    def cursor(self, account: str = FIRST) -> str:
        """Return the cursor that a full fetch would end with now: for a delta without a fetch before."""
        return self._control("cursor", account=account)

    def shape_pages(self, account: str = FIRST, *, repeat_every: int = 0, cursor_length: int = 0) -> None:
        """Repeat every n-th device in its page; fill cursors up to a length (Apple's have at most 1000 characters)."""
        self._control("listing", account=account, repeat_every=repeat_every, cursor_length=cursor_length)

    # --- sessions, time and the organisation -----------------------------------------------------------------
    def limit_sessions(
        self,
        account: str = FIRST,
        *,
        calls: int | None = None,
        minutes: float = 30,
        rotate_every: int = 0,
        refused_by: int = 401,
    ) -> None:
        """Let sessions end after `calls`, rotate tokens with every n-th answer, refuse old ones by 401 or 403."""
        rules = {"calls": calls, "minutes": minutes, "rotate_every": rotate_every, "refused_by": refused_by}
        self._control("sessions", account=account, **rules)

    def end_sessions(self, account: str = FIRST) -> None:
        """End every session now."""
        self._control("end_sessions", account=account)

    def pass_time(self, *, days: float) -> None:
        """Move the service's clock on: cursors are good for 7 days, sessions for minutes, tokens as they say."""
        self._control("pass_time", days=days)

    def change_account(self, account: str = FIRST, **changes: Any) -> None:
        """Change what GET /account says; None takes a field away."""
        self._control("facts", account=account, changes=changes)

    # --- profiles --------------------------------------------------------------------------------------------
    def answer_for_devices(
        self, results: dict[str, str], account: str = FIRST, *, retry_after_seconds: int | None = None
    ) -> None:
        """Say THROTTLED, FAILED or NOT_ACCESSIBLE about these devices at the profile endpoints; {}: the truth."""
        self._control("profile_results", account=account, results=results, retry_after_seconds=retry_after_seconds)

    def profiles(self, account: str = FIRST) -> dict[str, dict[str, Any]]:
        """Return the defined profiles by their uuid."""
        return self._control("profiles", account=account)

    # --- scripted answers and the log ------------------------------------------------------------------------
    def script(
        self,
        endpoint: str,
        *,
        status: int | None = None,
        body: str = "",
        headers: dict[str, str] | None = None,
        times: int | None = 1,
        after: int = 0,
        drop: Drop | None = None,
        delay: float = 0,
        account: str | None = None,
    ) -> None:
        """Answer calls otherwise: see scripts.Script.

        Args:
            endpoint: as `POST /devices/sync`; `*` is every one.
            status: answered with `body` and `headers` instead of the real answer; None: the real answer is made.
            times: how often; None for ever.
            after: so many calls go by before.
            drop: the answer is made and `unanswered`, or cut off in its `half`.
            delay: seconds until it is sent.
            account: only its calls; None: everybody's.
        """
        how = {"status": status, "body": body, "headers": headers or {}, "times": times, "after": after}
        self._control("script", endpoint=endpoint, drop=drop, delay=delay, account=account, **how)

    def clear_scripts(self) -> None:
        """Answer the truth again."""
        self._control("clear_scripts")

    def requests(self, endpoint: str | None = None) -> list[SeenRequest]:
        """Return the calls since the start, or those of one endpoint, in order."""
        seen = [SeenRequest(**one) for one in self._control("requests")]
        return [one for one in seen if endpoint in (None, one.endpoint)]

    def clear_requests(self) -> None:
        """Forget the calls so far."""
        self._control("clear_requests")

    def _control(self, name: str, **arguments: Any) -> Any:
        connection = http.client.HTTPConnection(self.base_url.removeprefix("http://"), timeout=60)
        try:
            connection.request("POST", f"/_control/{name}", json.dumps(arguments))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        assert answer.status == 200, f"{name}: {content.decode(errors='replace')}"
        return json.loads(content)


def started(command: list[str], folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Start a simulator that dies with this process; return it and its base URL when it listens."""
    leash = [sys.executable, "-P", str(LEASH), str(os.getpid()), "TERM"]
    process = subprocess.Popen(
        [*leash, *command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"{command} ended with status {process.wait()}"
    return process, str(json.loads(line)["base_url"])
