"""Which words does the portal itself put into a message, in each language? Dates, the reason, and what to do.

The language is the message's own, whatever the one of the person who sends it, so it isn't gettext's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from devices.vocabulary import Language, Ownership, Platform


@dataclass(frozen=True)
class Wording:
    """One language.

    Attributes:
        team: who sends the message when no person's name is known; begins a sentence.
        reasons: by ownership; one sentence with {organisation}.
        steps: by platform, in order; one sentence or two each.
        qr_code: the QR code in words, with {link}; its text alternative.
        until: writes a moment, of the time zone that it carries.
    """

    team: str
    reasons: dict[str, str]
    steps: dict[str, tuple[str, ...]]
    qr_code: str
    until: Callable[[datetime], str]


def wording_of(language: str) -> Wording:
    """Return the words of a language; of one that nobody wrote any for, the English ones."""
    return WORDINGS.get(language, ENGLISH)


ENGLISH_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
GERMAN_MONTHS = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni"),
    *("Juli", "August", "September", "Oktober", "November", "Dezember"),
)


def _english_date(at: datetime) -> str:
    return f"{at.day} {ENGLISH_MONTHS[at.month - 1]} {at.year}, {at.hour:02}:{at.minute:02} {at.tzname()}"


def _german_date(at: datetime) -> str:
    return f"{at.day}. {GERMAN_MONTHS[at.month - 1]} {at.year}, {at.hour:02}:{at.minute:02} Uhr ({at.tzname()})"


# How a device enrolls is said by the page behind the link, which knows what it was opened on.
FOLLOW = "Follow the steps of the page that opens; it shows the one-time password, too."
FOLLOW_DE = "Folgen Sie den Schritten der Seite, die sich öffnet; auch das Einmalpasswort steht dort."

ENGLISH = Wording(
    team="The IT team",
    reasons={
        Ownership.CORPORATE: "The device belongs to {organisation}; enrolling it brings settings and apps for work.",
        Ownership.PERSONAL: "It is your own device; enrolling it gives it access to what you need at {organisation}.",
    },
    steps={
        Platform.ANDROID: (
            "Charge the Android device and connect it to the Internet.",
            "Open the link on that device.",
            FOLLOW,
        ),
        Platform.IOS: (
            "Charge the iPhone or iPad and connect it to the Internet.",
            "Open the link on that device, in Safari.",
            FOLLOW,
        ),
        Platform.MACOS: (
            "Connect the Mac to power and to the Internet, and sign in as someone who may administer it.",
            "Open the link on that Mac, in Safari.",
            FOLLOW,
        ),
        Platform.LINUX: (
            "Connect the computer to power and to the Internet, and sign in as someone who may administer it.",
            "Open the link on that computer.",
            FOLLOW,
        ),
        Platform.TVOS: (
            "Connect the Apple TV to power and to the Internet.",
            "Open the link on a phone or computer: an Apple TV opens no web pages.",
            FOLLOW,
        ),
        Platform.WINDOWS: (
            "Connect the computer to power and to the Internet, and sign in as someone who may administer it.",
            "Open the link on that computer.",
            FOLLOW,
        ),
    },
    qr_code="QR code of the link: {link}",
    until=_english_date,
)

GERMAN = Wording(
    team="Das IT-Team",
    reasons={
        Ownership.CORPORATE: "Das Gerät gehört {organisation}; mit der Anmeldung erhält es Einstellungen und Apps.",
        Ownership.PERSONAL: "Es ist Ihr eigenes Gerät; mit der Anmeldung erhält es Zugang zu allem, was Sie bei "
        "{organisation} brauchen.",
    },
    steps={
        Platform.ANDROID: (
            "Laden Sie das Android-Gerät und verbinden Sie es mit dem Internet.",
            "Öffnen Sie den Link auf diesem Gerät.",
            FOLLOW_DE,
        ),
        Platform.IOS: (
            "Laden Sie das iPhone oder iPad und verbinden Sie es mit dem Internet.",
            "Öffnen Sie den Link auf diesem Gerät in Safari.",
            FOLLOW_DE,
        ),
        Platform.MACOS: (
            "Verbinden Sie den Mac mit Strom und Internet. Melden Sie sich als jemand an, der ihn verwalten darf.",
            "Öffnen Sie den Link auf diesem Mac in Safari.",
            FOLLOW_DE,
        ),
        Platform.LINUX: (
            "Verbinden Sie den Rechner mit Strom und Internet. Melden Sie sich als jemand an, der ihn verwalten darf.",
            "Öffnen Sie den Link auf diesem Rechner.",
            FOLLOW_DE,
        ),
        Platform.TVOS: (
            "Verbinden Sie das Apple TV mit Strom und Internet.",
            "Öffnen Sie den Link auf einem Telefon oder Rechner: Ein Apple TV öffnet keine Webseiten.",
            FOLLOW_DE,
        ),
        Platform.WINDOWS: (
            "Verbinden Sie den Rechner mit Strom und Internet. Melden Sie sich als jemand an, der ihn verwalten darf.",
            "Öffnen Sie den Link auf diesem Rechner.",
            FOLLOW_DE,
        ),
    },
    qr_code="QR-Code des Links: {link}",
    until=_german_date,
)

WORDINGS: dict[str, Wording] = {Language.ENGLISH: ENGLISH, Language.GERMAN: GERMAN}
