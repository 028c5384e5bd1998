"""Who was not let in, and why?"""

from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from devices.scope import visible
from devices.vocabulary import Platform
from enrollment.methods import Method
from enrollment.models import EnrollmentAttempt
from enrollment.reasons import Reason

from .report import Asked, Column, ListReport

REASONS = 6  # the most frequent ones stand above the table


class RefusedAttempts(ListReport):
    name = "refused-attempts"
    title = _("Refused attempts")
    description = _("Requests to enroll that were refused, each with its reason. A device can be approved from there.")
    icon = "do_not_disturb_on"
    about = EnrollmentAttempt
    permissions = ("enrollment.view_enrollmentattempt",)
    filters = ("period", "domain", "platform")
    columns = (
        Column(_("At"), "at", is_time=True, is_linked=True),
        Column(_("Serial number"), "serial_number"),
        Column(_("Reason"), "reason", choices=Reason),
        Column(_("Platform"), "platform", choices=Platform),
        Column(_("OS version"), "os_version"),
        Column(_("Method"), "method", choices=Method),
        Column(_("Device user"), "user__name"),
        Column(_("Domain"), "domain__name"),
        Column(_("Address"), "address"),
    )
    link = "admin:enrollment_enrollmentattempt_change"
    empty = _("No attempt was refused in this time.")

    def found(self, asked: Asked) -> QuerySet[Any]:
        refused = visible(EnrollmentAttempt.objects.filter(is_let_in=False), asked.person)
        if asked.domain is not None:
            refused = refused.filter(domain=asked.domain)
        if asked.platform:
            refused = refused.filter(platform=asked.platform)
        return refused.filter(**asked.within("at")).order_by("-at", "-pk")

    def totals(self, asked: Asked) -> list[tuple[str, int]]:
        counted = dict(self.found(asked).order_by().values_list("reason").annotate(n=Count("pk")))
        parts = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:REASONS]
        names = dict(Reason.choices)
        return [(str(_("In all")), sum(counted.values())), *((str(names.get(key, key)), n) for key, n in parts)]
