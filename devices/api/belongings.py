"""How do programs list and change device users, groups, policies and domains?"""

from typing import Any, ClassVar, cast

import django_filters
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import ProtectedError, QuerySet, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from devices import last_change
from devices.changes import WORDS, Action, announce
from devices.models import Device, DeviceGroup, DeviceUser, Domain, Policy
from devices.scope import visible

from .errors import NotPossibleError
from .frame import AdminApi, NumberOfFilter
from .serializers import (
    CountSerializer,
    DeviceGroupSerializer,
    DeviceUserSerializer,
    DomainSerializer,
    NumbersSerializer,
    PolicySerializer,
)

WORDS["device.groups"] = _("Put into a group, or taken out")
WORDS["device.policies"] = _("Given a policy, or taken it")
CHANGE = ("get", "head", "options", "post", "patch", "delete")
GROUP = ("devices.change_devicegroup", "devices.change_device")
POLICY = ("devices.view_policy", "devices.change_device")


class ReadApi(mixins.ListModelMixin, mixins.RetrieveModelMixin, AdminApi):
    """What is read only."""

    http_method_names: tuple[str, ...] = ("get", "head", "options")


class ChangeApi(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    AdminApi,
):
    """What is made, changed and deleted by programs, too."""

    http_method_names = CHANGE

    @transaction.atomic
    def perform_create(self, serializer: Any) -> None:
        self._save(serializer, serializer.Meta.model())

    @transaction.atomic
    def perform_update(self, serializer: Any) -> None:
        model = serializer.Meta.model
        self._save(serializer, model.objects.select_for_update(of=("self",)).get(pk=serializer.instance.pk))

    def perform_destroy(self, instance: Any) -> None:
        try:
            instance.delete()
        except ProtectedError as error:
            text = _("%(object)s can't be deleted: something still belongs to it.")
            raise NotPossibleError(text % {"object": instance}) from error

    def _save(self, serializer: Any, instance: Any) -> None:
        """Save what the model itself finds right, in its own words."""
        values = dict(serializer.validated_data)
        many = {field.name for field in instance._meta.many_to_many}
        for name, value in values.items():
            if name not in many:
                setattr(instance, name, value)
        instance.full_clean()
        instance.save()
        for name in many & set(values):
            getattr(instance, name).set(values[name])
        serializer.instance = instance


class DeviceUserFilter(django_filters.FilterSet):
    """Device users by domain and e-mail address."""

    domain = NumberOfFilter(field_name="domain_id", help_text="Number of the domain.")
    email = django_filters.CharFilter(method="of_email", max_length=254, help_text="The whole address, in any case.")

    def of_email(self, queryset: QuerySet[DeviceUser], name: str, value: str) -> QuerySet[DeviceUser]:
        return queryset.filter(email_key=Lower(Value(value)))


class DeviceUserApi(ChangeApi):
    """Device users."""

    rights: ClassVar[dict[str, str | tuple[str, ...]]] = {
        "list": "devices.view_deviceuser",
        "retrieve": "devices.view_deviceuser",
        "create": ("devices.add_deviceuser", "devices.view_deviceuser"),
        "partial_update": ("devices.change_deviceuser", "devices.view_deviceuser"),
        "destroy": "devices.delete_deviceuser",
    }
    orderings = ("id", "name")
    serializer_class = DeviceUserSerializer
    queryset = DeviceUser.objects.all()
    filterset_class = DeviceUserFilter


