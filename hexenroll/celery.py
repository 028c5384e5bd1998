"""Which tasks exist, and when does the clock start them? Run by `celery worker` and `celery beat`."""

import gc
import os
from typing import Any

from billiard.process import current_process
from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_process_init

from hexenroll.leash import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hexenroll.settings")

app = Celery("hexenroll")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def follow_the_worker(**kwargs: Any) -> None:
    """Let no pool process outlive the worker: it would go on with a task that is delivered again."""
    die_with_parent(current_process()._parent_pid)  # type: ignore[attr-defined]


@worker_process_init.connect
def spare_the_program(**kwargs: Any) -> None:
    """Leave what is loaded out of garbage collections: each takes 50 ms, and 10,000 rows meet one or two."""
    gc.collect()
    gc.freeze()


# The whole clock. An entry that a stopped worker leaves waiting expires before the next one comes, so that a
# day without workers doesn't end in a burst.
app.conf.beat_schedule = {
    "rescue-imports": {
        "task": "devices.tasks.rescue_imports",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "rescue-bulk-actions": {
        "task": "devices.tasks.rescue_bulk_actions",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "index-search": {
        "task": "devices.tasks.index_search",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "forget-gone-search": {
        "task": "devices.tasks.forget_gone_search",
        "schedule": crontab(hour="3", minute="47"),
        "options": {"expires": 12 * 3_600},
    },
    "tend-outbox": {
        "task": "invitations.tasks.tend_outbox",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "expire-invitations": {
        "task": "invitations.tasks.expire_invitations",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "forget-old-imports": {
        "task": "devices.tasks.forget_old_imports",
        "schedule": crontab(hour="3", minute="17"),
        "options": {"expires": 12 * 3_600},
    },
    "forget-old-bulk-actions": {
        "task": "devices.tasks.forget_old_bulk_actions",
        "schedule": crontab(hour="3", minute="7"),
        "options": {"expires": 12 * 3_600},
    },
    "tend-groups": {
        "task": "devices.tasks.tend_groups",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "correct-groups": {
        "task": "devices.tasks.correct_groups",
        "schedule": crontab(hour="2", minute="47"),
        "options": {"expires": 12 * 3_600},
    },
    "forget-old-callbacks": {
        "task": "invitations.tasks.forget_old_callbacks",
        "schedule": crontab(hour="3", minute="27"),
        "options": {"expires": 12 * 3_600},
    },
    "forget-old-audit-entries": {
        "task": "hexenroll.tasks.forget_old_audit_entries",
        "schedule": crontab(hour="3", minute="47"),
        "options": {"expires": 12 * 3_600},
    },
    "forget-ended-sessions": {
        "task": "hexenroll.accounts.tasks.forget_ended_sessions",
        "schedule": crontab(hour="3", minute="57"),
        "options": {"expires": 12 * 3_600},
    },
    "forget-old-attempts": {
        "task": "enrollment.tasks.forget_old_attempts",
        "schedule": crontab(minute="37"),
        "options": {"expires": 3_600},
    },
    "block-what-is-on-the-block-list": {
        "task": "enrollment.tasks.block_listed",
        "schedule": crontab(minute="7"),
        "options": {"expires": 3_600},
    },
    "sync-ade-accounts": {
        "task": "enrollment.tasks.sync_ade_accounts",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "forget-old-ade-syncs": {
        "task": "enrollment.tasks.forget_old_ade_syncs",
        "schedule": crontab(hour="4", minute="7"),
        "options": {"expires": 12 * 3_600},
    },
    "tend-ade-profiles": {
        "task": "enrollment.tasks.tend_ade_profiles",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "warn-of-ade-tokens": {
        "task": "enrollment.tasks.warn_of_ade_tokens",
        "schedule": crontab(minute="23"),
        "options": {"expires": 3_600},
    },
    "keep-dashboard-new": {
        "task": "hexenroll.tasks.keep_dashboard_new",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "send-due-reports": {
        "task": "hexenroll.tasks.send_due_reports",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
}
