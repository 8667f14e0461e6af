"""The rows of a list with one problem. Before the start, they can be edited, and an edit can be undone."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from batches.forms.edits import EditForm
from batches.intake import edits, problem_groups
from batches.intake.problem_groups import ProblemGroup
from batches.models import Upload
from batches.tables.tables import make_cell_table
from batches.templatetags.numbers import count
from batches.tracing.limits import OverLimit
from batches.user_request import UserRequest
from batches.views.shortcuts import over_limit_as_message, paginate
from batches.views.upload_actions import read_revision


def problem_rows(request: UserRequest, pk: int, key: str) -> HttpResponse:
    """Show the rows with one problem. Before the start, invalid rows can be edited there, the first ones of many."""
    upload = get_object_or_404(Upload, pk=pk)
    group = problem_groups.find_group(upload, key)
    if group is None:
        if request.method == "POST":
            messages.error(request, "Nothing was saved: no row has this problem any more. Here is the current review.")
        return redirect(upload)
    if request.method == "POST":
        return save_rows(request, upload, group)
    return show_rows(request, upload, group)


def show_rows(
    request: UserRequest, upload: Upload, group: ProblemGroup, form: EditForm | None = None, problem: str = ""
) -> HttpResponse:
    if form is None and may_edit(upload, group):
        form = EditForm(group=group)
    context = {"upload": upload, "group": group, "form": form, "problem": problem}
    if form is None:
        context["table"] = paginate(request, make_cell_table(group.rows.defer("answer"), group.columns), per_page=50)
    return render(request, "uploads/problem.html", context, status=422 if problem else 200)


def may_edit(upload: Upload, group: ProblemGroup) -> bool:
    return group.is_editable and edits.accepts_edits(upload)


def save_rows(request: UserRequest, upload: Upload, group: ProblemGroup) -> HttpResponse:
    """Save edited rows, or show the form again with everything that was typed, and what is wrong with it."""
    if not may_edit(upload, group):
        problem = "Nothing was saved: these rows can no longer be edited on this page. Please review the list again."
        return show_rows(request, upload, group, problem=problem)
    form = EditForm(request.POST, group=group)
    if not form.is_valid():
        return show_rows(request, upload, group, form, form.refusal or " ".join(map(str, form.non_field_errors())))
    try:
        edits.save_edits(upload, form.edits, read_revision(request) or 0, request.user)
    except OverLimit as problem:
        upload.refresh_from_db()
        return show_rows(request, upload, group, form, f"Nothing was saved. {problem}")
    return redirect(upload)


@require_POST
def undo_edit(request: UserRequest, pk: int, correction: int) -> HttpResponse:
    """Undo the last edit of a list's rows."""
    upload = get_object_or_404(Upload, pk=pk)
    with over_limit_as_message(request):
        undone = edits.undo_edit(upload, correction, request.user)
        messages.success(request, f"Undone. {count(undone, 'row is as it was,rows are as they were')} before the edit.")
    return redirect(upload)
