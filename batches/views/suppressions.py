"""Show and change the do-not-contact list."""

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, require
from batches import jobs
from batches.exports.download import file_response
from batches.files.writers import write_csv
from batches.forms.suppressions import SuppressionForm
from batches.intake import suppression
from batches.intake.suppression_files import pack_terms
from batches.models import Item, Suppression
from batches.statuses import LoadedKind
from batches.tables.filters import SuppressionFilter
from batches.tables.suppressions import SuppressionTable, export_entries
from batches.user_request import UserRequest
from batches.views.shortcuts import redirect_back, render_list

MAX_UNUSABLE_SHOWN = 100
"""Maximum number of unusable lines that are listed with their reasons."""
CHUNK_SIZE = 500
"""How many entries are in memory at once while the file is written."""


def suppression_list(request: UserRequest) -> HttpResponse:
    require(request.user, Right.SEE_CONTACTS)
    audit.record(AuditKind.SEEN, request.user, detail="the do-not-contact list")
    filterset = SuppressionFilter(request.GET, Suppression.objects.select_related("created_by"))
    return render_list(request, "suppressions/list.html", filterset, SuppressionTable, form=SuppressionForm())


def add_suppressions(request: UserRequest) -> HttpResponse:
    """Show the form, and add what is pasted or uploaded. Lines that cannot be used are shown to be corrected."""
    require(request.user, Right.SUPPRESS)
    form = SuppressionForm(request.POST or None, request.FILES or None)
    result = None
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if form.long_file:
            terms = pack_terms(form.terms(), reason)
            return redirect(jobs.receive_file(form.long_file, LoadedKind.DO_NOT_CONTACT, request.user, terms))
        try:
            result = suppression.suppress_lines(form.texts(), request.user, reason, form.terms())
        except suppression.NoLines as problem:
            form.add_error(None, str(problem))
        else:
            if not result.unusable:
                messages.success(request, suppression.format_added(result.added))
                return redirect("suppressions")
            form = SuppressionForm(initial=form.cleaned_data | {"text": result.to_correct, "file": None})
    context = {
        "form": form,
        "result": result,
        "added": suppression.format_added(result.added) if result and result.added else "",
        "shown": result.unusable[:MAX_UNUSABLE_SHOWN] if result else [],
    }
    status = 422 if form.errors or (result and not result.added) else 200
    return render(request, "suppressions/add.html", context, status=status)


@require_POST
def suppress_item(request: UserRequest, pk: int) -> HttpResponse:
    """Add an item's person to the do-not-contact list, or only a phone or email that was found for the person."""
    item = get_object_or_404(Item.objects.visible_to(request.user).defer("answer"), pk=pk)
    reason = f"From row {item.row_number} of list {item.upload_id}."
    if found := request.POST.get("found"):
        result = suppression.suppress_lines([found], request.user, reason)
        if result.unusable:
            messages.error(request, f"Nothing was added. {result.unusable[0].reason}")
            return redirect_back(request, item)
        added = result.added
    else:
        added = suppression.suppress_items(Item.objects.filter(pk=pk), request.user, reason)
    messages.success(request, suppression.format_added(added))
    return redirect_back(request, item)


def export_suppressions(request: UserRequest) -> StreamingHttpResponse:
    """Return the entries that match the filters in the address as a CSV file."""
    require(request.user, Right.EXPORT)
    require(request.user, Right.SEE_CONTACTS)
    audit.record(AuditKind.EXPORTED, request.user, detail="the do-not-contact list")
    entries = SuppressionFilter(request.GET, Suppression.objects.select_related("created_by")).qs.order_by("pk")
    rows = export_entries(entries.iterator(chunk_size=CHUNK_SIZE))
    return file_response(write_csv(rows), "do-not-contact.csv")


@require_POST
def finish_request(request: UserRequest, pk: int) -> HttpResponse:
    """Mark a request as carried out, here and wherever else the team contacts people."""
    get_object_or_404(Suppression.objects.in_force(), pk=pk)
    if suppression.mark_done(pk, request.user):
        messages.success(request, "The request is marked as done. The entry stays on the list.")
    return redirect_back(request, "suppressions")


@require_POST
def remove_suppression(request: UserRequest, pk: int) -> HttpResponse:
    require(request.user, Right.SUPPRESS)
    get_object_or_404(Suppression.objects.in_force(), pk=pk)
    suppression.lift_entry(pk, request.user)
    messages.success(request, "Removed from the do-not-contact list. The entry stays in the records.")
    return redirect_back(request, "suppressions")
