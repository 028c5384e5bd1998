"""How are the secrets of a policy kept: passwords of networks, and profiles, which hold some? Encrypted, shown never.

Called by the form of a policy, by what is handed out, and by the history. Which values are secret says `schema`.
"""

import copy
import logging
from collections.abc import Iterator
from typing import Any, Final

from cryptography.fernet import InvalidToken
from encrypted_fields.fields import EncryptedCharField

from devices.models import Device

from .kinds import Entries, Secret
from .schema import SETTINGS

logger = logging.getLogger(__name__)
MASK: Final = "••••••••"  # shown for a secret; sent back, it means the one that is kept
SEALED: Final = "sealed"
TOKEN: Final = b"gAAAA"  # every text of Fernet begins so, no profile does
_field: EncryptedCharField = Device._meta.get_field("one_time_password")


def seal(settings: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    """Return settings with their secrets encrypted.

    Args:
        settings: as they were written; MASK stands for the secret that is kept.
        kept: the settings as they are stored, whose secrets those are.
    """
    settings = copy.deepcopy(settings)
    known = {place: values[name] for place, values, name in _secrets(kept)}
    for place, values, name in _secrets(settings):
        if values[name] == MASK and place in known:
            values[name] = known[place]
        if isinstance(values[name], str):
            values[name] = {SEALED: _field.f.encrypt(values[name].encode()).decode()}
    return settings


def unknown_masks(settings: dict[str, Any], kept: dict[str, Any]) -> list[str]:
    """Return the places where MASK stands for a secret that is not kept."""
    known = {place for place, _values, _name in _secrets(kept)}
    return [place for place, values, name in _secrets(settings) if values[name] == MASK and place not in known]


def unseal(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings as devices get them. A secret that this portal can't read any more is left out."""
    if not any(_secrets(settings)):
        return settings
    settings = copy.deepcopy(settings)
    for place, values, name in list(_secrets(settings)):
        sealed = values[name].get(SEALED) if isinstance(values[name], dict) else None
        if isinstance(sealed, str):
            try:
                values[name] = _field.f.decrypt(sealed.encode()).decode()
            except InvalidToken:
                logger.error("%s of a policy was encrypted with another SECRET_KEY or SALT_KEY: left out", place)  # noqa: TRY400
                del values[name]
    return settings


def mask(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings as they are shown."""
    settings = copy.deepcopy(settings)
    for _place, values, name in _secrets(settings):
        values[name] = MASK
    return settings


def seal_profile(data: bytes) -> bytes:
    """Return a profile as the database keeps it."""
    return bytes(_field.f.encrypt(data))


def unseal_profile(data: bytes) -> bytes | None:
    """Return a profile as it was uploaded; None where this portal can't read it any more."""
    if not data.startswith(TOKEN):
        return data
    try:
        return bytes(_field.f.decrypt(data))
    except InvalidToken:
        logger.error("the profile of a policy was encrypted with another SECRET_KEY or SALT_KEY: left out")  # noqa: TRY400
        return None


def _secrets(settings: Any) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the place of each secret, the object that it stands in, and its name there."""
    for section, kind in SETTINGS.fields.items():
        entries = settings.get(section) if isinstance(settings, dict) else None
        if not isinstance(kind, Entries) or not isinstance(entries, list):
            continue
        names = [name for name, inner in kind.entry.fields.items() if isinstance(inner, Secret)]
        for entry in entries:
            for name in names if isinstance(entry, dict) else ():
                if name in entry:
                    yield f"{section}[{entry.get(kind.key)}].{name}", entry, name
