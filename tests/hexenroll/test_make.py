"""Does `make run` say clearly what it can't do?"""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.portal import ROOT

pytestmark = pytest.mark.once


def test_a_python_that_is_too_old_is_named_with_what_to_do(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2"\n[ "$1" = -V ]\n')
    old.chmod(0o755)
    answer = subprocess.run(["make", "run", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 2
    assert "hexenroll needs Python 3.11 or later." in answer.stderr
    assert f"Found: {old} (Python 3.9.2)." in answer.stderr
    assert "apt-get install python3 python3-venv" in answer.stderr
    assert not (tmp_path / ".venv").exists()
