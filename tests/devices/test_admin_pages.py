"""Do the plain pages of every model load, for those alone who may see them, and do they keep the rules of devices?"""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from devices.models import Device, Domain, ImportBatch
from tests.factories import (
    DeviceFactory,
    DeviceGroupFactory,
    DeviceUserFactory,
    DomainFactory,
    ImportBatchFactory,
    PolicyFactory,
)

pytestmark = pytest.mark.django_db
FACTORIES: dict[str, Any] = {
    "device": DeviceFactory,
    "devicegroup": DeviceGroupFactory,
    "deviceuser": DeviceUserFactory,
    "domain": DomainFactory,
    "importbatch": ImportBatchFactory,
    "policy": PolicyFactory,
}
# Import batches are made, and looked at, in the wizard.
EDITED = sorted(set(FACTORIES) - {"importbatch"})
HOSTILE = "<script>alert(1)</script> \u202e 😀"


def url(name: str, page: str, *arguments: object) -> str:
    return reverse(f"admin:devices_{name}_{page}", args=arguments)


def registered() -> set[str]:
    models = admin.site._registry
    return {str(model._meta.model_name) for model in models if model._meta.app_label == "devices"}


def test_every_model_with_a_page_is_tested_here() -> None:
    assert registered() == {*FACTORIES, "bulkaction"}  # test_bulk.py


@pytest.mark.parametrize("name", FACTORIES)
def test_the_list_loads_empty_with_one_and_with_a_search(administrator_client: Client, name: str) -> None:
    assert administrator_client.get(url(name, "changelist")).status_code == 200
    FACTORIES[name].create()
    assert (
        administrator_client.get(url(name, "changelist"), {"status": "all"} if name == "device" else {}).status_code
        == 200
    )
    assert administrator_client.get(url(name, "changelist"), {"q": "a'%_\\"}).status_code == 200


@pytest.mark.parametrize("name", EDITED)
def test_the_pages_of_one_object_load(administrator_client: Client, name: str) -> None:
    found = FACTORIES[name].create()
    for page, arguments in (("add", ()), ("change", (found.pk,)), ("history", (found.pk,)), ("delete", (found.pk,))):
        answer = administrator_client.get(url(name, page, *arguments))
        assert answer.status_code == 200, page


@pytest.mark.parametrize("name", sorted(set(EDITED) - {"domain"}))
def test_a_hostile_name_does_no_harm_on_any_page(administrator_client: Client, name: str) -> None:
    found = FACTORIES[name].create(name=HOSTILE)
    for address in (url(name, "changelist") + "?status__exact=", url(name, "change", found.pk)):
        text = administrator_client.get(address, follow=True).content.decode()
        assert "<script>alert(1)" not in text


@pytest.mark.parametrize("name", FACTORIES)
def test_a_stranger_gets_403_on_every_page(stranger_client: Client, name: str) -> None:
    found = FACTORIES[name].create()
    pages = [("changelist", ()), ("add", ()), ("delete", (found.pk,)), ("history", (found.pk,))]
    if name != "importbatch":  # leads to the wizard, which asks
        pages.append(("change", (found.pk,)))
    for page, arguments in pages:
        assert stranger_client.get(url(name, page, *arguments)).status_code == 403, page
        assert stranger_client.post(url(name, page, *arguments), {}).status_code == 403, page


@pytest.mark.parametrize("name", ["device", "deviceuser"])
def test_an_operator_may_look_and_change_nothing(operator_client: Client, name: str) -> None:
    found = FACTORIES[name].create()
    assert operator_client.get(url(name, "changelist")).status_code == 200
    assert operator_client.get(url(name, "change", found.pk)).status_code == 200
    for page, arguments in (("add", ()), ("delete", (found.pk,))):
        assert operator_client.get(url(name, page, *arguments)).status_code == 403
    assert operator_client.post(url(name, "change", found.pk), {"name": "x"}).status_code == 403


@pytest.mark.parametrize("name", FACTORIES)
def test_somebody_who_is_not_signed_in_is_asked_to(client: Client, name: str) -> None:
    answer = client.get(url(name, "changelist"))
    assert answer.status_code == 302
    assert "login" in answer["Location"]


