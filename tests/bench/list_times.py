"""How long does the server take for the device list, beside the stock admin list over the same table?

`python -m tests.bench.list_times` makes the devices on PostgreSQL (and fewer on SQLite), asks for each page by turns,
and prints README's table: medians of the whole response in milliseconds, what of that the web process's processor
took, and the number of queries.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import django

from tests.bench.databases import SCRATCH, Database
from tests.servers import Servers, start_valkey

GROUPS = 200


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=9, help="of each page")
    parser.add_argument("--stock", type=int, default=3, help="runs of the stock list; 0: without it")
    parser.add_argument("--database", default="postgresql", choices=["postgresql", "sqlite"])
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    asked, servers = arguments(), Servers()
    try:
        start_valkey(servers)
        database = Database(asked.database, servers)
        database.renew()
        environment = {**database.environment(SCRATCH), "DJANGO_SETTINGS_MODULE": "hexenroll.settings"}
        command = [sys.executable, "-m", "tests.bench.list_times", *sys.argv[1:], "--measure"]
        subprocess.run(command, env=environment, check=True)
    finally:
        servers.stop()


# --- in a process of its own, with the database ---
def measure(asked: argparse.Namespace) -> None:
    django.setup()
    begin = perf_counter()
    fill(asked.devices)
    print(f"made {asked.devices:,} devices in {perf_counter() - begin:.0f} s", file=sys.stderr)
    ask, queries_of = _asker()
    pages = addresses(asked.devices)
    stock = stock_addresses() if asked.stock else {}
    times: dict[str, list[float]] = {name: [] for name in pages}
    processor: dict[str, list[float]] = {name: [] for name in pages}
    stock_times: dict[str, list[float]] = {name: [] for name in pages}
    for number in range(asked.runs + 1):  # the first warms up
        for name, address in pages.items():
            before = process_time()
            spent = ask(address)
            if number:
                times[name].append(spent)
                processor[name].append((process_time() - before) * 1_000)
            if name in stock and number < asked.stock:
                stock_times[name].append(ask(stock[name]))
    print(f"\n| {asked.database}, {asked.devices:,} devices | median | longest | processor | queries | stock list |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, address in pages.items():
        theirs = f"{median(stock_times[name]):,.0f} ms" if stock_times[name] else ""
        own = f"{median(times[name]):.0f} ms | {max(times[name]):.0f} ms | {median(processor[name]):.0f} ms"
        cells = f"{own} | {queries_of(address)} | {theirs}"
        print(f"| {name} | {cells} |")


def _asker() -> tuple[Callable[[str], float], Callable[[str], int]]:
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.create_superuser("bench"), backend="hexenroll.accounts.people.PeopleBackend")

    def ask(address: str) -> float:
        begin = perf_counter()
        answer = client.get(address)
        spent = (perf_counter() - begin) * 1_000
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status_code}")
        return spent

    def queries_of(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            ask(address)
        return len(queries)

    return ask, queries_of


def addresses(devices: int) -> dict[str, str]:
    """Return the addresses that are measured, by what they ask for."""
    from devices.device_list.columns import COLUMNS, USUAL
    from devices.models import DeviceGroup, Domain, Policy

    group, policy = DeviceGroup.objects.earliest("pk"), Policy.objects.earliest("pk")
    asked = {
        "first page": "",
        "with all columns": f"columns={','.join(COLUMNS)}",
        "last page": "p=-1",
        "page 50": "p=50",
        "all devices": "status=all",
        "all devices, last page": "status=all&p=-1",
        **{f"status: {status}": f"status={status}" for status in ("pre_approved", "enrolled", "blocked")},
        "platform": "platform=ios",
        "platform that no device has": "platform=tvos",
        "ownership": "ownership=personal",
        "source": "source=ade",
        "domain": f"domain={Domain.objects.latest('pk').pk}",
        "group": f"group={group.pk}",
        "policy": f"policy={policy.pk}",
        "batch": "status=all&batch=1",
        "invited": "status=pre_approved&invitation=invited",
        "not invited": "status=pre_approved&invitation=not_invited",
        "expired": "status=pre_approved&invitation=expired",
        "enrolled between": "enrolled_after=2026-03-01&enrolled_before=2026-03-03",
        "not seen since": "seen_before=2026-02-01",
        "stale": "stale_days=30",
        "search: beginning of a serial number": f"status=all&q=C02{devices // 2:09}"[:-2],
        "search: middle of a serial number": f"status=all&q={devices // 3:08}"[:-1],
        "search: one e-mail address": "status=all&q=user1234@example.com",
        "search: part of an e-mail address": "status=all&q=ser1234",
        "search: what no device has": "status=all&q=zzqqxx",
        "search: what all have": "status=all&q=laptop",
        "search: two characters": "status=all&q=C0",
    }
    for number, name in enumerate(USUAL, start=1):
        asked[f"sorted by {name}"] = f"status=all&o={number}"
        asked[f"sorted by {name}, falling"] = f"status=all&o=-{number}"
    for name in ("last_seen_at", "enrolled_at", "os_version", "model"):
        asked[f"sorted by {name}"] = f"status=all&columns=device,{name}&o=2"
    return {name: f"/admin/devices/device/?{query or 'view=0'}" for name, query in asked.items()}


def stock_addresses() -> dict[str, str]:
    """Put the stock admin list over the same table beside ours; return its addresses by the same names."""
    from django.urls import include, path
    from unfold.admin import ModelAdmin
    from unfold.sites import UnfoldAdminSite

    from devices.models import Device
    from hexenroll import urls

    class Stock(ModelAdmin):
        list_display = ("__str__", "serial_number", "platform", "ownership", "status", "user", "domain", "created_at")
        list_filter = ("status", "platform", "ownership")
        search_fields = ("serial_number", "name", "user__name", "user__email")
        list_select_related = ("user", "domain")

    site = UnfoldAdminSite(name="stock")
    site.register(Device, Stock)
    urls.urlpatterns.insert(0, path("stock/", include((site.get_urls(), "admin"), namespace="stock")))
    base = "/stock/devices/device/"
    devices = Device.objects.count()
    return {
        "first page": base,
        "last page": f"{base}?p={-(-devices // 100)}",
        "all devices, last page": f"{base}?p={-(-devices // 100)}",
        "platform": f"{base}?platform__exact=ios",
        "search: beginning of a serial number": f"{base}?q=C02{devices // 2:09}"[:-2],
        "search: one e-mail address": f"{base}?q=user1234@example.com",
        "search: what no device has": f"{base}?q=zzqqxx",
        "sorted by user": f"{base}?o=6",
        "sorted by name": f"{base}?o=1",
    }


def fill(devices: int) -> None:
    """Write the rows: half as many users, GROUPS groups of which each device is in one, two of three enrolled."""
    from django.db import connection

    from devices.models import Device, DeviceInventory, DeviceUser
    from devices.search import keep_up, tables
    from invitations.models import Invitation
    from tests.factories import (
        DeviceFactory,
        DeviceGroupFactory,
        DomainFactory,
        ImportBatchFactory,
        InvitationFactory,
        PolicyFactory,
    )

    for number in range(1, GROUPS + 1):
        DeviceGroupFactory.create(pk=number).policies.set([PolicyFactory.create(pk=number)] if number <= 20 else [])
    for number in range(1, 6):
        DomainFactory.create(pk=number + 1_000)
    ImportBatchFactory.create(pk=1)
    is_sqlite = connection.vendor == "sqlite"
    pad = "printf('%09d', {i})" if is_sqlite else "lpad(({i})::text, 9, '0')"
    day = (
        "datetime('2026-01-01', '+' || ({i} / 12) || ' minutes')"
        if is_sqlite
        else ("'2026-01-01'::timestamptz + ({i} / 12) * interval '1 minute'")
    )
    first = DeviceFactory.create(pk=1, serial_number="C02000000001", name="Laptop 1", user__pk=1, status="enrolled")
    users = {"id": "{i}", "name": "'Known User ' || {i}", "email": "'user' || {i} || '@example.com'"}
    users["email_key"] = users["email"]
    _many(DeviceUser, 2, devices // 2, users)
    own = {
        "id": "{i}",
        "serial_number": f"'C02' || {pad}",
        "name": "'Laptop ' || {i}",
        "user_id": f"1 + {{i}} % {devices // 2}",
        "status": "CASE {i} % 100 WHEN 1 THEN 'blocked' WHEN 2 THEN 'disenrolled' ELSE "
        "CASE WHEN {i} % 3 = 0 THEN 'pre_approved' ELSE 'enrolled' END END",
        "platform": "CASE {i} % 4 WHEN 0 THEN 'ios' WHEN 1 THEN 'macos' WHEN 2 THEN 'android' ELSE 'linux' END",
        "ownership": "CASE {i} % 5 WHEN 0 THEN 'personal' ELSE 'corporate' END",
        "source": "CASE {i} % 1000 WHEN 0 THEN 'ade' ELSE 'import' END",
        "domain_id": f"CASE {{i}} % 7 WHEN 0 THEN 1001 + {{i}} % 5 ELSE {first.domain_id} END",
        "import_batch_id": "CASE WHEN {i} % 50 = 0 THEN 1 END",
        "created_at": day,
    }
    _many(Device, 2, devices, own)
    InvitationFactory.create(pk=1, device=first)
    states = "CASE {i} % 20 WHEN 0 THEN 'expired' WHEN 5 THEN 'failed' ELSE 'sent' END"
    hexes = "printf('%032x', {i})" if is_sqlite else "lpad(to_hex({i}), 32, '0')::uuid"
    invited = {"id": "{i}", "device_id": "{i}", "public_id": hexes, "token_hash": f"'h' || {pad}", "state": states}
    _many(Invitation, 2, devices // 2, invited)
    DeviceInventory.objects.create(
        device=first, enrolled_at=first.created_at, last_seen_at=first.created_at, os_version="14.1", model="Model 1"
    )
    told = {
        "device_id": "{i}",
        "enrolled_at": day,
        "last_seen_at": day,
        "os_version": "'14.' || ({i} % 30)",
        "model": "'Model ' || ({i} % 50)",
    }
    _many(DeviceInventory, 2, devices, told, "{i} % 3 <> 0")
    with connection.cursor() as cursor:
        numbers = _numbers(1, devices)
        cursor.execute(
            f"INSERT INTO devices_device_groups (device_id, devicegroup_id) SELECT i, 1 + i % {GROUPS} FROM {numbers}"
        )
        cursor.execute(
            "INSERT INTO devices_device_policies (device_id, policy_id) "
            f"SELECT i, 1 + i % 20 FROM {numbers} WHERE i % 50 = 0"
        )
    while tables.is_there() and keep_up.keep_up():
        pass
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if is_sqlite else "VACUUM ANALYZE")


def _numbers(first: int, last: int) -> str:
    from django.db import connection

    if connection.vendor == "sqlite":
        return (
            f"(WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) SELECT i FROM n)"
        )
    return f"generate_series({first}, {last}) i"


def _many(model: Any, first: int, last: int, expressions: dict[str, str], where: str = "") -> None:
    """Insert rows by one statement; what no expression says is as in the only row there is."""
    from django.db import connection

    columns = [str(field.column) for field in model._meta.concrete_fields if not field.generated]
    values = [expressions.get(column, f"one.{column}").format(i="i") for column in columns]
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} "
            f"FROM (SELECT * FROM {table} LIMIT 1) one, "
            f"{_numbers(first, last)}" + (f" WHERE {where.format(i='i')}" if where else "")
        )


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    given = arguments()
    if given.measure:
        measure(given)
    else:
        main()
