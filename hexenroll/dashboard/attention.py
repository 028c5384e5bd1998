"""What waits for somebody, and where is it shown? Asked by page.py; each line leads to the list that it counts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from devices.models import BulkAction, ImportBatch
from devices.scope import visible
from enrollment.lockouts import locked_now
from enrollment.models import AdeAccount, Conflict
from hexenroll.models import ScheduledReport

from .figures import Figures

Batch = ImportBatch.State


@dataclass(frozen=True)
class Matter:
    """Something that `count` things wait for: `text` says what, `url` shows them, `hint` says what can be done."""

    icon: str
    tone: str
    count: int
    text: str
    hint: str | Promise
    url: str


@dataclass(frozen=True)
class Kind:
    """One line.

    Attributes:
        icon, tone: how it looks; `error` before `warning`.
        permission: who may see the list.
        count: of the figures or, where it isn't among them, of the database.
        text: sentence for so many.
        hint: what can be done.
        page, query: address of the list.
    """

    icon: str
    tone: str
    permission: str
    count: Callable[[Figures, Any], int]
    text: Callable[[int], str]
    hint: str | Promise
    page: str
    query: str = ""


def _rows(queryset: Callable[[], QuerySet[Any]]) -> Callable[[Figures, Any], int]:
    return lambda figures, person: visible(queryset(), person).count()


def _batches(*states: str) -> Callable[[Figures, Any], int]:
    return _rows(lambda: ImportBatch.objects.filter(state__in=states, validate_only=False))


def kinds() -> Iterator[Kind]:
    """Give what may need somebody, in the order in which it is shown."""
    invitations = "admin:invitations_invitation_changelist"
    devices = "admin:devices_device_changelist"
    days = settings.HEXENROLL_STALE_DAYS
    yield Kind(
        *("difference", "error", "enrollment.view_conflict"),
        _rows(lambda: Conflict.objects.filter(state=Conflict.State.OPEN)),
        lambda n: ngettext("%(count)s conflict is to be decided", "%(count)s conflicts are to be decided", n),
        _("Other hardware asks to come in with the serial number of an enrolled device."),
        *("admin:enrollment_conflict_changelist", f"state__exact={Conflict.State.OPEN}"),
    )
    yield Kind(
        *("unsubscribe", "error", "invitations.view_invitation"),
        lambda figures, person: figures.unreached,
        lambda n: ngettext(
            "%(count)s invitation didn’t reach its user", "%(count)s invitations didn’t reach their users", n
        ),
        _("They failed or came back. Correct the addresses, then send them again."),
        *(invitations, "use=unreached"),
    )
    yield Kind(
        *("error", "error", "devices.view_importbatch"),
        _batches(Batch.FAILED),
        lambda n: ngettext("%(count)s import has failed", "%(count)s imports have failed", n),
        _("Each says what was wrong with the file, and goes on once that is corrected."),
        "enroll:pre_approve",
    )
    yield Kind(
        *("rule_settings", "error", "devices.view_bulkaction"),
        _rows(lambda: BulkAction.objects.filter(state=BulkAction.State.FAILED)),
        lambda n: ngettext("%(count)s bulk action has failed", "%(count)s bulk actions have failed", n),
        _("Some of the devices were not changed."),
        *("admin:devices_bulkaction_changelist", f"state__exact={BulkAction.State.FAILED}"),
    )
    yield Kind(
        *("mark_email_unread", "error", "hexenroll.view_scheduledreport"),
        _rows(lambda: ScheduledReport.objects.exclude(last_error="")),
        lambda n: ngettext(
            "%(count)s scheduled report isn’t being sent", "%(count)s scheduled reports aren’t being sent", n
        ),
        _("Each says why, and when it is tried again."),
        *("admin:hexenroll_scheduledreport_changelist", "standing=failing"),
    )
    yield Kind(
        icon="cloud_off",
        tone="error",
        permission="enrollment.view_adeaccount",
        count=_rows(AdeAccount.objects.in_trouble),
        text=lambda n: ngettext(
            "Apple answered %(count)s ADE account with an error", "Apple answered %(count)s ADE accounts with errors", n
        ),
        hint=_("Each says what is the matter, and what to do about it."),
        page="admin:enrollment_adeaccount_changelist",
        query="standing=trouble",
    )
    yield Kind(
        icon="timer_off",
        tone="warning",
        permission="enrollment.view_adeaccount",
        count=_rows(AdeAccount.objects.expiring),
        text=lambda n: ngettext(
            "%(count)s ADE token is about to expire", "%(count)s ADE tokens are about to expire", n
        ),
        hint=_("Within 30 days. Download a new one at Apple, and upload it here: nothing else changes."),
        page="admin:enrollment_adeaccount_changelist",
        query="standing=expiring",
    )
    yield Kind(
        *("lock_clock", "warning", "enrollment.view_lockout"),
        _rows(locked_now),
        lambda n: ngettext("%(count)s lockout is on", "%(count)s lockouts are on", n),
        _("Too many wrong one-time passwords. They end by themselves, or you unlock them."),
        "admin:enrollment_lockout_changelist",
    )
    yield Kind(
        *("checklist", "warning", "devices.view_importbatch"),
        _batches(Batch.UPLOADED, Batch.MAPPED, Batch.READY),
        lambda n: ngettext("%(count)s import waits for its next step", "%(count)s imports wait for their next step", n),
        _("Nothing of such a file is in the portal before it is reviewed."),
        "enroll:pre_approve",
    )
    yield Kind(
        *("login", "warning", "enrollment.view_enrollmentattempt"),
        lambda figures, person: figures.refused,
        lambda n: ngettext(
            "%(count)s attempt was refused in the past 7 days",
            "%(count)s attempts were refused in the past 7 days",
            n,
        ),
        _("Each says why, and a device that belongs here can be approved from there."),
        *("admin:enrollment_enrollmentattempt_changelist", "is_let_in__exact=0&period=week"),
    )
    yield Kind(
        *("hourglass_bottom", "warning", "devices.view_device"),
        lambda figures, person: figures.stale,
        lambda n: ngettext("%(count)s approval is stale", "%(count)s approvals are stale", n),
        _stale_hint(days),
        *(devices, f"stale_days={days}"),
    )


def _stale_hint(days: int) -> str:
    text = ngettext(
        "Pre-approved for more than %(days)s day, and not enrolled.",
        "Pre-approved for more than %(days)s days, and not enrolled.",
        days,
    )
    return text % {"days": days}


def matters(figures: Figures, person: Any) -> list[Matter]:
    """Return what needs somebody, of what a person may see."""
    found = []
    for kind in kinds():
        if not person.has_perm(kind.permission):
            continue
        count = kind.count(figures, person)
        if count:
            url = reverse(kind.page) + (f"?{kind.query}" if kind.query else "")
            text = kind.text(count) % {"count": intcomma(count)}
            found.append(Matter(kind.icon, kind.tone, count, text, kind.hint, url))
    return found
