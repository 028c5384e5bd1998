"""Which texts does hexenroll show, and what do its German catalogues say? Read by test_german.py.

The texts are read from the sources as `makemessages` reads them, without its programs, which a machine may lack.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import unfold
from django.utils.translation.template import templatize

ROOT = Path(__file__).parents[2]
APPS = ("devices", "invitations", "enrollment", "hexenroll")
# Catalogue -> the folders whose texts it holds. The theme comes without German: its texts are in a catalogue of ours.
CATALOGUES: dict[str, tuple[Path, ...]] = {
    "devices/locale": (ROOT / "devices",),
    "invitations/locale": (ROOT / "invitations",),
    "enrollment/locale": (ROOT / "enrollment",),
    "hexenroll/locale": (ROOT / "hexenroll", ROOT / "templates"),
    "hexenroll/locale_of_unfold": (Path(unfold.__file__).parent,),
}
# Function -> which of its arguments are context, singular and plural (from 0).
MARKERS: dict[str, tuple[int | None, int, int | None]] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), (None, 0, None)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (None, 0, 1)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), (0, 1, None)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), (0, 1, 2)),
}
_TEXT = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_IN_TEMPLATE = re.compile(rf"\b(\w*gettext|_)\(\s*({_TEXT}(?:\s*,\s*{_TEXT})*)", re.DOTALL)

# Context, singular, plural; "": there is none.
Text = tuple[str, str, str]


def texts_of(folders: tuple[Path, ...]) -> dict[Text, str]:
    """Return the texts that the sources in some folders mark, each with a file that holds it."""
    found: dict[Text, str] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix == ".py" and "migrations" not in path.parts:
                found.update(dict.fromkeys(_texts_of_python(path), str(path)))
            elif path.suffix in (".html", ".txt") and "templates" in path.parts:
                found.update(dict.fromkeys(_texts_of_template(path), str(path)))
    return found


def catalogue_of(name: str) -> dict[Text, list[str]]:
    """Return the German texts of a catalogue's source; fuzzy ones count as missing."""
    source = polib.pofile(str(ROOT / name / "de" / "LC_MESSAGES" / "django.po"))
    return {
        (entry.msgctxt or "", entry.msgid, entry.msgid_plural): [
            text for _number, text in sorted(entry.msgstr_plural.items())
        ]
        or [entry.msgstr]
        for entry in source
        if not entry.obsolete and not entry.fuzzy
    }


def _texts_of_python(path: Path) -> Iterator[Text]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        if name in MARKERS:
            assert isinstance(node, ast.Call)
            yield _text(MARKERS[name], [_constant(path, argument) for argument in node.args])


def _constant(path: Path, argument: ast.expr) -> str:
    try:
        return str(ast.literal_eval(argument))
    except ValueError:
        return f"{path}:{argument.lineno}: a text that no catalogue can hold"


def _texts_of_template(path: Path) -> Iterator[Text]:
    for match in _IN_TEMPLATE.finditer(templatize(path.read_text(encoding="utf-8"))):
        texts = [str(ast.literal_eval(text)) for text in re.findall(_TEXT, match[2], re.DOTALL)]
        yield _text(MARKERS[match[1]], texts)


def _text(places: tuple[int | None, int, int | None], texts: list[str]) -> Text:
    context, singular, plural = ("" if place is None else texts[place] for place in places)
    return context, singular, plural


def unmarked_of(path: Path) -> Iterator[str]:
    """Yield what a source shows people without marking it: messages of pages, and headers of tables and files."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of = node.func.value
            if isinstance(of, ast.Name) and of.id == "messages" and node.func.attr in _MESSAGES:
                yield from (f"{path.name}:{node.lineno}: {text}" for part in node.args[1:] for text in _plain(part))
            elif node.func.attr == "writerow" and node.args:
                yield from (f"{path.name}:{node.lineno}: {text}" for text in _headers(node.args[0]))
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            names = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(name, ast.Name) and _HEADERS.search(name.id) for name in names):
                yield from (f"{path.name}:{node.lineno}: {text}" for text in _headers(node.value))


_MESSAGES = ("success", "error", "warning", "info", "add_message", "debug")
_HEADERS = re.compile(r"COLUMN|HEADER|TITLE|HEADING", re.IGNORECASE)


def _plain(part: ast.expr) -> Iterator[str]:
    """Yield the literals that a message consists of; what a marking function gets isn't one."""
    if isinstance(part, ast.Constant) and isinstance(part.value, str) and re.search("[A-Za-z]", part.value):
        yield part.value
    elif isinstance(part, ast.JoinedStr):
        yield from (text for value in part.values for text in _plain(value))
    elif isinstance(part, ast.BinOp):
        yield from _plain(part.left)
    elif isinstance(part, ast.IfExp):
        yield from (text for branch in (part.body, part.orelse) for text in _plain(branch))


def _headers(table: ast.expr) -> Iterator[str]:
    """Yield the words with a capital letter that a tuple or list holds as they are."""
    for part in table.elts if isinstance(table, ast.Tuple | ast.List) else ():
        if isinstance(part, ast.Starred | ast.Tuple | ast.List):
            yield from _headers(part.value if isinstance(part, ast.Starred) else part)
        else:
            yield from (text for text in _plain(part) if text[0].isupper())
