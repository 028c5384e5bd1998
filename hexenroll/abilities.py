"""What can somebody be allowed to do in the console, in plain words, and by which permissions? Read by roles.py.

The one place that names permission codes for people: roles, their pages and docs/roles.md are made from this table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

OPERATOR: Final = "Enrollment operator"
HELP_DESK: Final = "Help desk"
AUDITOR: Final = "Auditor"


@dataclass(frozen=True)
class Ability:
    """Something that a role allows.

    Attributes:
        key: names it in forms.
        label: what it allows, as a sentence without subject.
        codes: the permissions that it consists of, `app.code`.
        roles: the built-in roles that have it, besides Administrator, which has all.
        needs_all_domains: it is about the whole portal: with some domains only it allows nothing.
    """

    key: str
    label: str | Promise
    codes: tuple[str, ...]
    roles: frozenset[str] = frozenset()
    needs_all_domains: bool = False


def _codes(app: str, *codes: str) -> tuple[str, ...]:
    return tuple(f"{app}.{code}" for code in codes)


def _all_of(app: str, model: str, *actions: str) -> tuple[str, ...]:
    return _codes(app, *(f"{action}_{model}" for action in actions))


WRITE = ("add", "change", "delete")


def _of(*roles: str) -> frozenset[str]:
    return frozenset(roles)


AREAS: Final[tuple[tuple[Promise, tuple[Ability, ...]], ...]] = (
    (
        _("Devices"),
        (
            Ability(
                "see_devices",
                _("See devices, their hardware, policies and history"),
                _codes(
                    "devices",
                    "view_device",
                    "view_deviceinventory",
                    "view_devicepolicy",
                    "view_savedview",
                    "view_bulkaction",
                )
                + _codes("enrollment", "view_deviceevent"),
                _of(OPERATOR, HELP_DESK, AUDITOR),
            ),
            Ability(
                "save_views",
                _("Save views of the device list"),
                _all_of("devices", "savedview", *WRITE),
                _of(OPERATOR, HELP_DESK),
            ),
            Ability("export_devices", _("Export devices"), _codes("devices", "export_device"), _of(OPERATOR, AUDITOR)),
            Ability(
                "add_devices",
                _("Enter devices by hand, and approve those of refused attempts"),
                _codes("devices", "add_device"),
                _of(OPERATOR),
            ),
            Ability(
                "change_devices",
                _("Change devices: groups, policies, user; disenroll them, hand them over, many at once"),
                _codes("devices", "change_device") + _all_of("devices", "bulkaction", *WRITE),
                _of(OPERATOR),
            ),
            Ability("block_devices", _("Block and unblock devices"), _codes("devices", "block_device"), _of(OPERATOR)),
            Ability(
                "delete_devices", _("Delete pre-approved devices"), _codes("devices", "delete_device"), _of(OPERATOR)
            ),
        ),
    ),
    (
        _("Device users"),
        (
            Ability(
                "see_users",
                _("See device users"),
                _codes("devices", "view_deviceuser"),
                _of(OPERATOR, HELP_DESK, AUDITOR),
            ),
            Ability(
                "change_users",
                _("Add, change and delete device users"),
                _all_of("devices", "deviceuser", *WRITE),
                _of(OPERATOR),
            ),
        ),
    ),
    (
        _("Groups, policies and domains"),
        (
            Ability(
                "see_groups",
                _("See device groups"),
                _codes("devices", "view_devicegroup"),
                _of(OPERATOR, HELP_DESK, AUDITOR),
            ),
            Ability(
                "change_groups",
                _("Add, change and delete device groups"),
                _all_of("devices", "devicegroup", *WRITE),
                _of(OPERATOR),
                needs_all_domains=True,
            ),
            Ability(
                "see_policies",
                _("See policies and their versions"),
                _codes("devices", "view_policy", "view_policyversion"),
                _of(OPERATOR, HELP_DESK, AUDITOR),
            ),
            Ability(
                "change_policies",
                _("Add, change and delete policies"),
                _all_of("devices", "policy", *WRITE),
                needs_all_domains=True,
            ),
            Ability(
                "see_domains", _("See domains"), _codes("devices", "view_domain"), _of(OPERATOR, HELP_DESK, AUDITOR)
            ),
            Ability("change_domains", _("Change domains"), _codes("devices", "change_domain")),
            Ability(
                "add_domains",
                _("Add and delete domains"),
                _all_of("devices", "domain", "add", "delete"),
                needs_all_domains=True,
            ),
        ),
    ),
    (
        _("Pre-approve"),
        (
            Ability(
                "see_imports",
                _("See imports, their rows and problems"),
                _codes("devices", "view_importbatch", "view_importrow", "view_importproblem"),
                _of(OPERATOR, HELP_DESK, AUDITOR),
            ),
            Ability(
                "add_imports",
                _("Upload files, map, check and review them"),
                _codes("devices", "add_importbatch", "change_importbatch"),
                _of(OPERATOR),
            ),
            Ability(
                "commit_imports", _("Import the reviewed rows"), _codes("devices", "commit_importbatch"), _of(OPERATOR)
            ),
            Ability("undo_imports", _("Undo imports"), _codes("devices", "undo_importbatch"), _of(OPERATOR)),
        ),
    ),
    (
        _("Invitations"),
        (
            Ability(
                "see_invitations",
                _("See invitations and sendings"),
                _codes("invitations", "view_invitation", "view_invitationevent", "view_sending"),
                _of(OPERATOR, HELP_DESK, AUDITOR),
            ),
            Ability(
                "send_invitations",
                _("Invite device users; resend, extend and revoke invitations"),
                _codes("invitations", "send_invitation"),
                _of(OPERATOR, HELP_DESK),
            ),
            Ability(
                "export_invitations",
                _("Export invitations"),
                _codes("invitations", "export_invitation"),
                _of(OPERATOR, AUDITOR),
            ),
            Ability(
                "see_messages",
                _("See the texts of messages"),
                _codes("invitations", "view_messagetemplate"),
                _of(OPERATOR, HELP_DESK, AUDITOR),
            ),
            Ability(
                "change_messages",
                _("Change the texts of messages"),
                _all_of("invitations", "messagetemplate", *WRITE),
            ),
            Ability(
                "read_mailbox",
                _("Read and empty the development mailbox, which holds links and one-time passwords"),
                _all_of("invitations", "mailboxmessage", "view", "delete"),
                needs_all_domains=True,
            ),
        ),
    ),
    (
        _("Enrollment"),
        (
            Ability(
                "see_attempts",
                _("See attempts to enroll, and conflicts"),
                _codes("enrollment", "view_enrollmentattempt", "view_conflict"),
                _of(OPERATOR, HELP_DESK, AUDITOR),
            ),
            Ability("decide_conflicts", _("Decide conflicts"), _codes("enrollment", "change_conflict"), _of(OPERATOR)),
            Ability(
                "see_lockouts",
                _("See lockouts and the block list"),
                _codes("enrollment", "view_lockout", "view_blockedhardware"),
                _of(OPERATOR, HELP_DESK, AUDITOR),
                needs_all_domains=True,
            ),
            Ability(
                "unlock",
                _("Unlock who is locked out"),
                _codes("enrollment", "change_lockout"),
                _of(OPERATOR, HELP_DESK),
                needs_all_domains=True,
            ),
            Ability(
                "block",
                _("Change the block list of serial numbers, hardware and manufacturers"),
                _all_of("enrollment", "blockedhardware", *WRITE),
                _of(OPERATOR),
                needs_all_domains=True,
            ),
            Ability(
                "see_settings",
                _("See the enrollment settings"),
                _codes("enrollment", "view_enrollmentsettings", "view_settingschange"),
                _of(OPERATOR, AUDITOR),
                needs_all_domains=True,
            ),
            Ability(
                "change_settings",
                _("Change the enrollment settings"),
                _codes("enrollment", "change_enrollmentsettings"),
                needs_all_domains=True,
            ),
        ),
    ),
    (
        _("Reports and audit"),
        (
            Ability(
                "see_schedules",
                _("See scheduled reports"),
                _codes("hexenroll", "view_scheduledreport"),
                _of(OPERATOR, AUDITOR),
            ),
            Ability(
                "schedule_reports",
                _("Have reports sent regularly"),
                _all_of("hexenroll", "scheduledreport", *WRITE),
                _of(OPERATOR),
            ),
            Ability("see_audit", _("See the audit log"), _codes("hexenroll", "view_auditentry"), _of(AUDITOR)),
            Ability("export_audit", _("Export the audit log"), _codes("hexenroll", "export_auditentry"), _of(AUDITOR)),
        ),
    ),
    (
        _("Administration"),
        (
            Ability(
                "see_ade",
                _("See Apple ADE accounts, their devices and syncs"),
                _codes("enrollment", "view_adeaccount", "view_adedevice", "view_adeprofile", "view_adesync"),
                _of(OPERATOR, HELP_DESK, AUDITOR),
            ),
            Ability(
                "sync_ade",
                _("Sync Apple ADE accounts"),
                _codes("enrollment", "sync_adeaccount"),
            ),
            Ability(
                "change_ade",
                _("Add, connect, change and delete Apple ADE accounts"),
                _all_of("enrollment", "adeaccount", *WRITE),
            ),
            Ability(
                "assign_ade_profiles",
                _("Assign enrollment profiles to Apple ADE devices, and remove them"),
                _codes("enrollment", "assign_adeprofile"),
                _of(OPERATOR),
            ),
            Ability(
                "change_ade_profiles",
                _("Add, change and delete enrollment profiles of Apple ADE"),
                _all_of("enrollment", "adeprofile", *WRITE),
            ),
            Ability(
                "see_administrators",
                _("See administrators and roles"),
                _codes("auth", "view_user", "view_group"),
                _of(AUDITOR),
                needs_all_domains=True,
            ),
            Ability(
                "change_administrators",
                _("Add, change and delete administrators"),
                _all_of("auth", "user", *WRITE),
                needs_all_domains=True,
            ),
            Ability(
                "change_roles",
                _("Add, change and delete roles"),
                _all_of("auth", "group", *WRITE),
                needs_all_domains=True,
            ),
            Ability(
                "see_api_keys",
                _("See API keys"),
                _codes("hexenroll", "view_apikey"),
                _of(AUDITOR),
                needs_all_domains=True,
            ),
            Ability(
                "change_api_keys",
                _("Make and revoke API keys"),
                _all_of("hexenroll", "apikey", *WRITE),
                needs_all_domains=True,
            ),
        ),
    ),
)


def abilities() -> Iterator[Ability]:
    """Yield all of them, in the order in which they are shown."""
    for _title, found in AREAS:
        yield from found
