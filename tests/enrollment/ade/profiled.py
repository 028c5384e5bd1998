"""An account that is connected to the simulator, its devices, a profile: what tests of profiles begin with."""

import json
from datetime import datetime
from typing import Any

from devices.models import Domain
from enrollment.ade import telling
from enrollment.models import AdeAccount, AdeDevice, AdeProfile
from tests.ade_simulator.running import FIRST, Simulator

AssignState = AdeDevice.AssignState
URL = "https://mdm.example.com/enroll"


def connected(simulator: Simulator, name: str = FIRST, domain: Domain | None = None) -> AdeAccount:
    """Return an account with the token that the simulator has for it."""
    token = simulator.token(name)
    expires_at = datetime.fromisoformat(token.pop("access_token_expiry"))
    return AdeAccount.objects.create(
        name=name,
        base_url=simulator.base_url,
        domain=domain or Domain.objects.local(),
        private_key="not used",
        server_token=json.dumps(token),
        token_expires_at=expires_at,
        state=AdeAccount.State.OK,
    )


def listed(account: AdeAccount, serials: list[str], **facts: Any) -> list[AdeDevice]:
    """Return rows of devices as the sync would have made them."""
    rows = [AdeDevice(account=account, serial_number=serial, platform="ios", **facts) for serial in serials]
    return AdeDevice.objects.bulk_create(rows)


def profile_of(account: AdeAccount, name: str = "Sales iPads", **content: Any) -> AdeProfile:
    """Return a profile that waits to be sent to Apple."""
    return AdeProfile.objects.create(account=account, name=name, **{"url": URL, **content})


def states(account: AdeAccount) -> dict[str, str]:
    """Return serial number -> state of the assignment."""
    return dict(account.devices.values_list("serial_number", "assign_state"))


def tell(account: AdeAccount) -> int:
    """Do what the worker does."""
    return telling.tell(account.pk)
