"""How fast is the import, beside what else there is? `make bench` runs this and prints tables for README.

Contenders, interleaved on one database server, each run in a fresh process and a fresh database:
(a) hexenroll from the uploaded file to the committed batch; (b) django-import-export as it comes, its two passes;
(c) the same tuned; (d) raw COPY into one table with the device table's indexes (PostgreSQL).
"""

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

from tests.bench.databases import Database
from tests.bench.device_file import DeviceFile, write
from tests.servers import Servers, start_valkey

CONTENDERS = {
    "hexenroll": "(a) hexenroll",
    "stock": "(b) django-import-export as it comes",
    "tuned": "(c) django-import-export, tuned",
    "copy": "(d) raw COPY into one table",
}
# More rows than these say nothing new about a contender, and take very long.
MOST_ROWS = {"hexenroll": 10**8, "stock": 10_000, "tuned": 100_000, "copy": 10**8}
Key = tuple[str, int, str]  # database, rows, contender


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="sizes of the file")
    parser.add_argument("--runs", type=int, default=3, help="of each; one above 100,000 rows")
    parser.add_argument("--databases", nargs="+", default=["postgresql", "sqlite"], choices=["postgresql", "sqlite"])
    parser.add_argument("--contenders", nargs="*", default=list(CONTENDERS), choices=list(CONTENDERS))
    parser.add_argument("--pages", type=int, default=200_000, help="rows of the batch whose pages are timed; 0: none")
    parser.add_argument("--web", type=int, default=1_000_000, help="rows of the file that is uploaded; 0: none")
    return parser.parse_args()


def main() -> None:
    asked, servers = arguments(), Servers()
    results: dict[Key, list[dict]] = defaultdict(list)
    try:
        start_valkey(servers)
        databases = [Database(kind, servers) for kind in asked.databases]
        files = [write(servers.folder / f"{rows}.csv", rows) for rows in sorted(asked.rows)]
        warm_up = write(servers.folder / "warm-up.csv", 100, seed=1)
        for number in range(asked.runs):
            for file in files:
                for database in databases:
                    for contender in asked.contenders:
                        if is_wanted(contender, file.rows, database.kind, number):
                            result = measure(contender, file, warm_up, database)
                            results[database.kind, file.rows, contender].append(result)
        report(results)
        for database in databases:
            if asked.pages:
                report_pages(asked.pages, database)
        if asked.web:
            report_web(asked.web, databases[0])
    finally:
        servers.stop()


def is_wanted(contender: str, rows: int, kind: str, number: int) -> bool:
    """Tell whether a contender is in the race, in the run with this number; what is slow and no goal runs once."""
    once = rows > 100_000 or (contender, kind) == ("stock", "sqlite")
    return rows <= MOST_ROWS[contender] and (contender, kind) != ("copy", "sqlite") and not (once and number)


def measure(contender: str, file: DeviceFile, warm_up: DeviceFile, database: Database) -> dict:
    """Run one contender in a process of its own; return what it measured.

    Raises:
        SystemExit: it failed, or the devices or users afterwards are not those of the file.
    """
    result = run("measure", database, contender, str(file.path), str(warm_up.path))
    users = 0 if contender == "copy" else file.users
    if (result["devices"], result["users"]) != (file.rows, users):
        sys.exit(f"{contender} on {database.kind} made {result['devices']} devices and {result['users']} users")
    load = os.getloadavg()[0]
    rate = file.rows / result["seconds"]
    print(f"{database.kind} {contender}: {rate:,.0f} rows/s of {file.rows:,} (load {load:.1f})", file=sys.stderr)
    return result


def run(module: str, database: Database, *words: str) -> dict:
    """Run one of the modules beside this one in a process of its own, on a fresh database; return what it printed."""
    database.renew()
    command = [sys.executable, "-m", f"tests.bench.{module}", *words]
    environment = {**database.environment(), "DJANGO_SETTINGS_MODULE": "hexenroll.settings"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{module} {' '.join(words)} failed on {database.kind}:\n{done.stderr}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def report_pages(rows: int, database: Database) -> None:
    """Print how long the pages of a batch take; a tenth of its devices are in the portal, one row in 100 is wrong."""
    known = write(database.folder / "known.csv", rows // 10)
    file = write(database.folder / "pages.csv", rows, wrong_every=100)
    times = run("page_times", database, str(file.path), str(known.path))
    print(f"\n| {database.kind}, batch of {rows:,} rows | median | longest |")
    print_row("---", ["---", "---"])
    for page, (middle, longest) in times.items():
        print_row(page, [f"{middle:.0f} ms", f"{longest:.0f} ms"])


def report_web(rows: int, database: Database) -> None:
    """Print what the upload and the pages of a file cost the web server."""
    file = write(database.folder / "web.csv", rows)
    found = run("web_memory", database, str(file.path))
    print(
        f"\nWeb, {database.kind}: a file of {rows:,} rows ({file.path.stat().st_size / 1e6:.0f} MB) was stored in "
        f"{found['upload_seconds']:.1f} s; the worker's peak memory, its pages included, was {found['peak_mb']:.0f} MB."
    )


def report(results: dict[Key, list[dict]]) -> None:
    """Print the rates as Markdown tables, and where (a)'s time goes."""
    for database in dict.fromkeys(key[0] for key in results):
        sizes = sorted({rows for kind, rows, _ in results if kind == database})
        print(f"\n### {database}\n")
        print_row("rows/s (peak memory; (a) is so many times as fast)", [f"{rows:,} rows" for rows in sizes])
        print_row("---", ["---"] * len(sizes))
        for contender, label in CONTENDERS.items():
            cells = [cell(results, (database, rows, contender)) for rows in sizes]
            if any(cells):
                print_row(label, cells)
        phases(results, database, sizes)


def cell(results: dict[Key, list[dict]], key: Key) -> str:
    """Return one cell of the table; empty when that was not measured."""
    found, own = results.get(key), results.get((*key[:2], "hexenroll"))
    if not found:
        return ""
    seconds = median(result["seconds"] for result in found)
    text = f"{key[1] / seconds:,.0f} ({max(result['peak_mb'] for result in found):.0f} MB"
    if own and key[2] != "hexenroll":
        text += f"; {seconds / median(result['seconds'] for result in own):.2f}"
    return text + ")"


def phases(results: dict[Key, list[dict]], database: str, sizes: list[int]) -> None:
    """Print the share of each phase of (a)."""
    found = {rows: results[database, rows, "hexenroll"] for rows in sizes if (database, rows, "hexenroll") in results}
    if not found:
        return
    print()
    print_row("where (a)'s time goes", [f"{rows:,} rows" for rows in found])
    print_row("---", ["---"] * len(found))
    names = dict.fromkeys(name for runs in found.values() for result in runs for name in result["phases"])
    for name in names:
        cells = []
        for runs in found.values():
            seconds = median(result["phases"].get(name, 0.0) for result in runs)
            cells.append(f"{seconds:.2f} s, {100 * seconds / median(result['seconds'] for result in runs):.0f} %")
        print_row(name, cells)


def print_row(label: str, cells: list[str]) -> None:
    print("| " + " | ".join((label, *cells)) + " |")


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    main()
