"""Which devices belong to a group by its rule? All conditions that the rule names must hold.

Asked in Python for one device and in SQL for many, which agree. Free of models; kept right by membership.py.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db.models import BooleanField, F, Func, Q
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from devices.vocabulary import Ownership, Platform

NAME_LENGTH = 200
# Each of them lets a match begin anew at every letter of the name.
MAX_STARS = 4
ATTRIBUTE_LENGTH = 200
# What a device's membership depends on: who changes one of these without `save` calls membership.refresh.
FIELDS = frozenset({"platform", "ownership", "domain", "domain_id", "name", "custom_attributes"})


class Facts(Protocol):
    """What a rule asks of a device."""

    platform: str
    ownership: str
    domain_id: int
    name: str
    custom_attributes: Any


class RuleError(ValueError):
    """It is no rule; the text says why and what to do."""


@dataclass(frozen=True)
class Rule:
    """Conditions; an empty one holds for every device.

    Attributes:
        platforms: one of these.
        ownerships: one of these.
        domains: numbers; in one of these.
        name: the device's whole name; * stands for any text, ? for one character; upper and lower case matter.
        attribute: name of a custom attribute; "": none is asked for.
        value: what the attribute is, as text, exactly.
    """

    platforms: frozenset[str] = frozenset()
    ownerships: frozenset[str] = frozenset()
    domains: frozenset[int] = field(default_factory=frozenset)
    name: str = ""
    attribute: str = ""
    value: str = ""

    @classmethod
    def from_json(cls, data: object) -> "Rule":
        """Return the rule that `to_json` wrote.

        Raises:
            RuleError: the data is no rule.
        """
        known = {"platforms", "ownerships", "domains", "name", "attribute"}
        if not isinstance(data, Mapping) or not known.issuperset(data):
            raise RuleError(_("A rule is an object with: %(names)s.") % {"names": ", ".join(sorted(known))})
        attribute = data.get("attribute") or {}
        if not isinstance(attribute, Mapping) or not {"name", "value"}.issuperset(attribute):
            raise RuleError(_("“attribute” is an object with “name” and “value”."))
        rule = cls(
            platforms=frozenset(_words(data, "platforms", Platform.values)),
            ownerships=frozenset(_words(data, "ownerships", Ownership.values)),
            domains=frozenset(_numbers(data.get("domains") or ())),
            name=_text(data.get("name") or "", "name", NAME_LENGTH),
            attribute=_text(attribute.get("name") or "", "attribute", ATTRIBUTE_LENGTH),
            value=_text(attribute.get("value") or "", "value", 10_000),
        )
        rule._refuse_what_means_nothing()
        return rule

    def to_json(self) -> dict[str, Any]:
        """Return what is stored: only the conditions that there are."""
        attribute = {"name": self.attribute, "value": self.value} if self.attribute else None
        found = {
            "platforms": sorted(self.platforms),
            "ownerships": sorted(self.ownerships),
            "domains": sorted(self.domains),
            "name": self.name,
            "attribute": attribute,
        }
        return {key: value for key, value in found.items() if value}

    def holds(self, device: Facts) -> bool:
        """Tell whether a device belongs to the group."""
        attributes = device.custom_attributes if isinstance(device.custom_attributes, dict) else {}
        return (
            (not self.platforms or device.platform in self.platforms)
            and (not self.ownerships or device.ownership in self.ownerships)
            and (not self.domains or device.domain_id in self.domains)
            and (not self.name or re.search(pattern(self.name), device.name) is not None)
            and (not self.attribute or attributes.get(self.attribute) == self.value)
        )

    def condition(self) -> Q:
        """Return the same for a queryset of devices."""
        found = Q()
        if self.platforms:
            found &= Q(platform__in=sorted(self.platforms))
        if self.ownerships:
            found &= Q(ownership__in=sorted(self.ownerships))
        if self.domains:
            found &= Q(domain__in=sorted(self.domains))
        if self.name:
            found &= Q(name__regex=pattern(self.name))
        if self.attribute:
            found &= Q(AttributeIs(self.attribute, self.value))
        return found

    def describe(self, domains: Mapping[int, str]) -> list[str]:
        """Return the conditions in words, each a sentence.

        Args:
            domains: names of the domains that the reader may know; another one isn't named.
        """
        said = []
        if self.platforms:
            names = [str(Platform(value).label) for value in Platform.values if value in self.platforms]
            said.append(_("The platform is %(names)s.") % {"names": get_text_list(names, _("or"))})
        if self.ownerships:
            names = [str(Ownership(value).label) for value in Ownership.values if value in self.ownerships]
            said.append(_("The ownership is %(names)s.") % {"names": get_text_list(names, _("or"))})
        if self.domains:
            names = sorted(domains[number] for number in self.domains if number in domains)
            if len(names) < len(self.domains):
                names.append(_("another domain"))
            said.append(_("The domain is %(names)s.") % {"names": get_text_list(names, _("or"))})
        if self.name:
            said.append(_("The name matches “%(pattern)s”.") % {"pattern": self.name})
        if self.attribute:
            places = {"name": self.attribute, "value": self.value}
            said.append(_("The custom attribute “%(name)s” is “%(value)s”.") % places)
        return said

    def _refuse_what_means_nothing(self) -> None:
        if self.value and not self.attribute:
            raise RuleError(_("Write the name of the custom attribute whose value is asked for."))
        if not self.to_json():
            raise RuleError(_("Name at least one condition: without one, every device would be in the group."))
        if len(re.findall(r"\*+", self.name)) > MAX_STARS:
            text = _("The name may have at most %(limit)s asterisks (*).")
            raise RuleError(text % {"limit": MAX_STARS})


def pattern(name: str) -> str:
    """Return the regular expression of a name with * and ?, as Python and PostgreSQL both read it."""
    parts = re.split(r"(\*+|\?)", name)
    spelled = "".join(".*" if part.startswith("*") else "." if part == "?" else re.escape(part) for part in parts)
    return rf"(?s)\A{spelled}\Z"


class AttributeIs(Func):
    """Whether a device's custom attribute is a text.

    Django's own key lookups take a name such as "2024" for the place in a list.
    """

    output_field = BooleanField()

    def __init__(self, name: str = "", value: str = "", **extra: Any) -> None:
        super().__init__(F("custom_attributes"), **extra)
        self.name, self.value = name, value

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        column, parameters = compiler.compile(self.source_expressions[0])
        if connection.vendor == "postgresql":
            return f"{column} @> %s::jsonb", [*parameters, json.dumps({self.name: self.value})]
        # A JSON null has no rows, and a text is compared byte by byte.
        found = "EXISTS (SELECT 1 FROM json_each({column}) WHERE key = %s AND type = 'text' AND atom = %s)"
        return found.format(column=column), [*parameters, self.name, self.value]


def _words(data: Mapping[str, Any], key: str, allowed: Iterable[str]) -> list[str]:
    """Return a list of known words."""
    values, known = data.get(key) or [], list(allowed)
    if not isinstance(values, list | tuple) or not all(value in known for value in values):
        raise RuleError(_("“%(key)s” is a list of: %(names)s.") % {"key": key, "names": ", ".join(known)})
    return list(values)


def _numbers(values: object) -> list[int]:
    """Return a list of domains' numbers."""
    is_list = isinstance(values, list | tuple)
    if not is_list or not all(type(value) is int and 0 < value < 2**63 for value in values):  # type: ignore[attr-defined]
        raise RuleError(_("“domains” is a list of the numbers of domains."))
    return list(values)  # type: ignore[call-overload]


def _text(value: object, key: str, longest: int) -> str:
    """Return a text that both databases can compare."""
    if not isinstance(value, str) or len(value) > longest:
        raise RuleError(_("“%(key)s” is a text of at most %(limit)s characters.") % {"key": key, "limit": longest})
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        raise RuleError(_("“%(key)s” holds a control character. Type it anew.") % {"key": key})
    return value
