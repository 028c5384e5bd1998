"""Does the time of the answer tell what was wrong with a credential? `make bench` runs this after the rates.

Against the portal as `make run` starts it, on PostgreSQL, limits of requests lifted: a token that nobody has, an e-mail
address that nobody has, and a wrong one-time password of somebody whose device waits; each with the serial number of
that device. One after the other over one connection, the three of each turn in random order. The three answers must
be the same, byte by byte. "Can't be told apart": the rank test's AUC is between 0.47 and 0.53 (one that guesses by the
time is right so often; with 3,000 of each, chance alone stays within 0.485 and 0.515 in 19 of 20 runs).
"""

import argparse
import json
import os
import random
import select
import sys
from itertools import combinations
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from tests.bench import fleet
from tests.bench.databases import Database
from tests.bench.enroll_load import Connection
from tests.bench.enroll_requests import SEED, posted, said
from tests.bench.fleet_rows import make_fleet, template_of
from tests.bench.rank_test import compared
from tests.bench.served import hexenroll
from tests.servers import Servers

KINDS = ("unknown token", "unknown e-mail address", "wrong password")
WARM_UP = 300  # turns that are not counted
ALIKE = (0.47, 0.53)
Times = dict[str, list[float]]  # milliseconds, by kind


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=3_000, help="of each kind")
    parser.add_argument("--json", type=Path, help="a file for all times")
    return parser.parse_args()


def main() -> None:
    asked, servers = arguments(), Servers()
    turns = asked.requests + WARM_UP
    # A user has one or two devices, and five wrong passwords lock an account: each device is named once.
    devices = turns * 5 // 4 + 1_000
    try:
        database = Database("postgresql", servers)
        make_fleet(database, devices)
        database.renew(template_of(devices))
        with hexenroll(database) as (port, _watched):
            times = measured(port, turns)
    finally:
        servers.stop()
    if asked.json:
        asked.json.write_text(json.dumps(times))
    sys.exit(0 if report(times) else 1)


def measured(port: int, turns: int) -> Times:
    """Return the times of the answers, without those of the warm-up.

    Raises:
        SystemExit: an answer was another one.
    """
    connection, shuffled = Connection(port), random.Random(SEED)
    times: Times = {kind: [] for kind in KINDS}
    answers = set()
    for turn in range(turns):
        for kind in shuffled.sample(KINDS, len(KINDS)):
            connection.send(posted(port, request(kind, turn + 1)))
            while True:
                select.select([connection.socket], [], [])
                if connection.has_answer():
                    break
            if turn >= WARM_UP:
                times[kind].append((perf_counter() - connection.begin) * 1_000)
            answers.add((connection.answer[9:12], connection.answer.partition(b"\r\n\r\n")[2]))
    if len(answers) != 1 or b'"bad_credentials"' not in next(iter(answers))[1]:
        sys.exit(f"not one answer: {answers}")
    return times


def request(kind: str, turn: int) -> bytes:
    """Return the body of a request with the serial number of a device that waits, and with wrong credentials."""
    number = turn * 5 // 4  # another user in each turn
    if kind == "unknown token":
        return said(number, token=f"wrong-link-token-{number:026}")
    email = fleet.EMAIL.of(number) if kind == "wrong password" else f"nobody{number}@example.com"
    return said(number, email=email, password="Wrong-Password-1")


def report(times: Times) -> bool:
    """Print the tables; tell whether none of the kinds can be told from another."""
    print("\n| wrong credentials | median | 25 % to 75 % below | requests |\n| --- | --- | --- | --- |")
    for kind, found in times.items():
        low, _middle, high = quantiles(found, n=4)
        print(f"| {kind} | {median(found):.3f} ms | {low:.3f} to {high:.3f} ms | {len(found):,} |")
    print("\n| told apart by the time? | difference of the medians | AUC (p) | |\n| --- | --- | --- | --- |")
    verdicts = []
    for one, other in combinations(times, 2):
        ranked = compared(times[one], times[other])
        is_alike = ALIKE[0] <= ranked.auc <= ALIKE[1]
        verdicts.append(is_alike)
        difference = (median(times[other]) - median(times[one])) * 1_000
        words = "can't be told apart" if is_alike else "CAN be told apart"
        print(f"| {one}, {other} | {difference:+.0f} µs | {ranked.auc:.3f} ({ranked.p:.2f}) | {words} |")
    return all(verdicts)


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    main()
