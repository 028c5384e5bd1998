"""What was typed on the page Enroll > Settings, and what is wrong with it? Read by settings_page.py alone.

Texts stay as they were typed, right or wrong, so that the page can show them again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import QueryDict

from devices.vocabulary import Platform
from enrollment import exclusion_list
from enrollment.methods import ManagementMode, Method
from enrollment.settings_values import (
    LONGEST,
    SETTINGS,
    Exclusions,
    Platforms,
    SettingError,
    Versions,
    YesNo,
    contradictions,
)

# `exclusion-3-platform`; the numbers only keep the parts of an exclusion together.
_EXCLUSION: Final = re.compile(r"exclusion-([0-9]{1,4})-platform")


@dataclass
class ExclusionRow:
    """An exclusion as the page shows it. `key` names its fields."""

    key: str
    platform: str = ""
    os_from: str = ""
    methods: list[str] = field(default_factory=list)
    management_modes: list[str] = field(default_factory=list)
    error: str = ""
    wrong: str = ""  # the key whose value the error is about; "": the whole exclusion

    @property
    def is_empty(self) -> bool:
        return not (self.platform or self.os_from or self.methods or self.management_modes)

    @property
    def plain(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in exclusion_list.KEYS}

    @property
    def method_choices(self) -> list[tuple[str, Any, bool]]:
        return [(value, label, value in self.methods) for value, label in Method.choices]

    @property
    def mode_choices(self) -> list[tuple[str, Any, bool]]:
        return [(value, label, value in self.management_modes) for value, label in ManagementMode.choices]


@dataclass
class SettingsForm:
    """The page's fields.

    Attributes:
        texts: what stands in each plain field, by the setting's name.
        rows: the exclusions, without empty ones.
        versions: what stands in the fields of the minimum OS version, by platform.
        platforms: which are ticked.
        values: what all of it means; complete when there are no errors.
        errors: what is wrong, by the setting's name.
    """

    texts: dict[str, str] = field(default_factory=dict)
    rows: list[ExclusionRow] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    platforms: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def has_wrong_row(self) -> bool:
        return any(row.error for row in self.rows)


def form_of(values: Mapping[str, Any]) -> SettingsForm:
    """Return the form that shows the values of all settings."""
    return SettingsForm(
        texts={name: setting.written(values[name]) for name, setting in SETTINGS.items()},
        rows=[ExclusionRow(str(number), **exclusion) for number, exclusion in enumerate(values["exclusions"])],
        versions={platform: values["minimum_os"].get(platform, "") for platform in Platform.values},
        platforms=list(values["allowed_platforms"]),
        values=dict(values),
    )


def read(data: QueryDict) -> SettingsForm:
    """Return what was typed, with the values that it stands for or what is wrong with it."""
    form = SettingsForm(
        rows=_rows(data),
        versions={platform: data.get(f"minimum_os-{platform}", "").strip() for platform in Platform.values},
        platforms=[word for word in Platform.values if word in data.getlist("allowed_platforms")],
    )
    for name, setting in SETTINGS.items():
        try:
            form.values[name] = _value(form, setting, data)
        except exclusion_list.ExclusionError as error:
            form.errors[name] = str(error)
            if error.number:
                row = form.rows[error.number - 1]
                row.error, row.wrong = str(error), error.key
        except SettingError as error:
            form.errors[name] = str(error)
    if not form.errors:
        form.errors = contradictions(form.values)
    return form


def _value(form: SettingsForm, setting: Any, data: QueryDict) -> Any:
    match setting:
        case Exclusions():
            return exclusion_list.cleaned([row.plain for row in form.rows])
        case Versions():
            return setting.cleaned(form.versions)
        case Platforms():
            return setting.parse(",".join(form.platforms))
        case YesNo():
            form.texts[setting.name] = "true" if setting.name in data else "false"
        case _:
            form.texts[setting.name] = data.get(setting.name, "").strip()[:LONGEST]
    return setting.parse(form.texts[setting.name])


def _rows(data: QueryDict) -> list[ExclusionRow]:
    """Return the exclusions that were typed and are not to be removed."""
    # Numbered anew, so that the one that the page adds has a number of its own.
    keys = sorted({match[1] for name in data if (match := _EXCLUSION.fullmatch(name))}, key=int)
    rows: list[ExclusionRow] = []
    for key in keys:
        start = f"exclusion-{key}-"
        row = ExclusionRow(
            str(len(rows)),
            data.get(f"{start}platform", "")[:LONGEST],
            data.get(f"{start}os_from", "").strip()[:LONGEST],
            data.getlist(f"{start}methods"),
            data.getlist(f"{start}management_modes"),
        )
        if not row.is_empty and f"{start}remove" not in data:
            rows.append(row)
    return rows
