"""What has become of an enrollment profile, and of its assignment to a device, in sentences? Shown on their pages."""

from typing import Final

from django.utils import timezone
from django.utils.formats import localize
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from enrollment.models import AdeAccount, AdeDevice, AdeProfile

AssignState = AdeDevice.AssignState
# https://developer.apple.com/documentation/devicemanagement/define-profile
_REFUSALS: Final[dict[str, Promise]] = {
    "CONFIG_NAME_INVALID": gettext_lazy("Apple doesn't take the name. Choose a shorter or plainer one."),
    "CONFIG_NAME_REQUIRED": gettext_lazy("Apple misses the name. Write one."),
    "CONFIG_URL_INVALID": gettext_lazy("Apple doesn't take the address of the MDM server. Correct it."),
    "CONFIG_URL_REQUIRED": gettext_lazy("Apple misses the address of the MDM server. Write it."),
    "DEPARTMENT_INVALID": gettext_lazy("Apple doesn't take the department. Write it shorter, or leave it empty."),
    "FLAGS_INVALID": gettext_lazy(
        "Apple doesn't take this choice: without supervision the user must be allowed to remove the management."
    ),
    "LOCALE_INVALID": gettext_lazy("Apple doesn't know this language and region together. Correct or empty both."),
    "MAGIC_INVALID": gettext_lazy("Apple doesn't take the organisation's mark. Write it shorter, or leave it empty."),
    "SUPPORT_EMAIL_INVALID": gettext_lazy("Apple doesn't take the support e-mail address. Correct or empty it."),
    "SUPPORT_PHONE_INVALID": gettext_lazy("Apple doesn't take the support phone. Write it shorter, or leave it empty."),
}
_ASSIGNMENTS: Final[dict[str, Promise]] = {
    AssignState.ASSIGNED: gettext_lazy("Apple has assigned it. The device gets it when it is set up, or erased."),
    AssignState.REMOVED: gettext_lazy("Apple has removed it. The device is set up without management from now on."),
    AssignState.NOT_ACCESSIBLE: gettext_lazy(
        "Apple says that the device is not accessible to this server: it belongs to another one, or was given away."
    ),
}


def refusal_of(profile: AdeProfile) -> str:
    """Return why Apple refused a profile, and what to do."""
    if profile.last_error in _REFUSALS:
        return str(_REFUSALS[profile.last_error])
    return _("Apple doesn't take it as it is (%(code)s). Change it, or try again.") % {"code": profile.last_error}


def assignment_of(device: AdeDevice) -> str:
    """Return how far the assignment of a device is, and what keeps it; "" where nothing was ever wanted.

    Args:
        device: selected with its account and that one's `assignment`.
    """
    if device.assign_state in _ASSIGNMENTS:
        return str(_ASSIGNMENTS[device.assign_state])
    if device.assign_state not in AdeDevice.OPEN:
        return ""
    if device.account.state == AdeAccount.State.NEW:
        return _("Waiting: the account has no token. Connect it first.")
    if device.account.state in AdeAccount.NEEDS_SOMEBODY:
        trouble = device.account.get_state_display()
        return _("Waiting: the account is in trouble (%(state)s). Its page says what to do.") % {"state": trouble}
    until = localize(localtime(device.assign_after)) if device.assign_after else ""
    if device.assign_state == AssignState.THROTTLED:
        return _("Apple asks to wait until %(time)s with this device; then the portal tries again.") % {"time": until}
    if device.assign_state == AssignState.FAILED:
        return _("It didn't work at Apple. After %(time)s the portal tries again.") % {"time": until}
    return _("Waiting until %(time)s, as Apple asked for this device.") % {"time": until} if until else _waiting(device)


def _waiting(device: AdeDevice) -> str:
    """Return what a device waits for that Apple has said nothing about."""
    if device.wanted_profile is not None and device.wanted_profile.state == AdeProfile.State.FAILED:
        return _("Waiting: Apple refused the profile. Correct it first.")
    assignment = getattr(device.account, "assignment", None)  # none: nothing was ever told
    if assignment is not None and assignment.next_at is not None and assignment.next_at > timezone.now():
        when = localize(localtime(assignment.next_at))
        text = _("Waiting until %(time)s: Apple asked for it, or didn't answer as it should (%(code)s).")
        return text % {"time": when, "code": assignment.error}
    return _("Waiting: Apple will be told in a moment.")
