"""Whose device is it, and how can that person be reached?"""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from .domain import Domain


class DeviceUser(models.Model):
    """A person of a domain; their e-mail address, whatever its case, is theirs alone there."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("domain",)

    domain = models.ForeignKey(
        Domain,
        models.PROTECT,
        related_name="users",
        db_index=False,  # the unique constraint begins with it
        db_constraint=False,  # a tenth of an import, see Device.domain; Django protects a domain that has users
        verbose_name=_("domain"),
        help_text=_("The directory that the person belongs to; who works in it sees this person."),
    )
    name = models.CharField(_("name"), max_length=200, help_text=_("By which messages address this person."))
    email = models.EmailField(
        _("e-mail"), max_length=254, help_text=_("Where invitations go; one person of a domain for each address.")
    )
    # Joined with the rows of an import; generated, so that no way of writing can forget it.
    email_key = models.GeneratedField(
        expression=Lower("email"),
        output_field=models.CharField(max_length=254),
        db_persist=True,
        editable=False,
    )
    sam_account_name = models.CharField(
        _("SAM account name"), max_length=256, blank=True, help_text=_("Login name in Active Directory.")
    )
    mobile = PhoneNumberField(_("mobile"), blank=True, help_text=_("With country code, such as +49 170 1234567."))
    import_batch = models.ForeignKey(
        "devices.ImportBatch",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        db_constraint=False,  # one check a row at COMMIT less; Django clears the link when a batch goes
        related_name="created_users",
        verbose_name=_("import batch"),
        help_text=_("The import that created this device user."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("device user")
        verbose_name_plural = _("device users")
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("domain", "email_key"),
                name="device_user_email_unique",
                violation_error_message=_("This domain has a device user with this e-mail address already."),
            ),
        )
        indexes = (models.Index(fields=("name", "id"), name="device_user_order"),)  # the list's ordering

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"

    def clean(self) -> None:
        """Say on a form what the constraint would refuse: forms don't ask constraints of generated columns.

        Raises:
            ValidationError: another device user of the domain has this e-mail address.
        """
        same = DeviceUser.objects.filter(domain=self.domain_id, email_key=Lower(models.Value(self.email)))
        if self.email and same.exclude(pk=self.pk).exists():
            raise ValidationError({"email": _("This domain has a device user with this e-mail address already.")})
