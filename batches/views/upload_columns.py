"""The second step of a new list: choose what each column of its file goes to."""

from collections.abc import Sequence
from copy import copy

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.rights import Right, require
from batches import jobs
from batches.files.file_format import SAMPLE_ROWS, UnreadableFile
from batches.forms.mapping import AlikeForm, MappingForm, TemplateForm
from batches.intake import mapping_templates, uploads
from batches.intake.hidden_parts import format_hidden
from batches.intake.row_preview import preview_row
from batches.intake.trace_settings import TraceSettings
from batches.intake.uploads import NumberedRow
from batches.keys import read_key, read_keys
from batches.models import Upload
from batches.statuses import UploadStatus
from batches.templatetags.numbers import count, number
from batches.user_request import UserRequest
from batches.views.upload_wizard import LIST_HAS_CHANGED, leave_wizard, redirect_to, together_address

SESSION_KEY = "kept settings"
"""Session key of settings that were chosen for a list but not applied, because its rows were read with other settings.
"""

SIGNIFICANT_DIGITS = 2
"""How many significant digits an estimated number of rows is rounded to."""
COLUMNS_REPLACED = "No changes were made: someone replaced this list's file or sheet. Please review the columns."


def upload_columns(request: UserRequest, pk: int) -> HttpResponse:
    """Show the column mapping, and handle the buttons of its page."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    require(request.user, Right.UPLOAD)
    if not upload.is_editable:
        return leave_wizard(request, upload)
    header = mapping_templates.header_key(upload.columns)
    if request.POST.get("header", header) != header:
        messages.error(request, COLUMNS_REPLACED)
        return redirect("upload-columns", pk)
    if "discard" in request.POST:
        request.session.pop(SESSION_KEY, None)
        return redirect("upload-columns", pk)
    if "sheet" in request.POST:
        return choose_sheet(request, upload)
    if "with_hidden" in request.POST:
        return choose_hidden_rows(request, upload)
    if "use_template" in request.POST:
        return choose_template(request, upload)
    return choose_columns(request, upload, header)


def choose_columns(request: UserRequest, upload: Upload, header: str) -> HttpResponse:
    """Show the form for the column mapping, or save the settings that were sent with it."""
    is_restored = request.method == "GET" and restore_choices(request, upload, header)
    rows = uploads.read_first_rows(upload)
    form = MappingForm(request.POST or None, upload=upload, rows=[cells for _, cells in rows])
    if request.method == "POST" and (form.is_valid() or "back" in request.POST):
        if "back" in request.POST:
            return save_choices(request, upload, form)
        return accept_columns(request, upload, form, read_alike(request, upload))
    return show_columns(request, upload, form, rows, is_restored)


def show_columns(
    request: UserRequest, upload: Upload, form: MappingForm, rows: Sequence[NumberedRow], is_restored: bool = False
) -> HttpResponse:
    """Show the whole page, with the form as it was sent or with the upload's settings.

    `is_restored` is whether the settings come from the session and are not applied yet.
    """
    status = 422 if form.errors else 200
    groups = form.groups()
    context = {
        "upload": upload,
        "form": form,
        "groups": groups,
        "headings": [group.key for group in groups if group.columns],
        "kept": [form.kept_group()],
        "header": mapping_templates.header_key(upload.columns),
        "is_restored": is_restored,
        "templates": TemplateForm(initial={"use_template": upload.used_template}),
        "hidden": format_hidden(upload),
        "rows": format_row_count(upload, rows),
        "alike": make_alike_form(request, upload),
        "preview": make_preview(request, upload, form, rows),
    }
    return render(request, "uploads/columns.html", context, status=status)


@require_POST
def preview_columns(request: UserRequest, pk: int) -> HttpResponse:
    """Show how a row would be sent with the current choices, without saving them.

    Without scripts, show the whole page.
    """
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    require(request.user, Right.UPLOAD)
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

    It is the row that was requested, or else the one that the page shows, or else the first.
    """
    if not rows:
        return {}
    numbers = [row_number for row_number, _ in rows]
    wanted = read_key(request.GET.get("row") or request.POST.get("shown") or "")
    index = numbers.index(wanted) if wanted in numbers else 0
    changed = copy(upload)
    form.current_settings.apply_to(changed)
    return {
        "row": preview_row(changed, *rows[index]),
        "before": numbers[index - 1] if index else None,
        "after": numbers[index + 1] if index + 1 < len(numbers) else None,
    }


