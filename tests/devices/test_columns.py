"""Is the contract of the columns the same everywhere: sample file, README, export, portal?"""

import re
from pathlib import Path

import pytest

from devices.imports import columns
from devices.imports.columns import BY_FIELD, COLUMNS
from devices.models import DeviceUser, ImportRow, Policy
from devices.vocabulary import EXCLUDED_PLATFORMS, Platform
from tests.factories import PolicyFactory

from .importing import checked, codes, committed, lines

README = Path(__file__).parents[2] / "README.md"
# MISSION: the contract of the model, and what hexenroll adds to it.
HEADERS = {
    "Name": True,
    "Email": True,
    "Ownership": True,
    "Serial number": True,
    "Platform": True,
    "SAMAccountName": False,
    "Mobile": False,
    "Device name": False,
    "Password": False,
    "Groups": False,
    "Policies": False,
}


def readme_table() -> list[list[str]]:
    """Return the cells of the table in the section "CSV columns" of the README, without its head."""
    section = README.read_text().split("## CSV columns")[1].split("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def test_the_columns_and_which_are_required_are_those_of_the_contract() -> None:
    assert {column.header: column.is_required for column in COLUMNS} == HEADERS
    assert BY_FIELD["name"].aliases == ("Display Name",)


def test_the_readme_holds_the_same_columns_requirements_and_rules() -> None:
    expected = []
    for column in COLUMNS:
        headers = " or ".join(f"`{header}`" for header in (column.header, *column.aliases))
        expected.append([headers, "yes" if column.is_required else "no", str(column.help_text)])
    assert readme_table() == expected


@pytest.mark.parametrize("field", ["ownership", "platform"])
def test_the_rule_of_a_choice_names_every_word_that_is_accepted(field: str) -> None:
    column = BY_FIELD[field]
    accepted = set(column.widget.choices) - EXCLUDED_PLATFORMS
    assert accepted == set(re.findall(r"[a-z]+", str(column.help_text))) & set(column.widget.choices)


def test_windows_is_the_one_platform_that_is_refused() -> None:
    assert set(Platform.values) - EXCLUDED_PLATFORMS == {"android", "ios", "macos", "linux", "tvos"}


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.field)
def test_no_cell_that_is_good_is_too_long_for_the_database(column: columns.Column) -> None:
    name = {"password": "one_time_password"}.get(column.field, column.field)
    field = ImportRow._meta.get_field(name)
    assert getattr(field, "max_length", None) is None or column.widget.max_length <= field.max_length  # type: ignore[union-attr, operator]


@pytest.mark.django_db
def test_the_sample_file_is_imported_without_an_error() -> None:
    batch = checked(lines(*columns.sample_rows()).encode("utf-8-sig"))
    assert codes(batch, "error") == []
    committed(batch)
    assert batch.counts["created"] == 2
    assert list(DeviceUser.objects.order_by("pk").values_list("name", "mobile")) == [
        ("Ada Lovelace", "+491701234567"),
        ("Alan Turing", ""),
    ]
    assert not Policy.objects.exists()


def test_the_sample_file_has_every_column_in_the_order_of_the_contract() -> None:
    header, *rows = columns.sample_rows()
    assert header == list(HEADERS)
    assert {len(cells) for cells in rows} == {len(HEADERS)}


@pytest.mark.django_db
def test_a_file_with_the_headers_of_the_contract_maps_itself() -> None:
    PolicyFactory.create(name="Wi-Fi")
    cells = ["Ada", "a@b.example", "personal", "C02XK1ZZJGH5", "ios", "ada", "", "iPhone", "", "Sales", "Wi-Fi"]
    batch = checked(lines(HEADERS, cells).encode())
    assert batch.mapping["columns"] == {column.field: [index] for index, column in enumerate(COLUMNS)}
    assert codes(batch, "error") == []
