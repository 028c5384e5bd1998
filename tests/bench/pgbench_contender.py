"""How fast does PostgreSQL alone run the SQL of an enrollment? By pgbench, without HTTP and Python (the contender (c)).

The statements are those that the gate runs now (gate_statements.py), all of them prepared, whether the gate's are or
not; ways to the server that are no statements of its own (the check that a connection still lives) are left out.
"""

import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import perf_counter
from typing import Any

from tests.bench.cpu_time import seconds_of
from tests.bench.databases import SCRATCH, Database
from tests.bench.enroll_load import result
from tests.bench.enroll_requests import SEED
from tests.bench.fleet import enrolled_of
from tests.servers import postgresql_folder

# More transactions a second than there will be.
MOST_A_SECOND = 8_000


def captured(database: Database) -> str:
    """Return what the gate runs for one device, as pgbench takes it; some devices of the scratch database enroll."""
    environment = {**database.environment(), "DJANGO_SETTINGS_MODULE": "hexenroll.settings"}
    command = [sys.executable, "-m", "tests.bench.gate_statements"]
    made = subprocess.run(command, env=environment, capture_output=True, text=True)
    if made.returncode:
        sys.exit(f"the gate's statements can't be written down:\n{made.stderr}")
    return made.stdout


def measured(
    database: Database, statements: str, devices: int, seconds: float, warm_up: int, clients: int
) -> dict[str, Any]:
    """Enroll waiting devices of the scratch database in random order, each once; return what was measured."""
    waiting = devices - enrolled_of(devices)
    script = database.folder / "enroll.pgbench"
    next_device = rf"\set i permute(:n * {clients} + :client_id, {waiting}, {SEED}) + 1"
    script.write_text(f"{next_device}\n\\set n :n + 1\n{statements}")
    first = warm_up // clients
    _run(database, script, clients, "--define=n=0", f"--transactions={first}")
    most = waiting // clients - first
    limit = f"--time={seconds:.0f}" if most > seconds * MOST_A_SECOND / clients else f"--transactions={most}"
    before, own, begin = seconds_of(database.pid), _own_cpu(), perf_counter()
    times = _run(database, script, clients, f"--define=n={first}", limit)
    took = perf_counter() - begin
    cpu = {"database": seconds_of(database.pid) - before, "load": _own_cpu() - own}
    return {**result(times, took), "cpu_ms": {name: used / len(times) * 1_000 for name, used in cpu.items()}}


def _run(database: Database, script: Path, clients: int, *options: str) -> list[float]:
    """Run pgbench; return the seconds of each transaction."""
    command = [str(postgresql_folder() / "pgbench"), f"--host={database.folder}", "--username=hexenroll", SCRATCH]
    command += ["--no-vacuum", "--protocol=prepared", f"--client={clients}", "--jobs=1", f"--file={script}"]
    command += ["--log", f"--log-prefix={database.folder}/pgbench-log", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"pgbench failed:\n{done.stdout}{done.stderr}")
    times = []
    for path in database.folder.glob("pgbench-log.*"):
        times += [int(line.split()[2]) / 1e6 for line in path.read_text().splitlines()]
        path.unlink()
    return times


def _own_cpu() -> float:
    """Return the CPU seconds of the children that have ended: pgbench's."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
