"""The second step of a list: choose what each column of its file goes to."""

from collections.abc import Sequence
from copy import copy

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from batches import jobs
from batches.files.file_format import SAMPLE_ROWS, UnreadableFile
from batches.forms.mapping import MappingForm, TemplateForm
from batches.intake import mapping_templates, uploads
from batches.intake.hidden_parts import format_hidden
from batches.intake.row_preview import preview_row
from batches.intake.trace_settings import TraceSettings
from batches.intake.uploads import NumberedRow
from batches.keys import read_key
from batches.models import Upload
from batches.statuses import UploadStatus
from batches.templatetags.numbers import count, number
from batches.user_request import UserRequest
from batches.views.upload_wizard import LIST_MOVED_ON, leave_wizard, redirect_to

SESSION_KEY = "kept settings"
"""Session key of unsaved settings for a list whose rows were read with other settings."""

COLUMNS_REPLACED = "No changes were made: someone replaced this list's file or sheet. Please review the columns."


def upload_columns(request: UserRequest, pk: int) -> HttpResponse:
    """Show the column mapping, and handle its buttons."""
    upload = get_object_or_404(Upload, pk=pk)
    if not upload.is_editable:
        return leave_wizard(request, upload)
    if request.POST.get("header", header := mapping_templates.header_key(upload.columns)) != header:
        messages.error(request, COLUMNS_REPLACED)
        return redirect("upload-columns", pk)
    if "forget" in request.POST:
        request.session.pop(SESSION_KEY, None)
        return redirect("upload-columns", pk)
    if "sheet" in request.POST:
        return choose_sheet(request, upload)
    if "with_hidden" in request.POST:
        return choose_hidden(request, upload)
    if "use_template" in request.POST:
        return choose_template(request, upload)
    return choose_columns(request, upload, header)


def choose_columns(request: UserRequest, upload: Upload, header: str) -> HttpResponse:
    is_kept = request.method == "GET" and restore_choices(request, upload, header)
    rows = uploads.read_first_rows(upload)
    form = MappingForm(request.POST or None, upload=upload, rows=[cells for _, cells in rows])
    if request.method == "POST" and (form.is_valid() or "back" in request.POST):
        if "back" in request.POST:
            return save_choices(request, upload, form)
        return accept_columns(request, upload, form)
    return show_columns(request, upload, form, rows, is_kept)


def show_columns(
    request: UserRequest, upload: Upload, form: MappingForm, rows: Sequence[NumberedRow], is_kept: bool = False
) -> HttpResponse:
    """Show the whole page, with the form as it was sent or with the upload's settings."""
    status = 422 if form.errors else 200
    groups = form.groups()
    context = {
        "upload": upload,
        "form": form,
        "groups": groups,
        "headings": [group.key for group in groups if group.columns],
        "kept": [form.kept_group()],
        "header": mapping_templates.header_key(upload.columns),
        "is_kept": is_kept,
        "templates": TemplateForm(initial={"use_template": upload.used_template}),
        "hidden": format_hidden(upload),
        "rows": count_rows(upload, rows),
        "preview": make_preview(request, upload, form, rows),
    }
    return render(request, "uploads/columns.html", context, status=status)


@require_POST
def preview_columns(request: UserRequest, pk: int) -> HttpResponse:
    """Show how a row would be sent with the current choices, without saving them.

    Without scripts, show the whole page.
    """
    upload = get_object_or_404(Upload, pk=pk)
    if not upload.is_editable:
        return leave_wizard(request, upload)
    if request.POST.get("header") != mapping_templates.header_key(upload.columns):
        messages.error(request, COLUMNS_REPLACED)
        return redirect_to(request, "upload-columns", pk)
    rows = uploads.read_first_rows(upload)
    form = MappingForm(request.POST, upload=upload, rows=[cells for _, cells in rows])
    if not request.htmx:
        return show_columns(request, upload, form, rows)
    context = {
        "upload": upload,
        "form": form,
        "groups": form.groups(),
        "headings": request.POST.get("headings", "").split(),
        "columns": form.rows_to_update(request.POST.get("marked", "").split()),
        "preview": make_preview(request, upload, form, rows),
    }
    return render(request, "uploads/_columns_updated.html", context)


