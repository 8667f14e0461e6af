from django.shortcuts import get_object_or_404, render

from batches.exports import files
from batches.mapping.fields import LABELS
from batches.models import Item
from batches.results import digests, search
from batches.statuses import MatchCheck
from batches.tables.filters import ItemFilter
from batches.tables.tables import ItemTable, TickableItemTable
from batches.vendor.answers import read_contact
from batches.vendor.protocol import FIELDS
from batches.views.shortcuts import find_upload, indent, paginate, show_list

NEWEST = 50_000
"""People who are shown where no list is chosen."""
MOST_TICKED = 500
"""People who are ticked one by one: as many as an address can name."""
SAME_PERSON = 20
"""Times that one person was in lists, of which the page shows the last ones."""


def item_list(request):
    """Show the people of one list or batch, or those found by words; otherwise the most recently uploaded.

    Sorting or searching ten million rows would take too long for a page.
    """
    filterset = ItemFilter(request.GET, Item.objects.for_lists())
    if not filterset.is_bounded:
        filterset.queryset = filterset.queryset.newest(NEWEST)
    upload = find_upload(filterset)
    if upload:
        # By the index that holds them in this order: by their numbers, PostgreSQL may read all who came before.
        filterset.queryset = filterset.queryset.order_by("upload_id", "row_number", "owner_number")
    context = {"upload": upload, "newest": None if filterset.is_bounded else NEWEST, "most_ticked": MOST_TICKED}
    exclude = ["upload"] if upload else []
    return show_list(request, "items/list.html", filterset, TickableItemTable, exclude=exclude, **context)


def item_page(request, pk):
    """Who was asked for beside who was found, the answer as it came, and where the person was before."""
    item = get_object_or_404(Item.objects.select_related("upload", "batch", "same_as__same_as"), pk=pk)
    source = item.source
    contact = read_contact(source.answer) if source.answer else None
    context = {
        "item": item,
        "source": source,
        "asked": [(LABELS[name], value) for name in FIELDS if (value := getattr(item, name))],
        "cells": list(zip(item.upload.all_columns, item.cells, strict=False)),
        "contact": contact,
        "match": match_words(item, contact),
        "answer": indent(source.answer),
        "earlier": item.earlier_answers.select_related("batch").defer("answer"),
        "appearances": find_appearances(item),
        "exports": files.find_exports(item),
    }
    return render(request, "items/page.html", context)


def match_words(item, contact):
    """Return the match check as value and words; None if there is nothing to compare."""
    verdict = digests.compare(item, contact) if contact else ""
    return (verdict, MatchCheck(verdict).label) if verdict else None


def find_appearances(item):
    """Find this person in all lists, the last first."""
    if not item.fingerprint:
        return [item]
    same = Item.objects.filter(fingerprint=item.fingerprint).select_related("upload", "batch")
    return same.defer("cells", "answer", "batch__request_ids", "batch__completion").order_by("-pk")[:SAME_PERSON]


def find(request):
    """Who is found by names, addresses, phones and emails, in all lists."""
    text = request.GET.get("q", "").strip()
    found = search.find(text)
    items = Item.objects.filter(pk__in=found.ids).for_lists().order_by("-pk")
    table = paginate(request, ItemTable(items))
    return render(request, "find.html", {"text": text, "found": found, "table": table})
