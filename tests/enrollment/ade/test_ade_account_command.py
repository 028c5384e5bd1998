"""`ade_account`: an account is made, connected and synced without a browser."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from devices.models import Device
from enrollment.models import AdeAccount, AdeSync
from tests.ade_simulator.running import Simulator
from tests.factories import DomainFactory

pytestmark = pytest.mark.django_db


def ade_account(*arguments: str) -> tuple[int, str, str]:
    """Return exit status, output and errors."""
    out, err = StringIO(), StringIO()
    try:
        call_command("ade_account", *arguments, stdout=out, stderr=err)
    except SystemExit as stopped:
        return int(stopped.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def created(simulator: Simulator, *more: str) -> str:
    """Make the account “School”; return its certificate."""
    status, certificate, _err = ade_account("create", "School", "--base-url", simulator.base_url, *more)
    assert status == 0
    return certificate


def connected(simulator: Simulator, folder: Path, *more: str) -> None:
    file = folder / "token.p7m"
    file.write_bytes(simulator.token_file(created(simulator, *more)))
    status, out, err = ade_account("token", "School", str(file))
    assert (status, err) == (0, "")
    assert out.startswith("Connected to “")


def synced(*more: str) -> dict[str, object]:
    _status, out, _err = ade_account("sync", "School", "--json", *more)
    found: dict[str, object] = json.loads(out)
    return found


def test_account_is_made_connected_and_synced(ade_simulator: Simulator, tmp_path: Path) -> None:
    domain = DomainFactory.create(name="school.example")
    serials = ade_simulator.add(3, os="iOS")
    connected(ade_simulator, tmp_path, "--domain", "school.example", "--pre-approve")

    expected = {"added": 3, "modified": 0, "deleted": 0, "pre_approved": 3, "state": "ok"}
    assert synced() == expected
    assert Device.objects.pre_approved().filter(domain=domain).count() == 3

    ade_simulator.delete(serials[:1])
    ade_simulator.change(serials[1:2], color="BLUE")
    assert synced() == {"added": 0, "modified": 1, "deleted": 1, "pre_approved": 0, "state": "ok"}
    synced("--full")
    assert AdeSync.objects.first().kind == "full"  # type: ignore[union-attr]
    assert ade_account("sync", "School")[:2] == (0, "Added: 0. Modified: 0. Removed: 0. Pre-approved: 0.\n")


def test_create_prints_the_certificate_alone_and_pre_approves_only_when_told(ade_simulator: Simulator) -> None:
    certificate = created(ade_simulator)
    assert certificate.startswith("-----BEGIN CERTIFICATE-----")
    assert certificate.endswith("-----END CERTIFICATE-----\n")
    assert AdeAccount.objects.get().pre_approve is False


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "School"), "already exists"),
        (("create", ""), "name:"),
        (("create", "New", "--domain", "nowhere"), "There is no domain “nowhere”. There are: local"),
        (("create", "New", "--base-url", "http://apple.example"), "begins with https://"),
        (("token", "Scool", "x"), "There is no ADE account “Scool”. There are: School"),
        (("token", "School", "/nowhere/token.p7m"), "/nowhere/token.p7m can't be read"),
        (("sync", "School"), "has no token yet"),
    ],
)
def test_wrong_usage_says_what_is_right_and_changes_nothing(
    ade_simulator: Simulator, arguments: tuple[str, ...], said: str
) -> None:
    created(ade_simulator)
    status, out, err = ade_account(*arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert AdeAccount.objects.count() == 1


def test_file_that_is_no_token_says_what_it_is(ade_simulator: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(created(ade_simulator))
    status, _out, err = ade_account("token", "School", str(file))
    assert status == 1
    assert "This is a certificate or public key" in err and "[is_certificate]" in err


def test_token_of_another_server_needs_force(ade_simulator: Simulator, tmp_path: Path) -> None:
    connected(ade_simulator, tmp_path)
    file = tmp_path / "other.p7m"
    file.write_bytes(ade_simulator.token_file(AdeAccount.objects.get().certificate, "second"))
    status, _out, err = ade_account("token", "School", str(file))
    assert status == 1
    assert "of another server" in err and "--force" in err
    assert ade_account("token", "School", str(file), "--force")[0] == 0


def test_sync_that_apple_refuses_says_the_state_and_what_to_do(ade_simulator: Simulator, tmp_path: Path) -> None:
    connected(ade_simulator, tmp_path)
    ade_simulator.end_sessions()
    ade_simulator.script("GET /session", status=403, body="T_C_NOT_SIGNED", times=None)
    status, out, err = ade_account("sync", "School", "--json")
    assert status == 1
    assert json.loads(out)["state"] == "terms_not_signed"
    assert "Somebody with the role Administrator signs in at Apple" in err

    ade_simulator.clear_scripts()
    assert synced()["state"] == "ok"


def test_sync_that_was_interrupted_is_taken_up(ade_simulator: Simulator, tmp_path: Path) -> None:
    connected(ade_simulator, tmp_path)
    ade_simulator.script("POST /server/devices", status=503, headers={"Retry-After": "600"}, times=1)
    assert synced()["state"] == "unreachable"
    status, _out, err = ade_account("sync", "School")
    assert status == 1
    assert "waits until" in err

    AdeSync.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    assert synced()["state"] == "ok"
    assert AdeSync.objects.count() == 1
