"""By what is the list of ADE accounts filtered, besides its own columns? The dashboard leads here."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from enrollment.models import AdeAccount


class StandingFilter(admin.SimpleListFilter):
    """Accounts that need somebody."""

    title = _("what to do")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("trouble", _("Apple answered with an error")), ("expiring", _("Token expires within 30 days"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AdeAccount]) -> QuerySet[AdeAccount]:
        if self.value() == "trouble":
            return queryset.in_trouble()  # type: ignore[attr-defined]
        return queryset.expiring() if self.value() == "expiring" else queryset  # type: ignore[attr-defined]
