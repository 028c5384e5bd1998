"""What do messages say before anybody has edited them? The files beside this one, one folder a language."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from devices.vocabulary import Channel, Language

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Texts:
    """The texts of one message, with variables; `subject` and `html` are "" for an SMS."""

    subject: str
    text: str
    html: str


@cache
def shipped(channel: str, language: str) -> Texts:
    """Return the texts that hexenroll comes with.

    Args:
        channel: `email` or `sms`.
        language: of devices.vocabulary.Language.
    """
    folder = FOLDER / Language(language).value
    if channel == Channel.SMS:
        return Texts("", _read(folder / "sms.txt"), "")
    return Texts(_read(folder / "subject.txt"), _read(folder / "email.txt"), _read(folder / "email.html"))


def ensure_rows() -> None:
    """Make a row for every shipped text that has none: of all domains. Existing rows are left as they are."""
    from invitations.models import MessageTemplate  # the texts above are needed without a database, too

    there = set(MessageTemplate.objects.filter(domain=None).values_list("channel", "language"))
    for channel in (Channel.EMAIL, Channel.SMS):
        for language in Language:
            if (channel.value, language.value) not in there:
                texts = shipped(channel, language)
                MessageTemplate.objects.create(
                    channel=channel, language=language, subject=texts.subject, text=texts.text, html=texts.html
                )


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()
