"""The table of the reconciliation page: the same numbers by batch, by list or by month."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import django_filters as filters
import django_tables2 as tables
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from batches.forms.widgets import DateInput, SearchInput, Select
from batches.models import Batch
from batches.reports import reconciliation
from batches.reports.books import Books
from batches.tables.filters import ConditionFilter, IdFilter
from batches.tables.tables import NUMBER_ATTRS, TABLE_ATTRS

STATE_CONDITIONS = {
    "lacking": (
        "Something never received",
        reconciliation.LACKS_ANSWERS | reconciliation.LACKS_MATCHES,
    ),
    "without_totals": ("Completion without totals", reconciliation.WITHOUT_TOTALS),
    "not_completed": ("Not completed", reconciliation.NOT_COMPLETED),
    "unanswered": ("One-person calls without a reply", reconciliation.UNANSWERED_CALL),
    "odd": ("Credits that cannot be counted", reconciliation.HAS_ODD_CREDITS),
}
"""Filter value → (label, condition of a batch)."""


class ReconciliationFilter(filters.FilterSet):
    """Filters and groups batches. `qs` has the rows of the table, `batches` the batches in them."""

    upload = IdFilter()
    by = filters.ChoiceFilter(
        choices=list(reconciliation.RECONCILIATION_GROUPINGS.items()),
        empty_label=None,
        label="By",
        method="group",
        widget=Select,
    )
    q = filters.CharFilter(field_name="upload__name", lookup_expr="icontains", label="List", widget=SearchInput)
    since = filters.DateFilter(method="sent_since", label="Sent from (UTC)", widget=DateInput)
    until = filters.DateFilter(method="sent_until", label="to", widget=DateInput)
    state = ConditionFilter(STATE_CONDITIONS, label="Only")

    class Meta:
        model = Batch
        fields = ["upload", "by", "q", "since", "until", "state"]

    @property
    def grouping(self) -> str:
        """The requested grouping; `batch` by default."""
        self.form.is_valid()
        return self.form.cleaned_data.get("by") or "batch"

    @property
    def batches(self) -> QuerySet:
        return super().qs

    @property
    def qs(self) -> QuerySet:
        return reconciliation.GROUPED_BY[self.grouping](self.batches)

    def group(self, queryset: QuerySet, *_: Any) -> QuerySet:
        """Return the batches unchanged: `qs` groups them after all filters have been applied."""
        return queryset

    def sent_since(self, queryset: QuerySet, _: str, day: date) -> QuerySet:
        return queryset.filter(submitted_at__gte=begin_day(day))

    def sent_until(self, queryset: QuerySet, _: str, day: date) -> QuerySet:
        return queryset.filter(submitted_at__lt=begin_day(day + timedelta(days=1)))


def begin_day(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


class SumColumn(tables.Column):
    """One of the sums of a row. With `state`, it links to the batches that it counts."""

    def __init__(self, name: str, state: str = "", **kwargs: Any) -> None:
        super().__init__(accessor=f"sum_{name}", attrs=NUMBER_ATTRS, **kwargs)
        self.state = state

    def render(self, record: dict[str, Any], value: Any, table: tables.Table) -> SafeString | str:
        if not value:
            return "0"
        if not self.state:
            return f"{value:,f}" if is_money(self.accessor) else f"{value:,}"
        return format_html('<a href="{}">{}</a>', link_to_batches(record, self.state), f"{value:,}")


def is_money(name: object) -> bool:
    return str(name) in {"sum_credits", "sum_second_credits", "sum_unmatched_credits"}


def link_to_batches(record: dict[str, Any], state: str = "") -> str:
    """Return the address of a row's batches: the page of a batch, or the batches of a list or month."""
    if "pk" in record:
        return reverse("batch", args=[record["pk"]])
    query = {"by": "batch", "state": state}
    if "upload_id" in record:
        query["upload"] = record["upload_id"]
    if month := record.get("month"):
        query |= {"since": f"{month:%Y-%m-%d}", "until": f"{end_of_month(month):%Y-%m-%d}"}
    return f"{reverse('reconciliation')}?{urlencode({name: value for name, value in query.items() if value})}"


