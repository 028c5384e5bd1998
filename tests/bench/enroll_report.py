"""How are the rates of the gate told? Markdown tables for README and where they stand against the goals; pure."""

from collections.abc import Mapping
from statistics import median
from typing import Any

Run = dict[str, Any]  # what enroll_load.py measured
Results = Mapping[tuple[str, int, str], list[Run]]  # mode, devices, contender

LABELS = {
    ("enroll", "a"): "(a) hexenroll",
    ("enroll", "b"): "(b) a naive view, gunicorn sync",
    ("enroll", "b2"): "(b2) the same, with database connections that last",
    ("enroll", "c"): "(c) the SQL of (a), by pgbench",
    ("bad_credentials", "a"): "(a) refuses an unknown token (`bad_credentials`)",
    ("not_pre_approved", "a"): "(a) refuses a serial number, no credentials demanded (`not_pre_approved`)",
    ("unchanged", "a"): "(a) answers `GET /api/v1/device` by 304",
}
OTHERS = ("b", "b2", "c")


def table(results: Results) -> str:
    """Return the rates, median and 99 % latency, and how (a) stands beside the others; medians over the rounds."""
    sizes = _sizes(results)
    lines = _head("requests/s (median, p99)", sizes)
    for (mode, contender), label in LABELS.items():
        if any((mode, size, contender) in results for size in sizes):
            cells = [_cell(results.get((mode, size, contender), [])) for size in sizes]
            lines.append(_row(label, cells))
    others = [other for other in OTHERS if any(("enroll", size, other) in results for size in sizes)]
    if others and any(("enroll", size, "a") in results for size in sizes):
        names = ", ".join(f"({other})" for other in others)
        cells = [", ".join(_times(results, size, other) for other in others) for size in sizes]
        lines.append(_row(f"(a) is so many times as fast as {names}", cells))
    return "\n".join(lines)


def costs(results: Results) -> str:
    """Return what a request takes in CPU time, by process; medians over the rounds."""
    sizes = _sizes(results)
    lines = _head("CPU of a request, ms", sizes)
    for (mode, contender), label in LABELS.items():
        cells = []
        for size in sizes:
            runs = results.get((mode, size, contender), [])
            names = runs[0]["cpu_ms"] if runs else ()
            cells.append(", ".join(f"{name} {median(run['cpu_ms'][name] for run in runs):.2f}" for name in names))
        if any(cells):
            lines.append(_row(label, cells))
    return "\n".join(lines)


def growth(results: Results) -> str:
    """Return how the rate of (a) at the largest size stands to that at the smallest; "" for one size."""
    rates = {
        size: rate_of(results["enroll", size, "a"]) for size in _sizes(results) if ("enroll", size, "a") in results
    }
    if len(rates) < 2:
        return ""
    small, large = min(rates), max(rates)
    return f"(a) enrolls at {large:,} devices {100 * rates[large] / rates[small]:.0f} % of what it does at {small:,}."


def rate_of(runs: list[Run]) -> float:
    """Return requests a second, the median of some runs."""
    return median(run["rate"] for run in runs)


def _times(results: Results, size: int, other: str) -> str:
    own, others = results.get(("enroll", size, "a")), results.get(("enroll", size, other))
    return f"{rate_of(own) / rate_of(others):.2f}" if own and others else "–"


def _cell(runs: list[Run]) -> str:
    if not runs:
        return ""
    middle, worst = (median(run[name] for run in runs) for name in ("median_ms", "p99_ms"))
    return f"{rate_of(runs):,.0f} ({middle:.0f}, {worst:.0f} ms)"


def _sizes(results: Results) -> list[int]:
    return sorted({devices for _mode, devices, _contender in results})


def _head(title: str, sizes: list[int]) -> list[str]:
    return [_row(title, [f"{size:,} devices" for size in sizes]), _row("---", ["---"] * len(sizes))]


def _row(label: str, cells: list[str]) -> str:
    return "| " + " | ".join((label, *cells)) + " |"
