"""Where do short messages go that nobody shall receive: the development mailbox, a file, the console? For sms.py.

All three hold one-time passwords and links in clear: reading them is what they are for.
"""

import json
import os
import sys
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from invitations.messages.message import Sms

from . import mailbox
from .outcome import Accepted, ProviderDownError


class MailboxSms:
    """The mailbox that can be read in the portal."""

    def send(self, sms: Sms) -> Accepted:
        """Keep a message in the mailbox."""
        mailbox.keep("sms", sms.recipient, sms.text)
        return Accepted()

    def close(self) -> None:
        """Do nothing."""


class FileSms:
    """`sms.jsonl` in the data folder, one JSON object a line; only its owner can read it."""

    def send(self, sms: Sms) -> Accepted:
        """Append a message to the file.

        Raises:
            ProviderDownError: it can't be written.
        """
        path = settings.HEXENROLL_DATA / "sms.jsonl"
        words = {"at": timezone.now().isoformat(), "to": sms.recipient, "text": sms.text, "key": sms.key}
        line = (json.dumps(words, ensure_ascii=False) + "\n").encode()
        try:
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                # One write at the end of the file: lines of several workers never mix.
                is_whole = os.write(handle, line) == len(line)
            finally:
                os.close(handle)
        except OSError as error:
            raise _unwritable(path, error.strerror or "-") from error
        if not is_whole:
            raise _unwritable(path, _("the disk is full"))
        return Accepted()

    def close(self) -> None:
        """Do nothing."""


class ConsoleSms:
    """The standard output of the worker, which `make run` keeps in `var/log/`."""

    def send(self, sms: Sms) -> Accepted:
        """Write a message to the standard output."""
        sys.stdout.write(f"--- SMS to {sms.recipient}\n{sms.text}\n---\n")
        sys.stdout.flush()
        return Accepted()

    def close(self) -> None:
        """Do nothing."""


def _unwritable(path: Path, reason: str) -> ProviderDownError:
    return ProviderDownError(_("%(path)s can't be written: %(reason)s.") % {"path": path, "reason": reason})
