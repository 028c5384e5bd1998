"""May a simulator of Apple's service run beside this portal? The system checks hexenroll.E050 and W050."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from hexenroll.ade_simulator import is_there
from hexenroll.mail_checks import is_loopback


@register
def check_the_simulator_is_for_show(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return E050 when the simulator isn't there, W050 when it would run beside a portal that others use."""
    if not settings.HEXENROLL_ADE_SIMULATOR:
        return []
    if not is_there():
        message = "HEXENROLL_ADE_SIMULATOR is on, but the simulator is not in this installation."
        return [Error(message, hint="It is in the repository, under tests/. Unset the setting.", id="hexenroll.E050")]
    if is_loopback(urlsplit(settings.PUBLIC_URL).hostname or ""):
        return []
    message = (
        "HEXENROLL_ADE_SIMULATOR is on: made-up devices of a made-up organisation are pre-approved in this portal, "
        f"which others reach at {settings.PUBLIC_URL}."
    )
    hint = "Unset it, then delete the ADE account “Demo” and its devices. It is there to look around."
    return [Warning(message, hint=hint, id="hexenroll.W050")]
