"""Does the portal work, and if not, which part? Answers /healthz, for load balancers, monitors and `up`."""

import asyncio
import dataclasses
import shutil
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from health_check import Cache, Database, HealthCheck
from health_check.exceptions import HealthCheckException, ServiceUnavailable

LEAST_FREE_BYTES = 256 * 2**20


@dataclasses.dataclass
class DiskSpace(HealthCheck):
    """Fail while the data folder's disk has less than 256 MiB free: uploads would break half-way."""

    def run(self) -> None:
        try:
            free = shutil.disk_usage(settings.HEXENROLL_DATA).free
        except OSError as error:
            raise ServiceUnavailable(f"the data folder can't be read: {error.strerror}") from error
        if free < LEAST_FREE_BYTES:
            raise ServiceUnavailable(f"{free // 2**20} MiB free, {LEAST_FREE_BYTES // 2**20} MiB needed")


@dataclasses.dataclass
class Migrations(HealthCheck):
    """Fail while the database lacks a migration of this version of the program."""

    def run(self) -> None:
        try:
            loader = MigrationLoader(connection)
            missing = set(loader.graph.nodes) - set(loader.applied_migrations)
        except DatabaseError as error:
            raise ServiceUnavailable("the database doesn't answer") from error
        finally:
            connection.close()  # of the thread that this check runs in, which nobody uses again
        if missing:
            raise ServiceUnavailable(f"{len(missing)} not applied: run manage.py migrate")


PARTS: dict[str, HealthCheck] = {
    "database": Database(),
    "migrations": Migrations(),
    "broker": Cache(),  # the broker and the cache are one Valkey
    "disk": DiskSpace(),
}


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200, or 503 with the names of the failing parts, as JSON; never cached."""
    with ThreadPoolExecutor(max_workers=1) as thread:  # of its own: this one may have an event loop already
        errors = thread.submit(asyncio.run, _errors()).result()
    failing = [name for name, error in errors.items() if error]
    parts = {name: str(error) if error else "ok" for name, error in errors.items()}
    answer = {"status": "failing" if failing else "ok", "failing": failing, "parts": parts}
    return JsonResponse(answer, status=503 if failing else 200)


async def _errors() -> dict[str, HealthCheckException | None]:
    """Return what is wrong with each part, None where nothing is; they are looked at side by side."""
    results = await asyncio.gather(*(check.get_result() for check in PARTS.values()))
    return {name: result.error for name, result in zip(PARTS, results, strict=True)}
