"""Erase people on request, and show how long data is kept."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, require
from batches import retention
from batches.forgetting import erasing, people
from batches.forms.forgetting import DeclineForm, ErasureForm, PersonSearchForm, RequestForm
from batches.models import ErasureRequest
from batches.statuses import DeclineReason
from batches.user_request import UserRequest

SHOWN_REQUESTS = 100
"""Maximum number of decided requests shown, the latest first."""
DAYS_AHEAD = 30
"""How far ahead the retention page looks."""


def forget(request: UserRequest) -> HttpResponse:
    """Find a person, show what would be erased, and erase it. Each step is a form that is posted.

    Addresses contain no names, so names do not get into a browser's history or a proxy's log.
    """
    require(request.user, Right.ADMINISTER)
    step = request.POST.get("step", "")
    if step == "register":
        return register_request(request)
    if step in ("find", "preview", "erase"):
        return erase_person(request, step)
    return render_forget(request)


def register_request(request: UserRequest) -> HttpResponse:
    form = RequestForm(request.POST)
    if not form.is_valid():
        return render_forget(request, status=422, request_form=form)
    erasing.receive(form.cleaned_data["reference"], form.cleaned_data["received_on"], request.user)
    messages.success(request, "The request is in the register.")
    return redirect("forget")


def erase_person(request: UserRequest, step: str) -> HttpResponse:
    search = PersonSearchForm(request.POST)
    if not search.is_valid():
        return render_forget(request, status=422, search=search)
    text = search.cleaned_data["q"]
    candidates = people.find_people(text)
    audit.record(AuditKind.SEARCHED, request.user, detail=f"to forget a person: {len(candidates)} found")
    ticked = [key for key in request.POST.getlist("person") if key not in {each.key for each in candidates}]
    choices = [(each.key, format_candidate(each)) for each in candidates] + [(key, key) for key in ticked]
    form = ErasureForm(None if step == "find" else request.POST, choices)
    context: dict[str, Any] = {"search": search, "text": text, "candidates": candidates, "form": form}
    if step == "find":
        return render_forget(request, **context)
    if not form.is_valid():
        return render_forget(request, status=422, **context)
    selection = people.select(form.cleaned_data["person"])
    if not selection:
        messages.error(request, "These people have been erased already.")
        return redirect("forget")
    data = erasing.load_person(selection, text)
    if step == "preview":
        counts = erasing.format_counts(erasing.preview(data))
        return render_forget(request, counts=counts, chosen=form.cleaned_data["person"], **context)
    entry = form.cleaned_data["request"] or erasing.receive(form.cleaned_data["reference"], user=request.user)
    try:
        counts = erasing.format_counts(erasing.erase(data, entry, request.user))
    except erasing.NotYet as problem:
        return render_forget(request, status=409, problem=str(problem), **context)
    messages.success(request, f"Erased for {entry}: {', '.join(counts)}. This person will not be traced again.")
    return redirect("forget")


def format_candidate(candidate: people.Candidate) -> str:
    return " — ".join(filter(None, [candidate.name, candidate.address, candidate.where]))


def render_forget(request: UserRequest, status: int = 200, **context: Any) -> HttpResponse:
    requests = ErasureRequest.objects.select_related("decided_by")
    decided = list(requests.decided().order_by("-decided_at")[:SHOWN_REQUESTS])
    context = {
        "search": PersonSearchForm(),
        "request_form": RequestForm(),
        "decline_form": DeclineForm(),
        "open_requests": requests.open(),
        "decided": [(each, ", ".join(erasing.format_counts(each.counts))) for each in decided],
    } | context
    return render(request, "forgetting/forget.html", context, status=status)


@require_POST
def decline_erasure(request: UserRequest, pk: int) -> HttpResponse:
    require(request.user, Right.ADMINISTER)
    entry, form = get_object_or_404(ErasureRequest, pk=pk), DeclineForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose a reason.")
    elif erasing.decline(entry, DeclineReason(form.cleaned_data["reason"]), request.user):
        messages.success(request, f"Declined {entry}.")
    else:
        messages.error(request, "This request has been decided already.")
    return redirect("forget")


def show_retention(request: UserRequest) -> HttpResponse:
    """Show how long each kind of data is kept, and how much of it will be deleted within DAYS_AHEAD days."""
    require(request.user, Right.ADMINISTER)
    soon = timezone.now() + timedelta(days=DAYS_AHEAD)
    kinds = [
        {
            "label": kind.label,
            "setting": kind.setting,
            "days": getattr(settings, kind.setting),
            "is_of_lists": isinstance(kind, retention.RetainedOfLists),
            "due": kind.count_expired(soon),
        }
        for kind in retention.retained
        if kind.setting != retention.AT_ONCE
    ]
    return render(request, "forgetting/retention.html", {"kinds": kinds, "days_ahead": DAYS_AHEAD})
