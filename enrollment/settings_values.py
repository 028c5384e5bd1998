"""Which settings has Enroll > Settings, and what can each be? One class a kind of value; read by page and command."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from django.db import models
from django.db.models import Value
from django.db.models.functions import Lower
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from devices.models import DeviceUser, Domain
from devices.vocabulary import Platform

from . import exclusion_list
from .models import EnrollmentSettings
from .os_version import is_version

# Longer than any value that can be.
LONGEST: Final = 20_000
_NUMBER = re.compile(r"[0-9]{1,9}")


class SettingError(ValueError):
    """A value that a setting can't have; the text says which ones it can."""


@dataclass(frozen=True)
class Setting(ABC):
    """One setting; the name is that of the model's field, which holds its label and help."""

    name: str

    @property
    def field(self) -> "models.Field[Any, Any]":
        return cast("models.Field[Any, Any]", EnrollmentSettings._meta.get_field(self.name))

    @property
    def label(self) -> str:
        return str(capfirst(self.field.verbose_name))

    @property
    @abstractmethod
    def valid(self) -> str:
        """What it can be, for people who write it."""

    @abstractmethod
    def parse(self, text: str) -> Any:
        """Return the value that a text stands for.

        Raises:
            SettingError: it stands for none.
        """

    def plain(self, value: Any) -> Any:
        """Return a value as JSON has it: what `--json` prints and the record of changes keeps."""
        return value

    def written(self, value: Any) -> str:
        """Return a value as `parse` reads it."""
        return "" if value is None else str(value)

    def shown(self, plain: Any) -> str:
        """Return a value of `plain` for people."""
        return _("none") if plain in (None, "", [], {}) else str(plain)

    def _refuse(self) -> SettingError:
        return SettingError(_("It can be: %(valid)s.") % {"valid": self.valid})


class YesNo(Setting):
    valid = "true, false"

    def parse(self, text: str) -> bool:
        if text not in ("true", "false"):
            raise self._refuse()
        return text == "true"

    def written(self, value: Any) -> str:
        return "true" if value else "false"

    def shown(self, plain: Any) -> str:
        return _("yes") if plain else _("no")


class Word(Setting):
    @property
    def choices(self) -> dict[str, Any]:
        return dict(self.field.flatchoices)

    @property
    def valid(self) -> str:
        return ", ".join(self.choices)

    def parse(self, text: str) -> str:
        if text not in self.choices:
            raise self._refuse()
        return text

    def shown(self, plain: Any) -> str:
        return str(self.choices.get(plain, plain))


@dataclass(frozen=True)
class Number(Setting):
    """A whole number; None where it may be empty, and is."""

    lowest: int
    highest: int
    may_be_empty: bool = True

    @property
    def valid(self) -> str:
        numbers = {"lowest": self.lowest, "highest": self.highest}
        if self.may_be_empty:
            return _("a whole number from %(lowest)s to %(highest)s, or nothing") % numbers
        return _("a whole number from %(lowest)s to %(highest)s") % numbers

    def parse(self, text: str) -> int | None:
        if not text and self.may_be_empty:
            return None
        if not _NUMBER.fullmatch(text) or not self.lowest <= int(text) <= self.highest:
            raise self._refuse()
        return int(text)


class Platforms(Setting):
    @property
    def valid(self) -> str:
        return _("one or more of %(words)s, separated by commas") % {"words": ", ".join(Platform.values)}

    def parse(self, text: str) -> list[str]:
        words = [word.strip() for word in text.split(",")]
        if not set(words) <= set(Platform.values):
            raise self._refuse()
        return [word for word in Platform.values if word in words]

    def written(self, value: Any) -> str:
        return ",".join(value)

    def shown(self, plain: Any) -> str:
        return ", ".join(str(Platform(word).label) for word in plain if word in Platform.values) or super().shown(plain)


