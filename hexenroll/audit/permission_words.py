"""What does a permission allow, in the words of the roles' page? Entries keep permissions under Django's names."""

from collections.abc import Iterable, Iterator
from functools import cache

from django.apps import apps
from django.contrib.auth import get_permission_codename
from django.db.models import Model
from django.utils.functional import Promise

from hexenroll.abilities import abilities


def in_words(names: Iterable[str]) -> list[str]:
    """Return what permissions allow, each sentence once.

    Args:
        names: as an entry keeps them, such as “Devices | device | Can change device”; one that belongs to no ability
            stays without what stands before its own name.
    """
    known = _sentences()
    plain = [name.rpartition(" | ")[2] for name in names]
    return list(dict.fromkeys(str(known.get(name, name)) for name in plain))


@cache
def _sentences() -> dict[str, str | Promise]:
    """Return the sentence of each permission's name."""
    of_code = {code: ability.label for ability in abilities() for code in ability.codes}
    return {
        name: of_code[code]
        for model in apps.get_models()
        for codename, name in _names_of(model)
        if (code := f"{model._meta.app_label}.{codename}") in of_code
    }


def _names_of(model: type[Model]) -> Iterator[tuple[str, str]]:
    """Yield code and name of a model's permissions, as Django writes them into its table."""
    meta = model._meta
    for action in meta.default_permissions:
        yield get_permission_codename(action, meta), f"Can {action} {meta.verbose_name_raw}"
    yield from ((code, str(name)) for code, name in meta.permissions)
