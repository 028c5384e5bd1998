"""May this text be saved? Every rule that the texts of a message must keep; asked by the editor, never when sending."""

from collections.abc import Iterator
from dataclasses import replace

from django.template import Template
from django.template.base import Node, NodeList, TextNode, Variable, VariableNode
from django.template.defaulttags import IfNode
from django.utils.translation import gettext as _

from devices.vocabulary import Channel

from .html_rules import check_html
from .rendering import HTML, TextError, compiled, line_of, rendered, variables_of
from .samples import PASSWORD, generous_facts
from .shipped import Texts
from .sms_length import AT_MOST, foreign_characters, length_of, transliterated
from .variables import VARIABLES, html_values, values_of

LONGEST = 100_000  # characters; mail programs cut longer mails off
SECRETS = ("link", "one_time_password")
# Stand-ins in check_html: what the link becomes, and any other value. A value that isn't in quotation marks in a tag
# makes an attribute of its own there.
LINK, PROBE = "https://link.invalid", "x hexprobe=1 "


def problems_of(texts: Texts, channel: str, language: str) -> dict[str, TextError]:
    """Return what is wrong with the texts of a message, by field (`subject`, `text`, `html`); one problem a field.

    Args:
        texts: as they were typed.
        channel: `email` or `sms`.
        language: in which the values are written.
    """
    checks = {"text": _check_sms if channel == Channel.SMS else _check_text}
    if channel == Channel.EMAIL:
        checks["subject"] = _check_subject
        if texts.html.strip():
            checks["html"] = _check_html
    problems = {}
    for field, check in checks.items():
        try:
            check(getattr(texts, field), language)
        except TextError as error:
            problems[field] = error
    return problems


def _check_subject(source: str, language: str) -> None:
    template = _compiled(source)
    _check_rendering(template, language)
    for name in SECRETS:
        if name in variables_of(template):
            raise TextError(
                _("Take “%(name)s” out of the subject: mail servers write subjects into their logs.") % {"name": name},
                "secret_in_subject",
            )
    if any(not text.strip() for text in _variants(template)):
        raise TextError(_("Write a subject that is never empty."), "empty")


def _check_text(source: str, language: str) -> None:
    template = _compiled(source)
    _check_link(template)
    _check_rendering(template, language)


def _check_sms(source: str, language: str) -> None:
    _check_text(source, language)
    template = _compiled(source)
    for is_reminder in (False, True):
        text = rendered(template, values_of(replace(generous_facts(language), is_reminder=is_reminder))).strip()
        if length_of(transliterated(text)).segments > AT_MOST:
            raise TextError(_too_long_message(text), "too_long")


def _check_html(source: str, language: str) -> None:
    template = _compiled(source, is_html=True)
    _check_link(template)
    for text in _variants(template):
        check_html(text, LINK)
    _check_rendering(template, language, is_html=True)


def _compiled(source: str, *, is_html: bool = False) -> Template:
    if len(source) > LONGEST:
        raise TextError(
            _("The text has %(length)s characters. At most %(most)s are possible: mail programs cut longer ones off.")
            % {"length": len(source), "most": LONGEST},
            "too_long",
        )
    template = compiled(source, HTML) if is_html else compiled(source)
    if not is_html:
        for name in variables_of(template):
            if VARIABLES[name].html_only:
                raise TextError(
                    _("“%(name)s” is a picture: only the HTML part can show it.") % {"name": name}, "html_only"
                )
    return template


def _check_link(template: Template) -> None:
    list(_variants(template))  # refuses a link that goes through a filter, wherever it stands
    if not _has_link(template.nodelist):
        raise TextError(
            _("Write {{ link }} where every message has it, also outside of any {% if %}: it is what enrolls."),
            "no_link",
        )


def _has_link(nodes: NodeList) -> bool:
    """Tell whether the link is in the text whatever the conditions say: they may exclude each other, or not."""
    for node in nodes:
        if isinstance(node, VariableNode) and _stand_in(node) == LINK:
            return True
        if isinstance(node, IfNode):
            branches = node.conditions_nodelists
            if branches[-1][0] is None and all(_has_link(branch) for _condition, branch in branches):
                return True
    return False


def _check_rendering(template: Template, language: str, *, is_html: bool = False) -> None:
    """Refuse what only shows when values are put in, such as a filter with an argument that it can't take."""
    for is_reminder in (False, True):
        for password in ("", PASSWORD):
            facts = replace(generous_facts(language), is_reminder=is_reminder, one_time_password=password)
            rendered(template, html_values(values_of(facts), facts) if is_html else values_of(facts))


def _too_long_message(text: str) -> str:
    length = length_of(transliterated(text))
    foreign = foreign_characters(transliterated(text))
    facts = {"segments": length.segments, "most": AT_MOST, "units": length.units, "characters": " ".join(foreign)}
    if foreign:
        return (
            _(
                "With long names this is %(segments)s SMS (%(units)s characters); %(most)s are possible. These "
                "characters make every SMS shorter, 67 instead of 153: %(characters)s"
            )
            % facts
        )
    return _("With long names this is %(segments)s SMS (%(units)s characters); %(most)s are possible.") % facts


def _variants(template: Template) -> Iterator[str]:
    """Yield the text with the first branch of every `if`, with the second, and so on: each branch is in one of them."""
    most = max((len(node.conditions_nodelists) for node in _ifs(template.nodelist)), default=0)
    for choice in range(most + 1):
        yield _variant(template.nodelist, choice, 1)[0]


def _ifs(nodes: NodeList) -> Iterator[IfNode]:
    for node in nodes:
        if isinstance(node, IfNode):
            yield node
            for _condition, branch in node.conditions_nodelists:
                yield from _ifs(branch)


def _variant(nodes: NodeList, choice: int, line: int) -> tuple[str, int]:
    """Return one variant, its lines where they are in the source, and the line in which it ends."""
    text = ""
    for node in nodes:
        missing = max(0, line_of(node) - line)
        text, line = text + "\n" * missing, line + missing
        piece, line = _piece(node, choice, line)
        text += piece
    return text, line


def _piece(node: Node, choice: int, line: int) -> tuple[str, int]:
    if isinstance(node, TextNode):
        return node.s, line + node.s.count("\n")
    if isinstance(node, VariableNode):
        return _stand_in(node), line
    if isinstance(node, IfNode):
        branches = node.conditions_nodelists
        if choice < len(branches):
            return _variant(branches[choice][1], choice, line)
        condition, branch = branches[-1]
        if condition is None:  # else
            return _variant(branch, choice, line)
    return "", line


def _stand_in(node: VariableNode) -> str:
    expression = node.filter_expression
    name = expression.var.var if isinstance(expression.var, Variable) else ""
    if name in SECRETS and expression.filters:
        raise TextError(
            _("Line %(line)s: “%(name)s” works only as it is. Take the filter away.")
            % {"line": line_of(node), "name": name},
            "filtered",
        )
    if name == "link":
        return LINK
    if name == "portal":
        return "https://portal.invalid"
    return "" if name == "qr_code" else PROBE
