"""How does an account stand with Apple, and what has somebody to do about it? The first good answer clears it.

Called by accounts, sync and profiles after they asked Apple; shown on the account's page and by `ade_account`.
"""

from dataclasses import dataclass
from typing import Final

from django.db.models import Case, F, Value, When
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from enrollment.models import AdeAccount
from enrollment.models.ade_account import AdeAccountQuerySet

from .errors import (
    AccessDeniedError,
    AdeError,
    ForbiddenError,
    TermsNotSignedError,
    ThrottledError,
    TokenExpiredError,
    TokenRejectedError,
)

State = AdeAccount.State
NOT_ASKED: Final = "not_asked"
# What isn't here is none of the account's: Apple doesn't answer, or answers what nobody understands.
_STATES: Final[tuple[tuple[type[AdeError], AdeAccount.State], ...]] = (
    (TermsNotSignedError, State.TERMS_NOT_SIGNED),
    (AccessDeniedError, State.ACCESS_DENIED),
    (ForbiddenError, State.ACCESS_DENIED),
    (TokenRejectedError, State.TOKEN_REFUSED),
    (TokenExpiredError, State.EXPIRED),
    (ThrottledError, State.THROTTLED),
)


@dataclass(frozen=True)
class Advice:
    """What is the matter, and what to do about it; both whole sentences."""

    matter: str | Promise
    to_do: str | Promise


_BY_ITSELF: Final = _("Nothing: the portal tries again by itself, and goes on where it stopped.")
_NEW_TOKEN: Final = _(
    "Open the server of this account at Apple, download a new token, and upload it here. Nothing else changes."
)
_CLOCK: Final = _("Set the clock of the portal's machine right; Apple takes only requests of the same minute.")
_NETWORK: Final = _(
    "See whether the portal's machine reaches mdmenrollment.apple.com on port 443. It tries again by itself."
)
_CERTIFICATE: Final = _(
    "See whether something between the portal and Apple opens encrypted connections; Apple's must be left alone."
)
_ADVICE: Final[dict[str, Advice]] = {
    State.NEW: Advice(
        _("The account has no token yet."),
        _("Upload the public key at Apple, download the token there, and upload it here."),
    ),
    State.OK: Advice(_("Apple answered the last time."), ""),
    State.TERMS_NOT_SIGNED: Advice(
        _("Apple has new terms and conditions that the organisation hasn't accepted."),
        _("Somebody with the role Administrator signs in at Apple Business or School Manager and accepts them."),
    ),
    State.ACCESS_DENIED: Advice(
        _("Apple denies this server the access."),
        _("See at Apple whether the server is still there. If it is, download a new token and upload it here."),
    ),
    State.TOKEN_REFUSED: Advice(
        _("Apple doesn't take the token: another one was downloaded since, or the server was removed."), _NEW_TOKEN
    ),
    State.EXPIRED: Advice(_("The token has expired; each is good for one year."), _NEW_TOKEN),
    State.THROTTLED: Advice(_("Apple asks the portal to wait."), _BY_ITSELF),
    State.UNREACHABLE: Advice(_("Apple doesn't answer, or not as it should."), _BY_ITSELF),
}
# Where the code of the error tells more than the state.
_BY_CODE: Final[dict[tuple[str, str], Advice]] = {
    (State.TOKEN_REFUSED, "timestamp_refused"): Advice(
        _("Apple doesn't take the token, because the portal's clock is wrong."), _CLOCK
    ),
    (State.UNREACHABLE, "no_connection"): Advice(_("There is no connection to Apple."), _NETWORK),
    (State.UNREACHABLE, "timed_out"): Advice(_("Apple didn't answer in time."), _NETWORK),
    (State.UNREACHABLE, "proxy"): Advice(
        _("The proxy doesn't let the portal through to Apple."),
        _("Let the proxy pass mdmenrollment.apple.com on port 443. The portal tries again by itself."),
    ),
    (State.UNREACHABLE, NOT_ASKED): Advice(
        _("Apple hasn't been asked yet whether the token is good."),
        _("Nothing: the next sync asks. “Check again” asks at once."),
    ),
    (State.UNREACHABLE, "empty_list"): Advice(
        _("Apple's list names no device any more. Nothing was removed here."),
        _(
            "See at Apple whether this server still has its devices. If it shall have none, choose “Read the whole "
            "list”: what the portal had pre-approved for them is withdrawn then."
        ),
    ),
    (State.UNREACHABLE, "certificate"): Advice(_("What answers has no certificate of Apple's."), _CERTIFICATE),
}


def state_of(error: AdeError) -> AdeAccount.State:
    """Return the state of an account that Apple answered so."""
    return next((state for kind, state in _STATES if isinstance(error, kind)), State.UNREACHABLE)


def advice_of(account: AdeAccount) -> Advice:
    """Return what is the matter with an account, and what to do."""
    return _BY_CODE.get((account.state, account.last_error)) or _ADVICE[account.state]


def note_error(account: AdeAccount, error: AdeError) -> None:
    """Keep in the account what Apple's answer means; one without a token stays as it is.

    Args:
        account: as it was when Apple was asked: an answer to a token that was renewed meanwhile says nothing.
        error: the answer.
    """
    state = state_of(error)
    _move(account, state, error.code or type(error).__name__)


def note_success(account: AdeAccount) -> None:
    """Clear the account's trouble, if it had any: Apple has answered. The account is as for `note_error`."""
    _move(account, State.OK, "")


def is_renewed(account: AdeAccount) -> bool:
    """Tell whether the account has another token by now than when it was read."""
    return not _with_its_token(account).exists()


def _with_its_token(account: AdeAccount) -> AdeAccountQuerySet:
    # Each token ends at a moment of its own. The token itself is encrypted, each time otherwise.
    return AdeAccount.objects.connected().filter(pk=account.pk, token_expires_at=account.token_expires_at)


def _move(account: AdeAccount, state: AdeAccount.State, code: str) -> None:
    now = timezone.now()
    _with_its_token(account).exclude(state=state, last_error=code).update(
        # Since when it is so; another code of the same state is no new trouble.
        state_changed_at=Case(When(state=state, then=F("state_changed_at")), default=Value(now)),
        state=state,
        last_error=code,
    )
