"""Can users be invited from the list of devices and from one device's page, and what becomes of invitations when
devices are deleted?"""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from devices.models import Device
from devices.scope import visible
from invitations import many
from invitations.models import Invitation, Sending
from tests.conftest import make_person, sign_in
from tests.factories import DeviceFactory, DeviceUserFactory, DomainFactory, InvitationFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/devices/device/"
SENDER = ("view_device", "send_invitation", "view_sending")


def page_of(device: Device, name: str = "invite") -> str:
    return reverse(f"admin:devices_device_{name}", args=[device.pk])


def choices(**values: object) -> dict[str, Any]:
    """Return what the form sends."""
    return {
        "request_key": uuid4(),
        "channel": "email",
        "language": "",
        "validity_days": 7,
        "remind_after_days": 0,
        "remind_at_most": 2,
        "when": "now",
        **values,
    }


def act(client: Client, *devices: Device, query: str = "?status=all", **form: object) -> Any:
    """Take the action of the device list with ticked devices."""
    ticked = [device.pk for device in devices]
    return client.post(
        LIST + query, {"action": "send_invitation", "_selected_action": ticked, "select_across": 0, **form}
    )


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


# --- from the list ----------------------------------------------------------------------------------------
def test_the_action_asks_first_and_says_who_is_reached_and_who_not_and_why(administrator_client: Client) -> None:
    by_mail = DeviceFactory.create()
    by_sms = DeviceFactory.create(user=DeviceUserFactory.create(email="", mobile="+12025550123"))
    nobodys = DeviceFactory.create(user=None)
    enrolled = DeviceFactory.create(status="enrolled")
    android = DeviceFactory.create(platform="android")
    answer = act(administrator_client, by_mail, by_sms, nobodys, enrolled, android)
    assert answer.status_code == 200
    page = text(answer)
    assert "5 devices are chosen." in page
    assert "2 messages; not reached: 3" in page  # by e-mail
    assert "3 messages (2 by e-mail, 1 by SMS); not reached: 2" in page  # by either
    for reason in (
        "1 device: The device is enrolled, disenrolled or blocked.",
        "1 device: The device has no user.",
        "1 device: The user has no e-mail address.",
        "1 device: Android 10 and later hide the serial number",
    ):
        assert reason in page
    assert not Sending.objects.exists()


def test_the_answer_makes_one_sending_of_the_devices_that_wait_and_shows_it(
    administrator_client: Client, administrator: User
) -> None:
    waiting = [DeviceFactory.create() for _number in range(3)]
    enrolled = DeviceFactory.create(status="enrolled")
    answer = act(
        administrator_client, *waiting, enrolled, **choices(channel="email_or_sms", language="de", validity_days=14)
    )
    sending = Sending.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == reverse("enroll:sending", args=[sending.pk])
    assert sending.devices == [device.pk for device in waiting]
    assert (sending.channel, sending.language, sending.validity_days) == ("email_or_sms", "de", 14)
    assert (sending.state, sending.created_by, sending.starts_at) == ("queueing", administrator, None)
    assert not Invitation.objects.exists()  # a worker makes them


def test_all_that_match_the_filter_are_invited_by_one_tick(administrator_client: Client) -> None:
    matching = [DeviceFactory.create(platform="ios") for _number in range(3)]
    DeviceFactory.create(platform="linux")
    query = "?status=pre_approved&platform=ios"
    page = act(administrator_client, matching[0], query=query, select_across=1)
    assert "3 devices are chosen." in text(page)
    assert 'name="select_across" value="1"' in text(page)
    act(administrator_client, matching[0], query=query, select_across=1, **choices())
    assert Sending.objects.get().devices == [device.pk for device in matching]


def test_a_device_that_comes_in_after_all_were_chosen_is_not_invited(administrator_client: Client) -> None:
    matching = [DeviceFactory.create(platform="ios") for _number in range(2)]
    query = "?status=pre_approved&platform=ios"
    page = act(administrator_client, matching[0], query=query, select_across=1)
    [last] = re.findall(r'name="last" value="(\d+)"', text(page))
    DeviceFactory.create(platform="ios")
    asked_again = act(
        administrator_client, matching[0], query=query, select_across=1, last=last, **choices(validity_days=0)
    )
    assert "2 devices are chosen." in text(asked_again)
    assert f'name="last" value="{last}"' in text(asked_again)
    act(administrator_client, matching[0], query=query, select_across=1, last=last, **choices())
    assert Sending.objects.get().devices == [device.pk for device in matching]


