"""Where do mails go with EMAIL_URL=filemail:///folder? Into files there, which only their owner can read."""

import os
from typing import Any

from django.core.mail.backends.filebased import EmailBackend as DjangoFiles


class EmailBackend(DjangoFiles):
    """Django's backend, whose files everybody on the machine may read: these hold one-time passwords."""

    stream: Any  # a file, or None between two messages

    def open(self) -> bool:
        if self.stream is None:
            name = self._get_filename()  # type: ignore[attr-defined]  # not among Django's types
            handle = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            self.stream = os.fdopen(handle, "ab")
            return True
        return False
