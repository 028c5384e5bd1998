"""Which HTML may a mail hold? Nothing that acts, asks for input, or comes from elsewhere: that is taken for spam."""

import re
from html.parser import HTMLParser
from typing import NoReturn

from django.utils.translation import gettext as _

from .rendering import TextError
from .variables import QR_CODE_ID

ACTIVE = frozenset(("script", "iframe", "frame", "frameset", "object", "embed", "applet", "svg", "math", "noscript"))
INPUT = frozenset(("form", "input", "button", "select", "textarea", "option"))
OUTSIDE = frozenset(("link", "base", "video", "audio", "source", "track", "picture"))
ADDRESSES = frozenset(("src", "srcset", "background", "poster", "data", "action", "formaction", "xlink:href", "lowsrc"))
# A backslash hides letters in CSS.
OUTSIDE_CSS = re.compile(r"url\s*\(|@import|expression\s*\(|image-set\s*\(|\\", re.IGNORECASE)
# A tag with its end, quotation marks in pairs: over others the parser may take minutes.
TAG = re.compile(r"""</?[a-z][^<>"'=]*+(?:=\s*+(?:"[^"]*"|'[^']*')?+[^<>"'=]*+)*+>""", re.IGNORECASE)
LINKS = ("https://", "http://", "mailto:", "tel:", "sms:", "#")


def check_html(text: str, link: str) -> None:
    """Check one variant of the HTML part; values have been replaced by stand-ins.

    Args:
        text: lines are those of the source.
        link: the stand-in of the invitation's link.

    Raises:
        TextError: it holds something that a mail must not.
    """
    _Rules(link).check(text)


class _Rules(HTMLParser):
    def __init__(self, link: str, first_line: int = 1) -> None:
        super().__init__()
        self.link = link
        self.first_line = first_line
        self.is_style = False

    def check(self, text: str) -> None:
        """Check a piece of HTML; raises TextError."""
        self._check_ends(text)
        self.feed(text)
        self.close()

    def _check_ends(self, text: str) -> None:
        """Refuse what has no end, and comments that browsers end elsewhere than the parser does."""
        place = text.find("<")
        while place >= 0:
            if text.startswith("<!--", place):
                end = text.find("-->", place + 4)
                inside = text[place + 4 : end]
                if end < 0 or inside.startswith((">", "->")) or "--!>" in inside:
                    self._refuse_at(text, place, _("The comment has no clear end. Write <!-- comment -->."))
            elif text[place + 1 : place + 9].upper() == "![CDATA[":
                self._refuse_at(text, place, _("<![CDATA[ is not possible in a mail."))
            elif text[place + 1 : place + 2].isalpha() or text.startswith("</", place):
                tag = TAG.match(text, place)
                if tag is None:
                    self._refuse_at(text, place, _("A tag begins here and does not end. Write &lt; for the sign <."))
                end = tag.end() - 1
            else:
                end = place
            place = text.find("<", end + 1)

    def _refuse_at(self, text: str, place: int, problem: str) -> NoReturn:
        line = self.first_line + text.count("\n", 0, place)
        raise TextError(_("Line %(line)s: %(problem)s") % {"line": line, "problem": problem}, "unclosed")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.is_style = tag == "style"
        if tag in ACTIVE:
            self._refuse(_("<%(what)s> is not possible in a mail: programs remove it."), tag, "active")
        if tag in INPUT:
            self._refuse(_("<%(what)s> is not possible: a mail can't be filled in. Use a link."), tag, "input")
        if tag in OUTSIDE:
            self._refuse(_("<%(what)s> is not possible: a mail must not load anything from elsewhere."), tag, "outside")
        for name, value in attrs:
            self._check_attribute(tag, name, value or "")

    def handle_endtag(self, tag: str) -> None:
        self.is_style = False

    def handle_data(self, data: str) -> None:
        if self.is_style:
            self._check_css(data)

    def handle_comment(self, data: str) -> None:
        if data.lstrip().startswith("[if"):  # Outlook reads what is in there
            _Rules(self.link, self._line()).check(data)

    def _check_attribute(self, tag: str, name: str, value: str) -> None:
        if name == "hexprobe":
            self._refuse(_("A variable in <%(what)s> needs quotation marks around it."), tag, "unquoted")
        if name.startswith("on"):
            self._refuse(_("The attribute “%(what)s” is not possible in a mail: programs remove it."), name, "active")
        if name == "http-equiv" and value.strip().lower() not in ("content-type", "x-ua-compatible"):
            self._refuse(_("http-equiv=“%(what)s” is not possible in a mail."), value, "active")
        if name in ADDRESSES and value.strip().lower() != f"cid:{QR_CODE_ID}":
            self._refuse(
                _("“%(what)s” is not possible: a mail loads nothing from elsewhere. The QR code is {{ qr_code }}"),
                f"{name}={value[:80]}",
                "outside",
            )
        if name == "href" and not value.strip().lower().startswith(LINKS):
            self._refuse(
                _("href=“%(what)s” is not possible. Begin with https:// or mailto:, or write {{ link }}."),
                value[:80],
                "href",
            )
        if name == "style":
            self._check_css(value)

    def _check_css(self, css: str) -> None:
        found = OUTSIDE_CSS.search(css)
        if found:
            self._refuse(
                _("“%(what)s” is not possible in styles: a mail must not load anything from elsewhere."),
                found[0],
                "outside",
            )

    def _line(self) -> int:
        return self.first_line + self.getpos()[0] - 1

    def _refuse(self, message: str, what: str, code: str) -> None:
        line = _("Line %(line)s: %(problem)s")
        raise TextError(line % {"line": self._line(), "problem": message % {"what": what}}, code)