def test_who_says_nonsense_about_the_newest_device_means_none(administrator_client: Client) -> None:
    page = act(administrator_client, DeviceFactory.create(), select_across=1, last="x")
    assert "0 devices are chosen." in text(page)


def test_a_second_click_makes_no_second_sending(administrator_client: Client) -> None:
    device, form = DeviceFactory.create(), choices()
    first, second = (act(administrator_client, device, **form)["Location"] for _click in range(2))
    assert first == second
    assert Sending.objects.count() == 1


def test_the_same_form_again_after_an_error_keeps_its_key(administrator_client: Client) -> None:
    device, form = DeviceFactory.create(), choices(validity_days=0)
    answer = act(administrator_client, device, **form)
    assert answer.status_code == 422
    assert f'name="request_key" value="{form["request_key"]}"' in text(answer)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"channel": "pigeon"}, "Select a valid choice."),
        ({"language": "xx"}, "Select a valid choice."),
        ({"validity_days": "0"}, "greater than or equal to 1"),
        ({"validity_days": "366"}, "less than or equal to 365"),
        ({"validity_days": "soon"}, "Enter a whole number."),
        ({"when": "later"}, "Say when the messages go out."),
        ({"when": "later", "starts_at": "2020-01-01T10:00"}, "This time is past."),
        ({"when": "later", "starts_at": "soon"}, "Enter a valid date/time."),
        ({"remind_after_days": "7"}, "not valid any more by then"),
        ({"remind_at_most": "11"}, "less than or equal to 10"),
    ],
)
def test_a_wrong_choice_is_said_and_nothing_is_sent(
    administrator_client: Client, wrong: dict[str, Any], said: str
) -> None:
    answer = act(administrator_client, DeviceFactory.create(), **choices(**wrong))
    assert answer.status_code == 422
    assert said in text(answer)
    assert not Sending.objects.exists()


@pytest.mark.parametrize("key", ["", "abc", "\0", "9" * 50])
def test_a_key_that_is_none_does_no_harm(administrator_client: Client, key: str) -> None:
    answer = act(administrator_client, DeviceFactory.create(), **choices(request_key=key))
    assert answer.status_code in (302, 422)


def test_devices_that_do_not_wait_are_not_invited_and_the_page_says_so(administrator_client: Client) -> None:
    enrolled = [DeviceFactory.create(status=status) for status in ("enrolled", "disenrolled", "blocked")]
    page = text(act(administrator_client, *enrolled))
    assert "None of these devices can be invited." in page
    answer = act(administrator_client, *enrolled, **choices())
    assert [str(message) for message in get_messages(answer.wsgi_request)] == ["Choose at least one device."]
    assert not Sending.objects.exists()


def test_who_was_invited_before_is_invited_again_only_when_that_is_ticked(administrator_client: Client) -> None:
    device = InvitationFactory.create(state=Invitation.State.SENT).device
    page = text(act(administrator_client, device))
    assert "1 device: An invitation was sent before." in page
    assert "Invite the 1 who was invited before again" in page
    act(administrator_client, device, **choices(include_invited="on"))
    assert Sending.objects.get(devices=[device.pk]).include_invited


def test_a_tick_that_is_no_device_is_said(administrator_client: Client) -> None:
    for key in ("abc", "\0", "9" * 30):
        data = {"action": "send_invitation", "_selected_action": [key]}
        answer = administrator_client.post(LIST, data, follow=True)
        assert "What was ticked is not in this list." in text(answer)


def test_the_page_costs_the_same_number_of_queries_for_2_devices_and_for_20(administrator_client: Client) -> None:
    def queries(count: int, **form: Any) -> int:
        chosen = DeviceFactory.create_batch(count)
        with CaptureQueriesContext(connection) as caught:
            act(administrator_client, *chosen, **form)
        return len(caught)

    queries(1)
    assert queries(2) == queries(20)
    queries(1, **choices())
    assert queries(2, **choices()) == queries(20, **choices())


# --- from one device --------------------------------------------------------------------------------------
@pytest.mark.parametrize("number", ["abc", "1e3", "%00", "-1", "9223372036854775808", "9" * 40])
def test_an_address_that_names_no_device_is_answered_in_words(administrator_client: Client, number: str) -> None:
    answer = administrator_client.get(f"{LIST}{number}/change/", follow=True)
    assert answer.status_code == 200
    assert "doesn’t exist. Perhaps it was deleted?" in text(answer)


