"""What is written down about a message once its provider has answered? One UPDATE by the lane that holds it.

| the provider      | a waiting message                                | a reminder                                   |
|-------------------|--------------------------------------------------|----------------------------------------------|
| takes it          | sent; the first reminder, if any, gets its time  | counted; the next one gets its time          |
| refuses it        | failed                                           | no more reminders                            |
| says later        | queued again, later; after too often: failed     | later; after too often: no more reminders    |
| can't be used     | queued again, not counted (release)              | the same                                     |

Who finds that the invitation is not in its hand any more writes nothing.
"""

from django.conf import settings
from django.db import connection
from django.db.models import Case, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.imports.sql import execute
from invitations.channels.outcome import Accepted, NotSentError, TryLaterError
from invitations.models import Invitation, InvitationEvent

from .reminders import next_reminder
from .retry import wait_for_message

State = Invitation.State
Kind = InvitationEvent.Kind

# The provider may have reported, and the page may have been opened, before it was written down that it was sent.
FURTHER = {"opened_at": State.OPENED.value, "bounced_at": State.BOUNCED.value, "delivered_at": State.DELIVERED.value}
SENT_OR_FURTHER = Case(
    *(When(**{f"{column}__isnull": False}, then=Value(state)) for column, state in FURTHER.items()),
    default=Value(State.SENT.value),
)
# The one statement that runs for each message, written by hand: Django takes longer to make it than PostgreSQL to run
# it. PostgreSQL doesn't wait for the disk here (the package's docstring says what that means); SQLite never does.
SENT = f"""
    UPDATE {Invitation._meta.db_table} SET
        holder = NULL, attempts = attempts + 1, provider_id = %(provider_id)s, last_error = '', error_code = '',
        state = CASE
            {" ".join(f"WHEN {column} IS NOT NULL THEN '{state}'" for column, state in FURTHER.items())}
            ELSE '{State.SENT.value}'
        END,
        state_changed_at = %(now)s, sent_at = %(now)s, next_attempt_at = %(next_attempt_at)s
    WHERE id = %(id)s AND holder = %(holder)s
"""  # noqa: S608 - of our own words
NOT_WAITING = " AND set_config('synchronous_commit', 'off', true) = 'off'"


def is_reminder(invitation: Invitation) -> bool:
    """Tell whether what a lane has in hand is a reminder of an invitation that was sent before."""
    return invitation.state != State.SENDING


def accepted(invitation: Invitation, outcome: Accepted) -> None:
    """Write down that the provider took the message."""
    if is_reminder(invitation):
        _reminded(invitation, outcome)
        return
    now = timezone.now()
    as_stored = connection.ops.adapt_datetimefield_value
    execute(
        SENT + (NOT_WAITING if connection.vendor == "postgresql" else ""),
        {
            "provider_id": outcome.provider_id[:255],
            "now": as_stored(now),
            "next_attempt_at": as_stored(next_reminder(invitation, sent=0, now=now)),
            "id": invitation.pk,
            "holder": Invitation._meta.get_field("holder").get_db_prep_value(invitation.holder, connection),
        },
    )


def _reminded(invitation: Invitation, outcome: Accepted) -> None:
    sent = invitation.reminders + 1
    changed = _held(invitation).update(
        holder=None,
        attempts=_tried(invitation) + 1,
        provider_id=outcome.provider_id[:255],
        last_error="",
        error_code="",
        reminders=sent,
        next_attempt_at=next_reminder(invitation, sent=sent, now=timezone.now()),
    )
    if changed:
        invitation.note(Kind.REMINDED)


def refused(invitation: Invitation, error: NotSentError) -> bool:
    """Write down that this message will never be taken; return False when it is not in the lane's hand any more."""
    changes = {"holder": None, "attempts": _tried(invitation) + 1, "next_attempt_at": None, **_why(error)}
    if not is_reminder(invitation):
        changes |= {"state": State.FAILED, "state_changed_at": timezone.now()}
    is_mine = bool(_held(invitation).update(**changes))
    if is_mine:
        invitation.note(Kind.FAILED, error.message)
    return is_mine


def try_later(invitation: Invitation, error: TryLaterError) -> None:
    """Write down that this message is tried again, and when."""
    attempts = _tried(invitation) + 1
    if attempts >= settings.HEXENROLL_SEND_ATTEMPTS:
        text = _("Given up after %(count)s attempts. The last answer: %(message)s")
        last = NotSentError(text % {"count": attempts, "message": error.message}, error.code)
        if refused(invitation, last) and error.may_have_arrived:
            invitation.note(Kind.NO_ANSWER, error.message)  # undo (veto.py) has to know
        return
    now = timezone.now()
    changes: dict[str, object] = {
        "holder": None,
        "attempts": attempts,
        "next_attempt_at": now + wait_for_message(attempts, error.retry_after),
        **_why(error),
    }
    if not is_reminder(invitation):
        changes |= {"state": State.QUEUED, "state_changed_at": now}
    if _held(invitation).update(**changes):
        invitation.note(Kind.NO_ANSWER if error.may_have_arrived else Kind.RETRY, error.message)


def release(bundle: list[Invitation]) -> None:
    """Put back what a lane claimed and did not begin to send, or what no provider could be asked about."""
    if not bundle:
        return
    mine = Invitation.objects.filter(pk__in=[invitation.pk for invitation in bundle], holder=bundle[0].holder)
    # The time of what never went out begins when it does: the provider may be away for longer than it is valid.
    mine.filter(state=State.SENDING, attempts=0).update(expires_at=None)
    mine.filter(state=State.SENDING).update(state=State.QUEUED, state_changed_at=timezone.now())
    mine.update(holder=None)


def _tried(invitation: Invitation) -> int:
    """Return how often the message in hand was tried before; of a reminder only its own attempts count.

    What was written down about the message before it has no error: that was taken.
    """
    return 0 if is_reminder(invitation) and not invitation.last_error else invitation.attempts


def _held(invitation: Invitation) -> QuerySet[Invitation]:
    return Invitation.objects.filter(pk=invitation.pk, holder=invitation.holder)


def _why(error: NotSentError) -> dict[str, object]:
    return {"last_error": error.message, "error_code": error.code[:40]}
