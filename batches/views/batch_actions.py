"""What a person decides about a batch."""

from django.contrib import messages
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from batches.models import Batch
from batches.tracing import closing, decisions
from batches.views.shortcuts import go_back


@require_POST
def send_batch_again(request, pk):
    return decide(request, pk, decisions.send_again, "Batch {} is sent again.")


@require_POST
def send_batch_singly(request, pk):
    said = "The people of batch {} are sent one by one: whoever is refused is named then."
    return decide(request, pk, decisions.send_singly, said)


@require_POST
def give_batch_up(request, pk):
    said = "Batch {} is given up: who has no answer is missing. A late one still files."
    return decide(request, pk, closing.give_up, said)


def decide(request, pk, decision, said):
    """Let a person decide about the try that the page showed: a second click decides nothing."""
    batch = get_object_or_404(Batch, pk=pk)
    is_shown = request.POST.get("attempts", str(batch.attempts)) == str(batch.attempts)
    if is_shown and decision(batch, request.user):
        messages.success(request, said.format(batch))
    else:
        messages.warning(
            request, "Nothing was done: the batch has gone on or was decided about already, or its list does not run."
        )
    return go_back(request, batch)
