"""How is Enroll > Settings shown and changed without a browser?

Exit status: 0 done; 2 wrong usage: an unknown name or value, and nothing was changed.
"""

import json
import sys
from argparse import ArgumentParser
from io import TextIOWrapper
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from devices.vocabulary import Platform
from enrollment.forecast import Forecast, forecast
from enrollment.models import EnrollmentSettings
from enrollment.settings_change import change, proposed
from enrollment.settings_values import SETTINGS, SettingError, Versions, contradictions, values_of

USAGE = 2


class UsageError(Exception):
    """An argument that means nothing; the text says which ones do."""


class Command(BaseCommand):
    help = _("Show or change Enroll > Settings. NAME.PLATFORM=VERSION changes one version of minimum_os.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "changes", metavar="NAME=VALUE", nargs="*", help=_("For example pre_approved_devices_only=true.")
        )
        parser.add_argument(
            "--dry-run", action="store_true", help=_("Change nothing; say whom on the list the change would refuse.")
        )
        parser.add_argument("--json", action="store_true", help=_("Print all settings as one JSON object."))

    def handle(self, *args: Any, **options: Any) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):  # a terminal that lacks a character gets its number
                stream.reconfigure(errors="backslashreplace")
        settings = EnrollmentSettings.objects.current()
        try:
            values = parsed(options["changes"], settings)
        except UsageError as error:
            self.stderr.write(str(error))
            sys.exit(USAGE)
        expected = forecast(settings.rules, proposed(settings, values).rules) if values else None
        if values and not options["dry_run"]:
            change(values)
            settings = EnrollmentSettings.objects.current()
        else:
            settings = proposed(settings, values)
        self._print(settings, as_json=options["json"])
        if expected:
            self._warn(expected)

    def _print(self, settings: EnrollmentSettings, *, as_json: bool) -> None:
        values = values_of(settings)
        if as_json:
            self.stdout.write(json.dumps({name: SETTINGS[name].plain(value) for name, value in values.items()}))
            return
        for name, value in values.items():
            self.stdout.write(f"{name}={SETTINGS[name].written(value)}")

    def _warn(self, expected: Forecast) -> None:
        """Say what the change refuses; on standard error, beside the settings that a script reads."""
        if expected.refused:
            self.stderr.write(
                _("Devices on the list that could come in before, and can't now: %(number)s")
                % {"number": expected.refused}
            )
        if expected.at_risk:
            self.stderr.write(
                _("Devices on the list that can't with some OS versions, or by some ways of enrolling: %(number)s")
                % {"number": expected.at_risk}
            )


def parsed(arguments: list[str], settings: EnrollmentSettings) -> dict[str, Any]:
    """Return the values that NAME=VALUE arguments give settings, by name.

    Raises:
        UsageError: one of them means nothing, or they contradict one another or the other settings.
    """
    values: dict[str, Any] = {}
    for argument in arguments:
        name, sign, text = argument.partition("=")
        name, dot, platform = name.partition(".")
        setting = SETTINGS.get(name)
        if setting is None or not sign or (dot and platform not in Platform.values):
            raise UsageError(_not_one(argument))
        try:
            if isinstance(setting, Versions) and dot:
                versions = values.get(name, getattr(settings, name))
                values[name] = setting.cleaned({**versions, platform: text})
            elif dot:
                raise UsageError(_not_one(argument))
            else:
                values[name] = setting.parse(text)
        except SettingError as error:
            raise UsageError(f"{argument[:200]}: {error}\n  {_valid(name)}") from error
    for name, text in contradictions({**values_of(settings), **values}).items():
        raise UsageError(f"{name}: {text}")
    return values


def _not_one(argument: str) -> str:
    listed = "\n".join(f"  {_valid(name)}" for name in SETTINGS)
    return _("“%(argument)s” is no setting. Write NAME=VALUE with one of these:\n%(list)s") % {
        "argument": argument[:200],
        "list": listed,
    }


def _valid(name: str) -> str:
    return f"{name}: {SETTINGS[name].valid}"
