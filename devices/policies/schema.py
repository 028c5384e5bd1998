"""What may a policy say? The sections of its settings and the fields of its apps, as data; and what is wrong with one.

Free of models. The form's help and docs/policies.md are made from, or tested against, what stands here.
"""

import json
from itertools import islice
from typing import Any, Final

from cryptography import x509
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .kinds import Choice, Entries, Flag, Free, Number, Problem, Secret, Section, Text

MAX_BYTES: Final = 256 * 1024  # of the settings, and of the apps, as JSON
MAX_SHOWN: Final = 20  # problems

PASSCODE = Section(
    {
        "required": Flag(gettext_lazy("Whether the device must have a passcode.")),
        "min_length": Number(1, 64, gettext_lazy("Fewest characters.")),
        "alphanumeric": Flag(gettext_lazy("Whether it must hold a letter and a digit.")),
        "max_age_days": Number(1, 730, gettext_lazy("Days until it must be changed.")),
        "history": Number(1, 50, gettext_lazy("How many earlier passcodes can't be used again.")),
        "max_failed_attempts": Number(2, 20, gettext_lazy("Wrong passcodes until the device erases or locks itself.")),
        "lock_after_minutes": Number(0, 60, gettext_lazy("Minutes without use until the screen locks.")),
    },
    help=gettext_lazy("What a passcode must be like."),
)
RESTRICTIONS = Section(
    {
        "camera": Flag(gettext_lazy("Whether the camera can be used.")),
        "screen_capture": Flag(gettext_lazy("Whether the screen can be recorded.")),
        "app_installation": Flag(gettext_lazy("Whether the user can install apps.")),
        "app_removal": Flag(gettext_lazy("Whether the user can remove apps.")),
        "bluetooth": Flag(gettext_lazy("Whether Bluetooth can be used.")),
        "tethering": Flag(gettext_lazy("Whether the device can share its connection.")),
        "usb_storage": Flag(gettext_lazy("Whether disks can be attached.")),
        "cloud_backup": Flag(gettext_lazy("Whether it can back up to its maker's cloud.")),
        "factory_reset": Flag(gettext_lazy("Whether the user can erase it.")),
        "account_changes": Flag(gettext_lazy("Whether the user can add and remove accounts.")),
        "encryption_required": Flag(gettext_lazy("Whether its storage must be encrypted.")),
        "single_app": Text(gettext_lazy("The one app that it shows, by its identifier."), 200),
    },
    help=gettext_lazy("What can be done on the device. false: it can't be."),
)
_NAME = Text(gettext_lazy("What it is known by."))
WIFI = Entries(
    Section(
        {
            "ssid": Text(gettext_lazy("The network's name."), 32),
            "security": Choice(("open", "wpa2", "wpa3", "wpa2_enterprise", "wpa3_enterprise")),
            "password": Secret(gettext_lazy("Its key."), 63),
            "hidden": Flag(gettext_lazy("Whether the network doesn't say its name.")),
            "auto_join": Flag(gettext_lazy("Whether the device connects by itself.")),
            "username": Text(gettext_lazy("For an enterprise network.")),
            "certificate": Text(gettext_lazy("The name of the certificate that the network is known by.")),
        },
        frozenset({"ssid", "security"}),
    ),
    key="ssid",
    help=gettext_lazy("Networks that the device knows."),
)
VPN = Entries(
    Section(
        {
            "name": _NAME,
            "type": Choice(("ikev2", "ipsec", "l2tp", "openvpn", "wireguard")),
            "server": Text(
                gettext_lazy("Host name or address, with a port where it needs one."),
                255,
                r"[A-Za-z0-9._:\[\]-]+",
                gettext_lazy("a host name or address without https://"),
            ),
            "username": Text(gettext_lazy("The account.")),
            "password": Secret(gettext_lazy("Of the account.")),
            "shared_secret": Secret(gettext_lazy("Of all who use it.")),
            "certificate": Text(gettext_lazy("The name of the certificate that the server is known by.")),
            "on_demand": Flag(gettext_lazy("Whether the device connects by itself.")),
        },
        frozenset({"name", "type", "server"}),
    ),
    key="name",
    help=gettext_lazy("Ways into the organisation's network."),
)


class Certificate(Text):
    """A certificate in PEM, without a key."""

    def problems(self, value: Any, path: str) -> Any:
        try:
            if not isinstance(value, str) or "PRIVATE KEY" in value:
                raise ValueError("a private key, or no text")
            x509.load_pem_x509_certificates(value.encode())
        except ValueError:
            yield self.wrong(path)

    @property
    def rule(self) -> str:
        return _("a certificate in PEM, from -----BEGIN CERTIFICATE----- on, without a private key")


CERTIFICATES = Entries(
    Section(
        {"name": _NAME, "pem": Certificate(gettext_lazy("The certificate.")), "trusted": Flag(gettext_lazy("A root."))},
        frozenset({"name", "pem"}),
    ),
    key="name",
    help=gettext_lazy("Certificates that the device keeps."),
)
SETTINGS = Section(
    {
        "passcode": PASSCODE,
        "restrictions": RESTRICTIONS,
        "wifi": WIFI,
        "vpn": VPN,
        "certificates": CERTIFICATES,
        "custom": Free(gettext_lazy("Whatever your agents understand; handed out as it is.")),
    }
)
SOURCES = ("app_store", "play_store", "flatpak", "snap", "package", "homebrew", "url")
APPS = Entries(
    Section(
        {
            "identifier": Text(
                gettext_lazy("As its source knows it, such as com.example.crm."), 255, r"[^\s\x00-\x1f]+"
            ),
            "name": Text(gettext_lazy("For people.")),
            "source": Choice(SOURCES, gettext_lazy("Where it comes from.")),
            "url": Text(
                gettext_lazy("With the source url."), 2_000, r"https://\S+", gettext_lazy("an https:// address")
            ),
            "version": Text(gettext_lazy("If it must be this one."), 64),
            "install": Choice(("required", "optional"), gettext_lazy("required: it is put on the device.")),
        },
        frozenset({"identifier", "source", "install"}),
    ),
    key="identifier",
    most=500,
)


def problems_of_settings(settings: Any) -> list[Problem]:
    """Return what is wrong with the settings of a policy (a value from JSON), the first MAX_SHOWN of it."""
    if too_large := _too_large(settings):
        return [too_large]
    found = islice(SETTINGS.problems(settings, ""), MAX_SHOWN)
    hint = _("What is no setting of hexenroll goes into “custom”.")
    return [
        Problem(problem.path, problem.code, f"{problem.message} {hint}")
        if problem.code == "unknown" and "." not in problem.path
        else problem
        for problem in found
    ]


def problems_of_apps(apps: Any) -> list[Problem]:
    """Return what is wrong with the apps of a policy (a value from JSON), the first MAX_SHOWN of it."""
    if too_large := _too_large(apps):
        return [too_large]
    found = list(islice(APPS.problems(apps, "apps"), MAX_SHOWN))
    for number, app in enumerate(apps if not found else (), 1):
        place = f"apps[{number}]"
        if app["source"] == "url" and "url" not in app:
            text = _("%(path)s: “%(name)s” is missing. Add it.") % {"path": place, "name": "url"}
            found.append(Problem(place, "missing", text))
    return found[:MAX_SHOWN]


def _too_large(value: Any) -> Problem | None:
    if len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) <= MAX_BYTES:
        return None
    return Problem("", "size", _("This is too large: at most %(size)d KiB.") % {"size": MAX_BYTES // 1024})
