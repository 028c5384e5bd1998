"""Which policies does a device get, and which apps and groups with them? Asked by the gate, device API, console.

The union of the device's own policies, of its groups', and of what upper layers add (SOURCES), without those for other
platforms. One query, for one device and for a thousand.
"""

import base64
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import Promise

from devices.models import Device
from devices.prepared import fetch
from devices.vocabulary import Platform

from .kept_secret import unseal, unseal_profile

# Only these know configuration profiles.
APPLE_PLATFORMS = frozenset({Platform.IOS.value, Platform.MACOS.value, Platform.TVOS.value})

# The keys of devices come as one parameter, however many they are: an array of PostgreSQL's, a list in JSON. For one
# device, as the hot paths ask, PostgreSQL keeps its plan; for an array it plans each time, longer than it runs.
_ONE = "= %(keys)s"
_KEYS = {"postgresql": "= ANY(%(keys)s)", "sqlite": "IN (SELECT value FROM json_each(%(keys)s))"}
_LIST = {"postgresql": "{{{}}}", "sqlite": "[{}]"}
# A policy's content is handed out once, with the first of the rows that name it: a profile may have a megabyte.
_ONCE = "CASE WHEN row_number() OVER (PARTITION BY a.policy_id ORDER BY a.device_id, a.group_id) = 1 THEN {} END"
_CONTENT = ", ".join(_ONCE.format(f"p.{name}") for name in ("settings", "apps", "profile"))
_QUERY = """
WITH a AS (
    SELECT device_id, 0 AS group_id, policy_id, NULL AS origin FROM devices_device_policies WHERE device_id {keys}
    UNION ALL
    SELECT member.device_id, member.devicegroup_id, given.policy_id, NULL
    FROM devices_device_groups member
    LEFT JOIN devices_devicegroup_policies given ON given.devicegroup_id = member.devicegroup_id
    WHERE member.device_id {keys}{sources}
)
SELECT a.device_id, device.platform, g.name, a.origin, p.id, p.name, p.version, p.platforms, {content}
FROM a
JOIN devices_device device ON device.id = a.device_id
LEFT JOIN devices_devicegroup g ON g.id = a.group_id
LEFT JOIN devices_policy p ON p.id = a.policy_id
ORDER BY a.device_id, a.group_id, p.id
"""


@dataclass(frozen=True)
class PolicySource:
    """Something else that gives policies to devices, known to an upper layer.

    Attributes:
        statement: a SELECT of the device's number, the policy's, and the source's name, for the devices whose number
            `{keys}`; in the SQL that both databases speak. A policy stands there once for a device.
        says: how the source is called for people, `%(name)s` in it: where a policy comes from.
        title: how devices that have a policy by it are called, such as "Devices of ADE accounts".
        devices: returns the devices that get any of some policies by it, whatever their platform, by number.
        links_title: how the places are called where policies stand, such as "assignments to ADE accounts".
        links: returns how many of these some policies have: they go when the policies are deleted.
    """

    statement: str
    says: str | Promise
    title: str | Promise
    devices: Callable[[Collection[int]], QuerySet[Device]]
    links_title: str | Promise
    links: Callable[[Collection[int]], int]


SOURCES: list[PolicySource] = []


def offer(source: PolicySource) -> None:
    """Let devices have policies by another source; when the program starts."""
    SOURCES.append(source)
    _query.cache_clear()


@dataclass(frozen=True, slots=True)
class Content:
    """What a policy says; empty where only its version was asked for."""

    settings: dict[str, Any]
    apps: list[dict[str, Any]]
    profile: bytes | None


@dataclass(frozen=True, slots=True)
class EffectivePolicy:
    """A policy that a device gets."""

    id: int
    name: str
    version: int
    content: Content
    is_own: bool  # assigned to the device itself
    groups: tuple[str, ...]  # names of the device's groups that it comes from
    others: tuple[str, ...] = ()  # what else it comes from, in words


@dataclass(frozen=True, slots=True)
class Effective:
    """What one device gets: its groups' names in order, its policies by age (the order in which they are applied)."""

    groups: tuple[str, ...] = ()
    policies: tuple[EffectivePolicy, ...] = ()


