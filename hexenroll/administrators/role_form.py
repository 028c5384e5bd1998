"""What may the people of a role do, and where? The form of role_page.py: the table of abilities as boxes to tick."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldBooleanWidget

from devices.form_fields import ObjectsField
from devices.models import Domain
from devices.scope import visible
from hexenroll.abilities import AREAS, Ability
from hexenroll.roles import BUILT_IN, permissions_of

from . import domains
from .rights import codes_of_role


def area_field(index: int) -> str:
    """Return the name of the field that holds the abilities of an area."""
    return f"area_{index}"


def may_all(giver: Any, ability: Ability) -> bool:
    """Tell whether somebody has an ability, so that they may give it."""
    return bool(giver.is_superuser) or set(ability.codes) <= giver.get_all_permissions()


class RoleForm(forms.ModelForm):
    """A role of one's own. `manager`, set by the page for each request, is who fills it in.

    Attributes:
        copied: the role whose abilities a new one begins with; None: it begins with none.
    """

    manager: ClassVar[Any] = None
    copied: ClassVar[Group | None] = None

    all_domains = forms.BooleanField(
        label=gettext_lazy("All domains"),
        required=False,
        widget=UnfoldBooleanWidget,
        help_text=gettext_lazy("Whoever has the role works in every domain, also in those that will be."),
    )
    domains = ObjectsField(
        Domain.objects.none(),
        label=gettext_lazy("Domains"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy(
            "Whoever has the role works in these, besides their own. None: the domains are chosen for each person."
        ),
    )

    class Meta:
        model = Group
        fields = ("name",)
        labels: ClassVar[dict[str, Any]] = {"name": gettext_lazy("Name")}
        help_texts: ClassVar[dict[str, Any]] = {
            "name": gettext_lazy("As it is chosen for administrators; settings of the single sign-on name it, too.")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role = self.instance if self.instance.pk else self.copied
        codes = codes_of_role(role) if role else set()
        if "domains" in self.fields:
            self.fields["domains"].queryset = visible(Domain.objects.order_by("name"), self.manager)  # type: ignore[attr-defined]
            if role:
                self.initial["all_domains"] = domains.has_all(role)
                self.initial["domains"] = [domain.pk for domain in domains.given_to(role)]
        for index, (_title, abilities) in enumerate(AREAS):
            field = self.fields.get(area_field(index))
            if field is not None:
                offered = [ability for ability in abilities if may_all(self.manager, ability)]
                field.choices = [(ability.key, label_of_ability(ability)) for ability in offered]  # type: ignore[attr-defined]
                field.initial = [ability.key for ability in abilities if set(ability.codes) <= codes]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        if name in BUILT_IN or Group.objects.filter(name__iexact=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("There is a role with this name already. Choose another."))
        return name

    def clean_all_domains(self) -> bool:
        return bool(self.cleaned_data["all_domains"])

    def save_access(self, role: Group) -> None:
        """Let a saved role allow what is ticked, where it is ticked."""
        ticked = {key for index in range(len(AREAS)) for key in self.cleaned_data.get(area_field(index), ())}
        codes = {
            code for _title, found in AREAS for ability in found if ability.key in ticked for code in ability.codes
        }
        role.permissions.set(permissions_of(codes))
        domains.give(role, None if self.cleaned_data["all_domains"] else self.cleaned_data["domains"])


def label_of_ability(ability: Ability) -> str:
    """Return what an ability is called where it is ticked."""
    if ability.needs_all_domains:
        return _("%(ability)s (counts with all domains only)") % {"ability": ability.label}
    return str(ability.label)


def area_fields() -> dict[str, forms.Field]:
    """Return a field for each area; a form class of each request declares them."""
    return {
        area_field(index): forms.MultipleChoiceField(
            label=title,  # type: ignore[arg-type]  # the stubs know no lazy texts here
            required=False,
            widget=UnfoldAdminCheckboxSelectMultipleWidget,
        )
        for index, (title, _abilities) in enumerate(AREAS)
    }
