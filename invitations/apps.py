"""Registers the app; ties it to what happens to imports."""

from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


def invite_imported(batch: Any, **kwargs: object) -> None:
    """Begin the sending that was chosen together with an import (import_devices --invite)."""
    from invitations.actions import Options, invite_batch

    if batch.channel != batch.Channel.NONE:
        invite_batch(batch, Options(channel=batch.channel, include_invited=True), batch.committed_by)


class InvitationsConfig(AppConfig):
    name = "invitations"
    verbose_name = _("Invitations")

    def ready(self) -> None:
        from devices.imports.commit import import_committed
        from devices.imports.undo import VETOES

        from .veto import sent_since

        import_committed.connect(invite_imported, dispatch_uid="invitations.invite_imported")
        VETOES.append(sent_since)
