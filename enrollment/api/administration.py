"""What can programs do with devices that have enrolled, and what asked to come in? Adds it to the API of devices."""

from typing import ClassVar

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from devices.api.described import DescribedSerializer
from devices.api.errors import NotPossibleError
from devices.api.frame import AdminApi, NumberOfFilter, VisibleField
from devices.api.serializers import DeviceSerializer
from devices.models import Device, DeviceUser
from enrollment import blocking
from enrollment.admin.block_devices import BLOCK
from enrollment.disenroll import LONGEST_TEXT, LeaveReason, disenroll
from enrollment.hand_over import HandOverError, hand_over
from enrollment.models import EnrollmentAttempt
from enrollment.reasons import Reason
from invitations.api.invite import InvitableDeviceApi

CHANGE = ("devices.change_device", "devices.view_device")


class DisenrollSerializer(serializers.Serializer):
    """Why a device leaves."""

    reason = serializers.ChoiceField(LeaveReason.choices, help_text="Why it leaves.")
    text = serializers.CharField(max_length=LONGEST_TEXT, default="", allow_blank=True, help_text="More about it.")


class BlockSerializer(serializers.Serializer):
    """How a device is blocked."""

    with_hardware = serializers.BooleanField(
        default=False, help_text="Its hardware UUID, too: it can't come back under another serial number."
    )


class HandOverSerializer(serializers.Serializer):
    """Whose a device becomes."""

    user = VisibleField(queryset=DeviceUser.objects.all(), help_text="Number of the device user.")
    enrolls_anew = serializers.BooleanField(default=True, help_text="False lets an enrolled device stay enrolled.")


class ManagedDeviceApi(InvitableDeviceApi):
    """Devices."""

    rights: ClassVar[dict[str, str | tuple[str, ...]]] = {
        **InvitableDeviceApi.rights,
        "disenroll": CHANGE,
        "hand_over": CHANGE,
        "block": ("devices.view_device", BLOCK),
        "unblock": ("devices.view_device", BLOCK),
    }

    @extend_schema(summary="Disenroll a device", request=DisenrollSerializer, responses=DeviceSerializer)
    @action(methods=["post"], detail=True)
    def disenroll(self, request: Request, pk: str) -> Response:
        device = self.get_object()
        sent = DisenrollSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        if not disenroll(device.pk, self.person, given["reason"], given["text"]):
            raise NotPossibleError(_("Only an enrolled device can be disenrolled."))
        return self._now(device)

    @extend_schema(summary="Block a device", request=BlockSerializer, responses=DeviceSerializer)
    @action(methods=["post"], detail=True)
    def block(self, request: Request, pk: str) -> Response:
        device = self.get_object()
        sent = BlockSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        hardware = sent.validated_data["with_hardware"]
        blocking.block(Device.objects.filter(pk=device.pk), self.person, with_hardware=hardware)
        return self._now(device)

    @extend_schema(summary="Unblock a device", request=None, responses=DeviceSerializer)
    @action(methods=["post"], detail=True)
    def unblock(self, request: Request, pk: str) -> Response:
        device = self.get_object()
        blocking.unblock(Device.objects.filter(pk=device.pk), self.person)
        return self._now(device)

    @extend_schema(summary="Hand a device over to another user", request=HandOverSerializer, responses=DeviceSerializer)
    @action(methods=["post"], detail=True, url_path="hand-over")
    def hand_over(self, request: Request, pk: str) -> Response:
        device = self.get_object()
        sent = HandOverSerializer(data=request.data, context=self.get_serializer_context())
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        try:
            hand_over(device, given["user"], self.person, enrolls_anew=given["enrolls_anew"])
        except HandOverError as error:
            raise NotPossibleError(str(error)) from error
        return self._now(device)

    def _now(self, device: Device) -> Response:
        """Answer how a device is now."""
        return Response(self.get_serializer(self.get_queryset().get(pk=device.pk)).data)


class AttemptSerializer(DescribedSerializer):
    """What a device said, and what it was told."""

    class Meta:
        model = EnrollmentAttempt
        fields = (
            *("id", "at", "serial_number", "platform", "os_version", "method", "management_mode", "hardware_uuid"),
            *("manufacturer", "model", "is_let_in", "reason", "user", "device", "domain", "address"),
        )
        read_only_fields = fields


class AttemptFilter(django_filters.FilterSet):
    """Attempts by outcome, serial number, device and time."""

    is_let_in = django_filters.BooleanFilter(help_text="Was it let in?")
    reason = django_filters.MultipleChoiceFilter(choices=Reason.choices, help_text="May be repeated.")
    serial_number = django_filters.CharFilter(max_length=100, help_text="Exactly as the device told it.")
    device = NumberOfFilter(field_name="device_id", help_text="Number of the device.")
    after = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte", help_text="From this time.")
    before = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt", help_text="Before this time.")


class AttemptApi(mixins.ListModelMixin, mixins.RetrieveModelMixin, AdminApi):
    """Attempts to enroll."""

    rights: ClassVar[dict[str, str | tuple[str, ...]]] = {
        "list": "enrollment.view_enrollmentattempt",
        "retrieve": "enrollment.view_enrollmentattempt",
    }
    http_method_names = ("get", "head", "options")
    serializer_class = AttemptSerializer
    filterset_class = AttemptFilter
    queryset = EnrollmentAttempt.objects.all()
