"""What do all views of the administrators' API share? Rights, scope, and what is asked of them in which shape.

Base of the views in devices/, invitations/ and enrollment/api; they call the rules that pages call, and decide nothing.
"""

from typing import Any, ClassVar, cast

import django_filters
from django import forms
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.serializers import PrimaryKeyRelatedField
from rest_framework.viewsets import GenericViewSet

from devices.scope import visible

from .keyset import KeysetPagination


class HasRight(BasePermission):
    """The account has the permission that the view names for what is asked."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        has_method = str(request.method).lower() in view.http_method_names
        if not has_method or view.action in (None, "metadata"):  # answered by 405; or OPTIONS
            return True
        needed = view.rights.get(view.action)
        # A forgotten one is closed, not open.
        return needed is not None and bool(request.user.has_perms([needed] if isinstance(needed, str) else needed))


class KnownFilterBackend(DjangoFilterBackend):
    """The filters of a list; a parameter that there isn't would silently find everything."""

    always = frozenset({"limit", "cursor", "ordering"})

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        if view.action != "list":
            return queryset
        filters = view.filterset_class
        known = {*self.always, *(filters.base_filters if filters else ())}
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            text = _("There is no such parameter. There are: %(names)s.") % {"names": ", ".join(sorted(known))}
            raise ValidationError({name.replace("\x00", ""): [text] for name in unknown[:10]})
        return super().filter_queryset(request, queryset, view)


class NumberOfFilter(django_filters.NumberFilter):
    """What hangs together with one row, by its number; of one that isn't there, or isn't visible, there is nothing."""

    field_class = forms.IntegerField

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=2**63 - 1, **kwargs)


class AdminApi(GenericViewSet):
    """Objects of a model that the account may see; others are not there (404).

    Attributes:
        rights: action -> the permission, or permissions, that it needs.
        orderings: fields by which a list can be ordered; the first one, backwards, without a wish.
    """

    rights: ClassVar[dict[str, str | tuple[str, ...]]] = {}
    orderings: ClassVar[tuple[str, ...]] = ("id",)
    permission_classes = (HasRight,)
    pagination_class = KeysetPagination
    filterset_class: Any = None
    filter_backends = (KnownFilterBackend,)
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Any]:
        return visible(super().get_queryset(), self.request.user)

    @property
    def person(self) -> User:
        return cast(User, self.request.user)


class VisibleField(PrimaryKeyRelatedField):
    """The number of an object that the account may see; another's is unknown."""

    def get_queryset(self) -> QuerySet[Model]:
        request = self.context.get("request")
        rows: QuerySet[Any] = cast(QuerySet[Any], super().get_queryset())
        return rows.none() if request is None else visible(rows, request.user)
