"""Pages of the texts: which there are, and an editor with a live preview and a test message to oneself."""

import logging
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from devices.admin.console_page import ConsolePage
from devices.scope import scope_of
from devices.vocabulary import Channel
from invitations.messages.compose import texts_for
from invitations.messages.preview import Preview, preview_of_texts
from invitations.messages.rendering import FILTERS, TextError
from invitations.messages.shipped import Texts, shipped
from invitations.messages.text_rules import problems_of
from invitations.messages.variables import VARIABLES
from invitations.models import MessageTemplate
from invitations.try_out import TryOutError, send_to_oneself

logger = logging.getLogger(__name__)
# Shown in the help; a template could not hold them.
EXAMPLES = {
    "variable": "{{ user_name }}",
    "condition": "{% if is_reminder %}",
    "otherwise": "{% else %}",
    "end": "{% endif %}",
    "filtered": "{{ device_name|truncatechars:20 }}",
}


class MessageTemplateForm(forms.ModelForm):
    """The texts of one message; refuses what could not be sent."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "text" not in self.fields:  # a new row begins with a copy
            return cleaned
        texts = Texts(*(str(cleaned.get(name, "")).replace("\r\n", "\n") for name in ("subject", "text", "html")))
        for name, problem in problems_of(texts, self.instance.channel, self.instance.language).items():
            if name not in self.errors:
                self.add_error(name, ValidationError(problem.message, code=problem.code))
        return cleaned | {name: getattr(texts, name) for name in ("subject", "text", "html") if name in cleaned}


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ConsolePage):
    form = MessageTemplateForm
    change_form_template = "invitations/message.html"
    list_display = ("channel", "language", "where", "is_edited", "updated_at")
    list_filter = ("channel", "language", "domain")
    list_select_related = ("domain",)
    sortable_by = ()  # a handful of rows

    @admin.display(description=_("domain"))
    def where(self, template: MessageTemplate) -> str:
        return template.domain.name if template.domain else str(_("All domains"))

    @display(description=_("text"), label={"edited": "info", "shipped": "default"})
    def is_edited(self, template: MessageTemplate) -> tuple[str, Any]:
        if _texts_of(template) == shipped(template.channel, template.language):
            return "shipped", _("As shipped")
        return "edited", _("Edited")

    # --- what may be done --------------------------------------------------------------------------------
    def get_fields(self, request: HttpRequest, obj: MessageTemplate | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("domain", "channel", "language")
        return ("text",) if obj.channel == Channel.SMS else ("subject", "text", "html")

    def has_delete_permission(self, request: HttpRequest, obj: MessageTemplate | None = None) -> bool:
        # The texts of all domains are made again at the next start: they are restored, not deleted.
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.domain is None)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "domain" and not scope_of(request.user).is_everything:
            field.required = True  # a text for all domains is for people with all of them
        return field

    def get_actions(self, request: HttpRequest) -> dict[str, object]:
        # "Delete selected" would take the texts of all domains, too.
        return {}

    # --- a new text begins as a copy of the one that held so far -------------------------------------------
    def save_model(self, request: HttpRequest, obj: MessageTemplate, form: Any, change: bool) -> None:
        if not change:
            texts = texts_for(obj.channel, obj.language, None)
            obj.subject, obj.text, obj.html = texts.subject, texts.text, texts.html
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: MessageTemplate, post_url_continue: str | None = None
    ) -> HttpResponseRedirect:
        self.message_user(request, _("This is a copy of the text that was used so far. Edit it now."))
        return HttpResponseRedirect(_change_url(obj))

    # --- the editor ----------------------------------------------------------------------------------------
    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: MessageTemplate | None = None,
    ) -> HttpResponse:
        if obj is not None:
            form = context["adminform"].form
            texts = _typed(form.data) if form.is_bound else _texts_of(obj)
            context |= {
                "is_sms": obj.channel == Channel.SMS,
                "template_row": obj,
                "variables": [
                    variable
                    for variable in VARIABLES.values()
                    if not (obj.channel == Channel.SMS and variable.html_only)
                ],
                "filters": FILTERS,
                "examples": EXAMPLES,
                **_preview_context(texts, obj, request, is_reminder=False),
            }
        context["show_save_and_add_another"] = False
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_urls(self) -> list[URLPattern]:
        urls = [
            path("<int:pk>/preview/", self.admin_site.admin_view(self.preview_view), name="message_preview"),
            path("<int:pk>/test/", self.admin_site.admin_view(self.test_view), name="message_test"),
            path("<int:pk>/restore/", self.admin_site.admin_view(self.restore_view), name="message_restore"),
        ]
        return urls + super().get_urls()

    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer what the typed texts look like: a part of the editor, or a page where there are no scripts."""
        template = self._to_change(request, pk)
        is_reminder = bool(request.POST.get("is_reminder"))
        context = _preview_context(_typed(request.POST), template, request, is_reminder=is_reminder)
        return self._answer(request, template, "preview", context)

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send the typed texts to the person at the keyboard, and answer what became of it."""
        template = self._to_change(request, pk)
        context: dict[str, Any] = {}
        try:
            number = request.POST.get("test_number", "")
            context["recipient"] = send_to_oneself(
                _typed(request.POST), template.channel, template.language, cast(User, request.user), number
            )
        except TryOutError as error:
            context["problem"] = str(error)
        return self._answer(request, template, "test", context)

    def restore_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Ask whether the shipped text is to come back (GET), and bring it back (POST)."""
        template = self._changeable(request, pk)
        texts = shipped(template.channel, template.language)
        if request.method != "POST":
            context = _preview_context(texts, template, request, is_reminder=False)
            return self._answer(request, template, "restore", context)
        template.subject, template.text, template.html = texts.subject, texts.text, texts.html
        template.save()
        self.log_change(request, template, [{"changed": {"fields": ["subject", "text", "html"]}}])
        messages.success(request, _("The shipped text is back."))
        return HttpResponseRedirect(_change_url(template))

    def _to_change(self, request: HttpRequest, pk: int) -> MessageTemplate:
        if request.method != "POST":
            raise PermissionDenied
        return self._changeable(request, pk)

    def _changeable(self, request: HttpRequest, pk: int) -> MessageTemplate:
        template = self.get_object(request, str(pk))
        if not self.has_change_permission(request, template):
            raise PermissionDenied
        if template is None:
            raise Http404
        return template

    def _answer(
        self, request: HttpRequest, template: MessageTemplate, part: str, context: dict[str, Any]
    ) -> HttpResponse:
        context |= {"part": f"invitations/_message_{part}.html", "template_row": template, "title": str(template)}
        if request.headers.get("X-Part"):
            return render(request, context["part"], context)
        context |= self.admin_site.each_context(request) | {"opts": self.opts, "change_url": _change_url(template)}
        return render(request, "invitations/message_part.html", context)


def _texts_of(template: MessageTemplate) -> Texts:
    return Texts(template.subject, template.text, template.html)


def _typed(data: Any) -> Texts:
    """Return the texts of a form that was not checked."""
    return Texts(
        *(data.get(name, "").replace("\r\n", "\n").replace("\x00", "") for name in ("subject", "text", "html"))
    )


def _change_url(template: MessageTemplate) -> str:
    return reverse("admin:invitations_messagetemplate_change", args=[template.pk])


def _preview_context(
    texts: Texts, template: MessageTemplate, request: HttpRequest, *, is_reminder: bool
) -> dict[str, Any]:
    """Return the preview of texts, and what is wrong with them; where they can't be compiled there is no preview."""
    problems = problems_of(texts, template.channel, template.language)
    preview: Preview | None = None
    try:
        preview = preview_of_texts(
            texts, template.channel, template.language, sender=cast(User, request.user), is_reminder=is_reminder
        )
    except TextError as error:
        logger.info("No preview: %s", error)
    labels = {"subject": _("subject"), "text": _("text"), "html": _("HTML")}
    return {"preview": preview, "problems": [(labels[name], problem.message) for name, problem in problems.items()]}
