"""One measurement, in a process of its own: `python -m tests.bench.measure CONTENDER FILE WARM_UP_FILE`.

Prints one JSON object: seconds, peak_mb (the process's own memory, Python included), phases, devices and users.
"""

import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import django


def main(contender: str, path: Path, warm_up: Path) -> dict[str, object]:
    """Import `warm_up`, as a worker that has been at it for a while, then measure the import of `path`."""
    django.setup()
    from devices.models import Device, DeviceUser

    run, after, phases = prepared(contender, path, warm_up)
    devices, users = Device.objects.count(), DeviceUser.objects.count()
    phases.clear()
    gc.collect()
    gc.freeze()  # as the portal's worker does (hexenroll/celery.py)
    begin = perf_counter()
    run()
    seconds = perf_counter() - begin
    return {
        "seconds": seconds,
        "peak_mb": peak_mb(),
        "phases": dict(phases),
        "devices": after() - devices,
        "users": DeviceUser.objects.count() - users,
    }


Prepared = tuple[Callable[[], object], Callable[[], int], dict[str, float]]


def prepared(contender: str, path: Path, warm_up: Path) -> Prepared:
    """Return what is measured, what counts the devices afterwards, and the phases' seconds."""
    from devices.models import Device

    if contender == "copy":
        from tests.bench import copy_contender

        copy_contender.copy(copy_contender.prepare(warm_up))
        data, before = copy_contender.prepare(path), copy_contender.count()
        return lambda: copy_contender.copy(data), lambda: copy_contender.count() - before, {}
    if contender == "hexenroll":
        from tests.bench import hexenroll_contender

        phases = hexenroll_contender.watched().seconds
        hexenroll_contender.run(warm_up)
        return lambda: hexenroll_contender.run(path), Device.objects.count, phases
    from tests.bench import import_export_contender

    bring = {"stock": import_export_contender.stock, "tuned": import_export_contender.tuned}[contender]
    bring(warm_up)
    return lambda: bring(path), Device.objects.count, {}


def peak_mb(process: str = "self") -> float:
    """Return the most memory that a process ever had, in megabytes (of 10^6 bytes).

    Not ru_maxrss: that begins with the memory of the process which started this one.
    """
    status = Path(f"/proc/{process}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) * 1.024 / 1_000


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
