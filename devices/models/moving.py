"""How does a row with a state move on, when several may want to move it? Base of import batches and sendings."""

from django.db import models
from django.utils import timezone


class Moving(models.Model):
    """A row whose `state` changes by conditional UPDATEs, with the time of it in `state_changed_at`."""

    class Meta:
        abstract = True

    def move(self, *, source: str | frozenset[str], target: str, **changes: object) -> bool:
        """Change the state by a conditional UPDATE; set `changes` with it.

        Args:
            source: the state, or states, that the row must be in.
            target: the state afterwards.
            changes: other fields and their new values.

        Returns:
            True when this call moved the row; False when somebody else was faster or the state does not fit.
        """
        sources = {source} if isinstance(source, str) else source
        changes |= {"state": target, "state_changed_at": timezone.now()}
        fitting = {"pk": self.pk, "state__in": sources}  # spelled so, because each subclass has its own `state`
        if not type(self)._default_manager.filter(**fitting).update(**changes):
            return False
        for name, value in changes.items():
            setattr(self, name, value)
        return True
