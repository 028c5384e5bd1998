"""What does the console look like? Pictures of its most used pages, in docs/screenshots. Called by `make screenshots`.

`--all FOLDER` takes every page in every state instead, three widths, light and dark, and prints what is wrong:
axe's findings, pages wider than the window, errors of scripts, requests that leave the machine, and failures.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright

from tests.chromium import chromium
from tests.portal import ROOT, Portal

MARK = "pages: "  # before what console_pages.py prints
DOCS = ROOT / "docs" / "screenshots"
PASSWORD = "only-for-pictures-1"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS, SCHEMES = (1440, 1024, 390), ("light", "dark")
# The picture's name, and the page's as console_pages.py names it.
FAVOURITES = {
    "sign-in": "sign-in",
    "dashboard": "admin-index",
    "devices": "admin-devices_device_changelist",
    "device-pre-approved": "admin-devices_device_change-pre_approved",
    "device-enrolled": "admin-devices_device_change-enrolled",
    "import-upload": "enroll-upload",
    "import-mapping": "enroll-mapping-uploaded",
    "import-check": "enroll-check-ready",
    "import-review": "enroll-review-ready",
    "invitations": "admin-invitations_invitation_changelist",
    "attempts": "admin-enrollment_enrollmentattempt_changelist",
    "groups": "admin-devices_devicegroup_changelist",
    "policies": "admin-devices_policy_changelist",
    "reports": "reports-index",
    "settings": "enroll-settings",
    "audit-log": "admin-hexenroll_auditentry_changelist",
}
MORE = (("dashboard", 390, "light"), ("devices", 390, "light"), ("dashboard", 1440, "dark"), ("devices", 1440, "dark"))
Job = tuple[str, str, int, str]  # picture, page, width, light or dark
Finding = tuple[str, str, str]  # page, how it was looked at, what is wrong


@contextmanager
def demo_portal() -> Iterator[Portal]:
    """Run a portal that holds what `make demo-data` makes, in a folder that goes away with it."""
    folder = Path(tempfile.mkdtemp(prefix="hexenroll-pictures-", dir="/tmp"))
    portal = Portal(folder, False, {"HEXENROLL_ADMIN_PASSWORD": PASSWORD})
    try:
        seeded = portal.manage("seed_demo")
        if seeded.returncode:
            sys.exit(f"The demo data could not be made: {seeded.stderr}")
        yield portal.start()
        portal.stop()
    finally:
        portal.close()
        shutil.rmtree(folder, ignore_errors=True)


def pages_of(portal: Portal) -> tuple[dict[str, str], list[str]]:
    """Return the addresses of the portal's pages by name, and name and value of an administrator's cookie."""
    code = "from tests.browser.console_pages import show; show()"
    answer = portal.manage("shell", "--no-imports", "-c", code)
    lines = [line for line in answer.stdout.splitlines() if line.startswith(MARK)]
    if not lines:
        sys.exit(f"The pages could not be listed: {answer.stderr}")
    found = json.loads(lines[0].removeprefix(MARK))
    return {"sign-in": "/accounts/login/", **found["pages"]}, found["cookie"]


def look_at(page: Page, address: str, base_url: str) -> tuple[bytes, list[str]]:
    """Open an address; return its picture (b"" for what is no page), and what is wrong with it."""
    wrong: list[str] = []
    listeners: dict[str, Any] = {
        "pageerror": lambda error: wrong.append(f"script: {error}"),
        "console": lambda message: wrong.append(f"console: {message.text}") if is_error(message) else None,
        "request": lambda request: (
            wrong.append(f"leaves: {request.url}") if is_outside(request.url, base_url) else None
        ),
        "response": lambda answer: wrong.append(f"{answer.status}: {answer.url}") if answer.status >= 400 else None,
    }
    for event, listener in listeners.items():
        page.on(event, listener)  # type: ignore[call-overload]
    try:
        answer = page.goto(base_url + address, wait_until="load")
        if answer is not None and answer.status == 405:  # takes a POST only
            return b"", []
        page.wait_for_timeout(150)  # charts and panels move in
        if not page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"):
            wrong.append(f"wider than the window: {page.evaluate('document.documentElement.scrollWidth')} px")
        result = Axe().run(page, options={"runOnly": WCAG, "resultTypes": ["violations"]})
        wrong += [f"axe {item['id']}: {item['nodes'][0]['html'][:150]}" for item in result.response["violations"]]
        return page.screenshot(), wrong
    except Error as error:
        return b"", [*wrong, f"not looked at: {str(error).splitlines()[0]}"]
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)


def is_error(message: ConsoleMessage) -> bool:
    """Tell whether the console shows an error that isn't an answer's status, which is told by itself."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")


def is_outside(url: str, base_url: str) -> bool:
    return not url.startswith((base_url, "data:", "blob:", "about:"))


def write(picture: bytes, path: Path) -> None:
    """Write a picture with 256 colours, a third of its size."""
    Image.open(BytesIO(picture)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def open_page(browser: Browser, portal: Portal, cookie: list[str], width: int, scheme: Any) -> Page:
    """Return a page of its own, signed in, that never waits longer than twenty seconds."""
    size = {"width": width, "height": 844 if width < 500 else 900}
    context = browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        color_scheme=scheme,
        locale="en-GB",
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    context.set_default_timeout(20_000)
    if cookie:
        context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": portal.base_url}])
    return context.new_page()


def take(portal: Portal, browser: Browser, jobs: list[Job], folder: Path, only: str) -> list[Finding]:
    """Take the pictures of `jobs` into the folder, or of every page with `only` in its name; return what is wrong."""
    addresses, cookie = pages_of(portal)
    findings: list[Finding] = []
    folder.mkdir(parents=True, exist_ok=True)
    names = [name for name in addresses if only in name]
    wanted = jobs or [(name, name, width, scheme) for name in names for width in WIDTHS for scheme in SCHEMES]
    opened: dict[tuple[int, str, bool], Page] = {}
    for picture, name, width, scheme in wanted:
        how = f"{width} {scheme}"
        if name not in addresses:
            print(f"{name:<48} {how:<11} there is no such page", flush=True)
            findings.append((name, how, "there is no such page"))
            continue
        key = (width, scheme, name == "sign-in")
        if key not in opened:
            opened[key] = open_page(browser, portal, [] if name == "sign-in" else cookie, width, scheme)
        image, wrong = look_at(opened[key], addresses[name], portal.base_url)
        found = [(name, how, " ".join(what.replace(portal.base_url, "").split())) for what in dict.fromkeys(wrong)]
        for finding in found:
            print(f"{name:<48} {how:<11} {finding[2]}", flush=True)
        findings += found
        if image:
            write(image, folder / (f"{picture}.png" if jobs else f"{picture}-{width}-{scheme}.png"))
    return findings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page, into a folder outside the repository")
    parser.add_argument("--only", default="", metavar="WORD", help="with --all: the pages with this in their name")
    arguments = parser.parse_args()
    everything: Path | None = arguments.all
    jobs = [(name, page, 1440, "light") for name, page in FAVOURITES.items()]
    jobs += [(f"{name}-{width}-{scheme}", FAVOURITES[name], width, scheme) for name, width, scheme in MORE]
    sandbox = ["--no-sandbox"] if os.getuid() == 0 else []  # the sandbox refuses root
    with demo_portal() as portal, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*sandbox, "--disable-gpu"])
        findings = take(portal, browser, [] if everything else jobs, everything or DOCS, arguments.only)
        browser.close()
    print(f"{len(findings)} findings. Pictures: {everything or DOCS}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
