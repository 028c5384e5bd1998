"""How will a message look? For the pages of staff: everything but the link and the password, which are samples."""

from base64 import b64encode
from dataclasses import dataclass, replace
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from devices.models import Device
from devices.vocabulary import Channel
from invitations import link_token

from . import qr_code
from .compose import HEADERS, Compiled, texts_for
from .message import Mail, Sms
from .rendering import TextError, rendered
from .samples import facts_of_device, sample_facts
from .shipped import Texts
from .sms_length import Length, fitted, length_of
from .variables import QR_CODE_ID, Facts, html_values, one_line, values_of


@dataclass(frozen=True)
class Preview:
    """A message with a sample password and a sample link.

    Attributes:
        channel: `email` or `sms`.
        subject, html: "" for an SMS; `html` holds its QR code as a data: address, and needs a sandbox.
        text: the plain part, or the SMS.
        length: of the SMS; None for a mail.
        problem: why there is no such message, or "".
    """

    channel: str
    subject: str
    text: str
    html: str
    length: Length | None = None
    problem: str = ""

    @property
    def is_sms(self) -> bool:
        return self.channel == Channel.SMS


def preview_for(
    device: Device,
    channel: str,
    language: str = "",
    *,
    sender: User | None = None,
    days: int | None = None,
    is_reminder: bool = False,
) -> Preview:
    """Return the message that a device's user would get, with the texts that hold for the user's domain.

    Args:
        device: with its user and the user's domain at hand.
        channel: `email` or `sms`.
        language: "" for the one of the user's domain.
        sender: the person who would send it.
        days: how long it is valid; None: as long as the setting says.
        is_reminder: show the reminder instead.

    Returns:
        A text that can't be used makes a Preview with a `problem`.
    """
    domain = device.user.domain if device.user else device.domain
    language = language or domain.language
    facts = facts_of_device(device, language, sender=sender, days=days)
    try:
        return _preview(texts_for(channel, language, domain.pk), channel, replace(facts, is_reminder=is_reminder))
    except TextError as error:
        return Preview(channel, "", "", "", problem=error.message)


def preview_of_texts(
    texts: Texts, channel: str, language: str, *, sender: User | None = None, is_reminder: bool = False
) -> Preview:
    """Return the message that these texts make, to a person who doesn't exist.

    Raises:
        TextError: a text can't be compiled.
    """
    facts = replace(sample_facts(language, sender=sender), is_reminder=is_reminder)
    return _preview(texts, channel, facts)


def sample_message(texts: Texts, channel: str, language: str, recipient: str, sender: User) -> Mail | Sms:
    """Return a test message to oneself, made as invitations are, of samples.

    Args:
        recipient: an e-mail address, or a phone number as E.164.

    Raises:
        TextError: a text can't be compiled, or an SMS is too long.
    """
    facts = sample_facts(language, sender=sender)
    compiled = Compiled.of(texts)
    values = values_of(facts)
    key = uuid4()
    if channel == Channel.SMS:
        text = _sms_text(compiled, facts)
        if text is None:
            raise TextError(_("The message is longer than two SMS."), "too_long")
        return Sms(recipient=recipient, text=text, key=key.hex)
    html = rendered(compiled.html, html_values(values, facts)) if compiled.html else ""
    return Mail(
        sender=settings.DEFAULT_FROM_EMAIL,
        recipient=recipient,
        recipient_name=sender.get_full_name(),
        subject=one_line(_("Test: %(subject)s") % {"subject": rendered(compiled.subject, values)}),
        text=rendered(compiled.text, values),
        html=html,
        qr_code=qr_code.png(facts.link),
        message_id=link_token.message_id_of(key),
        headers=(*HEADERS, ("Content-Language", language)),
    )


def _preview(texts: Texts, channel: str, facts: Facts) -> Preview:
    compiled = Compiled.of(texts)
    if channel == Channel.SMS:
        text = _sms_text(compiled, facts)
        if text is None:
            text = rendered(compiled.text, values_of(facts)).strip()
            problem = _("This is longer than two SMS, even with the names cut short. Shorten the text.")
            return Preview(channel, "", text, "", length_of(text), problem)
        return Preview(channel, "", text, "", length_of(text))
    values = values_of(facts)
    html = ""
    if compiled.html:
        picture = f"data:image/png;base64,{b64encode(qr_code.png(facts.link)).decode()}"
        # A text may refer to the picture without the variable.
        html = rendered(compiled.html, html_values(values, facts)).replace(f"cid:{QR_CODE_ID}", picture)
    return Preview(channel, one_line(rendered(compiled.subject, values)), rendered(compiled.text, values), html)


def _sms_text(compiled: Compiled, facts: Facts) -> str | None:
    return fitted(values_of(facts), lambda values: rendered(compiled.text, values).strip())
