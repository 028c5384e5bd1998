"""What may be done to an ADE account: create it, take a token, check it at Apple, delete it? For pages and commands.

The private key and the token stay in their encrypted columns: no answer, message or log of this module has them.
"""

import json
from dataclasses import asdict
from typing import Any, Final, cast

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.models import Device
from enrollment.models import AdeAccount, AdeDevice, AdeSync

from . import standing
from .client import MAX_DEVICES, Client
from .errors import AdeError
from .exchange import BaseUrlError, clean_base_url
from .token import SECRETS, ServerToken, make_key, read_token

# Somebody waits in front of a page; the sync is more patient.
QUICK: Final = {"timeout": 15.0, "longest_wait": 3.0}
DEVICE_LIST: Final = "/server/devices"
# What Apple says of the server that a token is of.
OF_SERVER: Final = ("server_name", "server_uuid", "org_name", "org_id", "org_type", "admin_id")
BASE_URL_WORDS: Final = _("Write an address that begins with https://; http:// only for a simulator on this machine.")


class AccountUseError(Exception):
    """It can't be done so; the text says why and what to do."""


class OtherServerError(AccountUseError):
    """The token is of another server at Apple than the account's."""


class SameServerError(AccountUseError):
    """The token is of a server that another account uses already."""

    def __init__(self, text: object, other: AdeAccount) -> None:
        super().__init__(text)
        self.other = other


class NoTokenError(AccountUseError):
    """The account has no token yet."""

    def __init__(self) -> None:
        super().__init__(_("This account has no token yet. Upload the public key at Apple and bring the token back."))


def create(account: AdeAccount) -> AdeAccount:
    """Save a new account with a key pair of its own. Its groups and policies are set by the caller.

    Args:
        account: not saved yet, and valid.
    """
    account.base_url = base_url_of(account.base_url)
    account.private_key, account.certificate = make_key(account.name)
    account.save(force_insert=True)
    return account


def base_url_of(text: str) -> str:
    """Return an address of Apple's service as it is stored.

    Raises:
        AccountUseError: a token may not be sent there.
    """
    try:
        return clean_base_url(text)
    except BaseUrlError:
        raise AccountUseError(BASE_URL_WORDS) from None


def make_new_key(account: AdeAccount) -> None:
    """Give an account a new key pair. Its token goes on working; the next one must be made for the new public key."""
    account.private_key, account.certificate = make_key(account.name)
    account.save(update_fields=["private_key", "certificate", "updated_at"])


def take_token(account: AdeAccount, content: bytes, *, is_forced: bool = False) -> None:
    """Take the token of a file of Apple's: the first one, or a newer one. The devices stay as they are.

    Apple isn't asked: `check` does that.

    Args:
        account: whose public key was uploaded at Apple.
        content: of the file.
        is_forced: take it even if it is of another server: the whole list is read anew then, and what isn't in it
            counts as removed by Apple.

    Raises:
        TokenFileError: the file gives no token.
        OtherServerError, SameServerError: unless forced.
    """
    token = read_token(content, account.private_key, account.certificate)
    former = _stored(account)
    is_other = former is not None and former["consumer_key"] != token.consumer_key
    if not is_forced:
        if is_other:
            raise OtherServerError(
                _(
                    "This token is of another server than the one that the account has: of another organisation, or "
                    "of a server that was made anew at Apple. Nothing was changed."
                )
            )
        _refuse_shared(account, token)
    with transaction.atomic():
        fields = _put(account, token)
        if is_other:
            fields += _forget_server(account)
        account.save(update_fields=[*fields, "updated_at"])


