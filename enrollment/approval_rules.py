"""What do the enrollment settings say about approvals? Registered with devices/approval.py, which may not name them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from .eligibility import Exclusion
from .models import EnrollmentSettings


def end_of_approval(now: datetime) -> datetime | None:
    """Return when an approval that is given at `now` ends; None: it is good until it is used."""
    days = EnrollmentSettings.objects.current().approval_days
    return now + timedelta(days=days) if days else None


def exclusions() -> tuple[Exclusion, ...]:
    """Return what pre-approval can't match; nothing is written, not even the row of the settings."""
    row = EnrollmentSettings.objects.filter(pk=EnrollmentSettings.THE_ROW).first() or EnrollmentSettings()
    return row.rules.exclusions


def excluded_platforms(among: Iterable[Exclusion] | None = None) -> frozenset[str]:
    """Return the platforms that are excluded whatever the version or way: no row of an import can be for them.

    Args:
        among: these exclusions; None: those of the settings.
    """
    return frozenset(
        exclusion.platform
        for exclusion in (exclusions() if among is None else among)
        if not (exclusion.os_from or exclusion.methods or exclusion.management_modes)
    )
