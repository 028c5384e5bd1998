"""The page Send: how the ticked rows of an import are invited, whom that reaches, and what they get."""

import html
import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.imports.retention import forget
from devices.models import Device, DeviceUser, ImportBatch, ImportRow
from invitations import queueing
from invitations.models import Invitation, Sending
from invitations.reach import Obstacle, devices_of_batch, reached, summaries
from tests.conftest import make_person, sign_in
from tests.devices.importing import checked_rows, committed, device, row, undone
from tests.devices.wizard_pages import press, shown, text_of, url
from tests.factories import DeviceFactory, DomainFactory, InvitationFactory

pytestmark = pytest.mark.django_db

LOOK = ("view_importbatch", "view_invitation")
MOBILE = "+491701234567"


def ready(*rows: dict[str, str]) -> ImportBatch:
    """Return an import whose rows went in, all ticked; without `rows`, of two devices."""
    return committed(checked_rows(*(rows or (row(1), row(2, mobile=MOBILE)))))


def choices(**values: object) -> dict[str, Any]:
    """Return what the form sends."""
    return {
        "request_key": str(uuid4()),
        "channel": "email",
        "language": "",
        "validity_days": 7,
        "remind_after_days": 0,
        "remind_at_most": 2,
        "when": "now",
        **values,
    }


def errors(client: Client, batch: ImportBatch, **values: object) -> str:
    """Press Send with these choices and return what the page says is wrong with them."""
    answer = client.post(url("send", batch), choices(**values))
    assert answer.status_code == 422
    assert not Sending.objects.exists()
    return html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))


# --- who may ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "rights", [(), ("view_importbatch",), ("view_invitation",), ("view_importbatch", "send_invitation")]
)
def test_who_may_not_see_imports_and_invitations_gets_403(rights: tuple[str, ...]) -> None:
    batch, client = ready(), sign_in(make_person("clerk", rights))
    assert client.get(url("send", batch)).status_code == 403
    assert client.post(url("send", batch), choices()).status_code == 403
    assert not Sending.objects.exists()


def test_who_may_only_look_sees_who_is_reached_and_is_told_why_there_is_no_button() -> None:
    batch, client = ready(), sign_in(make_person("clerk", LOOK))
    text = shown(client, "send", batch)
    assert "Ticked rows 2" in text and "What they get" in text
    assert "You may look, but not send: that needs the permission to invite device users." in text
    assert "Send 2 invitations" not in text
    assert client.post(url("send", batch), choices()).status_code == 403
    assert not Sending.objects.exists()


def test_who_may_invite_sends(administrator_client: Client) -> None:
    batch, client = ready(), sign_in(make_person("clerk", (*LOOK, "send_invitation")))
    assert "Send 2 invitations" in shown(client, "send", batch)
    assert client.post(url("send", batch), choices()).status_code == 302
    assert Sending.objects.get().created_by.username == "clerk"  # type: ignore[union-attr]


# --- before anything is sent ------------------------------------------------------------------------------
def test_the_page_says_whom_each_channel_reaches(administrator_client: Client) -> None:
    batch = ready(row(1), row(2, mobile=MOBILE), row(3, mobile=MOBILE))
    DeviceUser.objects.filter(email="user3@example.com").update(email="")
    text = shown(administrator_client, "send", batch)
    assert "E-mail 2 messages; not reached: 1" in text
    assert "SMS 2 messages; not reached: 1" in text
    assert "E-mail, and SMS where no address works 3 messages (2 by e-mail, 1 by SMS)" in text
    assert "Ticked rows 3 By e-mail 2 By SMS 0 Not reached 1" in text
    assert "Send 2 invitations" in text


def test_the_address_tells_what_is_chosen_so_that_it_works_without_scripts(administrator_client: Client) -> None:
    text = shown(administrator_client, "send", ready(), channel="sms")
    assert "Ticked rows 2 By e-mail 0 By SMS 1 Not reached 1" in text
    assert "1 device is not reached this way The user has no mobile number. 1" in text


