"""People: what was asked, and what was found."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router

from api.schemas import (
    DEFAULT_PAGE_SIZE,
    NOT_FOUND_RESPONSES,
    Cursor,
    ItemOut,
    ItemPage,
    PageSize,
    SearchResults,
)
from api.serializers import serialize_items
from api.uploads import split_page
from batches.models import Item, ItemQuerySet, Upload
from batches.results import search
from batches.statuses import MatchCheck, Outcome
from batches.tracing.lifecycle import record
from batches.user_request import UserRequest

router = Router(tags=["People"])
READ_EVENT = "read over the API"
READ_EVENT_INTERVAL = timedelta(hours=1)
"""A list's history records that a user reads its people at most this often."""


def with_answers(items: ItemQuerySet) -> ItemQuerySet:
    # A duplicate has the answer of the first row, which may itself have that of an earlier list.
    return items.select_related("same_as__same_as").defer("cells", "same_as__cells", "same_as__same_as__cells")


@router.get("/uploads/{id:pk}/items", response={200: ItemPage} | NOT_FOUND_RESPONSES)
def list_items(
    request: UserRequest,
    pk: int,
    outcome: Query[tuple[Outcome, ...]] = (),
    match: Query[tuple[MatchCheck, ...]] = (),
    after: Cursor = 0,
    limit: PageSize = DEFAULT_PAGE_SIZE,
) -> dict[str, Any]:
    """Return the people of a list by id, optionally only those with certain outcomes or verdicts."""
    upload = get_object_or_404(Upload, pk=pk)
    items = with_answers(upload.items.filter(pk__gt=after))
    if outcome:
        items = items.filter(outcome__in=outcome)
    if match:
        items = items.filter(digest__match__in=match)
    page, next_cursor = split_page(items.order_by("pk"), limit, "pk")
    record_reading(upload, request.user)
    return {"items": serialize_items(page), "next": next_cursor}


def record_reading(upload: Upload, user: User) -> None:
    since = timezone.now() - READ_EVENT_INTERVAL
    if not upload.events.filter(what=READ_EVENT, user=user, at__gt=since).exists():
        record(upload.pk, READ_EVENT, user=user)


@router.get("/find", response=SearchResults)
def find_items(request: UserRequest, q: str) -> dict[str, Any]:
    """Find people in all lists by name, address, phone or email. The last word may be incomplete."""
    found = search.search_people(q)
    items = with_answers(Item.objects.filter(pk__in=found.ids)).order_by("-pk")
    return {"items": serialize_items(items), "is_cut_off": found.is_cut_off}


@router.get("/items/{id:pk}", response={200: ItemOut} | NOT_FOUND_RESPONSES)
def get_item(request: UserRequest, pk: int) -> dict[str, Any]:
    """Return one person."""
    return serialize_items([get_object_or_404(with_answers(Item.objects.all()), pk=pk)])[0]
