"""Registers the app; sees to it that the domain `local` exists."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


def ensure_local_domain(**kwargs: object) -> None:
    """Make the domain `local`, which always exists (MISSION.md, section 1)."""
    from devices.models import Domain

    Domain.objects.local()


class DevicesConfig(AppConfig):
    name = "devices"
    verbose_name = _("Devices")

    def ready(self) -> None:
        post_migrate.connect(ensure_local_domain, sender=self, dispatch_uid="devices.local_domain")
