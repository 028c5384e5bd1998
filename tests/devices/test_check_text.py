"""Which names, words and lists does the check accept?"""

import pytest

from devices.imports import problems
from tests.factories import DeviceGroupFactory, PolicyFactory

from .importing import cell_problems, checked_rows, codes, committed, device, problem, row, staged, user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "name",
    [
        "Ada 👩🏽‍💻 Lovelace",
        "عمر الخيام",
        "שרה כהן",
        "می\u200cخواهم",
        "李小龍",
        "O'Brien",
        "Jean-Luc",
        "Dr. 123",
        "'Tis",
        "-",
        "<script>alert(1)</script>",
        "a" * 200,
        "ﬁ Ǆ ẞ",
    ],
)
def test_a_name_in_any_script_goes_in_as_it_is(name: str) -> None:
    batch = checked_rows(row(1, name=name, device_name=name))
    assert codes(batch) == []
    committed(batch)
    assert (user().name, device().name) == (name, name)


@pytest.mark.parametrize("invisible", ["\u200b", "\u200e", "\u200f", "\u202e", "\u2066", "\ufeff", "\u2060"])
def test_a_character_that_cannot_be_seen_in_a_name_is_a_warning_and_is_kept(invisible: str) -> None:
    batch = checked_rows(row(1, name=f"Ada{invisible} Lovelace"))
    assert codes(batch, "warning") == [(2, "invisible_character")]
    assert staged(batch).name == f"Ada{invisible} Lovelace"
    assert problem(batch).detail == f"U+{ord(invisible):04X}"


@pytest.mark.parametrize("control", ["\x01", "\x07", "\x1b", "\x7f", "\n", "\t"])
def test_a_control_character_in_a_name_is_an_error(control: str) -> None:
    assert cell_problems("name", f"Ada{control}Lovelace") == [("error", "control_character")]


def test_a_name_of_more_than_200_characters_is_an_error() -> None:
    assert cell_problems("name", "a" * 201) == [("error", "too_long")]


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u3000"])
def test_spaces_around_a_name_are_an_error_and_nothing_is_trimmed_silently(space: str) -> None:
    found = problem(checked_rows(row(1, name=f"{space}Ada Lovelace")))
    assert (found.code, found.severity, found.suggestion) == ("surrounding_space", "error", "Ada Lovelace")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("Corporate", "corporate"), ("C", "corporate"), ("BYOD", "personal"), ("E", "personal"), ("S", ""), ("mine", "")],
)
def test_another_spelling_of_an_ownership_is_an_error_with_a_suggestion_where_one_is_sure(
    written: str, meant: str
) -> None:
    found = problem(checked_rows(row(1, ownership=written)))
    assert (found.code, found.suggestion) == ("unknown_choice", meant)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("iOS", "ios"), ("iPadOS", "ios"), ("Mac", "macos"), ("OS X", "macos"), ("Android", "android"), ("beos", "")],
)
def test_another_spelling_of_a_platform_is_an_error_with_a_suggestion_where_one_is_sure(
    written: str, meant: str
) -> None:
    found = problem(checked_rows(row(1, platform=written)))
    assert (found.code, found.suggestion) == ("unknown_choice", meant)


@pytest.mark.parametrize("platform", ["android", "ios", "macos", "linux", "tvos"])
def test_each_platform_of_the_contract_is_good(platform: str) -> None:
    assert cell_problems("platform", platform) == []


@pytest.mark.parametrize("written", ["windows", "Windows", "Windows 11", "win"])
def test_windows_has_a_message_of_its_own(written: str) -> None:
    batch = checked_rows(row(1, platform=written))
    assert codes(batch) == [(2, "windows_not_supported")]
    assert problems.message(problem(batch).code) == (
        "Windows devices can't be pre-approved: they can't be matched by serial number. Remove the line."
    )


def test_groups_are_separated_by_semicolons_and_a_new_one_is_warned_about() -> None:
    DeviceGroupFactory.create(name="Sales")
    batch = checked_rows(row(1, groups="Sales; Berlin;;Sales"))
    assert codes(batch) == [(2, "new_group")]
    assert problem(batch).value == "Berlin"
    assert staged(batch).groups == ["Sales", "Berlin"]


def test_a_policy_that_does_not_exist_is_an_error() -> None:
    PolicyFactory.create(name="Wi-Fi")
    batch = checked_rows(row(1, policies="Wi-Fi;VPN"))
    assert codes(batch) == [(2, "unknown_policy")]
    assert problem(batch).value == "VPN"


def test_a_policy_that_differs_by_case_is_suggested() -> None:
    PolicyFactory.create(name="Wi-Fi")
    assert problem(checked_rows(row(1, policies="wi-fi"))).suggestion == "Wi-Fi"


def test_a_group_name_of_more_than_200_characters_is_an_error() -> None:
    assert cell_problems("groups", "Sales;" + "g" * 201) == [("error", "too_long")]


def test_more_than_1000_new_groups_are_no_groups_but_the_wrong_column() -> None:
    rows = [row(number, groups=f"Group {number}", serial_number=f"C02XK1ZZ{number:04}") for number in range(1, 1003)]
    batch = checked_rows(*rows)
    assert codes(batch, "error") == [(1002, "too_many_groups"), (1003, "too_many_groups")]
