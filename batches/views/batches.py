from django.shortcuts import get_object_or_404, render

from batches.models import Batch
from batches.tables.filters import BatchFilter
from batches.tables.tables import BatchTable, EventTable, ItemTable
from batches.tracing.counts import count_batches
from batches.views.live import shared
from batches.views.shortcuts import find_upload, paginate, show_list

EVENTS = 50
"""Lines of history on a batch's page; the list's history has them all."""


@shared(table=BatchTable)
def batch_list(request):
    filterset = BatchFilter(request.GET, Batch.objects.for_lists())
    return show_list(request, "batches/list.html", filterset, BatchTable, count_batches, upload=find_upload(filterset))


@shared
def batch_page(request, pk):
    """Show a batch: how far it is, the vendor's totals beside ours, its items and its history."""
    batch = get_object_or_404(Batch.objects.with_upload().with_resent(), pk=pk)
    items = batch.items.for_lists().order_by("row_number")
    counts, earlier = count_batches([batch])[pk], batch.earlier_answers.count()
    context = {
        "batch": batch,
        "counts": counts,
        # What was put aside to be asked for once more came from this batch all the same.
        "totals": [
            ("Answered", counts.answered + earlier, batch.vendor_processed),
            ("Matched", counts.matched, batch.vendor_matched),
            ("Errors", counts.error + earlier, batch.vendor_errors),
        ],
        "table": paginate(request, ItemTable(items, exclude=["upload"])),
        "decision": batch.events.decided().with_names().last(),
        "events": EventTable(batch.events.with_names().order_by("-at", "-id")[:EVENTS], exclude=["batch"]),
    }
    return render(request, "batches/_live.html" if request.htmx else "batches/page.html", context)
