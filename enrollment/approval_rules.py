"""What do the enrollment settings say about approvals? Registered with devices/approval.py, which may not name them."""

from datetime import datetime, timedelta

from .models import EnrollmentSettings


def end_of_approval(now: datetime) -> datetime | None:
    """Return when an approval that is given at `now` ends; None: it is good until it is used."""
    days = EnrollmentSettings.objects.current().approval_days
    return now + timedelta(days=days) if days else None


def excluded_platforms() -> frozenset[str]:
    """Return the platforms that are excluded whatever the version or way: no row of an import can be for them."""
    exclusions = EnrollmentSettings.objects.current().rules.exclusions
    return frozenset(
        exclusion.platform
        for exclusion in exclusions
        if not (exclusion.os_from or exclusion.methods or exclusion.management_modes)
    )
