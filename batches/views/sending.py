"""Settings → Sending: whether anything is blocked and why, and the limits."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.rights import Right, require
from batches.forms.sending import UnblockForm
from batches.models import SendingBlock
from batches.reports.sending import describe_limits
from batches.tracing import decisions
from batches.user_request import UserRequest

SHOWN_PAST_BLOCKS = 20


def sending_page(request: UserRequest) -> HttpResponse:
    require(request.user, Right.DECIDE)
    return render_page(request, UnblockForm())


def render_page(request: UserRequest, form: UnblockForm, pk: int | None = None) -> HttpResponse:
    """Show the page. `form` is the form for the block with the id `pk`, or for any block."""
    in_force = SendingBlock.objects.in_force(timezone.now())
    past = SendingBlock.objects.exclude(pk__in=in_force.values("pk")).select_related("unblocked_by")
    context = {
        "blocks": [(block, form if block.pk == pk else UnblockForm()) for block in in_force],
        "past": past[:SHOWN_PAST_BLOCKS],
        "limits": describe_limits(),
    }
    return render(request, "settings/sending.html", context, status=422 if form.errors else 200)


@require_POST
def unblock_with_reason(request: UserRequest, pk: int) -> HttpResponse:
    require(request.user, Right.DECIDE)
    block = get_object_or_404(SendingBlock, pk=pk)
    form = UnblockForm(request.POST)
    if not form.is_valid():
        return render_page(request, form, pk)
    decisions.unblock(block, request.user, form.cleaned_data["why"])
    messages.success(request, "Sending is unblocked.")
    return redirect("sending")
