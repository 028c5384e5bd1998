"""How do programs list, pre-approve, change and delete devices? Higher layers add what they can do with one."""

from typing import Any, ClassVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.exceptions import ValidationError

from devices.approval import end_of_approval, excluded_platforms
from devices.filters import DeviceFilter
from devices.models import Device

from .errors import NotPossibleError
from .frame import AdminApi
from .serializers import DeviceSerializer

LINKS = ("groups", "policies")


@extend_schema_view(
    list=extend_schema(summary="List devices"),  # what is left out, the filter `status` says itself
    retrieve=extend_schema(summary="Show a device"),
    create=extend_schema(summary="Pre-approve a device"),
    partial_update=extend_schema(
        summary="Change a device",
        description="Serial number and platform of one that has enrolled stay; so do user and domain: hand it over.",
    ),
    destroy=extend_schema(summary="Delete a pre-approved device", description="Any other is answered by 409."),
)
class DeviceApi(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    AdminApi,
):
    """Devices."""

    rights: ClassVar[dict[str, str | tuple[str, ...]]] = {
        "list": "devices.view_device",
        "retrieve": "devices.view_device",
        "create": ("devices.add_device", "devices.view_device"),
        "partial_update": ("devices.change_device", "devices.view_device"),
        "destroy": "devices.delete_device",
    }
    http_method_names = ("get", "head", "options", "post", "patch", "delete")
    orderings = ("created_at", "id", "name", "updated_at")
    serializer_class = DeviceSerializer
    filterset_class = DeviceFilter
    queryset = Device.objects.select_related("inventory").defer("one_time_password").prefetch_related(*LINKS)

    @transaction.atomic
    def perform_create(self, serializer: Any) -> None:
        values = dict(serializer.validated_data)
        links = {name: values.pop(name) for name in LINKS if name in values}
        if values["platform"] in excluded_platforms():
            raise ValidationError({"platform": [_("Devices of this platform can't be pre-approved.")]})
        if values.get("user") is not None:
            values["domain"] = values["user"].domain
        values.setdefault("approval_expires_at", end_of_approval(timezone.now()))
        device = Device(**values)
        device.full_clean()
        device.save(force_insert=True)
        self._link(device, links)
        serializer.instance = device

    @transaction.atomic
    def perform_update(self, serializer: Any) -> None:
        values = dict(serializer.validated_data)
        links = {name: values.pop(name) for name in LINKS if name in values}
        # Locked and read anew: the gate may have let it in since it was looked at.
        device = Device.objects.select_for_update(of=("self",)).get(pk=serializer.instance.pk)
        serializer.instance.status = device.status
        serializer.validate(serializer.validated_data)
        for name, value in values.items():
            setattr(device, name, value)
        device.full_clean()
        if values or links:
            device.save(update_fields=[*values, "updated_at"])
        self._link(device, links)
        serializer.instance = self.get_queryset().get(pk=device.pk)

    @transaction.atomic
    def perform_destroy(self, instance: Device) -> None:
        # The device first, as everybody locks them.
        still = Device.objects.pre_approved().select_for_update(of=("self",)).filter(pk=instance.pk)
        if not still.exists():
            raise NotPossibleError(_("Only a pre-approved device can be deleted. Disenroll it instead."))
        instance.delete()

    def _link(self, device: Device, links: dict[str, Any]) -> None:
        for name, objects in links.items():
            if name == "groups" and any(group.rule is not None for group in objects):
                own = set(device.groups.filter(rule__isnull=False).values_list("pk", flat=True))
                if ruled := [group.name for group in objects if group.rule is not None and group.pk not in own]:
                    text = _("“%(name)s” is filled by its rule.")
                    raise ValidationError({"groups": [text % {"name": name} for name in ruled]})
            getattr(device, name).set(objects)
