"""What waits for somebody, and where is it shown? Asked by page.py; each line leads to the list that it counts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from devices.bulk.retention import failed_lately
from devices.models import BulkAction, ImportBatch
from devices.scope import visible
from enrollment.lockouts import locked_now
from enrollment.models import AdeAccount, Conflict
from enrollment.models.ade_account import SOON_DAYS, URGENT_DAYS
from hexenroll.api_keys.keys import ending_soon
from hexenroll.models import ScheduledReport

from .counting import EXPIRING_DAYS
from .figures import Figures

DEVICES: Final = "admin:devices_device_changelist"
ADE_ACCOUNTS: Final = "admin:enrollment_adeaccount_changelist"
NEW_TOKEN: Final = _("Download a new one at Apple, and upload it here: nothing else changes.")


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
    query: str | Promise = ""


def matters(figures: Figures, person: Any) -> list[Matter]:
    """Return what needs somebody, of what a person may see."""
    found = []
    for kind in KINDS:
        if not person.has_perm(kind.permission):
            continue
        count = kind.count(figures, person)
        if count:
            url = reverse(kind.page) + (f"?{kind.query}" if kind.query else "")
            text = kind.text(count) % {"count": intcomma(count)}
            found.append(Matter(kind.icon, kind.tone, count, text, kind.hint, url))
    return found


def _rows(queryset: Callable[[], QuerySet[Any]]) -> Callable[[Figures, Any], int]:
    return lambda figures, person: visible(queryset(), person).count()


def _stale_hint() -> str:
    days = settings.HEXENROLL_STALE_DAYS
    text = ngettext(
        "Pre-approved for more than %(days)s day, and not enrolled.",
        "Pre-approved for more than %(days)s days, and not enrolled.",
        days,
    )
    return text % {"days": days}


def _stale_query() -> str:
    return f"stale_days={settings.HEXENROLL_STALE_DAYS}"


def _urgent_words(count: int) -> str:
    text = ngettext(
        "%(count)s ADE token expires within %(days)s days", "%(count)s ADE tokens expire within %(days)s days", count
    )
    return text % {"count": "%(count)s", "days": URGENT_DAYS}


def _soon_words(count: int) -> str:
    text = ngettext(
        "%(count)s ADE token expires in %(from)s to %(to)s days",
        "%(count)s ADE tokens expire in %(from)s to %(to)s days",
        count,
    )
    return text % {"count": "%(count)s", "from": URGENT_DAYS, "to": SOON_DAYS}


# In the order in which they are shown.
KINDS: Final = (
    Kind(
        icon="difference",
        tone="error",
        permission="enrollment.view_conflict",
        count=_rows(lambda: Conflict.objects.filter(state=Conflict.State.OPEN)),
        text=lambda n: ngettext("%(count)s conflict is to be decided", "%(count)s conflicts are to be decided", n),
        hint=_("Other hardware asks to come in with the serial number of an enrolled device."),
        page="admin:enrollment_conflict_changelist",
        query=f"state__exact={Conflict.State.OPEN}",
    ),
    Kind(
        icon="unsubscribe",
        tone="error",
        permission="invitations.view_invitation",
        count=lambda figures, person: figures.unreached,
        text=lambda n: ngettext(
            "%(count)s invitation didn’t reach its user", "%(count)s invitations didn’t reach their users", n
        ),
        hint=_("They failed or came back. Correct the addresses, then send them again."),
        page="admin:invitations_invitation_changelist",
        query="use=unreached",
    ),
    Kind(
        icon="error",
        tone="error",
        permission="devices.view_importbatch",
        count=_rows(lambda: ImportBatch.objects.failed()),
        text=lambda n: ngettext("%(count)s import has failed", "%(count)s imports have failed", n),
        hint=_("Each says what was wrong with the file, and goes on once that is corrected."),
        page="enroll:pre_approve",
        query="state=failed",
    ),
    Kind(
        icon="rule_settings",
        tone="error",
        permission="devices.view_bulkaction",
        count=_rows(lambda: failed_lately(BulkAction.objects.all())),
        text=lambda n: ngettext(
            "%(count)s bulk action failed in the past 7 days", "%(count)s bulk actions failed in the past 7 days", n
        ),
        hint=_("Some of the devices were not changed."),
        page="admin:devices_bulkaction_changelist",
        query="outcome=failed_lately",
    ),
    Kind(
        icon="mark_email_unread",
        tone="error",
        permission="hexenroll.view_scheduledreport",
        count=_rows(lambda: ScheduledReport.objects.exclude(last_error="")),
        text=lambda n: ngettext(
            "%(count)s scheduled report isn’t being sent", "%(count)s scheduled reports aren’t being sent", n
        ),
        hint=_("Each says why, and when it is tried again."),
        page="admin:hexenroll_scheduledreport_changelist",
        query="standing=failing",
    ),
    Kind(
        icon="cloud_off",
        tone="error",
        permission="enrollment.view_adeaccount",
        count=_rows(AdeAccount.objects.in_trouble),
        text=lambda n: ngettext("%(count)s ADE account needs somebody", "%(count)s ADE accounts need somebody", n),
        hint=_("Each says what is the matter, and what to do about it."),
        page=ADE_ACCOUNTS,
        query="standing=trouble",
    ),
    Kind(
        icon="timer_off",
        tone="error",
        permission="enrollment.view_adeaccount",
        count=_rows(AdeAccount.objects.expired),
        text=lambda n: ngettext("%(count)s ADE token has expired", "%(count)s ADE tokens have expired", n),
        hint=NEW_TOKEN,
        page=ADE_ACCOUNTS,
        query="standing=expired",
    ),
    Kind(
        icon="timer",
        tone="error",
        permission="enrollment.view_adeaccount",
        count=_rows(lambda: AdeAccount.objects.expiring(URGENT_DAYS)),
        text=_urgent_words,
        hint=NEW_TOKEN,
        page=ADE_ACCOUNTS,
        query="standing=urgent",
    ),
    Kind(
        icon="timer",
        tone="warning",
        permission="enrollment.view_adeaccount",
        count=_rows(lambda: AdeAccount.objects.expiring(after=URGENT_DAYS)),
        text=_soon_words,
        hint=NEW_TOKEN,
        page=ADE_ACCOUNTS,
        query="standing=expiring",
    ),
    Kind(
        icon="lock_clock",
        tone="warning",
        permission="enrollment.view_lockout",
        count=_rows(locked_now),
        text=lambda n: ngettext("%(count)s lockout is on", "%(count)s lockouts are on", n),
        hint=_("Too many wrong one-time passwords. They end by themselves, or you unlock them."),
        page="admin:enrollment_lockout_changelist",
        query="state=on",
    ),
    Kind(
        icon="checklist",
        tone="warning",
        permission="devices.view_importbatch",
        count=_rows(lambda: ImportBatch.objects.waiting()),
        text=lambda n: ngettext(
            "%(count)s import waits for its next step", "%(count)s imports wait for their next step", n
        ),
        hint=_("Nothing of such a file is in the portal before it is reviewed."),
        page="enroll:pre_approve",
        query="state=waiting",
    ),
    Kind(
        icon="login",
        tone="warning",
        permission="enrollment.view_enrollmentattempt",
        count=lambda figures, person: figures.refused,
        text=lambda n: ngettext(
            "%(count)s attempt was refused in the past 7 days", "%(count)s attempts were refused in the past 7 days", n
        ),
        hint=_("Each says why, and a device that belongs here can be approved from there."),
        page="admin:enrollment_enrollmentattempt_changelist",
        query="is_let_in__exact=0&period=week",
    ),
    Kind(
        icon="key",
        tone="warning",
        permission="hexenroll.view_apikey",
        count=_rows(ending_soon),
        text=lambda n: ngettext(
            "%(count)s API key expires in the next 14 days", "%(count)s API keys expire in the next 14 days", n
        ),
        hint=_("What uses it stops working then. Make a new key, and give it to the program before."),
        page="admin:hexenroll_apikey_changelist",
        query="state=ending",
    ),
    Kind(
        icon="event_busy",
        tone="warning",
        permission="devices.view_device",
        count=lambda figures, person: figures.expiring,
        text=lambda n: ngettext(
            "%(count)s approval expires in the next 7 days", "%(count)s approvals expire in the next 7 days", n
        ),
        hint=_("Devices that have not enrolled by then are refused. Invite their users, or set a later end."),
        page=DEVICES,
        query=f"expires_within_days={EXPIRING_DAYS}",
    ),
    Kind(
        icon="hourglass_bottom",
        tone="warning",
        permission="devices.view_device",
        count=lambda figures, person: figures.stale,
        text=lambda n: ngettext("%(count)s approval is stale", "%(count)s approvals are stale", n),
        hint=lazy(_stale_hint, str)(),
        page=DEVICES,
        query=lazy(_stale_query, str)(),
    ),
)
