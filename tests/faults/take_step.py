"""How does a fault test take a wizard's step in a portal that runs? `python -m tests.faults.take_step STEP ARGUMENT...`

Runs with the portal's environment and prints what the step returns; a StepError's text goes to stderr, exit status 1.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hexenroll.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from devices.changes import kept_elsewhere  # noqa: E402
from devices.imports import steps  # noqa: E402 - needs the settings
from devices.models import Device, DeviceGroup, Domain, ImportBatch  # noqa: E402
from enrollment.ade import accounts, profiles, runs  # noqa: E402
from enrollment.models import AdeAccount, AdeDevice, AdeProfile  # noqa: E402
from invitations import actions  # noqa: E402
from invitations.link_token import token_of  # noqa: E402
from invitations.models import Invitation  # noqa: E402


def upload(path: str) -> int:
    """Upload a file that maps by itself; return the number of its batch, state `mapped`."""
    with Path(path).open("rb") as content:
        batch = steps.upload(Domain.objects.local(), content, Path(path).name, None)
    steps.save_mapping(batch, steps.suggestion(batch).mapping)
    return batch.pk


def map_columns(number: str) -> None:
    """Map an uploaded file as suggested."""
    batch = ImportBatch.objects.get(pk=number)
    steps.save_mapping(batch, steps.suggestion(batch).mapping)


def start_check(number: str) -> None:
    steps.start_check(ImportBatch.objects.get(pk=number))


def start_commit(number: str) -> None:
    """Start to import; of what is known already the new row counts, of bad rows none."""
    batch = ImportBatch.objects.get(pk=number)
    steps.choose(batch, duplicates="replace", channel="none", accept_good_rows=True)
    steps.start_commit(batch, None)


def start_undo(number: str) -> None:
    steps.start_undo(ImportBatch.objects.get(pk=number), None)


def invite(number: str) -> int:
    """Invite the users of a committed import by e-mail; return the number of the sending."""
    batch = ImportBatch.objects.get(pk=number)
    return actions.invite_batch(batch, actions.Options(channel="email"), None).pk


def resend(number: str) -> int:
    """Send an invitation again; return the number of the sending."""
    return actions.resend(Invitation.objects.get(pk=number), None).pk


def revoke(number: str) -> None:
    actions.revoke(Invitation.objects.get(pk=number), None)


def secrets(_number: str) -> str:
    """Return the links' tokens of all invitations and the one-time passwords of all devices, as JSON."""
    tokens = [token_of(public_id) for public_id in Invitation.objects.values_list("public_id", flat=True)]
    passwords = Device.objects.exclude(one_time_password=None).values_list("one_time_password", flat=True)
    return json.dumps({"tokens": tokens, "passwords": list(passwords)})


def connect_ade(told: str) -> int:
    """Connect an ADE account with a group; `told` is JSON: base_url, token, page_limit. Return its number."""
    facts = json.loads(told)
    token = facts["token"]
    expires_at = datetime.fromisoformat(token.pop("access_token_expiry"))
    account = AdeAccount.objects.create(
        name=facts["base_url"],
        base_url=facts["base_url"],
        domain=Domain.objects.local(),
        private_key="not used",
        server_token=json.dumps(token),
        token_expires_at=expires_at,
        checked_at=timezone.now(),
        state=AdeAccount.State.OK,
        page_limit=facts["page_limit"],
    )
    account.groups.add(DeviceGroup.objects.create(name=f"Of ADE account {account.pk}"))
    return account.pk


def sync_ade(number: str) -> int:
    """Begin a full sync of an ADE account, or find that the clock has begun its first one; return its number."""
    try:
        return runs.begin(AdeAccount.objects.get(pk=number), full=True).pk
    except runs.RunningError as error:
        return error.run.pk if error.run else 0


def profile_ade(number: str) -> int:
    """Let all devices of an ADE account have one enrollment profile; return how many that are."""
    account = AdeAccount.objects.get(pk=number)
    profile = AdeProfile(account=account, name="Of all", url="https://mdm.example.com/")
    profiles.save(profile)
    return profiles.assign(profile, AdeDevice.objects.filter(account=account))


def forget_ade(number: str) -> None:
    """Delete an ADE account and all devices that accounts have made."""
    accounts.delete(AdeAccount.objects.get(pk=number))
    with kept_elsewhere():  # twenty thousand entries of the audit trail are of no use
        Device.objects.filter(source=Device.Source.ADE).delete()


STEPS: dict[str, Callable[..., object]] = {
    step.__name__: step
    for step in (
        *(upload, map_columns, start_check, start_commit, start_undo, invite, resend, revoke, secrets),
        *(connect_ade, sync_ade, profile_ade, forget_ade),
    )
}

if __name__ == "__main__":
    try:
        print(STEPS[sys.argv[1]](*sys.argv[2:]))
    except steps.StepError as error:
        sys.exit(str(error))
