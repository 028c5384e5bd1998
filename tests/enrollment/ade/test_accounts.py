"""What may be done to an ADE account: made, given a token, renewed, checked, deleted; by the simulator of Apple."""

import json
from typing import Any

import pytest
from django.db import connection

from devices.models import Device, Domain
from enrollment.ade import accounts, runs, standing, sync
from enrollment.ade.accounts import AccountUseError, NoTokenError, OtherServerError, SameServerError
from enrollment.ade.errors import AdeError
from enrollment.ade.token_file import TokenFileError, TokenProblem
from enrollment.ade.token_words import TOKEN_WORDS
from enrollment.models import AdeAccount, AdeDevice, AdeSync
from hexenroll.models import AuditEntry
from tests.ade_simulator.running import Simulator

pytestmark = pytest.mark.django_db
State = AdeAccount.State


@pytest.fixture
def account(ade_simulator: Simulator) -> AdeAccount:
    """Return a new account of the simulator, without a token."""
    return made(ade_simulator)


def made(simulator: Simulator, name: str = "School") -> AdeAccount:
    return accounts.create(AdeAccount(name=name, domain=Domain.objects.local(), base_url=simulator.base_url))


def synced(account: AdeAccount, *, full: bool = False) -> AdeSync:
    run = runs.begin(account, full=full, tell_worker=False)
    sync.run(run.pk)
    run.refresh_from_db()
    account.refresh_from_db()
    return run


def test_new_account_has_a_key_of_its_own_which_is_encrypted_and_waits_for_its_token(account: AdeAccount) -> None:
    assert account.state == State.NEW
    assert account.certificate.startswith("-----BEGIN CERTIFICATE-----")
    assert AdeAccount.objects.get().private_key.startswith("-----BEGIN PRIVATE KEY-----")
    with connection.cursor() as cursor:
        cursor.execute("SELECT private_key FROM enrollment_adeaccount")
        assert "PRIVATE KEY" not in str(cursor.fetchall())
    with pytest.raises(NoTokenError, match="has no token yet"):
        accounts.check(account)


def test_token_connects_the_account_and_apple_says_whose_it_is(account: AdeAccount, ade_simulator: Simulator) -> None:
    accounts.take_token(account, ade_simulator.token_file(account.certificate))
    accounts.check(account)

    assert account.state == State.OK
    assert account.org_name and account.server_name and account.server_uuid and account.checked_at
    assert account.page_limit == 1000
    assert account.days_left in (364, 365)


def test_an_account_is_not_called_connected_before_apple_has_answered(
    account: AdeAccount, ade_simulator: Simulator
) -> None:
    accounts.take_token(account, ade_simulator.token_file(account.certificate))

    assert account.is_connected
    assert (account.state, account.last_error, account.checked_at) == (State.UNREACHABLE, "not_asked", None)
    assert "hasn't been asked yet" in str(standing.advice_of(account).matter)

    assert synced(account).state == "done"
    assert account.state == State.OK and account.checked_at


def test_renewal_changes_the_state_when_apple_answers(account: AdeAccount, ade_simulator: Simulator) -> None:
    accounts.take_token(account, ade_simulator.token_file(account.certificate))
    accounts.check(account)
    AdeAccount.objects.update(state=State.EXPIRED, last_error="token_expired")
    account.refresh_from_db()

    accounts.take_token(account, ade_simulator.token_file(account.certificate))
    account.refresh_from_db()
    assert (account.state, account.last_error, account.checked_at) == (State.EXPIRED, "token_expired", None)

    accounts.check(account)
    assert (account.state, account.last_error) == (State.OK, "") and account.checked_at


def test_what_apple_says_to_the_former_token_is_not_said_of_the_new_one(
    account: AdeAccount, ade_simulator: Simulator
) -> None:
    ade_simulator.add(3, os="iOS")
    accounts.take_token(account, ade_simulator.token_file(account.certificate, days=300))
    accounts.check(account)
    before = AdeAccount.objects.get()
    run = runs.claim(runs.begin(account, tell_worker=False).pk)  # a worker has it, with the token of before
    assert run is not None

    accounts.take_token(account, ade_simulator.token_file(account.certificate))
    accounts.check(account)
    sync._carry_out(run)
    with pytest.raises(AdeError, match="token"):
        accounts.check(before)

    account.refresh_from_db()
    assert (account.state, account.last_error) == (State.OK, "")
    run.refresh_from_db()
    assert (run.state, run.tries) == (AdeSync.State.QUEUED, 1)
    AdeSync.objects.update(next_at=None)
    sync.run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.added) == (AdeSync.State.DONE, 3)


