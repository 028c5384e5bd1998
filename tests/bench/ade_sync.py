"""One sync of each kind, in a process of its own: `python -m tests.bench.ade_sync BASE_URL TOKEN`, called by ade_rate.

TOKEN is JSON, as the simulator tells it. After the full sync a line CHANGE is printed, and a line from stdin goes on:
then Apple's list has changed. At last comes one JSON object: seconds and statements a page of the full sync and of the
delta, the peak memory after each, the devices, and how many were to get the account's default profile.
"""

import gc
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from time import perf_counter
from typing import Any

import django

from tests.bench.measure import peak_mb


def main(base_url: str, token: dict[str, str], change: Callable[[], None]) -> dict[str, Any]:
    """Sync an account in full, let Apple's list change, and sync the changes."""
    django.setup()
    from devices.models import Device, DeviceGroup, Domain
    from enrollment.models import AdeAccount, AdeDevice, AdeProfile

    expires_at = datetime.fromisoformat(token.pop("access_token_expiry"))
    account = AdeAccount.objects.create(
        name="measured",
        base_url=base_url,
        domain=Domain.objects.local(),
        private_key="not used",
        server_token=json.dumps(token),
        token_expires_at=expires_at,
        state=AdeAccount.State.OK,
    )
    account.groups.add(DeviceGroup.objects.create(name="Of the account"))
    account.default_profile = AdeProfile.objects.create(account=account, name="Default", url="https://mdm.example.com/")
    account.save(update_fields=["default_profile"])
    gc.collect()
    gc.freeze()  # as the portal's worker does (hexenroll/celery.py)
    full = measured(account)
    found = {"full": full, "peak_mb": peak_mb(), "devices": Device.objects.count()}
    change()
    found |= {"delta": measured(account), "peak_mb_after": peak_mb(), "devices_after": Device.objects.count()}
    return {**found, "profiled": AdeDevice.objects.filter(wanted_profile=account.default_profile).count()}


def measured(account: Any) -> dict[str, Any]:
    """Carry out a sync; return its seconds, pages, and the statements of most of its pages."""
    from enrollment.ade import runs, sync

    with statements_of_pages() as statements:
        begin = perf_counter()
        run = runs.begin(account, tell_worker=False)
        sync.run(run.pk)
        seconds = perf_counter() - begin
    run.refresh_from_db()
    if run.state != "done":
        raise RuntimeError(f"the sync is {run.state}: {run.error}")
    kind = {"seconds": seconds, "pages": run.pages, "fetched": run.fetched, "made": run.pre_approved}
    return {**kind, "statements": dict(Counter(statements).most_common(3))}


@contextmanager
def statements_of_pages() -> Iterator[list[int]]:
    """Count the statements of each page that is saved."""
    from django.db import connection

    from enrollment.ade import pages

    counted, found = [0], []
    save = pages.save

    def count(execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: Any) -> Any:
        counted[0] += 1
        return execute(sql, parameters, many, context)

    def watched(*arguments: Any, **named: Any) -> None:
        before = counted[0]
        save(*arguments, **named)
        found.append(counted[0] - before)

    pages.save = watched
    try:
        with connection.execute_wrapper(count):
            yield found
    finally:
        pages.save = save


def wait_for_change() -> None:
    """Let whoever started this change Apple's list."""
    print("CHANGE", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2]), wait_for_change)))
