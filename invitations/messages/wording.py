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


ENGLISH = Wording(
    team="The IT team",
    reasons={
        Ownership.CORPORATE: "The device belongs to {organisation}; enrolling it brings settings and apps for work.",
        Ownership.PERSONAL: "It is your own device; enrolling it gives it access to what you need at {organisation}.",
    },
    steps={
        Platform.ANDROID: (
            "Open the link on the Android device, in Chrome.",
            "Install the app that the page names, and allow what it asks for.",
            "Enter the one-time password when you are asked for it.",
        ),
        Platform.IOS: (
            "Open the link on the iPhone or iPad, in Safari.",
            "Allow the download of the profile.",
            "Open Settings, tap “Profile Downloaded”, then “Install”.",
            "Enter the one-time password when you are asked for it.",
        ),
        Platform.MACOS: (
            "Open the link on the Mac, in Safari, and download the profile.",
            "Open System Settings, then General > Device Management (before macOS 15: Privacy & Security > Profiles).",
            "Double-click the downloaded profile and choose “Install”.",
            "Enter the one-time password when you are asked for it.",
        ),
        Platform.LINUX: (
            "Open the link on the Linux computer.",
            "Run the command that the page shows, in a terminal.",
            "Enter the one-time password when you are asked for it.",
        ),
        Platform.TVOS: (
            "An Apple TV has no browser: open the link on a phone or computer.",
            "Follow the page's steps with the remote control at hand.",
            "Enter the one-time password when you are asked for it.",
        ),
        Platform.WINDOWS: (
            "Open the link on the Windows computer.",
            "Open Settings > Accounts > Access work or school, and choose “Enroll only in device management”.",
            "Enter your e-mail address, and the one-time password when you are asked for it.",
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
            "Öffnen Sie den Link auf dem Android-Gerät in Chrome.",
            "Installieren Sie die App, die die Seite nennt, und erlauben Sie, worum sie bittet.",
            "Geben Sie das Einmalpasswort ein, wenn danach gefragt wird.",
        ),
        Platform.IOS: (
            "Öffnen Sie den Link auf dem iPhone oder iPad in Safari.",
            "Erlauben Sie, dass das Profil geladen wird.",
            "Öffnen Sie die Einstellungen, tippen Sie auf „Profil geladen“ und dann auf „Installieren“.",
            "Geben Sie das Einmalpasswort ein, wenn danach gefragt wird.",
        ),
        Platform.MACOS: (
            "Öffnen Sie den Link auf dem Mac in Safari und laden Sie das Profil.",
            "Öffnen Sie die Systemeinstellungen, dann Allgemein > Geräteverwaltung (vor macOS 15: Datenschutz & "
            "Sicherheit > Profile).",
            "Klicken Sie doppelt auf das geladene Profil und wählen Sie „Installieren“.",
            "Geben Sie das Einmalpasswort ein, wenn danach gefragt wird.",
        ),
        Platform.LINUX: (
            "Öffnen Sie den Link auf dem Linux-Rechner.",
            "Führen Sie den Befehl, den die Seite zeigt, in einem Terminal aus.",
            "Geben Sie das Einmalpasswort ein, wenn danach gefragt wird.",
        ),
        Platform.TVOS: (
            "Ein Apple TV hat keinen Browser: Öffnen Sie den Link auf einem Telefon oder Rechner.",
            "Folgen Sie den Schritten der Seite mit der Fernbedienung in der Hand.",
            "Geben Sie das Einmalpasswort ein, wenn danach gefragt wird.",
        ),
        Platform.WINDOWS: (
            "Öffnen Sie den Link auf dem Windows-Rechner.",
            "Öffnen Sie Einstellungen > Konten > Auf Arbeits- oder Schulkonto zugreifen und wählen Sie „Nur bei der "
            "Geräteverwaltung registrieren“.",
            "Geben Sie Ihre E-Mail-Adresse ein, und das Einmalpasswort, wenn danach gefragt wird.",
        ),
    },
    qr_code="QR-Code des Links: {link}",
    until=_german_date,
)

WORDINGS: dict[str, Wording] = {Language.ENGLISH: ENGLISH, Language.GERMAN: GERMAN}
