"""How does a text with variables become a message? Django's template language, cut down to what can do no harm.

No loaders, no libraries, no tags but `if` and comments, no filters that could break out of HTML or eat the memory, and
no variables but those of variables.py: so a text that was accepted when it was saved can't fail when it is sent.
"""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from django.template import Context, Engine, Library, Template, TemplateSyntaxError, defaultfilters, defaulttags
from django.template.base import FilterExpression, Node, NodeList, TextNode, Variable, VariableNode
from django.template.defaulttags import IfNode
from django.utils.translation import gettext as _

from .variables import VARIABLES

TAGS = {"if": defaulttags.do_if, "comment": defaulttags.comment}
INNER_TAGS = frozenset(("elif", "else", "endif", "endcomment"))
FILTERS = (
    *("capfirst", "default", "first", "linebreaks", "linebreaksbr", "lower", "title"),
    *("truncatechars", "truncatewords", "upper"),
)

DEEPEST = 10  # `if` in `if`
MOST_BRANCHES = 20  # of one `if`, with each elif and else
MOST_PARTS = 100  # of one condition
MOST_FILTERS = 10  # of one value: each may make it longer
# What could open a tag, an attribute or an address in a style; a text between quotation marks is not escaped.
MARKUP = frozenset("<>&\"'()\\")
LONGEST_QUOTE = 80  # characters of what was typed, in a message about it


class TextError(Exception):
    """A text can't be used.

    Attributes:
        message: for the person who wrote it: what is wrong, in which line, and what to do.
        code: of the rule.
    """

    def __init__(self, message: str, code: str = "syntax") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def _engine(*, autoescape: bool) -> Engine:
    library = Library()
    for name, function in TAGS.items():
        library.tag(name, function)
    for name in FILTERS:
        library.filters[name] = getattr(defaultfilters, name)
    engine = Engine(loaders=[], autoescape=autoescape)
    engine.template_builtins = [library]  # instead of Django's own, which Engine always puts in
    return engine


PLAIN, HTML = _engine(autoescape=False), _engine(autoescape=True)


def compiled(source: str, engine: Engine = PLAIN) -> Template:
    """Compile a text.

    Args:
        source: as a person wrote it.
        engine: PLAIN; or HTML, which escapes the values.

    Raises:
        TextError: its syntax is wrong, or it uses a tag, filter or variable that there isn't.
    """
    try:
        template = Template(source.replace("\r\n", "\n"), engine=engine)  # forms send CRLF
    except TemplateSyntaxError as error:
        raise TextError(_syntax_message(error)) from error
    except RecursionError as error:
        raise _too_deep() from error
    for node in _nodes(template.nodelist):
        if isinstance(node, TextNode):
            _check_braces(node)
        if isinstance(node, IfNode):
            _check_size(node)
        if isinstance(node, VariableNode):
            _check_constants(node, is_html=engine.autoescape)
        for expression in _expressions(node):
            _check_variables(expression, line_of(node))
    return template


def variables_of(template: Template) -> set[str]:
    """Return the names of the variables that a text uses, in conditions and as arguments of filters, too."""
    return {
        name for node in _nodes(template.nodelist) for expression in _expressions(node) for name in _names(expression)
    }


def rendered(template: Template, values: Mapping[str, Any]) -> str:
    """Return the text with the values in it.

    Raises:
        TextError: a filter can't take a value. (Texts are tried when they are saved, with samples.)
    """
    # Numbers stay as they are: grouping and language are the values' own matter.
    context = Context(values, autoescape=template.engine.autoescape, use_l10n=False, use_tz=False)
    try:
        # A plain text: Django marks all that it renders as safe HTML, also a subject with somebody's name in it.
        return template.render(context) + ""
    except Exception as error:  # noqa: BLE001  filters raise whatever they like
        # The error may quote a value, and the values hold secrets.
        message = _("The text can't be filled in: a filter can't take its value (%(error)s).")
        raise TextError(message % {"error": type(error).__name__}, "not_renderable") from None


def _syntax_message(error: TemplateSyntaxError) -> str:
    token = getattr(error, "token", None)
    word = _short(token.contents.split()[0]) if token and token.contents else ""
    line = token.lineno if token else 1
    if str(error).startswith("Invalid block tag") and word in INNER_TAGS:
        return _("Line %(line)s: “%(tag)s” ends or continues nothing: no tag before it is open.") % {
            "line": line,
            "tag": word,
        }
    if str(error).startswith("Invalid block tag"):
        return _(
            "Line %(line)s: “%(tag)s” is not possible in a message; only if, elif, else, endif and comment are."
        ) % {
            "line": line,
            "tag": word,
        }
    if str(error).startswith("Invalid filter"):
        return _("Line %(line)s: there is no such filter in “%(text)s”. The filters are: %(filters)s.") % {
            "line": line,
            "text": _short(token.contents) if token else "",
            "filters": ", ".join(FILTERS),
        }
    return _("Line %(line)s: %(problem)s.") % {"line": line, "problem": _short(str(error).rstrip("."))}


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"


