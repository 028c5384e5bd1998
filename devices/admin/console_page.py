"""What do all plain pages share? Values and addresses that fit no column are answered in words; base of each page."""

import logging
from typing import Any, ClassVar

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db import DataError, models
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from devices.form_fields import GroupsField, JsonField, ObjectsField, SearchSelect, SearchSelectMultiple
from devices.models import DeviceGroup
from devices.scope import reaches_row, visible

logger = logging.getLogger(__name__)


def _linking_models() -> list[Any]:
    """Return the models that Django makes by itself for fields with many objects on either side."""
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.auto_created]


class VisibleObjectsFilter(admin.RelatedFieldListFilter):
    """The filter by a related object, in every list: offers what belongs to the domains of the signed-in person."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        offered = visible(field.remote_field.model._default_manager.all(), request.user)
        ordering = self.field_admin_ordering(field, request, model_admin)
        found: list[Any] = field.get_choices(
            include_blank=False, ordering=ordering, limit_choices_to=models.Q(pk__in=offered.order_by().values("pk"))
        )
        return found


admin.FieldListFilter.register(lambda field: bool(field.remote_field), VisibleObjectsFilter, take_priority=True)


class ConsolePage(ModelAdmin):
    """The list, form and actions of one model."""

    formfield_overrides: ClassVar[dict[Any, Any]] = {models.JSONField: {"form_class": JsonField}}
    # What a list without rows says: what will be there, and how it gets there.
    empty_text: Any = ""
    # Whether people enter several of these one after the other: a button saves one and offers the next form.
    is_entered_in_series: ClassVar[bool] = False
    # What a filter of a list may compare with; anything else (a pattern, a year) is in no link of ours.
    COMPARISONS: ClassVar[frozenset[str]] = frozenset({"", "exact", "isnull", "id__exact"})

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return what belongs to the domains of the signed-in person: nothing else is listed or opened."""
        return visible(super().get_queryset(request), request.user)

    # A row that is for all domains may stand among those of one: who works in some may look at it only.
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or reaches_row(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or reaches_row(request.user, obj))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Count what goes along, but for the rows that only link one thing with another: nobody knows them."""
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        links = {str(model._meta.verbose_name_plural) for model in _linking_models()}
        return deleted, {name: number for name, number in counts.items() if str(name) not in links}, missing, protected

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        name, _sign, comparison = lookup.partition("__")
        is_date = name == self.date_hierarchy and comparison in ("year", "month", "day")
        return (is_date or comparison in self.COMPARISONS) and super().lookup_allowed(lookup, value, request)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        try:
            changelist = super().get_changelist_instance(request)
        except (ValueError, OverflowError, DataError) as error:  # a NUL, a number or year that no column holds
            logger.info("%s: not a filter: %s", request.path, error)
            raise IncorrectLookupParameters from error
        # Beside the title, the theme says how many were found and leads to all, whenever that's another number.
        if changelist.full_result_count is None and not (changelist.query or changelist.has_active_filters):
            changelist.full_result_count = changelist.result_count
        return changelist

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context.setdefault("show_save_and_add_another", self.is_entered_in_series)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        # The selects by search hand over what was typed; PostgreSQL knows no NUL.
        return super().get_search_results(request, queryset, search_term.replace("\x00", ""))

    def response_action(self, request: HttpRequest, queryset: Any) -> HttpResponseBase:
        try:
            for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.clean(key, None)
        except ValidationError:
            messages.error(request, _("What was ticked is not in this list. Load the page again."))
            return HttpResponseRedirect(request.get_full_path())
        return super().response_action(request, queryset)

    def message_user(self, request: HttpRequest, message: Any, *args: Any, **kwargs: Any) -> None:
        # Messages of other languages begin with what the thing is, whose name begins small.
        text = str(message)
        first = text[:1].upper() + text[1:]
        if isinstance(message, SafeString):
            first = mark_safe(first)  # noqa: S308 - it was safe before: one letter of it is another
        super().message_user(request, first, *args, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", SearchSelect(db_field, self.admin_site, using=kwargs.get("using")))
        kwargs.setdefault("queryset", visible(db_field.remote_field.model._default_manager.all(), request.user))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        offered = visible(db_field.remote_field.model._default_manager.all(), request.user)
        if db_field.remote_field.model is DeviceGroup:
            kwargs.setdefault("form_class", GroupsField)
            offered = offered.filter(rule__isnull=True)
        kwargs.setdefault("form_class", ObjectsField)
        kwargs.setdefault("queryset", offered)
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", SearchSelectMultiple(db_field, self.admin_site, using=kwargs.get("using")))
        return super().formfield_for_manytomany(db_field, request, **kwargs)
