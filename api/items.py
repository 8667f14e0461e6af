"""Read the people of a list, find people in all lists, or read one person."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router

from accounts.models import AuditKind
from accounts.rights import Right
from api.auth import needs
from api.models import Scope
from api.schemas import (
    DEFAULT_PAGE_SIZE,
    NOT_FOUND_RESPONSES,
    REFUSALS,
    Cursor,
    ItemOut,
    ItemPage,
    PageSize,
    SearchResults,
)
from api.serializers import serialize_items
from api.uploads import split_page
from batches.models import Item, ItemQuerySet, Upload
from batches.people_audit import record_people
from batches.results import search
from batches.statuses import MatchCheck, Outcome
from batches.tracing.lifecycle import record
from batches.user_request import UserRequest

router = Router(tags=["People"])
CONTACTS = needs(Scope.CONTACTS, Right.SEE_CONTACTS)
READ_EVENT = "read over the API"
READ_EVENT_INTERVAL = timedelta(hours=1)
"""How often, at most, a list's history records that the same user has read its people."""


def with_answers(items: ItemQuerySet) -> ItemQuerySet:
    """Load items with the items whose answers they share."""
    # A duplicate shares the answer of the first row with the same person, which may itself share one of another list.
    return items.select_related("same_as__same_as").defer("cells", "same_as__cells", "same_as__same_as__cells")


@router.get(
    "/uploads/{id:pk}/items",
    summary="See the people of a list",
    response={200: ItemPage} | NOT_FOUND_RESPONSES,
    **CONTACTS,
)
def list_items(
    request: UserRequest,
    pk: int,
    outcome: Query[tuple[Outcome, ...]] = (),
    match: Query[tuple[MatchCheck, ...]] = (),
    after: Cursor = 0,
    limit: PageSize = DEFAULT_PAGE_SIZE,
) -> dict[str, Any]:
    """Return the people of a list, ordered by id, optionally only those with certain outcomes or verdicts.

    People with a reused answer have both the outcome `reused` and the result of that answer.
    """
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    items = with_answers(upload.items.filter(pk__gt=after))
    if outcome:
        items = items.with_result(outcome)
    if match:
        items = items.filter(digest__match__in=match)
    page, next_cursor = split_page(items.order_by("pk"), limit, "pk")
    record_reading(upload, request.user)
    record_people(AuditKind.API_READ, request.user, [(pk, item.pk) for item in page])
    return {"items": serialize_items(page), "next": next_cursor}


def record_reading(upload: Upload, user: User) -> None:
    since = timezone.now() - READ_EVENT_INTERVAL
    if not upload.events.filter(what=READ_EVENT, user=user, at__gt=since).exists():
        record(upload.pk, READ_EVENT, user=user)


@router.get("/find", summary="Find people", response={200: SearchResults} | REFUSALS, **CONTACTS)
def find_items(request: UserRequest, q: str) -> dict[str, Any]:
    """Find people in the user's lists by name, address, phone or email. The last word may be incomplete."""
    found = search.search_people(q, request.user)
    items = with_answers(Item.objects.filter(pk__in=found.ids)).order_by("-pk")
    record_people(AuditKind.API_READ, request.user, [(item.upload_id, item.pk) for item in items], "search")
    return {"items": serialize_items(items), "is_cut_off": found.is_cut_off}


@router.get("/items/{id:pk}", summary="See one person", response={200: ItemOut} | NOT_FOUND_RESPONSES, **CONTACTS)
def get_item(request: UserRequest, pk: int) -> dict[str, Any]:
    """Return one person."""
    item = get_object_or_404(with_answers(Item.objects.visible_to(request.user)), pk=pk)
    record_people(AuditKind.API_READ, request.user, [(item.upload_id, item.pk)])
    return serialize_items([item])[0]
