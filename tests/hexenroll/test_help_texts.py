"""Does a help text stand beside every field that somebody can fill in?"""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.forms import HiddenInput
from django.test import RequestFactory

from tests.hexenroll.texts import APPS

pytestmark = [pytest.mark.django_db, pytest.mark.once]


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
            if not field.help_text and not isinstance(field.widget, HiddenInput):
                bare.append((model.__name__, name))
    assert bare == []
