"""Which address has another page of the device list? Used by templates/devices/list/."""

from typing import Any

from django import template
from django.contrib.admin.views.main import PAGE_VAR

register = template.Library()


@register.simple_tag
def list_page(change_list: Any, number: int) -> str:
    """Return the address of a page of the same list."""
    return str(change_list.get_query_string({PAGE_VAR: number}))


@register.filter
def slice_sign(number: int) -> int:
    """Return how many pages from the end a page is."""
    return abs(number)
