"""Does the audit log say who took what away as a file?"""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from devices.models import Device
from enrollment.models import EnrollmentAttempt
from enrollment.reasons import Reason
from hexenroll.models import AuditEntry
from tests.factories import DeviceFactory, DeviceGroupFactory, InvitationFactory

pytestmark = pytest.mark.django_db
PRE_APPROVED = "?status=pre_approved"
EXPORT_PAGE = {"format": 0, "resource": 0}


def by_page(name: str, query: str, sent: dict[str, int] | None = None) -> Callable[[Client], Any]:
    """Return what asks for a file: at an address, or by its page's form."""
    return lambda client: client.post(reverse(name) + query, sent) if sent else client.get(reverse(name) + query)


def ticked(client: Client) -> Any:
    data = {"action": "export_ticked", "_selected_action": list(Device.objects.values_list("pk", flat=True))}
    return client.post(reverse("admin:devices_device_changelist") + PRE_APPROVED, data)


def report(name: str, query: str) -> Callable[[Client], Any]:
    return lambda client: client.get(reverse("reports:file", args=[name, "csv"]) + query)


@pytest.mark.parametrize(
    ("take", "kind", "count", "asked"),
    [
        (by_page("admin:devices_device_export", PRE_APPROVED, EXPORT_PAGE), "device", 2, "status=pre_approved"),
        (ticked, "device", 2, "status=pre_approved"),
        (by_page("admin:devices_deviceuser_export_users", "?devices=with"), "deviceuser", 2, "devices=with"),
        (by_page("admin:devices_devicegroup_export", ""), "devicegroup", 1, None),
        (by_page("admin:invitations_invitation_export", "", EXPORT_PAGE), "invitation", 1, None),
        (report("by-domain", ""), "device", 1, "by-domain"),
        (report("refused-attempts", "?period=all"), "enrollmentattempt", 1, "refused-attempts period=all"),
        (by_page("admin:hexenroll_auditentry_export", "?kind=devices.device"), "auditentry", 2, "kind=devices.device"),
    ],
)
def test_who_takes_rows_away_is_written_down_with_their_number_and_filters(
    administrator_client: Client, take: Callable[[Client], Any], kind: str, count: int, asked: str | None
) -> None:
    devices = DeviceFactory.create_batch(2)
    InvitationFactory.create(device=devices[0])
    DeviceGroupFactory.create()
    EnrollmentAttempt.objects.create(is_let_in=False, reason=Reason.BLOCKED, serial_number="A")
    answer = take(administrator_client)
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer.getvalue()
    [entry] = AuditEntry.objects.filter(additional_data__what="exported")
    expected = {"what": "exported", "count": count, **({"asked": asked} if asked else {})}
    assert (entry.content_type.model, entry.actor_name) == (kind, "administrator")
    assert entry.additional_data == expected
    page = administrator_client.get(reverse("admin:hexenroll_auditentry_change", args=[entry.pk])).text
    assert "Taken away as a file" in page
    assert asked is None or asked in page


def test_a_file_without_rows_is_no_news(administrator_client: Client) -> None:
    administrator_client.get(reverse("reports:file", args=["enrolled", "csv"]))
    assert not AuditEntry.objects.filter(additional_data__what="exported").exists()
