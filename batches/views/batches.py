from django.shortcuts import get_object_or_404, render

from batches.counts import count_batches
from batches.filters import BatchFilter
from batches.models import Batch
from batches.tables import BatchTable, EventTable, ItemTable
from batches.views.listing import find_upload, paginate, show_list


def batch_list(request):
    filterset = BatchFilter(request.GET, Batch.objects.for_lists())
    return show_list(request, "batches/list.html", filterset, BatchTable, count_batches, upload=find_upload(filterset))


def batch_page(request, pk):
    """A batch: how far it is, the vendor's totals beside ours, its items and its history."""
    batch = get_object_or_404(Batch.objects.with_upload(), pk=pk)
    items = batch.items.for_lists().order_by("row_number")
    counts = count_batches([batch])[pk]
    context = {
        "batch": batch,
        "counts": counts,
        "totals": [
            ("Answered", counts.answered, batch.vendor_processed),
            ("Matched", counts.matched, batch.vendor_matched),
            ("Errors", counts.error, batch.vendor_errors),
        ],
        "table": paginate(request, ItemTable(items, exclude=["upload"])),
        "events": EventTable(batch.events.select_related("user"), exclude=["batch"]),
    }
    return render(request, "batches/_live.html" if request.htmx else "batches/page.html", context)
