"""Is what was written into the form of an enrollment profile right? The form of ade_profile.py."""

import re
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from devices.scope import visible
from enrollment.ade.profiles import CONTENT
from enrollment.ade.skip_keys import SKIP_KEYS
from enrollment.models import AdeAccount, AdeProfile

# ISO 639-1 or 639-2, and ISO 3166-1, as Apple wants them.
LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
REGION: Final = re.compile(r"[A-Z]{2}")


class AdeProfileForm(forms.ModelForm):
    """An enrollment profile. Its account is chosen once."""

    url = forms.URLField(
        label=AdeProfile._meta.get_field("url").verbose_name,
        max_length=2_000,
        assume_scheme="https",
        help_text=AdeProfile._meta.get_field("url").help_text,
    )
    skip_setup_items = forms.MultipleChoiceField(
        label=_("Steps to skip"),
        choices=[(step.key, step.label) for step in SKIP_KEYS],
        required=False,
        help_text=_(
            "Tick what nobody is asked when a device is set up. Beside each step: the systems that have it. "
            "Others take no notice."
        ),
    )

    class Meta:
        model = AdeProfile
        fields = ("account", *CONTENT)

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if not url.startswith("https://"):
            raise forms.ValidationError(_("It must begin with https://: Apple takes no other address."))
        return url

    def clean_language(self) -> str:
        return self._code("language", LANGUAGE, _("Write two or three small letters, such as en."))

    def clean_region(self) -> str:
        return self._code("region", REGION, _("Write two capital letters, such as US."))

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if not found.get("is_supervised") and not found.get("is_mdm_removable"):
            text = _("Without supervision Apple lets the user remove the management. Tick this, or supervise.")
            self.add_error("is_mdm_removable", text)
        if found.get("auto_advance_setup"):
            for name in ("language", "region"):
                if not found.get(name) and name not in self.errors:
                    self.add_error(name, _("A device that is set up without anybody needs it."))
        # The account isn't in the form of a profile that is there, so Django leaves the constraint unchecked.
        account = found.get("account") or (None if self.instance._state.adding else self.instance.account)
        same = AdeProfile.objects.filter(account=account, name=found.get("name")).exclude(pk=self.instance.pk)
        if account is not None and found.get("name") and same.exists():
            self.add_error("name", _("This account has an enrollment profile of this name."))
        return found

    def validate_constraints(self) -> None:
        """Leave the constraint to `clean`, which says at the name what is wrong."""

    def _code(self, name: str, pattern: re.Pattern[str], wrong: Any) -> str:
        code: str = self.cleaned_data[name].strip()
        if code and not pattern.fullmatch(code):
            raise forms.ValidationError(wrong)
        return code


def accounts_for(person: Any) -> Any:
    """Return the accounts that somebody may make profiles for."""
    return visible(AdeAccount.objects.only("name").order_by("name"), person)
