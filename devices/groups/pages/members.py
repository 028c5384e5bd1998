"""Which devices are in a group, and who puts some in or takes some out? The page beside the group's form."""

from typing import Any

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from devices.groups import facts, filling_by_hand
from devices.groups.filling_by_hand import RuledGroupError
from devices.models import Device, DeviceGroup
from devices.row_number import is_row_number
from devices.scope import visible
from devices.wizard.frame import WizardView

PAGE_SIZE = 25
FOUND_SHOWN = 10
# Without it, the devices of a group are looked at only: whoever puts a device into a group changes the device.
CHANGE = "devices.change_device"


class MembersView(WizardView):
    """GET shows the devices of a group; POST puts some in, or takes some out (`add`, `remove`, `serials`)."""

    permission = "devices.view_device"
    post_permission = CHANGE
    title = gettext_lazy("Devices of the group")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        if request.user.has_perms(("devices.view_devicegroup", self.permission)):
            self.group = get_object_or_404(DeviceGroup, pk=_key(kwargs["pk"]))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not request.user.has_perm("devices.view_devicegroup"):
            self.permission = "devices.view_devicegroup"  # refused below, as everywhere
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.page()

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            if "serials" in request.POST:
                return self._paste(request.POST["serials"])
            chosen = [_key(value) for value in request.POST.getlist("device")]
            if "remove" in request.POST:
                count = filling_by_hand.take_out(self.group, chosen, self.person)
                said = ngettext("%(count)s device taken out.", "%(count)s devices taken out.", count)
            else:
                count = filling_by_hand.put_in(self.group, chosen, self.person)
                said = ngettext("%(count)s device put in.", "%(count)s devices put in.", count)
        except RuledGroupError as error:
            messages.error(request, str(error))
            return redirect(request.get_full_path())
        if chosen:
            messages.success(request, said % {"count": intcomma(count)})
        else:
            messages.warning(request, _("Tick at least one device."))
        return redirect(request.get_full_path())

    def _paste(self, text: str) -> HttpResponse:
        lines = text.replace(",", "\n").replace(";", "\n").split("\n")
        if len(lines) > filling_by_hand.MAX_PASTED:
            said = _("Paste at most %(limit)s serial numbers at once, or upload them as a file of groups.")
            return self.page(pasted=text, wrong=said % {"limit": intcomma(filling_by_hand.MAX_PASTED)}, status=422)
        pasted = filling_by_hand.look_up(lines, self.person)
        if pasted.unknown or not pasted.devices:
            wrong = "" if pasted.unknown else _("Paste at least one serial number.")
            return self.page(pasted=text, wrong=wrong, unknown=pasted.unknown, status=422)
        count = filling_by_hand.put_in(self.group, pasted.devices, self.person)
        said = ngettext("%(count)s device put in.", "%(count)s devices put in.", count)
        messages.success(self.request, said % {"count": intcomma(count)})
        return redirect("admin:devices_devicegroup_members", self.group.pk)

    def page(self, *, status: int = 200, **facts_of_form: Any) -> HttpResponse:
        """Return the page with its devices and what a search found."""
        group, asked = self.group, self.request.GET
        # By number: the usual order would be looked up among all devices.
        members = facts.members_of(group, self.person).select_related("user", "domain").order_by("-pk")
        pages = Paginator(members, PAGE_SIZE)
        # Counted by the memberships' own index, where all devices may be seen.
        pages.count = facts.counts_of([group.pk], self.person).get(group.pk, 0)
        search = asked.get("find", "").replace("\x00", "").strip()
        found = self._found(search) if search else []
        return self.render(
            "groups/members.html",
            status=status,
            title=self.title,
            content_title=self.title,
            object=group,  # in the heading, before the title
            group=group,
            page=pages.get_page(asked.get("page", "1")[:9]),
            search=search,
            found=found[:FOUND_SHOWN],
            is_more_found=len(found) > FOUND_SHOWN,
            may_change=self.may(CHANGE) and not group.is_ruled,
            rule_words=facts.in_words(group, self.person),
            devices_url=f"{reverse('admin:devices_device_changelist')}?status=all&group={group.pk}",
            **facts_of_form,
        )

    def _found(self, search: str) -> list[Device]:
        others = visible(Device.objects.matching(search), self.person).exclude(groups=self.group)
        return list(others.select_related("user", "domain")[: FOUND_SHOWN + 1])


def _key(value: Any) -> int:
    """Return a number that a column can be compared with; that of nothing for anything else."""
    text = str(value)
    return int(text) if is_row_number(text) else 0
