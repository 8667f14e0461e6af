"""Download the invalid rows of a list, and upload the corrected file."""

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.text import slugify
from django.views.decorators.http import require_POST

from accounts.models import AuditKind
from accounts.rights import Right, require
from batches import jobs
from batches.exports.download import file_response
from batches.files.file_format import UnreadableFile
from batches.forms.uploads import CorrectionForm
from batches.intake import corrections
from batches.models import Upload
from batches.people_audit import record_people
from batches.statuses import Outcome
from batches.tracing.lifecycle import record
from batches.user_request import UserRequest


def download_invalid_rows(request: UserRequest, pk: int) -> HttpResponseBase:
    """Return the invalid rows as a file: with the list's own columns, and with what is wrong in each row."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    require(request.user, Right.UPLOAD)
    record(pk, "invalid rows downloaded", user=request.user)
    invalid = upload.items.filter(outcome=Outcome.INVALID).values_list("upload_id", "pk")
    record_people(AuditKind.EXPORTED, request.user, invalid.iterator(), "invalid rows")
    name = f"{slugify(upload.name) or 'list'}-{pk}-rows-to-fix.csv"
    return file_response(corrections.stream_invalid_rows(upload), name)


@require_POST
def upload_corrections(request: UserRequest, pk: int) -> HttpResponse:
    """Accept the corrected file of a list, and read it in the background."""
    upload = get_object_or_404(Upload.objects.visible_to(request.user), pk=pk)
    require(request.user, Right.UPLOAD)
    form = CorrectionForm(request.POST, request.FILES)
    try:
        if not form.is_valid():
            raise UnreadableFile("Please choose your corrected file. It must not be empty.")
        jobs.receive_corrections(upload, form.cleaned_data["file"], request.user)
    except UnreadableFile as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, "Reading your corrected file. Its valid rows will replace the invalid ones.")
    return redirect(upload)
