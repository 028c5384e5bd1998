"""Does the portal hand out the agent, and the checksum that belongs to it?"""

import hashlib
from pathlib import Path

import pytest
from django.test import Client

pytestmark = pytest.mark.once
AGENT = Path(__file__).parents[2] / "enrollment" / "agent" / "hexenroll_agent.py"
ADDRESS = "/agent/hexenroll-agent.py"


def test_anybody_gets_the_program_as_it_is(client: Client) -> None:
    answer = client.get(ADDRESS)
    assert answer.status_code == 200
    assert answer.content == AGENT.read_bytes()
    assert answer["Content-Type"] == "text/x-python; charset=utf-8"
    assert not answer.cookies


def test_the_checksum_beside_it_is_that_of_the_program(client: Client) -> None:
    digest = hashlib.sha256(AGENT.read_bytes()).hexdigest()
    assert client.get(f"{ADDRESS}.sha256").content.decode() == f"{digest}  hexenroll-agent.py\n"


@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS}.sha256"])
def test_who_has_it_already_is_told_so(client: Client, address: str) -> None:
    first = client.get(address)
    assert first["Cache-Control"] == "public, max-age=300"
    again = client.get(address, headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    assert again.content == b""


@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS}.sha256"])
def test_it_can_only_be_read(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405
    assert client.head(address).status_code == 200
