"""Which devices would a rule take in? Asked by the form of a group while somebody writes; nothing is stored."""

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from devices.groups import facts
from devices.groups.form import DeviceGroupForm, rule_of
from devices.groups.rule import RuleError
from devices.models import DeviceGroup
from devices.row_number import is_row_number
from devices.wizard.frame import WizardView


class PreviewView(WizardView):
    """POST takes the fields of the form and answers in JSON; it needs the right to change groups."""

    http_method_names = ["post", "options"]
    permission = "devices.change_devicegroup"

    def post(self, request: HttpRequest) -> HttpResponse:
        form = DeviceGroupForm(request.POST)
        form.is_valid()
        if wrong := [str(error) for name in form.errors if name in RULE_FIELDS for error in form.errors[name]]:
            return JsonResponse({"text": " ".join(wrong), "is_wrong": True, "sample": []})
        try:
            rule = rule_of(form.cleaned_data)
        except RuleError as error:
            return JsonResponse({"text": str(error), "is_wrong": True, "sample": []})
        found = facts.preview(rule, self._group(), self.person)
        return JsonResponse(
            {
                "text": _said(found["count"], found["is_more"]),
                "leave": _leaving(found["leave"]),
                "sample": [
                    {"name": str(device), "serial_number": device.serial_number or "–", "platform": label}
                    for device in found["sample"]
                    for label in [str(device.get_platform_display())]
                ],
                "is_wrong": False,
            }
        )

    def _group(self) -> DeviceGroup | None:
        key = self.request.POST.get("group", "")
        is_key = is_row_number(key)
        return DeviceGroup.objects.filter(pk=int(key)).first() if is_key else None


RULE_FIELDS = ("platforms", "ownerships", "domains", "name_pattern", "attribute_name", "attribute_value")


def _said(count: int, is_more: bool) -> str:
    if is_more:
        return _("More than %(count)s devices fit the rule.") % {"count": intcomma(count)}
    text = ngettext("%(count)s device fits the rule.", "%(count)s devices fit the rule.", count)
    return text % {"count": intcomma(count)}


def _leaving(count: int) -> str:
    if not count:
        return ""
    text = ngettext(
        "%(count)s device that is in the group now doesn't, and leaves it.",
        "%(count)s devices that are in the group now don't, and leave it.",
        count,
    )
    return text % {"count": intcomma(count)}
