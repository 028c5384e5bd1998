"""By what can devices be filtered? One definition, for the list in the console and for the REST API."""

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from devices.models import Device, DeviceGroup, DeviceUser, Domain, ImportBatch, Policy


class DeviceFilter(django_filters.FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=Device.Status.choices, label=_("Enrollment status"))
    platform = django_filters.MultipleChoiceFilter(choices=Device.Platform.choices, label=_("Platform"))
    ownership = django_filters.ChoiceFilter(choices=Device.Ownership.choices, label=_("Ownership"))
    domain = django_filters.ModelChoiceFilter(queryset=Domain.objects.all(), label=_("Domain"))
    group = django_filters.ModelChoiceFilter(
        field_name="groups", queryset=DeviceGroup.objects.all(), label=_("Device group")
    )
    policy = django_filters.ModelChoiceFilter(field_name="policies", queryset=Policy.objects.all(), label=_("Policy"))
    import_batch = django_filters.ModelChoiceFilter(queryset=ImportBatch.objects.all(), label=_("Import batch"))
    search = django_filters.CharFilter(method="filter_search", label=_("Serial number, name or user"))

    class Meta:
        model = Device
        fields = ("status", "platform", "ownership", "domain", "group", "policy", "import_batch")

    def filter_search(self, queryset: QuerySet[Device], name: str, value: str) -> QuerySet[Device]:
        return search_devices(queryset, value)


def search_devices(queryset: QuerySet[Device], text: str) -> QuerySet[Device]:
    """Return the devices whose serial number, name, or user's name or e-mail address holds `text`, whatever its case.

    Users are looked up first: an OR across the join can use no index.
    """
    users = DeviceUser.objects.filter(Q(name__icontains=text) | Q(email__icontains=text)).values("pk")
    return queryset.filter(Q(serial_number__icontains=text) | Q(name__icontains=text) | Q(user__in=users))
