"""Scrub files: what is in force and how old it is, loading another, and removing one."""

from decimal import Decimal

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.rights import Right, require
from batches import jobs
from batches.forms.scrubs import ScrubForm
from batches.models import ScrubSource
from batches.numbers.scrub_checks import Offer, OrderRefused, make_offer
from batches.numbers.scrub_provider import get_provider
from batches.user_request import UserRequest

MAX_SHOWN = 500
"""Maximum number of files that the page lists."""
SHOWN_VERSIONS = 20


def list_scrubs(request: UserRequest) -> HttpResponse:
    require(request.user, Right.SEE_CONTACTS)
    sources = ScrubSource.objects.shown().order_by("kind", "name", "-as_of")[:MAX_SHOWN]
    today = timezone.localdate()
    rows = [(source, source.is_stale(today)) for source in sources]
    context = {"rows": rows, "today": today, "days": settings.DNC_STALE_DAYS, "has_provider": bool(get_provider())}
    return render(request, "scrubs/list.html", context)


def load_scrubs(request: UserRequest) -> HttpResponse:
    require(request.user, Right.SUPPRESS)
    form = ScrubForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        source = jobs.receive_scrubs(form.cleaned_data["file"], form.details(), request.user)
        messages.success(request, "The file is being loaded. Until that is done, the earlier one counts.")
        return redirect(source)
    return render(request, "scrubs/new.html", {"form": form}, status=422 if form.is_bound else 200)


def check_scrubs(request: UserRequest) -> HttpResponse:
    """Show what it costs to check our numbers with the provider, and order that at the price that was shown."""
    require(request.user, Right.START)
    provider = get_provider()
    if request.method == "POST":
        try:
            check = jobs.order_scrub_check(request.user, read_offer(request))
        except OrderRefused as problem:
            messages.error(request, str(problem))
        else:
            return redirect(check.source)
    offer = make_offer(provider, timezone.now()) if provider else None
    return render(request, "scrubs/check.html", {"offer": offer, "days": settings.DNC_STALE_DAYS})


def read_offer(request: UserRequest) -> Offer:
    """Return the offer that the user has seen. If the form is not valid, return one that cannot be ordered."""
    try:
        return Offer(int(request.POST.get("count", "")), Decimal(request.POST.get("price", "")))
    except (ValueError, ArithmeticError):
        return Offer(0, Decimal(0))


def show_scrubs(request: UserRequest, pk: int) -> HttpResponse:
    """Show one file, with the other versions of it and its change lists."""
    require(request.user, Right.SEE_CONTACTS)
    source = get_object_or_404(ScrubSource.objects.select_related("created_by", "removed_by", "replaced_by"), pk=pk)
    versions = ScrubSource.objects.named(source.kind, source.name).exclude(pk=pk).select_related("created_by")
    today = timezone.localdate()
    context = {
        "source": source,
        "is_stale": source.is_stale(today),
        "today": today,
        "versions": versions[:SHOWN_VERSIONS],
        "can_be_removed": ScrubSource.objects.removable().filter(pk=pk).exists(),
    }
    return render(request, "scrubs/page.html", context)


@require_POST
def remove_scrubs(request: UserRequest, pk: int) -> HttpResponse:
    require(request.user, Right.SUPPRESS)
    source = get_object_or_404(ScrubSource, pk=pk)
    if jobs.remove_scrubs(source, request.user):
        messages.success(request, "Removed. Our numbers are compared with the other files again.")
    return redirect("scrubs")
