"""What does a permission allow, in the words of the roles' page? Entries keep permissions under Django's names."""

from collections.abc import Iterable
from functools import cache

from django.apps import apps
from django.contrib.auth.management import _get_all_permissions
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
        for codename, name in _get_all_permissions(model._meta)
        if (code := f"{model._meta.app_label}.{codename}") in of_code
    }
