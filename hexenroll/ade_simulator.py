"""How does a newcomer see an ADE account without Apple? A simulator of its service runs beside the portal, for show.

Switched on by HEXENROLL_ADE_SIMULATOR: processes.py runs it, and `up` connects the account DEMO to it. The simulator is
that of the tests, and comes with the repository.
"""

import sys
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import requests
from django.conf import settings

from devices.models import Domain
from enrollment.ade import accounts, runs
from enrollment.ade.errors import AdeError
from enrollment.ade.token_file import TokenFileError
from enrollment.models import AdeAccount

DEMO: Final = "Demo"
MODULE: Final = "tests.ade_simulator"
START_SECONDS: Final = 20


class DemoError(Exception):
    """The demo account can't be connected; the text says why, and what to do."""


def is_there() -> bool:
    """Tell whether the simulator came with this installation."""
    return (settings.BASE_DIR / MODULE.replace(".", "/") / "__main__.py").is_file()


def base_url() -> str:
    """Return where the simulator listens, and shows its page."""
    return f"http://127.0.0.1:{settings.HEXENROLL_ADE_SIMULATOR_PORT}"


def command() -> Sequence[str]:
    """Return the command that runs it."""
    return [sys.executable, "-m", MODULE, "--demo", f"--port={settings.HEXENROLL_ADE_SIMULATOR_PORT}"]


def connect() -> AdeAccount:
    """Connect the account DEMO to the running simulator, unless it is; a new one is synced at once.

    Raises:
        DemoError: it can't be.
    """
    account = AdeAccount.objects.filter(name=DEMO).first()
    if account is not None and urlsplit(account.base_url).hostname != "127.0.0.1":
        raise DemoError(f"an ADE account of your own is called “{DEMO}”. Connect another one to {base_url()} by hand.")
    if account is None:
        account = accounts.create(AdeAccount(name=DEMO, base_url=base_url(), domain=Domain.objects.local()))
    elif account.base_url != base_url():  # its port was changed
        AdeAccount.objects.filter(pk=account.pk).update(base_url=base_url())
        account.refresh_from_db()
    if not account.is_connected:
        _bring_token(account)
    return account


def _bring_token(account: AdeAccount) -> None:
    """Do what an administrator does at Apple: upload the public key, download the token, and upload it here."""
    try:
        accounts.take_token(account, _token_file(account.certificate))
        accounts.check(account)
        runs.begin(account)
    except (TokenFileError, AdeError, accounts.AccountUseError) as error:
        raise DemoError(f"the simulator refuses it ({error}). See the log of ade-simulator.") from error


def _token_file(certificate: str) -> bytes:
    """Return the simulator's token file for a public key; waits until it has started."""
    deadline = time.monotonic() + START_SECONDS
    with requests.Session() as session:
        session.trust_env = False  # a proxy of this machine doesn't lead to this machine
        while True:
            try:
                answer = session.post(f"{base_url()}/token", files={"certificate": certificate}, timeout=10)
            except requests.ConnectionError as error:
                if time.monotonic() > deadline:
                    raise DemoError(f"the simulator at {base_url()} doesn't answer.") from error
                time.sleep(0.2)
                continue
            except requests.RequestException as error:
                raise DemoError(f"the simulator at {base_url()} doesn't answer.") from error
            if answer.status_code != HTTPStatus.OK:
                raise DemoError(f"what answers at {base_url()} is not the simulator.")
            return answer.content
