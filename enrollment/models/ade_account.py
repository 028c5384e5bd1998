"""With which account does the portal ask Apple for the devices of an organisation, and how does that stand?"""

from datetime import timedelta
from typing import ClassVar, Final, Self

from django.core.validators import MinLengthValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from encrypted_fields.fields import EncryptedTextField

from devices.models import DeviceGroup, DeviceUser, Domain, Policy
from devices.vocabulary import Ownership

# Apple's service (PROTOCOLS.md, section 1); an account may name another, such as a simulator on this machine.
APPLE: Final = "https://mdmenrollment.apple.com"
# Days before a token's end at which people are told; from the second on it is urgent.
EXPIRY_DAYS: Final = (30, 14, 3)
SOON_DAYS, URGENT_DAYS, _LAST_DAYS = EXPIRY_DAYS
# Apple, or the way to it, may be away for a while and come back by itself; after that somebody has a look.
UNREACHABLE_FOR: Final = timedelta(hours=6)


class AdeAccountQuerySet(models.QuerySet["AdeAccount"]):
    def connected(self) -> Self:
        """Accounts that have brought a token: Apple can be asked."""
        return self.exclude(state=AdeAccount.State.NEW)

    def expired(self) -> Self:
        """Accounts whose token is past its end."""
        return self.connected().filter(token_expires_at__lte=timezone.now())

    def expiring(self, days: int = SOON_DAYS, *, after: int = 0) -> Self:
        """Accounts whose token ends within so many days, and not within the first `after`; none that has expired."""
        now = timezone.now()
        begin, end = now + timedelta(days=after), now + timedelta(days=days)
        return self.connected().filter(token_expires_at__gt=begin, token_expires_at__lte=end)

    def in_trouble(self) -> Self:
        """Accounts that need somebody: one of NEEDS_SOMEBODY, or Apple couldn't be reached for hours."""
        is_away = models.Q(state=AdeAccount.State.UNREACHABLE, state_changed_at__lte=timezone.now() - UNREACHABLE_FOR)
        return self.filter(is_away | models.Q(state__in=AdeAccount.NEEDS_SOMEBODY))


class AdeAccount(models.Model):
    """A connection to Apple Business or School Manager: key, token, what its devices get, and where the sync is."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ("domain",)

    class State(models.TextChoices):
        NEW = "new", _("Waiting for the token")
        OK = "ok", _("Connected")
        TERMS_NOT_SIGNED = "terms_not_signed", _("Terms not accepted")
        ACCESS_DENIED = "access_denied", _("Access denied")
        TOKEN_REFUSED = "token_refused", _("Token refused")
        EXPIRED = "expired", _("Token expired")
        THROTTLED = "throttled", _("Slowed down by Apple")
        UNREACHABLE = "unreachable", _("Apple can't be reached")

    # Nothing goes on before a person has done something; the others pass by themselves.
    NEEDS_SOMEBODY: ClassVar[frozenset[str]] = frozenset(
        {State.TERMS_NOT_SIGNED, State.ACCESS_DENIED, State.TOKEN_REFUSED, State.EXPIRED}
    )

    name = models.CharField(
        _("name"),
        max_length=100,
        unique=True,
        validators=[MinLengthValidator(1)],
        help_text=_("As you call it: of the organisation, or of the server in Apple Business Manager."),
    )
    base_url = models.URLField(
        _("address of the service"), default=APPLE, help_text=_("Apple's, unless you test with a simulator.")
    )
    domain = models.ForeignKey(
        Domain,
        models.PROTECT,
        related_name="ade_accounts",
        verbose_name=_("domain"),
        help_text=_("Its devices belong to this domain."),
    )
    pre_approve = models.BooleanField(
        _("Add as Pre-approved Device"),
        default=True,
        help_text=_("Every device that Apple lists for this account is pre-approved, unless the portal knows it."),
    )
    default_user = models.ForeignKey(
        DeviceUser,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="ade_accounts",
        verbose_name=_("default device user"),
        help_text=_("Whose the new devices are, until you say otherwise. Empty: nobody's."),
    )
    ownership = models.CharField(
        _("ownership"),
        max_length=10,
        choices=Ownership,
        default=Ownership.CORPORATE,
        help_text=_("Devices that Apple lists belong to the organisation, as a rule."),
    )
    groups = models.ManyToManyField(
        DeviceGroup,
        blank=True,
        related_name="ade_accounts",
        verbose_name=_("device groups"),
        help_text=_("New devices are put into these."),
    )
    policies = models.ManyToManyField(
        Policy,
        blank=True,
        related_name="ade_accounts",
        verbose_name=_("policies"),
        help_text=_("Every device that this account pre-approved gets them, as long as they stand here."),
    )
    default_profile = models.ForeignKey(
        "enrollment.AdeProfile",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("default enrollment profile"),
        help_text=_("New devices of this account get it at Apple. Empty: none."),
    )

    private_key = EncryptedTextField(editable=False, help_text=_("Opens the token file; encrypted, never shown."))
    certificate = models.TextField(_("public key"), editable=False, help_text=_("PEM; it goes to Apple."))
    # JSON of the four strings of ade/token.py.
    server_token = EncryptedTextField(
        _("server token"), null=True, blank=True, editable=False, help_text=_("Encrypted, never shown.")
    )
    token_expires_at = models.DateTimeField(_("token expires"), null=True, editable=False)
    warned_at_days = models.PositiveSmallIntegerField(
        null=True, editable=False, help_text=_("Administrators were told when so many days were left.")
    )

    # What Apple says of it (GET /account).
    server_name = models.CharField(_("server"), max_length=255, blank=True, editable=False)
    server_uuid = models.CharField(_("server's UUID"), max_length=64, blank=True, editable=False)
    org_name = models.CharField(_("organisation"), max_length=255, blank=True, editable=False)
    org_id = models.CharField(_("organisation's number"), max_length=64, blank=True, editable=False)
    org_type = models.CharField(_("kind of organisation"), max_length=20, blank=True, editable=False)
    admin_id = models.CharField(_("administrator at Apple"), max_length=255, blank=True, editable=False)
    page_limit = models.PositiveSmallIntegerField(
        _("devices a page"), default=100, editable=False, help_text=_("As Apple allows for this account.")
    )
    checked_at = models.DateTimeField(_("checked"), null=True, editable=False)

    state = models.CharField(_("state"), max_length=16, choices=State, default=State.NEW, editable=False)
    state_changed_at = models.DateTimeField(default=timezone.now, editable=False)
    last_error = models.TextField(_("last error"), blank=True, editable=False)

    # Where the sync is; changed together with the devices of a page.
    cursor = models.CharField(max_length=1_000, blank=True, editable=False)
    needs_full = models.BooleanField(default=True, editable=False)
    full_at = models.DateTimeField(_("last full sync"), null=True, editable=False)
    synced_at = models.DateTimeField(_("last sync"), null=True, editable=False)

    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = AdeAccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("ADE account")
        verbose_name_plural = _("ADE accounts")
        ordering = ("name",)
        permissions = (("sync_adeaccount", "Can sync ADE accounts"),)

    def __str__(self) -> str:
        return self.name

    @property
    def is_connected(self) -> bool:
        return self.state != self.State.NEW

    @property
    def days_left(self) -> int | None:
        """Whole days until the token expires, negative afterwards; None: there is no token."""
        if self.token_expires_at is None:
            return None
        return (self.token_expires_at - timezone.now()).days
