"""Do the console's pages of invitations and sendings show what happened, to those alone who may see it, and quickly?"""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone

from invitations.link_token import token_of
from invitations.models import Invitation, InvitationEvent, MailboxMessage, Sending
from tests.conftest import make_person, sign_in
from tests.factories import (
    DeviceFactory,
    DeviceUserFactory,
    DomainFactory,
    ImportBatchFactory,
    InvitationFactory,
    MessageTemplateFactory,
    SendingFactory,
)

pytestmark = pytest.mark.django_db
LIST = "/admin/invitations/invitation/"
SENDINGS = "/admin/invitations/sending/"
State = Invitation.State
Kind = InvitationEvent.Kind
HOSTILE = "<script>alert(1)</script> \u202e 😀"
PASSWORD = "Tr0ub4dor&3"


def page_of(invitation: Invitation) -> str:
    return reverse("admin:invitations_invitation_change", args=[invitation.pk])


def shown(client: Client, query: str = "") -> set[int]:
    answer = client.get(LIST + query)
    assert answer.status_code == 200, answer.status_code
    return {found.pk for found in answer.context["cl"].queryset}


# --- the list ---------------------------------------------------------------------------------------------
def test_the_list_loads_empty_and_with_one_in_each_state(administrator_client: Client) -> None:
    assert administrator_client.get(LIST).status_code == 200
    for state in State:
        InvitationFactory.create(state=state, last_error="550 no such user" * 30, expires_at=timezone.now())
    page = administrator_client.get(LIST).content.decode()
    for state in State:
        assert str(state.label) in page
    assert "550 no such user" * 30 not in page


def test_links_from_other_pages_filter_the_list(administrator_client: Client) -> None:
    batch = ImportBatchFactory.create()
    one = InvitationFactory.create(state=State.FAILED, batch=batch)
    InvitationFactory.create()
    for query in (
        "state__exact=failed",
        f"sending__id__exact={one.sending_id}",
        f"batch__id__exact={batch.pk}",
        f"batch__id__exact={batch.pk}&state__exact=failed",
        f"device__id__exact={one.device_id}",
    ):
        assert shown(administrator_client, f"?{query}") == {one.pk}, query
    assert shown(administrator_client, f"?batch__id__exact={batch.pk}&state__exact=sent") == set()


def test_a_filter_of_something_that_is_gone_shows_nothing_and_says_so(administrator_client: Client) -> None:
    InvitationFactory.create()
    for name in ("sending", "batch", "device"):
        answer = administrator_client.get(f"{LIST}?{name}__id__exact=999999")
        assert answer.context["cl"].result_count == 0
        assert "No. 999999, which is gone" in answer.content.decode()


def test_the_list_is_filtered_by_channel_domain_and_use(administrator_client: Client) -> None:
    domain = DomainFactory.create()
    by_sms = InvitationFactory.create(channel="sms", recipient="+12025550123", state=State.OPENED)
    elsewhere = InvitationFactory.create(device=DeviceFactory.create(domain=domain), state=State.REDEEMED)
    over = InvitationFactory.create(state=State.EXPIRED)
    waiting = InvitationFactory.create()
    assert shown(administrator_client, "?channel__exact=sms") == {by_sms.pk}
    assert shown(administrator_client, f"?domain={domain.pk}") == {elsewhere.pk}
    assert shown(administrator_client, "?use=open") == {by_sms.pk}
    assert shown(administrator_client, "?use=used") == {elsewhere.pk}
    assert shown(administrator_client, "?use=unused") == {over.pk}
    assert waiting.pk in shown(administrator_client)


def test_an_invitation_is_found_by_recipient_serial_device_and_user(administrator_client: Client) -> None:
    user = DeviceUserFactory.create(name="Ada Lovelace", email="countess@example.com")
    device = DeviceFactory.create(serial_number="C02FINDME123", name="Ada's Mac", user=user)
    found = InvitationFactory.create(device=device, recipient="Elsewhere@example.org")
    InvitationFactory.create()
    for text in ("elsewhere@", "c02findme", "ada's", "lovelace", "COUNTESS@"):
        assert shown(administrator_client, f"?q={text}") == {found.pk}, text
    assert shown(administrator_client, "?q=a'%25_\\") == set()


