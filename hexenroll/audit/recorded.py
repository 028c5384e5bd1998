"""Which models does the audit log record, each `save` and `delete` of them, and which of their fields never?

What isn't here is recorded otherwise, or nowhere: docs/audit.md has the rule.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from auditlog.registry import auditlog
from django.apps import apps
from django.db.models import Field, Model

from devices.policies import kept_secret

HIDDEN: Final = "••••••••"
# Never stored in an entry, of whatever model, nor is what it was before.
SECRET_FIELDS: Final = frozenset(
    {
        *("password", "one_time_password", "key_hash", "token_hash", "digest", "data", "secret", "session_data"),
        *("profile", "token", "private_key", "session_key", "key"),
    }
)
# What the program writes by itself, which is nobody's change.
BOOKKEEPING: Final = frozenset(
    {
        *("id", "created_at", "updated_at", "last_login", "last_used_at", "last_address", "last_sent_at", "last_error"),
        *("next_at", "heartbeat_at", "alive_at", "attempts", "email_key", "state_changed_at", "rows_done", "progress"),
    }
)


@dataclass(frozen=True)
class Recorded:
    """How a model is recorded.

    Attributes:
        leave_out: fields, besides those above.
        hide: fields of which only is told that they changed.
        masked: fields of JSON whose secrets are hidden.
        links: many-to-many fields.
    """

    leave_out: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


# What Apple tells, and where the sync is.
OF_APPLE: Final = (
    *("server_token", "warned_at_days", "server_name", "server_uuid", "org_name", "org_id", "org_type", "admin_id"),
    *("page_limit", "checked_at", "state", "cursor", "needs_full", "full_at", "synced_at"),
)
OF_FILE: Final = ("file", "bad_rows_file", "sha256", "size", "file_format", "headers", "header_fingerprint", "run")
RECORDED: Final[dict[str, Recorded]] = {
    "devices.Device": Recorded(links=("groups", "policies")),
    "devices.DeviceUser": Recorded(),
    "devices.DeviceGroup": Recorded(links=("policies",)),
    "devices.Domain": Recorded(),
    "devices.Policy": Recorded(masked=("settings", "apps")),
    "devices.ImportBatch": Recorded(leave_out=(*OF_FILE, "counts", "failure"), links=("groups", "policies")),
    "devices.BulkAction": Recorded(leave_out=("position", "last", "total", "done", "changed", "skipped", "chosen")),
    "devices.SavedView": Recorded(),
    "devices.DomainAccessOfPerson": Recorded(),
    "devices.DomainAccessOfRole": Recorded(),
    "invitations.MessageTemplate": Recorded(),
    "enrollment.EnrollmentSettings": Recorded(),
    "enrollment.BlockedHardware": Recorded(),
    "enrollment.AdeAccount": Recorded(leave_out=OF_APPLE, hide=("certificate",), links=("groups", "policies")),
    "enrollment.AdeProfile": Recorded(leave_out=("uuid", "state")),
    "hexenroll.ApiKey": Recorded(),
    "hexenroll.ScheduledReport": Recorded(),
    "hexenroll.Preferences": Recorded(),
    "auth.User": Recorded(hide=("password",), links=("groups", "user_permissions")),
    "auth.Group": Recorded(links=("permissions",)),
    "mfa.Authenticator": Recorded(),
}


def register_all() -> None:
    """Have django-auditlog record the models of RECORDED whose apps are installed; called once, at the start."""
    installed = {config.label for config in apps.get_app_configs()}
    for label, recorded in RECORDED.items():
        if label.split(".")[0] in installed:
            register(apps.get_model(label), recorded)


def register(model: type[Model], recorded: Recorded) -> None:
    """Have django-auditlog record a model; its many-to-many fields are linked.py's."""
    auditlog.register(
        model,
        include_fields=[field.name for field in fields_of(model, recorded)],
        mask_fields=[*recorded.hide, *recorded.masked],
        mask_callable=f"{__name__}.{'masked_json' if recorded.masked else 'hidden'}",
    )


def fields_of(model: type[Model], recorded: Recorded) -> Iterable[Field]:
    """Return the fields of a model whose changes are told."""
    left_out = {*BOOKKEEPING, *recorded.leave_out, *(SECRET_FIELDS - set(recorded.hide))}
    return [field for field in model._meta.concrete_fields if field.name not in left_out]


def hidden(value: str) -> str:
    """Return what stands for a secret."""
    return HIDDEN


def masked_json(value: str) -> str:
    """Return JSON of a policy without its secrets."""
    try:
        content = json.loads(value)
    except ValueError:  # "None": there was none
        return "" if value == "None" else HIDDEN
    return json.dumps(kept_secret.mask(content) if isinstance(content, dict) else content, sort_keys=True)
