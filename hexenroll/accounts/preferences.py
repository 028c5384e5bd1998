"""How does a person want to see the console? Their page of preferences, and the middleware that follows them.

Preferences come with the account (people.py), so that no page costs a query more.
"""

import re
from collections.abc import Callable
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils import timezone, translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.generic import FormView

from hexenroll.accounts.sign_in import AccountAdapter
from hexenroll.accounts.sso import is_signed_in_elsewhere
from hexenroll.models import Preferences

# Pages of device users, and programs: they have a language of their own, or none.
NOT_THE_CONSOLE: Final = re.compile(r"^/(i|agent|webhooks|api|healthz|static)(/|$)")
TOLD_BY_PROVIDER: Final = ("first_name", "last_name", "email")


def _line(autocomplete: str) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": autocomplete})


class PreferencesForm(forms.Form):
    first_name = forms.CharField(
        label=_("First name"),
        max_length=150,
        required=False,
        widget=_line("given-name"),
        help_text=_("Beside your user name in the list of administrators."),
    )
    last_name = forms.CharField(
        label=_("Last name"),
        max_length=150,
        required=False,
        widget=_line("family-name"),
        help_text=_("Both names may stay empty."),
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("For signing in and for links to set a new password. Changing it asks for your password first."),
    )
    language = forms.ChoiceField(
        label=_("Language"), required=False, help_text=_("Of the console. Invitations go out in their own.")
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        widget=forms.Select(attrs={"data-searchable": ""}),
        help_text=_("In which dates are shown. Open it, and type the name of your city."),
    )

    def __init__(self, data: Any = None, *, person: User) -> None:
        self.person = person
        self.preferences = getattr(person, "preferences", None) or Preferences(person=person)
        facts = {name: getattr(person, name) for name in TOLD_BY_PROVIDER}
        chosen = {"language": self.preferences.language, "time_zone": self.preferences.time_zone}
        super().__init__(data, initial=facts | chosen)
        portals = _("The portal’s: %(zone)s") % {"zone": settings.TIME_ZONE}
        self._offer("language", [("", _("The one that my browser asks for")), *settings.LANGUAGES])
        self._offer("time_zone", [("", portals), *((name, name.replace("_", " ")) for name in _zones())])
        self.is_from_provider = is_signed_in_elsewhere(person)
        if self.is_from_provider:
            for name in TOLD_BY_PROVIDER:
                self.fields[name].disabled = True
            self.fields["email"].help_text = _("Your name and e-mail address come from your organisation’s sign-in.")

    def _offer(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = choices

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        others = User.objects.filter(email__iexact=email).exclude(pk=self.person.pk)
        if email and "email" in self.changed_data and others.exists():
            raise ValidationError(_("Another account has this e-mail address. Each needs one of its own."))
        return email

    def is_email_changed(self) -> bool:
        return "email" in self.changed_data

    def save(self) -> None:
        for name in TOLD_BY_PROVIDER:
            setattr(self.person, name, self.cleaned_data[name])
        self.person.save(update_fields=TOLD_BY_PROVIDER)
        self.preferences.language = self.cleaned_data["language"]
        self.preferences.time_zone = self.cleaned_data["time_zone"]
        self.preferences.save()


def _zones() -> list[str]:
    """Return the names that people know: regions and cities, and UTC; not the database's technical ones."""
    return sorted(zone for zone in available_timezones() if zone == "UTC" or re.match(r"[A-Z][a-z]+/(?!GMT)", zone))


@method_decorator(login_required, name="dispatch")
class PreferencesView(FormView):
    template_name = "account/preferences.html"
    form_class = PreferencesForm
    success_url = reverse_lazy("account_preferences")

    def get_form(self, form_class: Any = None) -> PreferencesForm:
        assert isinstance(self.request.user, User)  # noqa: S101 - for the type checker; the decorator saw to it
        return PreferencesForm(self.request.POST or None, person=self.request.user)

    def form_valid(self, form: PreferencesForm) -> HttpResponse:
        before = form.initial["email"]
        if form.is_email_changed():
            # Whoever finds a browser open could have a link for a new password sent to themselves otherwise.
            raise_if_reauthentication_required(self.request, app="allauth.account")
            AccountAdapter(self.request).send_notification_mail(
                "account/email/email_changed", form.person, email=before or None
            )
        form.save()
        with translation.override(form.cleaned_data["language"] or translation.get_language()):
            messages.success(self.request, str(_("Your preferences are saved.")))
        return redirect(self.success_url)


class PreferencesMiddleware:
    """Show a person the console in their language and their time zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        chosen = None
        if not NOT_THE_CONSOLE.match(request.path_info) and request.user.is_authenticated:
            chosen = getattr(request.user, "preferences", None)
        if chosen is None:
            return self.get_response(request)
        if chosen.language in dict(settings.LANGUAGES):
            translation.activate(chosen.language)
            request.LANGUAGE_CODE = chosen.language
        try:
            with timezone.override(ZoneInfo(chosen.time_zone) if chosen.time_zone else None):
                return self.get_response(request)
        finally:
            timezone.deactivate()