@pytest.mark.parametrize(
    "query",
    [
        *(
            f"{name}={value}"
            for name in ("domain", "batch__id__exact")
            for value in ("abc", "%00", "9" * 30, "-1", "١")
        ),
        "state__exact=%00",
        "use=%00",
        "q=%00",
        "token_hash__exact=a",
        "device__user__email__exact=a",
        "recipient__regex=(",
    ],
)
def test_a_filter_that_is_none_is_no_failure(administrator_client: Client, query: str) -> None:
    answer = administrator_client.get(f"{LIST}?{query}")
    assert answer.status_code in (200, 302, 400)
    assert administrator_client.get(f"{LIST}?{query}", follow=True).status_code in (200, 400)


def test_the_links_of_the_filters_work(administrator_client: Client) -> None:
    InvitationFactory.create(batch=ImportBatchFactory.create())
    page = administrator_client.get(LIST)
    for spec in page.context["cl"].filter_specs:
        for choice in spec.choices(page.context["cl"]):
            assert administrator_client.get(LIST + choice["query_string"]).status_code == 200, choice


@pytest.mark.parametrize(
    ("address", "factory"), [(LIST, InvitationFactory), ("/admin/invitations/sending/", SendingFactory)]
)
def test_a_list_costs_the_same_number_of_queries_for_2_rows_and_for_20(
    administrator_client: Client, address: str, factory: Any
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert administrator_client.get(address).status_code == 200
        return len(caught)

    def make(count: int) -> None:
        for _number in range(count):
            factory.create(batch=ImportBatchFactory.create())

    make(2)
    queries()  # what is cached once
    few = queries()
    make(18)
    assert queries() == few


# --- one invitation ---------------------------------------------------------------------------------------
def eventful() -> Invitation:
    """Return an invitation to which everything happened that can, in this order."""
    person = make_person("grace")
    start = timezone.now() - timedelta(days=9)
    old = InvitationFactory.create(state=State.REVOKED, revoked_because="replaced")
    invitation = InvitationFactory.create(
        device=old.device,
        replaces=old,
        state=State.REVOKED,
        revoked_because="person",
        sent_at=start + timedelta(hours=2),
        delivered_at=start + timedelta(hours=3),
        opened_at=start + timedelta(hours=4),
        provider_id="SM123",
        expires_at=start + timedelta(days=7),
        sending__created_by=person,
    )
    Invitation.objects.filter(pk=invitation.pk).update(created_at=start)
    for hours, kind, text, by in (
        (1, Kind.RETRY, "451 greylisted, try again", None),
        (5, Kind.REMINDED, "", None),
        (6, Kind.EXTENDED, "2026-12-01T10:00+00:00", person),
        (7, Kind.PROVIDER, "read", None),
        (8, Kind.REVOKED, "", person),
    ):
        InvitationEvent.objects.create(
            invitation=invitation, kind=kind, text=text, person=by, at=start + timedelta(hours=hours)
        )
    InvitationFactory.create(device=old.device, replaces=invitation)
    invitation.refresh_from_db()
    return invitation


def test_the_timeline_tells_everything_in_its_order(administrator_client: Client) -> None:
    invitation = eventful()
    answer = administrator_client.get(page_of(invitation))
    told = [(entry.title, entry.text, entry.person) for entry in answer.context["timeline"]]
    assert told == [
        ("Put into the queue", "", "grace"),
        ("Replaces an older invitation", "", ""),
        ("Could not be sent yet", "451 greylisted, try again", ""),
        ("Sent", "The provider knows it as SM123.", ""),
        ("Delivered", "", ""),
        ("The page behind the link was opened", "", ""),
        ("Reminder sent", "", ""),
        ("Extended", "Valid until Dec. 1, 2026, 10 a.m.", "grace"),
        ("Said by the provider", "read", ""),
        ("Revoked", "", "grace"),
        ("Replaced by a newer invitation", "", ""),
    ]
    page = answer.content.decode()
    assert f'href="{page_of(invitation.replaces)}"' in page  # type: ignore[arg-type]
    assert f'href="{page_of(invitation.replaced_by)}"' in page


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"state": State.FAILED, "last_error": "550 no such user"}, ("Failed", "550 no such user")),
        ({"state": State.EXPIRED}, ("Expired", "")),
        ({"state": State.REVOKED, "revoked_because": "cancelled"}, ("Revoked", "The sending was cancelled")),
        ({"state": State.BOUNCED, "bounced_at": timezone.now(), "last_error": "gone"}, ("Bounced", "")),
        ({"state": State.REDEEMED, "redeemed_at": timezone.now()}, ("Used: the device enrolled", "")),
    ],
)
def test_the_end_is_told_where_no_event_tells_it(
    administrator_client: Client, values: dict[str, Any], said: tuple[str, str]
) -> None:
    answer = administrator_client.get(page_of(InvitationFactory.create(**values)))
    assert said in [(entry.title, entry.text) for entry in answer.context["timeline"]]


