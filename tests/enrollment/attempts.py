"""What a test of the pages of attempts needs: a refused attempt, and texts that would harm a careless page."""

from typing import Any

from enrollment.models import EnrollmentAttempt
from enrollment.reasons import LETS_IN, Reason

LIST = "/admin/enrollment/enrollmentattempt/"
HOSTILE = "<script>alert(1)</script>\u202e{{ 7 }}=cmd|' /C calc'!A0 😀"


def attempt_of(**changes: Any) -> EnrollmentAttempt:
    """Make an attempt of a Mac that nobody knows, refused because of that."""
    values: dict[str, Any] = {
        "serial_number": "C02XG2JHJG5J",
        "platform": "macos",
        "os_version": "14.5",
        "method": "agent",
        "hardware_uuid": "4A3E",
        "manufacturer": "Apple",
        "model": "MacBookPro18,1",
        "reason": Reason.NOT_PRE_APPROVED,
        "address": "192.0.2.7",
        "user_agent": "hexenroll-agent/1",
    } | changes
    return EnrollmentAttempt.objects.create(**{"is_let_in": values["reason"] in LETS_IN} | values)