# --- devices ----------------------------------------------------------------------------------------------
def shown(client: Client, query: str = "") -> set[str]:
    answer = client.get(f"{url('device', 'changelist')}{query}")
    assert answer.status_code == 200
    return {found.serial_number for found in answer.context["cl"].queryset}


def test_pre_approved_devices_are_not_in_the_list_until_they_are_filtered_for(administrator_client: Client) -> None:
    for status in Device.Status.values:
        DeviceFactory.create(serial_number=f"SERIAL-{status}", status=status)
    assert shown(administrator_client) == {"SERIAL-enrolled", "SERIAL-blocked"}
    assert shown(administrator_client, "?status=pre_approved") == {"SERIAL-pre_approved"}
    assert len(shown(administrator_client, "?status=all")) == 4


def test_a_device_is_found_by_serial_name_user_and_address_whatever_the_case(administrator_client: Client) -> None:
    user = DeviceUserFactory.create(name="Ada Lovelace", email="countess@example.com")
    DeviceFactory.create(serial_number="C02FINDME123", name="Ada's Mac", user=user)
    DeviceFactory.create()
    for text in ("c02findme", "ada's", "lovelace", "COUNTESS@"):
        assert shown(administrator_client, f"?status=all&q={text}") == {"C02FINDME123"}


def test_a_pre_approved_device_can_be_deleted(administrator_client: Client) -> None:
    found = DeviceFactory.create()
    answer = administrator_client.post(url("device", "delete", found.pk), {"post": "yes"})
    assert answer.status_code == 302
    assert not Device.objects.exists()


@pytest.mark.parametrize("status", ["enrolled", "disenrolled", "blocked"])
def test_another_device_can_not_be_deleted(administrator_client: Client, status: str) -> None:
    found = DeviceFactory.create(status=status)
    assert administrator_client.post(url("device", "delete", found.pk), {"post": "yes"}).status_code == 403
    assert Device.objects.exists()


def test_of_many_at_once_only_the_pre_approved_are_deleted(administrator_client: Client) -> None:
    approved, enrolled = DeviceFactory.create(), DeviceFactory.create(status="enrolled")
    answer = {"query": "", "chosen": f"{approved.pk},{enrolled.pk}", "last": enrolled.pk}
    administrator_client.post(reverse("admin:devices_device_bulk", args=["delete_pre_approved"]), answer)
    assert set(Device.objects.all()) == {enrolled}


def test_status_and_source_are_not_typed_in(administrator_client: Client) -> None:
    form = administrator_client.get(url("device", "add")).context["adminform"].form
    assert not {"status", "source", "one_time_password", "import_batch"} & set(form.fields)


def device_form(**values: object) -> dict[str, object]:
    return {
        "serial_number": "C02XK1ZZJ001",
        "platform": "macos",
        "ownership": "corporate",
        "name": "",
        "domain": Domain.objects.local().pk,
        "custom_attributes": "{}",
        **values,
    }


def test_a_device_that_is_entered_by_hand_is_pre_approved(administrator_client: Client) -> None:
    assert administrator_client.post(url("device", "add"), device_form()).status_code == 302
    made = Device.objects.get()
    assert (made.status, made.source) == ("pre_approved", "manual")


def test_the_same_serial_and_platform_twice_is_said(administrator_client: Client) -> None:
    DeviceFactory.create(serial_number="C02XK1ZZJ001", platform="macos")
    answer = administrator_client.post(url("device", "add"), device_form())
    assert answer.status_code == 200
    assert "There is a device with this serial number and platform already." in answer.content.decode()


def test_devices_without_a_serial_do_not_collide(administrator_client: Client) -> None:
    for _number in range(2):
        assert administrator_client.post(url("device", "add"), device_form(serial_number="")).status_code == 302
    assert list(Device.objects.values_list("serial_number", flat=True)) == [None, None]


