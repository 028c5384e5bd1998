"""Can Enroll > Settings be shown and changed without a browser?"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from devices.models import Device
from enrollment.eligibility import Exclusion
from enrollment.models import EnrollmentSettings, SettingsChange
from enrollment.settings_values import SETTINGS
from tests.enrollment.knocking import body_for, code_of
from tests.factories import DeviceFactory, DeviceUserFactory, DomainFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs the command: its exit status, what it printed, and what it complained about."""

    def run_command(*arguments: str) -> tuple[int, str, str]:
        status: Any = 0
        try:
            call_command("enrollment_settings", *arguments)
        except SystemExit as ended:
            status = ended.code
        out, err = capsys.readouterr()
        return status, out, err

    return run_command


def current() -> EnrollmentSettings:
    return EnrollmentSettings.objects.current()


def test_without_arguments_it_shows_every_setting_as_it_can_be_written(run: Any) -> None:
    status, out, _err = run()
    assert status == 0
    assert [line.partition("=")[0] for line in out.splitlines()] == list(SETTINGS)
    assert run(*out.splitlines())[0] == 0
    assert not SettingsChange.objects.exists()


def test_every_column_of_the_settings_is_a_setting() -> None:
    columns = {field.name for field in EnrollmentSettings._meta.get_fields()}
    assert set(SETTINGS) == columns - {"id", "updated_at"}


def test_the_documentation_names_every_setting() -> None:
    documented = Path(__file__).parents[2].joinpath("docs/enrollment-settings.md").read_text()
    assert set(SETTINGS) <= set(re.findall(r"`([a-z_]+)`", documented))


def test_json_prints_all_settings_as_one_object(run: Any) -> None:
    status, out, _err = run("pre_approved_devices_only=true", "personal_limit=3", "--json")
    shown = json.loads(out)
    assert status == 0
    assert list(shown) == list(SETTINGS)
    assert (shown["pre_approved_devices_only"], shown["personal_limit"], shown["default_user"]) == (True, 3, None)


@pytest.mark.parametrize(
    ("argument", "name", "value"),
    [
        ("pre_approved_devices_only=true", "pre_approved_devices_only", True),
        ("require_credentials=false", "require_credentials", False),
        ("personal_limit=0", "personal_limit", 0),
        ("minimum_os.macos=14", "minimum_os", {"macos": "14"}),
        ('minimum_os={"ios": "17.1"}', "minimum_os", {"ios": "17.1"}),
        ("allowed_platforms=macos,ios", "allowed_platforms", ["ios", "macos"]),
        ("approval_days=30", "approval_days", 30),
        ("returning=ask", "returning", "ask"),
        ("exclusions=[]", "exclusions", []),
    ],
)
def test_a_setting_is_changed(run: Any, argument: str, name: str, value: object) -> None:
    assert run(argument)[0] == 0
    assert getattr(current(), name) == value


def test_exclusions_are_what_the_rule_goes_by(run: Any) -> None:
    run('exclusions=[{"platform": "ios", "os_from": "18", "methods": ["qr"]}]')
    assert current().rules.exclusions == (Exclusion("ios", "18", frozenset({"qr"})),)


def test_versions_are_changed_one_by_one(run: Any) -> None:
    run("minimum_os.macos=14", "minimum_os.ios=17")
    run("minimum_os.macos=")
    assert current().minimum_os == {"ios": "17"}


def test_the_default_user_is_named_by_address_and_by_domain_where_several_have_it(run: Any) -> None:
    user = DeviceUserFactory.create(email="It@example.com")
    assert run("default_user=it@EXAMPLE.com")[0] == 0
    assert current().default_user == user
    other = DeviceUserFactory.create(email="it@example.com", domain=DomainFactory.create(name="office"))
    status, _out, err = run("default_user=it@example.com")
    assert (status, "Several domains have it" in err) == (2, True)
    assert run("default_user=office/it@example.com", "--json")[0] == 0
    assert current().default_user == other
    assert run("default_user=")[0] == 0
    assert current().default_user is None


@pytest.mark.parametrize(
    "argument", ["nothing=1", "id=2", "updated_at=now", "pre_approved_devices_only", "=true", "a.b=c"]
)
def test_an_unknown_name_is_answered_by_the_list_of_names(run: Any, argument: str) -> None:
    status, out, err = run(argument)
    assert (status, out) == (2, "")
    assert f"“{argument}” is no setting" in err
    assert all(f"  {name}: " in err for name in SETTINGS)


