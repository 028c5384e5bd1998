"""Which message goes out for an invitation?"""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from devices.models import Device
from devices.vocabulary import Language, Ownership, Platform
from invitations.link_token import link_of, token_of
from invitations.messages.compose import ComposeError, Composer
from invitations.messages.message import Mail, Sms
from invitations.messages.shipped import ensure_rows, shipped
from invitations.messages.sms_length import length_of
from invitations.models import Invitation, MessageTemplate
from tests.factories import DeviceFactory, DeviceUserFactory, DomainFactory, InvitationFactory, SendingFactory

pytestmark = pytest.mark.django_db
END = datetime(2026, 11, 29, 11, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def portal(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://enroll.contoso.com"
    settings.HEXENROLL_ORGANISATION = "Contoso"
    settings.DEFAULT_FROM_EMAIL = "Contoso IT <it@contoso.com>"


def invitation(**fields: object) -> Invitation:
    """Return an invitation as the outbox hands it over."""
    sender = User.objects.get_or_create(username="root", first_name="Grace", last_name="Hopper")[0]
    given: dict[str, object] = {
        "sending": SendingFactory.create(created_by=sender),
        "device__name": "MacBook 7",
        "device__serial_number": f"C02ABC{Device.objects.count() or ''}",
        "device__user__name": "Zoë Müller",
        "device__one_time_password": "q7-pw-abcd",
        "expires_at": END,
    }
    if "device" in fields:
        given = {name: value for name, value in given.items() if not name.startswith("device__")}
    made = InvitationFactory.create(**given | fields)
    return Invitation.objects.select_related("device__user__domain", "sending__created_by").get(pk=made.pk)


def mail_of(made: Invitation, *, is_reminder: bool = False) -> Mail:
    message = Composer().compose(made, is_reminder=is_reminder)
    assert isinstance(message, Mail)
    return message


def sms_of(made: Invitation) -> Sms:
    message = Composer().compose(made)
    assert isinstance(message, Sms)
    return message


@pytest.mark.parametrize("part", ["text", "html"])
def test_a_mail_says_who_sends_it_why_and_everything_that_is_needed_in_both_parts(part: str) -> None:
    made = invitation()
    content = getattr(mail_of(made), part)
    for said in (
        *("Zoë Müller", "MacBook 7", "C02ABC", "macOS", "Contoso", "Grace Hopper", "The device belongs to Contoso"),
        *(link_of(token_of(made.public_id)), "q7-pw-abcd", "29 November 2026, 11:30 UTC", "https://enroll.contoso.com"),
        "Open the link on that Mac, in Safari.",
    ):
        assert said in content, said


def test_a_mail_has_the_qr_code_with_the_link_as_its_text_alternative() -> None:
    made = invitation()
    mail = mail_of(made)
    assert mail.qr_code.startswith(b"\x89PNG")
    picture = f'<img src="cid:qr-code" alt="QR code of the link: {link_of(token_of(made.public_id))}"'
    assert picture in mail.html


def test_a_mail_is_addressed_to_the_user_and_stays_the_same_message_when_it_is_sent_again() -> None:
    made = invitation(device__user__email="zoe@example.com")
    mail = mail_of(made)
    assert (mail.sender, mail.recipient, mail.recipient_name) == (
        "Contoso IT <it@contoso.com>",
        "zoe@example.com",
        "Zoë Müller",
    )
    assert mail.subject == "Enroll MacBook 7 at Contoso"
    assert mail.message_id == f"<{made.public_id.hex}.0@contoso.com>"
    assert ("Auto-Submitted", "auto-generated") in mail.headers
    assert mail_of(made) == mail


def test_a_mail_names_its_secrets_to_the_channel() -> None:
    made = invitation()
    assert mail_of(made).secrets == (token_of(made.public_id), "q7-pw-abcd")


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_message_that_is_printed_shows_no_secret(channel: str) -> None:
    made = invitation(channel=channel, recipient="ada@example.com" if channel == "email" else "+491701234567")
    printed = repr(Composer().compose(made))
    assert token_of(made.public_id) not in printed
    assert "q7-pw-abcd" not in printed


def test_no_message_goes_out_with_a_link_that_another_salt_key_would_make(settings: Settings) -> None:
    made = invitation()
    settings.SALT_KEY = "restored on another machine, without its key"
    with pytest.raises(ComposeError, match="SALT_KEY is not the key with which"):
        Composer().compose(made)


def test_a_reminder_says_so_and_is_another_message() -> None:
    made = invitation(reminders=1)
    mail = mail_of(made, is_reminder=True)
    assert mail.subject == "Reminder: Enroll MacBook 7 at Contoso"
    assert "this is a reminder" in mail.text
    assert "Reminder: your device is waiting" in mail.html
    assert mail.message_id == f"<{made.public_id.hex}.2@contoso.com>"


def test_a_german_message_is_german_to_the_date() -> None:
    mail = mail_of(invitation(language="de"))
    assert mail.subject == "MacBook 7 bei Contoso anmelden"
    assert "29. November 2026, 11:30 Uhr (UTC)" in mail.text
    assert "Öffnen Sie den Link auf diesem Mac in Safari." in mail.html
    assert ("Content-Language", "de") in mail.headers


def test_the_end_is_written_in_the_portals_time_zone(settings: Settings) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    assert "29 November 2026, 12:30 CET" in mail_of(invitation()).text


def test_without_a_person_the_it_team_sends_and_a_login_name_is_never_shown() -> None:
    nameless = User.objects.create(username="root2")
    for sender in (None, nameless):
        text = mail_of(invitation(sending=SendingFactory.create(created_by=sender))).text
        assert "The IT team of Contoso invites you" in text
        assert "root2" not in text


def test_without_a_password_nothing_is_said_of_one() -> None:
    mail = mail_of(invitation(device__one_time_password=None))
    assert "One-time password" not in mail.text
    assert "One-time password" not in mail.html
    assert "The link works for this one enrollment" in mail.text


def test_a_device_without_a_name_is_called_by_its_serial_number() -> None:
    assert mail_of(invitation(device__name="")).subject == "Enroll C02ABC at Contoso"


@pytest.mark.parametrize("language", Language.values)
@pytest.mark.parametrize("platform", Platform.values)
@pytest.mark.parametrize("ownership", Ownership.values)
def test_every_platform_and_owner_has_its_words(language: str, platform: str, ownership: str) -> None:
    mail = mail_of(invitation(language=language, device__platform=platform, device__ownership=ownership))
    assert "{" not in mail.text + mail.html.partition("</style>")[2]
    assert "1. " in mail.text
    assert "<li" in mail.html


def test_hostile_names_are_text_and_nothing_else() -> None:
    made = invitation(
        device__user__name='Ada\r\nBcc: all@example.com <script>alert("x")</script>',
        device__name='{{ one_time_password }}{% include "x" %}"><img src=x onerror=alert(1)>',
    )
    mail = mail_of(made)
    assert "\n" not in mail.subject + mail.recipient_name
    assert "<script" not in mail.html
    assert "<img src=x" not in mail.html
    assert "{{ one_time_password }}" in mail.subject


def test_an_sms_says_it_in_two_segments() -> None:
    made = invitation(channel="sms", recipient="+491701234567")
    sms = sms_of(made)
    assert sms.recipient == "+491701234567"
    assert sms.text == (
        "Contoso: Hello Zoë Müller, please enroll MacBook 7 by 29 November 2026, 11:30 UTC: "
        f"{link_of(token_of(made.public_id))} One-time password: q7-pw-abcd"
    ).replace("ë", "e")
    assert length_of(sms.text).segments == 2
    assert sms.key == f"{made.public_id.hex}.0"
    assert sms.secrets == (token_of(made.public_id), "q7-pw-abcd")


@pytest.mark.parametrize("language", Language.values)
@pytest.mark.parametrize("name", ["Анна Каренина", "王小明", "Maximiliane " * 15 + "M", "Łukasz " * 10 + "Ł"])
def test_an_sms_fits_whatever_the_names_are(language: str, name: str) -> None:
    made = invitation(
        channel="sms", recipient="+491701234567", language=language, device__user__name=name.strip()[:200]
    )
    sms = sms_of(made)
    assert length_of(sms.text).segments <= 2
    assert link_of(token_of(made.public_id)) in sms.text
    assert "q7-pw-abcd" in sms.text


def test_an_sms_that_can_not_fit_fails_in_words_without_its_secrets() -> None:
    made = invitation(channel="sms", recipient="+491701234567", device__one_time_password="ł" * 100)
    with pytest.raises(ComposeError, match="longer than two SMS") as error:
        Composer().compose(made)
    assert "ł" not in str(error.value)


def test_a_device_that_lost_its_user_fails_in_words() -> None:
    made = invitation()
    Device.objects.filter(pk=made.device_id).update(user=None)
    made = Invitation.objects.select_related("device__user__domain", "sending__created_by").get(pk=made.pk)
    with pytest.raises(ComposeError, match="no user any more"):
        Composer().compose(made)


def test_an_address_with_a_line_break_fails_in_words() -> None:
    with pytest.raises(ComposeError, match="control character"):
        Composer().compose(invitation(recipient="a@b.c\r\nBcc: x@y.z"))


# --- which text --------------------------------------------------------------------------------------------
def test_without_rows_the_shipped_text_goes_out() -> None:
    MessageTemplate.objects.all().delete()
    assert mail_of(invitation()).subject == "Enroll MacBook 7 at Contoso"


def test_the_domains_own_text_comes_before_the_one_of_all_domains() -> None:
    MessageTemplate.objects.filter(channel="email", language="en").update(subject="For all {{ device_name }}")
    own, other = DomainFactory.create(), DomainFactory.create()
    MessageTemplate.objects.create(domain=own, channel="email", language="en", subject="Own", text="{{ link }}")

    def subject(domain: object, language: str = "en") -> str:
        device = DeviceFactory.create(domain=domain, name="Mac", user=DeviceUserFactory.create(domain=domain))
        return mail_of(invitation(device=device, language=language)).subject

    assert subject(own) == "Own"
    assert subject(other) == "For all Mac"
    assert subject(own, "de") == "Mac bei Contoso anmelden"


def test_a_text_without_html_makes_a_plain_mail() -> None:
    MessageTemplate.objects.filter(channel="email", language="en").update(html=" ")
    mail = mail_of(invitation())
    assert (mail.html, mail.qr_code) == ("", b"")


def test_a_text_that_was_broken_past_the_editor_fails_in_words() -> None:
    MessageTemplate.objects.filter(channel="email", language="en").update(text="{{ nothing }}")
    with pytest.raises(ComposeError, match="there is no variable “nothing”"):
        Composer().compose(invitation())


def test_a_filter_that_fails_at_sending_fails_in_words_without_the_value() -> None:
    MessageTemplate.objects.filter(channel="email", language="en").update(text="{{ valid_days|first }}")
    with pytest.raises(ComposeError, match=r"a filter can't take its value \(TypeError\)"):
        Composer().compose(invitation())


def test_rows_of_the_shipped_texts_are_made_once_and_edited_ones_stay() -> None:
    rows = MessageTemplate.objects.filter(domain=None)
    assert set(rows.values_list("channel", "language")) == {
        (channel, language) for channel in ("email", "sms") for language in Language.values
    }
    rows.filter(channel="sms", language="de").delete()
    rows.filter(channel="sms", language="en").update(text="Edited {{ link }}")
    ensure_rows()
    assert rows.get(channel="sms", language="de").text == shipped("sms", "de").text
    assert rows.get(channel="sms", language="en").text == "Edited {{ link }}"


def test_a_composer_asks_for_each_text_once(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    made = [invitation() for _number in range(5)]
    composer = Composer()
    with django_assert_num_queries(1):
        for each in made:
            composer.compose(each)


def test_days_left_are_counted_up_to_whole_days() -> None:
    MessageTemplate.objects.filter(channel="email", language="en").update(subject="{{ valid_days }}")
    for hours, days in ((1, "1"), (24, "1"), (25, "2"), (24 * 7, "7"), (-5, "1")):
        end = timezone.now() + timedelta(hours=hours, seconds=-1)
        assert mail_of(invitation(expires_at=end)).subject == days
