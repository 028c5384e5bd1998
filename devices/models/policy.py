"""What is set up on a device?"""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from devices.vocabulary import NAME_SEPARATOR, Platform


def validate_platforms(value: object) -> None:
    """Accept a list of platform codes.

    Raises:
        ValidationError: it is no list, or one of its items is no platform.
    """
    if not isinstance(value, list) or not set(map(str, value)) <= set(Platform.values):
        raise ValidationError(
            _("Write a list of platforms, such as %(example)s."), params={"example": '["ios", "macos"]'}
        )


def refuse_separator(name: str) -> None:
    """Accept a name that can stand in a list of a file.

    Raises:
        ValidationError: it holds the separator, so that an export could not be imported again.
    """
    if NAME_SEPARATOR in name:
        text = _("Leave out “%(sign)s”: it stands between two names in a file.") % {"sign": NAME_SEPARATOR}
        raise ValidationError({"name": text})


class PolicyQuerySet(models.QuerySet["Policy"]):
    def lock(self) -> None:
        """Let nobody hand these policies out until this transaction ends."""
        list(self.order_by("pk").select_for_update().values_list("pk"))

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the policies, also while devices get them: a device that gets one at the same moment asks again."""
        with transaction.atomic():
            self.lock()
            return super().delete()

    # As Django marks its own: no template calls it, and the manager hasn't got it.
    delete.alters_data = delete.queryset_only = True  # type: ignore[attr-defined]


class Policy(models.Model):
    """Settings and apps that devices get when they enroll."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ()  # for devices of any domain

    name = models.CharField(
        _("name"), max_length=200, unique=True, help_text=_("As files name it, in the column Policies.")
    )
    platforms = models.JSONField(
        _("platforms"),
        default=list,
        blank=True,
        validators=[validate_platforms],
        help_text=_("Empty: for every platform."),
    )
    settings = models.JSONField(_("settings"), default=dict, blank=True, help_text=_("A JSON object."))
    apps = models.JSONField(_("apps"), default=list, blank=True, help_text=_("A JSON list, one object an app."))
    profile = models.BinaryField(
        _("configuration profile"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("A .mobileconfig for Apple platforms, as it was uploaded."),
    )
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        refuse_separator(self.name)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            Policy.objects.filter(pk=self.pk).lock()  # as of many (PolicyQuerySet.delete)
            return super().delete(*args, **kwargs)
