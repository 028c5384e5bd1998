"""Can the mail service report what became of mails? The system checks hexenroll.E026 and W029.

E026 a secret that no service can send; W029 reports that can't be told from forged ones, and are not taken.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register
def check_reports_of_mails(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return what keeps the reports of EMAIL_PROVIDER from being taken. Secrets are never part of it."""
    # Imported where it is used: the models behind it are not there yet when checks are registered.
    from invitations.webhooks.mail import SERVICES, is_listening

    service = SERVICES.get(settings.EMAIL_PROVIDER)
    if service is None:
        return []
    given = settings.ANYMAIL.get("WEBHOOK_SECRET", [])
    secrets = given if isinstance(given, list) else [given]
    if not all(isinstance(secret, str) and ":" in secret.strip(":") for secret in secrets):
        hint = "Make up a name and a password: ANYMAIL_WEBHOOK_SECRET=name:password. Several are a JSON list."
        return [Error("ANYMAIL_WEBHOOK_SECRET is not name:password.", hint=hint, id="hexenroll.E026")]
    if is_listening():
        return []
    keys = " or ".join(f"ANYMAIL_{name}" for name in ("WEBHOOK_SECRET", service.key) if name)
    address = f"{settings.PUBLIC_URL}/webhooks/mail/"
    return [
        Warning(
            f"{settings.EMAIL_PROVIDER} can't report which mails arrived: nothing tells its reports from forged ones.",
            hint=f"Mails go out all the same. Set {keys}, and have {settings.EMAIL_PROVIDER} report to {address}; with "
            "ANYMAIL_WEBHOOK_SECRET write its name:password@ before the host there.",
            id="hexenroll.W029",
        )
    ]
