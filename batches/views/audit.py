"""The audit log: who did what, and who saw whom."""

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from accounts.models import AuditEntry
from accounts.rights import Right, require
from batches.exports.download import file_response
from batches.files.writers import write_csv
from batches.models import Item
from batches.tables.audit import AuditFilter, AuditTable, export_rows
from batches.user_request import UserRequest
from batches.views.shortcuts import paginate

CHUNK_SIZE = 500
"""How many entries are in memory at once while the file is written."""


def show_audit_log(request: UserRequest) -> HttpResponse:
    """Show the audit log with the filters in the address applied. ?item=ID shows the entries about one person."""
    require(request.user, Right.ADMINISTER)
    filterset = AuditFilter(request.GET, AuditEntry.objects.select_related("user"))
    filterset.form.is_valid()
    context = {
        "filter": filterset,
        "table": paginate(request, AuditTable(filterset.qs), per_page=50),
        "item": Item.objects.filter(pk=filterset.form.cleaned_data.get("item")).first(),
    }
    return render(request, "audit/list.html", context)


def export_audit_log(request: UserRequest) -> StreamingHttpResponse:
    """Return the entries that match the filters in the address as a CSV file."""
    require(request.user, Right.ADMINISTER)
    filterset = AuditFilter(request.GET, AuditEntry.objects.select_related("user"))
    return file_response(write_csv(export_rows(filterset.qs.iterator(chunk_size=CHUNK_SIZE))), "audit-log.csv")
