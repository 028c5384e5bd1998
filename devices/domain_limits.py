"""Which of somebody's permissions are left where they work in some domains only? Asked by Django before any other.

So, `has_perm` is the whole answer, wherever it is asked: no page needs to know that settings are for all domains.
"""

from typing import Any

from django.apps import apps
from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from django.db.models import Model

from .scope import ACCESS, reaches


class DomainLimits(BaseBackend):
    """Gives nobody anything; takes away what is for people with all domains."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Return False: others say who may.

        Raises:
            PermissionDenied: the person's domains don't allow it, whatever others say.
        """
        if perm == ACCESS or not user_obj.is_active:
            return False
        model = _model_of(perm)
        if model is None or not reaches(user_obj, model, perm.partition(".")[2].partition("_")[0]):
            raise PermissionDenied
        return False


def _model_of(permission: str) -> type[Model] | None:
    """Return the model that a permission's code ends with; None: there is none."""
    label, _dot, code = permission.partition(".")
    try:
        return apps.get_model(label, code.rpartition("_")[2])
    except LookupError:
        return None
