"""How is the outbox worked without a worker? In the foreground, with the worker's own code.

Exit status: 0 nothing is left that could be sent now; 1 a provider can't be used, or a sending could not be prepared;
2 wrong usage.
"""

import json
import logging
import sys
import time
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from invitations import queueing
from invitations.models import Invitation, Sending
from invitations.outbox import tend
from invitations.outbox.claim import GOING, due
from invitations.outbox.deliver import Tally, work
from invitations.outbox.lanes import troubles

logger = logging.getLogger(__name__)

DONE, TROUBLE = 0, 1
# A message that is tried again within this time is waited for; others are counted as waiting.
PATIENCE = timedelta(minutes=2)
SLICE_SECONDS = 60


class Command(BaseCommand):
    help = _("Send the invitations that wait, in the foreground; beside the portal's own workers, or without them.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--until-empty",
            action="store_true",
            help=_("End when nothing waits that can be sent now. Without it: go on until Ctrl-C."),
        )
        parser.add_argument("--json", action="store_true", help=_("Print one JSON object at the end."))

    def handle(self, *args: Any, **options: Any) -> None:
        tally = Tally()
        self._unprepared = set[int]()
        try:
            while True:
                done = self._round()
                tally += done
                if options["until_empty"] and not _is_soon_due():
                    break
                tally.provider_is_down = False
                # What is due may be in others' hands, or its provider is left alone: then there is nothing to do here.
                has_moved = done.sent or done.failed or done.later
                time.sleep(0 if has_moved and due().exists() else 1)
        except KeyboardInterrupt:
            self.stderr.write(_("Stopped. What waits goes out when this is started again."))
        self._print(tally, as_json=options["json"])
        for sending in sorted(self._unprepared):
            text = _("Sending %(id)s could not be prepared. The log above says why; its page says what became of it.")
            self.stderr.write(text % {"id": sending})
        sys.exit(TROUBLE if tally.provider_is_down or self._unprepared else DONE)

    def _round(self) -> Tally:
        """Do what the clock and a worker do once."""
        tend.put_back()
        for sending in Sending.objects.in_work().order_by("pk").values_list("pk", flat=True):
            self._prepare(sending)
        tally = Tally()
        for channel in Invitation.Channel:
            if not due(channel).exists():
                continue
            done = work(channel, SLICE_SECONDS)
            if not done.had_lane:  # others are at it, or its provider is left alone for now
                done.provider_is_down |= bool(troubles(channel))
            tally += done
        tend.finish()
        return tally

    def _prepare(self, sending: int) -> None:
        """Prepare or cancel a sending; what goes wrong with it holds up no other, and no message that waits."""
        try:
            queueing.run(sending, tell_workers=False)
        except Exception:
            logger.exception("sending %s could not be prepared", sending)
            self._unprepared.add(sending)
        else:
            self._unprepared.discard(sending)

    def _print(self, tally: Tally, *, as_json: bool) -> None:
        result = {
            "sent": tally.sent,
            "failed": tally.failed,
            "waiting": Invitation.objects.filter(state=Invitation.State.QUEUED).count(),
            "troubles": [trouble.text for trouble in troubles()],
        }
        if as_json:
            self.stdout.write(json.dumps(result))
            return
        self.stdout.write(_("%(sent)s sent, %(failed)s failed, %(waiting)s waiting.") % result)
        for trouble in troubles():
            self.stderr.write(trouble.text)


def _is_soon_due() -> bool:
    """Tell whether there is something to wait for; what a provider in trouble would have to take is not."""
    soon = timezone.now() + PATIENCE
    found = Invitation.objects.filter(next_attempt_at__lte=soon, sending__state__in=GOING)
    return found.exclude(channel__in=[trouble.channel for trouble in troubles()]).exists()