@pytest.mark.parametrize("channel", Sending.Channel.values)
@pytest.mark.parametrize("again", [True, False])
def test_what_is_counted_at_once_is_what_each_channel_does(channel: str, again: bool) -> None:
    DeviceFactory.create(user=None)
    DeviceFactory.create(status="enrolled", user__email="", domain=DomainFactory.create())
    DeviceFactory.create(platform="android", user__mobile=MOBILE)
    DeviceFactory.create(user__email="", user__mobile=MOBILE)
    DeviceFactory.create(user__email="", domain=DomainFactory.create())
    InvitationFactory.create(state="bounced", bounced_at=timezone.now(), device__user__mobile=MOBILE)
    InvitationFactory.create(state="sent", device__platform="android")
    DeviceFactory.create(user__mobile="12", approval_expires_at=timezone.now() - timedelta(1))
    devices = Device.objects.all()
    counted = summaries(devices, include_invited=again)[Sending.Channel(channel)]
    single = [(found.via, found.obstacle) for found in reached(devices, channel, include_invited=again)]
    assert counted.by_email == single.count(("email", ""))
    assert counted.by_sms == single.count(("sms", ""))
    obstacles = [obstacle for _via, obstacle in single if obstacle]
    assert counted.obstacles == {Obstacle(code): obstacles.count(code) for code in set(obstacles)}


def test_each_obstacle_is_listed_with_its_devices(administrator_client: Client) -> None:
    batch = ready(row(1), row(2, mobile=MOBILE), row(3))
    Device.objects.filter(pk=device(3).pk).update(status="enrolled")
    text = shown(administrator_client, "send", batch, channel="sms")
    assert "2 devices are not reached this way" in text
    assert row(1)["serial_number"] not in text.partition("What they get")[0]
    text = shown(administrator_client, "send", batch, channel="sms", obstacle="no_mobile").partition("What they get")[0]
    assert row(1)["serial_number"] in text and row(3)["serial_number"] not in text
    text = shown(administrator_client, "send", batch, channel="sms", obstacle="any").partition("What they get")[0]
    assert row(1)["serial_number"] in text and row(3)["serial_number"] in text
    assert "The device is enrolled, disenrolled or blocked." in text


def test_the_list_of_those_who_are_not_reached_is_paged(administrator_client: Client) -> None:
    batch = ready(*(row(number) for number in range(1, 31)))
    page = administrator_client.get(url("send", batch), {"channel": "sms", "obstacle": "any"})
    first = page.context["unreached"]
    assert (len(first.devices), first.is_first) == (25, True)
    page = administrator_client.get(url("send", batch), {"channel": "sms", "obstacle": "any", "after": first.next})
    second = page.context["unreached"]
    assert (len(second.devices), second.is_first, second.next) == (5, False, "")
    assert not {found.pk for found, _why in first.devices} & {found.pk for found, _why in second.devices}


def test_the_limits_of_platforms_are_said(administrator_client: Client) -> None:
    text = shown(administrator_client, "send", ready(row(1, platform="android")))
    assert "1 device: Android 10 and later hide the serial number" in text


def test_the_page_costs_as_many_queries_for_twenty_rows_as_for_two(administrator_client: Client) -> None:
    counted = []
    for number in (2, 20):
        batch = ready(*(row(line + number * 100) for line in range(number)))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            shown(administrator_client, "send", batch, channel="email", obstacle="any")
        counted.append(len(queries))
    assert counted[0] == counted[1]


# --- the message of a real row ----------------------------------------------------------------------------
def test_the_message_of_the_first_row_is_shown_with_samples_for_secrets(administrator_client: Client) -> None:
    batch = ready(row(1, name="Ada <b>Lovelace</b>", password="Very-secret-1"), row(2))
    page = administrator_client.get(url("send", batch))
    text = text_of(page)
    assert "Line 2, C02XK1ZZJ001" in text and "user1@example.com" in text
    assert "Link and one-time password are samples" in text
    content = page.content.decode()
    assert "Very-secret-1" not in content and "<b>Lovelace" not in content
    assert '<iframe class="sd-html" sandbox srcdoc="&lt;!doctype html' in content


