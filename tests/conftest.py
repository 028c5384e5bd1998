"""What every test can ask for: the people, the database, a browser, a running portal, and a closed network.

The database and the broker are real; tests/servers.py starts them (`--database sqlite` or `postgresql`).
"""

import ipaddress
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from guardian.shortcuts import assign_perm
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from devices.models import Domain
from devices.scope import ACCESS
from tests.ade_simulator.running import Simulator
from tests.chromium import chromium
from tests.portal import Portal
from tests.servers import SERVERS, Servers

OPERATOR_RIGHTS = ("view_device", "view_deviceuser", "view_importbatch", "view_invitation", "view_sending")


# --- the network: nothing but this machine ---------------------------------------------------------------
@pytest.fixture(scope="session", autouse=True)
def closed_network() -> Iterator[None]:
    """Make every connection to another machine fail, at once and by name."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(self: socket.socket, address: Any) -> Any:
            if self.family != socket.AF_UNIX and not is_loopback(str(address[0])):
                raise AssertionError(f"A test tried to reach {address}: only this machine is allowed.")
            return original(self, address)

        return wrapper

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded(connect))
        patch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
        yield


def is_loopback(host: str) -> bool:
    """Tell whether the host is this machine; a name that isn't `localhost` is not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


# --- the database and the static files -------------------------------------------------------------------
@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Servers:
    """Return the database server, the broker and the temporary folder of this run."""
    return request.config.stash[SERVERS]


@pytest.fixture(scope="session")
def is_postgresql(request: pytest.FixtureRequest) -> bool:
    return request.config.getoption("--database") == "postgresql"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(is_postgresql: bool) -> None:
    """Keep the SQLite test database in a file: in memory, threads and WAL behave otherwise than in the portal."""
    if not is_postgresql:
        settings.DATABASES["default"]["TEST"]["NAME"] = str(settings.HEXENROLL_DATA / "test.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any, is_postgresql: bool) -> None:
    """Let tests empty the audit log, which SQLite refuses to everybody (hexenroll/0002); PostgreSQL truncates."""
    if not is_postgresql:
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER IF EXISTS hexenroll_audit_no_delete")


@pytest.fixture(scope="session", autouse=True)
def static_files() -> None:
    """Collect the static files, whose hashed names every page needs."""
    call_command("collectstatic", verbosity=0, interactive=False)
    # Each new client would read the headers of all of them; so, a file is looked for when it is asked for.
    settings.WHITENOISE_AUTOREFRESH = True


# --- the three people ------------------------------------------------------------------------------------
def make_person(
    name: str, rights: tuple[str, ...] = (), *, superuser: bool = False, domains: Iterable[Domain] | None = None
) -> User:
    """Make a member of staff who may do what `rights` name in `domains` (None: in all of them)."""
    person = User.objects.create(username=name, is_staff=True, is_superuser=superuser)
    if domains is None:
        rights = (*rights, "access_domain")
    ours = Permission.objects.filter(content_type__app_label__in=("devices", "invitations", "enrollment", "hexenroll"))
    person.user_permissions.set(ours.filter(codename__in=rights))
    for domain in domains or ():
        assign_perm(ACCESS, person, domain)
    return person


def sign_in(person: User) -> Client:
    client = Client()
    client.force_login(person, backend="hexenroll.accounts.people.PeopleBackend")
    return client


@pytest.fixture
def administrator(db: None) -> User:
    """Return the person who may do everything."""
    return make_person("administrator", superuser=True)


@pytest.fixture
def operator(db: None) -> User:
    """Return a member of staff who may look at devices and imports, and change nothing."""
    return make_person("operator", OPERATOR_RIGHTS)


@pytest.fixture
def stranger(db: None) -> User:
    """Return a member of staff without any permission."""
    return make_person("stranger")


@pytest.fixture
def administrator_client(administrator: User) -> Client:
    return sign_in(administrator)


@pytest.fixture
def operator_client(operator: User) -> Client:
    return sign_in(operator)


@pytest.fixture
def stranger_client(stranger: User) -> Client:
    return sign_in(stranger)


# --- a browser -------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {
        "executable_path": chromium(),
        "args": [
            *(["--no-sandbox"] if os.getuid() == 0 else []),  # the sandbox refuses root
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
        ],
    }


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    return {"locale": "en-GB", "timezone_id": "UTC", "viewport": {"width": 1440, "height": 900}}


@pytest.fixture(scope="session")
def live_server(static_files: None) -> Iterator[LiveServer]:
    """Run the portal's pages in a thread. Static files come as in the portal: from whitenoise, with hashed names."""
    server = LiveServer("localhost", start=False)
    server.thread.static_handler = lambda application: application  # type: ignore[assignment]
    server.start()
    yield server
    server.stop()


@pytest.fixture
def sign_in_browser(page: Page, live_server: LiveServer) -> Callable[[User], Page]:
    """Return a function that signs the page's browser in to the live server as a person."""

    def sign_in_as(person: User) -> Page:
        cookie = sign_in(person).cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        return page

    return sign_in_as


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """Return a function that fails with axe's findings when the page breaks WCAG 2 level A or AA."""

    def assert_page_is_accessible(page: Page) -> None:
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        results = Axe().run(page, options={"runOnly": tags, "resultTypes": ["violations"]})
        found = [
            f"{violation['id']}: {violation['help']}: {[node['html'] for node in violation['nodes']]}"
            for violation in results.response["violations"]
        ]
        assert not found, f"{page.url}:\n" + "\n".join(found)

    return assert_page_is_accessible


# --- the whole portal, as `make run` starts it -----------------------------------------------------------
@pytest.fixture
def make_portal(servers: Servers, is_postgresql: bool) -> Iterator[Callable[..., Portal]]:
    """Return a function that makes a portal, not started yet, on the run's database; it takes more settings."""
    made: list[Portal] = []

    def make(**environment: str) -> Portal:
        portal = Portal(servers.folder, is_postgresql, environment)
        made.append(portal)
        return portal

    yield make
    for portal in made:
        portal.close()


@pytest.fixture
def portal(make_portal: Callable[..., Portal]) -> Portal:
    """Return a running portal: web, worker, clock and broker, on a free port, with nothing in it."""
    return make_portal().start()


# --- Apple's service, as a simulator in a process of its own ---------------------------------------------
@pytest.fixture(scope="session")
def running_ade_simulator() -> Iterator[Simulator]:
    """Start the simulator once in a run."""
    simulator = Simulator()
    yield simulator
    simulator.close()


@pytest.fixture
def ade_simulator(running_ade_simulator: Simulator) -> Simulator:
    """Return a simulator of Apple's device enrollment service that knows nothing but its first account's token."""
    running_ade_simulator.reset()
    return running_ade_simulator
