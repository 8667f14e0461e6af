"""People: lists of them, one in detail, and the search across all lists."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from batches.exports import files
from batches.mapping.fields import LABELS
from batches.models import Item
from batches.people.contacts import Contact
from batches.results import digests, search
from batches.statuses import MatchCheck, OddCredits, Outcome
from batches.tables.filters import ItemFilter
from batches.tables.tables import ItemTable, TickableItemTable
from batches.templatetags.numbers import count, number
from batches.user_request import UserRequest
from batches.vendor.answers import is_cached, read_contact
from batches.vendor.protocol import PERSON_FIELDS, quote_credits
from batches.views.shortcuts import filtered_upload, indent_json, paginate, render_list

MAX_NEWEST = 50_000
"""Maximum number of people shown if no list is chosen."""
MAX_TICKED = 500
"""Maximum number of people that can be ticked one by one: a longer address would be refused."""
MAX_APPEARANCES = 20
"""Maximum number of lists of one person that the page shows, the latest first."""


def item_list(request: UserRequest) -> HttpResponse:
    """Show the people of one list or batch, or those that a search finds; otherwise the most recently uploaded.

    Sorting or searching ten million rows would take too long for a page.
    """
    filterset = ItemFilter(request.GET, Item.objects.for_tables())
    if not filterset.is_bounded:
        filterset.queryset = filterset.queryset.newest(MAX_NEWEST)
    upload = filtered_upload(filterset)
    if upload:
        # Use the index in this order. Ordered by primary key, PostgreSQL may scan everyone uploaded earlier.
        filterset.queryset = filterset.queryset.order_by("upload_id", "row_number", "owner_number")
    context: dict[str, Any] = {
        "upload": upload,
        "newest": None if filterset.is_bounded else MAX_NEWEST,
        "most_ticked": MAX_TICKED,
    }
    exclude = ["upload"] if upload else []
    return render_list(request, "items/list.html", filterset, TickableItemTable, exclude=exclude, **context)


def item_page(request: UserRequest, pk: int) -> HttpResponse:
    """Show who was requested and who was found, the raw answer, and the person's other lists."""
    item = get_object_or_404(Item.objects.select_related("upload", "batch", "same_as__same_as"), pk=pk)
    source = item.answer_item
    contact = read_contact(source.answer) if source.answer else None
    context = {
        "item": item,
        "source": source,
        "asked": [(LABELS[name], value) for name in PERSON_FIELDS if (value := getattr(item, name))],
        "cells": list(zip(item.upload.all_columns, item.cells, strict=False)),
        "contact": contact,
        "match": match_verdict(item, contact),
        "message": find_message(item),
        "answer": indent_json(source.answer),
        "odd_credits": odd_credits_message(source),
        "earlier": item.earlier_answers.select_related("batch").defer("answer"),
        "appearances": find_appearances(item),
        "exports": files.find_exports(item),
    }
    return render(request, "items/page.html", context)


def find_message(item: Item) -> dict[str, str] | None:
    """Return the item's message and the look of its alert; None if its answer says it all."""
    if not item.message or item.outcome in (Outcome.MATCHED, Outcome.REUSED):
        return None
    look = "danger" if item.outcome in (Outcome.INVALID, Outcome.ERROR) else "secondary"
    return {"text": item.message, "look": look}


def odd_credits_message(item: Item) -> str:
    """Return why the cost in an answer cannot be counted; empty if it can be."""
    cached = bool(item.answer) and is_cached(item.answer)
    oddity = digests.judge_credits(item, cached) if item.answer else ""
    if oddity == OddCredits.MISSING:
        return "The answer does not say what it cost, so it counts as 0 credits."
    if oddity:
        return f"The answer claims to cost {quote_credits(item.answer)} credits, which cannot be right. It counts as 0."
    return ""


def match_verdict(item: Item, contact: Contact | None) -> tuple[str, str] | None:
    """Return the verdict of the match check and its label; None if there is nothing to compare."""
    verdict = digests.check_match(item, contact) if contact else ""
    return (verdict, MatchCheck(verdict).label) if verdict else None


def find_appearances(item: Item) -> Iterable[Item]:
    """Return this person's items in all lists, the latest first."""
    if not item.fingerprint:
        return [item]
    same = Item.objects.filter(fingerprint=item.fingerprint).select_related("upload", "batch")
    return same.defer("cells", "answer", "batch__request_ids", "batch__completion").order_by("-pk")[:MAX_APPEARANCES]


def find(request: UserRequest) -> HttpResponse:
    """Search people in all lists by name, address, phone or email."""
    text = request.GET.get("q", "").strip()
    found = search.search_people(text)
    items = Item.objects.filter(pk__in=found.ids).for_tables().order_by("-pk")
    table = paginate(request, ItemTable(items))
    context = {"text": text, "found": found, "table": table, "summary": describe_found(found, text)}
    return render(request, "find.html", context)


def describe_found(found: search.SearchResult, text: str) -> str:
    """Return how many people a search has found."""
    if not found.ids:
        return (
            f"Nobody matches “{text}”. You can find people once their list has started, and their contact details "
            "once their batch has closed."
        )
    if found.is_cut_off:
        most = number(len(found.ids))
        return f"More than {most} people match; here are {most} of them. Add a word to narrow the search."
    return f"{count(len(found.ids), 'person,people')}."
