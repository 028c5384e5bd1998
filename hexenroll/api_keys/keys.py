"""How is an API key made, found and ended? A key is shown once; the database has its SHA-256."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from hexenroll.models import ApiKey

BEGINS = "hxn"
PREFIX_BYTES = 4  # of what is stored and shown, so that a key can be told from others
SECRET_BYTES = 32  # 256 bits: nobody guesses it, so that a fast hash is enough
LONGEST = 100  # characters of a text that is worth a look
SOON = timedelta(days=14)  # somebody has to make and hand over a new one
USED_EVERY = timedelta(minutes=1)  # the time of the last use is written no more often


def make(
    account: Any, name: str, *, made_by: Any, is_read_only: bool = False, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key for an account.

    Args:
        account: as whom it acts.
        name: what it is for.
        made_by: who makes it.
        is_read_only: it may look, and change nothing.
        expires_at: from then on it doesn't work; None: never.

    Returns:
        The key's row, and the key itself, which nobody can show again.
    """
    prefix, secret = secrets.token_hex(PREFIX_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    text = f"{BEGINS}_{prefix}_{secret}"
    key = ApiKey(
        name=name,
        account=account,
        prefix=prefix,
        key_hash=_hash(text),
        is_read_only=is_read_only,
        expires_at=expires_at,
        created_by=made_by,
    )
    key.save(force_insert=True)
    return key, text


def find(text: str) -> ApiKey | None:
    """Return the key that a text is, with its account; None: it is none, or one that doesn't work any more.

    Keys of accounts that may not sign in don't work, and no keys of accounts of which the identity provider has said
    nothing for long.
    """
    parts = text.split("_", 2)
    if len(text) > LONGEST or len(parts) != 3 or parts[0] != BEGINS or not parts[1].isalnum() or not text.isascii():
        return None
    key = working().select_related("account").filter(prefix=parts[1]).first()
    if key is None or not hmac.compare_digest(key.key_hash, _hash(text)):
        return None
    return key


def working() -> Any:
    """Return the keys that open something now."""
    now = timezone.now()
    return ApiKey.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None, account__is_active=True, account__is_staff=True
    ).filter(is_vouched_for())


def is_vouched_for() -> Q:
    """Return the condition that a key's account has a password, or signed in at the identity provider lately.

    What such an account may is said there, and heard at each sign-in: who leaves never comes back to be told.
    """
    theirs = SocialAccount.objects.filter(user=OuterRef("account"))
    since = timezone.now() - timedelta(days=settings.HEXENROLL_SSO_KEY_DAYS)
    return ~Exists(theirs) | Exists(theirs.filter(last_login__gt=since))


def ending_soon() -> QuerySet[ApiKey]:
    """Return the keys that work now, and will not in 14 days."""
    found: QuerySet[ApiKey] = working().filter(expires_at__lte=timezone.now() + SOON)
    return found


def note_use(key: ApiKey, address: str | None) -> None:
    """Write down that a key was used, and from where; once a minute at most."""
    now = timezone.now()
    if key.last_used_at is not None and key.last_used_at > now - USED_EVERY and key.last_address == address:
        return
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=now, last_address=address)


@transaction.atomic
def revoke(key: ApiKey) -> bool:
    """End a key for good; return False where somebody has ended it before."""
    locked = ApiKey.objects.select_for_update().get(pk=key.pk)
    if locked.revoked_at is not None:
        return False
    locked.revoked_at = timezone.now()
    locked.save(update_fields=["revoked_at"])
    return True


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
