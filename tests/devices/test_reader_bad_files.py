"""Is every file that is no table refused, with what it is and what to do?"""

import os
from functools import partial
from pathlib import Path

import pytest

from devices.imports.reader import FileProblem, TableReader, UnreadableFileError, detect, preview, shared_strings
from tests.data import raw_workbooks as raw
from tests.data.bad_files import BAD_FILES, BadFile
from tests.data.tables import xlsx
from tests.devices.reading import LIMITS, read

pytestmark = pytest.mark.once


@pytest.mark.parametrize("bad", BAD_FILES, ids=str)
def test_bad_file_is_refused_with_its_code_and_what_to_do(tmp_path: Path, bad: BadFile) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes(bad.content)
    with pytest.raises(UnreadableFileError) as caught:
        detect(path, limits=LIMITS)
    assert caught.value.code == bad.problem
    assert caught.value.line == bad.line
    assert bad.says in caught.value.message
    assert "%(" not in caught.value.message and "None" not in caught.value.message


def test_every_message_tells_what_to_do() -> None:
    verbs = (
        "Choose",
        "Save",
        "Unpack",
        "Open",
        "Upload",
        "Close",
        "Write",
        "Use",
        "Divide",
        "Remove",
        "Shorten",
        "Add",
    )
    for problem in FileProblem:
        later_sentences = str(problem.label).replace("%(", "").split(". ", 1)[-1]
        assert any(verb.lower() in later_sentences.lower() for verb in (*verbs, "Free")), problem


def test_unclosed_quote_names_the_line_where_the_record_began(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text('Name,Serial\n"a\nb",1\nAda,2\n"Alan,3\nGrace,4\n')
    with pytest.raises(UnreadableFileError) as caught:
        read(path)
    assert (caught.value.code, caught.value.line) == ("unclosed_quote", 4)
    assert "opens on line 4" in caught.value.message


def test_unclosed_quote_in_a_long_file_is_found_without_reading_it_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text('Name,Serial\n"Alan,3\n' + "Grace,4\n" * 100_000)
    with pytest.raises(UnreadableFileError) as caught:
        read(path)
    assert (caught.value.code, caught.value.line) == ("unclosed_quote", 2)


def test_text_after_a_closing_quote_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text('Name,Serial\nAda,1\n"27" Monitor,2\n')
    with pytest.raises(UnreadableFileError) as caught:
        read(path)
    assert (caught.value.code, caught.value.line) == ("stray_quote", 3)
    assert "twice" in caught.value.message


def test_quote_inside_a_bare_value_is_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text('Name,Serial\n27" Monitor,2\n')
    assert read(path)[1] == (2, ['27" Monitor', "2"])


def test_rows_before_a_problem_are_delivered_and_previewed(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text('Name,Serial\nAda,1\nGrace,2\n"Alan,3\n')
    shown = preview(path, detect(path, limits=LIMITS), limits=LIMITS)
    assert (shown.header, shown.rows, shown.lines) == (["Name", "Serial"], [["Ada", "1"], ["Grace", "2"]], [2, 3])
    assert shown.problem is not None and shown.problem.code == "unclosed_quote"


def test_deleted_file_is_said_and_not_raised_as_a_system_error(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text("Name,Serial\nAda,1\n")
    file_format = detect(path, limits=LIMITS)
    path.unlink()
    with pytest.raises(UnreadableFileError) as caught:
        detect(path, limits=LIMITS)
    assert (caught.value.code, "Upload it again" in caught.value.message) == ("missing", True)
    assert preview(path, file_format, limits=LIMITS).problem is not None


def test_workbook_that_is_cut_off_while_it_is_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "devices.xlsx"
    path.write_bytes(xlsx(("Devices", [[f"Serial {number * 7919}"] for number in range(50_000)])))
    with TableReader(path, detect(path, limits=LIMITS), limits=LIMITS) as table:
        os.truncate(path, 10_000)
        with pytest.raises(UnreadableFileError) as caught:
            list(table)
    assert caught.value.code == "broken_workbook"


def test_full_disk_is_said_when_a_workbook_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "devices.xlsx"
    sheet = raw.sheet_xml('<row><c t="s"><v>0</v></c></row>' * 2)
    path.write_bytes(raw.packed(raw.parts(sheet, strings="<si><t>Ada</t></si>")))
    # The system's own full disk: every write to it fails.
    monkeypatch.setattr(shared_strings, "TemporaryFile", partial(open, "/dev/full", "r+b"))
    with pytest.raises(UnreadableFileError) as caught:
        detect(path, limits=LIMITS)
    assert (caught.value.code, "Free space on its disk" in caught.value.message) == ("disk_full", True)


def test_directory_in_place_of_a_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        detect(tmp_path, limits=LIMITS)
    assert caught.value.code == "cannot_read"


def test_zip_bomb_that_declares_to_be_small_unpacks_no_further_than_it_declares(tmp_path: Path) -> None:
    path = tmp_path / "devices.xlsx"
    path.write_bytes(raw.lying_zip_bomb(60))
    with pytest.raises(UnreadableFileError) as caught:
        read(path)
    assert caught.value.code in ("broken_workbook", "unpacks_too_large")
