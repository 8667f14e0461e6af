"""Show the reconciliation: what the vendor says it did, compared with what we hold."""

from typing import Any, NamedTuple

from django.http import HttpResponse, StreamingHttpResponse

from accounts.rights import Right, require
from batches.exports.download import file_response
from batches.files.writers import write_csv
from batches.reports import reconciliation
from batches.reports.books import Books
from batches.tables.reconciliation import ReconciliationFilter, ReconciliationTable, export_rows
from batches.tracing.credits import cost_warning
from batches.user_request import UserRequest
from batches.views.shortcuts import filtered_upload, render_list

CHUNK_SIZE = 500
"""How many rows are in memory at once while the file is written."""


class Finding(NamedTuple):
    """A difference between the vendor's totals and what we hold, or a reason why they cannot be compared."""

    number: int
    state: str
    """The state that finds its batches."""
    icon: str
    noun: str
    text: str


FINDINGS = {
    "lost_answers": ("lacking", "circle-x", "answer", "never received"),
    "lost_matches": ("lacking", "circle-x", "match,matches", "never received"),
    "without_totals": ("without_totals", "circle-help", "completion call", "without totals"),
    "not_completed": ("not_completed", "circle-help", "batch,batches", "closed without a completion call"),
    "unanswered_calls": ("unanswered", "circle-help", "one-person call", "without a reply"),
    "odd_credits": ("odd", "circle-help", "answer", "with credits that cannot be counted"),
}
"""Attribute of Books → the parts of its finding."""


def list_findings(books: Books) -> list[Finding]:
    """Return a finding for each of FINDINGS that is not 0."""
    return [Finding(number, *parts) for name, parts in FINDINGS.items() if (number := getattr(books, name))]


def show_reconciliation(request: UserRequest) -> HttpResponse:
    filterset = ReconciliationFilter(request.GET, reconciliation.sent_batches().visible_to(request.user))
    total = reconciliation.total_books(filterset.batches)
    context: dict[str, Any] = {
        "total": total,
        "findings": list_findings(total),
        "upload": filtered_upload(request, filterset),
        "cost_warning": cost_warning(),
    }
    exclude = {"batch": ["batches"], "list": ["list_name"], "month": ["list_name"], "account": ["list_name"]}[
        filterset.grouping
    ]
    return render_list(request, "reconciliation/page.html", filterset, ReconciliationTable, exclude=exclude, **context)


def export_reconciliation(request: UserRequest) -> StreamingHttpResponse:
    """Return the whole table as a CSV file, with the filters in the address applied."""
    require(request.user, Right.EXPORT)
    filterset = ReconciliationFilter(request.GET, reconciliation.sent_batches().visible_to(request.user))
    rows = filterset.qs.iterator(chunk_size=CHUNK_SIZE)
    grouping = filterset.grouping
    return file_response(write_csv(export_rows(rows, grouping)), f"reconciliation-by-{grouping}.csv")
