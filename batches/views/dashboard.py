from django.db.models import F
from django.shortcuts import render
from django.utils import timezone

from batches.counts import count_batches, count_uploads
from batches.models import Batch, Item, Upload


def dashboard(request):
    """What runs, what waits for somebody, what is done; the live part alone when the page asks for it."""
    active = with_counts(Upload.objects.active().with_creator().order_by("priority", "id")[:20], count_uploads)
    running = with_counts(Batch.objects.at_vendor().for_lists().order_by("submitted_at")[:20], count_batches)
    finished = with_counts(
        Upload.objects.finished().order_by(F("completed_at").desc(nulls_last=True))[:6], count_uploads
    )
    context = {
        "active": active,
        "running": running,
        "finished": finished,
        "waiting": Upload.objects.waiting_for_a_person().with_creator()[:10],
        "troubled": Batch.objects.needing_a_person().with_resent().for_lists()[:10],
        "in_flight": Item.objects.in_flight(timezone.now()).count(),
    }
    return render(request, "_dashboard_live.html" if request.htmx else "dashboard.html", context)


def with_counts(records, count):
    """The records as a list, each with its Counts as `counts`."""
    records = list(records)
    counts = count(records)
    for record in records:
        record.counts = counts[record.pk]
    return records
