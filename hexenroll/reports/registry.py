"""Which reports are there, and which of them may somebody see?"""

from typing import Any

from .by_domain import ByDomain
from .by_group import ByGroup
from .disenrolled import Disenrolled
from .enrolled import Enrolled
from .refused_attempts import RefusedAttempts
from .report import Report
from .stale_approvals import StaleApprovals

# By name, in the order in which they are shown.
REPORTS: dict[str, Report] = {
    report.name: report
    for report in (Enrolled(), Disenrolled(), StaleApprovals(), RefusedAttempts(), ByDomain(), ByGroup())
}


def open_to(person: Any) -> list[Report]:
    """Return the reports that somebody may see."""
    return [report for report in REPORTS.values() if report.is_open_to(person)]
