"""How does a bundle of messages go out? The loop of one lane; run by the worker and by `manage.py send_invitations`."""

import logging
import time
from dataclasses import dataclass

from django.utils.translation import gettext as _

from invitations.channels import Channel, open_channel
from invitations.channels.outcome import Accepted, ProviderDownError, RefusedError, TryLaterError
from invitations.delivery_status import settle
from invitations.messages.compose import ComposeError, Composer
from invitations.models import Invitation

from . import record
from .claim import claim
from .lanes import HeldLane, take_lane

logger = logging.getLogger(__name__)

# After that the rest of a bundle goes back, so that a pause is obeyed soon, however slow the provider is.
BUNDLE_SECONDS = 10.0


@dataclass
class Tally:
    """What became of the messages that one lane had in hand: how many."""

    sent: int = 0
    failed: int = 0
    later: int = 0
    provider_is_down: bool = False
    had_lane: bool = True

    def __iadd__(self, other: "Tally") -> "Tally":
        self.sent += other.sent
        self.failed += other.failed
        self.later += other.later
        self.provider_is_down |= other.provider_is_down
        self.had_lane &= other.had_lane
        return self


def work(channel: str, seconds: float) -> Tally:
    """Send what is due by `channel` until nothing is, or for so long; in one lane, over one connection.

    Args:
        channel: `email` or `sms`.
        seconds: other tasks wait for this worker. A bundle that was begun is finished.

    Returns:
        What became of the messages; `had_lane` is False when as many workers as allowed are at it already.
    """
    until = time.monotonic() + seconds
    with take_lane(channel) as lane:
        if lane is None:
            return Tally(had_lane=False)
        tally = Tally()
        composer = Composer()
        with open_channel(channel) as provider:
            while time.monotonic() < until and lane.is_held and not tally.provider_is_down:
                bundle = claim(lane)
                if not bundle:
                    break
                tally += _send(bundle, lane, provider, composer)
        return tally


def _send(bundle: list[Invitation], lane: HeldLane, provider: Channel, composer: Composer) -> Tally:
    """Send a bundle, message by message; each outcome is committed before the next message begins."""
    tally = Tally()
    until = time.monotonic() + BUNDLE_SECONDS
    for index, invitation in enumerate(bundle):
        if index and time.monotonic() >= until:
            record.release(bundle[index:])
            break
        lane.wait_for_turn()
        if not lane.is_held:
            logger.warning("a lane of %s was lost; its messages are left to others", lane.channel)
            break
        try:
            outcome = _hand_over(invitation, provider, composer)
        except ProviderDownError as error:
            lane.pause(error)
            record.release(bundle[index:])
            tally.provider_is_down = True
            break
        except TryLaterError as error:
            record.try_later(invitation, error)
            settle([invitation.pk])  # the provider may have taken it, and reported so, and only its answer was lost
            tally.later += 1
        except RefusedError as error:
            record.refused(invitation, error)
            tally.failed += 1
        else:
            record.accepted(invitation, outcome)
            lane.works()
            tally.sent += 1
    return tally


def _hand_over(invitation: Invitation, provider: Channel, composer: Composer) -> Accepted:
    """Write the message and hand it to the provider; what goes wrong with this one message is one of its errors."""
    try:
        message = composer.compose(invitation, is_reminder=record.is_reminder(invitation))
        return provider.send(message)
    except ComposeError as error:
        raise RefusedError(str(error), "message") from error
    except (RefusedError, TryLaterError):
        raise
    except Exception as error:  # a defect that one message meets must not hold up the others
        logger.exception("invitation %s: a message could not be handed over", invitation.pk)
        text = _("The message could not be handed over (%(error)s). The worker's log says why.")
        raise TryLaterError(text % {"error": type(error).__name__}, "internal") from error
