"""Which message goes out for an invitation? Asked by the outbox, once for each message that it sends."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q
from django.template import Template
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device
from invitations import link_token
from invitations.models import Invitation, MessageTemplate

from . import qr_code
from .message import Mail, Sms
from .mime import CONTROL
from .rendering import HTML, TextError, compiled, rendered
from .samples import organisation
from .shipped import Texts, shipped
from .sms_length import fitted
from .variables import Facts, html_values, one_line, values_of

# Tells auto-responders to keep still (RFC 3834; the second is Exchange's).
HEADERS = (("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All"))


class ComposeError(Exception):
    """This one message can't be made; the text says why and what to do, and holds no secret."""


@dataclass(frozen=True)
class Compiled:
    """The texts of one kind of message, ready to be rendered; `html` is None where there is none."""

    subject: Template
    text: Template
    html: Template | None

    @classmethod
    def of(cls, texts: Texts) -> "Compiled":
        """Compile the texts; raises TextError."""
        html = compiled(texts.html, HTML) if texts.html.strip() else None
        return cls(compiled(texts.subject), compiled(texts.text), html)


class Composer:
    """Makes messages; keeps the texts that it has compiled, so a change of a text is seen by the next Composer.

    Not to be shared between threads.
    """

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str, int], Compiled] = {}

    def compose(self, invitation: Invitation, *, is_reminder: bool = False) -> Mail | Sms:
        """Return the message of an invitation.

        Args:
            invitation: with its device, user, domain and sending at hand (select_related), and `expires_at` set.
            is_reminder: the message is one of its reminders: number `invitation.reminders` + 1.

        Raises:
            ComposeError: this message can't be made; others may.
        """
        device = invitation.device
        if device.user is None:
            raise ComposeError(_("The device has no user any more. Give it one and send the invitation again."))
        if CONTROL.search(invitation.recipient):
            raise ComposeError(_("The recipient's address holds a control character. Correct it at the device user."))
        if link_token.hash_of(link_token.token_of(invitation.public_id)) != invitation.token_hash:
            # The password can't be read either: what stands there is what it was encrypted to.
            raise ComposeError(
                _(
                    "SALT_KEY is not the key with which this invitation was made: its link would lead nowhere. Restore "
                    "the old key, then send it again."
                )
            )
        facts = _facts(invitation, device, is_reminder=is_reminder)
        try:
            texts = self._texts_for(invitation.channel, facts.language, device.user.domain_id)
            if invitation.channel == Invitation.Channel.SMS:
                return _sms(invitation, texts, facts)
            return _mail(invitation, texts, facts)
        except TextError as error:
            raise ComposeError(_("The text of this message has an error. %(error)s") % {"error": error}) from error

    def _texts_for(self, channel: str, language: str, domain_id: int) -> Compiled:
        key = (channel, language, domain_id)
        if key not in self._texts:
            self._texts[key] = Compiled.of(texts_for(channel, language, domain_id))
        return self._texts[key]


def texts_for(channel: str, language: str, domain_id: int | None) -> Texts:
    """Return the texts that hold for a domain: its own, else those of all domains, else the ones that were shipped."""
    texts = MessageTemplate.objects.filter(Q(domain=domain_id) | Q(domain=None), channel=channel, language=language)
    chosen = max(texts, key=lambda text: text.domain_id is not None, default=None)
    if chosen is None:
        return shipped(channel, language)
    return Texts(chosen.subject, chosen.text, chosen.html)


def name_of(person: User | None) -> str:
    """Return the name of the person who sends; "" where there is none. Never the login name."""
    return person.get_full_name() if person is not None else ""


def _facts(invitation: Invitation, device: Device, *, is_reminder: bool) -> Facts:
    if device.user is None or invitation.expires_at is None:
        raise ValueError("An invitation has a user and an end before it is composed.")
    return Facts(
        language=invitation.language,
        user_name=device.user.name,
        device_name=device.name,
        serial_number=device.serial_number or "",
        platform=device.platform,
        ownership=device.ownership,
        organisation=organisation(),
        sender_name=name_of(invitation.sending.created_by),
        portal=settings.PUBLIC_URL,
        link=link_token.link_of(link_token.token_of(invitation.public_id)),
        one_time_password=device.one_time_password or "",
        valid_until=local(invitation.expires_at),
        now=timezone.now(),
        is_reminder=is_reminder,
    )


def local(at: datetime) -> datetime:
    """Return a moment in the portal's own time zone: nobody knows the one of a device user."""
    return at.astimezone(timezone.get_default_timezone())


def _mail(invitation: Invitation, texts: Compiled, facts: Facts) -> Mail:
    values = values_of(facts)
    html = rendered(texts.html, html_values(values, facts)) if texts.html else ""
    return Mail(
        sender=settings.DEFAULT_FROM_EMAIL,
        recipient=invitation.recipient,
        recipient_name=values["user_name"],
        subject=one_line(rendered(texts.subject, values)),
        text=rendered(texts.text, values),
        html=html,
        qr_code=qr_code.png(facts.link) if "cid:qr-code" in html else b"",
        message_id=link_token.message_id_of(invitation.public_id, invitation.reminders + 1 if facts.is_reminder else 0),
        headers=(*HEADERS, ("Content-Language", facts.language)),
        secrets=_secrets(facts),
    )


def _sms(invitation: Invitation, texts: Compiled, facts: Facts) -> Sms:
    text = fitted(values_of(facts), lambda values: rendered(texts.text, values).strip())
    if text is None:
        raise ComposeError(
            _("The message is longer than two SMS, even with the names cut short. Shorten its text or the password.")
        )
    key = f"{invitation.public_id.hex}.{invitation.reminders + 1 if facts.is_reminder else 0}"
    return Sms(recipient=invitation.recipient, text=text, key=key, secrets=_secrets(facts))


def _secrets(facts: Facts) -> tuple[str, ...]:
    return tuple(filter(None, (facts.link[-link_token.LENGTH :], facts.one_time_password)))
