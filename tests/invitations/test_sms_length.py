"""Is an SMS as long as 3GPP TS 23.038 says, and is a long one made to fit?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invitations.messages.sms_length import (
    BASIC,
    EXTENSION,
    GSM_7,
    UCS_2,
    Length,
    fits,
    fitted,
    foreign_characters,
    length_of,
    transliterated,
)

pytestmark = pytest.mark.once
LINK = "https://enroll.contoso.com/i/" + "A" * 43


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Length(GSM_7, 0, 1)),
        ("a" * 160, Length(GSM_7, 160, 1)),
        ("a" * 161, Length(GSM_7, 161, 2)),
        ("a" * 306, Length(GSM_7, 306, 2)),
        ("a" * 307, Length(GSM_7, 307, 3)),
        ("äöüß ÄÖÜ @£$", Length(GSM_7, 12, 1)),
        ("€" * 80, Length(GSM_7, 160, 1)),
        ("€" * 81, Length(GSM_7, 162, 2)),
        ("a\nb\rc", Length(GSM_7, 5, 1)),
        ("ё" * 70, Length(UCS_2, 70, 1)),
        ("ё" * 71, Length(UCS_2, 71, 2)),
        ("ё" * 134, Length(UCS_2, 134, 2)),
        ("ё" * 135, Length(UCS_2, 135, 3)),
        ("😀" * 35, Length(UCS_2, 70, 1)),
        ("“Hello”", Length(UCS_2, 7, 1)),
        ("a\tb", Length(UCS_2, 3, 1)),  # a tab is not in the alphabet
    ],
)
def test_length_is_that_of_the_standard(text: str, expected: Length) -> None:
    assert length_of(text) == expected


def test_a_character_of_two_septets_is_not_split_between_segments() -> None:
    text = "a" * 152 + "€" + "a" * 152
    assert length_of(text) == Length(GSM_7, 306, 3)


def test_an_emoji_is_not_split_between_segments() -> None:
    assert length_of("ё" * 66 + "😀" + "ё" * 66) == Length(UCS_2, 134, 3)


def test_the_alphabet_has_128_places_with_its_escape() -> None:
    assert len(set(BASIC)) == 127
    assert not set(BASIC) & set(EXTENSION)


@given(st.text(alphabet=BASIC + EXTENSION, max_size=700))
def test_segments_of_the_gsm_alphabet_hold_153_septets_each(text: str) -> None:
    length = length_of(text)
    assert length.encoding == GSM_7
    assert length.units == sum(2 if character in EXTENSION else 1 for character in text)
    least = 1 if length.units <= 160 else -(-length.units // 153)
    assert least <= length.segments <= -(-length.units // 152) + 1


@given(st.text(min_size=1, max_size=300))
def test_units_of_any_other_text_are_those_of_utf_16(text: str) -> None:
    length = length_of(text)
    if foreign_characters(text):
        assert length.encoding == UCS_2
        assert length.units == len(text.encode("utf-16-be", "surrogatepass")) // 2
    else:
        assert length.encoding == GSM_7


@given(st.text(max_size=200))
def test_transliterating_makes_no_text_longer_in_segments(text: str) -> None:
    before, after = length_of(text), length_of(transliterated(text))
    if after.encoding == GSM_7:
        assert foreign_characters(transliterated(text)) == []
    if before.encoding == GSM_7:
        assert transliterated(text) == text


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Łukasz Żółć", "Lukasz Zolc"),
        ("Zoë Müller", "Zoe Müller"),  # ü is in the alphabet, ë is not
        ("“Ana” – O’Brien…", '"Ana" - O\'Brien...'),
        ("Çağla Işık", "Çagla Isik"),
        ("Анна", "Анна"),
    ],
)
def test_letters_become_their_likeness_in_the_gsm_alphabet(name: str, plain: str) -> None:
    assert transliterated(name) == plain


VALUES = {
    "user_name": "Ada",
    "device_name": "Mac",
    "serial_number": "C02",
    "organisation": "Contoso",
    "sender_name": "IT",
    "portal": "https://enroll.contoso.com",
    "link": LINK,
    "one_time_password": "abcd-1234-xy",
}
TEXT = (
    "{organisation}: Hello {user_name}, {sender_name} asks you to enroll {device_name} by 29 November 2026, 11:32 UTC: "
    "{link} Password: {one_time_password}"
)


def fit(text: str = TEXT, **values: str) -> str | None:
    return fitted(VALUES | values, lambda current: text.format(**current))


def test_a_text_that_fits_is_left_as_it_is() -> None:
    assert fit() == TEXT.format(**VALUES)
    short = "Привет {user_name}: {link}"
    assert fit(short) == short.format(**VALUES)


def test_a_text_in_ucs_2_that_is_too_long_goes_to_the_gsm_alphabet_with_names_whole() -> None:
    assert fit(user_name="Łukasz Żółć") == TEXT.format(**VALUES | {"user_name": "Lukasz Zolc"})


def test_long_names_are_cut_at_a_word_the_least_needed_first() -> None:
    text = fit(device_name="Notebook " * 20, user_name="Ada Lovelace")
    assert text is not None
    assert "Hello Ada Lovelace, " in text
    assert "enroll Notebook Notebook Notebook Notebook by" in text


def test_a_name_in_another_script_gives_way() -> None:
    text = fit(user_name="Анна Каренина", device_name="Ноутбук")
    assert text == TEXT.format(**VALUES | {"user_name": "", "device_name": "C02"})


def test_link_and_password_are_never_changed() -> None:
    password = "Pässwörd-ł-“x”"
    text = fit("{link} {user_name} {one_time_password}", one_time_password=password, user_name="Żółć " * 40)
    assert text is not None
    assert LINK in text
    assert password in text


def test_a_text_that_is_too_long_without_any_name_does_not_fit() -> None:
    assert fit("x" * 300 + "{link}") is None
    assert fit("{link} {one_time_password}", one_time_password="ł" * 128) is None


NAMES = st.text(min_size=0, max_size=200)


@given(user_name=NAMES, device_name=NAMES, organisation=NAMES, sender_name=NAMES)
def test_whatever_the_names_are_the_result_fits_and_holds_link_and_password(**names: str) -> None:
    text = fitted(VALUES | names, lambda current: TEXT.replace("{", "%(").replace("}", ")s") % current)
    assert text is not None
    assert fits(text)
    assert LINK in text
    assert VALUES["one_time_password"] in text
