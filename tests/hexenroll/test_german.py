"""Is everything that people read there in German, too, and is each compiled catalogue that of its source?"""

import gettext
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polib
import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import flatten
from django.db.models import Model
from django.utils.functional import Promise

from tests.hexenroll.texts import APPS, CATALOGUES, ROOT, catalogue_of, texts_of, unmarked_of

pytestmark = pytest.mark.once

_PLACE = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|</?\w+[^>]*>")
# What a template holds besides what is marked to be translated, and may.
_UNREAD = re.compile(
    r"{%\s*(blocktranslate|blocktrans|comment)\b.*?{%\s*end\1\s*%}|<(script|style|code|pre)\b.*?</\2>|{#.*?#}"
    r"|<span class=\"material-symbols-outlined[^>]*>[^<]*</span>|{%.*?%}|{{.*?}}|&#?\w+;|\bis-\w+",
    re.DOTALL,
)
_READ_ATTRIBUTE = re.compile(r'\b(?:title|alt|placeholder|aria-label)="([^"]*)"')
# Names, which are the same in every language.
NAMES = frozenset({"hexenroll", "CSV", "XLSX", "SHA", "IP", "OS", "UUID", "iOS", "SSO", "OIDC", "SAML", "API", "PDF"})

# What machines read: headers of mails, and of the sample file, by which an import knows its columns.
SAME_IN_EVERY_LANGUAGE = frozenset({"invitations/messages/compose.py", "hexenroll/demo_fleet.py"})


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_text_has_a_german_one_and_none_is_left_over(name: str) -> None:
    used, there = texts_of(CATALOGUES[name]), catalogue_of(name)
    assert len(used) > 50
    missing = {text: used[text] for text in used if not all(there.get(text, [""]))}
    assert missing == {}
    assert set(there) - set(used) == set()


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_german_text_has_the_places_of_the_english_one(name: str) -> None:
    wrong = {
        english: german
        for (_context, english, plural), germans in catalogue_of(name).items()
        for german in germans
        if set(_PLACE.findall(german)) not in (set(_PLACE.findall(english)), set(_PLACE.findall(plural)))
    }
    assert wrong == {}


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_compiled_catalogue_is_that_of_its_source(name: str) -> None:
    folder = ROOT / name / "de" / "LC_MESSAGES"
    with (folder / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    expected: dict[Any, str] = {}
    for entry in polib.pofile(str(folder / "django.po")):
        key = f"{entry.msgctxt}\x04{entry.msgid}" if entry.msgctxt else entry.msgid
        forms: dict[Any, str] = {(key, number): text for number, text in entry.msgstr_plural.items()}
        expected |= forms or {key: entry.msgstr}
    assert {key: text for key, text in compiled.items() if key} == expected


def test_names_and_help_of_models_can_be_translated() -> None:
    plain = []
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            plain += [(model.__name__, text) for text in _texts_of_model(model) if text and not _is_lazy(text)]
    assert plain == []


def _texts_of_model(model: type[Model]) -> Iterator[object]:
    """Yield what a model's pages say of it: its names, and of its fields the names, help and choices."""
    page = admin.site._registry.get(model)
    listed = {str(name) for name in (*getattr(page, "list_display", ()), *getattr(page, "readonly_fields", ()))}
    if page:
        yield from (model._meta.verbose_name, model._meta.verbose_name_plural)
        listed |= set(flatten(page.fields or ()))
    for field in model._meta.concrete_fields:
        is_ours = field.model.__module__.partition(".")[0] in APPS and field in model._meta.local_concrete_fields
        if is_ours and field.name in listed:
            yield field.verbose_name
        yield field.help_text
        yield from (name for _value, name in getattr(field, "flatchoices", ()))


def _is_lazy(text: object) -> bool:
    return isinstance(text, Promise)


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: str(path.name))
def test_no_text_of_a_page_stands_outside_the_catalogue(path: Path) -> None:
    source = _UNREAD.sub(" ", path.read_text(encoding="utf-8"))
    read = [*_READ_ATTRIBUTE.findall(source), re.sub(r"<[^>]*>", " ", source)]
    words = {word for text in read for word in re.findall(r"[A-Za-z]{2,}", text)}
    assert words - NAMES == set()


@pytest.mark.parametrize("app", APPS)
def test_no_message_or_header_in_the_code_stands_outside_the_catalogue(app: str) -> None:
    sources = [path for path in sorted((ROOT / app).rglob("*.py")) if "migrations" not in path.parts]
    found = {path.relative_to(ROOT).as_posix(): list(unmarked_of(path)) for path in sources}
    assert {path: texts for path, texts in found.items() if texts and path not in SAME_IN_EVERY_LANGUAGE} == {}
