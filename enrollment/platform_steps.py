"""What does a person do on a device of each platform to enroll it? Shown by invitation_page.py, in its language.

Whole sentences for each platform, as no sentence can be put together from the name of a device in every language.
"""

import shlex
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from devices.vocabulary import Platform

from .eligibility import Exclusion


@dataclass(frozen=True)
class PlatformWords:
    """The sentences about one platform.

    Attributes:
        name: what people call such a device.
        looks_like: the page was opened on one.
        open_there: the invitation is for one, and the page is open on something else.
        serial_number: step 1, where to compare the serial number.
        connect: step 2.
        limit: why it may be refused although it is on the list (MISSION.md, section 2); None: it is not.
    """

    name: str | Promise
    looks_like: str | Promise
    open_there: str | Promise
    serial_number: str | Promise
    connect: str | Promise
    limit: str | Promise | None = None


WORDS: Final[dict[Platform, PlatformWords]] = {
    Platform.ANDROID: PlatformWords(
        name=_("Android device"),
        looks_like=_("This looks like an Android device."),
        open_there=_("The invitation is for an Android device. Open this page on that device itself."),
        serial_number=_("Compare the serial number: it is in Settings > About phone, or About tablet."),
        connect=_("Charge the device and connect it to the Internet."),
        limit=_(
            "Android 10 and later hide the serial number from an enrollment by a link. If your organisation lets in "
            "listed devices only, this one may be refused. Nothing is wrong with it then: ask your IT department."
        ),
    ),
    Platform.IOS: PlatformWords(
        name=_("iPhone or iPad"),
        looks_like=_("This looks like an iPhone or iPad."),
        open_there=_("The invitation is for an iPhone or iPad. Open this page on that device itself."),
        serial_number=_("Compare the serial number: it is in Settings > General > About."),
        connect=_("Charge the device and connect it to the Internet."),
    ),
    Platform.MACOS: PlatformWords(
        name=_("Mac"),
        looks_like=_("This looks like a Mac."),
        open_there=_("The invitation is for a Mac. Open this page on the Mac itself."),
        serial_number=_("Compare the serial number: choose About This Mac in the Apple menu."),
        connect=_("Connect the Mac to power and to the Internet, and sign in as someone who may administer it."),
    ),
    Platform.LINUX: PlatformWords(
        name=_("Linux computer"),
        looks_like=_("This looks like a Linux computer."),
        open_there=_("The invitation is for a Linux computer. Open this page on that computer itself."),
        serial_number=_("Compare the serial number: “sudo dmidecode -s system-serial-number” in a terminal prints it."),
        connect=_("Connect the computer to power and to the Internet, and sign in as someone who may administer it."),
    ),
    Platform.TVOS: PlatformWords(
        name=_("Apple TV"),
        looks_like=_("This looks like an Apple TV."),
        open_there=_(
            "The invitation is for an Apple TV, which opens no web pages. Keep this page open here meanwhile."
        ),
        serial_number=_("Compare the serial number: on the Apple TV it is in Settings > General > About."),
        connect=_("Connect the Apple TV to power and to the Internet."),
    ),
    Platform.WINDOWS: PlatformWords(
        name=_("Windows computer"),
        looks_like=_("This looks like a Windows computer."),
        open_there=_("The invitation is for a Windows computer. Open this page on that computer itself."),
        serial_number=_(
            "Compare the serial number: “(Get-CimInstance Win32_BIOS).SerialNumber” in PowerShell prints it."
        ),
        connect=_("Connect the computer to power and to the Internet, and sign in as someone who may administer it."),
        limit=_(
            "A Windows computer can't be recognised by its serial number. If your organisation lets in listed devices "
            "only, it may be refused. Nothing is wrong with it then: ask your IT department."
        ),
    ),
}
# Where the agent runs (docs/agent.md): a command does the rest.
AGENT_PLATFORMS: Final = frozenset({Platform.LINUX, Platform.MACOS})
TERMINAL: Final[dict[Platform, str | Promise]] = {
    Platform.LINUX: _("Open a terminal, paste the command below and press Enter."),
    Platform.MACOS: _("Open the program Terminal, paste the command below and press Return."),
}
PASSWORD = _(
    "You are asked for the password of your own account on this computer: its serial number is hidden without."
)
DONE: Final[dict[Platform, str | Promise]] = {
    Platform.LINUX: _("The computer is enrolled when you read “Enrolled in”, and your policies below it."),
    Platform.MACOS: _(
        "The Mac is enrolled when you read “Enrolled in”, and your policies below it. If it offers to install the "
        "command line developer tools first, agree, and paste the command again afterwards."
    ),
}
START = _("Start the enrollment the way your IT department has told you to.")
ENTER = _("When you are asked for them, enter what stands below, or give the address of this page.")


def steps(platform: Platform) -> list[str | Promise]:
    """Return what to do on a device of this platform, in order."""
    words = WORDS[platform]
    if platform in AGENT_PLATFORMS:
        return [words.serial_number, words.connect, TERMINAL[platform], PASSWORD, DONE[platform]]
    return [words.serial_number, words.connect, START, ENTER]


def agent_command(platform: Platform, server: str, agent: str, token: str) -> str:
    """Return the line that fetches the agent and enrolls the computer; "" where the agent doesn't run.

    Args:
        platform: whose steps are shown.
        server: the portal's address.
        agent: the agent's path in it.
        token: of the invitation's link.
    """
    if platform not in AGENT_PLATFORMS:
        return ""
    file = agent.rpartition("/")[2]
    # Joined by "=": a token may begin with "-", and would be taken for an option.
    words = ["sudo", "python3", file, "enroll", "--server", server, f"--token={token}", "--install-service"]
    if server.startswith("http:"):
        words.append("--allow-http")  # a portal that is tried out: the link itself came unencrypted
    return f"{shlex.join(['curl', '-fsS', '-o', file, server + agent])} && {shlex.join(words)}"


def limit_of(
    platform: Platform, android_version: int | None, exclusions: Collection[Exclusion]
) -> str | Promise | None:
    """Return why such a device may be refused although it is on the list; None: it won't be for this.

    Args:
        platform: of the device that the invitation is for.
        android_version: of that device, where its browser told it; None: not known.
        exclusions: of Enroll > Settings; a platform that is in none of them is recognised there.
    """
    if all(exclusion.platform != platform for exclusion in exclusions):
        return None
    if platform == Platform.ANDROID and android_version is not None and android_version < 10:
        return None
    return WORDS[platform].limit


def offered_platforms(own: Platform, excluded: Collection[str]) -> list[Platform]:
    """Return the platforms whose steps can be chosen: those that aren't excluded altogether, and the device's own."""
    return [platform for platform in Platform if platform == own or platform not in excluded]