def test_one_device_has_a_button_and_a_page_that_invites(administrator_client: Client) -> None:
    device = DeviceFactory.create()
    assert page_of(device) in text(administrator_client.get(page_of(device, "change")))
    page = administrator_client.get(page_of(device))
    assert page.status_code == 200
    assert "1 device is chosen." in text(page)
    answer = administrator_client.post(page_of(device), choices(channel="sms"))
    sending = Sending.objects.get()
    assert answer["Location"] == reverse("enroll:sending", args=[sending.pk])
    assert (sending.devices, sending.channel) == ([device.pk], "sms")


def test_a_post_that_is_not_the_form_sends_nothing(administrator_client: Client) -> None:
    assert administrator_client.post(page_of(DeviceFactory.create())).status_code == 200
    assert not Sending.objects.exists()


@pytest.mark.parametrize("status", ["enrolled", "disenrolled", "blocked"])
def test_a_device_that_does_not_wait_has_no_button(administrator_client: Client, status: str) -> None:
    device = DeviceFactory.create(status=status)
    assert page_of(device) not in text(administrator_client.get(page_of(device, "change")))
    assert "None of these devices can be invited." in text(administrator_client.get(page_of(device)))


@pytest.mark.parametrize("key", ["abc", "999999", "9" * 30, "%00", "١"])
def test_a_device_that_is_none_is_not_found(administrator_client: Client, key: str) -> None:
    assert administrator_client.get(f"{LIST}{key}/invite/").status_code == 404


def test_the_page_of_a_device_shows_its_invitations(administrator_client: Client) -> None:
    device = DeviceFactory.create()
    page = text(administrator_client.get(page_of(device, "change")))
    assert "The user of this device was not invited yet." in page
    for _number in range(6):
        InvitationFactory.create(device=device, state=Invitation.State.EXPIRED)
    newest = InvitationFactory.create(device=device, state=Invitation.State.OPENED)
    page = text(administrator_client.get(page_of(device, "change")))
    assert reverse("admin:invitations_invitation_change", args=[newest.pk]) in page
    assert ">Opened<" in page
    assert f"?device__id__exact={device.pk}" in page


def test_the_form_of_a_device_still_saves(administrator_client: Client) -> None:
    device = DeviceFactory.create(name="Old")
    form = {
        "serial_number": device.serial_number,
        "platform": device.platform,
        "ownership": device.ownership,
        "name": "New",
        "domain": device.domain_id,
        "custom_attributes": "{}",
    }
    assert administrator_client.post(page_of(device, "change"), form).status_code == 302
    device.refresh_from_db()
    assert device.name == "New"


# --- who may ----------------------------------------------------------------------------------------------
def test_a_stranger_and_an_operator_can_not_invite(stranger_client: Client, operator_client: Client) -> None:
    device = DeviceFactory.create()
    for client in (stranger_client, operator_client):
        assert client.get(page_of(device)).status_code == 403
        assert client.post(page_of(device), choices()).status_code == 403
        act(client, device, **choices())
    assert page_of(device) not in text(operator_client.get(page_of(device, "change")))
    assert "Send invitation" not in text(operator_client.get(f"{LIST}?status=all"))
    assert not Sending.objects.exists()


def test_the_permission_to_send_does_not_show_devices() -> None:
    client = sign_in(make_person("sender", ("send_invitation",)))
    device = DeviceFactory.create()
    assert client.get(page_of(device)).status_code == 403
    assert act(client, device, **choices()).status_code == 403


def test_the_permissions_to_see_devices_and_to_send_are_enough() -> None:
    client = sign_in(make_person("sender", SENDER))
    device = DeviceFactory.create()
    assert client.post(page_of(device), choices()).status_code == 302
    assert act(client, device, **choices()).status_code == 302
    assert Sending.objects.count() == 2


