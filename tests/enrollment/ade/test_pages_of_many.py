"""Do pages of accounts with 200,000 devices leave them uncounted where somebody waits, or asks each second?"""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import Domain
from enrollment.ade.progress import progress_of
from enrollment.admin import ade_account_page
from enrollment.models import AdeAccount, AdeDevice, AdeSync
from tests.conftest import sign_in

pytestmark = pytest.mark.django_db

DEVICES = "enrollment_adedevice"


@pytest.fixture
def account() -> AdeAccount:
    account = AdeAccount.objects.create(name="School", domain=Domain.objects.local(), private_key="-", state="ok")
    serials = ("C02XK1ZZJG5J", "C02XK1ZZJG5K")
    made = {"platform": "ios", "approval": AdeDevice.Approval.MADE, "device_family": "iPad"}
    AdeDevice.objects.bulk_create(AdeDevice(account=account, serial_number=one, **made) for one in serials)
    return account


def asked(action: Callable[[], object], *words: str) -> int:
    """Return how many statements of an action have all the words."""
    with CaptureQueriesContext(connection) as queries:
        action()
    return sum(all(word in query["sql"] for word in words) for query in queries.captured_queries)


def test_who_looks_at_a_sync_has_the_devices_counted_once(account: AdeAccount) -> None:
    run = AdeSync.objects.create(
        account=account, kind="full", phase="list", state="running", fetched=1, added=1, pages=1
    )
    assert asked(lambda: progress_of(run), DEVICES) == 1
    run.fetched += 1
    assert asked(lambda: progress_of(run), DEVICES) == 0
    again = AdeSync.objects.create(account=account, kind="full", phase="list", state="done", fetched=1)
    AdeSync.objects.filter(pk=run.pk).delete()
    again.state = "running"
    assert progress_of(again).share == 0.5


def test_the_list_asks_no_row_for_the_choices_of_its_filters(account: AdeAccount, administrator: User) -> None:
    client = sign_in(administrator)
    assert asked(lambda: client.get("/admin/enrollment/adedevice/"), DEVICES, "DISTINCT") == 0
    page = client.get("/admin/enrollment/adedevice/").content.decode()
    assert "family=AppleTV" in page and "profile=pushed" in page


def test_of_many_devices_those_that_were_deleted_here_are_counted_once_a_minute(
    account: AdeAccount, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ade_account_page, "time", lambda: 6_000.0)
    client, address = sign_in(administrator), f"/admin/enrollment/adeaccount/{account.pk}/change/"
    look_up = (DEVICES, "EXISTS", "devices_device")
    assert [asked(lambda: client.get(address), *look_up) for _number in range(2)] == [1, 1]
    monkeypatch.setattr(ade_account_page, "COUNTED_AT_ONCE", 1)
    assert [asked(lambda: client.get(address), *look_up) for _number in range(2)] == [1, 0]
    monkeypatch.setattr(ade_account_page, "time", lambda: 6_060.0)
    assert asked(lambda: client.get(address), *look_up) == 1
