"""Does a dump of the database, or a log, hold a one-time password or a link token after all that is done with them?"""

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from quopri import encodestring

import pytest

from tests.devices.importing import row, table
from tests.faults.batches import Batches
from tests.invitations.smtp_server import SmtpServer
from tests.portal import MakePortal, Portal, wait_until
from tests.servers import postgresql_folder

COUNT = 40  # every second one has a password in the file
CHOSEN = "Kx7+m=Q9.w&{:03}"


def file(folder: Path) -> Path:
    rows = [
        row(
            number,
            email=f"user{number}@example.com",
            serial_number=f"C02{number:07}",
            password=CHOSEN.format(number) if number % 2 else "",
        )
        for number in range(COUNT)
    ]
    path = folder / "devices.csv"
    path.write_bytes(table(*rows))
    return path


def spellings(secret: str) -> Iterator[bytes]:
    """Return the ways in which a secret could be written down."""
    clear = secret.encode()
    yield clear
    yield clear.hex().encode()
    yield clear.hex().upper().encode()
    yield encodestring(clear, quotetabs=True)
    yield urllib.parse.quote_plus(secret).encode()
    yield json.dumps(secret)[1:-1].encode()
    for shift in range(3):  # the bytes before it move the borders of the groups of six bits
        encoded = b64encode(bytes(shift) + clear).rstrip(b"=")
        yield encoded[-(-shift * 8 // 6) : -1]


def dump(portal: Portal) -> dict[str, bytes]:
    """Return the database and everything that the portal has written, by name."""
    found = {"console": portal.output.encode()}
    for path in portal.data.rglob("*"):
        if path.is_file() and portal.data / "static" not in path.parents:
            found[str(path.relative_to(portal.data))] = path.read_bytes()
    url = portal.environment.get("DATABASE_URL")
    if url:
        command = [str(postgresql_folder() / "pg_dump"), "--dbname", url]
        found["pg_dump"] = subprocess.run(command, capture_output=True, check=True).stdout
    return found


class Secrets:
    """The secrets that a portal has had."""

    def __init__(self, batches: Batches) -> None:
        self.batches = batches
        self.tokens: set[str] = set()
        self.passwords = {CHOSEN.format(number) for number in range(COUNT) if number % 2}

    def collect(self) -> None:
        found = json.loads(self.batches.take("secrets", 0))
        self.tokens |= set(found["tokens"])
        self.passwords |= set(found["passwords"])

    def assert_in_none_of(self, files: dict[str, bytes]) -> None:
        for secret in self.tokens | self.passwords:
            for spelling in set(spellings(secret)):
                assert [name for name, content in files.items() if spelling in content] == [], (secret, spelling)


def visit(portal: Portal, token: str) -> str:
    """Open a link, and have the password shown; return the page."""
    address = f"{portal.base_url}/i/{token}"
    urllib.request.urlopen(address, timeout=30).close()  # noqa: S310 - http, of this machine
    with urllib.request.urlopen(f"{address}/password", data=b"", timeout=30) as page:  # noqa: S310
        return str(page.read().decode())


def go_through_it_all(portal: Portal, folder: Path) -> Secrets:
    """Import, invite, open, show, resend and revoke; return the secrets of all that."""
    batches = Batches(portal)
    secrets = Secrets(batches)
    batch = batches.upload_and_check(file(folder))
    batches.take("start_commit", batch)
    batches.wait_for(batch, "committed")
    batches.take("invite", batch)
    wait_until_sent(batches, COUNT)
    secrets.collect()
    assert len(secrets.tokens) == len(secrets.passwords) == COUNT
    pages = [visit(portal, token) for token in sorted(secrets.tokens)[:10]]
    for page in pages:
        assert any(password in page.replace("&amp;", "&") for password in secrets.passwords)
    with pytest.raises(urllib.error.HTTPError):
        visit(portal, "x" * 43)
    numbers = [number for (number,) in batches.query("SELECT id FROM invitations_invitation ORDER BY id")]
    for number in numbers[:5]:
        batches.take("resend", number)
    wait_until_sent(batches, COUNT)
    for number in numbers[5:10]:
        batches.take("revoke", number)
    secrets.collect()
    assert len(secrets.tokens) == COUNT + 5
    return secrets


def wait_until_sent(batches: Batches, count: int) -> None:
    """Wait until that many invitations are alive, and none of them waits."""

    def all_sent() -> bool:
        states = dict(batches.query("SELECT state, count(*) FROM invitations_invitation GROUP BY state"))
        alive = states.get("sent", 0) + states.get("opened", 0)
        busy = batches.query("SELECT count(*) FROM invitations_sending WHERE state IN ('queueing', 'running')")[0][0]
        return alive == count and not busy

    wait_until(all_sent, 90, batches.logs)


def test_after_a_full_run_by_smtp_no_secret_is_in_database_or_logs(make_portal: MakePortal, tmp_path: Path) -> None:
    with SmtpServer() as server:
        portal = make_portal(EMAIL_URL=server.url()).start()
        secrets = go_through_it_all(portal, tmp_path)
        sent = [message.parsed.get_body(("plain",)) for message in server.messages]
        assert len(sent) == COUNT + 5
        assert all(any(token in str(part and part.get_content()) for token in secrets.tokens) for part in sent)
    secrets.assert_in_none_of(dump(portal))


@pytest.mark.once
def test_after_a_full_run_with_the_development_mailbox_no_secret_is_in_database_or_logs(
    make_portal: MakePortal, tmp_path: Path
) -> None:
    portal = make_portal().start()
    secrets = go_through_it_all(portal, tmp_path)
    files = dump(portal)
    assert Batches(portal).query("SELECT count(*) FROM invitations_mailboxmessage") == [(COUNT + 5,)]
    secrets.assert_in_none_of(files)


@pytest.mark.once
def test_a_mail_server_that_repeats_the_message_in_its_refusal_gets_no_secret_into_the_log(
    make_portal: MakePortal, tmp_path: Path
) -> None:
    with SmtpServer() as server:
        portal = make_portal(EMAIL_URL=server.url()).start()
        batches = Batches(portal)
        secrets = Secrets(batches)
        batch = batches.upload_and_check(file(tmp_path))
        batches.take("start_commit", batch)
        batches.wait_for(batch, "committed")
        batches.take("invite", batch)
        wait_until_sent(batches, COUNT)
        secrets.collect()
        server.reply("CONTENT", f"554 5.7.1 spam: your password is {CHOSEN.format(1)}")
        of_user = "SELECT id FROM invitations_invitation WHERE recipient = 'user1@example.com'"
        (number,) = batches.query(of_user)[0]
        batches.take("resend", number)
        wait_until(lambda: bool(batches.query("SELECT 1 FROM invitations_invitation WHERE state = 'failed'")), 60)
        secrets.collect()
    secrets.assert_in_none_of(dump(portal))
