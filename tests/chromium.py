"""Where is the browser? Asked by the browser tests and by screenshots.py."""

import shutil
from pathlib import Path


def chromium() -> str:
    """Return the browser's path: what `make browser` found, else the machine's."""
    found = Path(".venv/browser/chromium").absolute()
    if found.exists():
        return str(found)
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise SystemExit("The browser tests need Chromium: make browser")
    return path
