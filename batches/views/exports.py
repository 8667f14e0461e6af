from django.http import HttpResponseBadRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.text import slugify

from batches.exports import LAYOUTS, stream_csv
from batches.lifecycle import record
from batches.models import Upload
from batches.statuses import Outcome


def export_upload(request, pk):
    """The upload's results as a CSV file: ?layout=wide|long, ?outcome=… (any number), ?without_dnc=1."""
    upload = get_object_or_404(Upload, pk=pk)
    layout, outcomes = request.GET.get("layout", "wide"), request.GET.getlist("outcome")
    if layout not in LAYOUTS or not set(outcomes) <= set(Outcome.values):
        return HttpResponseBadRequest(f"layout is one of {LAYOUTS}, outcome one of {Outcome.values}.")
    without_dnc = request.GET.get("without_dnc") in {"1", "on"}
    choices = [layout, *outcomes, *(["without do-not-call"] if without_dnc else [])]
    record(pk, "exported", user=request.user, detail=", ".join(choices))
    return send_csv(
        stream_csv(upload, layout, outcomes, without_dnc), f"{slugify(upload.name) or 'list'}-{pk}-traced.csv"
    )


def send_csv(pieces, filename):
    response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
