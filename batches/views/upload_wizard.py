"""The first step of a list: choose its file."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.files.base import File
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from batches.files.file_format import UnreadableFile
from batches.forms.uploads import FileForm, UploadForm
from batches.intake import mapping_templates, uploads
from batches.models import Upload
from batches.user_request import UserRequest

SAMPLE = settings.BASE_DIR / "static" / "sample.csv"
"""A list of invented people, whom the sandbox can trace."""
LIST_MOVED_ON = "No changes were made: this list has changed since you opened the page. Here is its current state."


def upload_new(request: UserRequest) -> HttpResponse:
    """Show and handle the first step: choose a file."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            upload = uploads.receive(user=request.user, **form.cleaned_data)
            return redirect_to(request, "upload-columns", upload.pk)
        except UnreadableFile as problem:
            form.add_error("file", str(problem))
    return show_file_form(request, form)


@require_POST
def upload_sample(request: UserRequest) -> HttpResponse:
    """Upload the sample list, in the sandbox only."""
    if not settings.IS_SANDBOX:
        raise Http404
    with SAMPLE.open("rb") as file:
        upload = uploads.receive(File(file, SAMPLE.name), request.user, name="Sample list")
    return redirect("upload-columns", upload.pk)


def upload_file(request: UserRequest, pk: int) -> HttpResponse:
    """Show the first step of an existing list again: its details and its file."""
    upload = get_object_or_404(Upload, pk=pk)
    if not upload.is_editable:
        return leave_wizard(request, upload)
    form = FileForm(request.POST or None, request.FILES or None, upload=upload)
    if request.method == "POST" and form.is_valid():
        try:
            return change_file(request, upload, **form.cleaned_data)
        except UnreadableFile as problem:
            form.add_error("file", f"{problem} The list keeps its current file.")
    return show_file_form(request, form, upload)


def show_file_form(request: UserRequest, form: UploadForm, upload: Upload | None = None) -> HttpResponse:
    context = {"form": form, "upload": upload, "sources": Upload.objects.list_sources()}
    return render(request, "uploads/new.html", context, status=422 if form.errors else 200)


def change_file(request: UserRequest, upload: Upload, file: File | None, **details: Any) -> HttpResponse:
    """Replace an upload's file and details. Raises UnreadableFile."""
    header = mapping_templates.header_key(upload.columns)
    if file is None:
        is_done = uploads.change_details(upload, **details)
    elif is_done := uploads.replace_file(upload, file, request.user, **details):
        upload.refresh_from_db()
        is_same = mapping_templates.header_key(upload.columns) == header
        columns = (
            "Its columns are the same, so your choices are kept."
            if is_same
            else "Its columns are different. Please review them."
        )
        messages.success(request, f"Replaced the file with {upload.filename}. {columns}")
    return redirect_to(request, "upload-columns", upload.pk) if is_done else leave_wizard(request, upload)


def redirect_to(request: UserRequest, name: str, *args: int) -> HttpResponse:
    """Redirect to another page, even if htmx sent the form."""
    return HttpResponseClientRedirect(reverse(name, args=args)) if request.htmx else redirect(name, *args)


def leave_wizard(request: UserRequest, upload: Upload) -> HttpResponse:
    """Redirect to the page of a list that can no longer be edited."""
    if request.method == "POST":
        messages.error(request, LIST_MOVED_ON)
    return redirect_to(request, "upload", upload.pk)
