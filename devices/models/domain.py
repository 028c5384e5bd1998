"""Which directory do device users belong to? `local` always exists (devices/apps.py sees to it)."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from phonenumbers import SUPPORTED_REGIONS

from devices import vocabulary


def validate_region(value: str) -> None:
    """Accept a region (ISO 3166-1 alpha-2, upper case) that telephone numbers are known for.

    Raises:
        ValidationError: nobody knows how telephone numbers look there.
    """
    if value not in SUPPORTED_REGIONS:
        raise ValidationError(
            _("“%(value)s” is not a region. Use two letters, such as DE or US."), params={"value": value}
        )


class DomainManager(models.Manager["Domain"]):
    def local(self) -> "Domain":
        """Return the domain `local`, made anew if somebody took it out of the database."""
        return self.get_or_create(name=Domain.LOCAL, defaults={"kind": Domain.Kind.LOCAL})[0]


class Domain(models.Model):
    """A directory of device users."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("pk",)
    LOCAL: ClassVar[str] = "local"

    class Kind(models.TextChoices):
        LOCAL = "local", _("Local")
        ACTIVE_DIRECTORY = "active_directory", _("Active Directory")
        ENTRA_ID = "entra_id", _("Microsoft Entra ID")
        GOOGLE = "google", _("Google Workspace")
        OKTA = "okta", _("Okta")
        LDAP = "ldap", _("Other LDAP directory")

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("For example contoso.com."))
    kind = models.CharField(
        _("kind"),
        max_length=20,
        choices=Kind,
        default=Kind.LOCAL,
        help_text=_("Where the users of this domain come from."),
    )
    phone_region = models.CharField(
        _("phone region"),
        max_length=2,
        blank=True,
        validators=[validate_region],
        help_text=_("Region (such as DE or US) of phone numbers that are written without a country code."),
    )
    language = models.CharField(
        _("language"),
        max_length=5,
        choices=vocabulary.Language,
        default=vocabulary.Language.ENGLISH,
        help_text=_("In which the users of this domain are written to."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = DomainManager()

    class Meta:
        verbose_name = _("domain")
        verbose_name_plural = _("domains")
        ordering = ("name",)
        permissions = (("access_domain", "Can work in this domain"),)

    def __str__(self) -> str:
        return self.name

    @property
    def is_local(self) -> bool:
        return self.name == self.LOCAL
