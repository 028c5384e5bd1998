"""Is what was written into the form of a policy right, and what is stored of it? The form of policy.py."""

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput
from django.utils.translation import gettext_lazy as _

from devices.form_fields import JsonField
from devices.models import Policy
from devices.policies import mobileconfig
from devices.policies.effective import APPLE_PLATFORMS
from devices.policies.kept_secret import mask, seal, seal_profile, unknown_masks
from devices.policies.kinds import Problem
from devices.policies.places import in_order
from devices.policies.schema import APPS, problems_of_apps, problems_of_settings
from devices.vocabulary import Platform


class IndentedJsonField(JsonField):
    """JSON that people read and write."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, InvalidJSONInput):
            return value
        return json.dumps(value, ensure_ascii=False, indent=2)


class PolicyForm(forms.ModelForm):
    """A policy with an uploaded profile. Secrets come in once, and are shown as dots from then on."""

    platforms = forms.MultipleChoiceField(
        label=_("Platforms"),
        choices=Platform,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None: for every platform."),
    )
    profile_file = forms.FileField(
        label=_("Configuration profile"), required=False, help_text=_("A .mobileconfig, signed or not.")
    )
    remove_profile = forms.BooleanField(
        label=_("Remove the profile"), required=False, help_text=_("With the next version, devices lose it.")
    )
    # The version that the form was made from: somebody else may save in the meantime.
    base_version = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)

    class Meta:
        model = Policy
        fields = ("name", "platforms", "settings", "apps")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = self.instance.settings if isinstance(self.instance.settings, dict) else {}
        if not self.instance._state.adding:
            apps = in_order(self.instance.apps, APPS)
            self.initial.update(settings=in_order(mask(self.kept)), apps=apps, base_version=self.instance.version)

    def clean_settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = self.cleaned_data["settings"]
        _refuse(problems_of_settings(settings))
        if places := unknown_masks(settings, self.kept):
            text = _("%(place)s: write the password itself. None is kept under this name.")
            raise ValidationError([ValidationError(text, "mask", {"place": place}) for place in places])
        return seal(settings, self.kept)

    def clean_apps(self) -> list[dict[str, Any]]:
        apps: list[dict[str, Any]] = self.cleaned_data["apps"]
        _refuse(problems_of_apps(apps))
        return apps

    def clean_profile_file(self) -> bytes | None:
        upload = self.cleaned_data["profile_file"]
        if not upload:
            return None
        data = upload.read(mobileconfig.MAX_BYTES + 1)
        try:
            mobileconfig.parse(data)
        except mobileconfig.ProfileError as error:
            raise ValidationError(str(error), "profile") from error
        return bytes(data)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        base = cleaned.get("base_version")
        if base and not self.instance._state.adding and base != self.instance.version:
            text = _("Somebody saved version %(version)d of this policy since you opened the page. Load it again.")
            self.add_error(None, ValidationError(text, "meanwhile", {"version": self.instance.version}))
        platforms, has_profile = set(cleaned.get("platforms", ())), bool(self.instance.profile)
        has_profile = bool(cleaned.get("profile_file")) or (has_profile and not cleaned.get("remove_profile"))
        if has_profile and platforms and not platforms & APPLE_PLATFORMS:
            text = _("Only Apple's platforms know profiles: choose one of them, or no platform at all.")
            self.add_error("profile_file", ValidationError(text, "platforms"))
        return cleaned

    def save(self, commit: bool = True) -> Any:
        if data := self.cleaned_data.get("profile_file"):
            self.instance.profile = seal_profile(data)
        elif self.cleaned_data.get("remove_profile"):
            self.instance.profile = None
        return super().save(commit)


def _refuse(problems: Iterable[Problem]) -> None:
    """Raise ValidationError with each of the problems, if there is one."""
    if found := [ValidationError(problem.message, problem.code) for problem in problems]:
        raise ValidationError(found)
