"""The first step of new lists: choose their files."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.files.base import File
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from accounts.rights import Right, require
from batches.files.file_format import UnreadableFile
from batches.forms.uploads import MAX_FILES, DetailsForm, FileForm, UploadForm
from batches.intake import mapping_templates, uploads
from batches.keys import read_keys
from batches.models import Upload
from batches.statuses import UploadStatus
from batches.user_request import UserRequest

SAMPLE = settings.BASE_DIR / "static" / "sample.csv"
"""A list of invented people whom the sandbox can trace."""
LIST_HAS_CHANGED = "No changes were made: this list has changed since you opened the page. Here is its current state."


def upload_new(request: UserRequest) -> HttpResponse:
    """Show the form for new lists, and handle it. Each of its files becomes a list."""
    require(request.user, Right.UPLOAD)
    form = UploadForm(request.POST or None, request.FILES or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        received, refused = receive_files(form, request.user)
        if received:
            return show_received(request, form, received, refused)
        for problem in refused.values():
            form.add_error("file", problem)
    return show_file_form(request, form)


def receive_files(form: UploadForm, user: User) -> tuple[list[Upload], dict[str, str]]:
    """Make a list from each file of a valid form. Return the lists, and file name → why the file was refused."""
    received: list[Upload] = []
    refused: dict[str, str] = {}
    for file in form.files_chosen:
        name = uploads.name_list(form.cleaned_data["name"], file.name, is_one_of_several=form.is_for_several)
        try:
            received.append(uploads.receive(file, user, name, **form.details))
        except UnreadableFile as problem:
            refused[str(file.name)] = f"{file.name}: {problem}" if form.is_for_several else str(problem)
    return received, refused


def show_received(
    request: UserRequest, form: UploadForm, received: list[Upload], refused: dict[str, str]
) -> HttpResponse:
    """Redirect to the columns of a new list or, if several files were uploaded, to the page about all of them."""
    if not form.is_for_several:
        return redirect_to(request, "upload-columns", received[0].pk)
    for problem in refused.values():
        messages.error(request, problem)
    address = together_address(upload.pk for upload in received)
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def together_address(ids: Iterable[int]) -> str:
    """Return the address of the page about several new lists."""
    return f"{reverse('uploads-together')}?list={','.join(map(str, ids))}"


def uploads_together(request: UserRequest) -> HttpResponse:
    """Show several new lists, each with its next step, and which of them have the same columns."""
    require(request.user, Right.UPLOAD)
    ids = read_keys(request.GET.getlist("list"))[:MAX_FILES]
    lists = list(Upload.objects.visible_to(request.user).filter(pk__in=ids).order_by("pk"))
    if not lists:
        return redirect("upload-new")
    context = {
        "lists": lists,
        "alike": group_alike(lists),
        "is_reading": any(upload.status == UploadStatus.CHECKING for upload in lists),
    }
    return render(request, "uploads/_together.html" if request.htmx else "uploads/together.html", context)


def group_alike(lists: list[Upload]) -> list[list[Upload]]:
    """Return the groups of drafts that have the same column names, at least two in each."""
    groups: dict[str, list[Upload]] = defaultdict(list)
    for upload in lists:
        if upload.status == UploadStatus.DRAFT:
            groups[mapping_templates.header_key(upload.columns)].append(upload)
    return [group for group in groups.values() if len(group) > 1]


def upload_file(request: UserRequest, pk: int) -> HttpResponse:
    """Show the first step of an existing list again: its details and its file."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    require(request.user, Right.UPLOAD)
    if not upload.is_editable:
        return leave_wizard(request, upload)
    form = FileForm(request.POST or None, request.FILES or None, upload=upload)
    if request.method == "POST" and form.is_valid():
        try:
            return change_file(request, upload, **form.cleaned_data)
        except UnreadableFile as problem:
            form.add_error("file", f"{problem} The list keeps its current file.")
    return show_file_form(request, form, upload)


def show_file_form(request: UserRequest, form: DetailsForm, upload: Upload | None = None) -> HttpResponse:
    context = {"form": form, "upload": upload, "sources": Upload.objects.visible_to(request.user).list_sources()}
    return render(request, "uploads/new.html", context, status=422 if form.errors else 200)


def change_file(request: UserRequest, upload: Upload, file: File | None, **details: Any) -> HttpResponse:
    """Change an upload's details and, if one is given, its file. Raise UnreadableFile if the file cannot be read."""
    header = mapping_templates.header_key(upload.columns)
    if file is None:
        is_done = uploads.change_details(upload, request.user, **details)
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
    """Redirect to another page. If htmx sent the form, have the browser load the whole page."""
    return HttpResponseClientRedirect(reverse(name, args=args)) if request.htmx else redirect(name, *args)


def leave_wizard(request: UserRequest, upload: Upload) -> HttpResponse:
    """Redirect to the page of a list that can no longer be edited."""
    if request.method == "POST":
        messages.error(request, LIST_HAS_CHANGED)
    return redirect_to(request, "upload", upload.pk)
