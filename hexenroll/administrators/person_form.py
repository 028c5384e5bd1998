"""What is filled in about an administrator, and what is wrong with it? The form of person_page.py."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminRadioSelectWidget, UnfoldBooleanWidget

from devices.form_fields import ObjectsField
from devices.models import Domain
from devices.scope import visible
from hexenroll.roles import BUILT_IN, label_of

from . import domains
from .first_access import FirstAccess
from .rights import is_last, may_give, obstacle_to_closing


class RolesField(ObjectsField):
    """Roles, each with what it is for."""

    def label_from_instance(self, obj: Any) -> str:
        if obj.name in BUILT_IN:
            return _("%(role)s: %(purpose)s") % {"role": label_of(obj), "purpose": BUILT_IN[obj.name].purpose}
        return str(obj.name)


class PersonForm(forms.ModelForm):
    """An account. `manager`, set by the page for each request, is who fills it in."""

    manager: ClassVar[Any] = None

    roles = RolesField(
        Group.objects.none(),
        label=_("Roles"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("All that one of them allows is allowed. You can give what you may yourself."),
    )
    all_domains = forms.BooleanField(
        label=_("All domains"),
        required=False,
        widget=UnfoldBooleanWidget,
        help_text=_("Also those that will be. Settings, policies and accounts need it: they are for all domains."),
    )
    domains = ObjectsField(
        Domain.objects.none(),
        label=_("Domains"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Where the roles count. Devices and users of other domains are never shown."),
    )

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "is_active", "is_superuser")
        labels: ClassVar[dict[str, Any]] = {
            "username": _("User name"),
            "email": _("E-mail"),
            "is_active": _("Open"),
            "is_superuser": _("Full administrator"),
        }
        help_texts: ClassVar[dict[str, Any]] = {
            "username": _("To sign in with: letters, digits and @ . + - _"),
            "first_name": _("How colleagues know this person: shown in histories and the audit log."),
            "last_name": _("Family name."),
            "email": _("Signs in as well as the user name; links to set a password go there."),
            "is_active": _(
                "A closed account can't sign in; its sessions end at once. What it did stays in the history."
            ),
            "is_superuser": _("May everything, whatever the roles say. Only full administrators can give it."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person = self.instance
        if "roles" in self.fields:
            given = [role.pk for role in Group.objects.order_by("name") if may_give(self.manager, role)]
            self.fields["roles"].queryset = Group.objects.filter(pk__in=given).order_by("name")  # type: ignore[attr-defined]
            self.fields["domains"].queryset = visible(Domain.objects.order_by("name"), self.manager)  # type: ignore[attr-defined]
        if person.pk and "roles" in self.fields:
            self.initial["roles"] = list(person.groups.values_list("pk", flat=True))
            self.initial["all_domains"] = domains.has_all(person)
            self.initial["domains"] = [domain.pk for domain in domains.given_to(person)]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip()
        others = User.objects.filter(email__iexact=email).exclude(pk=self.instance.pk)
        if email and others.exists():
            raise ValidationError(_("Another account has this e-mail address. Each needs one of its own."))
        return email

    def clean_is_active(self) -> bool:
        is_open: bool = self.cleaned_data["is_active"]
        closes = self.instance.pk and self.instance.is_active and not is_open
        if closes and (text := obstacle_to_closing(self.manager, User.objects.get(pk=self.instance.pk))):
            raise ValidationError(text)
        return is_open

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if "roles" in self.fields and not self.errors:
            self._check_domains()
            self._check_last()
        return cleaned

    def _check_domains(self) -> None:
        given = self.cleaned_data
        by_role = any(domains.has_all(role) or domains.given_to(role) for role in given["roles"])
        if given["roles"] and not (given["all_domains"] or given["domains"] or by_role):
            self.add_error("domains", _("Choose where the roles count: some domains, or all of them."))

    def _check_last(self) -> None:
        """Keep one person who may everything, when roles are taken away."""
        from hexenroll.roles import ADMINISTRATOR

        person, given = self.instance, self.cleaned_data
        stays = given.get("is_superuser", person.is_superuser) or any(
            role.name == ADMINISTRATOR for role in given["roles"]
        )
        if person.pk and not stays and is_last(User.objects.get(pk=person.pk)):
            self.add_error(
                "roles", _("This is the last administrator. Give somebody else the role Administrator first.")
            )

    def save_access(self, person: User) -> None:
        """Give a saved account its roles and domains."""
        given = self.cleaned_data
        person.groups.set(given["roles"])
        domains.give(person, None if given["all_domains"] else given["domains"])


class NewPersonForm(PersonForm):
    """A new account, and how its person gets in."""

    access = forms.ChoiceField(
        label=_("First sign-in"),
        widget=UnfoldAdminRadioSelectWidget,
        choices=FirstAccess,
        initial=FirstAccess.LINK,
        help_text=_("Links are good for a day and one use. Who gets a password should change it soon."),
    )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.cleaned_data.get("access") == FirstAccess.LINK and not self.cleaned_data.get("email"):
            self.add_error("email", _("The link goes there: write an e-mail address, or choose another first sign-in."))
        return cleaned
