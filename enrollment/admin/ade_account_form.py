"""What can be said of an ADE account? Step 1 of adding one, and its form later. Used by ade_account.py."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminURLInputWidget

from devices.models import Domain
from devices.scope import visible
from enrollment.ade.accounts import AccountUseError, base_url_of
from enrollment.models import AdeAccount
from enrollment.models.ade_account import APPLE

BASE_URL = AdeAccount._meta.get_field("base_url")
FIELDS = ("name", "domain", "pre_approve", "default_user", "ownership", "groups", "policies")


class AdeAccountForm(forms.ModelForm):
    """A form of the console; which fields it has, the page decides."""

    # Named here, for the model's own would take an address without a scheme as http.
    base_url = forms.URLField(
        label=BASE_URL.verbose_name,
        help_text=BASE_URL.help_text,
        initial=APPLE,
        assume_scheme="https",
        widget=UnfoldAdminURLInputWidget,
    )

    class Meta:
        model = AdeAccount
        fields = (*FIELDS, "base_url")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.is_connected:  # whoever has a token is not to be sent elsewhere with it
            self.fields.pop("base_url", None)
        domain = self.fields.get("domain")
        if isinstance(domain, forms.ModelChoiceField):
            domain.empty_label = None

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())

    def clean_base_url(self) -> str:
        try:
            return base_url_of(self.cleaned_data["base_url"])
        except AccountUseError as error:
            raise forms.ValidationError(str(error)) from None

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        user, domain = found.get("default_user"), found.get("domain")
        if user is not None and domain is not None and user.domain_id != domain.pk:
            text = _("This device user belongs to the domain “%(theirs)s”. Choose one of “%(domain)s”, or none.")
            self.add_error("default_user", text % {"theirs": user.domain, "domain": domain})
        return found


def usual_domain(person: Any) -> Domain | None:
    """Return the domain that a new account is for, unless somebody chooses another: `local`, else one's first."""
    mine = visible(Domain.objects.order_by("name"), person)
    return mine.filter(name=Domain.LOCAL).first() or mine.first()