def line_of(node: Node) -> int:
    """Return the line of the source in which a part of a text begins, from 1."""
    return (node.token.lineno if node.token else None) or 1


def _too_deep() -> TextError:
    return TextError(_("The {% if %} tags are nested too deep."), "too_deep")


def _nodes(nodes: NodeList, depth: int = 0) -> Iterator[Node]:
    if depth > DEEPEST:
        raise _too_deep()
    for node in nodes:
        yield node
        if isinstance(node, IfNode):
            for _condition, branch in node.conditions_nodelists:
                yield from _nodes(branch, depth + 1)


def _expressions(node: Node) -> Iterator[FilterExpression]:
    if isinstance(node, VariableNode):
        yield node.filter_expression
    if isinstance(node, IfNode):
        for condition, _branch in node.conditions_nodelists:
            yield from _operands(condition)


def _parts(condition: Any) -> Iterator[Any]:
    """Yield a condition's operators and operands; no recursion: a chain of `and` may be deeper than the stack."""
    waiting = [condition]
    while waiting:
        part = waiting.pop()
        yield part
        operands = (getattr(part, "first", None), getattr(part, "second", None))
        waiting += [operand for operand in operands if operand is not None]


def _operands(condition: Any) -> Iterator[FilterExpression]:
    for part in _parts(condition):
        if isinstance(getattr(part, "value", None), FilterExpression):
            yield part.value


def _names(expression: FilterExpression) -> Iterator[str]:
    arguments = [argument for _filter, pairs in expression.filters for is_variable, argument in pairs if is_variable]
    for variable in (expression.var, *arguments):
        if isinstance(variable, Variable) and variable.lookups is not None:
            yield ".".join(variable.lookups)


def _check_size(node: IfNode) -> None:
    """Refuse what takes more time or stack than a message is worth."""
    if len(node.conditions_nodelists) > MOST_BRANCHES:
        text = _("Line %(line)s: this {%% if %%} has more than %(most)s branches.")
        raise TextError(text % {"line": line_of(node), "most": MOST_BRANCHES}, "too_many")
    for condition, _branch in node.conditions_nodelists:
        if len(list(_parts(condition))) > MOST_PARTS:
            raise TextError(_("Line %(line)s: this condition is too long.") % {"line": line_of(node)}, "too_many")


def _check_constants(node: VariableNode, *, is_html: bool) -> None:
    """Refuse texts between quotation marks that no rule of HTML would see."""
    expression = node.filter_expression
    if not isinstance(expression.var, Variable):
        text = _("Line %(line)s: “%(text)s” is no variable. Write it without the braces.")
        raise TextError(text % {"line": line_of(node), "text": _short(str(expression.var))}, "constant")
    constants = [value for _filter, pairs in expression.filters for is_variable, value in pairs if not is_variable]
    for value in constants if is_html else ():
        if MARKUP & set(str(value)):
            text = _("Line %(line)s: “%(text)s” is not possible as an argument of a filter: it looks like HTML.")
            raise TextError(text % {"line": line_of(node), "text": _short(str(value))}, "constant")


def _check_variables(expression: FilterExpression, line: int) -> None:
    if len(expression.filters) > MOST_FILTERS:
        text = _("Line %(line)s: there are more than %(most)s filters after one variable.")
        raise TextError(text % {"line": line, "most": MOST_FILTERS}, "too_many")
    for name in _names(expression):
        if name not in VARIABLES:
            raise TextError(_unknown_message(name, line), "unknown_variable")


def _unknown_message(name: str, line: int) -> str:
    close = difflib.get_close_matches(name, VARIABLES, 1)
    facts = {"line": line, "name": _short(name), "close": close[0] if close else "", "names": ", ".join(VARIABLES)}
    if close:
        return (
            _("Line %(line)s: there is no variable “%(name)s”. Did you mean “%(close)s”? The variables are: %(names)s.")
            % facts
        )
    return _("Line %(line)s: there is no variable “%(name)s”. The variables are: %(names)s.") % facts


def _check_braces(node: TextNode) -> None:
    """Refuse what was meant as a variable or a tag and is none, such as `{{ link }`: it would go out as it stands."""
    for mark in ("{{", "}}", "{%", "%}"):
        place = node.s.find(mark)
        if place >= 0:
            line = line_of(node) + node.s[:place].count("\n")
            raise TextError(
                _("Line %(line)s: “%(mark)s” has no counterpart in its line. Write variables as {{ link }}.")
                % {"line": line, "mark": mark}
            )
