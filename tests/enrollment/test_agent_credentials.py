"""Does the agent notice a credential that is none? It says so before anything is asked: without any, it is nobody."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.vocabulary import Platform
from enrollment.platform_steps import agent_command
from tests.enrollment.agent_portal import EMAIL, TOKEN, Computer, FakePortal

pytestmark = pytest.mark.once


@pytest.fixture
def portal() -> Iterator[FakePortal]:
    with FakePortal() as running:
        yield running


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    tmp_path.chmod(0o700)
    (tmp_path / "empty").write_text("\nthe second line")
    return Computer(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--token", ""], "The token is empty."),
        (["--token", " / "], "The token is empty."),
        (["--token-file", "{home}/empty"], "The token is empty: there is none in the first line of"),
        (["--token-file", "-"], "The token is empty: there is none in the first line of -"),
        (["--token-file", "{home}/none"], "none can't be read"),
        (["--email", "", "--password-file", "-"], "The e-mail address is empty."),
        (["--email", EMAIL, "--password-file", "{home}/empty"], "The password is empty: there is none in the first"),
        (["--none", "--password-file", "{home}/empty"], "A password belongs to an e-mail address: give --email, too."),
        (["--token", TOKEN, "--password-file", "-"], "A token needs no password"),
        (["--token-file", "-", "--password-file", "-"], "A token needs no password"),
    ],
)
def test_a_credential_that_is_none_is_said_before_anything_is_asked(
    portal: FakePortal, computer: Computer, arguments: list[str], said: str
) -> None:
    done = computer.enroll(portal, *(argument.format(home=computer.home) for argument in arguments))
    assert done.returncode == 2
    assert said in done.stderr
    assert portal.asked == []
    assert not (computer.state_dir / "agent.json").exists()


@pytest.mark.parametrize("end", ["?lang=de", "/?from=mail#top", "#top"])
def test_a_link_is_as_good_with_what_a_mail_program_hangs_on_it(
    portal: FakePortal, computer: Computer, end: str
) -> None:
    assert computer.enroll(portal, "--token", f" {portal.url.upper()}/i/{TOKEN}{end}").returncode == 0
    assert portal.last("/api/v1/enroll").body["token"] == TOKEN


def test_the_command_of_the_page_takes_a_token_that_begins_with_a_hyphen(
    portal: FakePortal, computer: Computer
) -> None:
    portal.token = f"-{TOKEN[1:]}"
    words = shlex.split(agent_command(Platform.LINUX, portal.url, "/agent/hexenroll-agent.py", portal.token))
    done = computer.enroll(portal, *(word for word in words if word.startswith("--token")))
    assert done.returncode == 0, done.stderr
    assert portal.last("/api/v1/enroll").body["token"] == portal.token
