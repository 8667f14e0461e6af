"""Strays as staff see them: what came, when, why it could not be filed, and what can be done about it."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from batches.models import Batch
from batches.views.shortcuts import indent, show_list
from webhooks.inbound import filing
from webhooks.models import Stray
from webhooks.tables import StrayFilter, StrayTable


def stray_list(request):
    strays = Stray.objects.select_related("decided_by").defer("body")
    return show_list(request, "strays/list.html", StrayFilter(request.GET, strays), StrayTable)


def stray_page(request, pk):
    stray = get_object_or_404(Stray.objects.select_related("decided_by"), pk=pk)
    alike = Stray.objects.waiting().filter(kind=stray.kind, reason=stray.reason).count()
    batch = Batch.objects.with_upload().filter(token=stray.token).first()
    context = {"stray": stray, "batch": batch, "body": indent(stray.text), "alike": alike}
    return render(request, "strays/page.html", context)


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
    filing.decide(Stray.objects.filter(pk=stray.pk), Stray.Status.ASIDE, request.user)
    return redirect("strays")


@require_POST
def set_alike_aside(request, pk):
    """Set aside all that strayed for the same reason: a batch sent twice brings a stray for everybody."""
    stray = get_object_or_404(Stray, pk=pk)
    count = filing.decide(Stray.objects.filter(kind=stray.kind, reason=stray.reason), Stray.Status.ASIDE, request.user)
    messages.success(request, f"{count} set aside. They are kept.")
    return redirect("strays")
