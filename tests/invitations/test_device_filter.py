"""Which devices were invited, and what came of it? The filter of the device list."""

import pytest
from django.contrib.auth.models import User

from invitations.models import Invitation
from tests.devices.test_filters import asked, names
from tests.factories import DeviceFactory, InvitationFactory

State = Invitation.State


@pytest.fixture
def fleet(db: None) -> None:
    DeviceFactory.create(name="never")
    for name, states in {
        "sent": [State.SENT],
        "used": [State.REDEEMED],
        "late": [State.EXPIRED],
        "lost": [State.FAILED],
        "bounced": [State.BOUNCED],
        "revoked": [State.REVOKED],
        "second time": [State.FAILED, State.EXPIRED, State.SENT],
    }.items():
        device = DeviceFactory.create(name=name)
        for state in states:
            InvitationFactory.create(device=device, state=state)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("invitation=invited", ["second time", "sent", "used"]),
        ("invitation=not_invited", ["never"]),
        ("invitation=expired", ["late"]),
        ("invitation=failed", ["bounced", "lost"]),
        ("invitation=failed&invitation=not_invited", ["bounced", "lost", "never"]),
        ("invitation=", ["bounced", "late", "lost", "never", "revoked", "second time", "sent", "used"]),
    ],
)
def test_devices_by_what_became_of_their_invitation(
    fleet: None, administrator: User, query: str, found: list[str]
) -> None:
    assert names(f"status=all&{query}", administrator) == found


def test_an_unknown_word_is_named_with_the_possible_ones(administrator: User) -> None:
    assert asked("invitation=maybe", administrator).messages() == [
        "Invitation: “maybe” is unknown. Possible values: invited, not_invited, expired, failed."
    ]
