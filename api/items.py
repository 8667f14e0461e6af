"""People: who was asked for, and what was found."""

from datetime import timedelta

from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router

from api.schemas import NOT_HERE, PAGE, FoundOut, ItemOut, ItemPage, Limit, Place
from api.serializers import describe_items
from api.uploads import cut
from batches.models import Item, Upload
from batches.results import search
from batches.statuses import MatchCheck, Outcome
from batches.tracing.lifecycle import record

router = Router(tags=["People"])
READ = "read over the API"
READING_NOTED = timedelta(hours=1)
"""Who reads a list is written into its history, at most so often for each."""


def with_answers(items):
    # Whose answer is another's: a duplicate's first, or who was traced before, or that of a duplicate's first.
    return items.select_related("same_as__same_as").defer("cells", "same_as__cells", "same_as__same_as__cells")


@router.get("/uploads/{id:pk}/items", response={200: ItemPage} | NOT_HERE)
def list_items(
    request,
    pk: int,
    outcome: Query[list[Outcome]] = (),
    match: Query[list[MatchCheck]] = (),
    after: Place = 0,
    limit: Limit = PAGE,
):
    """Return a list's people by their ids, if asked for only those with certain outcomes or match checks."""
    upload = get_object_or_404(Upload, pk=pk)
    items = with_answers(upload.items).filter(pk__gt=after)
    if outcome:
        items = items.filter(outcome__in=outcome)
    if match:
        items = items.filter(digest__match__in=match)
    page, next_ = cut(items.order_by("pk"), limit, "pk")
    note_reading(upload, request.user)
    return {"items": describe_items(page), "next": next_}


def note_reading(upload, user):
    since = timezone.now() - READING_NOTED
    if not upload.events.filter(what=READ, user=user, at__gt=since).exists():
        record(upload.pk, READ, user=user)


@router.get("/find", response=FoundOut)
def find_items(request, q: str):
    """Who is found by names, addresses, phones and emails, in all lists; the last word may be the beginning of one."""
    found = search.find(q)
    items = with_answers(Item.objects.filter(pk__in=found.ids)).order_by("-pk")
    return {"items": describe_items(items), "is_cut_off": found.is_cut_off}


@router.get("/items/{id:pk}", response={200: ItemOut} | NOT_HERE)
def get_item(request, pk: int):
    """One person."""
    return describe_items([get_object_or_404(with_answers(Item.objects), pk=pk)])[0]
