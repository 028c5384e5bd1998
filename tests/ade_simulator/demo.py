"""Where does a newcomer without Apple get a token file? A page in the place of Apple Business Manager's.

`python -m tests.ade_simulator --demo`. The token stays the same over restarts, so that a portal's account goes on.
"""

import itertools
from email import message_from_bytes
from html import escape

from tests.ade_simulator.accounts import Account
from tests.ade_simulator.answers import Answer
from tests.ade_simulator.service import FIRST, Received, Service
from tests.ade_simulator.token_file import token_file

SEED = "hexenroll demo"
DEVICES = 60
AT_ONCE = 10
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Apple's service, simulated</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }}
  :root {{ color-scheme: light dark; }}
  fieldset {{ margin: 1.5rem 0; padding: 1rem; }}
  button {{ font: inherit; padding: .25rem .75rem; }}
</style>
<h1>Apple's service, simulated</h1>
<p>{organisation} has {count} devices on the server “{server}”. {message}</p>
<form method="post" action="/token" enctype="multipart/form-data">
  <fieldset>
    <legend>1. Server token</legend>
    <p><label>Public key from hexenroll (.pem): <input type="file" name="certificate" required></label></p>
    <button>Download the server token</button>
  </fieldset>
</form>
<fieldset>
  <legend>2. Devices, between two syncs</legend>
  <form method="post" action="/buy"><p><button>Buy {at_once} devices</button></p></form>
  <form method="post" action="/release"><p><button>Release the {at_once} oldest devices</button></p></form>
</fieldset>
</html>
"""


def demo_service(devices: int) -> Service:
    """Return a service whose account has so many devices, and the same token at every start."""
    service = Service(SEED)
    account = service.account(FIRST)
    account.facts["server_name"] = "hexenroll demo"
    account.fleet.buy(devices, {})
    return service


def demo_answer(service: Service, received: Received) -> Answer | None:
    """Return the page, or what one of its buttons does; None: the request is none of the page's."""
    account = service.account(FIRST)
    with service.lock:
        match f"{received.method} {received.path}":
            case "GET /":
                return page(account)
            case "POST /token":
                return token(account, received)
            case "POST /buy":
                account.fleet.buy(AT_ONCE, {})
                return page(account, f"{AT_ONCE} are new.")
            case "POST /release":
                oldest = list(itertools.islice(account.fleet.listed, AT_ONCE))
                account.fleet.remove(oldest)
                return page(account, f"{len(oldest)} went.")
    return None


def token(account: Account, received: Received) -> Answer:
    """Answer the token file for the uploaded public key."""
    try:
        content = token_file(account.token.content(), uploaded(received))
    except ValueError:
        return page(account, "That file is no public key: download it from the account's page in hexenroll.", 400)
    name = "hexenroll_demo_Token_smime.p7m"
    return Answer(
        200,
        content,
        {"Content-Type": "application/pkcs7-mime", "Content-Disposition": f'attachment; filename="{name}"'},
    )


def uploaded(received: Received) -> str:
    """Return the text of the one file in a form (RFC 7578, which mail's parser reads)."""
    head = f"Content-Type: {received.headers.get('content-type', '')}\r\n\r\n".encode()
    for part in message_from_bytes(head + received.body).walk():
        if not part.is_multipart() and isinstance(content := part.get_payload(decode=True), bytes):
            return content.decode(errors="replace")
    return ""


def page(account: Account, message: str = "", status: int = 200) -> Answer:
    facts = {"organisation": account.facts["org_name"], "server": account.facts["server_name"], "message": message}
    shown = {name: escape(text) for name, text in facts.items()}
    text = PAGE.format(**shown, count=len(account.fleet.listed), at_once=AT_ONCE)
    return Answer(status, text.encode(), {"Content-Type": "text/html;charset=UTF-8"})
