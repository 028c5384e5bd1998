"""Does `manage.py send_invitations` do the worker's work, and `import_devices --invite` begin it?"""

import json
import time
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from invitations.channels.outcome import ProviderDownError, RefusedError
from invitations.models import Invitation, Sending
from invitations.outbox.lanes import take_lane
from tests.devices.importing import row, table
from tests.factories import InvitationFactory, SendingFactory
from tests.invitations.outbox import Provider, provider

pytestmark = pytest.mark.django_db
__all__ = ["provider"]


def run(*arguments: str, stderr: StringIO | None = None) -> tuple[int, str]:
    """Return the exit status and what was printed."""
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("send_invitations", "--until-empty", *arguments, stdout=out, stderr=stderr or StringIO())
    return int(str(end.value.code)), out.getvalue()


def imported(tmp_path: Path, *rows: dict[str, str], invite: str) -> dict[str, object]:
    """Import rows by the command, and return what it printed as JSON."""
    file, out = tmp_path / "devices.csv", StringIO()
    file.write_bytes(table(*rows))
    call_command("import_devices", str(file), "--invite", invite, "--json", stdout=out)
    result: dict[str, object] = json.loads(out.getvalue())
    return result


@pytest.mark.django_db(transaction=True)
def test_an_import_with_invite_is_followed_by_its_messages(provider: Provider, tmp_path: Path) -> None:
    result = imported(tmp_path, *(row(number, email="ada@example.com") for number in range(1, 6)), invite="email")
    assert result["invited"] == 5
    status, printed = run("--json")
    assert status == 0
    assert json.loads(printed) == {"sent": 5, "failed": 0, "waiting": 0, "troubles": []}
    assert provider.recipients == ["ada@example.com"] * 5
    assert Sending.objects.get().state == Sending.State.DONE


@pytest.mark.django_db(transaction=True)
def test_an_import_by_sms_reaches_those_with_a_number(provider: Provider, tmp_path: Path) -> None:
    result = imported(tmp_path, row(1, mobile="+49 170 1234567"), row(2, mobile=""), invite="sms")
    assert result["invited"] == 1
    run()
    assert provider.recipients == ["+491701234567"]
    assert Sending.objects.get().counts == {"queued": 1, "unreachable": {"no_mobile": 1}}


@pytest.mark.django_db(transaction=True)
def test_an_import_without_invite_begins_no_sending(tmp_path: Path) -> None:
    assert imported(tmp_path, row(1), invite="none")["invited"] == 0
    assert not Sending.objects.exists()


def test_nothing_to_send_is_fine(provider: Provider) -> None:
    assert run() == (0, "0 sent, 0 failed, 0 waiting.\n")


def test_one_provider_that_can_not_be_used_holds_up_no_other(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invitations.management.commands.send_invitations.SLICE_SECONDS", 0.01)
    monkeypatch.setattr("invitations.outbox.lanes.HeldLane.bundle", 1)
    mail = InvitationFactory.create()
    InvitationFactory.create_batch(3, channel="sms", recipient="+491701234567")
    provider.answers[mail.recipient] = [ProviderDownError("The server refuses the password.")]
    provider.before = lambda message: time.sleep(0.02)
    assert run() == (1, "3 sent, 0 failed, 1 waiting.\n")


def test_what_others_have_in_hand_is_waited_for_without_hurry(
    provider: Provider, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HEXENROLL_EMAIL_CONCURRENCY = 1
    InvitationFactory.create()
    naps = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        raise KeyboardInterrupt

    monkeypatch.setattr("invitations.management.commands.send_invitations.time.sleep", sleep)
    with take_lane("email"):
        run()
    assert naps == [1]


def test_a_refused_message_is_counted_and_the_others_go(provider: Provider) -> None:
    bad, _good = InvitationFactory.create_batch(2)
    provider.answers[bad.recipient] = [RefusedError("There is no such mailbox.")]
    assert run() == (0, "1 sent, 1 failed, 0 waiting.\n")


def test_a_provider_that_can_not_be_used_ends_it_with_what_to_do(provider: Provider) -> None:
    InvitationFactory.create()
    provider.answers[""] = [ProviderDownError("The server refuses the password. Correct EMAIL_URL.")]
    status, printed = run("--json")
    assert status == 1
    assert json.loads(printed) == {
        "sent": 0,
        "failed": 0,
        "waiting": 1,
        "troubles": ["The server refuses the password. Correct EMAIL_URL."],
    }
    assert Invitation.objects.get().state == Invitation.State.QUEUED


def test_a_sending_that_can_not_be_prepared_holds_up_no_message_and_is_said(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(sending: Sending) -> None:
        raise RuntimeError("a defect")

    InvitationFactory.create()
    broken = SendingFactory.create(state=Sending.State.QUEUEING)
    monkeypatch.setattr("invitations.queueing._queue", fails)
    errors = StringIO()
    assert run(stderr=errors) == (1, "1 sent, 0 failed, 0 waiting.\n")
    assert f"Sending {broken.pk} could not be prepared." in errors.getvalue()
    broken.refresh_from_db()
    assert broken.state == Sending.State.FAILED
