"""How does a short message reach one of the services that apprise knows? For sms.py, where SMS_PROVIDER is apprise."""

from urllib.parse import quote

import apprise
from django.conf import settings
from django.utils.translation import gettext as _

from invitations.messages.message import Sms

from .outcome import Accepted, DoubtError, ProviderDownError, TryLaterError


class AppriseSms:
    """The service of APPRISE_URL. It tells neither a number of the message nor why it refused one."""

    def send(self, sms: Sms) -> Accepted:
        """Ask the service to send a message.

        Raises:
            DoubtError: it did not; apprise can't tell a wrong number from a service that is down.
            ProviderDownError: APPRISE_URL can't be used.
        """
        service = service_for(sms.recipient)
        if service is None:
            raise ProviderDownError(_("apprise can't use APPRISE_URL. Look at manage.py check."))
        service.socket_connect_timeout = service.socket_read_timeout = float(settings.HEXENROLL_SMS_TIMEOUT)
        if not service.notify(body=sms.text, body_format=apprise.NotifyFormat.TEXT):
            text = _(
                "The service of APPRISE_URL did not take the message. apprise doesn't say why; what it knows is in "
                "the worker's log. It is tried again by itself."
            )
            raise DoubtError(TryLaterError(text, may_have_arrived=True))
        return Accepted()

    def close(self) -> None:
        """Do nothing: apprise keeps no connection."""


def service_for(recipient: str) -> apprise.NotifyBase | None:
    """Return apprise's service for APPRISE_URL with a recipient in place of `{to}`; None: the URL can't be used."""
    url = settings.APPRISE_URL.replace("{to}", quote(recipient, safe=""))
    return apprise.Apprise.instantiate(url, suppress_exceptions=True)
