"""Which steps of Apple's Setup Assistant can an enrollment profile skip, on which systems, and what are they in words?

Free of models. Apple's list, as of November 2026: https://developer.apple.com/documentation/devicemanagement/skipkeys
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class System(StrEnum):
    """An operating system of Apple's, as it is written."""

    IOS = "iOS"
    MACOS = "macOS"
    TVOS = "tvOS"
    VISIONOS = "visionOS"


IOS, MACOS, TVOS, VISIONOS = System


@dataclass(frozen=True)
class SkipKey:
    """A step of the Setup Assistant.

    Attributes:
        key: Apple's name for it, as it stands in `skip_setup_items`.
        label: what the step is about.
        since: the version of each system from which on the step can be skipped.
        until: the version of each system from which on there is no such step any more.
        note: what follows from skipping it.
    """

    key: str
    label: str | Promise
    since: Mapping[System, str]
    note: str | Promise = ""
    until: Mapping[System, str] = field(default_factory=dict)

    @property
    def versions(self) -> str:
        """The systems with the versions, such as `iOS 17.1, macOS 14`; `iOS 26–27` where it has ended."""
        return ", ".join(
            f"{system} {since}" + (f"–{self.until[system]}" if system in self.until else "")
            for system, since in self.since.items()
        )

    @property
    def has_ended(self) -> bool:
        """Whether no current system of those that the portal knows has this step."""
        return bool(self.until) and set(self.since) <= {*self.until, VISIONOS}


_MAYBE_EARLIER: Final = _("May be asked nevertheless: it can come before the device knows its profile.")

