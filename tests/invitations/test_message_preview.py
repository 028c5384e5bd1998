"""What do staff see of a message before it goes out? Everything but its secrets."""

import io
import re
from base64 import b64decode

import pytest
import zxingcpp
from PIL import Image
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from devices.models import Device
from invitations.link_token import LENGTH, link_of
from invitations.messages.preview import preview_for, preview_of_texts
from invitations.messages.samples import PASSWORD, TOKEN
from invitations.messages.shipped import Texts
from invitations.models import MessageTemplate
from tests.factories import DeviceFactory, DomainFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def device(settings: Settings) -> Device:
    settings.PUBLIC_URL = "https://enroll.contoso.com"
    settings.HEXENROLL_ORGANISATION = "Contoso"
    return DeviceFactory.create(
        name="Ada's iPad", platform="ios", ownership="personal", user__name="Ada", one_time_password="real-secret"
    )


def test_a_preview_shows_a_real_device_with_a_sample_link_and_password(device: Device) -> None:
    preview = preview_for(device, "email")
    assert preview.problem == ""
    assert preview.subject == "Enroll Ada's iPad at Contoso"
    for part in (preview.text, preview.html.replace("&#x27;", "'")):
        for said in ("Ada's iPad", device.serial_number, PASSWORD, link_of(TOKEN), "It is your own device"):
            assert str(said) in part
    assert "real-secret" not in preview.text + preview.html
    assert len(TOKEN) == LENGTH


def test_the_qr_code_of_a_preview_is_in_the_page_and_leads_to_the_sample_link(device: Device) -> None:
    found = re.search(r'src="data:image/png;base64,([^"]+)"', preview_for(device, "email").html)
    assert found is not None
    picture = Image.open(io.BytesIO(b64decode(found[1]))).convert("L")
    assert zxingcpp.read_barcodes(picture)[0].text == link_of(TOKEN)


def test_a_preview_of_an_sms_tells_its_length(device: Device) -> None:
    preview = preview_for(device, "sms")
    assert preview.is_sms
    assert preview.length is not None
    assert (preview.length.encoding, preview.length.segments) == ("GSM-7", 2)
    assert (preview.subject, preview.html) == ("", "")


def test_a_preview_takes_the_language_and_the_text_of_the_users_domain(device: Device) -> None:
    domain = DomainFactory.create(language="de")
    MessageTemplate.objects.create(domain=domain, channel="email", language="de", subject="Eigener", text="{{ link }}")
    device.domain = device.user.domain = domain  # type: ignore[union-attr]
    assert preview_for(device, "email").subject == "Eigener"
    assert preview_for(device, "email", "en").subject == "Enroll Ada's iPad at Contoso"


def test_a_preview_shows_how_long_it_is_valid_and_the_reminder(device: Device) -> None:
    MessageTemplate.objects.filter(channel="email", language="en").update(
        subject="{{ valid_days }}{% if is_reminder %} again{% endif %}"
    )
    assert preview_for(device, "email", days=30).subject == "30"
    assert preview_for(device, "email", days=3, is_reminder=True).subject == "3 again"


def test_a_broken_text_is_a_problem_and_no_error(device: Device) -> None:
    MessageTemplate.objects.filter(channel="email", language="en").update(text="{{ nothing }}")
    assert "there is no variable “nothing”" in preview_for(device, "email").problem


def test_an_sms_that_does_not_fit_is_shown_with_its_length_and_the_problem(device: Device) -> None:
    preview = preview_of_texts(Texts("", "{{ link }}" + "x" * 300, ""), "sms", "en")
    assert preview.problem == "This is longer than two SMS, even with the names cut short. Shorten the text."
    assert preview.length is not None
    assert preview.length.segments == 3


def test_a_device_without_a_user_has_a_preview(device: Device) -> None:
    device.user = None
    assert "Hello Alexandra Smith," in preview_for(device, "email").text


def test_a_preview_costs_one_query(device: Device, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        preview_for(device, "email")


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_no_part_of_a_preview_is_safe_to_show_as_it_is(device: Device, channel: str) -> None:
    preview = preview_for(device, channel)
    assert {type(preview.subject), type(preview.text), type(preview.html)} == {str}, "a page would not escape it"
