"""Does a help text stand beside every field that somebody can fill in?"""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import RequestFactory

from tests.hexenroll.texts import APPS, ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.once]
# Programs that begin their work as soon as they are imported.
PROGRAMS = ("hexenroll.leash", "hexenroll.wsgi", "hexenroll.celery")
# Fields whose template says it, and where; "": a library's field, which isn't ours to explain.
ELSEWHERE = {
    "DeviceExportForm.resource": "",
    "DeviceExportForm.format": "",
    "InvitationActionForm.action": "",
    "FileForm.file": "enroll/_file_field.html",
    "UploadForm.file": "enroll/_file_field.html",
    "GroupFileForm.file": "enroll/_file_field.html",
    "ChoicesForm.duplicates": "enroll/_choices.html",
    "ChoicesForm.accept_good_rows": "enroll/_choices.html",
    "ChoicesForm.groups": "enroll/_assignment.html",
    "ChoicesForm.policies": "enroll/_assignment.html",
    "BlockForm.kind": "enrollment/_block.html",
    "BlockForm.note": "enrollment/_block.html",
    "CodeForm.code": "mfa/authenticate.html",
    "CodeAgainForm.code": "mfa/reauthenticate.html",
    "PasswordLinkForm.email": "account/password_reset.html",
    "SendForm.channel": "enroll/_ways.html",
    "SendForm.include_invited": "enroll/_ways.html",
    "SendForm.when": "invitations/_how.html",
    "SendForm.starts_at": "invitations/_how.html",
    "TokenForm.file": "ade/token.html",
    "TokenForm.force": "ade/token.html",
    "AssignForm.which": "ade/profile_assign.html",
    "AssignForm.group": "ade/profile_assign.html",
}


def _forms() -> Iterator[type[forms.BaseForm]]:
    """Yield the forms that the four apps define, whoever shows them."""
    for app in APPS:
        for module in walk_packages(import_module(app).__path__, f"{app}."):
            if module.name not in PROGRAMS and ".migrations" not in module.name:
                import_module(module.name)
    waiting = [forms.BaseForm]
    while waiting:
        for form in waiting.pop().__subclasses__():
            waiting.append(form)
            if form.__module__.partition(".")[0] in APPS:
                yield form


def test_every_field_of_a_form_says_what_it_does() -> None:
    bare = {
        f"{form.__name__}.{name}"
        for form in _forms()
        for name, field in form.base_fields.items()  # type: ignore[attr-defined]
        if not field.help_text and not isinstance(field.widget, forms.HiddenInput)
    }
    assert bare == set(ELSEWHERE)


@pytest.mark.parametrize("template", sorted(set(ELSEWHERE.values()) - {""}))
def test_a_template_says_what_its_fields_do(template: str) -> None:
    text = (ROOT / "templates" / template).read_text(encoding="utf-8")
    assert "wz-help" in text or "<p>{% translate" in text


def test_every_field_of_the_consoles_forms_has_a_help_text(administrator: User) -> None:
    request = RequestFactory().get("/")
    request.user = administrator
    bare = []
    for model, page in admin.site._registry.items():
        if model.__module__.partition(".")[0] not in (*APPS, "django") or not page.has_add_permission(request):
            continue
        if model is Group:
            continue  # its fields are lists of ticks, each of which says in a sentence what it allows
        for name, field in page.get_form(request).base_fields.items():
            if not field.help_text and not isinstance(field.widget, forms.HiddenInput):
                bare.append((model.__name__, name))
    assert bare == []