@pytest.mark.parametrize("name", FACTORIES)
def test_a_list_costs_the_same_number_of_queries_for_2_rows_and_for_20(administrator_client: Client, name: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            administrator_client.get(url(name, "changelist") + ("?status=all" if name == "device" else ""))
        return len(caught)

    FACTORIES[name].create_batch(2)
    queries()  # what is cached once
    few = queries()
    FACTORIES[name].create_batch(18)
    assert queries() == few


# --- domains, users, batches ------------------------------------------------------------------------------
def test_the_domain_local_always_exists_and_can_be_neither_renamed_nor_deleted(administrator_client: Client) -> None:
    local = Domain.objects.get(name="local")
    assert administrator_client.post(url("domain", "delete", local.pk), {"post": "yes"}).status_code == 403
    administrator_client.post(
        url("domain", "change", local.pk), {"name": "other", "phone_region": "DE", "language": "en"}
    )
    local.refresh_from_db()
    assert (local.name, local.phone_region) == ("local", "DE")


def test_a_region_that_does_not_exist_is_said(administrator_client: Client) -> None:
    answer = administrator_client.post(
        url("domain", "add"), {"name": "contoso.com", "kind": "local", "phone_region": "XX"}
    )
    assert "“XX” is not a region. Use two letters, such as DE or US." in answer.content.decode()


def test_the_same_address_twice_in_a_domain_is_said_whatever_its_case(administrator_client: Client) -> None:
    DeviceUserFactory.create(email="ada@example.com")
    form = {"domain": Domain.objects.local().pk, "name": "Ada", "email": "ADA@example.com"}
    answer = administrator_client.post(url("deviceuser", "add"), form)
    assert answer.status_code == 200
    assert "This domain has a device user with this e-mail address already." in answer.content.decode()


@pytest.mark.parametrize("name", ["devicegroup", "policy"])
def test_a_name_that_a_file_would_read_as_two_is_said(administrator_client: Client, name: str) -> None:
    form = {"name": "Sales; Berlin", "platforms": "[]", "settings": "{}", "apps": "[]"}
    answer = administrator_client.post(url(name, "add"), form)
    assert answer.status_code == 200
    assert "Leave out “;”: it stands between two names in a file." in answer.content.decode()


def test_the_list_of_domains_counts_with_as_many_queries_for_two_as_for_twenty(administrator_client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            page = administrator_client.get(url("domain", "changelist")).content.decode()
        assert f"?domain={busy.pk}&amp;status=all" in page or f"?domain={busy.pk}&status=all" in page
        return len(caught)

    busy = DomainFactory.create()
    DeviceFactory.create_batch(3, domain=busy)
    queries()
    few = queries()
    DomainFactory.create_batch(18)
    assert queries() == few


def test_a_domain_says_what_belongs_to_it(administrator_client: Client) -> None:
    domain = DomainFactory.create()
    address = url("domain", "change", domain.pk)
    assert "Nothing: the domain can be deleted." in administrator_client.get(address).content.decode()
    DeviceFactory.create_batch(2, domain=domain)
    page = administrator_client.get(address).content.decode()
    assert "2 devices" in page
    assert "As long as anything does" in page


def test_what_keeps_a_domain_is_named(administrator_client: Client) -> None:
    domain = DomainFactory.create()
    DeviceFactory.create(serial_number="C02KEEPSIT01", name="", domain=domain)
    ImportBatchFactory.create(domain=domain, file_name="keeps-it.csv")
    page = administrator_client.get(url("domain", "delete", domain.pk)).content.decode()
    assert "C02KEEPSIT01" in page
    assert "keeps-it.csv" in page
    assert "doesn't have permission" not in page and "doesn&#x27;t have permission" not in page
    assert administrator_client.post(url("domain", "delete", domain.pk), {"post": "yes"}).status_code == 200
    assert Domain.objects.filter(pk=domain.pk).exists()
    unused = DomainFactory.create()
    administrator_client.post(url("domain", "delete", unused.pk), {"post": "yes"})
    assert not Domain.objects.filter(pk=unused.pk).exists()


def test_a_user_with_devices_is_not_deleted(administrator_client: Client) -> None:
    found = DeviceFactory.create()
    administrator_client.post(url("deviceuser", "delete", found.user.pk), {"post": "yes"})
    assert Device.objects.get().user == found.user


def test_an_import_batch_opens_in_the_wizard_and_is_neither_added_nor_deleted_here(
    administrator_client: Client,
) -> None:
    batch = ImportBatchFactory.create()
    answer = administrator_client.get(url("importbatch", "change", batch.pk))
    assert answer["Location"] == reverse("enroll:batch", args=[batch.pk])
    assert administrator_client.get(url("importbatch", "add")).status_code == 403
    assert administrator_client.post(url("importbatch", "delete", batch.pk), {"post": "yes"}).status_code == 403
    assert ImportBatch.objects.exists()
