"""Which texts does the editor refuse, and what does it say?"""

import pytest
from pytest_django.fixtures import Settings

from devices.vocabulary import Language
from invitations.messages.rendering import FILTERS, HTML, TextError, compiled, rendered
from invitations.messages.shipped import Texts, shipped
from invitations.messages.text_rules import problems_of
from invitations.messages.variables import VARIABLES

GOOD = Texts("Hello", "{{ link }}", "<p>{{ link }}</p>")


@pytest.fixture(autouse=True)
def portal(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://enroll.contoso.com"
    settings.HEXENROLL_ORGANISATION = "Contoso"


def problem(channel: str = "email", **fields: str) -> TextError | None:
    """Return the problem of the field that differs from a good text; None: there is none at all."""
    given = {"subject": GOOD.subject, "text": GOOD.text, "html": GOOD.html} | fields
    problems = problems_of(Texts(**given), channel, "en")
    assert set(problems) <= set(fields)
    return next(iter(problems.values()), None)


@pytest.mark.parametrize("language", Language.values)
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_the_shipped_texts_keep_the_rules(channel: str, language: str) -> None:
    assert problems_of(shipped(channel, language), channel, language) == {}


@pytest.mark.parametrize("field", ["subject", "text", "html"])
def test_an_unknown_variable_is_named_with_its_line_the_closest_and_all_others(field: str) -> None:
    found = problem(**{field: "{{ link }}\n\n{{ user_nam }}" if field != "subject" else "a\n\n{{ user_nam }}"})
    assert found is not None
    assert found.code == "unknown_variable"
    assert found.message.startswith("Line 3: there is no variable “user_nam”. Did you mean “user_name”?")
    for name in VARIABLES:
        assert name in found.message


@pytest.mark.parametrize(
    "text",
    [
        "{{ user_name.upper }}",
        "{{ link.__class__ }}",
        "{% if nobody %}{% endif %}",
        "{% if is_reminder and nobody %}{% endif %}",
        "{{ user_name|default:nobody }}",
        "{% if is_reminder %}{% if is_reminder %}{{ nobody }}{% endif %}{% endif %}",
        "{% if is_reminder %}{% elif nobody == 'x' %}{% endif %}",
    ],
)
def test_variables_are_found_wherever_they_stand(text: str) -> None:
    found = problem(text="{{ link }}" + text)
    assert found is not None
    assert found.code in ("unknown_variable", "syntax")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{% if is_reminder %}", "Line 1: Unclosed tag on line 1: 'if'"),
        ("\n{% endif %}", "Line 2: “endif” ends or continues nothing: no tag before it is open."),
        (
            "{{ user_name|nothing }}",
            "Line 1: there is no such filter in “user_name|nothing”. The filters are: capfirst",
        ),
        ("{{ user_name|safe }}", "there is no such filter"),
        ("{{ }}", "Line 1: Empty variable tag"),
        ("{{ link }", "Line 1: “{{” has no counterpart in its line. Write variables as {{ link }}."),
        ("a\n{ link }}", "Line 2: “}}” has no counterpart"),
        ("{% if is_reminder }x{% endif %}", "Line 1: Could not parse the remainder"),
        ("{{ user_name|truncatechars }}", "truncatechars requires 2 arguments"),
    ],
)
def test_wrong_syntax_is_said_with_its_line(text: str, said: str) -> None:
    found = problem(text="{{ link }}" + text)
    assert found is not None
    assert said in found.message


@pytest.mark.parametrize(
    "tag",
    ["include 'x'", "extends 'x'", "load i18n", "url 'x'", "csrf_token", "debug", "for x in user_name", "now 'Y'"],
)
def test_tags_other_than_if_and_comment_are_not_possible(tag: str) -> None:
    found = problem(text="{{ link }}\n{% " + tag + " %}")
    assert found is not None
    assert found.message == (
        f"Line 2: “{tag.split()[0]}” is not possible in a message; only if, elif, else, endif and comment are."
    )


def test_deep_nesting_is_refused() -> None:
    for depth in (11, 150, 300, 2000):
        found = problem(text="{% if link %}" * depth + "{{ link }}" + "{% endif %}" * depth)
        assert found is not None
        assert found.message == "The {% if %} tags are nested too deep."


def test_a_filter_that_can_not_take_a_value_is_refused_in_every_branch() -> None:
    for text in ("{{ valid_days|first }}", "{% if is_reminder %}{{ valid_days|first }}{% endif %}"):
        found = problem(text="{{ link }}" + text)
        assert found is not None
        assert found.message == "The text can't be filled in: a filter can't take its value (TypeError)."


