"""Enroll > Settings: by which rules do devices come in, and what would a change refuse? In hexenroll/urls.py."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.vocabulary import Platform
from devices.wizard.frame import WizardView
from enrollment.forecast import forecast
from enrollment.models import BlockedHardware, EnrollmentSettings, SettingsChange
from enrollment.settings_change import ChangedMeanwhileError, change, differences, proposed, remembered, version_of
from enrollment.settings_values import SETTINGS, values_of

from .settings_form import ExclusionRow, SettingsForm, form_of, read

VIEW = "enrollment.view_enrollmentsettings"
CHANGE = "enrollment.change_enrollmentsettings"
# Of the record of changes; older ones are in the database.
SHOWN_CHANGES = 10


class SettingsView(WizardView):
    """The settings, and beside them what they refuse. POST shows what a change would do, or saves it.

    A change that refuses devices on the list which could come in so far is saved only by who was shown that.
    """

    permission = VIEW
    post_permission = CHANGE
    title = gettext_lazy("Enrollment settings")

    def get(self, request: HttpRequest) -> HttpResponse:
        settings = EnrollmentSettings.objects.current()
        return self.page(settings, form_of(values_of(settings)))

    def post(self, request: HttpRequest) -> HttpResponse:
        settings = EnrollmentSettings.objects.current()
        form = read(request.POST)
        if form.errors or "save" not in request.POST:
            return self.page(settings, form, status=422 if form.errors and "save" in request.POST else 200)
        expected = forecast(settings.rules, proposed(settings, form.values).rules)
        if not expected.is_harmless and request.POST.get("shown") != digest_of(form.values):
            return self.page(settings, form, asks_again=True)
        try:
            found = change(form.values, by=self.person, seen=request.POST.get("seen", ""))
        except ChangedMeanwhileError:
            text = _("Nothing was saved: somebody else changed the settings meanwhile. These are theirs; change them.")
            messages.error(request, text)
            return redirect("enroll:settings")
        messages.success(request, _("The settings were saved.") if found else _("Nothing was changed."))
        return redirect("enroll:settings")

    def page(
        self, settings: EnrollmentSettings, form: SettingsForm, *, status: int = 200, asks_again: bool = False
    ) -> HttpResponse:
        """Return the page with what is typed, what that changes, and whom it would refuse."""
        values = {} if form.errors else form.values
        then = proposed(settings, values)
        context = {
            "settings": settings,
            "form": form,
            "fields": SETTINGS,
            "choices": {name: _choices(name, form) for name in ("ordinary_ownership", "returning")},
            "platforms": [(word, label, word in form.platforms) for word, label in Platform.choices],
            "versions": [(word, label, form.versions.get(word, "")) for word, label in Platform.choices],
            "platform_choices": Platform.choices,
            "new_row": ExclusionRow("new"),
            "wrong": [(SETTINGS[name].label, error) for name, error in form.errors.items()],
            "differences": differences(settings, values),
            "forecast": forecast(settings.rules, then.rules),
            "is_endless": then.rules.is_endless,
            "ordinary": then.get_ordinary_ownership_display(),
            "ordinary_limit": f"{then.ordinary_ownership}_limit",
            "shown": digest_of(values),
            "seen": version_of(settings),
            "asks_again": asks_again,
            "may_change": self.may(CHANGE),
            "may_see_devices": self.may("devices.view_device"),
            "may_see_blocked": self.may("enrollment.view_blockedhardware"),
            "blocked": BlockedHardware.objects.count(),
            "changes": [(saved, remembered(saved)) for saved in SettingsChange.objects.all()[:SHOWN_CHANGES]],
        }
        return self.render("enroll/settings.html", status=status, **context)


def digest_of(values: Mapping[str, Any]) -> str:
    """Return what names a choice of values: a page that was shown for others is not one for these."""
    plain = {name: SETTINGS[name].plain(value) for name, value in values.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _choices(name: str, form: SettingsForm) -> list[tuple[str, Any, bool]]:
    chosen = form.texts.get(name, "")
    return [(value, label, value == chosen) for value, label in SETTINGS[name].field.flatchoices]
