"""The rows of the device list, and the addresses of its other pages. Used by templates/devices/list/."""

from typing import Any

from django import template
from django.contrib.admin.templatetags.base import InclusionAdminNode
from django.contrib.admin.views.main import PAGE_VAR
from django.template.base import Parser, Token

from devices.device_list import rows

register = template.Library()


@register.tag
def device_rows(parser: Parser, token: Token) -> InclusionAdminNode:
    """Show the rows of a list in the theme's table."""
    template_name = "change_list_results.html"
    # The type information is that of a later Django, which also wants the tag's name.
    return InclusionAdminNode(parser, token, func=rows.result_list, template_name=template_name)  # type: ignore[call-arg, arg-type]


@register.simple_tag
def list_page(change_list: Any, number: int) -> str:
    """Return the address of a page of the same list."""
    return str(change_list.get_query_string({PAGE_VAR: number}))


@register.filter
def slice_sign(number: int) -> int:
    """Return how many pages from the end a page is."""
    return abs(number)
