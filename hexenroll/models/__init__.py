"""What the console keeps of the people and programs that use it, and of what they did."""

from .api_key import ApiKey
from .audit_entry import AuditEntry
from .dashboard_summary import DashboardSummary
from .preferences import Preferences
from .scheduled_report import ScheduledReport

__all__ = ["ApiKey", "AuditEntry", "DashboardSummary", "Preferences", "ScheduledReport"]
