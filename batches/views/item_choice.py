"""Find the people that a user has selected on a page."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import QueryDict

from batches.forms.result_messages import changed_count_message
from batches.keys import read_key, read_keys
from batches.models import Item, ItemQuerySet
from batches.tables import paging
from batches.tables.filters import ItemFilter
from batches.user_request import UserRequest

MAX_TICKED = 500
"""Maximum number of people who can be ticked one by one: an address with more ids would be refused as too long."""


def is_unchanged(request: UserRequest, records: QuerySet, shown: str, count_limit: int | None = None) -> bool:
    """Return whether there are at most as many records as the page showed. If there are more, warn.

    `count_limit` is the number at which the page stopped counting.
    """
    shown_count = read_key(shown) or 0
    if records.order_by()[:count_limit].count() <= shown_count:
        return True
    messages.warning(request, changed_count_message(records.count(), shown_count))
    return False


def choose_people(request: UserRequest) -> ItemQuerySet | None:
    """Return the ticked people, or all people of a list, batch or assignee who match the filters.

    Return None, with a warning, if nobody is selected.
    """
    items = find_chosen(request, request.POST, request.POST.get("which", ""))
    if items is None:
        warn_of_no_people(request)
    return items


def warn_of_no_people(request: UserRequest) -> None:
    messages.warning(request, "No people selected. Tick some people, or choose all that match the filters.")


def find_chosen(request: UserRequest, data: QueryDict, which: str) -> ItemQuerySet | None:
    """Return the people whom the filters of `data` choose if `which` is "all", or else those whom it ticks, or None."""
    visible = Item.objects.visible_to(request.user)
    ticked = read_keys(data.getlist("item"))
    if ticked and which != "all":
        return visible.filter(pk__in=ticked)
    filterset = ItemFilter(data, visible, request.user)
    if which == "all" and filterset.is_valid() and filterset.can_choose_all:
        return filterset.qs
    return None


def choose_confirmed(request: UserRequest) -> ItemQuerySet | None:
    """Return the selected people. If there are now more than the confirmed question named, warn and return None."""
    items = choose_people(request)
    if items is None or request.POST.get("which") != "all":
        return items
    return items if is_unchanged(request, items, request.POST.get("shown", ""), paging.MAX_COUNTED_ROWS + 1) else None
