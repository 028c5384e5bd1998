"""What is on the first page of the console, for the signed-in person? Called by unfold (DASHBOARD_CALLBACK)."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from devices.models import Device, Domain, ImportBatch
from devices.scope import scope_of, visible
from devices.vocabulary import Platform
from devices.wizard.frame import step_url

from .attention import matters
from .figures import RANGES, STAGES, Figures, Range, figures
from .summary import current

Status = Device.Status
VIEW_DEVICES = "devices.view_device"
VIEW_INVITATIONS = "invitations.view_invitation"
VIEW_BATCHES = "devices.view_importbatch"
SHOWN = 5  # of each list of what happened last
DOMAINS_SHOWN = 10
TITLES = {"added": _("Added"), "invited": _("Invited"), "opened": _("Opened"), "enrolled": _("Enrolled")}
HELP = {
    "added": _("Put on the list: by an import, by hand or by Apple ADE."),
    "invited": _("A message went out."),
    "opened": _("The page behind the link was opened."),
    "enrolled": _("The device came in."),
}
# Of invitations: who may not see those sees two stages less.
OF_INVITATIONS = frozenset({"invited", "opened"})


@dataclass(frozen=True)
class Stage:
    """One stage of the funnel, or what happened at it over time: `share` of the first stage, 0 to 100."""

    name: str
    title: Any
    help: Any
    count: int
    share: float
    bars: "list[Bar]"
    highest: int


@dataclass(frozen=True)
class Bar:
    """A column of a chart: from `first`, `count` things; `x` and `height` in hundredths of the chart."""

    first: date
    count: int
    x: float
    width: float
    height: float

    @property
    def top(self) -> float:
        return 100 - self.height


@dataclass(frozen=True)
class Part:
    """Devices of a platform or domain: `shares` of the largest one, 0 to 100, `url` of their list."""

    title: Any
    query: str
    total: int
    enrolled: int
    waiting: int
    others: int
    shares: list[float]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Return the context of the page with what the signed-in person may see of their domains."""
    person = request.user
    sees_devices, sees_batches = person.has_perm(VIEW_DEVICES), person.has_perm(VIEW_BATCHES)
    summary = current()
    chosen = Range.of(request.GET.get("days", ""), request.GET.get("by", ""))
    found = figures(summary.numbers, scope_of(person), chosen, timezone.now())
    shown = {
        "title": _("Dashboard"),
        "matters": matters(found, person),
        "made_at": summary.made_at,
        "sees_devices": sees_devices,
        "sees_batches": sees_batches,
        "may_import": person.has_perm("devices.add_importbatch"),
        "has_devices": bool(found.by_status),
        "batches": _batches(person) if sees_batches else [],
    }
    if sees_devices:
        stages = _stages(found, person.has_perm(VIEW_INVITATIONS))
        shown |= {
            "range": chosen,
            "ranges": RANGES,
            "tiles": _tiles(found.by_status),
            "stages": stages,
            "time_rows": _table(found, [stage.name for stage in stages]),
            "platforms": _parts(found.by_platform, dict(Platform.choices), "platform"),
            "domains": _domains(found, person),
            "last_devices": _last_devices(found, person),
        }
    shown["is_stranger"] = not (sees_devices or sees_batches or shown["matters"])
    return {**context, **shown}


def _tiles(by_status: Counter[str]) -> list[dict[str, Any]]:
    url = reverse("admin:devices_device_changelist")
    icons = {
        Status.PRE_APPROVED: "hourglass_empty",
        Status.ENROLLED: "check_circle",
        Status.DISENROLLED: "logout",
        Status.BLOCKED: "block",
    }
    return [
        {"title": status.label, "icon": icon, "count": by_status[status], "url": f"{url}?status={status.value}"}
        for status, icon in icons.items()
    ]


def _stages(found: Figures, sees_invitations: bool) -> list[Stage]:
    stages = []
    for place, name in enumerate(STAGES):
        if name in OF_INVITATIONS and not sees_invitations:
            continue
        counts = found.over_time[name]
        highest = max(counts, default=0)
        step = 100 / len(counts)
        bars = [
            Bar(first, count, round(number * step, 3), round(step * 0.8, 3), round(100 * count / (highest or 1), 2))
            for number, (first, count) in enumerate(zip(found.buckets, counts, strict=True))
        ]
        share = 100 * found.funnel[place] / (found.funnel[0] or 1)
        stages.append(Stage(name, TITLES[name], HELP[name], found.funnel[place], share, bars, highest))
    return stages


def _table(found: Figures, names: list[str]) -> list[dict[str, Any]]:
    """Return the charts' numbers as rows, the newest first."""
    columns = [found.over_time[name] for name in names]
    rows = [{"first": first, "counts": list(counts)} for first, *counts in zip(found.buckets, *columns, strict=True)]
    return rows[::-1]


def _parts(found: list[tuple[Any, Counter[str]]], titles: dict[Any, Any], parameter: str) -> list[Part]:
    largest = max((statuses.total() for _key, statuses in found), default=0) or 1
    parts = []
    for key, statuses in found:
        enrolled, waiting, total = statuses[Status.ENROLLED], statuses[Status.PRE_APPROVED], statuses.total()
        others = total - enrolled - waiting
        shares = [round(100 * number / largest, 2) for number in (enrolled, waiting, others)]
        parts.append(Part(titles.get(key, key), f"{parameter}={key}", total, enrolled, waiting, others, shares))
    return parts


def _domains(found: Figures, person: Any) -> dict[str, Any]:
    """Return the largest domains, and how many there are besides."""
    titles = dict(visible(Domain.objects.all(), person).values_list("pk", "name"))
    known = [item for item in found.by_domain if item[0] in titles]
    return {"parts": _parts(known[:DOMAINS_SHOWN], titles, "domain"), "more": len(known[DOMAINS_SHOWN:])}


def _last_devices(found: Figures, person: Any) -> list[Device]:
    devices = visible(Device.objects.filter(pk__in=found.last, inventory__isnull=False), person)
    newest = devices.select_related("inventory", "user").defer("custom_attributes", "one_time_password")
    return list(newest.order_by("-inventory__enrolled_at", "-pk")[:SHOWN])


def _batches(person: Any) -> list[tuple[ImportBatch, str]]:
    large = ("headers", "mapping", "fixes", "file_format")
    batches = visible(ImportBatch.objects.select_related("domain", "created_by").defer(*large), person)
    return [(batch, step_url(batch)) for batch in batches.order_by("-created_at", "-id")[:SHOWN]]
