"""Which enrollment profile shall an ADE device have? Asked and changed by the pages, the sync and telling.py.

A wish is a column of the device (`wanted_profile`) and a state (`assign_state`); telling.py tells Apple. Everything is
set-based: an account may have 200,000 devices.
"""

import logging
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from celery import current_app
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When
from django.utils.translation import gettext_lazy
from kombu.exceptions import OperationalError

from devices.changes import VARIOUS, WORDS, Action, announce
from devices.models import Device
from enrollment.models import AdeAccount, AdeDevice, AdeProfile

logger = logging.getLogger(__name__)

ASSIGNED, REMOVED = "ade.profile_assigned", "ade.profile_removed"
WORDS[ASSIGNED] = gettext_lazy("Enrollment profile chosen")
WORDS[REMOVED] = gettext_lazy("Enrollment profile taken away")
AssignState = AdeDevice.AssignState
# What Apple says of a device that has no profile.
WITHOUT_PROFILE: Final = ("", "empty", "removed")
# What somebody writes into the form; another value of one of them is another profile at Apple.
FLAGS: Final = (
    "is_supervised",
    "is_mandatory",
    "is_mdm_removable",
    "await_device_configured",
    "auto_advance_setup",
)
TEXTS: Final = ("org_magic", "department", "support_phone_number", "support_email_address", "language", "region")
CONTENT: Final = ("name", "url", *FLAGS, *TEXTS, "skip_setup_items")


def content_of(profile: AdeProfile) -> dict[str, Any]:
    """Return a profile as Apple wants it; an empty text would be an error there, so it is left out.

    https://developer.apple.com/documentation/devicemanagement/profile
    """
    texts = {name: getattr(profile, name) for name in TEXTS}
    return {
        "profile_name": profile.name,
        "url": profile.url,
        **{name: getattr(profile, name) for name in FLAGS},
        **{name: text for name, text in texts.items() if text},
        "skip_setup_items": list(profile.skip_setup_items),
    }


def save(profile: AdeProfile) -> bool:
    """Save a profile, new or changed. A changed one is defined at Apple anew, and then assigned to its devices anew.

    Returns:
        False when it says what it said before: nothing is saved.
    """
    if not profile._state.adding:
        before = AdeProfile.objects.get(pk=profile.pk)
        if all(getattr(before, name) == getattr(profile, name) for name in CONTENT):
            return False
    profile.state, profile.last_error = AdeProfile.State.WAITING, ""
    fields = None if profile._state.adding else [*CONTENT, "state", "last_error", "updated_at"]
    profile.save(update_fields=fields)
    tell_soon(profile.account_id)
    return True


def try_again(profile: AdeProfile) -> bool:
    """Send a profile that Apple refused once more; False: nothing is refused."""
    failed = AdeProfile.objects.filter(pk=profile.pk, state=AdeProfile.State.FAILED)
    sent = failed.update(state=AdeProfile.State.WAITING, last_error="")
    if sent:
        tell_soon(profile.account_id)
    return bool(sent)


def delete(profiles: Iterable[AdeProfile]) -> None:
    """Forget profiles. Devices that have one at Apple keep it there, until they get another or it is removed."""
    keys = [profile.pk for profile in profiles]
    devices = AdeDevice.objects.filter(wanted_profile__in=keys)
    with transaction.atomic():
        lock(devices)
        devices.update(wanted_profile=None, assign_state=AssignState.NONE, assign_after=None)
        for profile in AdeProfile.objects.filter(pk__in=keys):
            profile.delete()


def assign(profile: AdeProfile, devices: QuerySet[AdeDevice], *, person: Any = None) -> int:
    """Let devices have a profile; those of other accounts and those that Apple doesn't list are left out.

    Args:
        profile: of the account of the devices.
        devices: any.
        person: who asks for it, as the audit log tells.

    Returns:
        How many devices Apple is told about. One that has the profile already isn't among them.
    """
    listed = devices.filter(account=profile.account_id, is_listed=True)
    has_it = Q(wanted_profile=profile, assign_state__in=(AssignState.ASSIGNED, AssignState.WAITING))
    return _want(listed.exclude(has_it), profile, person)


def remove(devices: QuerySet[AdeDevice], *, person: Any = None) -> int:
    """Let devices have no enrollment profile, whoever assigned it; those that Apple doesn't list are left out.

    Args:
        devices: any.
        person: who asks for it, as the audit log tells.

    Returns:
        How many devices Apple is told about.
    """
    listed = devices.filter(is_listed=True)
    is_going = Q(wanted_profile=None, assign_state__in=(AssignState.REMOVED, AssignState.WAITING))
    return _want(listed.exclude(is_going), None, person)


