"""Reconciliation: what the vendor says it did, compared with what we hold."""

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse

from batches.exports.download import file_response
from batches.files.writers import write_csv
from batches.reports import reconciliation
from batches.tables.reconciliation import ReconciliationFilter, ReconciliationTable, export_rows
from batches.tracing.credits import cost_warning
from batches.user_request import UserRequest
from batches.views.shortcuts import filtered_upload, render_list

CHUNK_SIZE = 500
"""Rows in memory at once while the file is written."""

TILES = {
    "lost_answers": ("lacking", "error", "answers not received"),
    "lost_matches": ("lacking", "error", "matches not received"),
    "without_totals": ("without_totals", "missing", "completions without totals"),
    "not_completed": ("not_completed", "missing", "batches not completed"),
    "unanswered_calls": ("unanswered", "missing", "one-person calls without a reply"),
    "odd_credits": ("odd", "missing", "answers whose credits cannot be counted"),
}
"""Number of Books → the state by which its batches are found, its colour, and its label."""


def show_reconciliation(request: UserRequest) -> HttpResponse:
    filterset = ReconciliationFilter(request.GET, reconciliation.sent_batches())
    total = reconciliation.total_books(filterset.batches)
    context: dict[str, Any] = {
        "total": total,
        "tiles": [(getattr(total, name), *tile) for name, tile in TILES.items()],
        "upload": filtered_upload(filterset),
        "difference": cost_warning(),
    }
    exclude = {"batch": ["batches"], "list": ["list_name"], "month": ["list_name"]}[filterset.grouping]
    return render_list(request, "reconciliation/page.html", filterset, ReconciliationTable, exclude=exclude, **context)


def export_reconciliation(request: UserRequest) -> StreamingHttpResponse:
    """Send the whole table as a CSV file, with the filters of the address."""
    filterset = ReconciliationFilter(request.GET, reconciliation.sent_batches())
    rows = filterset.qs.iterator(chunk_size=CHUNK_SIZE)
    grouping = filterset.grouping
    return file_response(write_csv(export_rows(rows, grouping)), f"reconciliation-by-{grouping}.csv")
