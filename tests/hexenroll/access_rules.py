"""Who may open what? One line an address of hexenroll/urls.py. Add yours, then: python -m tests.hexenroll.access_table

The test that walks through all of them compares what really happens with these lines, for each role. A line may end
with `*` where the pages below are those of Django or allauth alone.
"""

from fnmatch import fnmatchcase
from typing import Final

from .access_api import API
from .access_words import ANYONE, LOOKS, MACHINE, NOBODY, OWN, STAFF, Rule

VIEW_BATCH, ADD_BATCH = "devices.view_importbatch", "devices.add_importbatch"
SEND = "invitations.send_invitation"
SENDING = "invitations.view_invitation|invitations.view_sending"
BLOCK = "devices.block_device"
ADE = "enrollment.change_adeaccount"
REPORT: Final = {"name": "enrolled", "format": "csv"}
CHANGE_DEVICE = "devices.view_device|devices.change_device"


def _model(model: str, offers: str = "add change delete", looks: str = "") -> dict[str, Rule]:
    """Return the rules of the five addresses that the console has for a model.

    Args:
        model: such as `devices.device`.
        offers: what its pages can do at all.
        looks: the permission that shows it; "": those to view it or change it.
    """
    app, _dot, name = model.partition(".")
    start = f"admin/{app}/{name}/"

    def code(action: str) -> str:
        return f"{app}.{action}_{name}" if action in offers.split() else NOBODY

    view = looks or (f"{app}.view_{name}|{app}.change_{name}" if code("change") else f"{app}.view_{name}")
    return {
        start: Rule(view, LOOKS, "the list"),
        f"{start}add/": Rule(code("add"), code("add"), "a new one"),
        f"{start}<path:object_id>/change/": Rule(view, code("change"), "one"),
        f"{start}<path:object_id>/delete/": Rule(code("delete"), code("delete"), "deleting one"),
        f"{start}<path:object_id>/history/": Rule(view, LOOKS, "what was done with one"),
        f"{start}<path:object_id>/": Rule(STAFF, LOOKS, "leads to one"),
    }


