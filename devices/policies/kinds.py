"""Which kinds of values are there in a policy, and what is wrong with one? `schema` puts them together.

Free of models. A problem names the place in the JSON, such as `wifi[2].password`, and says what to write there.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place of a policy. `code` is stable, `message` is for people."""

    path: str
    code: str
    message: str


class Kind:
    """What may stand at one place."""

    help: str | Promise = ""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        """Yield what is wrong with `value` (from JSON), which stands at `path`."""
        raise NotImplementedError

    @property
    def rule(self) -> str:
        """What to write, in words; for the help and the documentation."""
        raise NotImplementedError

    def wrong(self, path: str, code: str = "value") -> Problem:
        return Problem(path, code, _("%(path)s: write %(rule)s.") % {"path": path, "rule": self.rule})


@dataclass(frozen=True, slots=True)
class Flag(Kind):
    help: str | Promise = ""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, bool):
            yield self.wrong(path)

    @property
    def rule(self) -> str:
        return _("true or false")


@dataclass(frozen=True, slots=True)
class Number(Kind):
    least: int
    most: int
    help: str | Promise = ""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, int) or isinstance(value, bool) or not self.least <= value <= self.most:
            yield self.wrong(path)

    @property
    def rule(self) -> str:
        return _("a whole number from %(least)d to %(most)d") % {"least": self.least, "most": self.most}


@dataclass(frozen=True, slots=True)
class Text(Kind):
    help: str | Promise = ""
    most: int = 200  # characters
    pattern: str = r"[^\x00-\x1f\x7f]+"
    shape: str | Promise = ""  # the pattern in words

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, str) or len(value) > self.most or not re.fullmatch(self.pattern, value):
            yield self.wrong(path)

    @property
    def rule(self) -> str:
        if self.shape:
            return _("%(shape)s, at most %(most)d characters") % {"shape": self.shape, "most": self.most}
        return _("a text of 1 to %(most)d characters on one line") % {"most": self.most}


@dataclass(frozen=True, slots=True)
class Secret(Kind):
    """A text that is encrypted in the database and never shown again."""

    help: str | Promise = ""
    most: int = 200

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, str) or not 0 < len(value) <= self.most:
            yield self.wrong(path)

    @property
    def rule(self) -> str:
        return _("a secret text of 1 to %(most)d characters; it is stored encrypted and not shown again") % {
            "most": self.most
        }


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    values: tuple[str, ...]
    help: str | Promise = ""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, str) or value not in self.values:
            yield self.wrong(path)

    @property
    def rule(self) -> str:
        return _("one of %(values)s") % {"values": ", ".join(f"“{value}”" for value in self.values)}


@dataclass(frozen=True, slots=True)
class Free(Kind):
    """Whatever the devices' agents understand; only its depth is limited."""

    help: str | Promise = ""
    depth: int = 20

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        layer, depth = [value], 0
        while layer:
            if depth > self.depth:
                yield Problem(
                    path,
                    "depth",
                    _("%(path)s: at most %(depth)d levels may be inside each other.")
                    % {"path": path, "depth": self.depth},
                )
                return
            layer = [inner for outer in layer for inner in _inside(outer)]
            depth += 1

    @property
    def rule(self) -> str:
        return _("any JSON, at most %(depth)d levels deep") % {"depth": self.depth}


@dataclass(frozen=True, slots=True)
class Section(Kind):
    """A JSON object with known names."""

    fields: Mapping[str, Kind]
    required: frozenset[str] = field(default_factory=frozenset)
    help: str | Promise = ""

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield self.wrong(path or _("Settings"))
            return
        for name, inner in value.items():
            place = f"{path}.{name}" if path else name
            if name in self.fields:
                yield from self.fields[name].problems(inner, place)
            else:
                yield self.unknown(name, place)
        for name in sorted(self.required - value.keys()):
            yield Problem(path, "missing", _("%(path)s: “%(name)s” is missing. Add it.") % {"path": path, "name": name})

    def unknown(self, name: str, place: str) -> Problem:
        close = get_close_matches(name.lower().replace("-", "_"), self.fields, n=1)
        if close:
            text = _("%(path)s is not known. Did you mean “%(name)s”?") % {"path": _cut(place), "name": close[0]}
        else:
            text = _("%(path)s is not known. Known here: %(names)s.") % {
                "path": _cut(place),
                "names": ", ".join(self.fields),
            }
        return Problem(_cut(place), "unknown", text)

    @property
    def rule(self) -> str:
        return _("an object such as {…}")


@dataclass(frozen=True, slots=True)
class Entries(Kind):
    """A JSON list of objects, each known by the value of one of its names."""

    entry: Section
    key: str
    help: str | Promise = ""
    most: int = 50

    def problems(self, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, list) or len(value) > self.most:
            yield self.wrong(path)
            return
        seen: set[str] = set()
        for number, inner in enumerate(value, 1):
            place = f"{path}[{number}]"
            yield from self.entry.problems(inner, place)
            known_as = inner.get(self.key) if isinstance(inner, dict) else None
            if isinstance(known_as, str):
                if known_as in seen:
                    yield Problem(
                        f"{place}.{self.key}",
                        "twice",
                        _("%(path)s: “%(value)s” is there twice. Remove one of them.")
                        % {"path": f"{place}.{self.key}", "value": _cut(known_as)},
                    )
                seen.add(known_as)

    @property
    def rule(self) -> str:
        return _("a list of at most %(most)d objects, such as [{…}]") % {"most": self.most}


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def _cut(text: str, most: int = 80) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
