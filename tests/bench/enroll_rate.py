"""How fast do devices enroll, beside what else there is? `make bench` runs this and prints tables for README.

Contenders, interleaved, each in a fresh copy of one PostgreSQL database (fsync on), 16 keep-alive connections, each
request another pre-approved device with its link's token, in random order; the restriction is on:
(a) hexenroll as `make run` starts it, its worker and clock included; only the limits of requests are lifted by its
settings HEXENROLL_ENROLL_*, as all come from one address. (b) A naive view on gunicorn's sync workers. (c) The SQL
of (a) by pgbench. With `--only a b b2 c`, (b2) is (b) with database connections that last.
Then, with (a) alone, what is refused, and the check-in that is answered by 304.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from tests.bench import enroll_report
from tests.bench.databases import SCRATCH, Database
from tests.bench.fleet import enrolled_of
from tests.bench.fleet_rows import make_fleet, template_of
from tests.bench.pgbench_contender import captured, measured
from tests.bench.served import Served, hexenroll, naive
from tests.servers import Servers, start_valkey

CONTENDERS = ("a", "b", "c")
ALL_CONTENDERS = (*CONTENDERS, "b2")
MODES = ("enroll", "bad_credentials", "not_pre_approved", "unchanged")
CONNECTIONS = 16
SERVED: dict[str, Callable[[Database], AbstractContextManager[Served]]] = {
    "a": hexenroll,
    "b": naive,
    "b2": partial(naive, connection_seconds=600),
}
WARM_UP = 400  # requests before the clock starts: each thread has its database connection then


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--seconds", type=float, default=10, help="of each run; it ends sooner when all are enrolled")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=CONTENDERS, choices=ALL_CONTENDERS)
    parser.add_argument("--modes", nargs="+", default=MODES, choices=MODES)
    parser.add_argument("--json", type=Path, help="a file for the results")
    parser.set_defaults(statements="")
    return parser.parse_args()


def main() -> None:
    asked, servers = arguments(), Servers()
    results: dict[tuple[str, int, str], list[dict[str, Any]]] = defaultdict(list)  # mode, devices, contender
    try:
        start_valkey(servers)
        database = Database("postgresql", servers)
        for devices in sorted(asked.devices):
            make_fleet(database, devices)
            if "c" in asked.only and not asked.statements:  # with the smallest, so that what can't work fails soon
                database.renew(template_of(devices))
                asked.statements = captured(database)
        for _round in range(asked.rounds):
            for mode in asked.modes:
                for devices in asked.devices:
                    for contender in asked.only:
                        if mode == "enroll" or contender == "a":
                            results[mode, devices, contender].append(run(database, contender, mode, devices, asked))
    finally:
        servers.stop()
    print("", enroll_report.table(results), enroll_report.costs(results), enroll_report.growth(results), sep="\n\n")
    if asked.json:
        asked.json.write_text(json.dumps([[*key, runs] for key, runs in results.items()], indent=1))


def run(database: Database, contender: str, mode: str, devices: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Measure a contender in a fresh database.

    Raises:
        SystemExit: an answer was not the right one, or the database doesn't hold what was answered.
    """
    database.renew(template_of(devices))
    with psycopg.connect(host=str(database.folder), user="hexenroll", dbname=SCRATCH, autocommit=True) as connection:
        if mode == "not_pre_approved":
            connection.execute("UPDATE enrollment_enrollmentsettings SET require_credentials = false")
        if contender == "c":
            result = measured(database, asked.statements, devices, asked.seconds, WARM_UP, CONNECTIONS)
        else:
            with SERVED[contender](database) as (port, watched):
                order = {"mode": mode, "devices": devices, "port": port, "seconds": asked.seconds, "watched": watched}
                result = load(order)
        check(connection, mode, devices, result)
    tell(f"{contender} {mode} of {devices:,}", result)
    return result


def tell(what: str, result: dict[str, Any]) -> None:
    """Print one line about a run, while the others still go on."""
    latency = f"median {result['median_ms']:.1f} ms, p99 {result['p99_ms']:.1f} ms"
    costs = ", ".join(f"{name} {milliseconds:.2f} ms" for name, milliseconds in result["cpu_ms"].items())
    load = f"load {os.getloadavg()[0]:.1f}"
    line = f"{what}: {result['rate']:,.0f}/s, {latency}, {result['requests']:,} requests; CPU: {costs} ({load})"
    print(line, file=sys.stderr)


def load(order: dict[str, Any]) -> dict[str, Any]:
    """Run the load generator in a process of its own; return what it measured."""
    command = [sys.executable, "-m", "tests.bench.enroll_load"]
    whole = json.dumps({**order, "warm_up": WARM_UP, "connections": CONNECTIONS})
    done = subprocess.run(command, input=whole, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{order} failed:\n{done.stderr}")
    return dict(json.loads(done.stdout))


def check(connection: "psycopg.Connection[Any]", mode: str, devices: int, result: dict[str, Any]) -> None:
    """Compare what the database holds with what was answered; requests in flight at the end may be there, too."""
    queries = {
        "devices enrolled": "SELECT count(*) FROM devices_device WHERE status = 'enrolled'",
        "attempts": "SELECT count(*) FROM enrollment_enrollmentattempt",
    }
    answered = result["requests"] + WARM_UP
    expected = {
        "devices enrolled": enrolled_of(devices) + (answered if mode == "enroll" else 0),
        "attempts": 0 if mode == "unchanged" else answered,
    }
    for what, query in queries.items():
        row = connection.execute(query).fetchone()
        found, least = row[0] if row else 0, expected[what]
        if not least <= found <= least + CONNECTIONS:
            sys.exit(f"{mode}: {answered:,} answers, but {found:,} {what}, not {least:,}")


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    main()