RULES: Final[dict[str, Rule]] = {
    # --- anyone and machines ---
    "healthz": Rule(ANYONE, LOOKS, "whether the portal works"),
    "": Rule(ANYONE, LOOKS, "leads to the console"),
    "agent/hexenroll-agent.py": Rule(ANYONE, NOBODY, "the agent for Linux and macOS"),
    "agent/hexenroll-agent.py.sha256": Rule(ANYONE, NOBODY, "its checksum"),
    r"^i/(?P<token>[\s\S]*)$": Rule(MACHINE, MACHINE, "the page of an invitation: its link is the key"),
    r"^i/(?P<token>[\s\S]*)/password$": Rule(MACHINE, MACHINE, "its one-time password: its link is the key"),
    "api/v1/enroll": Rule(MACHINE, MACHINE, "devices enroll"),
    "api/v1/openapi.json": Rule(ANYONE, NOBODY, "the description of the devices' API"),
    **{
        f"api/v1/device{what}": Rule(MACHINE, MACHINE, "an enrolled device, by its token")
        for what in ("", "/checkin", "/disenroll")
    },
    r"^api/[\s\S]*$": Rule(ANYONE, LOOKS, "no address of the API"),
    **{
        f"webhooks/{provider}/": Rule(MACHINE, MACHINE, "providers, by their signature")
        for provider in ("twilio", "mail")
    },
    # --- the administrators' API ---
    **API,
    # --- the frame of the console ---
    "admin/": Rule(STAFF, LOOKS, "the dashboard; each part needs its permission"),
    "admin/login/": Rule(ANYONE, ANYONE, "signing in"),
    "admin/logout/": Rule(NOBODY, OWN, "signing out"),
    "admin/password_change/*": Rule(OWN, OWN, "one's own password"),
    "admin/search/": Rule(STAFF, LOOKS, "the palette; finds what one may see"),
    "admin/autocomplete/": Rule(NOBODY, NOBODY, "choices of fields; needs the permission to see them"),
    "admin/jsi18n/": Rule(STAFF, LOOKS, "texts of scripts"),
    "admin/r/*": Rule(STAFF, LOOKS, "nothing: no object has a page outside of the console"),
    "admin/^(?P<app_label>*": Rule(STAFF, LOOKS, "what there is of one part"),
    "admin/(?P<url>.*)$": Rule(STAFF, LOOKS, "no page of the console"),
    "accounts/*": Rule(OWN, OWN, "signing in, and one's own account"),
    "accounts/link/<str:person>/<str:token>/": Rule(MACHINE, MACHINE, "signs in by a link that an administrator made"),
    **{
        f"accounts/{provider}/{step}": Rule(
            MACHINE, MACHINE, "signing in by way of a provider, which is asked who it is"
        )
        for provider, step in (
            ("oidc/<slug:provider_id>", "login/"),
            ("oidc/<slug:provider_id>", "login/callback/"),
            *(
                ("saml/<slug:organization_slug>", f"{step}/")
                for step in ("login", "acs", "acs/finish", "metadata", "sls")
            ),
        )
    },
    "accounts/preferences/": Rule(OWN, OWN, "one's own language, time zone and so on"),
    "accounts/sessions/": Rule(OWN, OWN, "where one is signed in"),
    "accounts/password/set/": Rule(OWN, OWN, "no page: the password of who has none"),
    **{
        f"accounts/2fa/webauthn/keys/<int:pk>/{action}/": Rule(OWN, OWN, "one's own passkeys")
        for action in ("remove", "edit")
    },
    # --- Enroll ---
    "enroll/": Rule(VIEW_BATCH, NOBODY, "All Enrollments"),
    "enroll/pre-approve/": Rule(VIEW_BATCH, NOBODY, "the imports"),
    "enroll/pre-approve/new/": Rule(ADD_BATCH, ADD_BATCH, "a new import"),
    "enroll/pre-approve/sample.csv": Rule(VIEW_BATCH, NOBODY, "the sample file"),
    "enroll/pre-approve/<int:batch_id>/": Rule(VIEW_BATCH, NOBODY, "leads to the step of an import"),
    **{
        f"enroll/pre-approve/<int:batch_id>/{step}": Rule(VIEW_BATCH, ADD_BATCH, "a step of an import")
        for step in ("file/", "mapping/", "review/")
    },
    **{
        f"enroll/pre-approve/<int:batch_id>/{page}": Rule(VIEW_BATCH, NOBODY, "a page of an import")
        for page in ("preview/", "check/", "bad-rows.csv", "rows/<int:line>/", "done/", "progress.json")
    },
    **{
        f"enroll/pre-approve/<int:batch_id>/{action}": Rule(
            NOBODY, f"{VIEW_BATCH}&{ADD_BATCH}", "an action of an import"
        )
        for action in ("start-check/", "stop-check/", "fix/", "fixes/drop/", "rows/", "discard/")
    },
    "enroll/pre-approve/<int:batch_id>/commit/": Rule(
        NOBODY, f"{VIEW_BATCH}&devices.commit_importbatch", "imports the rows"
    ),
    "enroll/pre-approve/<int:batch_id>/undo/": Rule(
        NOBODY, f"{VIEW_BATCH}&devices.undo_importbatch", "undoes an import"
    ),
    "enroll/pre-approve/<int:batch_id>/send/": Rule(
        f"{VIEW_BATCH}&invitations.view_invitation", SEND, "invites the users of an import"
    ),
    "enroll/sendings/<int:sending_id>/": Rule(SENDING, NOBODY, "a sending"),
    "enroll/sendings/<int:sending_id>/progress.json": Rule(SENDING, NOBODY, "how far a sending is"),
    **{
        f"enroll/sendings/<int:sending_id>/{action}/": Rule(NOBODY, SEND, "an action of a sending")
        for action in ("pause", "resume", "cancel")
    },
    "enroll/settings/": Rule(
        "enrollment.view_enrollmentsettings", "enrollment.change_enrollmentsettings", "the enrollment settings"
    ),
    "enroll/devices/<int:device_id>/hand-over/": Rule(
        "devices.change_device", "devices.change_device", "hands a device over"
    ),
    **_model("enrollment.enrollmentattempt", ""),
    "admin/enrollment/enrollmentattempt/<int:attempt_id>/approve/": Rule(
        "enrollment.view_enrollmentattempt&devices.add_device", "devices.add_device", "approves a refused device"
    ),
    "admin/enrollment/enrollmentattempt/<int:attempt_id>/block/": Rule(
        NOBODY, "enrollment.view_enrollmentattempt&enrollment.add_blockedhardware", "blocks a refused device"
    ),
    **_model("enrollment.conflict", "", "enrollment.view_conflict|enrollment.change_conflict"),
    **{
        f"admin/enrollment/conflict/<int:conflict_id>/{action}/": Rule(
            NOBODY, "enrollment.change_conflict", "decides a conflict"
        )
        for action in ("accept", "keep")
    },
    **_model("enrollment.lockout", "", "enrollment.view_lockout|enrollment.change_lockout"),
    "admin/enrollment/lockout/<int:lockout_id>/unlock/": Rule(NOBODY, "enrollment.change_lockout", "ends a lockout"),
    **_model("enrollment.blockedhardware"),
    **_model("enrollment.adeaccount"),
    "admin/enrollment/adeaccount/<path:object_id>/change/": Rule(
        "enrollment.view_adeaccount|enrollment.change_adeaccount", LOOKS, "an ADE account"
    ),
    "admin/enrollment/adeaccount/<int:object_id>/edit/": Rule(ADE, ADE, "changes an ADE account"),
    **{
        f"admin/enrollment/adeaccount/<int:account_id>/{step}/": Rule(
            ADE, ADE, "connects an ADE account, or renews its token"
        )
        for step in ("key", "token", "check")
    },
    "admin/enrollment/adeaccount/<int:account_id>/certificate.pem": Rule(ADE, NOBODY, "a public key for Apple"),
    "admin/enrollment/adeaccount/<int:account_id>/sync/": Rule(
        NOBODY, "enrollment.view_adeaccount&enrollment.sync_adeaccount", "syncs an ADE account"
    ),
    "admin/enrollment/adeaccount/<int:account_id>/progress.json": Rule(
        "enrollment.view_adeaccount", NOBODY, "how far a sync is"
    ),
    **_model("enrollment.adedevice", ""),
    **_model("enrollment.adeprofile"),
    "admin/enrollment/adeprofile/<int:profile_id>/assign/": Rule(
        "enrollment.view_adeprofile&enrollment.assign_adeprofile",
        "enrollment.assign_adeprofile",
        "assigns an enrollment profile to devices",
    ),
    "admin/enrollment/adeprofile/<int:profile_id>/try-again/": Rule(
        NOBODY, "enrollment.change_adeprofile", "sends a refused enrollment profile once more"
    ),
    # --- Manage ---
    **_model("devices.device"),
    "admin/devices/device/export/": Rule("devices.export_device", LOOKS, "the export of devices"),
    "admin/devices/device/<path:object_id>/invite/": Rule(
        f"{CHANGE_DEVICE}&{SEND}", LOOKS, "invites the user of a device"
    ),
    **{
        f"admin/devices/device/<path:object_id>/{action}/": Rule("devices.change_device", "devices.change_device", what)
        for action, what in (
            ("approve-again", "approves a device that left"),
            ("hand-over", "leads to the handing over of a device"),
            ("disenroll", "disenrolls a device"),
        )
    },
    "admin/devices/device/<int:object_id>/edit/": Rule(
        "devices.change_device", "devices.change_device", "changes a device"
    ),
    "admin/devices/device/<path:object_id>/block/": Rule(f"{CHANGE_DEVICE}&{BLOCK}", BLOCK, "blocks a device"),
    "admin/devices/device/<path:object_id>/unblock/": Rule(f"{CHANGE_DEVICE}&{BLOCK}", BLOCK, "unblocks a device"),
    "admin/devices/device/views/columns/": Rule(NOBODY, OWN, "the columns of one's own list"),
    "admin/devices/device/views/save/": Rule(
        NOBODY, "devices.view_device&devices.add_savedview", "saves a view of the list"
    ),
    "admin/devices/device/views/<int:key>/<str:what>/": Rule(NOBODY, OWN, "changes one's own view"),
    "admin/devices/device/bulk/<str:name>/": Rule(
        NOBODY, "devices.view_device&devices.change_device", "acts on many devices", {"name": "add_groups"}
    ),
    **_model("devices.bulkaction", ""),
    "admin/devices/bulkaction/<int:action_id>/cancel/": Rule(
        NOBODY, "devices.view_bulkaction&devices.change_bulkaction", "cancels a bulk action"
    ),
    **_model("devices.deviceuser"),
    "admin/devices/deviceuser/<path:object_id>/change/": Rule(
        "devices.view_deviceuser|devices.change_deviceuser", "devices.change_deviceuser", "a device user"
    ),
    "admin/devices/deviceuser/<int:object_id>/edit/": Rule(
        "devices.change_deviceuser", "devices.change_deviceuser", "changes a device user"
    ),
    "admin/devices/deviceuser/<int:object_id>/hand-over/": Rule(
        "devices.view_deviceuser&devices.change_device", "devices.change_device", "hands all devices of a user over"
    ),
    "admin/devices/deviceuser/export/": Rule(
        "devices.view_deviceuser&devices.export_device", LOOKS, "the export of device users"
    ),
    **_model("devices.devicegroup"),
    "admin/devices/devicegroup/<int:pk>/devices/": Rule(
        "devices.view_devicegroup|devices.change_devicegroup", "devices.change_device", "the devices of a group"
    ),
    "admin/devices/devicegroup/export.csv": Rule(
        "devices.view_devicegroup&devices.export_device", NOBODY, "the export of groups with their devices"
    ),
    **{
        f"admin/devices/devicegroup/imports/{page}": Rule("devices.view_devicegroup", NOBODY, what)
        for page, what in (
            ("", "the imports of groups"),
            ("sample.csv", "the sample file of groups"),
            ("<int:pk>/progress.json", "how far an import of groups is"),
            ("<int:pk>/bad-lines.csv", "the bad rows of an import of groups"),
        )
    },
    "admin/devices/devicegroup/imports/new/": Rule(
        "devices.view_devicegroup", "devices.change_device", "a file of groups"
    ),
    "admin/devices/devicegroup/imports/<int:pk>/": Rule(
        "devices.view_devicegroup", "devices.change_device", "an import of groups"
    ),
    "admin/devices/devicegroup/preview/": Rule("devices.add_devicegroup|devices.change_devicegroup", LOOKS, "a rule"),
    **_model("devices.domain"),
    **_model("devices.importbatch", "change"),
    "admin/devices/importbatch/<path:object_id>/change/": Rule(STAFF, LOOKS, "leads to an import"),
    **_model("devices.policy"),
    "admin/devices/policy/<int:pk>/versions/": Rule(
        "devices.view_policy|devices.change_policy", LOOKS, "the versions of a policy"
    ),
    "admin/devices/policy/<int:pk>/versions/<int:version>/restore/": Rule(
        NOBODY, "devices.change_policy", "goes back to a version"
    ),
    # --- invitations ---
    **_model("invitations.invitation", ""),
    "admin/invitations/invitation/export/": Rule("invitations.export_invitation", LOOKS, "the export of invitations"),
    **{
        f"admin/invitations/invitation/<int:invitation_id>/{action}/": Rule(
            NOBODY, f"invitations.view_invitation&{SEND}", f"{action}s an invitation"
        )
        for action in ("resend", "revoke", "extend")
    },
    **_model("invitations.sending", ""),
    "admin/invitations/sending/<path:object_id>/change/": Rule(STAFF, LOOKS, "leads to a sending"),
    **_model("invitations.mailboxmessage", "delete", "invitations.view_mailboxmessage"),
    "admin/invitations/mailboxmessage/<path:object_id>/change/": Rule(
        "invitations.view_mailboxmessage", LOOKS, "a message"
    ),
    "admin/invitations/mailboxmessage/empty/": Rule(
        NOBODY, "invitations.view_mailboxmessage&invitations.delete_mailboxmessage", "empties the mailbox"
    ),
    "admin/invitations/mailboxmessage/<int:message_id>/source/": Rule(
        "invitations.view_mailboxmessage", LOOKS, "a message as a file"
    ),
    **_model("invitations.messagetemplate"),
    "admin/invitations/messagetemplate/<int:pk>/restore/": Rule(
        "invitations.change_messagetemplate", "invitations.change_messagetemplate", "brings the shipped text back"
    ),
    **{
        f"admin/invitations/messagetemplate/<int:pk>/{action}/": Rule(
            NOBODY, "invitations.change_messagetemplate", "tries a text out"
        )
        for action in ("preview", "test")
    },
    # --- Admin ---
    **_model("auth.user"),
    "admin/auth/user/<path:object_id>/sign-in/": Rule(
        "auth.change_user", "auth.change_user", "leads to the sign-in of an administrator"
    ),
    "admin/auth/user/<int:person_id>/access/": Rule(
        "auth.change_user", "auth.change_user", "the sign-in of an administrator"
    ),
    **_model("auth.group"),
    "admin/auth/group/<path:object_id>/copy/": Rule("auth.add_group", LOOKS, "leads to a copy of a role"),
    **_model("hexenroll.auditentry", ""),
    "admin/hexenroll/auditentry/export/": Rule(
        "hexenroll.view_auditentry&hexenroll.export_auditentry", LOOKS, "the export of the audit log"
    ),
    **_model("hexenroll.apikey", "add"),
    "admin/hexenroll/apikey/<int:key_id>/revoke/": Rule(
        NOBODY, "hexenroll.view_apikey&hexenroll.change_apikey", "revokes a key"
    ),
    # --- Reports ---
    "reports/": Rule("devices.view_device|enrollment.view_enrollmentattempt", NOBODY, "the reports that one may see"),
    "reports/<slug:name>/": Rule("devices.view_device", NOBODY, "a report; each needs what it shows", REPORT),
    "reports/<slug:name>/print/": Rule("devices.view_device", NOBODY, "a report to print", REPORT),
    r"reports/^(?P<name>[-\w]+)/file\.(?P<format>csv|xlsx)$": Rule(
        "devices.view_device&devices.export_device", NOBODY, "a report as a file", REPORT
    ),
    **_model("hexenroll.scheduledreport"),
    "admin/hexenroll/scheduledreport/<path:object_id>/change/": Rule(
        "hexenroll.view_scheduledreport|hexenroll.change_scheduledreport", OWN, "one's own scheduled report"
    ),
    "console/mail/": Rule(
        "invitations.view_messagetemplate", "invitations.change_messagetemplate", "how mail and SMS go out"
    ),
}


def rule_of(route: str) -> Rule:
    """Return the rule of an address; the longest pattern that fits, where none is the address itself.

    Raises:
        LookupError: there is none; the text says what to do.
    """
    if route in RULES:
        return RULES[route]
    fitting = [key for key in RULES if key.endswith("*") and fnmatchcase(route, key.replace("[", "[[]"))]
    if not fitting:
        raise LookupError(
            f"Nobody said who may open “{route}”. Add a line to RULES in tests/hexenroll/access_rules.py, then write "
            "docs/access.md anew: python -m tests.hexenroll.access_table"
        )
    return RULES[max(fitting, key=len)]
