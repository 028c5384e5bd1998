"""Which policies of one device contradict each other, and which one wins? Shown on the device's page."""

from dataclasses import dataclass
from typing import Any

from .effective import Effective, EffectivePolicy
from .kept_secret import mask
from .mobileconfig import ProfileError, parse
from .places import as_json, as_text, places_of_apps, places_of_settings

# Of a custom setting its first name is compared: what stands below it is known to the agents alone.
CUSTOM_DEPTH = 1


@dataclass(frozen=True, slots=True)
class Claim:
    """What one policy says at a place, as it is shown."""

    policy: EffectivePolicy
    text: str
    wins: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place that several policies set differently. The youngest of them wins: it is applied last."""

    place: str
    claims: tuple[Claim, ...]


def conflicts_of(effective: Effective) -> list[Conflict]:
    """Return what the policies of a device contradict each other in, by place.

    Two policies contradict each other where they set the same key of the settings, name the same app with another
    source, address or version, or have different profiles of one identifier, which replace each other. That one
    requires an app that the other offers is no conflict: it is required.
    """
    said: dict[str, list[tuple[EffectivePolicy, Any, str]]] = {}
    for policy in effective.policies:
        shown = places_of_settings(mask(policy.content.settings), depth=CUSTOM_DEPTH)
        for place, value in _claims(policy).items():
            text = as_text(shown.get(place, value))
            said.setdefault(place, []).append((policy, value, text))
    return [
        Conflict(place, tuple(Claim(policy, text, policy is found[-1][0]) for policy, _value, text in found))
        for place, found in sorted(said.items())
        if any(as_json(value) != as_json(found[0][1]) for _policy, value, _text in found)
    ]


def _claims(policy: EffectivePolicy) -> dict[str, Any]:
    claims = places_of_settings(policy.content.settings, depth=CUSTOM_DEPTH)
    for place, value in places_of_apps(policy.content.apps).items():
        if place.endswith((".source", ".url", ".version")):
            claims[place] = value
    if policy.content.profile is not None:
        try:
            found = parse(policy.content.profile)
        except ProfileError:  # stored before profiles were checked; it replaces none
            return claims
        claims[f"profile[{found.identifier}]"] = f"{found.name} ({found.sha256[:12]})"
    return claims
