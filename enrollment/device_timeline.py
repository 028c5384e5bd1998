"""What happened to one device, from its approval to its end? The newest first; shown on its page.

Merged from the device's own columns, its invitations, attempts, events, conflicts and policies, each asked for its
newest lines in a fixed number of queries, and from what higher layers know (SOURCES).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from devices.models import Device, DeviceInventory, DevicePolicy, ImportBatch
from devices.scope import scope_of, visible
from invitations.device_history import device_history
from invitations.timeline import Entry

from .event_words import told_events
from .methods import Method
from .models import Conflict, DeviceEvent, EnrollmentAttempt
from .policy_standing import PolicyStanding, Standing
from .reasons import Reason

Status = Device.Status
Source = Device.Source
# Lines that are shown at first, and at most; what is older than those is in the lists.
FEW, MANY = 15, 200
# Two rows that tell of one thing are written that closely after each other.
SAME_TIME = timedelta(seconds=5)
# Each is asked for what else it knows: of which device, for whom, and how many lines at most.
SOURCES: list[Callable[[Device, Any, int], Iterable[Entry]]] = []

EVENT_LOOKS: dict[str, tuple[str, str]] = {
    DeviceEvent.Kind.DISENROLLED: ("logout", "warning"),
    DeviceEvent.Kind.LEFT: ("logout", "warning"),
    DeviceEvent.Kind.APPROVED_AGAIN: ("playlist_add_check", "info"),
    DeviceEvent.Kind.HANDED_OVER: ("move_group", ""),
    DeviceEvent.Kind.BLOCKED: ("block", "error"),
    DeviceEvent.Kind.UNBLOCKED: ("lock_open", ""),
    DeviceEvent.Kind.UNLISTED: ("playlist_remove", "warning"),
}


@dataclass(frozen=True)
class Timeline:
    """What is shown.

    Attributes:
        entries: the newest first.
        has_more: there is more than these.
    """

    entries: list[Entry]
    has_more: bool


def device_timeline(device: Device, person: Any, standings: Iterable[PolicyStanding] = (), *, most: int) -> Timeline:
    """Return what a person may know of a device's history.

    Args:
        device: selected with its inventory, import batch and that one's author.
        person: who looks; what they have no permission for is left out.
        standings: of its policies.
        most: the number of lines.
    """
    # In the order of a device's life: what is told of one moment, such as of one transaction, stands in it.
    entries = [*_beginning(device, person)]
    for source in SOURCES:
        entries += reversed([*source(device, person, most)])
    entries += reversed([*_events(device, person, most)])
    if person.has_perm("invitations.view_invitation"):
        entries += device_history(device.pk, person, most)
    if person.has_perm("enrollment.view_conflict"):
        entries += _conflicts(device, most)
    may_see_attempts = person.has_perm("enrollment.view_enrollmentattempt")
    attempts = _attempts(device, person, most) if may_see_attempts else []
    entries += reversed([*_merged(attempts)])
    entries += [*_enrollment(device, attempts), *_policies(standings), *_stay(device)]
    entries = list(_once(sorted(entries, key=lambda entry: entry.at)[::-1]))
    return Timeline(entries[:most], len(entries) > most)


def _once(entries: list[Entry]) -> Iterator[Entry]:
    """Leave out what two tell: the one that knows who did it tells it."""
    known = {entry.title: entry.at for entry in entries if entry.person}
    for entry in entries:
        twin = known.get(entry.title)
        is_twin = not entry.person and twin is not None and abs(twin - entry.at) < SAME_TIME
        if not is_twin:
            yield entry


# --- what the device's own row tells ----------------------------------------------------------------------
def _beginning(device: Device, person: Any) -> Iterator[Entry]:
    batch = batch_of(device, person)
    if batch is not None:
        author = batch.created_by.get_username() if batch.created_by else ""
        url = reverse("enroll:batch", args=[batch.pk])
        title = _("Imported from “%(file)s”") % {"file": batch.file_name}
        yield Entry(device.created_at, title, "upload_file", person=author, url=url)
        return
    titles = {
        Source.IMPORT: _("Imported"),
        Source.MANUAL: _("Pre-approved by hand"),
    }
    if title := titles.get(Source(device.source), ""):
        yield Entry(device.created_at, title, "playlist_add_check")


def batch_of(device: Device, person: Any) -> ImportBatch | None:
    """Return the import that a device came with; None: none that the person may know of."""
    batch: ImportBatch | None = device.import_batch
    if batch is None or not person.has_perm("devices.view_importbatch") or not scope_of(person).has(batch.domain_id):
        return None
    return batch


def _stay(device: Device) -> Iterator[Entry]:
    """Yield when it checked in last, or that nobody used its approval."""
    now, inventory = timezone.now(), inventory_of(device)
    if inventory is not None and inventory.last_seen_at > inventory.enrolled_at:
        address = _("From %(address)s") % {"address": inventory.ip_address} if inventory.ip_address else ""
        yield Entry(inventory.last_seen_at, _("Checked in last"), "sync", "success", address)
    ends = device.approval_expires_at
    if device.status == Status.PRE_APPROVED and ends is not None and ends <= now:
        yield Entry(ends, _("The approval expired"), "timer_off", "warning")


def inventory_of(device: Device) -> DeviceInventory | None:
    """Return what a device says of itself; None before it enrolled, and while it waits to enroll once more."""
    return None if device.status == Status.PRE_APPROVED else getattr(device, "inventory", None)


# --- attempts ---------------------------------------------------------------------------------------------
def _attempts(device: Device, person: Any, most: int) -> list[EnrollmentAttempt]:
    """Return the newest attempts of the device, and those with its serial number before it was on the list."""
    theirs = visible(EnrollmentAttempt.objects.filter(device=device), person)
    found = list(theirs[: most * 2])
    if device.serial_number:
        same = EnrollmentAttempt.objects.filter(
            serial_number=device.serial_number, platform=device.platform, device=None, is_let_in=False
        )
        found += visible(same, person)[: most * 2]
    return sorted(found, key=lambda attempt: (attempt.at, attempt.pk), reverse=True)


def _merged(attempts: list[EnrollmentAttempt]) -> Iterator[Entry]:
    """Yield attempts; refusals for one reason that follow each other are one line."""
    for (is_let_in, reason), group in groupby(attempts, key=lambda attempt: (attempt.is_let_in, attempt.reason)):
        same = list(group)
        if is_let_in:
            yield from map(_let_in, same)
        else:
            yield _refused(same, Reason(reason))


def _refused(same: list[EnrollmentAttempt], reason: Reason) -> Entry:
    newest, oldest = same[0], same[-1]
    if len(same) == 1:
        url = reverse("admin:enrollment_enrollmentattempt_change", args=[newest.pk])
        return Entry(newest.at, _("Refused"), "gpp_bad", "error", str(reason.label), url=url)
    title = ngettext("Refused %(count)s time", "Refused %(count)s times", len(same)) % {"count": len(same)}
    since = date_format(localtime(oldest.at), "DATETIME_FORMAT")
    text = _("%(reason)s The first time: %(time)s") % {"reason": reason.label, "time": since}
    listed = reverse("admin:enrollment_enrollmentattempt_changelist")
    device = newest.device_id
    query = {"device__id__exact": str(device)} if device else {"q": newest.serial_number}
    url = f"{listed}?{urlencode(query)}"
    return Entry(newest.at, title, "gpp_bad", "error", text, url=url)


def _let_in(attempt: EnrollmentAttempt) -> Entry:
    url = reverse("admin:enrollment_enrollmentattempt_change", args=[attempt.pk])
    title = _("Enrolled") if attempt.reason in (Reason.APPROVED, Reason.ORDINARY) else _("Let in again")
    text = _how(attempt.method, attempt.address)
    if attempt.reason != Reason.APPROVED:
        text = _("%(how)s. %(reason)s") % {"how": text, "reason": Reason(attempt.reason).label} if text else ""
        text = text or str(Reason(attempt.reason).label)
    return Entry(attempt.at, title, "how_to_reg", "success", text, url=url)


def _enrollment(device: Device, attempts: list[EnrollmentAttempt]) -> Iterator[Entry]:
    """Yield that it enrolled, where no attempt tells: those are kept for some time only."""
    inventory = inventory_of(device)
    if inventory is None:
        return
    if any(attempt.is_let_in and attempt.at >= inventory.enrolled_at for attempt in attempts):
        return
    yield Entry(inventory.enrolled_at, _("Enrolled"), "how_to_reg", "success", _how(inventory.method, None))


def _how(method: str, address: str | None) -> str:
    label = str(Method(method).label) if method in Method.values else method
    if label and address:
        return _("%(method)s, from %(address)s") % {"method": label, "address": address}
    return label or (_("From %(address)s") % {"address": address} if address else "")


# --- events, conflicts, policies --------------------------------------------------------------------------
def _events(device: Device, reader: Any, most: int) -> Iterator[Entry]:
    found = DeviceEvent.objects.filter(device=device).select_related("person")[:most]
    for told in told_events(device, found, reader):
        event = told.event
        icon, tone = EVENT_LOOKS[event.kind]
        yield Entry(event.at, event.get_kind_display(), icon, tone, told.text, told.person)


def _conflicts(device: Device, most: int) -> Iterator[Entry]:
    for conflict in Conflict.objects.filter(device=device).select_related("decided_by")[:most]:
        url = reverse("admin:enrollment_conflict_change", args=[conflict.pk])
        text = _("Hardware UUID %(number)s") % {"number": conflict.hardware_uuid} if conflict.hardware_uuid else ""
        title = _("Other hardware asked to come in with this serial number")
        yield Entry(conflict.first_seen_at, title, "difference", "error", text, url=url)
        if conflict.decided_at is not None:
            person = conflict.decided_by.get_username() if conflict.decided_by else ""
            yield Entry(conflict.decided_at, conflict.get_state_display(), "gavel", person=person, url=url)


def _policies(standings: Iterable[PolicyStanding]) -> Iterator[Entry]:
    """Yield what became of policies; those that were applied or delivered at one time are one line."""
    told = [found for found in standings if found.since is not None and found.standing in DevicePolicy.State.values]
    told.sort(key=lambda found: (found.standing, found.since))
    for (standing, since), group in groupby(told, key=lambda found: (found.standing, found.since)):
        same = list(group)
        if since is None:
            continue
        if standing == Standing.FAILED:
            for found in same:
                title = _("The policy “%(name)s” failed") % {"name": found.name}
                yield Entry(since, title, "policy_alert", "error", found.message)
            continue
        names = ", ".join(found.name for found in same)
        if standing == Standing.APPLIED:
            title = ngettext("%(count)s policy applied", "%(count)s policies applied", len(same))
            yield Entry(since, title % {"count": len(same)}, "verified_user", "success", names)
        else:
            title = ngettext("%(count)s policy delivered", "%(count)s policies delivered", len(same))
            yield Entry(since, title % {"count": len(same)}, "policy", "info", names)
