"""Who may open the pages of sending invitations? Every view of this folder is one of the classes here."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from devices.scope import visible
from devices.wizard.frame import BatchView, WizardView
from invitations.models import Sending

VIEW = "invitations.view_invitation"
VIEW_SENDING = "invitations.view_sending"
SEND = "invitations.send_invitation"


class InvitingView(BatchView):
    """A page of an import that shows its invitations: for who may see both."""

    step = "send"
    post_permission = SEND

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(VIEW):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


class SendingView(WizardView):
    """A page, or an action, of one sending: for who may see sendings, or the invitations of one.

    Attributes:
        sending: of the address; 404 when there is none in the person's domains.
    """

    post_permission = SEND
    sending: Sending

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        # Either right is enough: the base class asks for the one that the person has.
        self.permission = VIEW if request.user.has_perm(VIEW) else VIEW_SENDING
        if request.user.has_perm(self.permission):  # else dispatch refuses, whether the sending exists or not
            sendings = Sending.objects.select_related("batch", "created_by").defer("devices")
            self.sending = get_object_or_404(visible(sendings, request.user), pk=kwargs["sending_id"])
