"""Is what was written into the form of a device group right, and which rule is meant?

The form of admin/device_group.py; the preview of a rule reads its fields, too.
"""

from typing import Any

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from devices.form_fields import ObjectsField
from devices.models import DeviceGroup, Domain
from devices.vocabulary import Ownership, Platform

from .rule import ATTRIBUTE_LENGTH, NAME_LENGTH, Rule, RuleError


class Kind(TextChoices):
    """How devices come into a group."""

    STATIC = "static", _("Put in by hand")
    RULED = "ruled", _("By a rule")


# Of the form, for a rule.
CONDITIONS = ("platforms", "ownerships", "domains", "name_pattern", ("attribute_name", "attribute_value"))


class DeviceGroupForm(forms.ModelForm):
    """A group with its rule, condition by condition."""

    kind = forms.ChoiceField(
        label=_("How they come"),
        choices=Kind,
        initial=Kind.STATIC,
        widget=UnfoldAdminRadioSelectWidget,
        required=False,
        help_text=_(
            "By hand: one by one, by serial numbers, by an import of devices or by a file of groups. "
            "By a rule: every device for which all conditions hold, now and later."
        ),
    )
    platforms = forms.MultipleChoiceField(
        label=_("Platform"),
        choices=Platform,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("One of these. None: any platform."),
    )
    ownerships = forms.MultipleChoiceField(
        label=_("Ownership"),
        choices=Ownership,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("None: either."),
    )
    domains = ObjectsField(
        Domain.objects.all(),
        label=_("Domain"),
        required=False,
        widget=UnfoldAdminSelectMultipleWidget,
        help_text=_("One of these; several are chosen with Ctrl. None: any domain."),
    )
    name_pattern = forms.CharField(
        label=_("Device name"),
        required=False,
        max_length=NAME_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Such as NB-*: * is any text, ? one character; upper and lower case matter. Empty: any name."),
    )
    attribute_name = forms.CharField(
        label=_("Custom attribute"),
        required=False,
        max_length=ATTRIBUTE_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Its name, such as Department; upper and lower case matter. Empty: none is asked for."),
    )
    attribute_value = forms.CharField(
        label=_("Value of the attribute"),
        required=False,
        max_length=10_000,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("The whole text, exactly."),
    )

    class Meta:
        model = DeviceGroup
        fields = ("name", "description", "policies")
        widgets = {"description": UnfoldAdminTextareaWidget({"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.rule is None:
            return
        rule = Rule.from_json(self.instance.rule)
        self.initial.update(
            kind=Kind.RULED,
            platforms=sorted(rule.platforms),
            ownerships=sorted(rule.ownerships),
            domains=sorted(rule.domains),
            name_pattern=rule.name,
            attribute_name=rule.attribute,
            attribute_value=rule.value,
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["found_rule"] = None
        if cleaned.get("kind") == Kind.RULED:
            try:
                cleaned["found_rule"] = rule_of(cleaned)
            except RuleError as error:
                self.add_error("kind", str(error))
        return cleaned


def rule_of(cleaned: dict[str, Any]) -> Rule:
    """Return the rule that the fields say.

    Args:
        cleaned: of the form; a field with an error is missing.

    Raises:
        RuleError: they say none.
    """
    attribute = {"name": cleaned.get("attribute_name", ""), "value": cleaned.get("attribute_value", "")}
    return Rule.from_json(
        {
            "platforms": list(cleaned.get("platforms") or ()),
            "ownerships": list(cleaned.get("ownerships") or ()),
            "domains": [domain.pk for domain in cleaned.get("domains") or ()],
            "name": cleaned.get("name_pattern", ""),
            "attribute": attribute if any(attribute.values()) else None,
        }
    )