def make_preview(
    request: UserRequest, upload: Upload, form: MappingForm, rows: Sequence[NumberedRow]
) -> dict[str, object]:
    """Return a row as it would be sent with the form's choices, and the numbers of the rows before and after it.

    It is the row that was asked for, else the one that the page shows, else the first.
    """
    if not rows:
        return {}
    numbers = [row_number for row_number, _ in rows]
    wanted = read_key(request.GET.get("row") or request.POST.get("shown") or "")
    place = numbers.index(wanted) if wanted in numbers else 0
    changed = copy(upload)
    form.current_settings.apply_to(changed)
    return {
        "row": preview_row(changed, *rows[place]),
        "before": numbers[place - 1] if place else None,
        "after": numbers[place + 1] if place + 1 < len(numbers) else None,
    }


def count_rows(upload: Upload, rows: Sequence[NumberedRow]) -> str:
    """Return how many rows the list has, as exactly as is known: `12 rows`, `about 25,000 rows`, `rows`."""
    if rows and len(rows) < SAMPLE_ROWS and upload.row_estimate <= 2 * SAMPLE_ROWS:
        return count(len(rows), "row")
    if not upload.row_estimate:
        return "rows"
    digits = len(str(upload.row_estimate))
    return f"about {number(round(upload.row_estimate, min(0, 2 - digits)))} rows"


def choose_sheet(request: UserRequest, upload: Upload) -> HttpResponse:
    """Read another sheet of the workbook, while the list is a draft."""
    try:
        if upload.status != UploadStatus.DRAFT or not uploads.change_sheet(upload, request.POST["sheet"], request.user):
            messages.error(request, LIST_MOVED_ON)
    except UnreadableFile as problem:
        messages.error(request, str(problem))
    return redirect("upload-columns", upload.pk)


def choose_hidden(request: UserRequest, upload: Upload) -> HttpResponse:
    """Trace the hidden rows of the workbook too, or leave them out again, and keep the choices made so far."""
    rows = uploads.read_first_rows(upload)
    form = MappingForm(request.POST, upload=upload, rows=[cells for _, cells in rows])
    form.current_settings.apply_to(upload)
    try:
        if uploads.change_hidden(upload, request.POST["with_hidden"] == "yes", request.user):
            request.session.pop(SESSION_KEY, None)
        else:
            messages.error(request, LIST_MOVED_ON)
    except UnreadableFile as problem:
        messages.error(request, str(problem))
    return redirect("upload-columns", upload.pk)


def choose_template(request: UserRequest, upload: Upload) -> HttpResponse:
    """Map the columns by another template, while the list is a draft."""
    form = TemplateForm(request.POST)
    if not form.is_valid():
        messages.error(request, "This mapping template no longer exists. Please choose another.")
    elif upload.status != UploadStatus.DRAFT or not uploads.change_template(
        upload, form.cleaned_data["use_template"], request.user
    ):
        messages.error(request, LIST_MOVED_ON)
    return redirect("upload-columns", upload.pk)


def accept_columns(request: UserRequest, upload: Upload, form: MappingForm) -> HttpResponse:
    if not jobs.check(upload, form.settings, request.user):
        return leave_wizard(request, upload)
    request.session.pop(SESSION_KEY, None)
    upload.refresh_from_db()
    if name := form.cleaned_data["template"]:
        mapping_templates.save_template(upload, name, request.user)
    return redirect(upload)


def save_choices(request: UserRequest, upload: Upload, form: MappingForm) -> HttpResponse:
    """Go to another step and keep the settings chosen so far.

    A draft saves them for everyone. If rows have been checked, the settings stay in this user's session, so that a look
    at the columns does not throw the checked rows away.
    """
    request.session.pop(SESSION_KEY, None)
    is_changed = form.settings != TraceSettings.from_upload(upload)
    if is_changed and not uploads.save_unchecked_settings(upload, form.settings, request.user):
        request.session[SESSION_KEY] = {
            "upload": upload.pk,
            "header": mapping_templates.header_key(upload.columns),
            "settings": form.settings.as_dict(),
        }
    return redirect("upload" if request.POST["back"] == "review" else "upload-file", upload.pk)


def restore_choices(request: UserRequest, upload: Upload, header: str) -> bool:
    """Apply the settings kept in the session to an upload, without saving. Return False if there are none."""
    kept = request.session.get(SESSION_KEY, {})
    if (kept.get("upload"), kept.get("header")) != (upload.pk, header):
        return False
    TraceSettings(**kept["settings"]).apply_to(upload)
    return True