def test_a_good_answer_to_the_former_token_clears_nothing_of_the_new_one(
    account: AdeAccount, ade_simulator: Simulator
) -> None:
    accounts.take_token(account, ade_simulator.token_file(account.certificate, days=300))
    before = AdeAccount.objects.get()
    accounts.take_token(account, ade_simulator.token_file(account.certificate))
    standing.note_success(before)

    account.refresh_from_db()
    assert (account.state, account.last_error) == (State.UNREACHABLE, "not_asked")


@pytest.mark.parametrize("cipher", ["aes-256-cbc", "aes-128-cbc", "3des"])
def test_token_in_each_cipher_is_taken(account: AdeAccount, ade_simulator: Simulator, cipher: str) -> None:
    accounts.take_token(account, ade_simulator.token_file(account.certificate, cipher=cipher))  # type: ignore[arg-type]

    assert AdeAccount.objects.connected().exists()


def test_file_of_another_key_and_an_expired_token_change_nothing(account: AdeAccount, ade_simulator: Simulator) -> None:
    other = made(ade_simulator, "Other")
    for content, problem in (
        (ade_simulator.token_file(other.certificate), TokenProblem.OTHER_KEY),
        (ade_simulator.token_file(account.certificate, days=-1), TokenProblem.EXPIRED),
        (account.certificate.encode(), TokenProblem.IS_CERTIFICATE),
        (b"rubbish", TokenProblem.NOT_A_TOKEN_FILE),
    ):
        with pytest.raises(TokenFileError) as caught:
            accounts.take_token(account, content)
        assert caught.value.code == problem

    assert AdeAccount.objects.filter(state=State.NEW, server_token=None).count() == 2


@pytest.mark.once
def test_each_wrong_file_has_words_of_its_own() -> None:
    said = {str(what) for what, _do in TOKEN_WORDS.values()}

    assert set(TOKEN_WORDS) == set(TokenProblem)
    assert len(said) == len(TokenProblem)


def test_renewal_keeps_devices_cursor_and_facts(account: AdeAccount, ade_simulator: Simulator) -> None:
    ade_simulator.add(3, os="iOS")
    accounts.take_token(account, ade_simulator.token_file(account.certificate))
    synced(account)
    cursor = account.cursor

    accounts.take_token(account, ade_simulator.token_file(account.certificate))
    assert (account.cursor, account.needs_full, account.warned_at_days) == (cursor, False, None)
    run = synced(account)

    assert (run.state, run.kind, run.fetched) == ("done", "delta", 0)
    assert Device.objects.filter(source=Device.Source.ADE).count() == 3


def test_token_of_another_server_is_refused_unless_forced_and_then_the_list_becomes_that_servers(
    account: AdeAccount, ade_simulator: Simulator
) -> None:
    ade_simulator.add(2, os="iOS")
    theirs = ade_simulator.add(1, "second", os="iOS")
    accounts.take_token(account, ade_simulator.token_file(account.certificate))
    synced(account)
    file = ade_simulator.token_file(account.certificate, "second")

    with pytest.raises(OtherServerError, match="of another server than the one that the account has"):
        accounts.take_token(account, file)
    account.refresh_from_db()
    assert account.cursor and synced(account).state == "done"

    accounts.take_token(account, file, is_forced=True)
    assert (account.cursor, account.needs_full, account.org_name) == ("", True, "")
    run = synced(account)

    assert (run.kind, run.added, run.deleted, run.withdrawn) == ("full", 1, 2, 2)
    assert [device.serial_number for device in Device.objects.all()] == theirs


def test_server_of_another_account_is_refused_unless_forced(account: AdeAccount, ade_simulator: Simulator) -> None:
    accounts.take_token(account, ade_simulator.token_file(account.certificate))
    other = made(ade_simulator, "Other")
    file = ade_simulator.token_file(other.certificate)

    with pytest.raises(
        SameServerError, match="Another account of this portal has a token of the same server"
    ) as caught:
        accounts.take_token(other, file)
    assert caught.value.other == account

    accounts.take_token(other, file, is_forced=True)
    assert other.is_connected