def test_who_works_in_two_domains_sees_and_stops_what_they_have_sent() -> None:
    first, second, third = DomainFactory.create_batch(3)
    devices = [DeviceFactory.create(domain=domain) for domain in (first, first, second)]
    client = sign_in(make_person("of two", (*SENDER, "view_invitation"), domains=[first, second]))
    form = choices()
    for _click in (1, 2):
        answer = act(client, *devices, **form)
        assert answer["Location"] == reverse("admin:invitations_sending_changelist")
    page = text(client.get(answer["Location"]))
    assert "2 sendings have begun, one for each domain: these are the newest of the list." in page
    sendings = {sending.domain: sending for sending in Sending.objects.all()}
    assert {domain: sending.devices for domain, sending in sendings.items()} == {
        first: [devices[0].pk, devices[1].pk],
        second: [devices[2].pk],
    }
    neighbour = sign_in(make_person("of the third", (*SENDER, "view_invitation"), domains=[third]))
    for sending in sendings.values():
        address = reverse("enroll:sending", args=[sending.pk])
        assert (client.get(address).status_code, neighbour.get(address).status_code) == (200, 404)
        client.post(reverse("enroll:cancel_sending", args=[sending.pk]))
        sending.refresh_from_db()
        assert sending.state == Sending.State.CANCELLING
    # In one of their domains it is one sending, with its own page.
    only = act(client, devices[2], **choices())
    assert only["Location"] == reverse("enroll:sending", args=[Sending.objects.latest("pk").pk])


def test_who_works_everywhere_makes_one_sending_of_devices_of_two_domains(administrator_client: Client) -> None:
    devices = [DeviceFactory.create(domain=domain) for domain in DomainFactory.create_batch(2)]
    act(administrator_client, *devices, **choices())
    assert Sending.objects.get().devices == [device.pk for device in devices]


def test_invitations_of_two_domains_that_are_sent_again_are_seen_by_who_did_it() -> None:
    domains = DomainFactory.create_batch(2)
    old = [InvitationFactory.create(state="sent", device__domain=domain).pk for domain in domains]
    person = make_person("of two", (*SENDER, "view_invitation"), domains=domains)
    many.resend(Invitation.objects.filter(pk__in=old), person)
    begun = visible(Sending.objects.filter(created_by=person), person)
    assert set(begun.values_list("domain", flat=True)) == {domain.pk for domain in domains}


def test_who_may_not_see_sendings_stays_at_the_devices_and_is_told() -> None:
    client = sign_in(make_person("sender", ("view_device", "send_invitation")))
    device = DeviceFactory.create()
    answer = client.post(page_of(device), choices())
    assert answer["Location"] == page_of(device, "change")
    assert [str(message) for message in get_messages(answer.wsgi_request)] == ["The invitations are being prepared."]


def test_who_may_not_see_invitations_sees_none_on_a_devices_page() -> None:
    client = sign_in(make_person("viewer", ("view_device",)))
    invitation = InvitationFactory.create(recipient="hidden@example.com")
    page = text(client.get(page_of(invitation.device, "change")))
    assert "hidden@example.com" not in page
    assert "Invitations" not in page


# --- deleting devices -------------------------------------------------------------------------------------
def test_the_permission_to_delete_devices_takes_their_invitations_along() -> None:
    client = sign_in(make_person("deleter", ("view_device", "delete_device")))
    invitation = InvitationFactory.create(state=Invitation.State.SENT)
    invitation.note("retry", "451")
    InvitationFactory.create(device=invitation.device, state=Invitation.State.EXPIRED)
    page = text(client.get(page_of(invitation.device, "delete")))
    assert "Invitations: 2" in page
    assert "Events of an invitation" not in page
    assert "have permission" not in page
    assert client.post(page_of(invitation.device, "delete"), {"post": "yes"}).status_code == 302
    assert not Device.objects.exists()
    assert not Invitation.objects.exists()
    assert Sending.objects.count() == 2  # what was sent remains known


def test_many_devices_are_deleted_with_their_invitations() -> None:
    client = sign_in(make_person("deleter", ("view_device", "delete_device")))
    ticked = [InvitationFactory.create().device.pk for _number in range(3)]
    data: dict[str, Any] = {"action": "delete_pre_approved", "_selected_action": ticked}
    asked = client.post(f"{LIST}?status=all", data).context
    answer = {name: asked[name] for name in ("query", "chosen", "last")}
    client.post(asked["address"], answer)
    assert not Device.objects.exists()
    assert not Invitation.objects.exists()


def test_an_enrolled_device_with_invitations_is_still_not_deleted(administrator_client: Client) -> None:
    invitation = InvitationFactory.create(device__status="enrolled", state=Invitation.State.REDEEMED)
    assert administrator_client.post(page_of(invitation.device, "delete"), {"post": "yes"}).status_code == 403
    answer = {"query": "", "chosen": str(invitation.device_id), "last": str(invitation.device_id)}
    administrator_client.post(reverse("admin:devices_device_bulk", args=["delete_pre_approved"]), answer)
    assert Invitation.objects.exists()
