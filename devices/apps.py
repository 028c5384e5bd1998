"""Registers the app; sees to it that the domain `local` exists, and that saved devices are in the groups of rules."""

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import m2m_changed, post_migrate, post_save
from django.utils.translation import gettext_lazy as _


def ensure_local_domain(**kwargs: object) -> None:
    """Make the domain `local`, which always exists (MISSION.md, section 1)."""
    from devices.models import Domain

    Domain.objects.local()


def ensure_search_index(using: str, **kwargs: object) -> None:
    """Make the index of the search on a database that got pg_trgm later."""
    from devices.search import tables

    tables.create_missing(connections[using])


class DevicesConfig(AppConfig):
    name = "devices"
    verbose_name = _("Devices")

    def ready(self) -> None:
        post_migrate.connect(ensure_local_domain, sender=self, dispatch_uid="devices.local_domain")
        post_migrate.connect(ensure_search_index, sender=self, dispatch_uid="devices.search_index")

        from devices.bulk import own_kinds
        from devices.groups import membership
        from devices.models import Device

        own_kinds.register()

        post_save.connect(membership.place_saved, sender=Device, dispatch_uid="devices.place_saved")
        through = Device.groups.through
        m2m_changed.connect(membership.keep_to_rules, sender=through, dispatch_uid="devices.keep_to_rules")
