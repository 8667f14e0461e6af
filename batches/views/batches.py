"""The list of batches, and the page of one batch."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from batches.models import Batch
from batches.reports import reconciliation
from batches.reports.books import Books, format_loss
from batches.tables.column_choice import choose_columns
from batches.tables.filters import BatchFilter
from batches.tables.list_filters import find_chosen, list_result_filters
from batches.tables.tables import BatchTable, EventTable, ItemTable
from batches.tracing.counts import Counts, count_batches
from batches.user_request import UserRequest
from batches.views.live import shared_live_part
from batches.views.shortcuts import filtered_upload, paginate, render_list

MAX_EVENTS = 50
"""Maximum number of events on a batch's page. The list's history shows all of them."""


@shared_live_part(table=BatchTable)
def batch_list(request: UserRequest) -> HttpResponse:
    filterset = BatchFilter(request.GET, Batch.objects.visible_to(request.user).for_tables())
    return render_list(
        request, "batches/list.html", filterset, BatchTable, count_batches, upload=filtered_upload(request, filterset)
    )


@shared_live_part(table=ItemTable)
def batch_page(request: UserRequest, pk: int) -> HttpResponse:
    """Show a batch: its progress, the vendor's totals and ours, its people and its history."""
    visible = Batch.objects.visible_to(request.user)
    batch = get_object_or_404(visible.with_upload().annotate_resent(), pk=pk)
    counts, books = count_batches([batch])[pk], reconciliation.batch_books(batch)
    filters = list_result_filters(counts)
    chosen = find_chosen(filters, request.GET)
    items = batch.items.for_tables().order_by("row_number")
    table = ItemTable(items.filter(chosen.condition) if chosen else items, exclude=["upload"])
    choice = choose_columns(request, table)
    context = {
        "batch": batch,
        "counts": counts,
        "loss": format_loss(books),
        "books": books,
        "totals": compare_totals(batch, counts, books),
        "table": paginate(request, table, per_page=choice.rows),
        "choice": choice,
        "filters": filters if len(filters) > 1 else [],
        "chosen": chosen,
        "decision": batch.events.decisions().with_names().last(),
        "events": EventTable(batch.events.with_names().order_by("-at", "-id")[:MAX_EVENTS], exclude=["batch"]),
    }
    return render(request, "batches/_live.html" if request.htmx else "batches/page.html", context)


def compare_totals(batch: Batch, counts: Counts, books: Books) -> list[tuple[str, int, int | None]]:
    """Return (label, our number, the vendor's number) for each of the vendor's totals."""
    # Answers that a re-run has replaced came from this batch too.
    replaced = batch.earlier_answers.count()
    answered, matched = counts.answered + replaced, counts.matched
    # Once every answer is counted, compare all that we received, including second and unmatched answers.
    if not (books.open or books.uncounted):
        answered, matched = books.held, books.held_matched
    return [
        ("Answered", answered, batch.vendor_processed),
        ("Matched", matched, batch.vendor_matched),
        ("Errors", counts.error + replaced, batch.vendor_errors),
    ]
