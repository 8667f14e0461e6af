"""Upload outcomes of calls as a file, and show what became of the rows of a file."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.rights import Right, require
from batches import jobs
from batches.call_files import SAMPLE
from batches.forms.outcomes import OutcomesForm
from batches.models import LoadedFile
from batches.statuses import CallResult, LoadedKind
from batches.user_request import UserRequest

MAX_SHOWN = 20
"""Maximum number of earlier files that the page lists."""


def upload_outcomes(request: UserRequest) -> HttpResponse:
    """Show the form and the user's latest files, and accept a file."""
    require(request.user, Right.SUPPRESS)
    form = OutcomesForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        return redirect(jobs.receive_file(form.cleaned_data["file"], LoadedKind.OUTCOMES, request.user))
    files = LoadedFile.objects.filter(kind=LoadedKind.OUTCOMES, created_by=request.user)[:MAX_SHOWN]
    context = {"form": form, "files": files, "words": CallResult.labels}
    return render(request, "outcomes/upload.html", context, status=422 if form.errors else 200)


def download_sample(request: UserRequest) -> HttpResponse:
    """Return a file that shows which columns are read."""
    require(request.user, Right.SUPPRESS)
    headers = {"Content-Disposition": 'attachment; filename="outcomes-sample.csv"'}
    return HttpResponse(SAMPLE, content_type="text/csv", headers=headers)


def show_loaded_file(request: UserRequest, pk: int) -> HttpResponse:
    """Show how far a file was read, what was taken, and which rows could not be."""
    require(request.user, Right.SUPPRESS)
    loaded = get_object_or_404(LoadedFile.objects.select_related("created_by"), pk=pk)
    return render(request, "outcomes/file.html", {"loaded": loaded, "is_outcomes": loaded.kind == LoadedKind.OUTCOMES})
