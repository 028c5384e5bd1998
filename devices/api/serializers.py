"""In which shape does the administrators' API tell and take devices and what belongs to them?"""

import json
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from devices.models import Device, DeviceGroup, DeviceUser, Domain, Policy

from .described import DescribedSerializer
from .frame import VisibleField

MOST_ATTRIBUTES = 20_000  # characters, as JSON


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class AttributesField(serializers.JSONField):
    """Names and texts, as columns of an import that were kept."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if not isinstance(data, dict) or not all(isinstance(text, str) for text in data.values()):
            raise serializers.ValidationError(_("An object of texts, such as {“Room”: “12”}."))
        written = json.dumps(data, ensure_ascii=False)
        if len(written) > MOST_ATTRIBUTES:
            raise serializers.ValidationError(_("At most %(most)s characters.") % {"most": MOST_ATTRIBUTES})
        if "\\u0000" in written or any("\ud800" <= sign <= "\udfff" for sign in written):
            raise serializers.ValidationError(_("It holds a character that no text has."))
        return data


class DeviceSerializer(DescribedSerializer):
    """A device. One-time passwords are never told."""

    domain = VisibleField(
        queryset=Domain.objects.all(), required=False, help_text="Number of the domain; without it, the user's."
    )
    user = VisibleField(
        queryset=DeviceUser.objects.all(), required=False, allow_null=True, help_text="Number of the device user."
    )
    groups = VisibleField(
        queryset=DeviceGroup.objects.all(), many=True, required=False, help_text="Numbers of its device groups."
    )
    policies = VisibleField(
        queryset=Policy.objects.all(), many=True, required=False, help_text="Numbers of its own policies."
    )
    custom_attributes = AttributesField(required=False, help_text="Texts by name.")
    enrolled_at = serializers.DateTimeField(
        source="inventory.enrolled_at", read_only=True, allow_null=True, default=None, help_text="When it came in."
    )
    last_seen_at = serializers.DateTimeField(
        source="inventory.last_seen_at", read_only=True, allow_null=True, default=None, help_text="Its last check-in."
    )

    class Meta:
        model = Device
        fields = (
            *("id", "serial_number", "platform", "ownership", "name", "status", "source", "domain", "user"),
            *("groups", "policies", "custom_attributes", "approval_expires_at", "import_batch", "enrolled_at"),
            *("last_seen_at", "disenrolled_at", "disenroll_reason", "created_at", "updated_at"),
        )
        read_only_fields = ("status", "source", "import_batch", "disenrolled_at", "disenroll_reason")
        extra_kwargs = {"serial_number": {"required": True, "allow_null": False, "allow_blank": False}}
        validators = ()  # the model's own words, from full_clean

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        user, domain = attrs.get("user"), attrs.get("domain")
        if self.instance is not None and {"user", "domain"} & set(self.initial_data):
            raise serializers.ValidationError({"user": _("Hand the device over: POST …/hand-over/.")})
        if self.instance is None and user is None and domain is None:
            raise serializers.ValidationError({"domain": _("Say whose device it is: a domain, or a device user.")})
        if user is not None and domain is not None and user.domain_id != domain.pk:
            raise serializers.ValidationError({"user": _("The device user is of another domain.")})
        is_waiting = self.instance is None or self.instance.status == Device.Status.PRE_APPROVED
        if not is_waiting and {"serial_number", "platform"} & set(attrs):
            text = _("What a device said of itself when it enrolled can't be changed.")
            raise serializers.ValidationError({"serial_number": text})
        return attrs


class DeviceUserSerializer(DescribedSerializer):
    """A device user."""

    domain = VisibleField(queryset=Domain.objects.all(), help_text="Number of the domain; can't be changed.")

    class Meta:
        model = DeviceUser
        fields = ("id", "domain", "name", "email", "sam_account_name", "mobile", "created_at", "updated_at")
        validators = ()

    def validate_domain(self, domain: Domain) -> Domain:
        if self.instance is not None and self.instance.domain_id != domain.pk:
            raise serializers.ValidationError(_("A device user stays in its domain."))
        return domain


class DeviceGroupSerializer(DescribedSerializer):
    """A device group."""

    policies = VisibleField(
        queryset=Policy.objects.all(), many=True, required=False, help_text="What every device of the group gets."
    )
    is_ruled = serializers.SerializerMethodField(help_text="A rule fills it: nobody puts devices into it by hand.")

    class Meta:
        model = DeviceGroup
        fields = ("id", "name", "description", "policies", "is_ruled", "created_at")

    def get_is_ruled(self, group: DeviceGroup) -> bool:
        return group.rule is not None


class PolicySerializer(DescribedSerializer):
    """A policy, without its settings, which hold secrets."""

    platforms = serializers.ListField(child=serializers.CharField(), help_text="Empty: for every platform.")

    class Meta:
        model = Policy
        fields = ("id", "name", "platforms", "version", "created_at", "updated_at")


class DomainSerializer(DescribedSerializer):
    """A domain."""

    class Meta:
        model = Domain
        fields = ("id", "name", "kind", "phone_region", "language", "created_at")


class NumbersSerializer(serializers.Serializer):
    """Devices by their numbers."""

    devices = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=1_000,
        help_text="Numbers of devices, up to 1,000.",
    )


class CountSerializer(serializers.Serializer):
    """How many there were."""

    changed = serializers.IntegerField(help_text="How many were not so before.")
