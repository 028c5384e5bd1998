"""What the portal remembers about who asked to come in, and by which settings they were judged."""

from .ade_account import AdeAccount
from .ade_device import AdeDevice
from .ade_profile import AdeAssignment, AdeProfile
from .ade_sync import AdeSync
from .answered_request import AnsweredRequest
from .blocked_hardware import BlockedHardware
from .conflict import Conflict
from .device_event import DeviceEvent
from .device_token import DeviceToken
from .enrollment_attempt import EnrollmentAttempt
from .enrollment_settings import EnrollmentSettings
from .lockout import Lockout
from .settings_change import SettingsChange

__all__ = [
    "AdeAccount",
    "AdeAssignment",
    "AdeDevice",
    "AdeProfile",
    "AdeSync",
    "AnsweredRequest",
    "BlockedHardware",
    "Conflict",
    "DeviceEvent",
    "DeviceToken",
    "EnrollmentAttempt",
    "EnrollmentSettings",
    "Lockout",
    "SettingsChange",
]
