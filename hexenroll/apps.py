"""Registers the wiring's own checks and commands with Django."""

from django.apps import AppConfig


class HexenrollConfig(AppConfig):
    name = "hexenroll"

    def ready(self) -> None:
        from hexenroll import callback_checks, checks, mail_checks, sms_checks  # noqa: F401 - system checks
