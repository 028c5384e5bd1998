"""How does a program invite users, and what became of it? Adds inviting to the API of devices and imports."""

from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from devices.api.described import DescribedSerializer
from devices.api.devices import DeviceApi
from devices.api.errors import NotPossibleError
from devices.api.frame import AdminApi, NumberOfFilter
from devices.api.imports import ImportBatchApi
from devices.vocabulary import Language
from invitations import actions
from invitations.admin.invitation_actions import SEND
from invitations.models import Invitation, Sending


class InviteSerializer(serializers.Serializer):
    """How users are invited. What is left out is as the settings say."""

    channel = serializers.ChoiceField(Sending.Channel.choices, default=Sending.Channel.EMAIL, help_text="By what.")
    language = serializers.ChoiceField(
        Language.choices, required=False, help_text="Of the message; without it, the domain's."
    )
    validity_days = serializers.IntegerField(
        min_value=1, max_value=actions.LONGEST_DAYS, required=False, help_text="From when the message goes out."
    )
    include_invited = serializers.BooleanField(default=False, help_text="Invite those again who were invited.")

    def options(self) -> actions.Options:
        return actions.Options(**self.validated_data)


class SendingSerializer(DescribedSerializer):
    """What was begun: a worker prepares and sends the messages."""

    class Meta:
        model = Sending
        fields = ("id", "state", "channel", "created_at")
        read_only_fields = fields


class InvitationSerializer(DescribedSerializer):
    """An invitation. Its link and password are told to nobody but its recipient."""

    serial_number = serializers.CharField(
        source="device.serial_number", read_only=True, allow_null=True, help_text="Of the device."
    )

    class Meta:
        model = Invitation
        fields = (
            *("id", "device", "serial_number", "batch", "sending", "channel", "recipient", "language", "state"),
            *("revoked_because", "last_error", "reminders", "created_at", "expires_at", "sent_at", "delivered_at"),
            *("bounced_at", "opened_at", "redeemed_at"),
        )
        read_only_fields = fields


class InvitationFilter(django_filters.FilterSet):
    """Invitations by state, channel, device, import and sending."""

    state = django_filters.MultipleChoiceFilter(choices=Invitation.State.choices, help_text="May be repeated.")
    channel = django_filters.ChoiceFilter(choices=Invitation.Channel.choices, help_text="By what they went out.")
    device = NumberOfFilter(field_name="device_id", help_text="Number of the device.")
    batch = NumberOfFilter(field_name="batch_id", help_text="Number of the import.")
    sending = NumberOfFilter(field_name="sending_id", help_text="Number of the sending.")


def begun(call: Any) -> Response:
    """Answer what was begun.

    Raises:
        NotPossibleError: with the rule's own words.
    """
    try:
        sending = call()
    except actions.ActionError as error:
        raise NotPossibleError(str(error)) from error
    return Response(SendingSerializer(sending).data, status=status.HTTP_202_ACCEPTED)


class InvitableDeviceApi(DeviceApi):
    """Devices, whose users can be invited."""

    rights: ClassVar[dict[str, str | tuple[str, ...]]] = {**DeviceApi.rights, "invite": ("devices.view_device", SEND)}

    @extend_schema(summary="Invite a device's user", request=InviteSerializer, responses={202: SendingSerializer})
    @action(methods=["post"], detail=True)
    def invite(self, request: Request, pk: str) -> Response:
        device = self.get_object()
        sent = InviteSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        return begun(lambda: actions.invite_devices([device.pk], sent.options(), self.person))


class InvitableBatchApi(ImportBatchApi):
    """Imports, whose users can be invited."""

    rights: ClassVar[dict[str, str | tuple[str, ...]]] = {
        **ImportBatchApi.rights,
        "invite": ("devices.view_importbatch", SEND),
    }

    @extend_schema(
        summary="Invite the users of an import", request=InviteSerializer, responses={202: SendingSerializer}
    )
    @action(methods=["post"], detail=True)
    def invite(self, request: Request, pk: str) -> Response:
        batch = self.get_object()
        sent = InviteSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        return begun(lambda: actions.invite_batch(batch, sent.options(), self.person))


class InvitationApi(mixins.ListModelMixin, mixins.RetrieveModelMixin, AdminApi):
    """Invitations."""

    rights: ClassVar[dict[str, str | tuple[str, ...]]] = {
        "list": "invitations.view_invitation",
        "retrieve": "invitations.view_invitation",
        "resend": ("invitations.view_invitation", SEND),
        "revoke": ("invitations.view_invitation", SEND),
    }
    http_method_names = ("get", "head", "options", "post")
    serializer_class = InvitationSerializer
    filterset_class = InvitationFilter
    queryset = Invitation.objects.select_related("device").defer(
        "device__one_time_password", "device__custom_attributes", "token_hash"
    )

    @extend_schema(summary="Send an invitation again", request=None, responses={202: SendingSerializer})
    @action(methods=["post"], detail=True)
    def resend(self, request: Request, pk: str) -> Response:
        invitation = self.get_object()
        return begun(lambda: actions.resend(invitation, self.person))

    @extend_schema(summary="Revoke an invitation", request=None, responses=InvitationSerializer)
    @action(methods=["post"], detail=True)
    def revoke(self, request: Request, pk: str) -> Response:
        invitation = self.get_object()
        try:
            actions.revoke(invitation, self.person)
        except actions.ActionError as error:
            raise NotPossibleError(str(error)) from error
        return Response(self.get_serializer(invitation).data)
