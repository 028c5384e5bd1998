"""How is an invitation written into a file that goes out? django-import-export's resource, used by the export.

Never the link, its token or the one-time password.
"""

from datetime import UTC, datetime

from django.db.models import QuerySet
from import_export.fields import Field
from import_export.resources import Resource

from devices.imports.columns.cells import CellWidget

from .models import Invitation


class TimeWidget(CellWidget):
    """A moment as ISO 8601 in UTC, which spreadsheets and programs read alike."""

    def render(self, value: object, obj: object = None, **kwargs: object) -> str:
        return value.astimezone(UTC).isoformat(" ", "seconds") if isinstance(value, datetime) else ""


def _text(attribute: str, header: str) -> Field:
    return Field(attribute=attribute, column_name=header, widget=CellWidget(max_length=10_000))


def _time(attribute: str, header: str) -> Field:
    return Field(attribute=attribute, column_name=header, widget=TimeWidget(max_length=32))


class InvitationResource(Resource):
    """Invitations, with whom and what they are about, and what became of them."""

    recipient = _text("recipient", "Recipient")
    channel = _text("get_channel_display", "Channel")
    state = _text("get_state_display", "State")
    user = _text("device__user__name", "Device user")
    email = _text("device__user__email", "Email")
    serial_number = _text("device__serial_number", "Serial number")
    platform = _text("device__platform", "Platform")
    device_name = _text("device__name", "Device name")
    domain = _text("device__domain__name", "Domain")
    batch = _text("batch__file_name", "Import")
    sending = _text("sending_id", "Sending")
    created_at = _time("created_at", "Created")
    sent_at = _time("sent_at", "Sent")
    delivered_at = _time("delivered_at", "Delivered")
    bounced_at = _time("bounced_at", "Bounced")
    opened_at = _time("opened_at", "Opened")
    redeemed_at = _time("redeemed_at", "Used")
    expires_at = _time("expires_at", "Valid until")
    reminders = _text("reminders", "Reminders")
    attempts = _text("attempts", "Attempts")
    revoked_because = _text("get_revoked_because_display", "Revoked because")
    last_error = _text("last_error", "Last error")
    error_code = _text("error_code", "Error code")

    class Meta:
        chunk_size = 2_000

    @classmethod
    def get_display_name(cls) -> str:
        return str(Invitation._meta.verbose_name_plural)  # the export's page asks for it

    def filter_export(self, queryset: QuerySet[Invitation], **kwargs: object) -> QuerySet[Invitation]:
        related = queryset.select_related("device__user", "device__domain", "batch")
        return related.defer("device__one_time_password", "device__custom_attributes")
