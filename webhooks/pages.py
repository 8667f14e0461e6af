"""Strays as staff see them: what came, when, why it could not be filed, and what can be done about it."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from batches.models import Batch
from batches.views.listing import indent, show_list
from webhooks import filing
from webhooks.models import Stray
from webhooks.tables import StrayFilter, StrayTable


def stray_list(request):
    strays = Stray.objects.select_related("decided_by").defer("body")
    return show_list(request, "strays/list.html", StrayFilter(request.GET, strays), StrayTable)


def stray_page(request, pk):
    stray = get_object_or_404(Stray.objects.select_related("decided_by"), pk=pk)
    batch = Batch.objects.with_upload().filter(token=stray.token).first()
    return render(request, "strays/page.html", {"stray": stray, "batch": batch, "body": indent(stray.text)})


@require_POST
def try_again(request, pk):
    stray = get_object_or_404(Stray.objects.waiting(), pk=pk)
    if filing.try_again(stray, request.user):
        messages.success(request, "Filed: it stands with its item or batch now.")
    else:
        messages.warning(request, "It still cannot be filed. The reason is below; the delivery is kept.")
    return redirect(stray)


@require_POST
def set_aside(request, pk):
    """Nothing more is to be done about it; it is kept."""
    stray = get_object_or_404(Stray, pk=pk)
    filing.decide(stray, Stray.Status.ASIDE, request.user)
    return redirect("strays")
