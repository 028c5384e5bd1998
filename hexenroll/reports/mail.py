"""What is in the mail that brings a report? Made in its owner's language and time zone; sent by sending.py."""

from tempfile import TemporaryFile
from typing import Any, BinaryIO, Final
from urllib.parse import urljoin

from django.conf import settings
from django.core.mail import EmailMessage
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from devices import csv_file, workbook
from hexenroll.models import ScheduledReport
from invitations.messages.variables import one_line

from .files import TYPES, rows
from .filter_form import FilterForm
from .pages import file_name
from .registry import REPORTS
from .report import Asked, Report

# A workbook is compressed: so many bytes of it hold a row at the least, so that one far too large isn't written at all.
LEAST_BYTES_A_ROW: Final = 10


class TooLargeError(Exception):
    """The file is larger than what goes by mail."""


class _Limited:
    """A file that refuses to grow beyond `limit` bytes."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self.file, self.limit = file, limit

    def write(self, data: bytes) -> int:
        if self.file.tell() + len(data) > self.limit:
            raise TooLargeError
        return self.file.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


def mail_of(scheduled: ScheduledReport) -> EmailMessage:
    """Return the mail with the report as a file, or with the link to it where the file is too large."""
    report = REPORTS[scheduled.report]
    form = FilterForm(QueryDict(scheduled.query), report, scheduled.owner)
    form.full_clean()
    asked = form.asked()
    count = report.count(asked)
    try:
        content = _content(report, asked, scheduled.format, count)
    except TooLargeError:
        content = b""
    subject = _("Report: %(title)s") % {"title": report.title}
    mail = EmailMessage(
        one_line(subject), _text(scheduled, report, asked, count, bool(content)), to=scheduled.recipients
    )
    if content:
        mail.attach(file_name(report, scheduled.format), content, TYPES[scheduled.format].partition(";")[0])
    return mail


def _content(report: Report, asked: Asked, format: str, count: int) -> bytes:
    """Return the file.

    Raises:
        TooLargeError: it would be larger than HEXENROLL_REPORT_MAIL_MAX_BYTES.
    """
    limit = settings.HEXENROLL_REPORT_MAIL_MAX_BYTES
    if count * LEAST_BYTES_A_ROW > limit:
        raise TooLargeError
    with TemporaryFile() as file:
        limited: Any = _Limited(file, limit)
        if format == ScheduledReport.Format.CSV:
            for piece in csv_file.pieces(rows(report, asked)):
                limited.write(piece)
        else:
            workbook.write(rows(report, asked), file)
            if file.tell() > limit:
                raise TooLargeError
        file.seek(0)
        return file.read()


def _text(scheduled: ScheduledReport, report: Report, asked: Asked, count: int, is_attached: bool) -> str:
    url = urljoin(settings.PUBLIC_URL, f"{reverse('reports:report', args=[report.name])}?{scheduled.query}")
    rows = ngettext("The report has %(count)s row.", "The report has %(count)s rows.", count) % {"count": count}
    if is_attached:
        where = _("It is attached, and can be seen here, by who may sign in:")
    else:
        where = _("It is too large for a mail. Take it from here, where you sign in:")
    owner = scheduled.owner.get_full_name() or scheduled.owner.get_username()
    lines = [
        str(report.title),
        "\n".join(_("%(what)s: %(which)s") % {"what": what, "which": which} for what, which in asked.told),
        rows,
        f"{where}\n{url}",
        _("%(name)s has this report sent to you. Ask them if you don’t want it any more.") % {"name": owner},
    ]
    return "\n\n".join(lines) + "\n"
