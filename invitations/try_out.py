"""Does a message arrive, and how does it look there? One test message to oneself, from the editor of the texts."""

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from phonenumber_field.phonenumber import to_python

from devices.vocabulary import Channel

from .channels import open_channel
from .channels.outcome import DoubtError, NotSentError
from .messages.preview import sample_message
from .messages.rendering import TextError
from .messages.shipped import Texts
from .messages.text_rules import problems_of


class TryOutError(Exception):
    """No test message was sent; the text says why and what to do."""


def send_to_oneself(texts: Texts, channel: str, language: str, person: User, number: str = "") -> str:
    """Send a test message with a sample link and password, at once, by the channel that invitations go by.

    Args:
        texts: of the message; they need not be saved.
        channel: `email` or `sms`.
        language: of the message.
        person: whose e-mail address gets the mail.
        number: gets the SMS; as typed, with country code.

    Returns:
        The recipient.

    Raises:
        TryOutError: the texts have errors, there is no recipient, or the channel did not take the message.
    """
    problems = problems_of(texts, channel, language)
    if problems:
        raise TryOutError(" ".join(problem.message for problem in problems.values()))
    recipient = _number(number) if channel == Channel.SMS else person.email
    if not recipient:
        raise TryOutError(_("Your account has no e-mail address. Enter one under Admin > Administrators."))
    try:
        message = sample_message(texts, channel, language, recipient, person)
        with open_channel(channel) as opened:
            opened.send(message)
    except TextError as error:
        raise TryOutError(error.message) from error
    except (NotSentError, DoubtError) as error:
        raise TryOutError(str(error)) from error
    return recipient


def _number(typed: str) -> str:
    """Return a phone number as E.164; raises TryOutError for anything else."""
    number = to_python(typed.strip()) if len(typed) < 64 else None
    if not number or not number.is_valid():
        raise TryOutError(_("Enter a phone number with its country code, such as +49 170 1234567."))
    return str(number.as_e164)