def check(account: AdeAccount) -> AdeAccount:
    """Ask Apple whose account it is, and keep the answer; the state of the account says how that went.

    A sync that waits for its next try goes on at once then, unless Apple asked it to wait.

    Raises:
        NoTokenError: there is nothing to ask with.
        AdeError: Apple refused, or doesn't answer; `standing` has the words for it.
    """
    try:
        with client_of(account, **QUICK) as client:
            told = client.account()
    except AdeError as error:
        standing.note_error(account, error)
        raise
    limit = min(told.limits.get(DEVICE_LIST, account.page_limit), MAX_DEVICES)
    now = timezone.now()
    facts: dict[str, Any] = {name: _fitting(name, getattr(told, name)) for name in OF_SERVER}
    if not standing.is_renewed(account):  # meanwhile, by somebody else, whose own check follows
        AdeAccount.objects.filter(pk=account.pk).update(**facts, page_limit=limit, checked_at=now)
    standing.note_success(account)
    AdeSync.objects.hurriable().filter(account=account).update(next_at=now)
    account.refresh_from_db()
    return account


def client_of(account: AdeAccount, **patience: Any) -> Client:
    """Return a client that speaks to Apple for an account; a context manager.

    Args:
        account: with a token.
        patience: `timeout`, `longest_wait` and `wait` of Client.

    Raises:
        NoTokenError: it has none.
    """
    stored = _stored(account)
    if stored is None or account.token_expires_at is None:
        raise NoTokenError
    token = ServerToken(**stored, access_token_expiry=account.token_expires_at)
    return Client(token, account.base_url, **patience)


def waiting_devices(account_id: int) -> QuerySet[Device]:
    """Return the devices that an account has pre-approved and that have not enrolled; deleting it leaves them."""
    made = AdeDevice.objects.filter(account=account_id, approval=AdeDevice.Approval.MADE)
    same = made.filter(serial_number=OuterRef("serial_number"), platform=OuterRef("platform"))
    return Device.objects.pre_approved().filter(Exists(same))


def delete(account: AdeAccount) -> None:
    """Delete an account with its key, its token and what Apple listed for it. The devices of the portal stay."""
    with transaction.atomic():
        _stop_syncs(account)  # first, as the sync's own transactions do
        # One statement for up to 200,000: on the way of the account, Django would read them.
        AdeDevice.objects.filter(account=account).delete()
        account.delete()


def _put(account: AdeAccount, token: ServerToken) -> list[str]:
    """Set what comes with a token; return the names of the fields. The state is what Apple says, so it stays."""
    account.server_token = json.dumps({name: asdict(token)[name] for name in SECRETS})
    account.token_expires_at = token.access_token_expiry
    account.warned_at_days = None
    account.checked_at = None
    if account.state == AdeAccount.State.NEW:
        account.state, account.state_changed_at = AdeAccount.State.UNREACHABLE, timezone.now()
        account.last_error = standing.NOT_ASKED
    standing_fields = ["state", "state_changed_at", "last_error", "checked_at"]
    return ["server_token", "token_expires_at", "warned_at_days", *standing_fields]


def _forget_server(account: AdeAccount) -> list[str]:
    """Let the next sync read the whole list; return the names of the fields that this sets."""
    _stop_syncs(account)
    for name in OF_SERVER:
        setattr(account, name, "")
    account.cursor, account.needs_full = "", True
    return [*OF_SERVER, "cursor", "needs_full"]


def _stop_syncs(account: AdeAccount) -> None:
    """End a sync that is open: its worker finds that out with its next page."""
    AdeSync.objects.filter(account=account, state__in=AdeSync.OPEN).update(
        state=AdeSync.State.FAILED, error="replaced", finished_at=timezone.now()
    )


def _refuse_shared(account: AdeAccount, token: ServerToken) -> None:
    for other in AdeAccount.objects.connected().exclude(pk=account.pk):
        stored = _stored(other)
        if stored is not None and stored["consumer_key"] == token.consumer_key:
            text = _(
                "Another account of this portal has a token of the same server. Make a server of its own for this "
                "account at Apple: Apple gives each device to one server. Nothing was changed."
            )
            raise SameServerError(text, other)


def _stored(account: AdeAccount) -> dict[str, str] | None:
    return json.loads(account.server_token) if account.server_token else None


def _fitting(name: str, text: str) -> str:
    """Return what a column can hold of a text of Apple's."""
    column = cast(CharField, AdeAccount._meta.get_field(name))
    return text[: column.max_length]
