"""The rows of the device list, and the addresses of its other pages. Used by templates/devices/list/."""

from typing import Any

from django import template
from django.contrib.admin.views.main import PAGE_VAR

from devices.device_list import rows

register = template.Library()


@register.inclusion_tag("devices/list/_rows.html", takes_context=True)
def device_rows(context: dict[str, Any], change_list: Any) -> dict[str, Any]:
    """Show the rows of a list in the theme's table."""
    return rows.result_list(context, change_list)


@register.simple_tag
def list_page(change_list: Any, number: int) -> str:
    """Return the address of a page of the same list."""
    return str(change_list.get_query_string({PAGE_VAR: number}))


@register.filter
def slice_sign(number: int) -> int:
    """Return how many pages from the end a page is."""
    return abs(number)
