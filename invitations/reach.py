"""Which devices does a sending invite, by which channel, and why not the others?

Asked by the Send page before anything is sent, and by queueing.py when it is. The answer for one device, looked for in
this order:

| the device, its user                               | e-mail            | SMS                | e-mail or SMS |
|----------------------------------------------------|-------------------|--------------------|---------------|
| is enrolled, disenrolled or blocked                | not_pre_approved  | the same           | the same      |
| its approval is past its time                      | approval_expired  | the same           | the same      |
| was invited already, and that did not bounce (*)   | invited_already   | the same           | the same      |
| has no user                                        | no_user           | the same           | the same      |
| has an e-mail address that works (**)              | by e-mail         | goes by the mobile | by e-mail     |
| has none, or one that a message bounced from       | no_email, bounced | goes by the mobile | as for SMS    |
| has a mobile number as E.164                       | goes by the mail  | by SMS             | as for SMS    |
| has no mobile number                               | goes by the mail  | no_mobile          | as for SMS    |
| has one that is no phone number                    | goes by the mail  | not_a_phone_number | as for SMS    |

(*) unless devices are to be invited again: then, by e-mail, neither this nor a bounce is an obstacle.
(**) no message bounced from it, whatever became of that invitation since; or the link of that one was used or opened
all the same, or a later message to the same address arrived.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, TextChoices, Value, When
from django.db.models.functions import Length
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.imports.outcomes import ticked_devices
from devices.models import Device, ImportBatch
from devices.vocabulary import Platform

from .models import Invitation, Sending

Channel = Sending.Channel
State = Invitation.State


class Obstacle(TextChoices):
    """Why a device is not invited."""

    NOT_PRE_APPROVED = "not_pre_approved", _("The device is enrolled, disenrolled or blocked.")
    APPROVAL_EXPIRED = "approval_expired", _("The approval of the device has expired.")
    INVITED_ALREADY = "invited_already", _("An invitation was sent before.")
    NO_USER = "no_user", _("The device has no user.")
    NO_EMAIL = "no_email", _("The user has no e-mail address.")
    BOUNCED = "bounced", _("A message to the user's e-mail address bounced.")
    NO_MOBILE = "no_mobile", _("The user has no mobile number.")
    NOT_A_PHONE_NUMBER = "not_a_phone_number", _("The user's mobile number is no phone number.")
    # Known only when a sending is prepared (queueing.py).
    BEING_SENT = "being_sent", _("A message to the user was being sent at that moment. Send again.")


class Limit(TextChoices):
    """What keeps a device that is invited by e-mail or SMS from being recognised (MISSION.md, section 2)."""

    ANDROID = (
        "android",
        _(
            "Android 10 and later hide the serial number from an enrollment by e-mail or SMS: the device can't be "
            "matched with its approval. With “Pre-approved Devices Only” it is refused; without, it becomes an "
            "ordinary device."
        ),
    )
    WINDOWS = (
        "windows",
        _(
            "Windows can't be matched by its serial number: with “Pre-approved Devices Only” the device is refused, "
            "without it becomes an ordinary device."
        ),
    )


# What keeps a device from any invitation, from a mail and from an SMS.
OBSTACLES = ("device_obstacle", "email_obstacle", "sms_obstacle")
LIMITED = {Limit.ANDROID: Platform.ANDROID, Limit.WINDOWS: Platform.WINDOWS}
# E.164: a plus sign and 7 to 15 digits; what the database holds otherwise came in past the forms.
E164 = r"^\+[0-9]+$"


@dataclass(frozen=True)
class Summary:
    """How many of `total` devices are invited by each channel, how many are not and why, and which limits they meet."""

    total: int
    by_email: int
    by_sms: int
    obstacles: dict[Obstacle, int]
    limits: dict[Limit, int]

    @property
    def reached(self) -> int:
        return self.by_email + self.by_sms

    @property
    def unreached(self) -> int:
        return self.total - self.reached


def devices_of_batch(batch: ImportBatch) -> QuerySet[Device]:
    """Return the devices whose rows of an import are ticked and went in, in the order of the file."""
    return ticked_devices(batch).order_by("pk")


def reached(devices: QuerySet[Device], channel: str, *, include_invited: bool) -> QuerySet[Any]:
    """Annotate devices with `via` (`email`, `sms`, or "" for neither) and with `obstacle` ("" where there is none).

    Args:
        devices: any devices.
        channel: of Sending.Channel.
        include_invited: a device that was invited before is no obstacle.
    """
    found = measured(devices, channel, include_invited=include_invited)
    either = Case(When(email_obstacle="", then=Value("")), default=F("sms_obstacle"), output_field=CharField())
    way = {Channel.EMAIL: F("email_obstacle"), Channel.SMS: F("sms_obstacle"), Channel.EMAIL_OR_SMS: either}
    by = {
        Channel.EMAIL: Value(Invitation.Channel.EMAIL.value),
        Channel.SMS: Value(Invitation.Channel.SMS.value),
        Channel.EMAIL_OR_SMS: Case(
            When(email_obstacle="", then=Value(Invitation.Channel.EMAIL.value)),
            default=Value(Invitation.Channel.SMS.value),
        ),
    }
    obstacle = Case(
        When(~Q(device_obstacle=""), then=F("device_obstacle")), default=way[Channel(channel)], output_field=CharField()
    )
    return found.annotate(obstacle=obstacle).annotate(
        via=Case(When(obstacle="", then=by[Channel(channel)]), default=Value(""), output_field=CharField())
    )


def way_of(channel: str, obstacles: Sequence[str], *, include_invited: bool) -> tuple[str, str]:
    """Return `via` and `obstacle` of a device, as `reached` annotates them, from its three obstacles.

    Args:
        channel: of Sending.Channel.
        obstacles: the values of OBSTACLES, as `measured` annotates them for EMAIL_OR_SMS.
        include_invited: a device that was invited before is no obstacle.
    """
    whole, no_email, no_sms = obstacles
    # Whoever is to be invited again by e-mail alone is, whatever bounced.
    is_retry = channel == Channel.EMAIL and include_invited and no_email == Obstacle.BOUNCED
    mail = "" if is_retry else no_email
    obstacle = whole or (no_sms if channel == Channel.SMS or (channel != Channel.EMAIL and mail) else mail)
    by = Channel.SMS if channel == Channel.SMS or mail else Channel.EMAIL
    return "" if obstacle else by.value, obstacle


def measured(devices: QuerySet[Device], channel: str, *, include_invited: bool) -> QuerySet[Any]:
    """Annotate devices with what keeps them from any invitation, from a mail and from an SMS; "": nothing does."""
    invited = Invitation.objects.live().exclude(state=State.BOUNCED).filter(device=OuterRef("pk"))
    arrived = Q(opened_at__isnull=False) | Q(state__in=(State.OPENED, State.REDEEMED))
    later = Invitation.objects.filter(recipient=OuterRef("recipient"), pk__gt=OuterRef("pk"))
    arrived_later = later.filter(arrived | Q(delivered_at__isnull=False))
    bounced = Invitation.objects.filter(recipient=OuterRef("user__email"), bounced_at__isnull=False)
    bounces = bounced.exclude(arrived).exclude(Exists(arrived_later))
    before = [] if include_invited else [When(Exists(invited), then=Value(Obstacle.INVITED_ALREADY.value))]
    no_email = [When(user__email="", then=Value(Obstacle.NO_EMAIL.value))]
    if channel == Channel.EMAIL_OR_SMS or not include_invited:
        no_email.append(When(Exists(bounces), then=Value(Obstacle.BOUNCED.value)))
    no_sms = [
        When(user__mobile="", then=Value(Obstacle.NO_MOBILE.value)),
        When(~Q(user__mobile__regex=E164), then=Value(Obstacle.NOT_A_PHONE_NUMBER.value)),
        When(~Q(mobile_length__range=(8, 16)), then=Value(Obstacle.NOT_A_PHONE_NUMBER.value)),
    ]
    device_obstacle = Case(
        When(~Q(status=Device.Status.PRE_APPROVED), then=Value(Obstacle.NOT_PRE_APPROVED.value)),
        When(approval_expires_at__lte=timezone.now(), then=Value(Obstacle.APPROVAL_EXPIRED.value)),
        *before,
        When(user=None, then=Value(Obstacle.NO_USER.value)),
        default=Value(""),
        output_field=CharField(),
    )
    return devices.annotate(mobile_length=Length("user__mobile")).annotate(
        device_obstacle=device_obstacle,
        email_obstacle=Case(*no_email, default=Value(""), output_field=CharField()),
        sms_obstacle=Case(*no_sms, default=Value(""), output_field=CharField()),
    )


def summary(devices: QuerySet[Device], channel: str, *, include_invited: bool) -> Summary:
    """Count who is reached by `channel`, who is not and why; one query."""
    return summaries(devices, include_invited=include_invited, channels=(Channel(channel),))[Channel(channel)]


def summaries(
    devices: QuerySet[Device], *, include_invited: bool, channels: Iterable[Channel] = tuple(Channel)
) -> dict[Channel, Summary]:
    """Count who is reached by each channel, who is not and why; one query, as it looks at every device."""
    found = measured(devices, Channel.EMAIL_OR_SMS, include_invited=include_invited)
    limited = Case(
        *(When(platform=platform, then=Value(limit.value)) for limit, platform in LIMITED.items()), default=Value("")
    )
    groups = (*OBSTACLES, "limit")
    counted = found.order_by().annotate(limit=limited).values_list(*groups).annotate(number=Count("pk"))
    ways: dict[Channel, list[tuple[str, str, str, int]]] = {channel: [] for channel in channels}
    for *obstacles, limit, number in counted:
        for channel, rows in ways.items():
            via, obstacle = way_of(channel, obstacles, include_invited=include_invited)
            rows.append((via, obstacle, limit, number))
    return {channel: _added_up(rows) for channel, rows in ways.items()}


def _added_up(rows: Iterable[tuple[str, str, str, int]]) -> Summary:
    """Add up numbers of devices by (via, obstacle, limit, number)."""
    via: dict[str, int] = {}
    obstacles: dict[Obstacle, int] = {}
    limits: dict[Limit, int] = {}
    for way, obstacle, limit, number in rows:
        via[way] = via.get(way, 0) + number
        if obstacle:
            obstacles[Obstacle(obstacle)] = obstacles.get(Obstacle(obstacle), 0) + number
        elif limit:
            limits[Limit(limit)] = limits.get(Limit(limit), 0) + number
    ordered = {obstacle: obstacles[obstacle] for obstacle in Obstacle if obstacle in obstacles}
    return Summary(sum(via.values()), via.get("email", 0), via.get("sms", 0), ordered, limits)