def effective_of(device_ids: Collection[int], *, with_content: bool = True) -> dict[int, Effective]:
    """Return for each of the devices what it gets, by one query.

    Args:
        device_ids: keys of devices; those that there are none of get nothing.
        with_content: also read what the policies say; without, their `content` is empty.
    """
    platforms: dict[int, str] = {}
    groups: dict[int, set[str]] = {}
    sources: dict[int, dict[int, list[_Origin]]] = {}
    policies: dict[int, _Policy] = {}
    for device_id, platform, group, origin, policy_id, name, version, allowed, *content in _rows(
        device_ids, with_content
    ):
        platforms[device_id] = platform
        if group is not None:
            groups.setdefault(device_id, set()).add(group)
        if policy_id is None:  # a group without policies
            continue
        sources.setdefault(device_id, {}).setdefault(policy_id, []).append((group, origin))
        policies.setdefault(policy_id, _Policy(policy_id, name, version, json.loads(allowed))).read(*content)
    return {
        device_id: Effective(
            tuple(sorted(groups.get(device_id, ()))),
            tuple(
                policies[policy_id].on(platforms[device_id], given_by)
                for policy_id, given_by in sorted(sources.get(device_id, {}).items())
                if policies[policy_id].is_for(platforms[device_id])
            ),
        )
        for device_id in device_ids
    }


# The name of a group, and the place of a source with its name; neither: the device itself.
_Origin = tuple[str | None, str | None]


class _Policy:
    """A policy while rows that name it come in; its secrets are opened once, for all devices."""

    def __init__(self, key: int, name: str, version: int, platforms: list[str]) -> None:
        self.key, self.name, self.version, self.platforms = key, name, version, platforms
        self.content = self.without_profile = Content({}, [], None)

    def read(self, settings: str | None, apps: str | None, profile: bytes | None) -> None:
        if settings is None or apps is None:
            return  # not the first row of this policy
        # Stored before there was a schema: what is no object is no app that a device could be told.
        listed = [app for app in json.loads(apps) or () if isinstance(app, dict)]
        self.without_profile = Content(unseal(json.loads(settings) or {}), listed, None)
        self.content = self.without_profile
        if profile is not None:
            opened = unseal_profile(bytes(profile))
            self.content = Content(self.content.settings, self.content.apps, opened)

    def is_for(self, platform: str) -> bool:
        return not self.platforms or platform in self.platforms

    def on(self, platform: str, given_by: list[_Origin]) -> EffectivePolicy:
        content = self.content if platform in APPLE_PLATFORMS else self.without_profile
        names = tuple(sorted(group for group, _origin in given_by if group is not None))
        others = tuple(_in_words(origin) for _group, origin in given_by if origin is not None)
        return EffectivePolicy(self.key, self.name, self.version, content, (None, None) in given_by, names, others)


def _in_words(origin: str) -> str:
    place, _sign, name = origin.partition(" ")
    return str(SOURCES[int(place)].says) % {"name": name}


def document_of(device: Device) -> dict[str, Any]:
    """Return what the device is told: `groups` (names), `policies` and `apps`, ready for JSON.

    A policy is `{"id", "name", "version", "settings", "apps", "profile"}`, the profile in base64 or None. `apps`
    are those of all policies; one that several name is there once, as the youngest says, required if any says so.
    """
    found = effective_of([device.pk])[device.pk]
    apps: dict[str, dict[str, Any]] = {}
    for policy in found.policies:
        for app in policy.content.apps:
            key = str(app.get("identifier") or app.get("name", ""))
            is_required = "required" in (app.get("install"), apps.get(key, {}).get("install"))
            apps[key] = app | {"install": "required"} if is_required else app
    return {
        "groups": list(found.groups),
        "policies": [_told(policy) for policy in found.policies],
        "apps": list(apps.values()),
    }


def _told(policy: EffectivePolicy) -> dict[str, Any]:
    profile = policy.content.profile
    return {
        "id": policy.id,
        "name": policy.name,
        "version": policy.version,
        "settings": policy.content.settings,
        "apps": policy.content.apps,
        "profile": base64.b64encode(profile).decode() if profile is not None else None,
    }


def _rows(device_ids: Collection[int], with_content: bool) -> list[tuple[Any, ...]]:
    if len(device_ids) == 1:
        (only,) = device_ids
        return fetch(_query(_ONE, with_content), {"keys": only})
    keys = _LIST[connection.vendor].format(",".join(map(str, device_ids)))
    return fetch(_query(_KEYS[connection.vendor], with_content), {"keys": keys})


@cache
def _query(keys: str, with_content: bool) -> str:
    others = (
        f"""
    UNION ALL
    SELECT source_{place}.device_id, 0, source_{place}.policy_id, '{place} ' || source_{place}.name
    FROM ({source.statement.format(keys=keys)}) AS source_{place}"""  # noqa: S608
        for place, source in enumerate(SOURCES)
    )
    content = _CONTENT if with_content else "NULL, NULL, NULL"
    return _QUERY.format(keys=keys, content=content, sources="".join(others))
