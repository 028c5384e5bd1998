"""How fast does Apple's list come in, from the simulator into PostgreSQL? `python -m tests.bench.ade_rate`.

Goals: 50,000 new devices at 6,000 a second with the simulator's own time, memory flat; 1,000 changes among 200,000
known devices within 3 seconds; as many statements for each page. Each run in a fresh process and a fresh database.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.ade_simulator.running import Simulator
from tests.bench.databases import Database
from tests.servers import Servers, start_valkey

AT_ONCE = 10_000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, nargs="+", default=[10_000, 50_000, 200_000], help="sizes of the list")
    parser.add_argument("--changes", type=int, default=1_000, help="devices that are changed after each")
    parser.add_argument("--database", default="postgresql", choices=["postgresql", "sqlite"])
    return parser.parse_args()


def main() -> None:
    asked, servers = arguments(), Servers()
    simulator = Simulator()
    try:
        start_valkey(servers)
        database = Database(asked.database, servers)
        found = {number: measure(number, asked.changes, database, simulator) for number in asked.devices}
        report(found, asked.changes)
    finally:
        simulator.close()
        servers.stop()


def measure(devices: int, changes: int, database: Database, simulator: Simulator) -> dict[str, Any]:
    """Sync a list of so many devices, then so many changes of it; return what was measured.

    Raises:
        SystemExit: it failed, or the devices afterwards are not those of the list.
    """
    database.renew()
    simulator.reset()
    serials: list[str] = []
    while len(serials) < devices:
        serials += simulator.add(min(AT_ONCE, devices - len(serials)), os="iOS", told=False)
    command = [sys.executable, "-m", "tests.bench.ade_sync", simulator.base_url, json.dumps(simulator.token())]
    environment = {**database.environment(), "DJANGO_SETTINGS_MODULE": "hexenroll.settings"}
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    third = changes // 3
    if process.stdout.readline().strip() == "CHANGE":
        simulator.change(serials[:third], color="PLUM")
        simulator.delete(serials[third : 2 * third])
        simulator.add(changes - 2 * third, os="iOS")
    said, _nothing = process.communicate("go\n")
    if process.returncode:
        sys.exit(f"the sync of {devices} devices failed")
    result: dict[str, Any] = json.loads(said.splitlines()[-1])
    if (result["devices"], result["devices_after"]) != (devices, devices + changes - 3 * third):
        sys.exit(f"{devices} devices became {result['devices']}, and {result['devices_after']} after the changes")
    if result["profiled"] < devices + changes - 2 * third:
        sys.exit(f"{result['profiled']} devices were to get the default profile")
    rate = devices / result["full"]["seconds"]
    print(f"{devices:,} devices: {rate:,.0f} a second (load {os.getloadavg()[0]:.1f})", file=sys.stderr)
    return result


def report(found: dict[int, dict[str, Any]], changes: int) -> None:
    """Print a Markdown table."""
    print(
        f"\n| devices | full | devices/s | statements a page | peak memory | {changes:,} changes | statements a page | "
        "peak memory then |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for devices, result in found.items():
        full, delta = result["full"], result["delta"]
        cells = [
            *(f"{devices:,}", f"{full['seconds']:.1f} s", f"{devices / full['seconds']:,.0f}"),
            *(shown(full), f"{result['peak_mb']:.0f} MB", f"{delta['seconds']:.2f} s", shown(delta)),
            f"{result['peak_mb_after']:.0f} MB",
        ]
        print(f"| {' | '.join(cells)} |")


def shown(sync: dict[str, Any]) -> str:
    """Return how many statements pages took, and how many pages each."""
    return ", ".join(f"{statements} ({pages})" for statements, pages in sync["statements"].items())


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    main()
