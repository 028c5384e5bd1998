"""Which phone numbers does the check accept, and how are they stored?"""

import pytest

from devices.models import Domain
from tests.factories import DomainFactory

from .importing import cell_problems, checked_rows, codes, problem, row, staged

pytestmark = pytest.mark.django_db


@pytest.fixture
def germany(db: None) -> Domain:
    return DomainFactory.create(phone_region="DE")


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("+491701234567", "+491701234567"),
        ("+49 170 1234567", "+491701234567"),
        ("+49 (0)170 1234567", "+491701234567"),
        ("+49-170-1234567", "+491701234567"),
        ("+1 (202) 555-0143", "+12025550143"),
        ("+44 20 7946 0958", "+442079460958"),
        ("+39 06 6982", "+39066982"),
        ("'+491701234567", "+491701234567"),
    ],
)
def test_a_number_with_country_code_is_stored_as_e164(written: str, stored: str) -> None:
    batch = checked_rows(row(1, mobile=written))
    assert codes(batch) == []
    assert staged(batch).mobile == stored


@pytest.mark.parametrize("written", ["+49 12", "+999 170 1234567", "call me", "+49 170 1234567 ext. 5", "+", "++49170"])
def test_what_is_no_phone_number_is_an_error(written: str) -> None:
    assert cell_problems("mobile", written) == [("error", "phone_invalid")]


def test_a_number_without_country_code_is_an_error_that_names_the_way_out() -> None:
    batch = checked_rows(row(1, mobile="0170 1234567"))
    assert codes(batch) == [(2, "phone_no_country")]
    assert problem(batch).value == "0170 1234567"


def test_a_number_that_lost_its_plus_is_suggested_with_it() -> None:
    assert problem(checked_rows(row(1, mobile="491701234567"))).suggestion == "+491701234567"


def test_the_region_of_the_domain_completes_a_number_without_country_code(germany: Domain) -> None:
    batch = checked_rows(row(1, mobile="0170 1234567"), domain=germany)
    assert codes(batch) == []
    assert staged(batch).mobile == "+491701234567"


def test_the_region_of_the_domain_goes_before_the_one_of_the_portal(germany: Domain, settings: object) -> None:
    settings.HEXENROLL_PHONE_REGION = "US"  # type: ignore[attr-defined]
    batch = checked_rows(row(1, mobile="0170 1234567"), domain=germany)
    assert staged(batch).mobile == "+491701234567"


def test_the_region_of_the_portal_completes_numbers_of_a_domain_without_one(settings: object) -> None:
    settings.HEXENROLL_PHONE_REGION = "US"  # type: ignore[attr-defined]
    assert staged(checked_rows(row(1, mobile="(202) 555-0143"))).mobile == "+12025550143"


def test_a_number_that_lost_its_leading_zero_is_read_with_a_warning(germany: Domain) -> None:
    batch = checked_rows(row(1, mobile="1701234567"), domain=germany)
    assert codes(batch) == [(2, "phone_leading_zero")]
    assert staged(batch).mobile == "+491701234567"


def test_a_number_of_another_country_keeps_its_country_code(germany: Domain) -> None:
    assert staged(checked_rows(row(1, mobile="+12025550143"), domain=germany)).mobile == "+12025550143"


@pytest.mark.parametrize("damaged", ["4.9170E+11", "4,9170E+11"])
def test_a_number_that_a_spreadsheet_damaged_is_an_error_that_says_so(damaged: str) -> None:
    assert cell_problems("mobile", damaged) == [("error", "excel_number")]