def test_texts_that_no_database_takes_are_taken_without_what_is_wrong_in_them(
    account: AdeAccount, ade_simulator: Simulator
) -> None:
    accounts.take_token(account, ade_simulator.token_file(account.certificate))
    odd = r'{"server_name": "St. \ud800Mary\u0000", "server_uuid": "\udfff1", "org_name": "\ud83d\ude00"}'
    ade_simulator.script("GET /account", status=200, body=odd)
    accounts.check(account)
    assert (account.server_name, account.server_uuid, account.org_name) == ("St. ?Mary", "?1", "😀")


@pytest.mark.parametrize(
    ("status", "body", "state", "matter"),
    [
        (403, "T_C_NOT_SIGNED", State.TERMS_NOT_SIGNED, "new terms and conditions"),
        (403, "ACCESS_DENIED", State.ACCESS_DENIED, "denies this server the access"),
        (401, "", State.TOKEN_REFUSED, "doesn't take the token"),
        (429, "", State.THROTTLED, "asks the portal to wait"),
        (503, "", State.UNREACHABLE, "doesn't answer"),
    ],
)
def test_refused_check_says_what_to_do_and_the_next_good_one_clears_it(
    account: AdeAccount, ade_simulator: Simulator, status: int, body: str, state: str, matter: str
) -> None:
    accounts.take_token(account, ade_simulator.token_file(account.certificate))
    ade_simulator.script("GET /session", status=status, body=body, times=None, headers={"Retry-After": "60"})

    with pytest.raises(AdeError):
        accounts.check(account)
    account.refresh_from_db()
    assert account.state == state
    assert matter in str(standing.advice_of(account).matter)
    assert account.checked_at is None

    ade_simulator.clear_scripts()
    accounts.check(account)
    assert (account.state, account.last_error) == (State.OK, "")


@pytest.mark.once
@pytest.mark.parametrize(
    "url", ["http://mdmenrollment.apple.com", "ftp://127.0.0.1", "https://", "", "https://a b", "x"]
)
def test_token_is_sent_to_no_address_without_encryption_but_this_machines(url: str) -> None:
    with pytest.raises(AccountUseError, match="begins with https://"):
        accounts.base_url_of(url)


@pytest.mark.once
@pytest.mark.parametrize(
    "url", ["https://mdmenrollment.apple.com", "http://127.0.0.1:9000", "http://localhost:1", "http://[::1]:2"]
)
def test_https_and_this_machine_are_good_addresses(url: str) -> None:
    assert accounts.base_url_of(f"{url}/") == url


def test_deleted_account_leaves_the_devices_of_the_portal(
    account: AdeAccount, ade_simulator: Simulator, django_assert_max_num_queries: Any
) -> None:
    ade_simulator.add(5, os="iOS")
    accounts.take_token(account, ade_simulator.token_file(account.certificate))
    synced(account)
    assert accounts.waiting_devices(account.pk).count() == 5

    with django_assert_max_num_queries(25):
        accounts.delete(account)

    assert not AdeAccount.objects.exists() and not AdeDevice.objects.exists() and not AdeSync.objects.exists()
    assert Device.objects.pre_approved().count() == 5


def test_audit_log_tells_of_accounts_and_of_none_of_their_secrets(
    account: AdeAccount, ade_simulator: Simulator
) -> None:
    file = ade_simulator.token_file(account.certificate)
    accounts.take_token(account, file)
    accounts.make_new_key(account)
    synced_entries = AuditEntry.objects.filter(content_type__model="adeaccount").order_by("id")
    said = json.dumps([[entry.changes, entry.changes_text, entry.additional_data] for entry in synced_entries])

    assert len(synced_entries) == 3
    assert synced_entries[0].changes["name"] == ["None", "School"]
    assert "token_expires_at" in synced_entries[1].changes
    assert synced_entries[2].changes["certificate"] == ["••••••••", "••••••••"]
    token = ade_simulator.token()
    token.pop("access_token_expiry")
    for secret in (*token.values(), "PRIVATE KEY", "BEGIN CERTIFICATE", "consumer_key"):
        assert secret not in said
