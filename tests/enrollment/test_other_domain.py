"""A device goes over to another domain: does that one learn nothing of the former user, and the audit log of both?"""

from importlib import import_module
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from devices.models import Device, DeviceUser
from devices.scope import visible
from enrollment.device_timeline import MANY, device_timeline
from enrollment.disenroll import LeaveReason, disenroll
from enrollment.hand_over import hand_over
from enrollment.hand_over_all import hand_over_all
from hexenroll.models import AuditEntry
from invitations.actions import Options, invite_devices
from invitations.models import Invitation
from invitations.queueing import run
from tests.conftest import make_person, sign_in
from tests.enrollment.enrolled import enrolled_device
from tests.factories import DeviceFactory, DeviceUserFactory, DomainFactory, ImportBatchFactory, InvitationFactory

pytestmark = pytest.mark.django_db

RIGHTS = (
    *("view_device", "view_importbatch", "view_invitation", "export_invitation", "view_auditentry"),
    *("export_device", "change_device"),
)


@pytest.fixture
def former(db: None) -> DeviceUser:
    """Return a user of a domain, whose import brought a device and who was invited."""
    user: DeviceUser = DeviceUserFactory.create(name="Leaver Alpha", email="leaver@alpha.example")
    batch = ImportBatchFactory.create(domain=user.domain, file_name="alpha.csv")
    device = DeviceFactory.create(user=user, import_batch=batch, source=Device.Source.IMPORT)
    InvitationFactory.create(device=device, batch=batch, state=Invitation.State.SENT, next_attempt_at=None)
    return user


@pytest.fixture
def new(db: None) -> DeviceUser:
    user: DeviceUser = DeviceUserFactory.create(
        name="Newcomer", email="new@beta.example", domain=DomainFactory.create()
    )
    return user


@pytest.fixture
def of_new(new: DeviceUser) -> User:
    """Return somebody who works in the new user's domain alone."""
    return make_person("of the new domain", RIGHTS, domains=[new.domain])


@pytest.fixture
def of_former(former: DeviceUser) -> User:
    return make_person("of the former domain", RIGHTS, domains=[former.domain])


def told(device: Device, person: User) -> dict[str, tuple[str, str]]:
    """Return title -> text and person of a device's timeline."""
    found = Device.objects.select_related("inventory", "import_batch__created_by").get(pk=device.pk)
    entries = device_timeline(found, person, most=MANY).entries
    return {entry.title: (entry.text, entry.person) for entry in entries}


@pytest.mark.parametrize("is_all", [False, True])
def test_the_page_of_a_device_from_another_domain_names_nobody_and_no_file_of_there(
    former: DeviceUser, new: DeviceUser, of_new: User, administrator: User, is_all: bool
) -> None:
    device = Device.objects.get()
    if is_all:
        hand_over_all(former, new, administrator, enrolls_anew=True)
    else:
        hand_over(device, new, administrator)
    page = sign_in(of_new).get(reverse("admin:devices_device_change", args=[device.pk])).content.decode()
    assert "From a user of another domain to Newcomer" in page
    assert not [text for text in ("Leaver", "leaver@", "alpha") if text in page]
    assert told(device, administrator)["Handed over to another user"][0].startswith("From Leaver Alpha")


def test_what_was_said_in_the_former_domain_stays_there(
    former: DeviceUser, new: DeviceUser, of_new: User, administrator: User
) -> None:
    device, _token = enrolled_device()
    disenroll(device.pk, administrator, LeaveReason.OTHER, "Leaver was dismissed")
    owner = Device.objects.get(pk=device.pk).user
    assert owner is not None
    hand_over_all(owner, new, administrator, enrolls_anew=False)
    assert told(device, of_new)["Disenrolled"] == ("", "")
    page = sign_in(of_new).get(reverse("admin:devices_device_change", args=[device.pk])).content.decode()
    assert "dismissed" not in page
    assert Device.objects.get(pk=device.pk).disenroll_reason == ""
    assert told(device, administrator)["Disenrolled"] == ("Another reason: Leaver was dismissed", "administrator")


