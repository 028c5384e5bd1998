"""Registers the app; ties it to what happens to imports; sees to it that the shipped texts can be edited."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


def invite_imported(batch: Any, **kwargs: object) -> None:
    """Begin the sending that was chosen together with an import (import_devices --invite)."""
    from invitations.actions import Options, invite_batch

    if batch.channel != batch.Channel.NONE:
        invite_batch(batch, Options(channel=batch.channel, include_invited=True), batch.committed_by)


def withdraw_from_former_users(batch: Any, **kwargs: object) -> None:
    """End the links of those whose devices an import gives to others; before the new users are invited."""
    from invitations.given_away import withdraw

    withdraw(batch)


def ensure_message_templates(**kwargs: object) -> None:
    """Make the rows of the shipped texts, so that there is something to find and edit."""
    from invitations.messages.shipped import ensure_rows

    ensure_rows()


class InvitationsConfig(AppConfig):
    name = "invitations"
    verbose_name = _("Invitations")

    def ready(self) -> None:
        post_migrate.connect(ensure_message_templates, sender=self, dispatch_uid="invitations.message_templates")
        from devices.device_list import columns
        from devices.filters import DeviceFilter
        from devices.imports.commit import import_committed
        from devices.imports.undo import VETOES

        from .device_filter import COLUMN, INVITATION
        from .veto import sent_since

        import_committed.connect(withdraw_from_former_users, dispatch_uid="invitations.withdraw_from_former_users")
        import_committed.connect(invite_imported, dispatch_uid="invitations.invite_imported")
        VETOES.append(sent_since)
        DeviceFilter.offer("invitation", INVITATION)
        columns.offer(COLUMN)
