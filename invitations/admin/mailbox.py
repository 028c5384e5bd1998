"""Pages of the development mailbox: what would have gone out, to be read instead."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import truncatechars
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from devices.admin.console_page import ConsolePage
from devices.changes import WORDS, Action, announce
from invitations.models import Invitation, MailboxMessage
from invitations.stored_mail import read, subject_of

LIST = "admin:invitations_mailboxmessage_changelist"
EMAIL = Invitation.Channel.EMAIL
# Characters of a subject that a row of the list has room for.
SUBJECT_LENGTH = 80
EMPTIED, DELETED = "mailbox.emptied", "mailbox.deleted"
WORDS[EMPTIED] = _("Mailbox emptied")
WORDS[DELETED] = _("Message deleted")


@admin.register(MailboxMessage)
class MailboxMessageAdmin(ConsolePage):
    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("enroll/wizard.css", "enroll/mailbox.css")}

    list_display = ("recipient", "subject", "channel", "received_at")
    list_filter = ("channel",)
    search_fields = ("recipient",)
    search_help_text = _("Recipient")
    list_before_template = "invitations/_mailbox_mark.html"

    @admin.display(description=_("subject"))
    def subject(self, message: MailboxMessage) -> str:
        # Of an SMS none of its text: it holds a link and a password.
        return truncatechars(subject_of(message.content), SUBJECT_LENGTH) if message.channel == EMAIL else ""

    # --- who may do what ---
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: MailboxMessage | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: MailboxMessage | None = None) -> bool:
        """Tell who may read one-time passwords and links of others; the permission to change does not do."""
        return request.user.has_perm("invitations.view_mailboxmessage")

    # --- the pages ---
    def get_urls(self) -> list[URLPattern]:
        own = [
            path("empty/", self.admin_site.admin_view(require_POST(self.empty_view)), name="invitations_mailbox_empty"),
            path(
                "<int:message_id>/source/",
                self.admin_site.admin_view(self.source_view),
                name="invitations_mailbox_source",
            ),
        ]
        return own + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may_empty = self.has_delete_permission(request) and MailboxMessage.objects.exists()
        return super().changelist_view(request, {**(extra_context or {}), "may_empty": may_empty})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one message, as a mail program or a telephone does."""
        message = self._message(request, object_id)
        mail = read(message.content) if message.channel == EMAIL else None
        subject = subject_of(message.content) if mail else ""
        context = {
            **self.admin_site.each_context(request),
            "title": subject or message.recipient,
            "message": message,
            "mail": mail,
            "text": mail.text if mail else message.content,
            "opts": self.opts,
            "may_delete": self.has_delete_permission(request, message),
        }
        return TemplateResponse(request, "invitations/mailbox_message.html", context)

    def source_view(self, request: HttpRequest, message_id: int) -> HttpResponse:
        """Hand the message out as a file: what goes over the wire, or the text of the SMS."""
        message = self._message(request, str(message_id))
        kind, ending = ("message/rfc822", "eml") if message.channel == EMAIL else ("text/plain; charset=utf-8", "txt")
        name = f"message-{message.pk}.{ending}"
        headers = {"Content-Type": kind, "Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(message.content.encode("utf-8", "replace"), headers=headers)

    def empty_view(self, request: HttpRequest) -> HttpResponse:
        """Delete every message."""
        if not (self.has_view_permission(request) and self.has_delete_permission(request)):
            raise PermissionDenied
        with transaction.atomic():
            number, _by_model = MailboxMessage.objects.all().delete()
            announce(MailboxMessage, Action.DELETED, EMPTIED, count=number)
        text = ngettext("%(number)s message was removed.", "%(number)s messages were removed.", number)
        messages.success(request, text % {"number": number})
        return HttpResponseRedirect(reverse(LIST))

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: MailboxMessage) -> None:
        announce(MailboxMessage, Action.DELETED, DELETED, ids=[obj.pk], labels={obj.pk: obj.recipient})
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[MailboxMessage]) -> None:
        labels = dict(queryset.values_list("pk", "recipient"))
        announce(MailboxMessage, Action.DELETED, DELETED, ids=list(labels), labels=labels)
        MailboxMessage.objects.filter(pk__in=list(labels)).delete()

    def _message(self, request: HttpRequest, object_id: str) -> MailboxMessage:
        if not self.has_view_permission(request):
            raise PermissionDenied
        message: MailboxMessage | None = self.get_object(request, object_id)
        if message is None:
            raise Http404
        return message
