"""Admin > Mail and SMS: by which way do messages leave, is anything wrong with it, and does one arrive? In urls.py."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core import checks
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.scope import scope_of
from devices.vocabulary import Channel, Language
from devices.wizard.frame import WizardView
from hexenroll.mail_settings import BACKENDS, SMTP
from invitations.messages.shipped import shipped
from invitations.try_out import TryOutError, send_to_oneself

TRY = "invitations.change_messagetemplate"
# The system checks that are about messages (mail_checks.py, sms_checks.py, callback_checks.py).
ABOUT_MESSAGES = tuple(f"hexenroll.{letter}0{tens}" for letter in "EW" for tens in "12")


class MailView(WizardView):
    """What the environment says about mail and SMS, without its secrets. POST sends a test message."""

    permission = "invitations.view_messagetemplate"
    post_permission = TRY
    title = gettext_lazy("Mail and SMS")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not scope_of(request.user).is_everything:  # the ways are those of every domain
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        problems = [problem for problem in checks.run_checks() if str(problem.id).startswith(ABOUT_MESSAGES)]
        return self.render(
            "console/mail.html",
            ways=[(_("E-mail"), mail_facts()), (_("SMS"), sms_facts()), (_("Invitations"), invitation_facts())],
            problems=problems,
            may_try=self.may(TRY),
            address=self.person.email,
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        channel = Channel.SMS if request.POST.get("channel") == Channel.SMS else Channel.EMAIL
        language = Language.ENGLISH
        try:
            number = request.POST.get("number", "")
            recipient = send_to_oneself(shipped(channel, language), channel, language, self.person, number)
        except TryOutError as error:
            messages.error(request, _("The test message was not sent. %(reason)s") % {"reason": error})
        else:
            text = _("The test message to %(recipient)s was handed over.") % {"recipient": recipient}
            messages.success(request, text)
        return redirect("console:mail")


# Name of the variable, what it does, what holds now.
Fact = tuple[str, str, str]


def mail_facts() -> list[Fact]:
    """Return by which way mails leave."""
    facts = [("EMAIL_PROVIDER, EMAIL_URL", _("Way"), _mail_way()), ("DEFAULT_FROM_EMAIL", _("Sender"), _sender())]
    if settings.EMAIL_BACKEND == SMTP:
        facts += [
            ("EMAIL_URL", _("Server"), f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"),
            ("EMAIL_URL", _("Encryption"), _encryption()),
            ("EMAIL_URL", _("Signs in as"), settings.EMAIL_HOST_USER or _("nobody")),
        ]
    return [*facts, *_limits("EMAIL", settings.HEXENROLL_EMAIL_RATE, settings.HEXENROLL_EMAIL_CONCURRENCY)]


def sms_facts() -> list[Fact]:
    """Return by which way short messages leave."""
    names = {"twilio": "Twilio", "apprise": "Apprise", "file": _("Files"), "console": _("The worker's log")}
    facts = [("SMS_PROVIDER", _("Way"), names.get(settings.SMS_PROVIDER, _("Development mailbox")))]
    if settings.SMS_PROVIDER == "twilio":
        sender = settings.TWILIO_MESSAGING_SERVICE_SID or settings.TWILIO_FROM
        facts += [
            ("TWILIO_ACCOUNT_SID", _("Account"), settings.TWILIO_ACCOUNT_SID),
            ("TWILIO_AUTH_TOKEN", _("Token"), _is_set(settings.TWILIO_AUTH_TOKEN)),
            ("TWILIO_FROM, TWILIO_MESSAGING_SERVICE_SID", _("Sender"), sender),
        ]
    if settings.SMS_PROVIDER == "apprise":
        facts.append(("APPRISE_URL", _("Address"), _is_set(settings.APPRISE_URL)))
    return [*facts, *_limits("SMS", settings.HEXENROLL_SMS_RATE, settings.HEXENROLL_SMS_CONCURRENCY)]


def invitation_facts() -> list[Fact]:
    """Return what holds for the invitations of both ways."""
    remind = settings.HEXENROLL_REMIND_AFTER_DAYS
    return [
        ("PUBLIC_URL", _("Links lead to"), settings.PUBLIC_URL),
        ("HEXENROLL_ORGANISATION", _("Organisation"), settings.HEXENROLL_ORGANISATION or _("the portal's host name")),
        ("HEXENROLL_INVITATION_DAYS", _("Valid for days"), str(settings.HEXENROLL_INVITATION_DAYS)),
        ("HEXENROLL_REMIND_AFTER_DAYS", _("Reminder after days"), str(remind) if remind else _("never")),
        ("HEXENROLL_SEND_ATTEMPTS", _("Attempts to send"), str(settings.HEXENROLL_SEND_ATTEMPTS)),
    ]


def _mail_way() -> str:
    if settings.EMAIL_PROVIDER:
        return str(settings.EMAIL_PROVIDER).replace("_", " ")
    if settings.EMAIL_BACKEND == SMTP:
        return _("SMTP server")
    names = {
        "mailbox": _("Development mailbox: nothing leaves this machine"),
        "filemail": _("Files"),
        "consolemail": _("The worker's log"),
        "dummymail": _("Nowhere: mails are thrown away"),
    }
    return next((name for key, name in names.items() if BACKENDS[key] == settings.EMAIL_BACKEND), "")


def _sender() -> str:
    return str(settings.DEFAULT_FROM_EMAIL)


def _encryption() -> str:
    if settings.EMAIL_USE_SSL:
        return _("TLS from the first byte")
    return _("STARTTLS") if settings.EMAIL_USE_TLS else _("none")


def _is_set(secret: str) -> str:
    return _("set") if secret else _("not set")


def _limits(channel: str, rate: int, concurrency: int) -> list[Fact]:
    return [
        (f"HEXENROLL_{channel}_RATE", _("Messages a second"), str(rate) if rate else _("as fast as it goes")),
        (f"HEXENROLL_{channel}_CONCURRENCY", _("Connections at once"), str(concurrency)),
    ]
