"""Does the page of a running import tell how far it is, by itself?"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from devices.models import ImportBatch
from tests.devices.importing import row, table, uploaded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
State = ImportBatch.State


def test_progress_moves_and_the_page_goes_on_when_it_is_over(
    sign_in_browser: Callable[[User], Page],
    administrator: User,
    live_server: LiveServer,
    assert_accessible: Callable[[Page], None],
) -> None:
    batch = uploaded(table(row(1)))
    begun = timezone.now() - timedelta(seconds=10)
    now = ImportBatch.objects.filter(pk=batch.pk)
    now.update(state=State.CHECKING, state_changed_at=begun, heartbeat_at=begun, progress=0.25, rows_done=25_000)
    page = sign_in_browser(administrator)
    page.goto(f"{live_server.url}/enroll/pre-approve/{batch.pk}/")
    line = page.locator(".wz-progress-line")
    expect(line).to_contain_text("25%")
    expect(line).to_contain_text("Rows: 25,000")
    expect(line).to_contain_text("rows a second")
    expect(line).to_contain_text(" s left")
    assert_accessible(page)
    now.update(progress=0.5, rows_done=50_000)
    expect(line).to_contain_text("Rows: 50,000")
    now.update(state=State.FAILED, failure={"code": "x", "message": "The disk is full.", "line": None})
    expect(page.get_by_text("The disk is full.")).to_be_visible()


def test_a_check_that_no_worker_takes_says_what_it_waits_for(
    sign_in_browser: Callable[[User], Page], administrator: User, live_server: LiveServer
) -> None:
    batch = uploaded(table(row(1)))
    ImportBatch.objects.filter(pk=batch.pk).update(state=State.CHECKING, heartbeat_at=None)
    page = sign_in_browser(administrator)
    page.goto(f"{live_server.url}/enroll/pre-approve/{batch.pk}/")
    expect(page.get_by_text("ask whoever runs the server whether the workers are up")).to_be_visible(timeout=10_000)
