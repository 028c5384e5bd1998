"""What may be written into a policy, for people? The help beside the form, and the tables of docs/policies.md."""

from typing import Any, Final, NamedTuple

from .kinds import Entries, Kind, Section
from .schema import APPS, SETTINGS

EXAMPLES: Final = {
    "settings": """{
  "passcode": {
    "required": true,
    "min_length": 8
  },
  "wifi": [
    {
      "ssid": "office",
      "security": "wpa3",
      "password": "…"
    }
  ]
}""",
    "apps": """[
  {
    "identifier": "com.example.crm",
    "source": "app_store",
    "install": "required"
  }
]""",
}


class Line(NamedTuple):
    """One name that can be written, with what it means and which values it takes."""

    name: str
    meaning: str
    rule: str
    is_required: bool


class Described(NamedTuple):
    """A section of the settings."""

    name: str
    meaning: str
    rule: str
    is_list: bool
    lines: list[Line]


def described_settings() -> list[Described]:
    """Return the sections of the settings, in the order of the schema."""
    return [_described(name, kind) for name, kind in SETTINGS.fields.items()]


def described_apps() -> list[Line]:
    """Return what may be said of an app."""
    return _lines(APPS.entry)


def _described(name: str, kind: Kind) -> Described:
    lines = _lines(kind.entry) if isinstance(kind, Entries) else _lines(kind) if isinstance(kind, Section) else []
    return Described(name, str(kind.help), kind.rule, isinstance(kind, Entries), lines)


def _lines(section: Any) -> list[Line]:
    return [Line(name, str(kind.help), kind.rule, name in section.required) for name, kind in section.fields.items()]