def want_default(account_id: int) -> int:
    """Let the devices of an account that have no enrollment profile, and never had a wish, have its default one.

    Called when a sync has read what is new, and when the default changes. A device that Apple gave away loses its
    assignment; when it comes back, it gets again what it was to have here.

    Returns:
        How many devices Apple is told about.
    """
    account = AdeAccount.objects.filter(pk=account_id).select_related("default_profile").first()
    if account is None:
        return 0
    devices = AdeDevice.objects.filter(account=account_id)
    gone = devices.filter(is_listed=False).exclude(assign_state=AssignState.NONE)
    untold = devices.filter(is_listed=True, assign_state=AssignState.NONE)
    wished = untold.filter(wanted_profile__isnull=False)
    default = account.default_profile
    has_default = default is not None and default.account_id == account_id
    without = without_profile(account).filter(assign_state=AssignState.NONE) if has_default else devices.none()
    with transaction.atomic():
        lock(gone | wished | without)
        gone.update(assign_state=AssignState.NONE, assign_after=None)
        count = wished.update(assign_state=AssignState.WAITING)
        count += without.update(wanted_profile=default, assign_state=AssignState.WAITING)
        if count:
            tell_soon(account_id)
    return count


def without_profile(account: AdeAccount) -> QuerySet[AdeDevice]:
    """Return the devices of an account that have no enrollment profile at Apple and are to have none."""
    return AdeDevice.objects.listed().filter(account=account, wanted_profile=None, profile_status__in=WITHOUT_PROFILE)


def among(account: AdeAccount, members: QuerySet[Device]) -> QuerySet[AdeDevice]:
    """Return the devices of an account that are these devices of the portal, such as those of a group."""
    same = members.filter(serial_number=OuterRef("serial_number"), platform=OuterRef("platform"))
    return AdeDevice.objects.filter(Exists(same.order_by()), account=account)


def lock(devices: QuerySet[AdeDevice]) -> dict[int, list[int]]:
    """Lock devices until the transaction ends, in everybody's order: the sync writes the same ones, page by page.

    Returns:
        Account -> numbers of its devices.
    """
    found: dict[int, list[int]] = {}
    for account_id, key in (
        devices.order_by("pk").select_for_update(of=("self",)).values_list("account", "pk").iterator()
    ):
        found.setdefault(account_id, []).append(key)
    return found


def tell_soon(account_id: int) -> None:
    """Have a worker tell Apple, once this transaction is committed; the clock does it, should the message get lost."""
    transaction.on_commit(partial(call_worker, account_id))


def call_worker(account_id: int) -> bool:
    """Send the task that tells Apple; False: the broker can't be reached, and the clock sends it later."""
    try:
        current_app.send_task("enrollment.tasks.tell_ade_profiles", [account_id], retry=False)
    except OperationalError as error:
        logger.warning("ADE account %s: the broker can't be reached, Apple is told later: %s", account_id, error)
        return False
    return True


def _want(devices: QuerySet[AdeDevice], profile: AdeProfile | None, person: Any) -> int:
    # By number: a queryset of a list may be joined, sorted and annotated, and none of that can be updated.
    chosen = AdeDevice.objects.filter(pk__in=devices.order_by().values("pk"))
    # Apple's own wait stands, whatever is wanted now.
    is_told_to_wait = When(assign_state__in=(AssignState.THROTTLED, AssignState.WAITING), then=F("assign_after"))
    wish = {"wanted_profile": profile, "assign_state": AssignState.WAITING, "assign_after": Case(is_told_to_wait)}
    with transaction.atomic():
        by_account = lock(chosen)
        count = chosen.update(**wish) if by_account else 0
        for account_id, keys in by_account.items():
            tell_soon(account_id)
            _announce(account_id, keys, profile, total=count, person=person)
    return count


def _announce(account_id: int, keys: list[int], profile: AdeProfile | None, **facts: Any) -> None:
    """Tell the audit log that devices of one account were given another wish."""
    account = AdeAccount.objects.only("name", "domain").get(pk=account_id)
    wanted = {"wanted_profile": (VARIOUS, "" if profile is None else profile.name)}
    what = REMOVED if profile is None else ASSIGNED
    announce(
        AdeDevice, Action.CHANGED, what, ids=keys, fields=wanted, domain_id=account.domain_id, source=account, **facts
    )
