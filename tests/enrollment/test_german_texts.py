"""Is everything that a device user reads there in German, too, and is the compiled catalogue that of the source?"""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation.template import templatize

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "enrollment" / "locale" / "de" / "LC_MESSAGES"
# Where the texts are that device users read; what administrators read is English.
READ_BY_USERS = ("invitation_page", "link_standing", "opened_on", "platform_detection", "platform_steps", "spelling")
MARKERS = {"_", "gettext", "gettext_lazy"}
_IN_TEMPLATE = re.compile(r"""gettext\((u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))\)""")
_PLACE = re.compile(r"%\(\w+\)s|</?bdi>")


def texts_of_python(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKERS:
            text = ast.literal_eval(node.args[0])
            assert isinstance(text, str), f"{path}:{node.lineno}: a text that no catalogue can hold"
            yield text


def texts_of_template(path: Path) -> Iterator[str]:
    for match in _IN_TEMPLATE.finditer(templatize(path.read_text())):
        yield str(ast.literal_eval(match[1]))


def used_texts() -> set[str]:
    """Return every English text of the pages behind an invitation's link."""
    python = [text for name in READ_BY_USERS for text in texts_of_python(ROOT / "enrollment" / f"{name}.py")]
    templates = [
        text for path in (ROOT / "templates" / "invitation").glob("*.html") for text in texts_of_template(path)
    ]
    return {*python, *templates}


def source() -> dict[str, str]:
    """Return the entries of django.po: single texts, without plurals and contexts, which this catalogue has none of."""
    entries: dict[str, str] = {}
    for block in (FOLDER / "django.po").read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        joined = re.sub(r'"\s*\n\s*"', "", "\n".join(lines))
        match = re.fullmatch(r'msgid (".*")\nmsgstr (".*")', joined)
        assert match, f"not a plain entry: {block}"
        entries[ast.literal_eval(match[1])] = ast.literal_eval(match[2])
    entries.pop("")  # the header
    return entries


def compiled() -> dict[str, str]:
    with (FOLDER / "django.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return {key: value for key, value in catalogue.items() if key}


def test_every_text_has_a_german_one_and_none_is_left_over() -> None:
    assert len(used_texts()) > 100
    assert set(source()) == used_texts()
    assert [text for text, german in source().items() if not german.strip()] == []


def test_the_compiled_catalogue_is_that_of_the_source() -> None:
    assert compiled() == source()


@pytest.mark.parametrize("text", sorted(used_texts()))
def test_a_german_text_has_the_places_of_the_english_one(text: str) -> None:
    assert sorted(_PLACE.findall(source()[text])) == sorted(_PLACE.findall(text))
