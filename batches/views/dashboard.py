"""The start page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from batches.models import IS_IN_DOUBT, Batch, SendingBlock, Upload
from batches.reports import overview
from batches.tracing.credits import cost_warning
from batches.user_request import UserRequest
from batches.views.live import shared_live_part

MAX_SHOWN = 10
"""Maximum number of lists, and of batches, shown as needing a decision."""


@shared_live_part
def dashboard(request: UserRequest) -> HttpResponse:
    """Show what is running, when it will be done, what needs a decision and what it costs.

    A request by htmx gets the live part alone.
    """
    now = timezone.now()
    sending_blocks = list(SendingBlock.objects.in_force(now))
    waiting = list(Upload.objects.needing_action().with_creator()[: MAX_SHOWN + 1])
    context = {
        "sending_blocks": sending_blocks,
        "overview": overview.load_overview(now, bool(sending_blocks)),
        "difference": cost_warning(),
        "waiting": waiting[:MAX_SHOWN],
        "has_more_waiting": len(waiting) > MAX_SHOWN,
        "in_doubt_count": Batch.objects.in_doubt().count(),
        # The oldest first: new batches appear below, so that no button moves under the user's pointer.
        "troubled": Batch.objects.needing_decision()
        .exclude(IS_IN_DOUBT)
        .annotate_resent()
        .for_tables()
        .order_by("pk")[:MAX_SHOWN],
    }
    return render(request, "dashboard/_live.html" if request.htmx else "dashboard/page.html", context)