@pytest.mark.parametrize("state", State)
def test_the_page_loads_in_every_state(administrator_client: Client, state: str) -> None:
    found = InvitationFactory.create(state=state, batch=ImportBatchFactory.create(), last_error="an error")
    answer = administrator_client.get(page_of(found))
    assert answer.status_code == 200
    assert found.get_state_display() in answer.content.decode()


def test_neither_the_token_nor_the_one_time_password_is_on_any_page(administrator_client: Client) -> None:
    invitation = InvitationFactory.create(device=DeviceFactory.create(one_time_password=PASSWORD))
    for address in (LIST, page_of(invitation), f"/admin/devices/device/{invitation.device_id}/change/"):
        page = administrator_client.get(address).content.decode()
        for secret in (PASSWORD, token_of(invitation.public_id), invitation.token_hash, str(invitation.public_id)):
            assert secret not in page, address


def test_a_hostile_name_does_no_harm(administrator_client: Client) -> None:
    user = DeviceUserFactory.create(name=HOSTILE)
    device = DeviceFactory.create(name=HOSTILE, user=user)
    invitation = InvitationFactory.create(device=device, recipient=HOSTILE, last_error=HOSTILE, state=State.FAILED)
    invitation.note(Kind.PROVIDER, HOSTILE)
    for address in (LIST, page_of(invitation), f"/admin/devices/device/{device.pk}/change/"):
        assert "<script>alert(1)" not in administrator_client.get(address).content.decode()


def test_the_page_costs_the_same_number_of_queries_for_2_events_and_for_20(administrator_client: Client) -> None:
    invitation = eventful()

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            administrator_client.get(page_of(invitation))
        return len(caught)

    queries()
    few = queries()
    for _number in range(15):
        invitation.note(Kind.RETRY, "again", invitation.sending.created_by)
    assert queries() == few


@pytest.mark.parametrize("key", ["abc", "-1", "%00", "١", "999999", "9" * 30])
def test_an_invitation_that_is_none_is_not_found(administrator_client: Client, key: str) -> None:
    assert administrator_client.get(f"{LIST}{key}/change/").status_code == 404


# --- who may come in --------------------------------------------------------------------------------------
def console_addresses() -> list[str]:
    """Return every address of the console that belongs to a model of this app, with a number where it needs one."""
    found: list[str] = []

    def walk(patterns: list[Any], prefix: str) -> None:
        for pattern in patterns:
            address = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, address)
            elif isinstance(pattern, URLPattern) and address.startswith("invitations/"):
                found.append(address)

    walk(admin.site.get_urls(), "")
    return sorted(set(found))


