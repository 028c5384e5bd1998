"""What stands in the portal before a test begins? One factory a model; what a test doesn't name is plausible."""

import factory
from django.utils import timezone

from devices.models import Device, DeviceGroup, DeviceUser, Domain, ImportBatch, Policy
from invitations.link_token import hash_of, token_of
from invitations.models import Invitation, MessageTemplate, Sending


class DomainFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Domain

    name = factory.Sequence("office{}.example.com".format)
    kind = Domain.Kind.ENTRA_ID


class DeviceUserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DeviceUser

    domain = factory.LazyFunction(Domain.objects.local)
    name = factory.Sequence("Known User {}".format)
    email = factory.Sequence("known{}@example.com".format)


class DeviceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Device
        skip_postgeneration_save = True

    serial_number = factory.Sequence("K0WNXJGH{:04}".format)
    platform = Device.Platform.MACOS
    ownership = Device.Ownership.CORPORATE
    name = factory.Sequence("Known Device {}".format)
    domain = factory.LazyFunction(Domain.objects.local)
    user = factory.SubFactory(DeviceUserFactory, domain=factory.SelfAttribute("..domain"))

    @factory.post_generation
    def groups(self, create: bool, extracted: list[DeviceGroup] | None) -> None:
        if extracted:
            self.groups.set(extracted)

    @factory.post_generation
    def policies(self, create: bool, extracted: list[Policy] | None) -> None:
        if extracted:
            self.policies.set(extracted)


class DeviceGroupFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DeviceGroup

    name = factory.Sequence("Group {}".format)


class PolicyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Policy

    name = factory.Sequence("Policy {}".format)


class ImportBatchFactory(factory.django.DjangoModelFactory):
    """A batch without a file; `tests.devices.importing` makes batches by the pipeline's own steps."""

    class Meta:
        model = ImportBatch

    domain = factory.LazyFunction(Domain.objects.local)
    file_name = "devices.csv"
    sha256 = "0" * 64
    state_changed_at = factory.LazyFunction(timezone.now)


class SendingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Sending

    state = Sending.State.RUNNING
    validity_days = 7


class InvitationFactory(factory.django.DjangoModelFactory):
    """An invitation that waits to be sent, to the user of a pre-approved device."""

    class Meta:
        model = Invitation

    sending = factory.SubFactory(SendingFactory)
    device = factory.SubFactory(DeviceFactory)
    domain_id = factory.SelfAttribute("device.domain_id")
    channel = Invitation.Channel.EMAIL
    recipient = factory.SelfAttribute("device.user.email")
    language = "en"
    public_id = factory.Faker("uuid4", cast_to=None)
    token_hash = factory.LazyAttribute(lambda invitation: hash_of(token_of(invitation.public_id)))
    next_attempt_at = factory.LazyFunction(timezone.now)


class MessageTemplateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = MessageTemplate

    channel = Invitation.Channel.EMAIL
    language = "en"
    subject = "Enroll {{ device_name }}"
    text = "{{ link }}"
