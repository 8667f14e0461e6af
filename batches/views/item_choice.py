"""The people that a user selected on a page."""

from django.contrib import messages
from django.db.models import QuerySet

from batches.forms.result_messages import changed_count_message
from batches.keys import read_key, read_keys
from batches.models import Item, ItemQuerySet
from batches.tables import paging
from batches.tables.filters import ItemFilter
from batches.user_request import UserRequest


def is_unchanged(request: UserRequest, records: QuerySet, shown: str, counted_to: int | None = None) -> bool:
    """Return whether there are no more records than the page showed; warn if there are.

    `counted_to` is how far the page counted.
    """
    shown_count = read_key(shown) or 0
    if records.order_by()[:counted_to].count() <= shown_count:
        return True
    messages.warning(request, changed_count_message(records.count(), shown_count))
    return False


def choose_people(request: UserRequest) -> ItemQuerySet | None:
    """Return the ticked people, or everyone in a list or batch who passes the filters.

    Return None, with a warning, if nobody is selected.
    """
    which, ticked = request.POST.get("which"), read_keys(request.POST.getlist("item"))
    if ticked and which != "all":
        return Item.objects.filter(pk__in=ticked)
    filterset = ItemFilter(request.POST, Item.objects.all())
    is_in_scope = filterset.is_valid() and any(filterset.form.cleaned_data[name] for name in ("upload", "batch"))
    if is_in_scope and which == "all":
        return filterset.qs
    messages.warning(request, "No people selected. Tick some people, or choose all that match the filters.")
    return None


def choose_confirmed(request: UserRequest) -> ItemQuerySet | None:
    """Return the people selected for an action that asks first; None if there are more by now than it named."""
    items = choose_people(request)
    if items is None or request.POST.get("which") != "all":
        return items
    return items if is_unchanged(request, items, request.POST.get("shown", ""), paging.MAX_COUNTED_ROWS + 1) else None
