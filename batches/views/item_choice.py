"""Who was chosen on a page of people."""

from django.contrib import messages

from batches.keys import read_key, read_keys
from batches.models import Item
from batches.tables import paging
from batches.tables.filters import ItemFilter


def is_as_shown(request, items, shown, counted_to=None):
    """Whether there are no more people by now than a question named, who were counted so far; if there are, say so."""
    shown = read_key(shown) or 0
    if items.order_by()[:counted_to].count() <= shown:
        return True
    said = f"Nothing was done: there are {items.count():,} now, not {shown:,}. Look again and decide."
    messages.warning(request, said)
    return False


def choose_people(request):
    """Return the ticked items, or all that the filters choose of a list or a batch; None if nobody is chosen."""
    which, ticked = request.POST.get("which"), read_keys(request.POST.getlist("item"))
    if ticked and which != "all":
        return Item.objects.filter(pk__in=ticked)
    filterset = ItemFilter(request.POST, Item.objects.all())
    is_of_one = filterset.is_valid() and any(filterset.form.cleaned_data[name] for name in ("upload", "batch"))
    if is_of_one and which == "all":
        return filterset.qs
    messages.warning(request, "Nobody was chosen: tick people, or choose all that the filters show.")
    return None


def choose_asked(request):
    """Return the chosen items of an action that asks first; None too if there are more by now than it named."""
    items = choose_people(request)
    if items is None or request.POST.get("which") != "all":
        return items
    return items if is_as_shown(request, items, request.POST.get("shown", ""), paging.CAP + 1) else None