class DeviceGroupApi(ChangeApi):
    """Device groups, and what is in them."""

    rights: ClassVar[dict[str, str | tuple[str, ...]]] = {
        "list": "devices.view_devicegroup",
        "retrieve": "devices.view_devicegroup",
        "create": ("devices.add_devicegroup", "devices.view_devicegroup"),
        "partial_update": ("devices.change_devicegroup", "devices.view_devicegroup"),
        "destroy": "devices.delete_devicegroup",
        "add": GROUP,
        "remove": GROUP,
    }
    orderings = ("id", "name")
    serializer_class = DeviceGroupSerializer
    queryset = DeviceGroup.objects.prefetch_related("policies")

    @extend_schema(summary="Put devices into a group", request=NumbersSerializer, responses=CountSerializer)
    @action(methods=["post"], detail=True, url_path="devices/add")
    def add(self, request: Request, pk: str) -> Response:
        return self._move(request, is_in=True)

    @extend_schema(summary="Take devices out of a group", request=NumbersSerializer, responses=CountSerializer)
    @action(methods=["post"], detail=True, url_path="devices/remove")
    def remove(self, request: Request, pk: str) -> Response:
        return self._move(request, is_in=False)

    @transaction.atomic
    def _move(self, request: Request, *, is_in: bool) -> Response:
        group = self.get_object()
        if group.rule is not None:
            raise NotPossibleError(_("A rule fills this group: change the rule."))
        return Response({"changed": link(group, "groups", chosen(request), self.person, is_in=is_in)})


class PolicyApi(ReadApi):
    """Policies, and the devices that get them."""

    http_method_names = ("get", "head", "options", "post")
    rights: ClassVar[dict[str, str | tuple[str, ...]]] = {
        "list": "devices.view_policy",
        "retrieve": "devices.view_policy",
        "assign": POLICY,
        "withdraw": POLICY,
    }
    orderings = ("id", "name")
    serializer_class = PolicySerializer
    queryset = Policy.objects.defer("settings", "apps", "profile")

    @extend_schema(summary="Give a policy to devices", request=NumbersSerializer, responses=CountSerializer)
    @action(methods=["post"], detail=True)
    def assign(self, request: Request, pk: str) -> Response:
        return self._give(request, is_in=True)

    @extend_schema(summary="Take a policy from devices", request=NumbersSerializer, responses=CountSerializer)
    @action(methods=["post"], detail=True)
    def withdraw(self, request: Request, pk: str) -> Response:
        return self._give(request, is_in=False)

    @transaction.atomic
    def _give(self, request: Request, *, is_in: bool) -> Response:
        return Response({"changed": link(self.get_object(), "policies", chosen(request), self.person, is_in=is_in)})


class DomainApi(ReadApi):
    """Domains."""

    rights: ClassVar[dict[str, str | tuple[str, ...]]] = {
        "list": "devices.view_domain",
        "retrieve": "devices.view_domain",
    }
    orderings = ("id", "name")
    serializer_class = DomainSerializer
    queryset = Domain.objects.all()


def chosen(request: Request) -> list[int]:
    """Return the numbers of devices that a request names.

    Raises:
        ValidationError: one of them isn't there, or the account may not see it.
    """
    sent = NumbersSerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    asked = set(sent.validated_data["devices"])
    found = set(visible(Device.objects.filter(pk__in=asked), request.user).values_list("pk", flat=True))
    if missing := sorted(asked - found):
        shown = ", ".join(map(str, missing[:10]))
        raise ValidationError({"devices": [_("There are no devices with these numbers: %(ids)s.") % {"ids": shown}]})
    return sorted(found)


def link(linked: DeviceGroup | Policy, field: str, devices: list[int], person: Any, *, is_in: bool) -> int:
    """Give a group or policy to devices, or take it from them; return for how many that was new."""
    through = getattr(Device, field).through._default_manager
    devices = last_change.lock(devices)
    column = f"{linked._meta.model_name}_id"
    have = set(through.filter(device__in=devices, **{column: linked.pk}).values_list("device", flat=True))
    changed = [pk for pk in devices if (pk in have) is not is_in]
    if is_in:
        rows = [through.model(device_id=pk, **{column: linked.pk}) for pk in changed]
        through.bulk_create(rows, ignore_conflicts=True)
    else:
        through.filter(device__in=changed, **{column: linked.pk}).delete()
    last_change.note(changed)
    what, names = f"device.{field}", {field: [str(linked)]}
    told: dict[str, Any] = {"added" if is_in else "removed": names, "person": cast(User, person)}
    announce(Device, Action.CHANGED, what, ids=changed, **told)
    return len(changed)
