"""How long does the server take for the dashboard and the reports of a large portal?

`python -m tests.bench.dashboard_time` makes the devices on PostgreSQL: in 20 domains, over four months, each with an
invitation, half of them enrolled; and a fifth as many attempts. It asks for each page by turns, as an administrator
and as an operator of one domain, and prints medians of the whole response, with the number of queries.
`counting`: what a worker does every five minutes.
"""

import argparse
import subprocess
import sys
from statistics import median
from time import perf_counter
from typing import Any

import django
from django.db import connection

from tests.bench.databases import SCRATCH, Database
from tests.servers import Servers, start_valkey

DOMAINS = 20
DAYS = 120


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=9, help="of each page")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    asked, servers = arguments(), Servers()
    try:
        start_valkey(servers)
        database = Database("postgresql", servers)
        database.renew()
        environment = {**database.environment(SCRATCH), "DJANGO_SETTINGS_MODULE": "hexenroll.settings"}
        fleet = [sys.executable, "-m", "tests.bench.fleet_rows", str(asked.devices)]
        subprocess.run(fleet, env=environment, check=True)
        measured = [sys.executable, "-m", "tests.bench.dashboard_time", *sys.argv[1:], "--measure"]
        subprocess.run(measured, env=environment, check=True)
    finally:
        servers.stop()


# --- in a process of its own, with the database ---
def measure(asked: argparse.Namespace) -> None:
    django.setup()
    from django.urls import reverse

    from hexenroll.dashboard.summary import recount
    from hexenroll.reports.registry import REPORTS

    _spread(asked.devices)
    print(f"{asked.devices:,} devices\n\n| page | administrator | of one domain | queries |\n|---|---|---|---|")
    begin = perf_counter()
    recount()
    print(f"| counting | {(perf_counter() - begin) * 1_000:,.0f} ms | | |")
    clients = _clients()
    pages = {f"dashboard, {days} days": f"{reverse('admin:index')}?days={days}" for days in (7, 30, 90)}
    for name in REPORTS:
        pages[f"report {name}"] = reverse("reports:report", args=[name])
    for title, page in pages.items():
        times: list[list[float]] = [[] for _client in clients]
        for _run in range(asked.runs):
            for client, found in zip(clients, times, strict=True):
                found.append(_time(client, page))
        shown = " | ".join(f"{median(found):,.0f} ms" for found in times)
        print(f"| {title} | {shown} | {_queries(clients[0], page)} |", flush=True)


def _time(client: Any, page: str) -> float:
    """Return how long a page takes, in milliseconds."""
    begin = perf_counter()
    answer = client.get(page)
    taken = (perf_counter() - begin) * 1_000
    if answer.status_code != 200:
        raise RuntimeError(f"{page}: {answer.status_code}")
    return taken


def _queries(client: Any, page: str) -> int:
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        _time(client, page)
    return len(captured)


def _clients() -> list[Any]:
    """Return an administrator and an operator of one domain, signed in."""
    from django.contrib.auth.models import User
    from django.test import Client

    from devices.models import Domain
    from tests.conftest import make_person, sign_in

    rights = ("view_device", "view_deviceuser", "view_domain", "view_devicegroup", "view_invitation")
    operator = make_person(
        "operator", (*rights, "view_enrollmentattempt", "view_importbatch"), domains=[Domain.objects.all()[1]]
    )
    found: list[Client] = [sign_in(person) for person in (User.objects.create_superuser("bench"), operator)]
    for client in found:
        client.defaults["SERVER_NAME"] = "127.0.0.1"
    return found


def _spread(devices: int) -> None:
    """Spread the bench's devices over domains, platforms, states and time; add attempts."""
    from devices.models import Device, Domain
    from tests.factories import DomainFactory

    DomainFactory.create_batch(DOMAINS - Domain.objects.count())
    first = min(Domain.objects.values_list("pk", flat=True))
    ago = f"interval '1 second' * ((id * 7919) %% {DAYS * 86_400})"
    statements = (
        f"UPDATE devices_device SET domain_id = {first} + id %% {DOMAINS}, created_at = now() - {ago}, "
        "platform = (ARRAY['android', 'ios', 'macos', 'linux', 'tvos'])[1 + id %% 5], "
        f"status = (ARRAY['pre_approved', 'enrolled'])[1 + id / 3 %% 2]",
        "INSERT INTO devices_deviceinventory "
        "(device_id, hardware_uuid, manufacturer, model, os_version, hardware, method, enrolled_at, last_seen_at) "
        "SELECT id, '', 'Apple', 'Mac', '15.1', '{}', 'email', "
        "created_at + (now() - created_at) / 2, now() FROM devices_device WHERE status = 'enrolled' "
        "ON CONFLICT (device_id) DO UPDATE SET enrolled_at = excluded.enrolled_at",
        "DELETE FROM devices_deviceinventory USING devices_device d WHERE d.id = device_id AND d.status <> 'enrolled'",
        "UPDATE invitations_invitation i SET sent_at = d.created_at + interval '1 hour', "
        "opened_at = CASE WHEN i.id %% 3 = 0 THEN NULL ELSE d.created_at + interval '9 hours' END, "
        "state = CASE WHEN d.status = 'enrolled' THEN 'redeemed' WHEN i.id %% 200 = 0 THEN 'failed' ELSE 'sent' END "
        "FROM devices_device d WHERE d.id = i.device_id",
        "INSERT INTO enrollment_enrollmentattempt (at, serial_number, platform, os_version, method, management_mode, "
        "hardware_uuid, manufacturer, model, is_let_in, reason, domain_id, user_agent) "
        "SELECT now() - interval '1 second' * (i * 31), 'BENCH' || i, 'macos', '15.1', 'email', '', '', '', '', "
        f"i %% 4 = 0, CASE WHEN i %% 4 = 0 THEN 'approved' ELSE 'not_pre_approved' END, {first} + i %% {DOMAINS}, '' "
        f"FROM generate_series(1, {devices // 5}) i",
        "VACUUM ANALYZE",
    )
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, ())
    assert Device.objects.count() == devices


if __name__ == "__main__":
    measure(arguments()) if arguments().measure else main()