@pytest.mark.parametrize(
    ("argument", "valid"),
    [
        ("pre_approved_devices_only=True", "true, false"),
        ("personal_limit=-1", "a whole number from 0 to 100000, or nothing"),
        ("personal_limit=" + "9" * 5000, "a whole number from 0 to 100000, or nothing"),
        ("personal_limit=٣", "a whole number from 0 to 100000, or nothing"),
        ("retry_minutes=", "a whole number from 0 to 1440"),
        ("returning=never", "same_hardware, ask"),
        ("allowed_platforms=", "one or more of android, ios, macos, linux, tvos, windows"),
        ("allowed_platforms=iOS", "one or more of android, ios, macos, linux, tvos, windows"),
        ("minimum_os.macos=new", "a version such as 14 or 14.5"),
        ("minimum_os.amiga=3", "minimum_os.macos"),
        ("minimum_os=[1]", "minimum_os.macos"),
        ('minimum_os={"ios": 17}', "minimum_os.ios"),
        ("exclusions={", "It is no valid JSON."),
        ("exclusions=" + "[" * 19_000, "It is no valid JSON."),
        ("exclusions=" + "[" * 90_000, "It is too long."),
        ("exclusions={}", "Write a JSON list of objects"),
        ('exclusions=[{"platform": "amiga"}]', "Exclusion 1: Choose its platform: android"),
        ('exclusions=[{"platform": ["ios"]}]', "Exclusion 1: Choose its platform: android"),
        ('exclusions=[{"platform": "ios", "os": 1}]', "Exclusion 1: There is no key “os”."),
        ('exclusions=[{"platform": "ios", "os_from": 10}]', "Exclusion 1: “OS version from” is a version"),
        ('exclusions=[{"platform": "ios", "methods": "qr"}]', "Exclusion 1: Write a JSON list of these words: email"),
        (
            'exclusions=[{"platform": "ios", "management_modes": ["device_owner"]}]',
            "Only Android has management modes.",
        ),
        ('exclusions=[{"platform": "ios"}, {"platform": "ios"}]', "Exclusion 2: It says the same as exclusion 1."),
        ("default_user=nobody@example.com", "There is no device user with this e-mail address."),
        ("default_user=\x00", "the e-mail address of a device user"),
    ],
)
def test_an_unknown_value_is_answered_by_what_is_valid(run: Any, argument: str, valid: str) -> None:
    before = current().updated_at
    status, out, err = run("approval_days=5", argument)
    assert (status, out) == (2, "")
    assert valid in err
    assert current().updated_at == before, "one wrong argument, and nothing is changed"


def test_settings_that_let_nothing_in_are_refused(run: Any) -> None:
    status, _out, err = run("allow_personal=false", "allow_corporate=false")
    assert (status, err.strip()) == (2, "allow_personal: Allow personal devices, corporate devices, or both.")


def test_a_change_is_remembered_as_the_commands(run: Any) -> None:
    run("minimum_os.macos=14")
    change = SettingsChange.objects.get()
    assert (change.by, change.by_name) == (None, "manage.py")
    assert (change.before, change.after) == ({"minimum_os": {}}, {"minimum_os": {"macos": "14"}})


def test_a_dry_run_says_whom_a_change_would_refuse_and_changes_nothing(run: Any) -> None:
    DeviceFactory.create(platform=Device.Platform.LINUX, one_time_password="secret")
    status, out, err = run("allowed_platforms=ios", "--dry-run")
    assert (status, "allowed_platforms=ios" in out) == (0, True)
    assert "Devices on the list that could come in before, and can't now: 1" in err
    assert "linux" in current().allowed_platforms


@pytest.mark.usefixtures("clear_counters")
def test_the_endpoint_goes_by_what_the_command_set(run: Any) -> None:
    stranger = DeviceFactory.build(domain=None, user=None)
    run("require_credentials=false")
    assert code_of(body_for(stranger, serial_number="ON NO LIST")) == "enrolled"
    run("pre_approved_devices_only=true")
    assert code_of(body_for(stranger, serial_number="NEITHER THIS")) == "not_pre_approved"
