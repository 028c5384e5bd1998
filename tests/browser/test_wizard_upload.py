"""Can everybody begin an import: by mouse, by keys alone, by dropping, without scripts, on a phone, in the dark?"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from devices.models import ImportBatch
from tests.conftest import sign_in
from tests.devices.importing import row, table, uploaded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
SignIn = Callable[[User], Page]
State = ImportBatch.State
DROP = """
([name, text]) => {
  const data = new DataTransfer();
  for (const one of [].concat(name)) data.items.add(new File([text], one, { type: "text/csv" }));
  const target = document.querySelector(".wz-drop");
  for (const type of ["dragenter", "dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}
"""
# A directory is something that only the browser itself can drop.
DROP_FOLDER = """
() => {
  const event = new DragEvent("drop", { bubbles: true, cancelable: true });
  const entry = { webkitGetAsEntry: () => ({ isDirectory: true }) };
  Object.defineProperty(event, "dataTransfer", { value: { types: ["Files"], files: [], items: [entry] } });
  document.querySelector(".wz-drop").dispatchEvent(event);
}
"""


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    path = tmp_path / "devices.csv"
    path.write_bytes(table(*map(row, range(1, 11))))
    return path


@pytest.fixture
def page_of_administrator(sign_in_browser: SignIn, administrator: User) -> Page:
    return sign_in_browser(administrator)


def complaints_of(page: Page) -> list[str]:
    """Return a list that fills with what the browser complains of: scripts, styles, the security policy."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def test_from_the_empty_history_to_the_check_with_the_mouse(
    page_of_administrator: Page, live_server: LiveServer, csv_file: Path
) -> None:
    page = page_of_administrator
    complaints = complaints_of(page)
    page.goto(f"{live_server.url}/enroll/pre-approve/")
    page.get_by_role("link", name="Pre-approve devices").click()
    page.get_by_label("File").set_input_files(csv_file)
    page.get_by_role("button", name="Upload and map").click()
    expect(page.get_by_role("heading", name="Which column is what?")).to_be_visible()
    page.get_by_role("button", name="Save and check").click()
    page.wait_for_url("**/check/")
    assert ImportBatch.objects.get().state == State.CHECKING
    assert not complaints


def test_the_same_with_the_keyboard_alone(page_of_administrator: Page, live_server: LiveServer, csv_file: Path) -> None:
    page = page_of_administrator
    page.goto(f"{live_server.url}/enroll/pre-approve/new/")
    reach(page, "Domain")
    reach(page, "File")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(csv_file)
    reach(page, "Check only")
    page.keyboard.press("Space")
    reach(page, "Upload and map")
    page.keyboard.press("Enter")
    page.wait_for_url("**/mapping/")
    reach(page, "Save and check")
    page.keyboard.press("Enter")
    page.wait_for_url("**/check/")
    assert ImportBatch.objects.get().validate_only


def reach(page: Page, name: str) -> None:
    """Press Tab until the element of that name has the focus; fail when it can't be seen then."""
    for _press in range(60):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "() => { const e = document.activeElement;"
            " return [e.innerText, e.labels && e.labels[0] ? e.labels[0].innerText : '', e.offsetWidth > 0]; }"
        )
        if name in (found[0] or "").strip().split("\n") or (found[1] or "").strip().startswith(name):
            assert found[2], f"{name} has the focus but can't be seen"
            return
    raise AssertionError(f"Tab never reached {name}")


def test_a_file_can_be_dropped(page_of_administrator: Page, live_server: LiveServer) -> None:
    page = page_of_administrator
    page.goto(f"{live_server.url}/enroll/pre-approve/new/")
    page.evaluate(DROP, ["dropped.csv", table(row(1)).decode()])
    page.get_by_role("button", name="Upload and map").click()
    page.wait_for_url("**/mapping/")
    assert ImportBatch.objects.get().file_name == "dropped.csv"


def test_a_folder_or_several_files_that_are_dropped_are_said(
    page_of_administrator: Page, live_server: LiveServer
) -> None:
    page = page_of_administrator
    page.goto(f"{live_server.url}/enroll/pre-approve/new/")
    page.evaluate(DROP_FOLDER)
    expect(page.locator("#file-wrong")).to_have_text("This is a folder. Drop one file.")
    page.evaluate(DROP, [["a.csv", "b.csv"], "x"])
    expect(page.locator("#file-wrong")).to_contain_text("These are several files.")


def test_a_file_above_the_limit_is_said_before_it_is_sent(
    page_of_administrator: Page, live_server: LiveServer, csv_file: Path, settings: Settings
) -> None:
    settings.HEXENROLL_IMPORT_MAX_BYTES = 100
    page = page_of_administrator
    page.goto(f"{live_server.url}/enroll/pre-approve/new/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_label("File").set_input_files(csv_file)
    page.get_by_role("button", name="Upload and map").click()
    expect(page.locator("#file-wrong")).to_contain_text("This file is larger than 100")
    assert not sent


def test_what_is_no_table_is_said_at_the_field_and_another_file_can_follow(
    page_of_administrator: Page, live_server: LiveServer, csv_file: Path, assert_accessible: Callable[[Page], None]
) -> None:
    page = page_of_administrator
    page.goto(f"{live_server.url}/enroll/pre-approve/new/")
    pdf = {"name": "devices.csv", "mimeType": "text/csv", "buffer": b"%PDF-1.7\n"}
    page.get_by_label("File").set_input_files(pdf)  # type: ignore[arg-type]
    page.get_by_role("button", name="Upload and map").click()
    expect(page.locator("#file-wrong")).to_contain_text("The file is a PDF")
    expect(page.get_by_label("File")).to_be_focused()
    assert_accessible(page)
    page.get_by_label("File").set_input_files(csv_file)
    page.get_by_role("button", name="Upload and map").click()
    page.wait_for_url("**/mapping/")


def test_who_was_signed_out_meanwhile_lands_at_the_sign_in(
    page_of_administrator: Page, live_server: LiveServer, csv_file: Path
) -> None:
    page = page_of_administrator
    page.goto(f"{live_server.url}/enroll/pre-approve/new/")
    page.get_by_label("File").set_input_files(csv_file)
    sessions = [cookie for cookie in page.context.cookies() if cookie["name"] == "sessionid"]
    page.context.clear_cookies(name=sessions[0]["name"])
    page.get_by_role("button", name="Upload and map").click()
    expect(page.get_by_label("User name")).to_be_visible()


def test_everything_works_without_scripts(
    browser: Browser, browser_context_args: dict[str, Any], administrator: User, live_server: LiveServer, csv_file: Path
) -> None:
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    value = sign_in(administrator).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": value, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/enroll/pre-approve/new/")
    page.get_by_role("button", name="Upload and map").click()  # no file: the browser keeps the form back
    page.get_by_label("File").set_input_files(csv_file)
    page.get_by_role("button", name="Upload and map").click()
    page.wait_for_url("**/mapping/")
    page.locator("#column-ownership").select_option("fixed")
    page.locator("#fixed-ownership").select_option("personal")
    page.get_by_role("button", name="Save and check").click()
    page.wait_for_url("**/check/")
    assert ImportBatch.objects.get().mapping["fixed"] == {"ownership": "personal"}
    context.close()


# --- the mapping ------------------------------------------------------------------------------------------


def test_a_column_chosen_twice_is_said_at_once_and_keeps_the_form_back(
    page_of_administrator: Page, live_server: LiveServer
) -> None:
    page = page_of_administrator
    batch = uploaded(table(row(1)))
    page.goto(f"{live_server.url}/enroll/pre-approve/{batch.pk}/mapping/")
    page.locator("#column-mobile").select_option("1")
    expect(page.locator("#wrong-mobile")).to_have_text("The column “Email” is used more than once.")
    page.get_by_role("button", name="Save and check").click()
    batch.refresh_from_db()
    assert batch.state == State.UPLOADED
    page.locator("#column-mobile").select_option("")
    expect(page.locator("#wrong-mobile")).to_be_empty()
    page.get_by_role("button", name="Save and check").click()
    page.wait_for_url("**/check/")


def test_columns_that_fill_no_field_are_offered_as_the_mapping_changes(
    page_of_administrator: Page, live_server: LiveServer
) -> None:
    page = page_of_administrator
    batch = uploaded(table(row(1, device_name="Mac 1", Room="12")))
    page.goto(f"{live_server.url}/enroll/pre-approve/{batch.pk}/mapping/")
    expect(page.get_by_label("Room")).to_be_visible()
    kept = page.get_by_role("checkbox", name="Device name")
    expect(kept).to_be_hidden()
    page.locator("#column-device_name").select_option("")
    kept.check()
    page.get_by_role("button", name="Save and check").click()
    page.wait_for_url("**/check/")
    batch.refresh_from_db()
    assert batch.mapping["kept"] == [5]


def test_another_way_to_read_the_file_shows_at_once_and_can_be_kept(
    page_of_administrator: Page, live_server: LiveServer
) -> None:
    page = page_of_administrator
    batch = uploaded("Name,Email\nJürgen,j@example.com\n".encode("cp1252"))
    page.goto(f"{live_server.url}/enroll/pre-approve/{batch.pk}/mapping/")
    page.get_by_text("Not right? Read it in another way").click()
    page.get_by_label("Columns are divided by").select_option(";")
    expect(page.get_by_role("columnheader", name="Name,Email")).to_be_visible()
    page.get_by_role("button", name="Read it this way").click()
    expect(page.get_by_text("CSV, CP1252, divided by semicolons, with a header row")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_pages_are_accessible_and_fit_the_screen(
    page_of_administrator: Page,
    live_server: LiveServer,
    assert_accessible: Callable[[Page], None],
    scheme: str,
    width: int,
) -> None:
    page = page_of_administrator
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    root = f"{live_server.url}/enroll/pre-approve/"
    page.goto(root)
    assert_complete(page, assert_accessible)
    headers = "Serial Number,Device Type,Username,Full Name,Email Address,Phone Number,Position,Building,Room"
    batch = uploaded(
        f"{headers}\nC02XK1ZZJ001,Computer,ada,{'very-long-' * 30},ada@example.com,,,,12\n".encode(),
        name=f"{'long-name-' * 20}.csv",
    )
    ImportBatch.objects.create(domain=batch.domain, file_name="x.csv", state=State.READY, counts={"rows": 9, "bad": 2})
    ImportBatch.objects.create(domain=batch.domain, file_name="y.csv", state=State.COMMITTED, counts={"created": 9})
    ImportBatch.objects.create(domain=batch.domain, file_name="z.csv", state=State.FAILED)
    for path in ("", "new/", f"{batch.pk}/file/", f"{batch.pk}/mapping/", "99999/"):
        page.goto(root + path)
        assert_complete(page, assert_accessible)
    page.goto(f"{root}{batch.pk}/mapping/")
    page.locator("#column-mobile").select_option("4")
    assert_complete(page, assert_accessible)


def assert_complete(page: Page, assert_accessible: Callable[[Page], None]) -> None:
    page.evaluate("document.querySelectorAll('.wz details').forEach((details) => { details.open = true; })")
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