def test_one_goes_from_message_to_message_past_those_who_are_not_reached(administrator_client: Client) -> None:
    batch = ready(row(1, mobile=MOBILE), row(2), row(3, mobile=MOBILE))
    text = shown(administrator_client, "send", batch, channel="sms")
    assert "Line 2, C02XK1ZZJ001" in text and "SMS." in text
    text = shown(administrator_client, "send", batch, channel="sms", next="2", line="2")
    assert "Line 4, C02XK1ZZJ003" in text
    text = shown(administrator_client, "send", batch, channel="sms", previous="4", line="4")
    assert "Line 2, C02XK1ZZJ001" in text
    text = shown(administrator_client, "send", batch, channel="sms", line="3")
    assert "Line 4, C02XK1ZZJ003" in text
    text = shown(administrator_client, "send", batch, channel="sms", line="5")
    assert "Line 2, C02XK1ZZJ001" in text
    text = shown(administrator_client, "send", batch, channel="sms", next="4")
    assert "There is no further message: nobody else of this import is reached this way." in text


def test_the_message_of_a_device_is_found_by_its_serial_number(administrator_client: Client) -> None:
    batch = ready(row(1), row(2, mobile=MOBILE))
    assert "Line 3, C02XK1ZZJ002" in shown(administrator_client, "send", batch, serial="C02XK1ZZJ002")
    text = shown(administrator_client, "send", batch, serial="C02XK1ZZJ001", channel="sms")
    assert "Line 2, C02XK1ZZJ001" in text and "The user has no mobile number." in text
    text = shown(administrator_client, "send", batch, serial="<i>nobody")
    assert "No ticked row of this import has the serial number “<i>nobody”." in text


def test_the_language_that_is_chosen_is_that_of_the_message(administrator_client: Client) -> None:
    batch = ready()
    english = administrator_client.get(url("send", batch)).context["example"].message.subject
    german = administrator_client.get(url("send", batch), {"language": "de"}).context["example"].message.subject
    assert english != german


@pytest.mark.parametrize(
    "query",
    [
        {"channel": "pigeon"},
        {"validity_days": "-1"},
        {"validity_days": "9" * 5000},
        {"language": "\0"},
        {"when": "later", "starts_at": "9999-99-99T99:99"},
        {"obstacle": "x", "after": "-1"},
        {"obstacle": "any", "after": "9" * 18},
        {"next": "x", "line": "9" * 50},
        {"next": "999999999"},
        {"serial": "\0"},
    ],
)
def test_an_address_that_says_nonsense_shows_a_page(administrator_client: Client, query: dict[str, str]) -> None:
    assert administrator_client.get(url("send", ready()), query).status_code == 200


# --- Send -------------------------------------------------------------------------------------------------
def test_send_begins_a_sending_with_what_was_chosen(administrator_client: Client) -> None:
    batch = ready()
    data = choices(channel="email_or_sms", language="de", validity_days=14, remind_after_days=3, remind_at_most=1)
    location, _messages = press(administrator_client, "send", batch, data)
    assert location == url("send", batch) + "#sendings"
    sending = Sending.objects.get()
    assert (sending.batch, sending.channel, sending.language) == (batch, "email_or_sms", "de")
    assert (sending.validity_days, sending.remind_after_days, sending.remind_at_most) == (14, 3, 1)
    assert (sending.starts_at, sending.include_invited) == (None, False)
    assert sending.created_by is not None and sending.created_by.username == "administrator"
    queueing.run(sending.pk)
    assert Invitation.objects.filter(language="de").count() == 2


