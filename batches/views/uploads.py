"""Show the table of lists, and the review, progress and history of each list."""

from enum import StrEnum
from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from accounts.models import AuditKind
from accounts.rights import Right, can
from batches.exports.presets import list_presets
from batches.forms.list_details import ListDetailsForm
from batches.forms.uploads import CorrectionForm
from batches.intake import edits, list_details
from batches.intake.corrections import count_people
from batches.keys import read_key
from batches.models import IS_IN_DOUBT, ListVisit, Upload
from batches.reports.progress import load_list_progress
from batches.reports.reused import count_reused, include_reused
from batches.statuses import OUTCOME_COUNTED, OUTCOME_UNUSABLE, Outcome, UploadStatus
from batches.tables.list_filters import (
    OWN_VIEWS,
    UploadFilter,
    find_chosen,
    list_result_filters,
    list_unsent_filters,
    read_view,
)
from batches.tables.list_people import ResultTable, UnsentTable
from batches.tables.tables import BatchTable, EventTable, PeopleTable, UploadTable
from batches.templatetags.list_page import EVENT_WORDS
from batches.tracing import spending
from batches.tracing.counts import Counts, count_batches, count_uploads
from batches.tracing.credits import cost_warning
from batches.user_request import UserRequest
from batches.views import review
from batches.views.items import CONTACT_COLUMNS, show_numbers
from batches.views.live import shared_live_part
from batches.views.shortcuts import paginate, render_list

MAX_EVENTS = 30
"""Maximum number of events on a list's page. The list's history shows all of them."""
MAX_UNDECIDED_BATCHES = 10
"""Maximum number of batches shown as needing a decision."""
REVIEW_STATUSES = {UploadStatus.READY, UploadStatus.APPROVAL, UploadStatus.FAILED, UploadStatus.CHECKING}


def upload_list(request: UserRequest) -> HttpResponse:
    """Show the table of lists. The live part of a view that depends on the user is not shared with others."""
    show = show_lists if read_view(request.GET) in OWN_VIEWS else show_shared_lists
    return show(request)


def show_lists(request: UserRequest) -> HttpResponse:
    filterset = UploadFilter(request.GET, request.user)
    return render_list(request, "uploads/list.html", filterset, UploadTable, count_with_reused)


show_shared_lists = shared_live_part(show_lists, table=UploadTable)


def count_with_reused(uploads: list[Upload]) -> dict[int, Counts]:
    """Return the counts of lists by id, with reused answers under their results."""
    counts, reused = count_uploads(uploads), count_reused(uploads)
    return {upload.pk: include_reused(counts[upload.pk], reused[upload.pk]) for upload in uploads}


def upload_page(request: UserRequest, pk: int) -> HttpResponse:
    """Show a list: its column mapping while it is a draft, its review before the start, its progress afterwards."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user).with_creator(), pk=pk)
    if upload.status == UploadStatus.DRAFT and can(request.user, Right.UPLOAD):
        return redirect("upload-columns", pk)
    ListVisit.record(request.user, upload)
    context: dict[str, Any] = {"upload": upload}
    if upload.invalid_count:
        context["correction_form"] = CorrectionForm()
        context["max_correction_credits"] = spending.max_credits(count_people(upload, upload.invalid_count))
    context["correction"] = upload.corrections.first()
    if upload.status in REVIEW_STATUSES:
        return show_review(request, upload, context)
    return show_progress(request, upload, context)


class Tab(StrEnum):
    """A part of a list's page, as its address names it."""

    RESULTS = "results"
    UNSENT = "unsent"
    ACTIVITY = "activity"


def read_tab(request: UserRequest) -> Tab:
    """Return the tab that the address names, or the results."""
    return next((tab for tab in Tab if tab == request.GET.get("tab")), Tab.RESULTS)


@shared_live_part
def show_progress(request: UserRequest, upload: Upload, context: dict[str, Any]) -> HttpResponse:
    """Show the progress of a list that has been started or cancelled, and one of its tabs.

    The results and the people who were not sent are outside the live part, so that rows do not move.
    """
    tab = read_tab(request)
    reused = count_reused([upload])[upload.pk]
    if upload.is_started:
        context["progress"] = load_list_progress(upload, timezone.now())
        counts = context["progress"].counts
        context["waiting_count"] = upload.items.waiting().count()
    else:
        counts = count_uploads([upload])[upload.pk]
    context |= {"tab": tab, "new_counts": counts, "reused": reused, "counts": include_reused(counts, reused)}
    context["unsent_count"] = sum(upload.unsent_counts.values()) - upload.reused_count
    context["in_doubt_count"] = upload.batches.in_doubt().count()
    context["undecided_batches"] = (
        upload.batches.needing_decision()
        .exclude(IS_IN_DOUBT)
        .annotate_resent()
        .for_tables()
        .order_by("number")[:MAX_UNDECIDED_BATCHES]
    )
    if tab == Tab.ACTIVITY:
        context |= load_activity(request, upload)
    elif not request.htmx:
        context |= load_people(request, upload, tab, context["counts"])
    if not request.htmx:
        context["may_edit"] = list_details.may_edit(upload, request.user)
        context["tags"] = upload.tags.all()
        context["presets"] = list_presets(request.user)
    return render(request, "uploads/_progress.html" if request.htmx else "uploads/page.html", context)


