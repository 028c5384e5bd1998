"""Does `manage.py import_devices` keep its contract: exit status, JSON object, and nothing written where errors are?"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from django.core.management import load_command_class

from devices.models import Device, DeviceUser, ImportBatch
from tests.data import raw_workbooks as raw
from tests.factories import DeviceFactory, DeviceUserFactory, DomainFactory

from .importing import Cells, lines, portal_state, row, table

pytestmark = pytest.mark.django_db
KEYS = {"batch", "state", "rows", "created", "replaced", "skipped", "invited", "errors", "warnings"}


@dataclass
class Run:
    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.out))


def run(*arguments: object) -> Run:
    """Run the command as `manage.py` does, but in this process and its transaction."""
    command: Any = load_command_class("devices", "import_devices")
    out, err = StringIO(), StringIO()
    try:
        parser = command.create_parser("manage.py", "import_devices")
        command._called_from_command_line = True
        parser.called_from_command_line = True
        options = vars(parser.parse_args([str(argument) for argument in arguments]))
        positional = options.pop("args", ())
        command.execute(*positional, **{**options, "stdout": out, "stderr": err, "no_color": True})
    except SystemExit as exit_:
        return Run(int(exit_.code or 0), out.getvalue(), err.getvalue())
    return Run(0, out.getvalue(), err.getvalue())


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(*rows: Cells) -> Path:
        path = tmp_path / "devices.csv"
        path.write_bytes(table(*rows))
        return path

    return write


def test_a_good_file_is_imported_with_exit_status_0_and_one_json_object(file: Any) -> None:
    done = run(file(row(1), row(2)), "--domain", "local", "--on-duplicate", "skip", "--invite", "none", "--json")
    batch = ImportBatch.objects.get()
    assert done.status == 0
    assert done.json == {
        "batch": batch.pk,
        "state": "committed",
        "rows": 2,
        "created": 2,
        "replaced": 0,
        "skipped": 0,
        "invited": 0,
        "errors": [],
        "warnings": [],
    }
    assert Device.objects.count() == 2


def test_a_file_with_errors_is_exit_status_1_lists_them_and_writes_nothing(file: Any) -> None:
    before = portal_state()
    done = run(file(row(1), row(2, platform="iOS"), row(3, email="x")), "--json")
    assert done.status == 1
    assert done.json["state"] == "ready"
    assert (done.json["created"], done.json["rows"]) == (0, 3)
    assert done.json["errors"] == [
        {
            "line": 3,
            "column": "Platform",
            "value": "iOS",
            "code": "unknown_choice",
            "message": "“iOS” is not known here. Write one of: android, ios, macos, linux, tvos. "
            "Upper and lower case matter.",
            "suggestion": "ios",
        },
        {
            "line": 4,
            "column": "Email",
            "value": "x",
            "code": "email_invalid",
            "message": "“x” is not an e-mail address. Write it like name@example.com: without spaces, and with "
            "no letters but a to z before the @.",
        },
    ]
    assert portal_state() == before


def test_accept_good_rows_imports_them_and_the_errors_still_are_exit_status_1(file: Any) -> None:
    done = run(file(row(1), row(2, platform="iOS")), "--accept-good-rows", "--json")
    assert done.status == 1
    assert (done.json["state"], done.json["created"], len(done.json["errors"])) == ("committed", 1, 1)
    assert Device.objects.count() == 1


def test_accept_good_rows_with_errors_alone_writes_nothing(file: Any) -> None:
    done = run(file(row(1, platform="iOS")), "--accept-good-rows", "--json")
    assert (done.status, done.json["state"], done.json["created"]) == (1, "ready", 0)


def test_validate_only_writes_nothing_and_is_exit_status_0_for_a_good_file(file: Any) -> None:
    done = run(file(row(1)), "--validate-only", "--json")
    assert (done.status, done.json["state"], done.json["created"]) == (0, "ready", 0)
    assert not Device.objects.exists()


def test_validate_only_is_exit_status_1_for_a_file_with_errors(file: Any) -> None:
    assert run(file(row(1, email="x")), "--validate-only", "--accept-good-rows", "--json").status == 1
    assert not Device.objects.exists()


def test_warnings_are_listed_and_are_no_errors(file: Any) -> None:
    done = run(file(row(1, email="a@gmail.com")), "--json")
    assert done.status == 0
    assert done.json["warnings"] == [
        {
            "line": 2,
            "column": "Email",
            "value": "a@gmail.com",
            "code": "free_mail",
            "message": "gmail.com is a public mail service. Make sure that “a@gmail.com” belongs to your user.",
        }
    ]


@pytest.mark.parametrize(
    ("choice", "outcome", "name", "devices"),
    [("replace", (1, 1, 0), "User 1", 2), ("keep", (1, 0, 1), "Old", 2), ("skip", (0, 0, 2), "Old", 1)],
)
def test_each_choice_for_duplicates_does_what_it_says(
    file: Any, choice: str, outcome: tuple[int, int, int], name: str, devices: int
) -> None:
    old = DeviceUserFactory.create(email=row(1)["email"], name="Old")
    DeviceFactory.create(serial_number=row(2)["serial_number"], user=old)
    done = run(file(row(1), row(2, email=row(1)["email"], name="User 1")), "--on-duplicate", choice, "--json")
    assert done.status == 0
    assert (done.json["created"], done.json["replaced"], done.json["skipped"]) == outcome
    assert DeviceUser.objects.get().name == name
    assert Device.objects.count() == devices


def test_invited_counts_the_rows_that_get_a_message(file: Any) -> None:
    rows = [row(number, email="ada@example.com") for number in range(1, 6)]
    assert run(file(*rows), "--invite", "email", "--json").json["invited"] == 5
    assert ImportBatch.objects.get().channel == "email"


def test_the_domain_is_found_by_its_name(file: Any) -> None:
    domain = DomainFactory.create(name="contoso.com")
    assert run(file(row(1)), "--domain", "contoso.com").status == 0
    assert Device.objects.get().domain == domain


def test_headers_of_another_product_are_recognised(tmp_path: Path) -> None:
    path = tmp_path / "jamf.csv"
    path.write_text(
        lines(
            ["Serial Number", "Full Name", "Email Address", "Ownership", "Platform"],
            ["C02XK1ZZJ001", "Ada Lovelace", "ada@example.com", "corporate", "macos"],
        )
    )
    done = run(path, "--json")
    assert (done.status, done.json["created"]) == (0, 1)


def test_map_fills_a_field_from_the_column_with_that_header(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        lines(
            ["Wer", "Mail", "Besitz", "Nummer", "Art"],
            ["Ada", "ada@example.com", "corporate", "C02XK1ZZJGH5", "ios"],
        )
    )
    several = ["--map", "ownership=Besitz", "serial_number=Nummer"]
    done = run(path, "--map=name=Wer", "--map=email=Mail", *several, "--map", "platform=Art", "--json")
    assert (done.status, done.json["created"]) == (0, 1)
    assert DeviceUser.objects.get().name == "Ada"


def test_a_file_that_lacks_a_required_column_is_exit_status_1_and_names_it(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_text(lines(["Name", "Email"], ["Ada", "ada@example.com"]))
    done = run(path, "--json")
    assert done.status == 1
    assert done.json.keys() == KEYS
    assert {error["code"] for error in done.json["errors"]} <= {"required", "required_column"}
    assert "“Serial number” is required. Choose its column." in [error["message"] for error in done.json["errors"]]
    assert not ImportBatch.objects.exists()


def test_a_file_that_is_no_table_is_exit_status_1_and_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes(b"%PDF-1.7\n")
    done = run(path, "--json")
    assert done.status == 1
    assert (done.json["batch"], done.json["state"], done.json["rows"]) == (None, "failed", 0)
    assert done.json["errors"][0]["code"] == "pdf"
    plain = run(path)
    assert plain.status == 1
    assert "The file is a PDF, whatever its name says." in plain.err


def test_a_workbook_whose_rows_cannot_be_read_is_exit_status_1_and_leaves_no_batch(tmp_path: Path) -> None:
    path = tmp_path / "devices.xlsx"
    far = '<row r="9"><c r="ZZZZZZZ9" t="inlineStr"><is><t>x</t></is></c></row>'
    path.write_bytes(raw.packed(raw.parts(raw.sheet_xml(raw.TABLE + far))))
    done = run(path, "--json")
    assert (done.status, done.json["errors"][0]["code"]) == (1, "broken_workbook")
    assert not ImportBatch.objects.exists()


def test_the_line_of_an_error_of_the_whole_file_is_said_once(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes(table(row(1), row(2, name="A" * 20_000)))
    assert run(path).err.startswith("Line 3 has a value of more than")


def test_a_file_that_breaks_off_half_way_is_exit_status_1_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    path.write_bytes(table(*(row(number) for number in range(1, 50))) + b'"Ada,ada@example.com')
    done = run(path, "--json")
    assert done.status == 1
    assert done.json["errors"][0]["code"] == "unclosed_quote"
    assert not Device.objects.exists()


def test_without_json_errors_are_listed_for_people(file: Any) -> None:
    done = run(file(row(1), row(2, platform="iOS")))
    assert done.status == 1
    assert "Line 3, Platform: error: “iOS” is not known here." in done.out
    assert "[unknown_choice]" in done.out
    assert "2 rows, 0 created, 0 replaced, 0 skipped, 1 with errors." in done.out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["missing.csv"],
        ["FILE", "--domain", "nowhere"],
        ["FILE", "--on-duplicate", "overwrite"],
        ["FILE", "--invite", "pigeon"],
        ["FILE", "--map", "colour=Name"],
        ["FILE", "--map", "name=Nobody"],
        ["FILE", "--map", "name"],
        ["FILE", "--unknown"],
    ],
)
def test_wrong_usage_is_exit_status_2_with_a_message_and_writes_nothing(
    file: Any, arguments: Sequence[str], capfd: pytest.CaptureFixture[str]
) -> None:
    path = file(row(1))
    done = run(*(path if argument == "FILE" else argument for argument in arguments))
    assert done.status == 2
    assert done.err or capfd.readouterr().err
    assert not ImportBatch.objects.exists()
    assert not Device.objects.exists()


def test_an_argument_that_is_no_text_is_wrong_usage(file: Any) -> None:
    done = run(file(row(1)), "--map", "name==\udcff")
    assert (done.status, ImportBatch.objects.exists()) == (2, False)
    assert "holds bytes that are no text in UTF-8" in done.err


@pytest.mark.parametrize("is_json", [True, False])
def test_a_terminal_that_lacks_a_character_does_not_stop_the_import(
    file: Any, monkeypatch: pytest.MonkeyPatch, is_json: bool
) -> None:
    terminal = TextIOWrapper(BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", terminal)
    command: Any = load_command_class("devices", "import_devices")
    path = file(row(1, groups="Zürich 😀"))
    parser = command.create_parser("manage.py", "import_devices")
    options = vars(parser.parse_args([str(path), *(["--json"] if is_json else [])]))
    command.handle(**options)
    terminal.seek(0)
    said = terminal.read()
    if is_json:
        assert json.loads(said)["warnings"][0]["value"] == "Zürich 😀"
    else:
        assert "Z\\xfcrich \\U0001f600" in said
    assert Device.objects.count() == 1


def test_a_header_that_does_not_exist_is_named_with_those_that_do(file: Any) -> None:
    assert run(file(row(1)), "--map", "name=Nobody").err == (
        "The file has no column “Nobody”. The columns are: Name, Email, Ownership, Serial number, Platform.\n"
    )


def test_a_domain_that_does_not_exist_is_named_with_those_that_do(file: Any) -> None:
    assert run(file(row(1)), "--domain", "nowhere").err == "There is no domain “nowhere”. There are: local.\n"


def test_the_folder_in_place_of_a_file_is_wrong_usage(tmp_path: Path) -> None:
    assert run(tmp_path).status == 2


def test_a_remembered_mapping_of_the_wizard_does_not_change_what_map_says(file: Any) -> None:
    assert run(file(row(1)), "--map", "device_name=Name").status == 1
    assert run(file(row(1)), "--map", "device_name=Name", "--map", "name=Email").status == 1


def test_the_same_file_twice_with_replace_changes_nothing(file: Any) -> None:
    path = file(row(1), row(2))
    run(path)
    before = portal_state()
    done = run(path, "--on-duplicate", "replace", "--json")
    assert (done.status, done.json["replaced"]) == (0, 2)
    assert portal_state() == before


def test_a_file_in_every_dialect_is_imported_alike(tmp_path: Path) -> None:
    text = table(row(1, name="Jürgen"), row(2)).decode()
    for number, content in enumerate(
        [
            text.encode("utf-8-sig"),
            text.replace(",", ";").encode("cp1252"),
            text.replace(",", "\t").encode("utf-16"),
            ("sep=|\r\n" + text.replace(",", "|")).encode(),
        ]
    ):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(content)
        domain = DomainFactory.create(name=f"d{number}")
        Device.objects.all().delete()
        done = run(path, "--domain", domain.name, "--json")
        assert (done.status, done.json["created"]) == (0, 2), done.out
        assert DeviceUser.objects.filter(domain=domain, name="Jürgen").exists()


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    done = run("--help")
    assert done.status == 0
    shown = capsys.readouterr().out
    for option in (
        "--domain",
        "--on-duplicate",
        "--invite",
        "--validate-only",
        "--accept-good-rows",
        "--map",
        "--json",
    ):
        assert option in shown