def format_row_count(upload: Upload, rows: Sequence[NumberedRow]) -> str:
    """Return how many rows the list has, as exactly as is known: `12 rows`, `about 25,000 rows`, `rows`."""
    if rows and len(rows) < SAMPLE_ROWS and upload.row_estimate <= 2 * SAMPLE_ROWS:
        return count(len(rows), "row")
    if not upload.row_estimate:
        return "rows"
    digits = len(str(upload.row_estimate))
    rounded = round(upload.row_estimate, min(0, SIGNIFICANT_DIGITS - digits))
    return f"about {number(rounded)} rows"


def choose_sheet(request: UserRequest, upload: Upload) -> HttpResponse:
    """Read another sheet of the workbook, if the list is still a draft."""
    try:
        if upload.status != UploadStatus.DRAFT or not uploads.change_sheet(upload, request.POST["sheet"], request.user):
            messages.error(request, LIST_HAS_CHANGED)
    except UnreadableFile as problem:
        messages.error(request, str(problem))
    return redirect("upload-columns", upload.pk)


def choose_hidden_rows(request: UserRequest, upload: Upload) -> HttpResponse:
    """Include the hidden rows of the workbook, or leave them out again. Keep the choices made so far."""
    rows = uploads.read_first_rows(upload)
    form = MappingForm(request.POST, upload=upload, rows=[cells for _, cells in rows])
    form.current_settings.apply_to(upload)
    try:
        if uploads.change_hidden_rows(upload, request.POST["with_hidden"] == "yes", request.user):
            request.session.pop(SESSION_KEY, None)
        else:
            messages.error(request, LIST_HAS_CHANGED)
    except UnreadableFile as problem:
        messages.error(request, str(problem))
    return redirect("upload-columns", upload.pk)


def choose_template(request: UserRequest, upload: Upload) -> HttpResponse:
    """Map the columns with another template, if the list is still a draft."""
    form = TemplateForm(request.POST)
    if not form.is_valid():
        messages.error(request, "These remembered columns no longer exist. Please choose others.")
    elif upload.status != UploadStatus.DRAFT or not uploads.change_template(
        upload, form.cleaned_data["use_template"], request.user
    ):
        messages.error(request, LIST_HAS_CHANGED)
    return redirect("upload-columns", upload.pk)


def make_alike_form(request: UserRequest, upload: Upload) -> AlikeForm:
    """Return the choice of the user's other drafts with the same columns, as it was sent or as the address asks."""
    wanted = read_keys(request.GET.getlist("also"))
    drafts = mapping_templates.find_alike_drafts(upload, request.user)
    return AlikeForm(request.POST or None, alike=drafts, initial={"also": wanted})


def read_alike(request: UserRequest, upload: Upload) -> list[Upload]:
    """Return the other drafts for which the user has chosen the same columns. Skip those that have changed since."""
    wanted = set(read_keys(request.POST.getlist("also")))
    drafts = mapping_templates.find_alike_drafts(upload, request.user) if wanted else []
    return [draft for draft in drafts if draft.pk in wanted]


def accept_columns(request: UserRequest, upload: Upload, form: MappingForm, alike: Sequence[Upload]) -> HttpResponse:
    """Save the chosen settings, start the check of the rows, and go to the review.

    Do the same for the drafts `alike`, which have the same columns. Then, go to the page about all of them.
    """
    if not jobs.check(upload, form.settings, request.user):
        return leave_wizard(request, upload)
    accepted = [upload, *(draft for draft in alike if jobs.check(draft, form.settings, request.user))]
    request.session.pop(SESSION_KEY, None)
    upload.refresh_from_db()
    if name := form.cleaned_data["template"]:
        mapping_templates.save_template(upload, name, request.user)
    return redirect(together_address(each.pk for each in accepted) if alike else upload)


def save_choices(request: UserRequest, upload: Upload, form: MappingForm) -> HttpResponse:
    """Keep the settings chosen so far and go to another step.

    In a draft, the settings are saved for everyone. Once rows have been checked, the settings are kept only in this
    user's session, so that a look at the columns does not discard the checked rows.
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
    """Apply the settings kept in the session to an upload, without saving it. Return False if none are kept."""
    kept = request.session.get(SESSION_KEY, {})
    if (kept.get("upload"), kept.get("header")) != (upload.pk, header):
        return False
    TraceSettings(**kept["settings"]).apply_to(upload)
    return True
