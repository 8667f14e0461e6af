"""Show the rows of a list with one problem or warning. Before the start, edit them, and undo an edit."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.models import AuditKind
from accounts.rights import Right, can, require
from batches.forms.edits import EditForm, read_cell
from batches.intake import edits, lost_zeros, problem_groups
from batches.intake.problem_groups import ProblemGroup
from batches.models import Upload
from batches.people_audit import record_people
from batches.tables.tables import make_cell_table
from batches.templatetags.numbers import count
from batches.tracing.limits import SpendingRefused
from batches.user_request import UserRequest
from batches.views.shortcuts import paginate, refusal_as_message
from batches.views.upload_actions import read_revision
from batches.views.upload_wizard import redirect_to

ROWS_IN_REVIEW = 5
"""Number of rows of a group that the review itself shows."""


def problem_rows(request: UserRequest, pk: int, key: str) -> HttpResponse:
    """Show the rows with one problem or warning. Before the start, the first of these rows can be edited."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    require(request.user, Right.SEE_CONTACTS)
    group = problem_groups.find_group(upload, key)
    if group is None:
        if request.method == "POST":
            messages.error(request, "Nothing was saved: no row has this problem anymore. Here is the current review.")
        return redirect_to(request, "upload", upload.pk)
    if request.method == "POST":
        require(request.user, Right.UPLOAD)
        return save_rows(request, upload, group)
    return show_rows(request, upload, group)


def show_rows(
    request: UserRequest, upload: Upload, group: ProblemGroup, form: EditForm | None = None, problem: str = ""
) -> HttpResponse:
    """Show the rows of a group or, within the review, the first of them."""
    if form is None and may_edit(upload, group) and can(request.user, Right.UPLOAD):
        form = EditForm(group=group, limit=ROWS_IN_REVIEW if request.htmx else None)
    context: dict[str, Any] = {"upload": upload, "group": group, "form": form, "problem": problem}
    if form is None and request.htmx:
        items = list(group.shown_rows[:ROWS_IN_REVIEW])
        context["rows"] = [(item, [read_cell(item, position) for position in group.positions]) for item in items]
        shown = [item.pk for item in items]
    elif form is None:
        table = paginate(request, make_cell_table(group.rows.defer("answer"), group.columns), per_page=50)
        context["table"] = table
        shown = [row.record.pk for row in table.page.object_list]
    else:
        shown = [item.pk for item in form.items]
    record_people(AuditKind.SEEN, request.user, [(upload.pk, pk) for pk in shown], "rows with a problem")
    template = "uploads/_problem_rows.html" if request.htmx else "uploads/problem.html"
    return render(request, template, context, status=422 if problem else 200)


def may_edit(upload: Upload, group: ProblemGroup) -> bool:
    return group.is_editable and edits.accepts_edits(upload)


def save_rows(request: UserRequest, upload: Upload, group: ProblemGroup) -> HttpResponse:
    """Save edited rows, or show the form again with everything that was typed and with what is wrong."""
    if not may_edit(upload, group):
        problem = "Nothing was saved: these rows can no longer be edited on this page. Please review the list again."
        return show_rows(request, upload, group, problem=problem)
    form = EditForm(request.POST, group=group)
    if not form.is_valid():
        return show_rows(request, upload, group, form, form.refusal or " ".join(map(str, form.non_field_errors())))
    try:
        edits.save_edits(upload, form.edits, read_revision(request) or 0, request.user)
    except SpendingRefused as problem:
        upload.refresh_from_db()
        return show_rows(request, upload, group, form, f"Nothing was saved. {problem}")
    return redirect(upload)


@require_POST
def add_lost_zeros(request: UserRequest, pk: int, key: str) -> HttpResponse:
    """Add the leading zero to every ZIP of a group that lacks one."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    require(request.user, Right.UPLOAD)
    group = problem_groups.find_group(upload, key)
    with refusal_as_message(request):
        if group and (fixed := lost_zeros.add_zeros(group)):
            edits.save_edits(upload, fixed, read_revision(request) or 0, request.user)
        else:
            messages.error(request, "Nothing was changed: no ZIP of this list lacks its zero anymore.")
    return redirect(upload)


@require_POST
def undo_edit(request: UserRequest, pk: int, correction: int) -> HttpResponse:
    """Undo the last edit of a list's rows."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    with refusal_as_message(request):
        undone = edits.undo_edit(upload, correction, request.user)
        messages.success(request, f"Undone. {count(undone, 'row is as it was,rows are as they were')} before the edit.")
    return redirect(upload)
