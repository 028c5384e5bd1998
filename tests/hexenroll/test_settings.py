"""Is a wrong setting said in one clear message, with a way out and without the secret it may hold?"""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.portal import ROOT

pytestmark = pytest.mark.once


def check(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py check` with the settings on a data folder of its own."""
    settings = {**os.environ, "HEXENROLL_DATA": str(tmp_path / "data"), **environment}
    return subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=settings, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "80x", "(hexenroll.E002) PORT is '80x': it must be a whole number from 1 to 65535."),
        ("PORT", "70000", "(hexenroll.E002) PORT is '70000'"),
        ("PUBLIC_URL", "portal.example.com", "(hexenroll.E002) PUBLIC_URL is 'portal.example.com': it must look like"),
        ("PUBLIC_URL", "https://portal.example.com/mdm", "no path"),
        ("DATABASE_URL", "mysql://me:sesame@db/x", "(hexenroll.E002) DATABASE_URL must start with one of: sqlite://"),
        ("REDIS_URL", "http://me:sesame@cache", "(hexenroll.E002) REDIS_URL must start with one of: redis://"),
        ("FORWARDED_ALLOW_IPS", "*", "(hexenroll.E002) FORWARDED_ALLOW_IPS is '*': it must name addresses or networks"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.1/24", "10.0.0.1/24 has host bits set"),
        ("HEXENROLL_DEBUG", "perhaps", "(hexenroll.E002) HEXENROLL_DEBUG is 'perhaps': say true or false."),
        ("HEXENROLL_PHONE_REGION", "Germany", "it must be a country's two letters"),
        ("HEXENROLL_IMPORT_MAX_ROWS", "0", "(hexenroll.E002) HEXENROLL_IMPORT_MAX_ROWS is '0'"),
        ("SECRET_KEY_FILE", "/nowhere/key", "(hexenroll.E003) SECRET_KEY_FILE names a file that can't be read"),
        ("HEXENROLL_IMPORT_MAX_ROW", "5", "HINT: Did you mean HEXENROLL_IMPORT_MAX_ROWS?"),
        ("HEXENROLL_COLOUR", "red", "(hexenroll.E001) HEXENROLL_COLOUR is no setting of hexenroll."),
    ],
)
def test_an_impossible_value_is_a_message_and_no_traceback(tmp_path: Path, name: str, value: str, message: str) -> None:
    answer = check(tmp_path, **{name: value})
    assert answer.returncode == 1
    assert message in answer.stderr
    assert "HINT:" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "sesame" not in answer.stderr + answer.stdout


def test_a_data_folder_that_can_not_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    answer = check(tmp_path, HEXENROLL_DATA=str(tmp_path / "file" / "data"))
    assert answer.returncode == 1
    assert "(hexenroll.E004) The data folder" in answer.stderr
    assert "set HEXENROLL_DATA to another folder" in answer.stderr


def test_several_mistakes_are_said_at_once(tmp_path: Path) -> None:
    answer = check(tmp_path, PORT="x", HEXENROLL_COLOUR="red", PUBLIC_URL="y")
    assert "System check identified 3 issues" in answer.stderr


def test_a_setting_is_read_from_the_file_that_its_file_variable_names(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("80x\n")
    assert "PORT is '80x'" in check(tmp_path, PORT_FILE=str(tmp_path / "port")).stderr


def test_an_empty_value_is_the_default(tmp_path: Path) -> None:
    assert check(tmp_path, PORT="", DATABASE_URL="", REDIS_URL="", HEXENROLL_DEBUG="").returncode == 0


def test_the_keys_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    assert check(tmp_path).returncode == 0
    kept = {name: (tmp_path / "data" / name).read_text() for name in ("secret_key", "salt_key")}
    assert check(tmp_path).returncode == 0
    for name, secret in kept.items():
        file = tmp_path / "data" / name
        assert file.read_text() == secret
        assert len(secret) > 50
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_deep_data_folder_gets_a_short_socket(tmp_path: Path) -> None:
    from hexenroll.environment import socket_path

    assert socket_path(Path("/srv/data")) == Path("/srv/data/run/valkey.sock")
    deep = socket_path(tmp_path / ("deep/" * 30))
    assert len(os.fsencode(deep)) < 100
    assert deep == socket_path(tmp_path / ("deep/" * 30))
    assert deep != socket_path(tmp_path / ("deeper/" * 30))


def test_an_https_address_turns_on_secure_cookies_and_hsts(tmp_path: Path) -> None:
    names = "SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE SECURE_SSL_REDIRECT"
    script = f"from django.conf import settings; print([bool(getattr(settings, n)) for n in '{names}'.split()])"
    given = {**os.environ, "HEXENROLL_DATA": str(tmp_path / "data")}
    for url, expected in (("https://portal.example.com", "[True, True, True]"), ("", "[False, False, False]")):
        answer = subprocess.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", script],
            cwd=ROOT,
            env={**given, "PUBLIC_URL": url},
            capture_output=True,
            text=True,
        )
        assert expected in answer.stdout, answer.stderr


def test_the_readme_names_every_setting() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in settings.KNOWN_SETTINGS if f"`{name}`" not in readme] == []
