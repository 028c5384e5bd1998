"""What do the console's actions do with one invitation and with many, and what do they say about the others?"""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from invitations import many, queueing
from invitations.models import Invitation, InvitationEvent, Sending
from tests.conftest import make_person, sign_in
from tests.factories import DeviceFactory, DeviceUserFactory, InvitationFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/invitations/invitation/"
State = Invitation.State
SOON = timedelta(days=1)


def sent(**values: Any) -> Invitation:
    """Return an invitation that was sent and is valid for another day, of a device with a one-time password."""
    values = {
        "state": State.SENT,
        "sent_at": timezone.now(),
        "expires_at": timezone.now() + SOON,
        "next_attempt_at": None,
        "attempts": 1,
        "device__one_time_password": "secret",
        **values,
    }
    made: Invitation = InvitationFactory.create(**values)
    return made


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def act(client: Client, action: str, *invitations: Invitation, query: str = "", **form: object) -> Any:
    """Take an action of the list with ticked invitations, as its page sends it."""
    ticked = [invitation.pk for invitation in invitations]
    return client.post(LIST + query, {"action": action, "_selected_action": ticked, "select_across": 0, **form})


def press(client: Client, name: str, invitation: Invitation, **form: object) -> Any:
    return client.post(reverse(f"admin:invitations_invitation_{name}", args=[invitation.pk]), form)


def state_of(invitation: Invitation) -> str:
    return Invitation.objects.get(pk=invitation.pk).state


# --- one --------------------------------------------------------------------------------------------------
def test_an_invitation_is_sent_again_with_another_token(administrator_client: Client, administrator: User) -> None:
    old = sent()
    assert said(press(administrator_client, "resend", old)) == [
        "A new invitation is being prepared. As soon as it is there, the link of this one is dead."
    ]
    sending = Sending.objects.exclude(pk=old.sending_id).get()
    assert (sending.devices, sending.channel, sending.include_invited) == ([old.device_id], "email", True)
    assert sending.created_by == administrator
    queueing.run(sending.pk)
    old.refresh_from_db()
    new = Invitation.objects.get(replaces=old)
    assert (old.state, old.revoked_because) == (State.REVOKED, "replaced")
    assert (new.state, new.device) == (State.QUEUED, old.device)
    assert new.token_hash != old.token_hash


def test_a_second_click_sends_nothing_again(administrator_client: Client) -> None:
    one, others = sent(), [sent(), sent(channel="sms", recipient="+12025550123")]
    before = Sending.objects.count()
    key = uuid4()
    for _click in range(2):
        press(administrator_client, "resend", one, request_key=key)
    assert Sending.objects.count() == before + 1
    key = uuid4()
    assert said(act(administrator_client, "resend", *others, request_key=key))[-1:] == [
        "2 invitations are being prepared anew."
    ]
    assert said(act(administrator_client, "resend", *others, request_key=key))[-1:] == [
        "2 were sent again from this page before, and are not sent once more. To do that, load the list anew."
    ]
    assert Sending.objects.count() == before + 3
    assert said(act(administrator_client, "resend", *others, request_key=uuid4()))[-1:] == [
        "2 invitations are being prepared anew."
    ]
    assert Sending.objects.count() == before + 5


def test_a_second_click_tells_what_it_began_from_what_had_begun(administrator_client: Client) -> None:
    mail, sms, key = sent(), sent(channel="sms", recipient="+12025550123"), uuid4()
    act(administrator_client, "resend", mail, request_key=key)
    assert said(act(administrator_client, "resend", mail, sms, request_key=key))[-2:] == [
        "1 was sent again from this page before, and is not sent once more. To do that, load the list anew.",
        "1 invitation is being prepared anew.",
    ]


def test_each_page_of_the_list_has_a_key_of_its_own(administrator_client: Client) -> None:
    sent()
    pages = [administrator_client.get(LIST).content.decode() for _time in range(2)]
    keys = [re.findall(r'<input type="hidden" name="request_key" value="([0-9a-f-]{36})"', page) for page in pages]
    assert [len(found) for found in keys] == [1, 1]
    assert keys[0] != keys[1]


def test_an_invitation_is_revoked_and_the_timeline_says_by_whom(
    administrator_client: Client, administrator: User
) -> None:
    invitation = sent()
    assert said(press(administrator_client, "revoke", invitation)) == [
        "The invitation is revoked: its link does not work any more."
    ]
    assert state_of(invitation) == State.REVOKED
    assert InvitationEvent.objects.get().person == administrator


def test_an_invitation_is_extended(administrator_client: Client) -> None:
    invitation = sent()
    assert said(press(administrator_client, "extend", invitation, days=30)) == [
        "The invitation is valid for 30 days from now."
    ]
    invitation.refresh_from_db()
    assert invitation.expires_at is not None
    assert timedelta(days=29) < invitation.expires_at - timezone.now() <= timedelta(days=30)


