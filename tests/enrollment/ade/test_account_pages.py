"""Admin > Apple ADE: an account is added step by step, looked at, synced, renewed, edited and deleted."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from devices.models import Device, Domain
from enrollment.ade import approve_chosen, runs, sync
from enrollment.models import AdeAccount, AdeDevice, AdeSync
from tests.ade_simulator.running import Simulator
from tests.conftest import make_person, sign_in
from tests.enrollment.ade.profiled import connected, listed
from tests.factories import DeviceGroupFactory, DeviceUserFactory, DomainFactory, PolicyFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/enrollment/adeaccount/"
State, Approval = AdeAccount.State, AdeDevice.Approval


def text_of(response: Any) -> str:
    return response.content.decode()


def upload(client: Client, account: AdeAccount, content: bytes, **more: str) -> Any:
    file = SimpleUploadedFile("Server_Token_smime.p7m", content)
    return client.post(f"{LIST}{account.pk}/token/", {"file": file, **more})


@pytest.fixture
def account(ade_simulator: Simulator) -> AdeAccount:
    """Return a connected account of the simulator."""
    return connected(ade_simulator, "first")


def test_account_is_added_in_four_steps(administrator_client: Client, ade_simulator: Simulator) -> None:
    client = administrator_client
    ade_simulator.change_account(org_name="Heath School", server_name="hexenroll")
    serials = ade_simulator.add(2, os="iOS")
    user, group, policy = DeviceUserFactory.create(), DeviceGroupFactory.create(), PolicyFactory.create()
    page = client.get(f"{LIST}add/")
    assert "Add as Pre-approved Device" in text_of(page) and "Steps of connecting an account" in text_of(page)
    values = {
        "name": " Heath  iPads ",
        "domain": Domain.objects.local().pk,
        "pre_approve": "on",
        "ownership": "corporate",
        "default_user": user.pk,
        "groups": [group.pk],
        "policies": [policy.pk],
        "base_url": ade_simulator.base_url,
    }

    answer = client.post(f"{LIST}add/", values)

    account = AdeAccount.objects.get()
    assert (account.name, account.state, list(account.groups.all())) == ("Heath iPads", State.NEW, [group])
    assert answer["Location"] == f"{LIST}{account.pk}/key/"
    key_page = text_of(client.get(answer["Location"]))
    assert (
        "hexenroll-heath-ipads.pem" in key_page and "business.apple.com" in key_page and "school.apple.com" in key_page
    )

    certificate = client.get(f"{LIST}{account.pk}/certificate.pem")
    assert certificate["Content-Disposition"] == 'attachment; filename="hexenroll-heath-ipads.pem"'
    assert text_of(certificate) == account.certificate

    checked = upload(client, account, ade_simulator.token_file(text_of(certificate)))
    assert checked["Location"] == f"{LIST}{account.pk}/check/"
    check_page = text_of(client.get(checked["Location"]))
    assert "Apple knows this account." in check_page and "Heath School" in check_page and "Sync now" in check_page

    synced = client.post(f"{LIST}{account.pk}/sync/")
    assert synced["Location"] == f"{LIST}{account.pk}/change/"
    sync.run(AdeSync.objects.get().pk)
    shown = text_of(client.get(synced["Location"]))
    assert "Heath School" in shown and "Pre-approved by this account" in shown
    devices = Device.objects.filter(source=Device.Source.ADE, user=user, groups=group)
    assert set(serials) == set(devices.values_list("serial_number", flat=True))


def test_wrong_forms_say_what_is_wrong(administrator_client: Client) -> None:
    stranger_to_domain = DeviceUserFactory.create(domain=DomainFactory.create(name="other.example"))
    local = Domain.objects.local()
    AdeAccount.objects.create(name="Taken", domain=local, private_key="-")
    values = {"domain": local.pk, "ownership": "corporate", "default_user": stranger_to_domain.pk}

    page = text_of(
        administrator_client.post(f"{LIST}add/", {**values, "name": "Taken", "base_url": "http://apple.example"})
    )

    assert "already exists" in page
    assert "begins with https://" in page
    assert "belongs to the domain “other.example”" in page
    assert AdeAccount.objects.count() == 1


def test_each_wrong_token_file_is_refused_with_its_own_words(
    administrator_client: Client, ade_simulator: Simulator
) -> None:
    values = {"name": "School", "domain": Domain.objects.local().pk, "ownership": "corporate"}
    administrator_client.post(f"{LIST}add/", {**values, "base_url": ade_simulator.base_url})
    account = AdeAccount.objects.get()
    elsewhere = AdeAccount(name="Elsewhere", domain=account.domain, base_url=ade_simulator.base_url)
    from enrollment.ade.accounts import create

    create(elsewhere)
    for content, words in (
        (b"", "The file is empty."),
        (account.certificate.encode(), "This is a certificate or public key"),
        (b"PK\x03\x04token", "This is an archive (ZIP)"),
        (ade_simulator.token_file(elsewhere.certificate), "for another public key than the one of this account"),
        (ade_simulator.token_file(account.certificate, days=-1), "This token has expired"),
        (b"x" * 300_000, "far too large"),
    ):
        answer = upload(administrator_client, account, content)
        assert answer.status_code == 422
        assert words in text_of(answer)
    assert administrator_client.post(f"{LIST}{account.pk}/token/").status_code == 422
    account.refresh_from_db()
    assert account.state == State.NEW


def test_token_of_another_server_needs_a_tick(
    administrator_client: Client, account: AdeAccount, ade_simulator: Simulator
) -> None:
    from enrollment.ade.accounts import make_new_key

    make_new_key(account)
    file = ade_simulator.token_file(account.certificate, "second")
    refused = upload(administrator_client, account, file)
    assert refused.status_code == 422
    assert "of another server than the one" in text_of(refused) and "Take it nevertheless" in text_of(refused)

    assert upload(administrator_client, account, file, force="on").status_code == 302
    account.refresh_from_db()
    assert account.needs_full and account.state == State.OK


def test_page_of_a_refused_account_says_what_to_do_and_checks_again(
    administrator_client: Client, account: AdeAccount, ade_simulator: Simulator
) -> None:
    ade_simulator.script("GET /session", status=403, body='"T_C_NOT_SIGNED"', times=1)
    administrator_client.post(f"{LIST}{account.pk}/check/")
    page = text_of(administrator_client.get(f"{LIST}{account.pk}/change/"))
    assert "Terms not accepted" in page and "Somebody with the role Administrator signs in at Apple" in page

    again = administrator_client.post(f"{LIST}{account.pk}/check/", follow=True)
    assert "Apple answers, and knows the account." in text_of(again)
    assert "Terms not accepted" not in text_of(administrator_client.get(f"{LIST}{account.pk}/change/"))


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (40, ""),
        (30, "The token expires in 29 days"),
        (1, "The token expires in less than a day"),
        (-2, "The token expired on"),
    ],
)
def test_expiry_is_counted_down(administrator_client: Client, account: AdeAccount, days: int, words: str) -> None:
    AdeAccount.objects.update(token_expires_at=timezone.now() + timedelta(days=days))
    page = text_of(administrator_client.get(f"{LIST}{account.pk}/change/"))
    assert words in page
    assert bool(words) == ("what you buy is not pre-approved any more" in page)


def test_sync_now_is_for_every_15_minutes_and_one_at_a_time(
    administrator_client: Client, account: AdeAccount, ade_simulator: Simulator
) -> None:
    ade_simulator.add(1, os="iOS")
    address = f"{LIST}{account.pk}/"
    administrator_client.post(f"{address}sync/", {"full": "1"})
    working = administrator_client.get(f"{address}change/")
    assert "The sync is about to begin" in text_of(working) and "progress.json" in text_of(working)
    assert administrator_client.get(f"{address}progress.json").json()["is_waiting"] is True
    assert "is under way already" in text_of(administrator_client.post(f"{address}sync/", follow=True))

    run = AdeSync.objects.get()
    sync.run(run.pk)

    assert administrator_client.get(f"{address}progress.json").json()["is_in_work"] is False
    page = text_of(administrator_client.get(f"{address}change/"))
    assert "You can sync again at" in page and "administrator</bdi>" in page
    assert "was asked for a few minutes ago" in text_of(administrator_client.post(f"{address}sync/", follow=True))
    assert AdeSync.objects.count() == 1


def test_sync_that_waits_for_apple_says_until_when(administrator_client: Client, account: AdeAccount) -> None:
    run = runs.begin(account, tell_worker=False)
    AdeSync.objects.filter(pk=run.pk).update(next_at=timezone.now() + timedelta(minutes=5))
    page = text_of(administrator_client.get(f"{LIST}{account.pk}/change/"))
    assert "A sync waits: it goes on at" in page
    assert "Sync now" in page and "Read the whole list" in page
    AdeSync.objects.filter(pk=run.pk).update(is_asked_to_wait=True)  # by Apple, so that nobody can hurry it
    page = text_of(administrator_client.get(f"{LIST}{account.pk}/change/"))
    assert "A sync waits: it goes on at" in page and "Sync now" not in page


def test_edited_account_keeps_what_the_sync_wrote_and_its_address(
    administrator_client: Client, account: AdeAccount
) -> None:
    values = {
        "name": "Renamed",
        "domain": account.domain_id,
        "ownership": "personal",
        "base_url": "https://evil.example",
    }
    form = administrator_client.get(f"{LIST}{account.pk}/edit/")
    assert "base_url" not in text_of(form)
    AdeAccount.objects.update(cursor="c1", needs_full=False)

    administrator_client.post(f"{LIST}{account.pk}/edit/", values)

    base_url = account.base_url
    account.refresh_from_db()
    assert (account.name, account.ownership, account.pre_approve) == ("Renamed", "personal", False)
    assert (account.cursor, account.base_url) == ("c1", base_url)


def test_tick_that_is_set_later_pre_approves_what_is_listed_already_and_asks_apple_for_nothing(
    administrator_client: Client,
    account: AdeAccount,
    ade_simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(approve_chosen, "_tell", lambda *arguments: told.append(arguments))
    ade_simulator.add(2, os="iOS")
    AdeAccount.objects.update(pre_approve=False)
    run = runs.begin(account, tell_worker=False)
    sync.run(run.pk)
    assert not Device.objects.exists()

    values = {"name": "Renamed", "domain": account.domain_id, "ownership": "corporate", "pre_approve": "on"}
    for changed in (values, {**values, "pre_approve": ""}, values):
        with django_capture_on_commit_callbacks(execute=True):
            administrator_client.post(f"{LIST}{account.pk}/edit/", changed)
    assert AdeSync.objects.get() == run
    assert len(told) == 2
    assert [approve_chosen.carry_out(*arguments) for arguments in told] == [2, 0]

    assert Device.objects.pre_approved().count() == 2


def test_deleting_says_what_stays(administrator_client: Client, account: AdeAccount, ade_simulator: Simulator) -> None:
    ade_simulator.add(2, os="iOS")
    sync.run(runs.begin(account, tell_worker=False).pk)
    page = text_of(administrator_client.get(f"{LIST}{account.pk}/delete/"))
    assert "Devices of the portal stay" in page and "2 of them are pre-approved and have not enrolled" in page
    administrator_client.post(f"{LIST}{account.pk}/delete/", {"post": "yes"})
    assert not AdeAccount.objects.exists()
    assert Device.objects.count() == 2


def test_auditor_looks_and_changes_nothing(account: AdeAccount) -> None:
    client = sign_in(make_person("auditor", ("view_adeaccount", "view_adedevice", "view_adesync")))
    page = text_of(client.get(f"{LIST}{account.pk}/change/"))
    for offered in ("Sync now", "Renew the token", "/edit/", "/delete/"):
        assert offered not in page
    for address in ("key/", "token/", "check/", "edit/", "certificate.pem"):
        assert client.get(f"{LIST}{account.pk}/{address}").status_code == 403
    assert client.post(f"{LIST}{account.pk}/sync/").status_code == 403


def test_operator_of_another_domain_finds_no_account(account: AdeAccount) -> None:
    rights = ("view_adeaccount", "change_adeaccount", "delete_adeaccount", "sync_adeaccount", "view_adedevice")
    client = sign_in(make_person("elsewhere", rights, domains=[DomainFactory.create()]))
    assert account.name not in text_of(client.get(LIST))
    for address in ("change/", "key/", "token/", "check/", "edit/", "certificate.pem", "progress.json"):
        assert client.get(f"{LIST}{account.pk}/{address}").status_code == 404, address
    assert client.post(f"{LIST}{account.pk}/sync/").status_code == 404


def test_list_costs_the_same_for_two_accounts_and_twenty(
    administrator: User, django_assert_max_num_queries: Any
) -> None:
    client = sign_in(administrator)
    domain = Domain.objects.local()

    def cost() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST).status_code == 200
        return len(queries)

    for number in range(2):
        listed(AdeAccount.objects.create(name=f"A{number}", domain=domain, private_key="-"), ["S1", "S2"])
    client.get(LIST)
    few = cost()
    for number in range(2, 20):
        listed(AdeAccount.objects.create(name=f"A{number}", domain=domain, private_key="-"), ["S1", "S2"])
    assert cost() == few


def test_palette_finds_the_page_by_what_apple_calls_it(administrator_client: Client) -> None:
    assert LIST in text_of(administrator_client.get("/admin/search/?s=Apple Business"))
