"""What pages show of a sending: how far it is, what became of its messages, and the buttons that stop it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from devices.models import Device, ImportBatch
from invitations import queueing
from invitations.models import Invitation, Lane, Sending
from invitations.progress import progress_of
from tests.conftest import make_person, sign_in
from tests.devices.importing import checked_rows, committed, row
from tests.devices.wizard_pages import shown, text_of, url
from tests.factories import DeviceFactory, InvitationFactory, SendingFactory

pytestmark = pytest.mark.django_db
State = Sending.State
ACTIONS = ("pause_sending", "resume_sending", "cancel_sending")


def page_of(sending: Sending, name: str = "sending") -> str:
    return reverse(f"enroll:{name}", args=[sending.pk])


def said(client: Client, sending: Sending) -> str:
    """Open the page of a sending and return what it says."""
    return text_of(client.get(page_of(sending)))


def progress(client: Client, sending: Sending) -> dict[str, Any]:
    answer = client.get(page_of(sending, "sending_progress"))
    assert answer.status_code == 200
    return dict(answer.json())


def batch_and_sending(**values: Any) -> tuple[ImportBatch, Sending]:
    """Return an import of two devices with a sending whose invitations wait."""
    batch = committed(checked_rows(row(1), row(2)))
    sending = SendingFactory.create(batch=batch, **values)
    for device in Device.objects.all():
        InvitationFactory.create(device=device, sending=sending, batch=batch)
    return batch, sending


# --- who may ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["sending", "sending_progress"])
def test_the_pages_are_for_who_may_see_sendings_or_invitations(
    stranger_client: Client, client: Client, name: str
) -> None:
    sending = SendingFactory.create()
    assert stranger_client.get(page_of(sending, name)).status_code == 403
    assert stranger_client.get(reverse(f"enroll:{name}", args=[999_999])).status_code == 403
    assert sign_in(make_person("a", ("view_sending",))).get(page_of(sending, name)).status_code == 200
    assert sign_in(make_person("b", ("view_invitation",))).get(page_of(sending, name)).status_code == 200
    answer = client.get(page_of(sending, name))
    assert (answer.status_code, answer["Location"]) == (302, f"/admin/login/?next={page_of(sending, name)}")


@pytest.mark.parametrize("name", ACTIONS)
def test_who_may_only_look_stops_nothing(stranger_client: Client, name: str) -> None:
    sending = SendingFactory.create()
    looker = sign_in(make_person("looker", ("view_sending", "view_invitation", "view_importbatch")))
    for client in (stranger_client, looker):
        assert client.post(page_of(sending, name)).status_code == 403
    sending.refresh_from_db()
    assert sending.state == State.RUNNING
    text = said(looker, sending)
    assert "You may look at it, but not pause or cancel it" in text and "Cancel the sending" not in text


@pytest.mark.parametrize("name", ACTIONS)
def test_a_button_is_not_pressed_by_opening_its_address(administrator_client: Client, name: str) -> None:
    assert administrator_client.get(page_of(SendingFactory.create(), name)).status_code == 405


def test_a_sending_that_is_not_there_is_404(administrator_client: Client) -> None:
    for number in (999_999, 10**30):
        assert administrator_client.get(f"/enroll/sendings/{number}/").status_code == 404


# --- how far ----------------------------------------------------------------------------------------------
def test_a_sending_that_was_just_begun_is_being_prepared(administrator_client: Client) -> None:
    sending = SendingFactory.create(state=State.QUEUEING)
    text = said(administrator_client, sending)
    assert "Preparing" in text and "The invitations are being prepared." in text
    assert "Waiting for a worker" not in text
    told = progress(administrator_client, sending)
    assert (told["state"], told["is_moving"], told["share"], told["notes"]) == ("queueing", True, None, [])


def test_one_that_no_worker_takes_says_that_nothing_is_lost(administrator_client: Client) -> None:
    sending = SendingFactory.create(state=State.QUEUEING, state_changed_at=timezone.now() - timedelta(seconds=8))
    note = "Waiting for a worker. Nothing is lost: it goes on by itself as soon as one is free."
    assert note in said(administrator_client, sending)
    assert progress(administrator_client, sending)["notes"][0].startswith(note)
    Sending.objects.update(heartbeat_at=timezone.now())
    assert progress(administrator_client, sending)["notes"] == []


def test_a_running_one_tells_its_messages_by_state_and_leads_to_them(administrator_client: Client) -> None:
    _batch, sending = batch_and_sending()
    Invitation.objects.filter(device__serial_number=row(1)["serial_number"]).update(state="sent")
    answer = administrator_client.get(page_of(sending))
    assert "1 of 2 messages are done." in text_of(answer)
    link = f"?sending__id__exact={sending.pk}&amp;state__exact=sent"
    assert link in answer.content.decode()
    told = progress(administrator_client, sending)
    assert (told["share"], told["text"]) == (0.5, "1 of 2 messages are done.")
    assert (told["counts"]["queued"], told["counts"]["sent"], told["counts"]["failed"]) == ("1", "1", "0")
    found = administrator_client.get(reverse("admin:invitations_invitation_changelist") + link.replace("&amp;", "&"))
    assert found.status_code == 200
    assert "user1@example.com" in found.content.decode() and "user2@example.com" not in found.content.decode()


def test_a_planned_one_says_when_it_begins(administrator_client: Client) -> None:
    _batch, sending = batch_and_sending(starts_at=timezone.now() + timedelta(hours=2))
    assert progress(administrator_client, sending)["notes"][0].endswith("nothing goes out.")


def test_a_provider_that_can_not_be_used_is_said_with_the_time_of_the_next_attempt(
    administrator_client: Client,
) -> None:
    _batch, sending = batch_and_sending()
    until = timezone.now() + timedelta(minutes=5)
    Lane.objects.update_or_create(
        channel="email", number=1, defaults={"paused_until": until, "trouble": "The mail server refuses the password."}
    )
    text = said(administrator_client, sending)
    assert "E-mail can't be sent now: The mail server refuses the password. At" in text and "it is tried again." in text


def test_troubles_of_another_channel_are_not_said(administrator_client: Client) -> None:
    _batch, sending = batch_and_sending(channel="email")
    until = timezone.now() + timedelta(minutes=5)
    Lane.objects.update_or_create(channel="sms", number=1, defaults={"paused_until": until, "trouble": "No credit."})
    assert progress(administrator_client, sending)["notes"] == []


def test_messages_that_are_tried_again_later_are_said_with_the_reason(administrator_client: Client) -> None:
    _batch, sending = batch_and_sending()
    later = timezone.now() + timedelta(minutes=10)
    Invitation.objects.update(next_attempt_at=later, last_error="Greylisted <b>", error_code="451")
    text = said(administrator_client, sending)
    assert "2 messages could not be sent yet. At" in text
    assert "Why messages are tried again 2 messages ( 451 ): Greylisted <b> (one of them)" in text


def test_messages_that_are_due_and_that_nobody_takes_wait_for_a_worker(administrator_client: Client) -> None:
    _batch, sending = batch_and_sending()
    Invitation.objects.update(next_attempt_at=timezone.now() - timedelta(minutes=1))
    assert "Waiting for a worker." in said(administrator_client, sending)


def test_a_message_of_another_channel_is_looked_at_too(administrator_client: Client) -> None:
    sending = SendingFactory.create(channel="email_or_sms")
    later = timezone.now() + timedelta(hours=5)
    InvitationFactory.create(sending=sending, channel="sms", next_attempt_at=later)
    InvitationFactory.create(sending=sending, next_attempt_at=later + timedelta(hours=1))
    time = date_format(timezone.localtime(later), "DATETIME_FORMAT")
    assert progress_of(sending).notes == [
        f"2 messages could not be sent yet. At {time} the first of them is tried again."
    ]


def test_failures_are_grouped_by_their_reason_the_most_frequent_first(administrator_client: Client) -> None:
    sending = SendingFactory.create(state=State.DONE)
    for number in range(3):
        InvitationFactory.create(
            sending=sending,
            state="failed",
            error_code="550",
            last_error=f"No such user {number}.",
            next_attempt_at=None,
        )
    InvitationFactory.create(sending=sending, state="bounced", last_error="Mailbox full.", next_attempt_at=None)
    text = said(administrator_client, sending)
    assert (
        "Why messages failed or came back 3 messages ( 550 ): No such user 0. (one of them) 1 message: Mailbox" in text
    )
    assert "Failed 3" in text and "Bounced 1" in text
    assert progress(administrator_client, sending)["is_moving"] is False


def test_one_that_reached_nobody_says_why(administrator_client: Client) -> None:
    batch = committed(checked_rows(row(1)))
    sending = SendingFactory.create(batch=batch, channel="sms", state=State.QUEUEING)
    queueing.run(sending.pk)
    text = said(administrator_client, sending)
    assert "Nobody was invited by it: the reasons are below." in text
    assert "Not invited 1 device: The user has no mobile number." in text


def test_one_that_could_not_be_prepared_says_why(administrator_client: Client) -> None:
    sending = SendingFactory.create(state=State.FAILED, failure={"code": "x", "message": "The disk is full."})
    assert "Failed" in said(administrator_client, sending) and "The disk is full." in said(
        administrator_client, sending
    )


# --- pause, resume, cancel --------------------------------------------------------------------------------
def test_it_is_paused_and_goes_on(administrator_client: Client) -> None:
    _batch, sending = batch_and_sending()
    answer = administrator_client.post(page_of(sending, "pause_sending"), follow=True)
    text = text_of(answer)
    assert "Paused. What a worker had in hand still goes out." in answer.content.decode()
    assert "Paused: 2 messages wait until you resume." in text and "Resume" in text
    answer = administrator_client.post(page_of(sending, "resume_sending"), follow=True)
    assert "The sending goes on." in answer.content.decode()
    sending.refresh_from_db()
    assert sending.state == State.RUNNING


def test_it_is_cancelled(administrator_client: Client) -> None:
    batch, sending = batch_and_sending()
    answer = administrator_client.post(page_of(sending, "cancel_sending"), {"page": "send"})
    assert answer["Location"] == url("send", batch) + "#sendings"
    queueing.run(sending.pk)
    text = said(administrator_client, sending)
    assert "Cancelled" in text and "Revoked 2" in text and "Cancel the sending" not in text


@pytest.mark.parametrize("name", ACTIONS)
def test_what_can_not_be_done_any_more_is_said(administrator_client: Client, name: str) -> None:
    sending = SendingFactory.create(state=State.DONE)
    answer = administrator_client.post(page_of(sending, name), follow=True)
    assert answer.status_code == 200
    (message,) = answer.context["messages"]
    assert message.level_tag == "error"
    sending.refresh_from_db()
    assert sending.state == State.DONE


# --- on the import's pages --------------------------------------------------------------------------------
def test_the_page_send_shows_the_newest_sending_and_lists_the_older_ones(administrator_client: Client) -> None:
    batch, first = batch_and_sending(state=State.DONE)
    second = SendingFactory.create(batch=batch, state=State.PAUSED, created_by=None)
    text = shown(administrator_client, "send", batch)
    assert text.index(str(second)) < text.index("Sent before") < text.index(str(first))
    assert "Waiting: 2" in text


def test_sendings_cost_as_many_queries_for_twenty_as_for_two(administrator_client: Client) -> None:
    batch = committed(checked_rows(row(1)))
    counted = []
    for number in (2, 18):
        for _ in range(number):
            InvitationFactory.create(sending=SendingFactory.create(batch=batch), batch=batch)
        with CaptureQueriesContext(connection) as queries:
            shown(administrator_client, "send", batch)
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_the_facts_of_an_import_tell_its_invitations_to_who_may_know(administrator_client: Client) -> None:
    batch, _sending = batch_and_sending(state=State.DONE)
    Invitation.objects.filter(device__serial_number=row(1)["serial_number"]).update(state="opened")
    answer = administrator_client.get(url("done", batch))
    assert "Invitations Waiting 1 Opened 1" in text_of(answer)
    assert f"?batch__id__exact={batch.pk}&amp;state__exact=opened" in answer.content.decode()
    assert "Invitations Waiting" not in shown(sign_in(make_person("importer", ("view_importbatch",))), "done", batch)
    assert "Next: send" not in shown(sign_in(make_person("importer2", ("view_importbatch",))), "done", batch)
    other = committed(checked_rows(row(3)))
    assert "Waiting 1" not in shown(administrator_client, "done", other)


def test_the_result_leads_to_what_was_sent_once_something_was(administrator_client: Client) -> None:
    batch, _sending = batch_and_sending()
    text = shown(administrator_client, "done", batch)
    assert "See the invitations" in text and "Next: send" not in text


def test_an_import_whose_invitations_went_out_can_not_be_undone_and_says_so(administrator_client: Client) -> None:
    batch, _sending = batch_and_sending()
    Invitation.objects.update(state="sent", attempts=1)
    text = shown(administrator_client, "done", batch)
    assert "This import can’t be undone any more: 2 device users of this import have been invited." in text
    assert "Undo the import" not in text


def test_secrets_are_on_no_page_of_a_sending(administrator_client: Client) -> None:
    device = DeviceFactory.create(one_time_password="Very-secret-1")
    invitation = InvitationFactory.create(device=device)
    for name in ("sending", "sending_progress"):
        content = administrator_client.get(page_of(invitation.sending, name)).content.decode()
        assert "Very-secret-1" not in content and invitation.token_hash not in content