def test_a_double_click_is_one_sending(administrator_client: Client) -> None:
    batch, data = ready(), choices()
    assert press(administrator_client, "send", batch, data) == press(administrator_client, "send", batch, data)
    assert Sending.objects.count() == 1


def test_the_key_of_the_page_is_a_new_one_each_time(administrator_client: Client) -> None:
    batch = ready()
    keys = {administrator_client.get(url("send", batch)).context["request_key"] for _time in range(2)}
    assert len(keys) == 2 and all(isinstance(key, UUID) for key in keys)


@pytest.mark.parametrize("key", ["", "x", "1" * 500])
def test_a_form_without_the_key_of_its_page_sends_nothing(administrator_client: Client, key: str) -> None:
    batch = ready()
    location, messages = press(administrator_client, "send", batch, choices(request_key=key, channel="sms"))
    assert location.startswith(url("send", batch) + "?") and "channel=sms" in location
    assert messages == ["Nothing was sent: the page was out of date. Look at it and press Send again."]
    assert not Sending.objects.exists()


def test_it_can_begin_at_a_time(administrator_client: Client) -> None:
    batch, at = ready(), (timezone.now() + timedelta(hours=3)).replace(second=0, microsecond=0)
    press(administrator_client, "send", batch, choices(when="later", starts_at=f"{at:%Y-%m-%dT%H:%M}"))
    sending = Sending.objects.get()
    assert sending.starts_at == at
    queueing.run(sending.pk)
    assert "nothing goes out." in shown(administrator_client, "send", batch)


def test_a_time_that_is_not_asked_for_is_not_looked_at(administrator_client: Client) -> None:
    press(administrator_client, "send", ready(), choices(when="now", starts_at="rubbish"))
    assert Sending.objects.get().starts_at is None


def test_a_time_that_is_not_asked_for_is_left_out_of_the_address(administrator_client: Client) -> None:
    batch = ready()
    data = choices(when="now", starts_at="x" * 100_000, request_key="", include_invited="on")
    location, _messages = press(administrator_client, "send", batch, data)
    assert "starts_at" not in location
    assert "when=now" in location and "include_invited=True" in location


def test_whatever_was_sent_the_address_back_is_short_and_holds_the_choices(administrator_client: Client) -> None:
    batch, at = ready(), (timezone.now() + timedelta(hours=3)).replace(second=0, microsecond=0)
    long = {"validity_days": "0" * 3000 + "14", "include_invited": "x" * 50_000, "starts_at": f"{at:%Y-%m-%d %H:%M}"}
    data = choices(when="later", language="de", request_key="", **long)
    location, _messages = press(administrator_client, "send", batch, data)
    assert len(location) < 300
    shown_again = administrator_client.get(location).context
    assert shown_again["chosen"]["validity_days"] == 14
    assert (shown_again["chosen"]["language"], shown_again["chosen"]["include_invited"]) == ("de", True)
    assert shown_again["starts_at"] == f"{timezone.localtime(at):%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"channel": "pigeon"}, "How are they invited?: Select a valid choice."),
        ({"channel": ""}, "How are they invited?: This field is required."),
        ({"language": "tlh"}, "Language: Select a valid choice."),
        ({"validity_days": "0"}, "Valid for days: Ensure this value is greater than or equal to 1."),
        ({"validity_days": "366"}, "Valid for days: Ensure this value is less than or equal to 365."),
        ({"validity_days": "many"}, "Valid for days: Enter a whole number."),
        ({"remind_after_days": "-1"}, "Remind after days: Ensure this value is greater than or equal to 0."),
        ({"remind_after_days": "7"}, "The invitation is not valid any more by then. Choose fewer days."),
        ({"remind_at_most": "11"}, "Reminders at most: Ensure this value is less than or equal to 10."),
        ({"when": "never"}, "When?: Select a valid choice."),
        ({"when": "later"}, "Date and time: Say when the messages go out."),
        ({"when": "later", "starts_at": "soon"}, "Date and time: Enter a valid date/time."),
        ({"when": "later", "starts_at": "2020-01-01T10:00"}, "This time is past. Choose a later one, or “Now”."),
        ({"when": "later", "starts_at": "2999-01-01T10:00"}, "This is more than a year ahead."),
    ],
)
def test_what_is_impossible_is_said_at_its_field_and_nothing_is_sent(
    administrator_client: Client, values: dict[str, str], said: str
) -> None:
    text = errors(administrator_client, ready(), **values)
    assert "This can’t be sent yet" in text
    assert said in " ".join(text.split())