def test_what_came_back_tells_of_its_first_time_here_again(
    former: DeviceUser, new: DeviceUser, of_former: User, administrator: User
) -> None:
    device = Device.objects.get()
    hand_over(device, DeviceUserFactory.create(name="Middle", domain=former.domain), administrator)
    hand_over(device, new, administrator)
    hand_over(device, former, administrator)
    entries = device_timeline(Device.objects.get(), of_former, most=MANY).entries
    texts = [entry.text for entry in entries if entry.title == "Handed over to another user"]
    assert [text.replace(f" <{former.email}>", "") for text in texts] == [
        "From a user of another domain to Leaver Alpha",
        f"From {DeviceUser.objects.get(name='Middle')} to a user of another domain",
        f"From Leaver Alpha to {DeviceUser.objects.get(name='Middle')}",
    ]


def test_old_invitations_are_for_nobody_of_the_new_domain(
    former: DeviceUser, new: DeviceUser, of_new: User, of_former: User, administrator: User
) -> None:
    device, invitation = Device.objects.get(), Invitation.objects.get()
    hand_over(device, new, administrator)
    assert not visible(Invitation.objects.all(), of_new).exists()
    assert not visible(Invitation.objects.all(), of_former).exists()  # it names the new user
    assert visible(Invitation.objects.all(), administrator).exists()
    client: Client = sign_in(of_new)
    assert client.get(reverse("admin:invitations_invitation_change", args=[invitation.pk])).status_code == 404
    listed = client.get(reverse("admin:invitations_invitation_changelist"), {"use": "all"}).content.decode()
    assert former.email not in listed
    found = client.get("/admin/search/", {"s": "leaver@", "extended": "1"}).content.decode()
    assert "/invitation/" not in found


def test_a_new_invitation_is_of_the_new_domain_and_of_no_import_of_the_former_one(
    former: DeviceUser, new: DeviceUser, of_new: User, administrator: User
) -> None:
    device = hand_over(Device.objects.get(), new, administrator)
    sending = invite_devices([device.pk], Options(channel="email", include_invited=True), administrator)
    run(sending.pk, tell_workers=False)
    invitation = Invitation.objects.get(recipient=new.email)
    assert (invitation.domain_id, invitation.batch, invitation.replaces) == (new.domain_id, None, None)
    assert visible(Invitation.objects.all(), of_new).get() == invitation


def test_invitations_from_before_the_column_are_of_their_device_s_domain(former: DeviceUser) -> None:
    Invitation.objects.update(domain_id=None)
    with connection.cursor() as cursor:
        cursor.execute(import_module("invitations.migrations.0006_invitation_domain").FILL)
    assert Invitation.objects.get().domain_id == former.domain_id


@pytest.mark.parametrize("is_all", [False, True])
def test_the_audit_log_tells_each_domain_of_its_own_user(
    former: DeviceUser, new: DeviceUser, of_new: User, of_former: User, administrator: User, is_all: bool
) -> None:
    if is_all:
        hand_over_all(former, new, administrator, enrolls_anew=True)
    else:
        hand_over(Device.objects.get(), new, administrator)

    def changes_for(person: User) -> list[dict[str, Any]]:
        entries = visible(AuditEntry.objects.filter(additional_data__what="device.handed_over"), person)
        return [entry.changes for entry in entries]

    assert changes_for(of_former) == [{"domain": [former.domain.name, ""], "user": [str(former), ""]}]
    assert changes_for(of_new) == [{"domain": ["", new.domain.name], "user": ["", str(new)]}]
    assert len(changes_for(administrator)) == 2


def test_an_import_is_named_to_who_may_see_imports(former: DeviceUser, administrator: User) -> None:
    device = Device.objects.get()
    viewer = make_person("viewer", ("view_device",), domains=[former.domain])
    page = reverse("admin:devices_device_change", args=[device.pk])
    assert "alpha.csv" not in sign_in(viewer).get(page).content.decode()
    assert "alpha.csv" in sign_in(administrator).get(page).content.decode()
