from django.shortcuts import render
from django.utils import timezone

from batches.models import Batch, Hold, Upload
from batches.reports import overview
from batches.views.live import shared

MOST = 10
"""Lists, and batches, that need a person and are shown."""


@shared
def dashboard(request):
    """Is it working, when will mine be done, does anything need me, what does it cost; the live part alone for htmx."""
    now = timezone.now()
    holds = list(Hold.objects.in_force(now))
    waiting = list(Upload.objects.waiting_for_a_person().with_creator()[: MOST + 1])
    context = {
        "holds": holds,
        "overview": overview.look(now, bool(holds)),
        "waiting": waiting[:MOST],
        "has_more_waiting": len(waiting) > MOST,
        # The oldest first: what is new comes below, so that no button moves to where another was.
        "troubled": Batch.objects.needing_a_person().with_resent().for_lists().order_by("pk")[:MOST],
    }
    return render(request, "dashboard/_live.html" if request.htmx else "dashboard/page.html", context)
