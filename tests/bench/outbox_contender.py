"""One measurement of invitations, in a process of its own: `python -m tests.bench.outbox_contender NAME FILE WARM_UP`.

FILE and WARM_UP are files of devices, NAME is a function of CONTENDERS. The environment names database, broker
and the sink (EMAIL_URL); prints a JSON object with `seconds` and whatever else there is.
"""

import json
import os
import smtplib
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import perf_counter, sleep

import django

from tests.bench.phases import Phases

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hexenroll.settings")
django.setup()

from django.conf import settings  # noqa: E402 - needs the settings
from django.utils import timezone  # noqa: E402

from hexenroll.processes import programs  # noqa: E402
from invitations import actions, queueing  # noqa: E402
from invitations.channels import smtp  # noqa: E402
from invitations.messages import qr_code  # noqa: E402
from invitations.messages.compose import Composer  # noqa: E402
from invitations.messages.message import Mail  # noqa: E402
from invitations.messages.mime import as_bytes  # noqa: E402
from invitations.models import Invitation, Sending  # noqa: E402
from invitations.outbox import deliver, record  # noqa: E402
from tests.bench import hexenroll_contender  # noqa: E402
from tests.bench.django_mail_task import send_one  # noqa: E402

OPTIONS = actions.Options(channel="email", validity_days=7, remind_after_days=0, remind_at_most=0)
COMPOSE, QR_CODE, MIME = "compose the message", "draw its QR code", "write its MIME"
STANDSTILL = 30.0  # seconds without progress after which a run is given up
SMTP, RECORD, CLAIM = "hand it over (SMTP)", "record its outcome", "claim a bundle"


def sent_by_hexenroll(file: Path, warm_up: Path) -> dict[str, float]:
    """Let the portal's worker send the invitations of a paused sending; return the seconds from its resumption."""
    first, second = paused(warm_up), paused(file)
    with worker():
        resume_and_wait(first)
        return {"seconds": resume_and_wait(second)}


def sent_by_tasks(file: Path, warm_up: Path) -> dict[str, float]:
    """Let the same worker send them, a task each; return the seconds from the first task's publication."""
    first, second = paused(warm_up), paused(file)
    with worker("--include=tests.bench.django_mail_task"):
        publish_and_wait(first)
        return {"seconds": publish_and_wait(second)}


def sent_raw(file: Path, warm_up: Path) -> dict[str, float]:
    """Hand the same messages, ready-made, over one connection of smtplib."""
    mails = ready_made(paused(file))
    with smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT) as connection:
        connection.ehlo()
        begin = perf_counter()
        for mail, content in mails:
            connection.sendmail(settings.DEFAULT_FROM_EMAIL, [mail.recipient], content)
        return {"seconds": perf_counter() - begin}


def phases_of_one_lane(file: Path, warm_up: Path) -> dict[str, object]:
    """Send them in this process, over one connection; return where the time goes."""
    phases = Phases()
    for owner, name, phase in (
        (deliver, "claim", CLAIM),
        (Composer, "compose", COMPOSE),
        (qr_code, "png", QR_CODE),
        (smtp, "as_bytes", MIME),
        (smtp.SmtpConnection, "send", SMTP),
        (record, "accepted", RECORD),
    ):
        phases.watch(owner, name, phase)
    first, second = paused(warm_up), paused(file)
    actions.resume(first)
    deliver.work("email", 3_600)
    phases.seconds.clear()
    actions.resume(second)
    begin = perf_counter()
    tally = deliver.work("email", 3_600)
    seconds = perf_counter() - begin
    return {"seconds": seconds, "sent": tally.sent, "phases": dict(phases.seconds)}


def queued_by_the_worker(file: Path, warm_up: Path) -> dict[str, float]:
    """Invite all devices of an import; return how long that took, and how long until the worker had queued them."""
    small, batch = hexenroll_contender.run(warm_up), hexenroll_contender.run(file)
    # Nothing goes out meanwhile: the worker has both hands free.
    options = actions.Options(channel="email", starts_at=timezone.now() + timedelta(days=1))
    with worker():
        wait_until_queued(actions.invite_batch(small, options, None))
        begin = perf_counter()
        sending = actions.invite_batch(batch, options, None)
        pressed = perf_counter() - begin
        wait_until_queued(sending)
        return {"press": pressed, "seconds": perf_counter() - begin, "queued": sending.counts["queued"]}


def paused(file: Path) -> Sending:
    """Import a file and queue an invitation for each of its devices; nothing goes out yet."""
    sending = actions.invite_batch(hexenroll_contender.run(file), OPTIONS, None, tell_worker=False)
    queueing.run(sending.pk)
    sending.refresh_from_db()
    actions.pause(sending)
    return sending


@contextmanager
def worker(*more: str) -> Iterator[None]:
    """Run the worker as `make run` does."""
    command = next(program.command for program in programs() if program.name == "worker")
    process = subprocess.Popen([*command, *more], stdout=subprocess.DEVNULL, stderr=sys.stderr)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def resume_and_wait(sending: Sending) -> float:
    begin = perf_counter()
    actions.resume(sending)
    wait_until_sent(sending)
    return perf_counter() - begin


def publish_and_wait(sending: Sending) -> float:
    numbers = list(sending.invitations.values_list("pk", flat=True))
    begin = perf_counter()
    for number in numbers:
        send_one.delay(number)
    wait_until_sent(sending)
    return perf_counter() - begin


def wait_until_sent(sending: Sending) -> None:
    waiting = Invitation.objects.filter(sending=sending, state__in=("queued", "sending"))
    since, left = perf_counter(), -1
    while count := waiting.count():
        if count != left:
            since, left = perf_counter(), count
        if perf_counter() - since > STANDSTILL:
            raise RuntimeError(f"{count} invitations stand still")
        sleep(0.05)
    states = Invitation.objects.filter(sending=sending).by_state()
    if set(states) != {"sent"}:
        raise RuntimeError(f"not all were sent: {states}")


def wait_until_queued(sending: Sending) -> None:
    while sending.state == Sending.State.QUEUEING:
        sleep(0.05)
        sending.refresh_from_db()
    if sending.state != Sending.State.RUNNING:
        raise RuntimeError(f"the sending is {sending.state}: {sending.failure}")


def ready_made(sending: Sending) -> list[tuple[Mail, bytes]]:
    composer, mails = Composer(), []
    for invitation in sending.invitations.select_related("device__user__domain", "sending__created_by").order_by("pk"):
        invitation.expires_at = timezone.now() + timedelta(days=7)
        mail = composer.compose(invitation)
        assert isinstance(mail, Mail)
        mails.append((mail, as_bytes(mail)))
    return mails


CONTENDERS: dict[str, Callable[[Path, Path], object]] = {
    "hexenroll": sent_by_hexenroll,
    "django": sent_by_tasks,
    "raw": sent_raw,
    "phases": phases_of_one_lane,
    "queueing": queued_by_the_worker,
}

if __name__ == "__main__":
    print(json.dumps(CONTENDERS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))))
