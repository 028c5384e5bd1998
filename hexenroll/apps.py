"""Registers the wiring's own checks and commands with Django."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class HexenrollConfig(AppConfig):
    name = "hexenroll"

    def ready(self) -> None:
        from hexenroll import callback_checks, checks, mail_checks, sms_checks  # noqa: F401 - system checks
        from hexenroll.roles import ensure_roles

        # Of the last app: the permissions of all of them are there by then.
        post_migrate.connect(ensure_roles, sender=self, dispatch_uid="hexenroll.roles")
