"""How is Enroll > Settings changed? One at a time, all or nothing, and remembered. Called by page and command."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from .models import EnrollmentSettings, SettingsChange
from .settings_values import SETTINGS, Setting

# Stands for who changed them where nobody signed in.
COMMAND = "manage.py"


class ChangedMeanwhileError(Exception):
    """Somebody else saved the settings since they were looked at."""


@dataclass(frozen=True)
class Difference:
    """A setting that changes. `before` and `after` are values as JSON has them."""

    setting: Setting
    before: Any
    after: Any

    @property
    def shown_before(self) -> str:
        return self.setting.shown(self.before)

    @property
    def shown_after(self) -> str:
        return self.setting.shown(self.after)


def version_of(settings: EnrollmentSettings) -> str:
    """Return what is another text after each change."""
    return settings.updated_at.isoformat()


def differences(settings: EnrollmentSettings, values: Mapping[str, Any]) -> list[Difference]:
    """Return what `values`, by name of the setting, would change."""
    pairs = [
        Difference(SETTINGS[name], SETTINGS[name].plain(getattr(settings, name)), SETTINGS[name].plain(value))
        for name, value in values.items()
    ]
    return [pair for pair in pairs if pair.before != pair.after]


def proposed(settings: EnrollmentSettings, values: Mapping[str, Any]) -> EnrollmentSettings:
    """Return the settings as they would be with `values`; saves nothing."""
    changed = copy.copy(settings)
    for name, value in values.items():
        setattr(changed, name, value)
    return changed


def change(values: Mapping[str, Any], *, by: User | None = None, seen: str | None = None) -> list[Difference]:
    """Save `values`, by name of the setting, and remember who changed what.

    Args:
        values: checked by settings_values.py.
        by: who changes them; None: the command.
        seen: `version_of` the settings that were looked at; None: it doesn't matter.

    Returns:
        What changed; without a difference nothing is saved.

    Raises:
        ChangedMeanwhileError: they are not the ones of `seen` any more.
    """
    EnrollmentSettings.objects.current()  # there is a row to lock
    with transaction.atomic():
        settings = EnrollmentSettings.objects.select_for_update().get(pk=EnrollmentSettings.THE_ROW)
        if seen is not None and version_of(settings) != seen:
            raise ChangedMeanwhileError
        found = differences(settings, values)
        if found:
            proposed(settings, values).save()
            SettingsChange.objects.create(
                by=by,
                by_name=by.get_username() if by else COMMAND,
                before={pair.setting.name: pair.before for pair in found},
                after={pair.setting.name: pair.after for pair in found},
            )
    return found


def remembered(saved: SettingsChange) -> list[Difference]:
    """Return what a saving changed, as it was remembered; settings that there aren't any more are left out."""
    return [
        Difference(SETTINGS[name], saved.before.get(name), after)
        for name, after in saved.after.items()
        if name in SETTINGS
    ]
