"""Who may do what by the administrators' API? What a key does is what its account may. Part of access_rules.py.

Compared with the rights that the views name, and tried with a key of each role.
"""

from typing import Final

from .access_words import ANYONE, NOBODY, STAFF, Rule

NUMBER: Final = "(?P<pk>[0-9]{1,18})"
SEND: Final = "invitations.send_invitation"
VIEW_DEVICE, CHANGE_DEVICE = "devices.view_device", "devices.view_device&devices.change_device"
VIEW_BATCH, VIEW_INVITATION = "devices.view_importbatch", "invitations.view_invitation"


def _objects(
    name: str, what: str, *, look: str, add: str = NOBODY, change: str = NOBODY, end: str = NOBODY
) -> dict[str, Rule]:
    """Return the rules of a list, and of one object of it.

    Args:
        name: of the list in the address.
        what: the objects, for docs/access.md.
        look, add, change, end: what GET, POST, PATCH and DELETE need; NOBODY: there is no such method.
    """
    more = {method: needed for method, needed in (("PATCH", change), ("DELETE", end)) if needed}
    return {
        f"api/v1/^{name}/$": Rule(look, add, f"{what}, by key"),
        f"api/v1/^{name}/{NUMBER}/$": Rule(look, NOBODY, f"one of the {what}, by key", more=more),
    }


def _action(path: str, needed: str, what: str) -> dict[str, Rule]:
    name, _slash, rest = path.partition("/")
    return {f"api/v1/^{name}/{NUMBER}/{rest}/$": Rule(NOBODY, needed, f"{what}, by key")}


API: Final[dict[str, Rule]] = {
    "api/v1/me/": Rule(STAFF, NOBODY, "what a key may do, by key"),
    "api/v1/admin-openapi.json": Rule(ANYONE, NOBODY, "the description of the administrators' API"),
    **_objects(
        "devices",
        "devices",
        look=VIEW_DEVICE,
        add="devices.add_device&devices.view_device",
        change=CHANGE_DEVICE,
        end="devices.delete_device",
    ),
    **_action("devices/block", "devices.view_device&devices.block_device", "blocks a device"),
    **_action("devices/unblock", "devices.view_device&devices.block_device", "unblocks a device"),
    **_action("devices/disenroll", CHANGE_DEVICE, "disenrolls a device"),
    **_action("devices/hand-over", CHANGE_DEVICE, "hands a device over"),
    **_action("devices/invite", f"{VIEW_DEVICE}&{SEND}", "invites the user of a device"),
    **_objects(
        "device-users",
        "device users",
        look="devices.view_deviceuser",
        add="devices.add_deviceuser&devices.view_deviceuser",
        change="devices.change_deviceuser&devices.view_deviceuser",
        end="devices.delete_deviceuser",
    ),
    **_objects(
        "device-groups",
        "device groups",
        look="devices.view_devicegroup",
        add="devices.add_devicegroup&devices.view_devicegroup",
        change="devices.change_devicegroup&devices.view_devicegroup",
        end="devices.delete_devicegroup",
    ),
    **_action("device-groups/devices/add", "devices.change_devicegroup&devices.change_device", "fills a group"),
    **_action("device-groups/devices/remove", "devices.change_devicegroup&devices.change_device", "empties a group"),
    **_objects("policies", "policies", look="devices.view_policy"),
    **_action("policies/assign", "devices.view_policy&devices.change_device", "gives a policy to devices"),
    **_action("policies/withdraw", "devices.view_policy&devices.change_device", "takes a policy from devices"),
    **_objects("domains", "domains", look="devices.view_domain"),
    **_objects(
        "import-batches",
        "imports",
        look=VIEW_BATCH,
        add=f"devices.add_importbatch&{VIEW_BATCH}",
        end=f"devices.add_importbatch&{VIEW_BATCH}",
    ),
    f"api/v1/^import-batches/{NUMBER}/problems/$": Rule(VIEW_BATCH, NOBODY, "what is wrong in a file, by key"),
    **_action("import-batches/commit", f"devices.commit_importbatch&{VIEW_BATCH}", "imports the rows"),
    **_action("import-batches/undo", f"devices.undo_importbatch&{VIEW_BATCH}", "undoes an import"),
    **_action("import-batches/invite", f"{VIEW_BATCH}&{SEND}", "invites the users of an import"),
    **_objects("invitations", "invitations", look=VIEW_INVITATION),
    **_action("invitations/resend", f"{VIEW_INVITATION}&{SEND}", "sends an invitation again"),
    **_action("invitations/revoke", f"{VIEW_INVITATION}&{SEND}", "revokes an invitation"),
    **_objects("attempts", "attempts to enroll", look="enrollment.view_enrollmentattempt"),
}
