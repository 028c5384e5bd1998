"""How long does the server take for the review and check pages of a large batch?

A process of its own: `python -m tests.bench.page_times FILE KNOWN_FILE`; prints for each page the median and the
longest of ten requests, in milliseconds, as JSON.
"""

import json
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

import django

REQUESTS = 10


def main(path: Path, known: Path) -> dict[str, tuple[float, float]]:
    """Commit the devices of `known`, check `path`, then ask for its pages."""
    django.setup()
    from django.contrib.auth.models import User
    from django.test import Client
    from django.urls import reverse

    from devices.models import ImportRow
    from tests.bench.hexenroll_contender import checked, run

    run(known)
    batch = checked(path)
    ImportRow.objects.filter(batch=batch, line__gt=1_000, line__lt=3_000).update(invite=False)
    client = Client(SERVER_NAME="127.0.0.1")
    person = User.objects.create_superuser("bench")
    client.force_login(person, backend="hexenroll.accounts.people.PeopleBackend")
    last = batch.counts["rows"] - 100
    review, check = (reverse(f"enroll:{name}", args=[batch.pk]) for name in ("review", "check"))
    pages = {
        "review, first page": review,
        "review, last page": f"{review}?after={last}",
        "review, search that matches few": f"{review}?q=müller 0199",
        "review, search that matches many": f"{review}?q=berlin",
        "review, new rows": f"{review}?kind=new",
        "review, devices that are there": f"{review}?kind=known_device",
        "review, not invited": f"{review}?invite=no",
        "review, duplicates to decide": f"{review}?decision=undecided",
        "check, problems by code": check,
        "check, one code": f"{check}?code=unknown_choice",
        "history": reverse("enroll:pre_approve"),
    }
    return {name: _times(client, page) for name, page in pages.items()}


def _times(client: "django.test.Client", page: str) -> tuple[float, float]:
    """Ask for a page ten times; return the median and the longest time, in milliseconds."""
    times = []
    for _ in range(REQUESTS):
        begin = perf_counter()
        answer = client.get(page)
        times.append((perf_counter() - begin) * 1_000)
        if answer.status_code != 200:
            raise RuntimeError(f"{page}: {answer.status_code}")
    return median(times), max(times)


if __name__ == "__main__":
    print(json.dumps(main(*map(Path, sys.argv[1:]))))
