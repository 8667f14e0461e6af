"""Act on selected people: add them to the do-not-contact list, or export them, list by list."""

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from accounts.rights import Right, require
from accounts.sign_in import recently_authenticated
from batches.intake import suppression
from batches.keys import read_keys
from batches.models import ItemQuerySet, Upload
from batches.tables.filters import ItemFilter
from batches.user_request import UserRequest
from batches.views.item_choice import MAX_TICKED, choose_confirmed, choose_people, find_chosen, warn_of_no_people
from batches.views.shortcuts import redirect_back

MAX_LISTS = 100
"""Maximum number of lists that are shown for a selection, the latest first."""


@require_POST
def suppress_items(request: UserRequest) -> HttpResponse:
    require(request.user, Right.SUPPRESS)
    if (items := choose_confirmed(request)) is not None:
        added = suppression.suppress_items(items, request.user)
        messages.success(request, suppression.format_added(added))
    return redirect_back(request, "items")


@require_POST
@recently_authenticated
def export_items(request: UserRequest) -> HttpResponse:
    """Redirect to the export page of the list, with the selected people or filters in the address.

    If the selected people are in several lists, redirect to the page of these lists.
    """
    require(request.user, Right.EXPORT)
    if (items := choose_people(request)) is None:
        return redirect_back(request, "items")
    ticked = read_keys(request.POST.getlist("item")) if request.POST.get("which") != "all" else []
    filters = {name: request.POST.getlist(name) for name in request.POST if name in ItemFilter.base_filters}
    query = urlencode({"item": ticked} if ticked else filters, doseq=True)
    uploads = list(items.order_by().values_list("upload_id", flat=True).distinct()[:2])
    if not uploads:
        messages.warning(request, "Nobody matches any more.")
        return redirect_back(request, "items")
    address = reverse("upload-export-choose", args=uploads) if len(uploads) == 1 else reverse("items-export-lists")
    return redirect(f"{address}?{query}")


@recently_authenticated
def export_lists(request: UserRequest) -> HttpResponse:
    """Show the lists that the selected people are in. Each has a file of its own, with its own columns."""
    require(request.user, Right.EXPORT)
    which = "" if "item" in request.GET else "all"
    if (items := find_chosen(request, request.GET, which)) is None:
        warn_of_no_people(request)
        return redirect("items")
    filters = {name: request.GET.getlist(name) for name in request.GET if name in ItemFilter.base_filters}
    people = count_by_list(items)
    uploads = Upload.objects.visible_to(request.user).in_bulk(people)
    # A search means something else within a list, so the people themselves are passed on if there are few.
    ids = list_ids(items, [pk for pk, count in people.items() if count <= MAX_TICKED])
    lists = []
    for pk, count in people.items():
        query = urlencode({"item": ids[pk]} if pk in ids else filters, doseq=True)
        lists.append((uploads[pk], count, f"{reverse('upload-export-choose', args=[pk])}?{query}"))
    return render(request, "exports/lists.html", {"lists": lists, "is_cut_off": len(people) == MAX_LISTS})


def count_by_list(items: ItemQuerySet) -> dict[int, int]:
    """Return list id → number of these people in it, for at most MAX_LISTS lists, the latest first."""
    counts = items.order_by().values_list("upload").annotate(people=Count("pk")).values_list("upload", "people")
    return dict(counts.order_by("-upload")[:MAX_LISTS])


def list_ids(items: ItemQuerySet, uploads: list[int]) -> dict[int, list[int]]:
    """Return list id → the ids of these people in it. This takes one query."""
    ids: dict[int, list[int]] = {}
    for upload, pk in items.filter(upload__in=uploads).order_by("pk").values_list("upload", "pk"):
        ids.setdefault(upload, []).append(pk)
    return ids
