"""Who may work in which domain, where it isn't all of them? Kept by guardian, read by devices/scope.py."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from .domain import Domain


class DomainAccessOfPerson(UserObjectPermissionBase):
    """A person who may work in a domain."""

    content_object = models.ForeignKey(Domain, models.CASCADE, verbose_name=_("domain"))

    class Meta(UserObjectPermissionBase.Meta):
        verbose_name = _("access of an administrator to a domain")
        verbose_name_plural = _("accesses of administrators to domains")


class DomainAccessOfRole(GroupObjectPermissionBase):
    """A role whose people may work in a domain."""

    content_object = models.ForeignKey(Domain, models.CASCADE, verbose_name=_("domain"))

    class Meta(GroupObjectPermissionBase.Meta):
        verbose_name = _("access of a role to a domain")
        verbose_name_plural = _("accesses of roles to domains")
