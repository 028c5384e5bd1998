"""What would one write without an outbox? A Celery task for each message, with Django's mail API (the contender (a)).

Included by the bench's worker. Subject, text and HTML are those of hexenroll, by the same templates; the QR code is
made by segno for each mail, the connection is Django's own for each mail, and what became of it is one UPDATE.
"""

from datetime import timedelta
from email.mime.image import MIMEImage
from io import BytesIO

import segno
from celery import shared_task
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from invitations.messages import qr_code
from invitations.messages.compose import Composer
from invitations.messages.message import Mail
from invitations.models import Invitation

composer = Composer()  # compiles the templates once in a process, as Django's cached loader does


@shared_task
def send_one(pk: int) -> None:
    """Send the message of one invitation."""
    qr_code.png = drawn
    invitation = Invitation.objects.select_related("device__user__domain", "sending__created_by").get(pk=pk)
    invitation.expires_at = timezone.now() + timedelta(days=7)
    message = composer.compose(invitation)
    assert isinstance(message, Mail)
    mail = EmailMultiAlternatives(message.subject, message.text, message.sender, [message.recipient])
    mail.extra_headers = {"Message-ID": message.message_id, **dict(message.headers)}
    mail.mixed_subtype = "related"  # type: ignore[attr-defined]  # of EmailMessage; the stubs miss it
    mail.attach_alternative(message.html, "text/html")
    image = MIMEImage(message.qr_code, "png")
    image.add_header("Content-ID", "<qr-code>")
    image.add_header("Content-Disposition", "inline", filename="qr-code.png")
    mail.attach(image)
    mail.send()
    Invitation.objects.filter(pk=pk).update(
        state=Invitation.State.SENT, sent_at=timezone.now(), provider_id=message.message_id.strip("<>")
    )


def drawn(link: str) -> bytes:
    """Return a QR code as segno makes it."""
    picture = BytesIO()
    segno.make_qr(link).save(picture, kind="png", scale=qr_code.SCALE)
    return picture.getvalue()
