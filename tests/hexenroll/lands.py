"""Two domains full of everything, for the tests that walk through all addresses."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.utils import timezone

from devices.imports.reader import FileFormat
from devices.models import BulkAction, Device, DeviceInventory, ImportRow
from enrollment.models import (
    AdeAccount,
    AdeDevice,
    AdeProfile,
    AdeSync,
    BlockedHardware,
    Conflict,
    EnrollmentSettings,
    Lockout,
)
from enrollment.reasons import Reason
from hexenroll.models import ApiKey, ScheduledReport
from invitations.models import Invitation, InvitationEvent, MailboxMessage, MessageTemplate
from tests.enrollment.attempts import attempt_of
from tests.factories import (
    DeviceFactory,
    DeviceGroupFactory,
    DeviceUserFactory,
    DomainFactory,
    ImportBatchFactory,
    InvitationFactory,
    PolicyFactory,
    SendingFactory,
)

IMPORTED = {"file_format": FileFormat("csv", "utf-8", ",").to_json(), "committed_at": timezone.now()}


@dataclass
class Land:
    """A domain and what is in it. Each text of it holds the name, in capital or small letters.

    Attributes:
        name: of the land.
        objects: one of each table, by label.
        more: further ones.
    """

    name: str
    objects: dict[str, Model] = field(default_factory=dict)
    more: list[Model] = field(default_factory=list)

    @property
    def domain(self) -> Model:
        return self.objects["devices.domain"]


def land(name: str) -> Land:
    """Make a domain with a device of each kind, and all that can hang on one."""
    domain = DomainFactory.create(name=f"{name}.example")
    user = DeviceUserFactory.create(domain=domain, name=f"{name} Person", email=f"person@{name}.example")
    batch = ImportBatchFactory.create(domain=domain, file_name=f"{name}.csv", state="committed", **IMPORTED)
    group, policy = DeviceGroupFactory.create(), PolicyFactory.create()
    own = {"domain": domain, "user": user, "import_batch": batch, "groups": [group], "policies": [policy]}
    device = DeviceFactory.create(
        serial_number=f"{name.upper()}1", name=f"{name} Mac", status=Device.Status.ENROLLED, **own
    )
    inventory = DeviceInventory.objects.create(
        device=device, hardware_uuid=f"{name}-uuid", enrolled_at=timezone.now(), last_seen_at=timezone.now()
    )
    waiting = DeviceFactory.create(serial_number=f"{name.upper()}2", name=f"{name} waiting", **own)
    row = ImportRow.objects.create(
        batch=batch, line=2, is_good=True, serial_number=f"{name.upper()}1", platform="macos"
    )
    sending = SendingFactory.create(batch=batch, domain=domain)
    invitation = InvitationFactory.create(device=waiting, sending=sending, batch=batch, state=Invitation.State.SENT)
    event = InvitationEvent.objects.create(invitation=invitation, kind=InvitationEvent.Kind.REVOKED, text=name)
    attempt = attempt_of(
        serial_number=f"{name.upper()}1", device=device, user=user, domain=domain, reason=Reason.CONFLICT
    )
    conflict = Conflict.objects.create(device=device, hardware_uuid=f"{name}-other")
    template = MessageTemplate.objects.create(
        domain=domain, channel="email", language="en", subject=name, text="{{ link }}"
    )
    made: list[Model] = [domain, user, batch, group, policy, waiting, row, sending, invitation, event, attempt]
    made += _listed_by_apple(name, domain, user)
    found = Land(name, {obj._meta.label_lower: obj for obj in [*made, conflict, template, inventory]})
    found.more = [device]
    return found


def _listed_by_apple(name: str, domain: Any, user: Any) -> list[Model]:
    """Make an ADE account, a device of it, an enrollment profile and a sync."""
    account = AdeAccount.objects.create(
        name=f"{name} school", domain=domain, default_user=user, private_key="-", certificate=name, state="ok"
    )
    device = AdeDevice.objects.create(
        account=account, serial_number=f"{name.upper()}9", platform="ios", device_family=name, profile_status=name
    )
    profile = AdeProfile.objects.create(account=account, name=f"{name} tablets", url="https://mdm.example.com/")
    return [
        account,
        device,
        profile,
        AdeSync.objects.create(account=account, kind="full", state="done", phase="changes"),
    ]


def shared() -> dict[str, Model]:
    """Make one of each thing that is of no domain."""
    somebody = User.objects.create(username="somebody", is_staff=True)
    made: list[Model] = [
        BlockedHardware.objects.create(kind="serial_number", value="SHARED"),
        Lockout.objects.create(key="wrong:shared", account="shared@example.com", until=timezone.now()),
        MailboxMessage.objects.create(channel="sms", recipient="+491701234567", content="shared"),
        somebody,
        ApiKey.objects.create(name="shared", account=somebody, prefix="hx_shared", key_hash="shared"),
        BulkAction.objects.create(kind="add_groups", created_by=somebody),
        ScheduledReport.objects.create(owner=somebody, report="enrolled"),
        Group.objects.create(name="Somebody's role"),
    ]
    EnrollmentSettings.objects.current()  # there is always a row of them, once somebody looked
    return {obj._meta.label_lower: obj for obj in made}
