"""What can stand in the list of exclusions, and what is wrong with what can't? Pure; asked by settings_values.py.

An exclusion is a JSON object: `platform`; `os_from`, this version and newer ones; `methods`; `management_modes`. What
is empty or left out matches everything.
"""

from collections.abc import Collection
from typing import Any, Final

from django.utils.translation import gettext as _

from devices.vocabulary import Platform

from .methods import ManagementMode, Method
from .os_version import is_version

MOST: Final = 30
KEYS: Final = ("platform", "os_from", "methods", "management_modes")


class ExclusionError(ValueError):
    """An exclusion that can't be; the text says why and what can.

    Attributes:
        number: of the exclusion, from 1; 0: it is about the list.
        key: of KEYS, where the wrong value stands; "": it is about the whole exclusion.
    """

    def __init__(self, number: int, text: str, key: str = "") -> None:
        super().__init__(text)
        self.number, self.key = number, key


def cleaned(items: object) -> list[dict[str, Any]]:
    """Return the exclusions with all of their keys, words in one order.

    Raises:
        ExclusionError: the first thing that is wrong.
    """
    if not isinstance(items, list):
        raise ExclusionError(0, _('Write a JSON list of objects, such as [{"platform": "windows"}].'))
    if len(items) > MOST:
        raise ExclusionError(0, _("There can be at most %(most)s exclusions.") % {"most": MOST})
    found: list[dict[str, Any]] = []
    for number, item in enumerate(items, start=1):
        exclusion = _cleaned(number, item)
        if exclusion in found:
            raise ExclusionError(
                number, _("It says the same as exclusion %(other)s.") % {"other": found.index(exclusion) + 1}
            )
        found.append(exclusion)
    return found


def _cleaned(number: int, item: object) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise ExclusionError(number, _('Write a JSON object, such as {"platform": "windows"}.'))
    if unknown := sorted(str(key)[:40] for key in set(item) - set(KEYS)):
        text = _("There is no key “%(key)s”. Keys are: %(keys)s.")
        raise ExclusionError(number, text % {"key": unknown[0], "keys": ", ".join(KEYS)})
    platform, os_from = item.get("platform"), item.get("os_from", "")
    if platform not in Platform.values:
        raise ExclusionError(
            number, _("Choose its platform: %(platforms)s.") % {"platforms": ", ".join(Platform.values)}, "platform"
        )
    if os_from != "" and not (isinstance(os_from, str) and is_version(os_from)):
        raise ExclusionError(number, _("“OS version from” is a version such as 10 or 14.5, or empty."), "os_from")
    modes = _words(number, item.get("management_modes", []), ManagementMode.values)
    if modes and platform != Platform.ANDROID:
        raise ExclusionError(number, _("Only Android has management modes."), "management_modes")
    methods = _words(number, item.get("methods", []), Method.values)
    return {"platform": platform, "os_from": os_from, "methods": methods, "management_modes": modes}


def _words(number: int, given: object, words: Collection[str]) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(word, str) and word in words for word in given):
        raise ExclusionError(number, _("Write a JSON list of these words: %(words)s.") % {"words": ", ".join(words)})
    return [word for word in words if word in given]


def described(exclusion: dict[str, Any]) -> str:
    """Return an exclusion in words: `Android 10 or later; Self enrollment, QR code`."""
    platform = str(Platform(exclusion["platform"]).label)
    if exclusion.get("os_from"):
        platform = _("%(platform)s %(version)s or later") % {"platform": platform, "version": exclusion["os_from"]}
    methods = ", ".join(str(Method(word).label) for word in exclusion.get("methods", ()))
    modes = ", ".join(str(ManagementMode(word).label) for word in exclusion.get("management_modes", ()))
    return "; ".join(part for part in (platform, methods, modes) if part)