def load_activity(request: UserRequest, upload: Upload) -> dict[str, Any]:
    """Return the batches of a list and its latest events."""
    batches = upload.batches.for_tables().order_by("number")
    events = upload.events.with_names().order_by("-at", "-id")
    return {
        "table": paginate(request, BatchTable(batches, exclude=["upload"]), count_batches),
        "happenings": events.filter(what__in=EVENT_WORDS)[:MAX_EVENTS],
        "events": EventTable(events[:MAX_EVENTS]),
    }


def load_people(request: UserRequest, upload: Upload, tab: Tab, counts: Counts) -> dict[str, Any]:
    """Return the table of a list's results or of its people who were not sent, with the filters above it.

    While the list is running, the newest results come first.
    """
    items = upload.items.for_tables()
    in_order = ["row_number", "owner_number"]
    if tab == Tab.UNSENT:
        filters, people = list_unsent_filters(upload), items.filter(outcome__in=OUTCOME_UNUSABLE)
    else:
        filters = list_result_filters(counts)
        people = items.filter(outcome__in=[*OUTCOME_COUNTED, Outcome.REUSED])
    chosen = find_chosen(filters, request.GET)
    if chosen:
        people = people.filter(chosen.condition)
    if tab == Tab.UNSENT:
        table: PeopleTable = paginate(request, UnsentTable(people.order_by("upload_id", *in_order)))
    elif upload.is_started:
        newest_first = people.order_by(F("answered_at").desc(nulls_last=True), "-pk")
        table = show_results(request, ResultTable(newest_first, exclude=["row_number"]))
    else:
        table = show_results(request, ResultTable(people.order_by("upload_id", *in_order), exclude=["answered_at"]))
    return {"table": table, "filters": filters if len(filters) > 1 else [], "chosen": chosen}


def show_results(request: UserRequest, table: ResultTable) -> PeopleTable:
    """Page a table of results. Show numbers to readers who may see them, and write that to the audit log."""
    sees_contacts = can(request.user, Right.SEE_CONTACTS)
    if not sees_contacts:
        table.exclude = [*table.exclude, *CONTACT_COLUMNS]
    paginate(request, table)
    if sees_contacts:
        show_numbers(request, table, AuditKind.SEEN)
    return table


def edit_details(request: UserRequest, pk: int) -> HttpResponse:
    """Edit the name, source, tags, owner and note of a list."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user).with_creator(), pk=pk)
    list_details.require_editor(upload, request.user)
    form = ListDetailsForm(request.POST or None, upload=upload, user=request.user)
    if form.is_valid():
        try:
            if list_details.change_details(upload, request.user, form.details):
                messages.success(request, "Saved.")
            return redirect(upload)
        except list_details.DetailsRefused as problem:
            form.add_error(problem.field or None, str(problem))
    status = 422 if form.errors else 200
    return render(request, "uploads/details.html", {"upload": upload, "form": form}, status=status)


def upload_history(request: UserRequest, pk: int) -> HttpResponse:
    """Show every event of a list in order or, with ?batch=NUMBER, those of one of its batches."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    events = upload.events.with_names()
    if number := read_key(request.GET.get("batch", "")):
        events = events.filter(batch__number=number)
    table = paginate(request, EventTable(events), per_page=100)
    return render(request, "uploads/history.html", {"upload": upload, "table": table})


def show_review(request: UserRequest, upload: Upload, context: dict[str, Any]) -> HttpResponse:
    """Show the review of a list: the problems of its rows, what will happen to them, and what that costs."""
    if upload.status == UploadStatus.CHECKING:
        context["reading"] = review.reading_progress(upload)
    else:
        context |= {"review": review.summarise(upload, request.user), "cost_warning": cost_warning()}
        context["undoable"] = edits.find_undoable(upload)
    return render(request, "uploads/_review.html" if request.htmx else "uploads/review.html", context)
