"""From a file to a list that can be reviewed: choose the file, then say what its columns mean."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from batches import jobs
from batches.files.file_format import UnreadableFile
from batches.forms.mapping import MappingForm, TemplateForm
from batches.forms.uploads import FileForm, UploadForm
from batches.intake import mapping_templates, uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Upload
from batches.statuses import UploadStatus

KEPT = "kept settings"
"""In the session: unchecked settings of a list whose rows were read with other ones."""

GONE_ON = "Nothing was changed: the list has gone on meanwhile. This is where it is now."

OTHER_COLUMNS = "Nothing was changed: the list got another file or sheet meanwhile. Look at its columns."


def upload_new(request):
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            upload = uploads.receive(user=request.user, **form.cleaned_data)
            return go_on(request, "upload-columns", upload.pk)
        except UnreadableFile as problem:
            form.add_error("file", str(problem))
    return show_file_form(request, form)


def upload_file(request, pk):
    """Show the first step again: a list's details, and its file."""
    upload = get_object_or_404(Upload, pk=pk)
    if not upload.is_editable:
        return leave(request, upload)
    form = FileForm(request.POST or None, request.FILES or None, upload=upload)
    if request.method == "POST" and form.is_valid():
        try:
            return change_file(request, upload, **form.cleaned_data)
        except UnreadableFile as problem:
            form.add_error("file", f"{problem} Until then the list keeps the file that is there.")
    return show_file_form(request, form, upload)


def show_file_form(request, form, upload=None):
    context = {"form": form, "upload": upload, "sources": Upload.objects.sources()}
    return render(request, "uploads/new.html", context, status=422 if form.errors else 200)


def change_file(request, upload, file, **details):
    """Replace an upload's file and details. Raises UnreadableFile."""
    header = mapping_templates.header_of(upload.columns)
    if file is None:
        is_done = uploads.change_details(upload, **details)
    elif is_done := uploads.replace_file(upload, file, request.user, **details):
        upload.refresh_from_db()
        is_same = mapping_templates.header_of(upload.columns) == header
        columns = "Its columns are the same: your choices stay." if is_same else "Its columns are others: look at them."
        messages.success(request, f"The list has another file now, {upload.filename}. {columns}")
    return go_on(request, "upload-columns", upload.pk) if is_done else leave(request, upload)


def go_on(request, to, *args):
    """To another page; a script that has sent a form is told where."""
    return HttpResponseClientRedirect(reverse(to, args=args)) if request.htmx else redirect(to, *args)


def leave(request, upload):
    """To where a list is by now that cannot be changed any more."""
    if request.method == "POST":
        messages.error(request, GONE_ON)
    return go_on(request, "upload", upload.pk)


def upload_columns(request, pk):
    """Show the mapping screen: which column says what."""
    upload = get_object_or_404(Upload, pk=pk)
    if not upload.is_editable:
        return leave(request, upload)
    if request.POST.get("header", header := mapping_templates.header_of(upload.columns)) != header:
        messages.error(request, OTHER_COLUMNS)
        return redirect("upload-columns", pk)
    if "forget" in request.POST:
        request.session.pop(KEPT, None)
        return redirect("upload-columns", pk)
    if "sheet" in request.POST:
        return choose_sheet(request, upload)
    if "use_template" in request.POST:
        return choose_template(request, upload)
    return choose_columns(request, upload, header)


def choose_columns(request, upload, header):
    is_kept = request.method == "GET" and recall_settings(request, upload, header)
    samples = uploads.read_samples(upload)
    form = MappingForm(request.POST or None, upload=upload, samples=samples)
    if request.method == "POST" and (form.is_valid() or "back" in request.POST):
        take = keep_settings if "back" in request.POST else accept_columns
        return take(request, upload, form)
    templates = TemplateForm(initial={"use_template": upload.used_template})
    context = {"upload": upload, "form": form, "header": header, "is_kept": is_kept, "templates": templates}
    context["columns"] = describe_columns(upload, samples)
    return render(request, "uploads/columns.html", context, status=422 if form.errors else 200)


def choose_sheet(request, upload):
    """Read another sheet of the workbook, as long as no row of the first has been stored."""
    try:
        if upload.status != UploadStatus.DRAFT or not uploads.change_sheet(upload, request.POST["sheet"]):
            messages.error(request, GONE_ON)
    except UnreadableFile as problem:
        messages.error(request, str(problem))
    return redirect("upload-columns", upload.pk)


def choose_template(request, upload):
    """Read the columns as another template says, as long as no row has been stored."""
    form = TemplateForm(request.POST)
    if form.is_valid() and upload.status == UploadStatus.DRAFT:
        uploads.change_template(upload, form.cleaned_data["use_template"])
    return redirect("upload-columns", upload.pk)


def accept_columns(request, upload, form):
    if not jobs.check(upload, form.settings, request.user):
        return leave(request, upload)
    request.session.pop(KEPT, None)
    upload.refresh_from_db()
    if name := form.cleaned_data["template"]:
        mapping_templates.remember(upload, name, request.user)
    return redirect(upload)


def keep_settings(request, upload, form):
    """Go to another step and keep the settings chosen so far: those of a draft for everybody.

    Rows that were checked are worth more than a look at other columns: there they stay with whoever chose them.
    """
    request.session.pop(KEPT, None)
    is_changed = form.settings != TraceSettings.from_upload(upload)
    if is_changed and not uploads.keep_settings(upload, form.settings):
        request.session[KEPT] = {
            "upload": upload.pk,
            "header": mapping_templates.header_of(upload.columns),
            "settings": form.settings.as_dict(),
        }
    return redirect("upload" if request.POST["back"] == "review" else "upload-file", upload.pk)


def recall_settings(request, upload, header):
    """Show an upload with the settings that the user has left. Return False if there are none but its own."""
    kept = request.session.get(KEPT, {})
    if (kept.get("upload"), kept.get("header")) != (upload.pk, header):
        return False
    TraceSettings(**kept["settings"]).apply_to(upload)
    return True


def describe_columns(upload, samples):
    """Each column with its first values, for the table under the form."""
    names = [name.strip() or f"Column {number}" for number, name in enumerate(upload.columns, start=1)]
    return [(name, [row[i] if i < len(row) else "" for row in samples[:3]]) for i, name in enumerate(names)]
