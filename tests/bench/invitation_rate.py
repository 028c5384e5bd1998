"""How fast do invitations go out, beside what else there is? `make bench` runs this and prints tables for README.

Contenders, interleaved, each in a fresh database of one PostgreSQL (fsync on), all into the same SMTP sink:
(h) hexenroll's worker, as `make run` starts it; (a) the same worker with one Celery task for each message and Django's
mail API; (b) smtplib over one connection with ready-made messages. Then where the time of (h) goes, and how long
100,000 invitations take to be queued.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

import redis

from tests.bench.databases import Database
from tests.bench.device_file import DeviceFile, write
from tests.bench.smtp_sink import counted
from tests.servers import Servers, start_valkey

CONTENDERS = {
    "hexenroll": "(h) hexenroll",
    "django": "(a) a Celery task for each message, Django's mail API",
    "raw": "(b) smtplib, one connection, ready-made messages",
}
WARM_UP = 600  # messages; each process of the worker draws its QR codes by a table after the first hundred
PORTAL = "https://enroll.example.com"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--tasks", type=int, default=2_000, help="messages of (a), which is slow and steady")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queueing", type=int, default=100_000, help="invitations to queue; 0: none")
    parser.add_argument("--databases", nargs="+", default=["postgresql"], choices=["postgresql", "sqlite"])
    parser.add_argument("--contenders", nargs="*", default=list(CONTENDERS), choices=list(CONTENDERS))
    parser.add_argument("--no-phases", action="store_true")
    parser.add_argument("--json", type=Path, help="a file for the results")
    return parser.parse_args()


class Bench:
    """What all runs share: the servers, the sink, the files."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.redis_url = start_valkey(servers)
        self.sink = subprocess.Popen([sys.executable, "-m", "tests.bench.smtp_sink"], stdout=subprocess.PIPE, text=True)
        assert self.sink.stdout is not None
        self.port = int(self.sink.stdout.readline())
        self.warm_up = write(servers.folder / "warm-up.csv", WARM_UP, seed=1)

    def file(self, rows: int) -> DeviceFile:
        path = self.servers.folder / f"{rows}.csv"
        return write(path, rows)

    def run(self, contender: str, rows: int, database: Database) -> dict:
        """Run a contender in a fresh database and with an empty queue; return what it measured.

        Raises:
            SystemExit: it failed, or the sink didn't get each message once.
        """
        database.renew()
        redis.Redis.from_url(self.redis_url).flushall()
        before = counted(self.port)
        environment = {
            **database.environment(),
            "DJANGO_SETTINGS_MODULE": "hexenroll.settings",
            "EMAIL_URL": f"smtp://127.0.0.1:{self.port}",
            "DEFAULT_FROM_EMAIL": "Example IT <it@example.com>",
            "PUBLIC_URL": PORTAL,
        }
        file = self.file(rows)
        command = [sys.executable, "-m", "tests.bench.outbox_contender", contender, str(file.path)]
        done = subprocess.run([*command, str(self.warm_up.path)], env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{contender} failed on {database.kind}:\n{done.stderr}")
        result = dict(json.loads(done.stdout.splitlines()[-1]))
        expected = {"raw": rows, "queueing": 0}.get(contender, rows + WARM_UP)
        got = tuple(after - start for after, start in zip(counted(self.port), before, strict=True))
        if got != (expected, expected):
            sys.exit(f"{contender} on {database.kind}: {got} messages and Message-IDs, not {expected}")
        rate = rows / result["seconds"]
        load = os.getloadavg()[0]
        print(f"{database.kind} {contender}: {rate:,.0f}/s of {rows:,} (load {load:.1f})", file=sys.stderr)
        return {"rate": rate, **result}

    def close(self) -> None:
        self.sink.terminate()
        self.sink.wait()
        self.servers.stop()


def main() -> None:
    asked = arguments()
    bench = Bench(Servers())
    results: dict[tuple[str, str], list[dict]] = defaultdict(list)
    try:
        databases = [Database(kind, bench.servers) for kind in asked.databases]
        for _round in range(asked.rounds):
            for database in databases:
                for contender in asked.contenders:
                    rows = min(asked.messages, asked.tasks) if contender == "django" else asked.messages
                    results[database.kind, contender].append(bench.run(contender, rows, database))
        for database in databases:
            if not asked.no_phases:
                results[database.kind, "phases"].append(bench.run("phases", asked.messages, database))
            if asked.queueing:
                results[database.kind, "queueing"].append(bench.run("queueing", asked.queueing, database))
    finally:
        bench.close()
    report(results, asked)
    if asked.json:
        asked.json.write_text(json.dumps({" ".join(key): runs for key, runs in results.items()}, indent=1))


def report(results: dict[tuple[str, str], list[dict]], asked: argparse.Namespace) -> None:
    """Print the rates as Markdown tables, where the time of (h) goes, and how long queueing takes."""
    for kind in dict.fromkeys(kind for kind, _contender in results):
        print(f"\n### {kind}\n")
        print_row(f"{asked.messages:,} invitations", ["messages/s, median (all runs)", "(h) is so many times as fast"])
        print_row("---", ["---", "---"])
        rates = {name: [run["rate"] for run in results.get((kind, name), [])] for name in CONTENDERS}
        for name, label in CONTENDERS.items():
            if rates[name]:
                runs = ", ".join(f"{rate:,.0f}" for rate in rates[name])
                times = f"{median(rates['hexenroll']) / median(rates[name]):.2f}" if rates["hexenroll"] else ""
                print_row(label, [f"{median(rates[name]):,.0f} ({runs})", times])
        for run in results.get((kind, "phases"), []):
            print(f"\nOne lane alone sends {run['rate']:,.0f} messages/s; its time for one:\n")
            print_row("phase", ["ms", "%"])
            print_row("---", ["---", "---"])
            known = dict(sorted(run["phases"].items(), key=lambda phase: -phase[1]))
            known["the rest"] = run["seconds"] - sum(known.values())
            for phase, seconds in known.items():
                cells = [f"{1_000 * seconds / run['sent']:.2f}", f"{100 * seconds / run['seconds']:.0f}"]
                print_row(phase, cells)
        for run in results.get((kind, "queueing"), []):
            print(
                f"\nInviting {run['queued']:,} devices of an import: the press took {run['press'] * 1_000:.0f} ms, "
                f"{run['seconds']:.1f} s later all invitations were queued."
            )


def print_row(label: str, cells: list[str]) -> None:
    print("| " + " | ".join((label, *cells)) + " |")


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    main()
