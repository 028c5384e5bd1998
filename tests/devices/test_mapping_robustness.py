"""Can any header row at all make the mapping fail, or suggest what it would refuse itself?"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.imports.mapping import Mapping, MappingCode, MappingError, fingerprint, from_arguments, suggest
from devices.imports.mapping.products import SYNONYMS

pytestmark = pytest.mark.once

WORDS = st.sampled_from(
    sorted({key for keys in SYNONYMS.values() for key in keys} | {"Name", "Email", "line", "reason"})
)
HEADERS = st.lists(st.one_of(WORDS, st.text(max_size=12)), max_size=12)
INDEXES = st.lists(st.integers(-2, 12), max_size=3).map(tuple)


@settings(deadline=None)
@given(HEADERS, st.lists(st.lists(st.text(max_size=8), max_size=12), max_size=3))
def test_suggestion_for_any_headers_only_lacks_required_fields(headers: list[str], rows: list[list[str]]) -> None:
    suggestion = suggest(headers, rows)
    codes = {problem.code for problem in suggestion.mapping.problems(headers)}
    assert codes <= {MappingCode.REQUIRED, MappingCode.REQUIRED_COLUMN}
    assert all(match.text for match in suggestion.reasons.values())
    assert len(fingerprint(headers)) == 32


@given(st.dictionaries(st.sampled_from(["name", "email", "x"]), INDEXES), INDEXES, HEADERS, HEADERS)
def test_any_mapping_is_judged_and_moved(
    columns: dict[str, tuple[int, ...]], kept: tuple[int, ...], headers: list[str], others: list[str]
) -> None:
    mapping = Mapping(columns, {}, kept)
    assert all(problem.message for problem in mapping.problems(headers))
    mapping.moved(headers, others).problems(others)
    names = Mapping(kept=tuple(range(len(headers)))).attribute_names(headers)
    assert len(set(names.values())) == len(headers)


@given(HEADERS, st.lists(st.text(max_size=20), max_size=3))
def test_any_argument_is_obeyed_or_answered(headers: list[str], arguments: list[str]) -> None:
    try:
        from_arguments(headers, arguments)
    except MappingError as error:
        assert str(error)
