"""Which devices are managed together?"""

from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from .moving import Moving
from .policy import Policy, refuse_separator


class DeviceGroupQuerySet(models.QuerySet["DeviceGroup"]):
    def static(self) -> Self:
        """Groups that somebody fills by hand: the only ones that a device can be put into."""
        return self.filter(rule__isnull=True)

    def ruled(self) -> Self:
        """Groups whose members follow from a rule."""
        return self.filter(rule__isnull=False)


class DeviceGroup(Moving):
    """A named set of devices that share policies: filled by hand, or by a rule."""

    DOMAIN_PATHS: ClassVar[tuple[str, ...]] = ()  # holds devices of any domain; each of them is asked for its own

    class State(models.TextChoices):
        """How far the members are what the rule says."""

        CURRENT = "current", _("Up to date")
        WAITING = "waiting", _("Waiting to be filled")
        FILLING = "filling", _("Being filled")
        SETTLING = "settling", _("Up to date")  # looked at once more, for what was under way with the former rule
        FAILED = "failed", _("Could not be filled")

    name = models.CharField(
        _("name"), max_length=200, unique=True, help_text=_("As files name it, in the column Groups.")
    )
    description = models.TextField(
        _("description"), blank=True, help_text=_("What the group is for, for those who come after you.")
    )
    policies = models.ManyToManyField(
        Policy,
        blank=True,
        related_name="groups",
        verbose_name=_("policies"),
        help_text=_("Every device of the group gets these."),
    )
    rule = models.JSONField(
        _("rule"),
        null=True,
        blank=True,
        help_text=_("Which devices are in it by themselves. Empty: those that somebody put there."),
    )
    state = models.CharField(
        _("state"), max_length=8, choices=State, default=State.CURRENT, db_default=State.CURRENT, editable=False
    )
    state_changed_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = DeviceGroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("device group")
        verbose_name_plural = _("device groups")
        ordering = ("name",)
        indexes = (  # asked by the gate with each request: is there any rule?
            models.Index(fields=("id",), condition=models.Q(rule__isnull=False), name="device_group_ruled"),
        )

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        refuse_separator(self.name)

    @property
    def is_ruled(self) -> bool:
        return self.rule is not None
