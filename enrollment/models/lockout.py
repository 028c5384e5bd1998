"""To which accounts, and from which addresses, was nobody let in, because of too many wrong credentials?"""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from enrollment.client_address import SUBNET


class Lockout(models.Model):
    """One time that an account, or an address, was locked. What counts is in Valkey (limits.py); this is for people."""

    key = models.CharField(max_length=80, editable=False)
    account = models.CharField(
        _("account"), max_length=254, blank=True, help_text=_("As it was typed. Empty: an address is locked.")
    )
    address = models.GenericIPAddressField(
        _("address"),
        null=True,
        blank=True,
        help_text=_("That is locked, or that the last wrong password came from; of IPv6 its subnet (/64)."),
    )
    began_at = models.DateTimeField(_("since"), default=timezone.now)
    until = models.DateTimeField(_("until"))
    unlocked_at = models.DateTimeField(_("unlocked"), null=True, blank=True)
    notified_at = models.DateTimeField(_("mail to administrators"), null=True, blank=True)

    class Meta:
        verbose_name = _("lockout")
        verbose_name_plural = _("lockouts")
        ordering = ("-began_at", "-id")
        indexes = (
            models.Index(fields=("-began_at", "-id"), name="lockout_order"),  # the list
            models.Index(fields=("until",), name="lockout_until"),  # how many there are now: each page of the console
            models.Index(fields=("notified_at",), name="lockout_notified"),  # how many mails went out this hour
        )

    def __str__(self) -> str:
        return self.account or self.place

    @property
    def place(self) -> str:
        """The address as people read it: of IPv6 a subnet."""
        address = self.address or str(_("unknown address"))
        return f"{address}/{SUBNET}" if ":" in address else address

    @property
    def is_on(self) -> bool:
        """It keeps people out now."""
        return self.unlocked_at is None and self.until > timezone.now()