class Versions(Setting):
    """A version for each platform that has one."""

    @property
    def valid(self) -> str:
        return _("a version such as 14 or 14.5, or nothing, as %(names)s") % {
            "names": ", ".join(f"{self.name}.{platform}" for platform in Platform.values)
        }

    def parse(self, text: str) -> dict[str, str]:
        return self.cleaned(_json(text or "{}"))

    def cleaned(self, given: object) -> dict[str, str]:
        """Return the versions of platforms, those without one left out.

        Raises:
            SettingError: there is no such platform, or no such version.
        """
        if not isinstance(given, Mapping) or not set(given) <= set(Platform.values):
            raise self._refuse()
        for version in given.values():
            if not isinstance(version, str) or (version and not is_version(version)):
                raise self._refuse()
        return {platform: given[platform] for platform in Platform.values if given.get(platform)}

    def written(self, value: Any) -> str:
        return json.dumps(value)

    def shown(self, plain: Any) -> str:
        shown = [f"{Platform(platform).label} {version}" for platform, version in plain.items()]
        return ", ".join(shown) or super().shown(plain)


class Exclusions(Setting):
    @property
    def valid(self) -> str:
        return _("a JSON list of objects with %(keys)s, such as %(example)s") % {
            "keys": ", ".join(exclusion_list.KEYS),
            "example": '[{"platform": "android", "os_from": "10", "methods": ["self", "qr"]}]',
        }

    def parse(self, text: str) -> list[dict[str, Any]]:
        return self.cleaned(_json(text or "[]"))

    def cleaned(self, given: object) -> list[dict[str, Any]]:
        """Return the exclusions with all of their keys.

        Raises:
            SettingError: one of them can't be; the text names it.
        """
        try:
            return exclusion_list.cleaned(given)
        except exclusion_list.ExclusionError as error:
            if not error.number:
                raise SettingError(str(error)) from error
            text = _("Exclusion %(number)s: %(reason)s")
            raise SettingError(text % {"number": error.number, "reason": error}) from error

    def written(self, value: Any) -> str:
        return json.dumps(value)

    def shown(self, plain: Any) -> str:
        return " · ".join(exclusion_list.described(exclusion) for exclusion in plain) or super().shown(plain)


class User(Setting):
    """A device user, by e-mail address; with the domain's name in front where several domains have it."""

    @property
    def valid(self) -> str:
        return _("the e-mail address of a device user, or domain/e-mail address, or nothing")

    def parse(self, text: str) -> DeviceUser | None:
        text = text.strip()
        if not text:
            return None
        if "\x00" in text or len(text) > LONGEST:  # PostgreSQL knows no NUL
            raise self._refuse()
        users = DeviceUser.objects.select_related("domain")
        found = list(users.filter(email_key=Lower(Value(text)))[:2])
        if not found:
            domain, _slash, email = text.partition("/")
            found = list(users.filter(domain__name=domain, email_key=Lower(Value(email)))[:2]) if email else []
        if not found:
            raise SettingError(_("There is no device user with this e-mail address."))
        if len(found) > 1:
            raise SettingError(
                _("Several domains have it; write the domain's name before it, such as %(example)s.")
                % {"example": f"{Domain.LOCAL}/{text}"[:200]}
            )
        return found[0]

    def plain(self, value: Any) -> str | None:
        return f"{value.domain.name}/{value.email}" if value else None

    def written(self, value: Any) -> str:
        return self.plain(value) or ""


def _json(text: str) -> object:
    try:
        if len(text) > LONGEST:
            raise SettingError(_("It is too long."))
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise SettingError(_("It is no valid JSON.")) from error


_ALL: Final[tuple[Setting, ...]] = (
    YesNo("pre_approved_devices_only"),
    Exclusions("exclusions"),
    YesNo("require_credentials"),
    User("default_user"),
    YesNo("allow_personal"),
    YesNo("allow_corporate"),
    Word("ordinary_ownership"),
    Number("personal_limit", 0, 100_000),
    Number("corporate_limit", 0, 100_000),
    Platforms("allowed_platforms"),
    Versions("minimum_os"),
    Number("approval_days", 1, 36_500),
    Word("returning"),
    Number("retry_minutes", 0, 1_440, may_be_empty=False),
)
SETTINGS: Final[dict[str, Setting]] = {setting.name: setting for setting in _ALL}


def values_of(settings: EnrollmentSettings) -> dict[str, Any]:
    """Return the value of each setting, by name."""
    return {name: getattr(settings, name) for name in SETTINGS}


def contradictions(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with values that can't stand together, by the name of one of them.

    Args:
        values: of every setting.
    """
    if not values["allow_personal"] and not values["allow_corporate"]:
        return {"allow_personal": _("Allow personal devices, corporate devices, or both.")}
    return {}