@pytest.mark.parametrize(
    "text",
    [
        "no link",
        "{% if is_reminder %}{{ link }}{% endif %}",
        "{% if is_reminder %}{{ link }}{% else %}nothing{% endif %}",
        "{% comment %}{{ link }}{% endcomment %}",
        "{% if one_time_password %}{{ link }}{% elif is_reminder %}{{ link }}{% endif %}",
    ],
)
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_message_that_may_lack_the_link_is_refused(channel: str, text: str) -> None:
    found = problem(channel, text=text)
    assert found is not None
    assert found.code == "no_link"
    assert "{{ link }}" in found.message


def test_the_link_may_stand_in_every_branch() -> None:
    assert problem(text="{% if is_reminder %}Again: {{ link }}{% else %}{{ link }}{% endif %}") is None


def test_the_html_part_needs_the_link_and_may_be_left_out() -> None:
    found = problem(html="<p>Hello</p>")
    assert found is not None
    assert found.code == "no_link"
    assert problem(html="") is None


@pytest.mark.parametrize("name", ["link", "one_time_password"])
def test_what_works_only_as_it_is_takes_no_filter(name: str) -> None:
    found = problem(text="{{ link }}\n{{ " + name + "|upper }}")
    assert found is not None
    assert found.message == f"Line 2: “{name}” works only as it is. Take the filter away."


@pytest.mark.parametrize("name", ["link", "one_time_password"])
def test_a_subject_holds_no_secret(name: str) -> None:
    found = problem(subject="Hello {{ " + name + " }}")
    assert found is not None
    assert found.code == "secret_in_subject"


@pytest.mark.parametrize("subject", ["", "  ", "{% if is_reminder %}Reminder{% endif %}"])
def test_a_subject_is_never_empty(subject: str) -> None:
    found = problem(subject=subject)
    assert found is not None
    assert found.message == "Write a subject that is never empty."


@pytest.mark.parametrize(("channel", "field"), [("email", "text"), ("email", "subject"), ("sms", "text")])
def test_the_qr_code_is_for_html_alone(channel: str, field: str) -> None:
    found = problem(channel, **{field: "{{ link }} {{ qr_code }}" if field == "text" else "{{ qr_code }}"})
    assert found is not None
    assert found.message == "“qr_code” is a picture: only the HTML part can show it."


def test_an_sms_of_three_segments_is_refused_with_its_length() -> None:
    found = problem("sms", text="{{ link }}" + "x" * 250)
    assert found is not None
    assert found.message == "With long names this is 3 SMS (322 characters); 2 are possible."


def test_an_sms_is_told_which_characters_make_it_longer() -> None:
    found = problem("sms", text="{{ link }}" + "Ж" + "x" * 70)
    assert found is not None
    assert found.message.endswith("67 instead of 153: Ж")


def test_an_sms_is_measured_as_a_reminder_too() -> None:
    found = problem("sms", text="{{ link }}{% if is_reminder %}" + "x" * 250 + "{% endif %}")
    assert found is not None
    assert found.code == "too_long"


