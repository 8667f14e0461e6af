"""The filters and the saved views above a table."""

from typing import Any

from django import template

from batches import assignments
from batches.keys import read_key
from batches.models import Item
from batches.tables.column_choice import table_key
from batches.tables.filter_bar import FilterBar
from batches.tables.saved_views import MY_PEOPLE, PEOPLE, ViewTab, list_tabs, normalise_query
from batches.user_request import UserRequest

register = template.Library()


def count_tab(tab: ViewTab, request: UserRequest) -> ViewTab:
    """Return a tab of the table of people. That of the reader's own people says how many they are."""
    if tab.query != MY_PEOPLE:
        return tab
    lists = [pk for value in request.GET.getlist("upload") if (pk := read_key(value))]
    items = Item.objects.filter(upload__in=lists) if lists else Item.objects.all()
    return tab._replace(people_count=assignments.count_own(request.user, items))


@register.simple_tag(takes_context=True)
def filter_bar(context: dict[str, Any]) -> FilterBar:
    """Return the bar of the page's filters."""
    return FilterBar(context["request"], context["filter"], context.get("counts"))


@register.inclusion_tag("components/views.html", takes_context=True)
def table_views(context: dict[str, Any], table: str = "", label: str = "Views") -> dict[str, Any]:
    """Return the views of the page's table as tabs, and a menu that saves, renames and deletes them."""
    request = context["request"]
    name = table or table_key(type(context["table"]))
    tabs = list_tabs(request.user, name, request.META.get("QUERY_STRING", ""))
    if name == PEOPLE:
        tabs = [count_tab(tab, request) for tab in tabs]
    kept = [(key, value) for key in ("upload", "batch") for value in request.GET.getlist(key) if value]
    return {
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "table": name,
        "tabs": tabs,
        "label": label,
        "current": next((tab for tab in tabs if tab.is_current), None),
        "query": normalise_query(name, request.META.get("QUERY_STRING", "")),
        "prefix": "".join(f"{key}={value}&" for key, value in kept),
        "is_people": name == PEOPLE,
    }