@pytest.mark.parametrize("days", ["", "0", "-1", "366", "1.5", "abc", "9" * 30, "\0"])
def test_days_that_are_none_are_said_beside_the_field(administrator_client: Client, days: str) -> None:
    invitation = sent()
    answer = press(administrator_client, "extend", invitation, days=days)
    assert answer.status_code == 422
    assert "Write a whole number of days, from 1 to 365." in answer.content.decode()
    assert not InvitationEvent.objects.exists()


@pytest.mark.parametrize(
    ("name", "state", "text"),
    [
        ("resend", State.REDEEMED, "An invitation that was used, or is being sent right now, can't be sent again."),
        ("revoke", State.EXPIRED, "An invitation that is over, or is being sent right now, can't be revoked."),
        ("extend", State.QUEUED, "Only an invitation that was sent and is still valid can be extended. Send it again."),
    ],
)
def test_what_can_not_be_done_is_said(administrator_client: Client, name: str, state: str, text: str) -> None:
    invitation = InvitationFactory.create(state=state)
    answer = press(administrator_client, name, invitation, days=3)
    assert answer.status_code == 302
    assert said(answer) == [text]
    assert state_of(invitation) == state


def test_the_page_offers_only_what_can_be_done(administrator_client: Client) -> None:
    for state, offered in (
        (State.SENT, {"Send again", "Revoke the invitation", "Extend"}),
        (State.QUEUED, {"Send again", "Revoke the invitation"}),
        (State.EXPIRED, {"Send again"}),
        (State.REDEEMED, set()),
        (State.SENDING, set()),
    ):
        invitation = sent(state=state, expires_at=timezone.now() + SOON if state == State.SENT else None)
        address = reverse("admin:invitations_invitation_change", args=[invitation.pk])
        page = administrator_client.get(address).content.decode()
        buttons = ("Send again", "Revoke the invitation", "Extend")
        assert {text for text in buttons if f">{text}</button>" in page} == offered, state


@pytest.mark.parametrize("name", ["resend", "revoke", "extend"])
def test_actions_are_not_taken_by_a_link(administrator_client: Client, name: str) -> None:
    invitation = sent()
    address = reverse(f"admin:invitations_invitation_{name}", args=[invitation.pk])
    assert administrator_client.get(address).status_code == 405
    assert administrator_client.post(address.replace(str(invitation.pk), "999999"), {"days": 1}).status_code == 404


