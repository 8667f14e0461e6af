"""Decide about a batch: send it again, send its people one by one, or close it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from batches import jobs
from batches.models import Batch
from batches.tracing import decisions
from batches.user_request import UserRequest
from batches.views.shortcuts import redirect_back, refusal_as_message


@require_POST
def send_batch_again(request: UserRequest, pk: int) -> HttpResponse:
    batch = get_object_or_404(Batch.objects.visible_to(request.user), pk=pk)
    with refusal_as_message(request):
        is_done = is_as_shown(request, batch) and decisions.resend(batch, request.user)
        show_result(request, is_done, f"Sending batch {batch} again.")
    return redirect_back(request, batch)


@require_POST
def send_batch_singly(request: UserRequest, pk: int) -> HttpResponse:
    batch = get_object_or_404(Batch.objects.visible_to(request.user), pk=pk)
    with refusal_as_message(request):
        is_done = is_as_shown(request, batch) and decisions.send_singly(batch, request.user)
        message = f"Sending the people of batch {batch} one by one. You will then see whom the vendor refuses, and why."
        show_result(request, is_done, message)
    return redirect_back(request, batch)


@require_POST
def close_batch(request: UserRequest, pk: int) -> HttpResponse:
    batch = get_object_or_404(Batch.objects.visible_to(request.user), pk=pk)
    is_done = is_as_shown(request, batch) and jobs.close(batch, request.user)
    message = (
        f"Batch {batch} was closed. People without an answer are marked missing; late answers will still be saved."
    )
    show_result(request, is_done, message)
    return redirect_back(request, batch)


def is_as_shown(request: UserRequest, batch: Batch) -> bool:
    """Return whether the decision is about the current attempt, so that a second click changes nothing."""
    return request.POST.get("attempts", str(batch.attempts)) == str(batch.attempts)


def show_result(request: UserRequest, is_done: bool, message: str) -> None:
    """Show the message if the decision was carried out. Otherwise, warn that nothing has changed."""
    if is_done:
        messages.success(request, message)
    else:
        messages.warning(
            request,
            "No changes were made: the batch has changed since you opened the page, or its list is not running. "
            "Please check the batch and decide again.",
        )