def test_a_stranger_gets_403_at_every_address_of_the_console(stranger_client: Client) -> None:
    made: dict[str, Any] = {
        "invitation": InvitationFactory.create(),
        "sending": SendingFactory.create(),
        "messagetemplate": MessageTemplateFactory.create(domain=DomainFactory.create()),
        "mailboxmessage": MailboxMessage.objects.create(channel="sms", recipient="+12025550123", content="x"),
    }
    addresses = console_addresses()
    assert any("invitation/<int:invitation_id>/resend/" in address for address in addresses)
    for address in addresses:
        _app, model, *_rest = address.split("/")
        parts = [str(made[model].pk) if "<" in part else part for part in address.split("/")]
        for call in (stranger_client.get, stranger_client.post):
            answer = call("/admin/" + "/".join(parts))
            # The short address of an object leads to its page; a sending's page leads to the one that asks.
            leads_on = answer.status_code == 302 and ("/change/" in answer["Location"] or model == "sending")
            takes_posts_only = answer.status_code == 405 and call == stranger_client.get
            assert answer.status_code == 403 or leads_on or takes_posts_only, address


def test_an_operator_may_look_and_do_nothing(operator_client: Client) -> None:
    invitation = InvitationFactory.create(state=State.SENT, expires_at=timezone.now() + timedelta(days=1))
    page = operator_client.get(page_of(invitation))
    assert page.status_code == 200
    assert "Send again" not in page.content.decode()
    listed = operator_client.get(LIST)
    assert listed.status_code == 200
    assert 'name="_selected_action"' not in listed.content.decode()
    for name in ("resend", "revoke", "extend"):
        address = reverse(f"admin:invitations_invitation_{name}", args=[invitation.pk])
        assert operator_client.post(address, {"days": 3}).status_code == 403
    operator_client.post(LIST, {"action": "revoke", "_selected_action": [invitation.pk]})
    invitation.refresh_from_db()
    assert invitation.state == State.SENT
    assert operator_client.get("/admin/invitations/sending/").status_code == 200


def test_nobody_adds_changes_or_deletes_an_invitation_or_a_sending_by_hand(administrator_client: Client) -> None:
    invitation = InvitationFactory.create()
    assert administrator_client.post(page_of(invitation), {"state": "sent"}).status_code == 405
    for name in ("invitation", "sending"):
        base = f"/admin/invitations/{name}/"
        assert administrator_client.get(f"{base}add/").status_code == 403
        for found in (invitation.pk, invitation.sending_id):
            assert administrator_client.post(f"{base}{found}/delete/", {"post": "yes"}).status_code in (403, 302)
    assert "delete_selected" not in administrator_client.get(LIST).content.decode()
    assert Invitation.objects.exists()


def test_somebody_who_may_see_invitations_alone_gets_no_links_into_other_pages() -> None:
    client = sign_in(make_person("viewer", ("view_invitation",)))
    invitation = InvitationFactory.create(batch=ImportBatchFactory.create())
    page = client.get(page_of(invitation)).content.decode()
    assert f"/admin/devices/device/{invitation.device_id}/" not in page
    assert "/enroll/pre-approve/" not in page
    assert "/admin/invitations/sending/" not in page


# --- sendings ---------------------------------------------------------------------------------------------
def test_a_sending_opens_its_own_page(administrator_client: Client) -> None:
    sending = SendingFactory.create()
    answer = administrator_client.get(f"/admin/invitations/sending/{sending.pk}/change/")
    assert answer["Location"] == reverse("enroll:sending", args=[sending.pk])
    assert administrator_client.get("/admin/invitations/sending/abc/change/").status_code == 404


def test_the_list_of_sendings_says_how_many_were_reached(administrator_client: Client) -> None:
    for state in Sending.State:
        SendingFactory.create(state=state, counts={"queued": 4711, "unreachable": {"no_email": 40, "no_user": 2}})
    page = administrator_client.get("/admin/invitations/sending/").content.decode()
    assert "4711" in page and "42" in page
    for state in Sending.State:
        assert str(state.label) in page


def test_the_timeline_of_one_that_failed_and_was_sent_again_tells_both(administrator_client: Client) -> None:
    old = InvitationFactory.create(state=State.FAILED, last_error="550 no such user")
    newer = InvitationFactory.create(device=old.device, replaces=old)
    Invitation.objects.filter(pk=old.pk).update(state_changed_at=newer.created_at - timedelta(hours=1))
    told = administrator_client.get(page_of(old)).context["timeline"]
    assert [entry.title for entry in told][1:] == ["Failed", "Replaced by a newer invitation"]
