"""Which e-mail addresses does the check accept? Every rare right form, and no wrong one."""

import pytest

from devices.imports import problems

from .importing import cell_problems, checked_rows, problem, row, staged

pytestmark = pytest.mark.django_db

RIGHT = [
    "ada@example.com",
    "ADA@EXAMPLE.COM",
    "ada.lovelace@example.com",
    "ada+devices@example.com",
    "ada_lovelace@example.com",
    "ada-lovelace@sub.sub.example.com",
    "a@example.com",
    "o'brien@example.com",
    "!#$%&'*+/=?^_`{|}~-@example.com",
    '"ada@home"@example.com',
    '"quoted"@example.com',
    "u@exämple.com",
    "ada@[192.0.2.1]",
    "ada@[2001:db8::1]",
    "ada@123.example.com",
    "ada@exa-mple.com",
    "ada@bücher.example",
    "ada@xn--bcher-kva.example",
    "ada@example.museum",
    "ada@localhost",
    "1234567890@example.com",
    "a" * 64 + "@example.com",
]
WRONG = [
    "ada",
    "ada@",
    "@example.com",
    "ada@@example.com",
    "ada@example",
    "ada@example..com",
    "ada@.example.com",
    "ada@example.com.",
    "ada@-example.com",
    "ada@example-.com",
    ".ada@example.com",
    "ada.@example.com",
    "ada..lovelace@example.com",
    "ada lovelace@example.com",
    "ada@exam ple.com",
    "ada@example.com,alan@example.com",
    "ada@example.com; alan@example.com",
    "ada(at)example.com",
    "ada@example,com",
    "ädä@example.com",
    "ada@example.com/",
    "http://example.com",
    "ada@example.c",
    '"ada@example.com',
    '"quo ted"@example.com',
    "ada\\@example.com",
    "ada@[192.0.2.256]",
    "ada@exa_mple.com",
]


@pytest.mark.parametrize("address", RIGHT)
def test_right_addresses_are_good_and_kept_as_they_are(address: str) -> None:
    batch = checked_rows(row(1, email=address))
    assert batch.counts["errors"] == 0
    assert staged(batch).email == address


@pytest.mark.parametrize("address", WRONG)
def test_wrong_addresses_are_an_error(address: str) -> None:
    assert cell_problems("email", address) == [("error", "email_invalid")]


def test_the_message_says_how_an_address_is_written() -> None:
    found = problem(checked_rows(row(1, email="ada(at)example.com")))
    text = problems.message(found.code, column=found.column, value=found.value, detail=found.detail)
    assert text == (
        "“ada(at)example.com” is not an e-mail address. Write it like name@example.com: without spaces, and with "
        "no letters but a to z before the @."
    )


@pytest.mark.parametrize("cell", ["Ada Lovelace <ada@example.com>", "<ada@example.com>", "mailto:ada@example.com"])
def test_the_address_inside_another_form_is_suggested(cell: str) -> None:
    assert problem(checked_rows(row(1, email=cell))).suggestion == "ada@example.com"


def test_spaces_around_an_address_are_an_error_with_the_trimmed_address_as_suggestion() -> None:
    found = problem(checked_rows(row(1, email=" ada@example.com ")))
    assert (found.code, found.suggestion) == ("surrounding_space", "ada@example.com")


def test_an_address_longer_than_254_characters_is_an_error() -> None:
    address = "a@" + ".".join(["b" * 60] * 5) + ".example.com"
    assert cell_problems("email", address) == [("error", "too_long")]


@pytest.mark.parametrize("address", ["ada@gmail.com", "ada@Web.de"])
def test_an_address_of_a_public_mail_service_is_a_warning(address: str) -> None:
    assert cell_problems("email", address) == [("warning", "free_mail")]


def test_an_address_with_an_invisible_character_is_an_error() -> None:
    assert cell_problems("email", "ada\u200b@example.com") == [("error", "email_invalid")]