def test_who_was_invited_before_is_invited_again_only_when_that_is_ticked(administrator_client: Client) -> None:
    batch = ready()
    press(administrator_client, "send", batch, choices())
    queueing.run(Sending.objects.get().pk)
    Invitation.objects.update(state="sent")
    text = shown(administrator_client, "send", batch)
    assert "Invite the 2 who were invited before again" in text
    assert "Nobody is reached this way" in text and "Send 0" not in text
    assert "Send 2 invitations" in shown(administrator_client, "send", batch, include_invited="on")
    press(administrator_client, "send", batch, choices(include_invited="on"))
    queueing.run(Sending.objects.latest("pk").pk)
    assert Invitation.objects.live().count() == 2
    assert Invitation.objects.filter(state="revoked", revoked_because="replaced").count() == 2


def test_a_message_that_bounced_is_sent_again_only_when_that_is_ticked(administrator_client: Client) -> None:
    batch = ready()
    InvitationFactory.create(device=device(1), state="bounced", bounced_at=timezone.now())
    text = shown(administrator_client, "send", batch)
    assert "1 device is not reached this way A message to the user's e-mail address bounced." in text
    assert "Invite the 1 who was invited before again" in text
    assert "Send 2 invitations" in shown(administrator_client, "send", batch, include_invited="on")


# --- imports of which nobody can be invited ---------------------------------------------------------------
@pytest.mark.parametrize("state", ["uploaded", "ready", "committing", "undoing"])
def test_before_the_import_is_in_the_page_leads_to_where_it_is(administrator_client: Client, state: str) -> None:
    batch = checked_rows(row(1))
    ImportBatch.objects.filter(pk=batch.pk).update(state=state)
    assert administrator_client.get(url("send", batch)).status_code == 302


def test_before_the_import_is_in_nothing_is_sent(administrator_client: Client) -> None:
    batch = checked_rows(row(1))
    _location, messages = press(administrator_client, "send", batch, choices())
    assert messages == ["Only the devices of a finished import can be invited."]
    assert not Sending.objects.exists()


def test_an_import_without_ticked_rows_says_what_to_do(administrator_client: Client) -> None:
    batch = ready()
    ImportRow.objects.filter(batch=batch).update(invite=False)
    text = shown(administrator_client, "send", batch)
    assert "No row of this import that went in is ticked for an invitation." in text
    assert "Choose its devices in the device list, and invite their users from there." in text


def test_an_undone_import_says_so(administrator_client: Client) -> None:
    batch = undone(ready())
    text = shown(administrator_client, "send", batch)
    assert "This import was undone: its devices are not in the portal any more." in text


def test_an_import_whose_rows_were_removed_says_so(administrator_client: Client) -> None:
    batch = ready()
    ImportBatch.objects.filter(pk=batch.pk).update(state_changed_at=timezone.now() - timedelta(days=91))
    forget()
    text = shown(administrator_client, "send", batch)
    assert "The rows of this import were removed after 90 days" in text
    assert Device.objects.count() == 2


def test_only_rows_that_are_ticked_are_invited(administrator_client: Client) -> None:
    batch = ready()
    ImportRow.objects.filter(batch=batch, line=2).update(invite=False)
    assert [found.serial_number for found in devices_of_batch(batch)] == ["C02XK1ZZJ002"]
    assert "Send 1 invitation" in shown(administrator_client, "send", batch)
