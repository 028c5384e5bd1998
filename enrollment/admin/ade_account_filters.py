"""By what is the list of ADE accounts filtered, besides its own columns? The dashboard leads here."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from enrollment.models import AdeAccount
from enrollment.models.ade_account import SOON_DAYS, URGENT_DAYS


class StandingFilter(admin.SimpleListFilter):
    """Accounts that need somebody, now or soon."""

    title = gettext_lazy("what to do")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        within = _("Token expires within %(days)d days") % {"days": URGENT_DAYS}
        later = _("Token expires in %(from)d to %(to)d days") % {"from": URGENT_DAYS, "to": SOON_DAYS}
        return [
            ("trouble", _("Needs somebody")),
            ("expired", _("Token has expired")),
            ("urgent", within),
            ("expiring", later),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AdeAccount]) -> QuerySet[AdeAccount]:
        accounts: Any = queryset
        match self.value():
            case "trouble":
                accounts = accounts.in_trouble()
            case "expired":
                accounts = accounts.expired()
            case "urgent":
                accounts = accounts.expiring(URGENT_DAYS)
            case "expiring":
                accounts = accounts.expiring(after=URGENT_DAYS)
        return accounts