def test_a_form_without_the_token_against_forgery_is_refused(administrator: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(administrator, backend="hexenroll.accounts.people.PeopleBackend")
    invitation = sent()
    assert press(client, "revoke", invitation).status_code == 403
    assert state_of(invitation) == State.SENT


# --- many -------------------------------------------------------------------------------------------------
def test_many_are_revoked_and_those_that_can_not_be_are_counted_by_the_reason(administrator_client: Client) -> None:
    waiting, went_out = InvitationFactory.create(device__one_time_password="kept"), sent()
    others = [InvitationFactory.create(state=state) for state in (State.SENDING, State.REDEEMED, State.EXPIRED)]
    assert said(act(administrator_client, "revoke", waiting, went_out, *others)) == [
        "2 invitations are revoked.",
        "1 was left out: being sent right now.",
        "1 was left out: used already.",
        "1 was left out: over already.",
    ]
    assert {state_of(waiting), state_of(went_out)} == {State.REVOKED}
    assert [state_of(other) for other in others] == [State.SENDING, State.REDEEMED, State.EXPIRED]
    went_out.device.refresh_from_db()
    waiting.device.refresh_from_db()
    assert went_out.device.one_time_password is None  # it is known to somebody
    assert waiting.device.one_time_password == "kept"  # it never left the portal


def test_revoking_many_is_the_same_as_revoking_each(administrator: User) -> None:
    from invitations import actions

    columns = ("state", "revoked_because", "next_attempt_at", "device__one_time_password")

    def made() -> list[Invitation]:
        return [sent(), InvitationFactory.create(device__one_time_password="kept"), sent(state=State.BOUNCED)]

    one_by_one, at_once = made(), made()
    for invitation in one_by_one:
        actions.revoke(invitation, administrator)
    many.revoke(Invitation.objects.filter(pk__in=[found.pk for found in at_once]), administrator)

    def result(invitations: list[Invitation]) -> list[tuple[Any, ...]]:
        found = Invitation.objects.filter(pk__in=[invitation.pk for invitation in invitations])
        return list(found.order_by("pk").values_list(*columns, "events__kind", "events__person"))

    assert result(one_by_one) == result(at_once)


def test_all_that_match_the_filter_are_revoked_by_one_tick(administrator_client: Client) -> None:
    matching = [sent() for _number in range(3)]
    other = sent(channel="sms")
    answer = act(administrator_client, "revoke", matching[0], query="?channel__exact=email", select_across=1)
    assert said(answer) == ["3 invitations are revoked."]
    assert state_of(other) == State.SENT


def test_extending_many_asks_for_the_days_first(administrator_client: Client) -> None:
    chosen, over = [sent(), sent()], sent(state=State.EXPIRED)
    page = act(administrator_client, "extend", *chosen, over)
    assert page.status_code == 200
    assert "Extend 3 invitations" in page.content.decode()
    assert not InvitationEvent.objects.exists()
    wrong = act(administrator_client, "extend", *chosen, over, days="soon")
    assert wrong.status_code == 422
    assert "Write a whole number of days, from 1 to 365." in wrong.content.decode()
    assert said(act(administrator_client, "extend", *chosen, over, days=30)) == [
        "2 invitations are valid for longer.",
        "1 was left out: over already.",
    ]
    for invitation in chosen:
        invitation.refresh_from_db()
        assert invitation.expires_at is not None
        assert invitation.expires_at > timezone.now() + timedelta(days=29)


def test_extending_all_that_match_keeps_the_filter(administrator_client: Client) -> None:
    matching, other = [sent(), sent()], sent(channel="sms")
    page = act(administrator_client, "extend", matching[0], query="?channel__exact=email", select_across=1)
    assert 'action="/admin/invitations/invitation/?channel__exact=email"' in page.content.decode()
    assert 'name="select_across" value="1"' in page.content.decode()
    answer = act(administrator_client, "extend", matching[0], query="?channel__exact=email", select_across=1, days=9)
    assert said(answer) == ["2 invitations are valid for longer."]
    assert not other.events.exists()


def test_many_are_sent_again_by_one_sending_for_each_channel(administrator_client: Client) -> None:
    by_mail = [sent(state=State.EXPIRED), sent(state=State.FAILED)]
    by_sms = sent(channel="sms", recipient="+12025550123")
    enrolled = sent(device__status="enrolled", state=State.EXPIRED)
    used = sent(state=State.REDEEMED)
    assert said(act(administrator_client, "resend", *by_mail, by_sms, enrolled, used)) == [
        "3 invitations are being prepared anew.",
        "1 was left out: used already.",
        "1 was left out: the device is not waiting for its enrollment.",
    ]
    made = {sending.channel: sending for sending in Sending.objects.filter(include_invited=True)}
    assert sorted(made["email"].devices) == sorted(invitation.device_id for invitation in by_mail)
    assert made["sms"].devices == [by_sms.device_id]


def test_a_device_with_several_chosen_invitations_gets_one_by_the_channel_of_the_newest(
    administrator_client: Client,
) -> None:
    device = DeviceFactory.create(user=DeviceUserFactory.create(mobile="+12025550123"))
    old = sent(device=device, state=State.EXPIRED)
    new = sent(device=device, state=State.EXPIRED, channel="sms", recipient="+12025550123")
    assert said(act(administrator_client, "resend", old, new)) == [
        "1 invitation is being prepared anew.",
        "1 was left out: another invitation of the same device is sent again.",
    ]
    assert Sending.objects.get(include_invited=True).channel == "sms"


def test_nothing_is_done_with_what_is_gone(administrator_client: Client) -> None:
    gone = sent()
    Invitation.objects.all().delete()
    assert said(act(administrator_client, "revoke", gone)) == ["None of them is in the list any more."]


@pytest.mark.parametrize("action", ["resend", "revoke", "extend"])
def test_who_may_only_look_takes_no_action_on_many(operator_client: Client, action: str) -> None:
    invitation = sent()
    act(operator_client, action, invitation, days=3)
    assert state_of(invitation) == State.SENT
    assert not InvitationEvent.objects.exists()
    assert Sending.objects.count() == 1


@pytest.mark.parametrize("action", ["resend", "revoke", "extend"])
def test_a_stranger_takes_no_action(stranger_client: Client, action: str) -> None:
    invitation = sent()
    assert act(stranger_client, action, invitation, days=3).status_code == 403
    assert press(stranger_client, action, invitation, days=3).status_code == 403
    assert state_of(invitation) == State.SENT


def test_the_permission_to_send_does_not_show_invitations() -> None:
    client = sign_in(make_person("sender", ("send_invitation",)))
    invitation = sent()
    assert press(client, "revoke", invitation).status_code == 403
    assert act(client, "revoke", invitation).status_code == 403


def test_the_permissions_to_see_and_to_send_are_enough() -> None:
    client = sign_in(make_person("sender", ("view_invitation", "send_invitation")))
    invitation = sent()
    assert press(client, "revoke", invitation).status_code == 302
    assert state_of(invitation) == State.REVOKED


@pytest.mark.parametrize("action", ["resend", "revoke", "extend"])
def test_an_action_costs_the_same_number_of_queries_for_2_invitations_and_for_20(
    administrator_client: Client, action: str
) -> None:
    def queries(count: int) -> int:
        chosen = [sent(state=State.SENT) for _number in range(count)]
        with CaptureQueriesContext(connection) as caught:
            act(administrator_client, action, *chosen, days=3)
        return len(caught)

    queries(1)  # what is cached once
    assert queries(2) == queries(20)
