"""Trace one person from a form."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django_htmx.http import HttpResponseClientRefresh

from accounts.models import AuditKind
from accounts.rights import Right, require
from batches import jobs
from batches.forms.one_person import OnePersonForm
from batches.intake import one_person, uploads
from batches.models import Item
from batches.people_audit import record_people
from batches.statuses import Outcome, UploadStatus
from batches.tracing import purposes
from batches.tracing.credits import format_cost
from batches.tracing.limits import SpendingRefused, max_credits
from batches.tracing.overlaps import lock_sending
from batches.user_request import UserRequest

AGAIN = "again"
"""The name of the button that traces a person who is known already."""


def item_new(request: UserRequest) -> HttpResponse:
    """Show the form for one person, and trace the person unless one like this is known already."""
    for right in (Right.UPLOAD, Right.START, Right.SEE_CONTACTS):
        require(request.user, right)
    form = OnePersonForm(request.POST if request.method == "POST" else None, user=request.user)
    known: list[Item] = []
    if request.method == "POST" and form.is_valid():
        is_again = AGAIN in request.POST
        known = [] if is_again else find_known(request, form)
        if not known:
            return trace(request, form, reuses_answers=not is_again)
    context: dict[str, Any] = {"form": form, "known": known, "cost": format_cost(max_credits(1))}
    return render(request, "items/new.html", context, status=422 if form.errors else 200)


def find_known(request: UserRequest, form: OnePersonForm) -> list[Item]:
    """Return the people who may be the entered one, and record that the user saw them."""
    known = one_person.find_known(form.checked, request.user)
    record_people(AuditKind.SEARCHED, request.user, [(item.upload_id, item.pk) for item in known], "in the form")
    return known


def trace(request: UserRequest, form: OnePersonForm, reuses_answers: bool) -> HttpResponseRedirect:
    """Make a list of the person and start it. Redirect to the person or, if it does not start, to the list."""
    stated = purposes.state(form.cleaned_data.get("purpose", ""), "", request.user)
    upload = one_person.receive_person(form.entered, request.user, reuses_answers)
    item = upload.items.first()
    if upload.status != UploadStatus.READY or item is None:
        return redirect(upload)
    if item.outcome == Outcome.SUPPRESSED:
        messages.warning(request, "Not traced: this person is on your do-not-contact list. It cost nothing.")
        return redirect(item)
    try:
        # If the button is pressed twice, the second press must see what the first has started.
        with transaction.atomic():
            lock_sending()
            twin = one_person.find_twin(item, request.user)
            status = None if twin else jobs.start(upload, request.user, stated=stated)
    except SpendingRefused as problem:
        messages.error(request, f"Not traced: {problem}")
        return redirect(upload)
    if twin:
        uploads.discard(upload)
        messages.info(request, "This person is already being traced. You pay only once.")
        return redirect(twin)
    if status == UploadStatus.APPROVAL:
        messages.success(request, "Approval requested. The person is traced once someone else approves it.")
    return redirect(item if status == UploadStatus.RUNNING else upload)


def item_wait(request: UserRequest, pk: int) -> HttpResponse:
    """Reload the page of a person once there is an answer. The page of a person who waits asks for this."""
    item = get_object_or_404(Item.objects.visible_to(request.user).only("outcome"), pk=pk)
    return HttpResponse(status=204) if item.outcome == Outcome.PENDING else HttpResponseClientRefresh()