def end_of_month(month: datetime) -> datetime:
    """Return the last day of a month, given its first."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def row_label(record: dict[str, Any]) -> str:
    """Return the name of a row: its month, list or batch."""
    if month := record.get("month"):
        return f"{month:%b %Y}"
    return f"{record['upload_id']}-{record['number']}" if "pk" in record else record["list_name"]


class ReconciliationTable(tables.Table):
    name = tables.Column(empty_values=(), orderable=False, verbose_name="Name")
    list_name = tables.Column(verbose_name="List", orderable=False)
    remarks = tables.Column(empty_values=(), orderable=False, verbose_name="State")
    batches = SumColumn("batches", verbose_name="Batches")
    people = SumColumn("people", verbose_name="People sent")
    processed = SumColumn("processed", verbose_name="Vendor: processed")
    held = tables.Column(empty_values=(), orderable=False, verbose_name="We hold", attrs=NUMBER_ATTRS)
    lost_answers = SumColumn("lost_answers", "lacking", verbose_name="Never received")
    matched = SumColumn("matched", verbose_name="Vendor: matched")
    held_matched = tables.Column(empty_values=(), orderable=False, verbose_name="Matches we hold", attrs=NUMBER_ATTRS)
    lost_matches = SumColumn("lost_matches", "lacking", verbose_name="Matches never received")
    errors = SumColumn("errors", verbose_name="Vendor: errors")
    received_errors = SumColumn("received_errors", verbose_name="Errors we hold")
    second_answers = SumColumn("second_answers", verbose_name="Second answers")
    unmatched_answers = SumColumn("unmatched_answers", verbose_name="Unmatched deliveries")
    charged = tables.Column(empty_values=(), orderable=False, verbose_name="Credits charged", attrs=NUMBER_ATTRS)

    class Meta:
        attrs = TABLE_ATTRS
        empty_text = "No batches sent yet. Once the vendor has answered, you can compare its numbers with ours here."

    def before_render(self, request: HttpRequest) -> None:
        for row in self.page.object_list if self.page else self.rows:
            row.record["books"] = reconciliation.as_books(row.record)

    def render_name(self, record: dict[str, Any]) -> SafeString:
        return format_html('<a href="{}">{}</a>', link_to_batches(record), row_label(record))

    def render_remarks(self, record: dict[str, Any]) -> SafeString:
        books = record["books"]
        dot = "missing" if books.lacking else "matched" if books.completed else "pending"
        remarks = books.remarks or (["agrees"] if books.completed else ["nothing to compare"])
        lines = format_html_join("", "<div>{}</div>", ((text,) for text in remarks))
        return format_html(
            '<span class="pill"><span class="dot dot-{}" aria-hidden="true"></span></span>{}', dot, lines
        )

    def render_held(self, record: dict[str, Any]) -> str:
        return f"{record['books'].held:,}"

    def render_held_matched(self, record: dict[str, Any]) -> str:
        return f"{record['books'].held_matched:,}"

    def render_charged(self, record: dict[str, Any]) -> str:
        return f"{record['books'].charged.normalize():,f}"


# As a file


def export_rows(rows: Iterable[dict[str, Any]], by: str) -> Iterator[list[str]]:
    """Yield the rows of the CSV file, the header first."""
    yield [reconciliation.RECONCILIATION_GROUPINGS[by], "List", "State", *(HEADINGS[name] for name in EXPORT_FIELDS)]
    for row in rows:
        books = reconciliation.as_books(row)
        yield [row_label(row), row.get("list_name", ""), "; ".join(books.remarks), *cells(books)]


def cells(books: Books) -> list[str]:
    return [format_number(getattr(books, name)) for name in EXPORT_FIELDS]


def format_number(number: int | Decimal) -> str:
    """Return a number without trailing zeros; databases differ in how many they add."""
    return f"{number.normalize():f}" if isinstance(number, Decimal) else str(number)


HEADINGS = {
    "batches": "Batches",
    "people": "People Sent",
    "processed": "Vendor Processed",
    "held": "Answers Held",
    "lost_answers": "Answers Not In Our Hands",
    "matched": "Vendor Matched",
    "held_matched": "Matches Held",
    "lost_matches": "Matches Not In Our Hands",
    "errors": "Vendor Errors",
    "received_errors": "Errors Held",
    "received": "Answers That Count",
    "second_answers": "Second Answers",
    "unmatched_answers": "Unmatched Answers",
    "completed": "Completed",
    "without_totals": "Completions Without Totals",
    "not_completed": "Not Completed",
    "unanswered_calls": "Calls Without Reply",
    "open": "Under Way",
    "uncounted": "Being Counted",
    "credits": "Credits Of Answers That Count",
    "second_credits": "Credits Of Second Answers",
    "unmatched_credits": "Credits Of Unmatched Answers",
    "charged": "Credits Charged",
    "odd_credits": "Answers With Odd Credits",
}
"""Attribute of Books → heading of its column in the file."""
EXPORT_FIELDS = list(HEADINGS)
