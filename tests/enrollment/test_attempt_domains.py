"""Whose administrators see an attempt?"""

from importlib import import_module

import pytest
from django.apps import apps

from devices.models import Device
from enrollment.models import EnrollmentAttempt, EnrollmentSettings
from tests.enrollment.attempts import attempt_of
from tests.enrollment.knocking import body_for, invited, knock, with_token
from tests.factories import DeviceFactory, DeviceUserFactory, DomainFactory

pytestmark = pytest.mark.django_db


def domain_of_last() -> int | None:
    return EnrollmentAttempt.objects.order_by("-pk").values_list("domain", flat=True)[0]


def test_attempt_belongs_to_the_domain_of_the_credentials_user() -> None:
    domain = DomainFactory.create()
    knock(with_token(invited(domain=domain)))

    assert domain_of_last() == domain.pk


def test_refused_attempt_with_the_serial_of_another_domain_belongs_to_the_users() -> None:
    own, other = DomainFactory.create(), DomainFactory.create()
    taken = DeviceFactory.create(domain=other, status=Device.Status.ENROLLED)

    status, _answer = knock(with_token(invited(domain=own), serial_number=taken.serial_number))

    assert status == 403
    assert domain_of_last() == own.pk


def test_attempt_without_credentials_belongs_to_the_domain_of_the_device() -> None:
    domain = DomainFactory.create()
    knock(body_for(DeviceFactory.create(domain=domain)))

    assert domain_of_last() == domain.pk


def test_attempt_of_what_nobody_knows_belongs_to_no_domain() -> None:
    knock(body_for(DeviceFactory.build(domain=None, user=None)))

    assert domain_of_last() is None


def test_ordinary_device_brings_its_attempt_into_its_domain() -> None:
    EnrollmentSettings.objects.current()
    EnrollmentSettings.objects.update(pre_approved_devices_only=False, require_credentials=False)
    status, _answer = knock(body_for(DeviceFactory.build(domain=None, user=None)))

    assert status == 200
    assert domain_of_last() == Device.objects.get().domain_id


def test_attempts_that_are_there_get_the_domain_of_their_user_else_of_their_device() -> None:
    first, second = DomainFactory.create(), DomainFactory.create()
    user, device = DeviceUserFactory.create(domain=first), DeviceFactory.create(domain=second)
    made = [attempt_of(user=user, device=device), attempt_of(device=device), attempt_of()]

    import_module("enrollment.migrations.0008_attempt_domains").fill(apps, None)

    found = dict(EnrollmentAttempt.objects.values_list("pk", "domain"))
    assert [found[attempt.pk] for attempt in made] == [first.pk, second.pk, None]