SKIP_KEYS: Final[tuple[SkipKey, ...]] = (
    # --- iPhone, iPad, Mac and Apple TV ---
    SkipKey(
        "AppleID",
        _("Apple Account"),
        {IOS: "7", MACOS: "10.9", TVOS: "10.2", VISIONOS: "26"},
        _("Nobody is asked to sign in to iCloud."),
    ),
    SkipKey("TOS", _("Terms and conditions"), {IOS: "7", MACOS: "10.9", TVOS: "10.2", VISIONOS: "26"}),
    SkipKey("Privacy", _("Data and privacy"), {IOS: "11.3", MACOS: "10.13.4", TVOS: "11.3", VISIONOS: "26"}),
    SkipKey(
        "Location",
        _("Location services"),
        {IOS: "7", MACOS: "10.11", TVOS: "10.2", VISIONOS: "26"},
        _("Skipped, they are off."),
    ),
    SkipKey("Siri", _("Siri"), {IOS: "7", MACOS: "10.12", TVOS: "10.2", VISIONOS: "26"}, _("Skipped, it is off.")),
    SkipKey(
        "Diagnostics",
        _("Sharing analytics with Apple"),
        {IOS: "7", MACOS: "10.9", TVOS: "10.2", VISIONOS: "26"},
        _("Skipped, nothing is shared."),
    ),
    # --- iPhone, iPad and Mac ---
    SkipKey(
        "Passcode",
        _("Passcode"),
        {IOS: "7", MACOS: "10.9", VISIONOS: "26"},
        _("Skipped, there is none until a policy demands it."),
    ),
    SkipKey("Biometric", _("Touch ID and Face ID"), {IOS: "8.1", MACOS: "10.12.4", VISIONOS: "26"}),
    SkipKey("Payment", _("Apple Pay"), {IOS: "8.1", MACOS: "10.12.4", VISIONOS: "26"}),
    SkipKey("Restore", _("Restoring from a backup"), {IOS: "7", MACOS: "10.9"}),
    SkipKey("ScreenTime", _("Screen Time"), {IOS: "12", MACOS: "10.15", VISIONOS: "26"}),
    SkipKey("Intelligence", _("Apple Intelligence"), {IOS: "18", MACOS: "15", VISIONOS: "26"}),
    SkipKey("EnableLockdownMode", _("Lockdown Mode"), {IOS: "17.1", MACOS: "14"}),
    SkipKey("Appearance", _("Light or dark appearance"), {IOS: "13", MACOS: "10.14"}),
    SkipKey("LiquidGlass", _("Liquid Glass"), {IOS: "27", MACOS: "27"}),
    SkipKey("AppStore", _("App Store"), {IOS: "14.3", MACOS: "11.1"}),
    SkipKey("SoftwareUpdate", _("Software update"), {IOS: "12", MACOS: "15.4", VISIONOS: "26"}),
    SkipKey("UpdateCompleted", _("Software update completed"), {IOS: "14", MACOS: "26.1"}),
    SkipKey("TermsOfAddress", _("How to be addressed"), {IOS: "16", MACOS: "13"}, _MAYBE_EARLIER),
    SkipKey("Welcome", _("Get Started"), {IOS: "13", MACOS: "15", VISIONOS: "26"}),
    # --- iPhone and iPad ---
    SkipKey("Android", _("Moving data from Android"), {IOS: "9"}, _("Matters where restoring is not skipped.")),
    SkipKey("DeviceToDeviceMigration", _("Moving data from another iPhone or iPad"), {IOS: "12.4"}),
    SkipKey("RestoreCompleted", _("Restoring completed"), {IOS: "14"}),
    SkipKey("WatchMigration", _("Moving an Apple Watch"), {IOS: "11"}),
    SkipKey("SIMSetup", _("Adding a cellular plan"), {IOS: "12"}, _("Skipped, no eSIM is set up by itself.")),
    SkipKey("iMessageAndFaceTime", _("iMessage and FaceTime"), {IOS: "12"}),
    SkipKey("MessagingActivationUsingPhoneNumber", _("iMessage with the phone number"), {IOS: "10"}),
    SkipKey("Safety", _("Safety and emergency calls"), {IOS: "16"}),
    SkipKey("SafetyAndHandling", _("Safety and handling of the device"), {IOS: "18.4"}, _MAYBE_EARLIER),
    SkipKey("ActionButton", _("Action button"), {IOS: "17"}),
    SkipKey("CameraButton", _("Camera Control"), {IOS: "18"}),
    SkipKey("Multitasking", _("Multitasking"), {IOS: "26"}),
    SkipKey("DeviceFeaturesTour", _("Tour of the device's features"), {IOS: "27"}),
    SkipKey("Keyboard", _("Keyboard"), {IOS: "13"}, _MAYBE_EARLIER),
    SkipKey("SpokenLanguage", _("Dictation"), {IOS: "13"}, _MAYBE_EARLIER),
    SkipKey("AccessibilityAppearance", _("Accessibility and appearance"), {IOS: "17"}, _MAYBE_EARLIER),
    # --- Mac ---
    SkipKey("FileVault", _("FileVault"), {MACOS: "10.10"}),
    SkipKey("iCloudStorage", _("Documents and desktop in iCloud"), {MACOS: "10.13.4"}),
    SkipKey("iCloudDiagnostics", _("Sharing iCloud analytics with Apple"), {MACOS: "10.12.4"}),
    SkipKey("UnlockWithWatch", _("Unlocking with Apple Watch"), {MACOS: "15"}),
    SkipKey(
        "Accessibility",
        _("Accessibility"),
        {MACOS: "11"},
        _("Skipped for further users of the Mac; the first one is asked."),
    ),
    # --- Apple TV ---
    SkipKey(
        "TapToSetup", _("Setting up with an iPhone or iPad"), {TVOS: "10.2"}, _("It comes before Wi-Fi is set up.")
    ),
    SkipKey("TVProviderSignIn", _("TV provider"), {TVOS: "11"}),
    SkipKey("TVHomeScreenSync", _("Same home screen on each Apple TV"), {TVOS: "11"}),
    SkipKey("TVRoom", _("Room of the Apple TV"), {TVOS: "11.4"}),
    SkipKey("ScreenSaver", _("Screen saver"), {TVOS: "10.2"}),
    # --- Apple Vision Pro ---
    SkipKey("Tips", _("Tips"), {VISIONOS: "26"}),
    # --- older systems only ---
    SkipKey("OSShowcase", _("What is new in the system"), {IOS: "26", MACOS: "26.1"}, until={IOS: "27", MACOS: "27"}),
    SkipKey("WebContentFiltering", _("Web content filter"), {IOS: "18.2"}, until={IOS: "26.1"}),
    SkipKey("Wallpaper", _("Wallpaper"), {MACOS: "14.1"}, until={MACOS: "26"}),
    SkipKey("Zoom", _("Display zoom"), {IOS: "8.3", VISIONOS: "26"}, until={IOS: "17"}),
    SkipKey("DisplayTone", _("True Tone"), {IOS: "9.3.2", MACOS: "10.13.6"}, until={IOS: "15", MACOS: "12"}),
    SkipKey("HomeButtonSensitivity", _("Sensitivity of the home button"), {IOS: "10"}, until={IOS: "15"}),
    SkipKey("OnBoarding", _("How to use iPhone and iPad"), {IOS: "11"}, until={IOS: "14"}),
)
KNOWN: Final[frozenset[str]] = frozenset(step.key for step in SKIP_KEYS)

_TITLES: Final[tuple[tuple[str, str | Promise, frozenset[System]], ...]] = (
    ("all", _("iPhone, iPad, Mac and Apple TV"), frozenset({IOS, MACOS, TVOS})),
    ("ios-macos", _("iPhone, iPad and Mac"), frozenset({IOS, MACOS})),
    ("ios", _("iPhone and iPad"), frozenset({IOS})),
    ("macos", _("Mac"), frozenset({MACOS})),
    ("tvos", _("Apple TV"), frozenset({TVOS})),
    ("visionos", _("Apple Vision Pro"), frozenset()),
)


@dataclass(frozen=True)
class Group:
    """Steps that the same devices have, under a title."""

    name: str
    title: str | Promise
    steps: tuple[SkipKey, ...]


def groups() -> tuple[Group, ...]:
    """Return all steps, grouped by the devices that have them; those of older systems at the end."""
    current = [step for step in SKIP_KEYS if not step.has_ended]
    found = [
        Group(name, title, tuple(step for step in current if set(step.since) - {VISIONOS} == systems))
        for name, title, systems in _TITLES
    ]
    ended = tuple(step for step in SKIP_KEYS if step.has_ended)
    return (*found, Group("older", _("Only older systems"), ended))
