"""The start page."""

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.access import holders
from accounts.rights import Right, can
from batches.exports.presets import load_presets
from batches.keys import read_key
from batches.models import IS_IN_DOUBT, Batch, ListVisit, SendingBlock, Upload
from batches.reports.due_requests import load_due_requests
from batches.reports.needs import Needs, load_needs
from batches.reports.overview import load_overview
from batches.tracing.credits import cost_warning
from batches.user_request import UserRequest
from batches.views.live import share_value, shared_live_part

MAX_SHOWN = 10
"""Maximum number of batches shown as needing a decision."""
MAX_NAMED = 3
"""Maximum number of administrators who are named."""
MAX_KEPT = 20
"""Maximum number of lists that a page keeps among those in progress after they have ended."""


@shared_live_part(is_personal=True)
def dashboard(request: UserRequest) -> HttpResponse:
    """Show what needs the reader, what is running, when it will be done, and what it costs.

    If htmx sent the request, return the live part alone. It names the lists in progress that the page has shown, so
    that those which have ended since keep their row.
    """
    now = timezone.now()
    sending_blocks = list(SendingBlock.objects.in_force(now))
    is_all_blocked = any(block.concerns_everything for block in sending_blocks)
    found = share_value(request, "overview", lambda: load_overview(now, is_all_blocked, request.user))
    ended, finished = found.split_finished(read_kept(request))
    context = {
        "sending_blocks": sending_blocks,
        "overview": found,
        "ended": ended,
        "finished": finished,
        "is_first_run": found.is_empty and not Upload.objects.visible_to(request.user).exists(),
        "needs": load_needs(request.user) if "lists" in found.waiting else Needs(),
        "due_requests": load_due_requests(request.user) if "requests" in found.waiting else None,
        "presets": load_presets(request.user, bool(request.htmx)) if can(request.user, Right.EXPORT) else (),
        "seen": ListVisit.objects.read_times(request.user, [each.upload.pk for each in finished]),
        "repairers": list_repairers() if found.vendor.needs_repair else [],
        "cost_warning": cost_warning(),
        **(load_batches(request) if "batches" in found.waiting else {}),
    }
    return render(request, "dashboard/_live.html" if request.htmx else "dashboard/page.html", context)


def list_repairers() -> list[User]:
    """Return some of the administrators, to whom readers can report that something is not running."""
    return list(holders(Right.ADMINISTER).order_by("username")[:MAX_NAMED])


def read_kept(request: UserRequest) -> list[int]:
    """Return the ids of the lists that the page has among those in progress, such as `?shown=17.18`."""
    keys = (read_key(key) for key in request.GET.get("shown", "").split(".")[:MAX_KEPT])
    return [key for key in keys if key]


def load_batches(request: UserRequest) -> dict[str, object]:
    """Return the batches that need a decision, if the reader may decide, or else their number."""
    batches = Batch.objects.visible_to(request.user)
    in_doubt_count = batches.in_doubt().count()
    undecided = batches.needing_decision().exclude(IS_IN_DOUBT)
    if not can(request.user, Right.DECIDE):
        return {"waiting_batch_count": in_doubt_count + undecided.count()}
    # Oldest first: new batches appear below the others, so that no button moves under the user's pointer.
    shown = undecided.annotate_resent().for_tables().order_by("pk")[:MAX_SHOWN]
    return {"in_doubt_count": in_doubt_count, "undecided_batches": list(shown)}
