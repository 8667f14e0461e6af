"""Rows that could not be read: out as a file, and in again once they are corrected."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.text import slugify
from django.views.decorators.http import require_POST

from batches import jobs
from batches.exports.download import send_file
from batches.files.file_format import UnreadableFile
from batches.forms.uploads import ContinuationForm
from batches.intake import corrections
from batches.models import Upload
from batches.tracing import spending
from batches.tracing.lifecycle import record


def upload_rejected(request, pk):
    """Return the invalid rows as a file to correct: the list's own columns, and what is wrong with each row."""
    upload = get_object_or_404(Upload, pk=pk)
    record(pk, "rejected rows downloaded", user=request.user)
    return send_file(corrections.stream_rejected(upload), f"{slugify(upload.name) or 'list'}-{pk}-rejected.csv")


@require_POST
def upload_mended(request, pk):
    """Take mended rows of a list."""
    upload = get_object_or_404(Upload, pk=pk)
    form = ContinuationForm(request.POST, request.FILES)
    try:
        if not form.is_valid():
            raise UnreadableFile("Choose the file with the mended rows.")
        jobs.receive_corrections(upload, form.cleaned_data["mended"], request.user)
    except (UnreadableFile, spending.OverLimit) as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, "The mended rows are being read.")
    return redirect(upload)