def test_a_text_longer_than_mail_programs_show_is_refused() -> None:
    found = problem(html="{{ link }}" + "x" * 100_000)
    assert found is not None
    assert "100010 characters" in found.message


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<script>x</script>", "<script> is not possible in a mail"),
        ("<SCRIPT src='x'>", "<script> is not possible"),
        ("<iframe></iframe>", "<iframe> is not possible"),
        ("<svg onload=x>", "<svg> is not possible"),
        ("<p onclick='x'>", "“onclick” is not possible"),
        ("<form action='https://x'>", "<form> is not possible: a mail can't be filled in"),
        ("<input name=x>", "<input> is not possible"),
        ("<link rel=stylesheet href='https://x'>", "<link> is not possible: a mail must not load"),
        ("<base href='https://x'>", "<base> is not possible"),
        ("<img src='https://x/y.png'>", "“src=https://x/y.png” is not possible"),
        ("<img src='//x/y.png'>", "“src=//x/y.png” is not possible"),
        ("<img src='data:image/png;base64,AA'>", "is not possible"),
        ("<img srcset='https://x 2x'>", "“srcset=https://x 2x” is not possible"),
        ("<td background='https://x'>", "“background=https://x” is not possible"),
        ("<p style='background:url(https://x)'>", "“url(” is not possible in styles"),
        ("<p style='background:u\\72l(https://x)'>", "“\\” is not possible in styles"),
        ("<style>@import 'https://x';</style>", "“@import” is not possible in styles"),
        ("<style>p{background:URL (x)}</style>", "“URL (” is not possible in styles"),
        ("<meta http-equiv=refresh content='0;url=x'>", "http-equiv=“refresh” is not possible"),
        ("<a href='javascript:x'>", "href=“javascript:x” is not possible"),
        ("<a href='{% if is_reminder %}https://{% else %}javascript:{% endif %}x'>", "href=“javascript:x”"),
        ("<a href='{{ user_name }}'>", "is not possible. Begin with https://"),
        ("<p title={{ user_name }}>", "A variable in <p> needs quotation marks around it."),
        ("<!--[if mso]><img src='https://x'><![endif]-->", "“src=https://x” is not possible"),
        ("{% if is_reminder %}{% else %}\n<script>{% endif %}", "<script> is not possible"),
        ("{{ '<script>' }}", "“<script>” is no variable"),
        ("{{ is_reminder|default:'<img src=//x>' }}", "“<img src=//x>” is not possible as an argument"),
        ("<!--><script>x</script>-->", "The comment has no clear end."),
        ("<!--x--!><script>x</script>-->", "The comment has no clear end."),
        ("<![CDATA[><script>x</script>]]>", "<![CDATA[ is not possible"),
        ("a <b", "A tag begins here and does not end."),
    ],
)
def test_html_that_acts_asks_or_loads_is_refused_with_its_line(html: str, said: str) -> None:
    found = problem(html="<p>{{ link }}</p>\n{% if is_reminder %}\n{% endif %}\n" + html)
    assert found is not None
    assert said in found.message
    line = 5 if "\n" in html else 4
    assert found.message.startswith(f"Line {line}: ")


@pytest.mark.parametrize(
    "html",
    [
        "<a href='{{ link }}'>x</a><a href='{{ portal }}/help'>x</a><a href='mailto:it@contoso.com'>x</a>",
        "{{ qr_code }}<img src='cid:qr-code' alt='x'>",
        "<p title='{{ user_name }}' style='color:#123456'>{{ steps }}</p>",
        "<style>@media (prefers-color-scheme: dark) { p { color: white } }</style>",
        "<!--[if mso]><table><tr><td><![endif]-->",
        "<p>1 < 2 & <b>{{ device_name|default:'x'|truncatechars:20|upper }}</b></p>",
    ],
)
def test_good_html_is_taken(html: str) -> None:
    assert problem(html="<p>{{ link }}</p>" + html) is None


def test_values_are_escaped_in_html_and_as_they_are_in_text() -> None:
    values = {"user_name": "<b>&'\""}
    assert rendered(compiled("{{ user_name }}", HTML), values) == "&lt;b&gt;&amp;&#x27;&quot;"
    assert rendered(compiled("{{ user_name }}"), values) == "<b>&'\""
    for name in FILTERS:
        argument = ":'nobody'" if name == "default" else ":5" if name.startswith("truncate") else ""
        assert "<b>" not in rendered(compiled("{{ user_name|" + name + argument + " }}", HTML), values)


@pytest.mark.parametrize(
    "text",
    [
        "{% if " + " and ".join(["user_name"] * 2_000) + " %}x{% endif %}",
        "{% if " + "not " * 200 + "user_name %}x{% endif %}",
        "{% if is_reminder %}" + "{% elif is_reminder %}x" * 2_000 + "{% endif %}",
        "{{ steps" + "|linebreaks" * 8_000 + " }}",
    ],
)
def test_what_would_take_too_long_to_fill_in_is_refused(text: str) -> None:
    found = problem(text="{{ link }}" + text)
    assert found is not None
    assert found.code == "too_many"


@pytest.mark.parametrize("piece", ["<a ", '<a b=">"<', "<a '>'", "<!--", "<a <a>"])
def test_html_over_which_a_parser_takes_minutes_is_refused_at_once(piece: str) -> None:
    found = problem(html="<p>{{ link }}</p>" + piece * (90_000 // len(piece)))
    assert found is not None
    assert found.code == "unclosed"


def test_a_message_about_a_long_word_is_short_enough_to_be_read() -> None:
    for text in ("{{ " + "x" * 50_000 + " }}", "{% " + "x" * 50_000 + " %}", "{{ link|" + "x" * 50_000 + " }}"):
        found = problem(text="{{ link }}" + text)
        assert found is not None
        assert len(found.message) < 500


def test_a_link_whose_conditions_may_all_fail_is_no_link_that_every_message_has() -> None:
    text = "{% if is_reminder %}{{ link }}{% endif %}{% if platform == 'iOS' %}x{% else %}{{ link }}{% endif %}"
    found = problem(text=text)
    assert found is not None
    assert found.code == "no_link"
