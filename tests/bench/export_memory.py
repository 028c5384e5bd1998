"""How much memory does the web process take for an export? `python -m tests.bench.export_memory` prints it.

Makes the devices on a database of its own, then exports a thousand and all of them, and tells the process's peak.
"""

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import django

from tests.bench.databases import SCRATCH, Database
from tests.bench.list_times import fill
from tests.servers import Servers, start_valkey


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=200_000)
    parser.add_argument("--database", default="postgresql", choices=["postgresql", "sqlite"])
    parser.add_argument("--part", default="", choices=["", "fill", "csv", "xlsx"], help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    asked, servers = arguments(), Servers()
    try:
        start_valkey(servers)
        database = Database(asked.database, servers)
        database.renew()
        environment = {**database.environment(SCRATCH), "DJANGO_SETTINGS_MODULE": "hexenroll.settings"}
        for part in ("fill", "csv", "xlsx"):
            command = [sys.executable, "-m", "tests.bench.export_memory", *sys.argv[1:], "--part", part]
            subprocess.run(command, env=environment, check=True)
    finally:
        servers.stop()


def export(kind: str) -> None:
    """Export some and all, as the web process does; print the peak after each."""
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client(SERVER_NAME="127.0.0.1")
    person, _made = User.objects.get_or_create(username="bench", is_superuser=True, is_staff=True)
    client.force_login(person, backend="hexenroll.accounts.people.PeopleBackend")
    for name, query in (("some", "status=blocked"), ("all", "status=all")):
        begin, size = perf_counter(), 0
        form = {"format": "0" if kind == "csv" else "1", "resource": "0"}
        answer = client.post(f"/admin/devices/device/export/?{query}", form)
        for chunk in answer:  # thrown away, as a browser's end of the line does
            size += len(chunk)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
        print(f"{kind}, {name}: {size / 1e6:.1f} MB in {perf_counter() - begin:.0f} s, peak memory {peak:.0f} MB")


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    given = arguments()
    if not given.part:
        main()
    else:
        django.setup()
        if given.part == "fill":
            fill(given.devices)
        else:
            from django.test.utils import setup_test_environment

            setup_test_environment()
            export(given.part)
