"""Registers the wiring's own checks and commands with Django."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class HexenrollConfig(AppConfig):
    name = "hexenroll"
    verbose_name = _("Admin")  # as the sidebar calls it

    def ready(self) -> None:
        from hexenroll import (  # noqa: F401 - system checks
            ade_simulator_checks,
            callback_checks,
            checks,
            mail_checks,
            sms_checks,
        )
        from hexenroll.accounts import lockout, session_age, sessions, sso_checks  # noqa: F401 - checks and signals
        from hexenroll.roles import ensure_roles

        # Of the last app: the permissions of all of them are there by then.
        post_migrate.connect(ensure_roles, sender=self, dispatch_uid="hexenroll.roles")

        record_changes()
        tell_changes()


def record_changes() -> None:
    """Begin the audit log: whatever is saved, deleted, linked, announced or signed in from now on is recorded."""
    from auditlog.signals import pre_log

    from devices.changes import changed_many, is_kept_elsewhere

    from .audit import linked, many, recorded, sign_ins, who

    def is_wanted(**kwargs: object) -> bool:
        return not is_kept_elsewhere()

    recorded.register_all()
    linked.register_links()
    sign_ins.follow_sign_ins()
    who.follow_tasks()
    pre_log.connect(is_wanted, weak=False, dispatch_uid="hexenroll.audit.is_wanted")
    changed_many.connect(many.record, dispatch_uid="hexenroll.audit.many")


def tell_changes() -> None:
    """Let the page of a device tell who changed it."""
    from enrollment.device_timeline import SOURCES

    from .audit.device_history import changes_of

    SOURCES.append(changes_of)
