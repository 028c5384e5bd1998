"""What did a policy say, who changed it, and what became different? Saves policies, and compares their versions."""

import base64
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from devices.models import Policy, PolicyVersion

from .kept_secret import mask, unseal, unseal_profile
from .mobileconfig import ProfileError, parse
from .places import as_json, as_text, places_of_apps, places_of_settings


@dataclass(frozen=True, slots=True)
class Change:
    """What is different at one place of a policy, as it is shown."""

    class Kind(models.TextChoices):
        ADDED = "added", _("Added")
        CHANGED = "changed", _("Changed")
        REMOVED = "removed", _("Removed")

    place: str
    kind: Kind
    before: str
    after: str


def save(policy: Policy, person: AbstractBaseUser | None) -> bool:
    """Save a policy; what it says now is a version of its own, with the person who changed it.

    Returns:
        False when it says what it said before: then there is no new version, and devices are told nothing.
    """
    with transaction.atomic():
        if policy._state.adding:
            policy.version = 1
            policy.save()
            _record(policy, person, None)
            return True
        # Locked: two people who save at once make two versions, one after the other.
        stored = Policy.objects.select_for_update().get(pk=policy.pk)
        if _said(stored) == _said(policy):
            return False
        before = stored.versions.filter(version=stored.version).first() or _record(stored, None, None)
        policy.version = stored.version + 1
        policy.save()
        _record(policy, person, before)
        return True


def content_of(policy: Policy) -> dict[str, Any]:
    """Return what a policy says now, as a version keeps it, but for the file of its profile."""
    return {
        "name": policy.name,
        "platforms": policy.platforms,
        "settings": policy.settings,
        "apps": policy.apps,
        "profile": _profile(policy),
    }


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """Return what differs between the contents of two versions, in the order of the form; secrets are not shown."""
    old, new = _places(before), _places(after)
    masked = [_places(content, is_shown=True) for content in (before, after)]
    found = []
    for place in [*old, *(place for place in new if place not in old)]:
        if place in old and place in new and as_json(old[place]) == as_json(new[place]):
            continue
        kind = Change.Kind.CHANGED
        if place not in old:
            kind = Change.Kind.ADDED
        elif place not in new:
            kind = Change.Kind.REMOVED
        texts = [as_text(side.get(place, "")) for side in masked]
        found.append(Change(place, kind, texts[0], texts[1]))
    return found


def shown(content: dict[str, Any]) -> dict[str, str]:
    """Return all that a version says, by place, as it is shown."""
    return {place: as_text(value) for place, value in _places(content, is_shown=True).items()}


def profile_of(version: PolicyVersion) -> bytes | None:
    """Return the profile of a version as the policy keeps it; None: it has none.

    A file is kept with the version that brought it, and not again with each later one.
    """
    profile = version.content.get("profile")
    if not profile:
        return None
    earlier = PolicyVersion.objects.filter(policy=version.policy_id, version__lte=version.version)
    for content in earlier.order_by("-version").values_list("content", flat=True):
        if (content.get("profile") or {}).get("sha256") == profile["sha256"] and "data" in content["profile"]:
            return base64.b64decode(content["profile"]["data"])
    return None


def restore(version: PolicyVersion, person: AbstractBaseUser | None) -> bool:
    """Make a policy say again what it said in an earlier version; that is a new version. Its name stays.

    Returns:
        False when it says that now.
    """
    policy = Policy.objects.get(pk=version.policy_id)
    policy.platforms = version.content["platforms"]
    policy.settings, policy.apps = version.content["settings"], version.content["apps"]
    policy.profile = profile_of(version)
    return save(policy, person)


def _record(policy: Policy, person: AbstractBaseUser | None, before: PolicyVersion | None) -> PolicyVersion:
    content = content_of(policy)
    profile = content["profile"]
    if profile and policy.profile and not _is_same_file(profile, before):
        profile["data"] = base64.b64encode(bytes(policy.profile)).decode()
    made = PolicyVersion(policy=policy, version=policy.version, content=content, saved_at=policy.updated_at)
    made.saved_by_id = person.pk if person else None
    made.save()
    return made


def _is_same_file(profile: dict[str, Any], before: PolicyVersion | None) -> bool:
    earlier = (before.content.get("profile") or {}) if before else {}
    return bool(earlier.get("sha256") == profile["sha256"])


def _profile(policy: Policy) -> dict[str, Any] | None:
    """Return what the policy's profile is, without its content; `sha256` is always there."""
    data = unseal_profile(bytes(policy.profile)) if policy.profile else None
    if data is None:
        return None
    try:
        return asdict(parse(data))
    except ProfileError:  # stored before profiles were checked
        return {"sha256": "", "name": "", "identifier": "", "signer": "", "payloads": []}


def _said(policy: Policy) -> tuple[Any, ...]:
    profile = unseal_profile(bytes(policy.profile)) if policy.profile else None
    return policy.name, as_json([policy.platforms, unseal(policy.settings), policy.apps]), profile


def _places(content: dict[str, Any], *, is_shown: bool = False) -> dict[str, Any]:
    if not content:  # before the first version
        return {}
    platforms = ", ".join(content.get("platforms") or [])
    found: dict[str, Any] = {"name": content.get("name", ""), "platforms": platforms or str(_("every platform"))}
    found |= places_of_settings((mask if is_shown else unseal)(content.get("settings") or {}))
    found |= places_of_apps(content.get("apps") or [])
    if profile := content.get("profile"):
        found["profile"] = profile.get("name", "")
        found["profile.signer"] = profile.get("signer", "")
        found["profile.sha256"] = profile.get("sha256", "")
        for payload in profile.get("payloads", ()):
            found[f"profile[{payload['identifier']}]"] = f"{payload['type']} {payload['name']}".strip()
    return {place: value for place, value in found.items() if value != "" or place == "name"}
