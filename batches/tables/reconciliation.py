"""The table of the reconciliation page: the same numbers by batch, by list or by month."""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import django_filters as filters
import django_tables2 as tables
from django.db.models import QuerySet
from django.forms import HiddenInput
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from batches.forms.widgets import DateInput, SearchInput, Select
from batches.models import Batch
from batches.reports import reconciliation
from batches.reports.books import Books
from batches.tables.filters import ConditionFilter, IdFilter
from batches.tables.marks import draw_dot
from batches.tracing.credits import format_cost

STATE_CONDITIONS = {
    "lacking": ("Something never received", reconciliation.LACKS_ANSWERS | reconciliation.LACKS_MATCHES),
    "without_totals": ("Completion without totals", reconciliation.WITHOUT_TOTALS),
    "not_completed": ("Not completed", reconciliation.NOT_COMPLETED),
    "unanswered": ("One-person calls without a reply", reconciliation.UNANSWERED_CALL),
    "odd": ("Credits that cannot be counted", reconciliation.HAS_ODD_CREDITS),
}
"""Filter value → (label, condition of a batch)."""


class ReconciliationFilter(filters.FilterSet):
    """A filter that also groups batches: `qs` contains the rows of the table, `batches` the batches behind them."""

    upload = IdFilter()
    account = filters.NumberFilter(method="sent_over", widget=HiddenInput)
    by = filters.ChoiceFilter(
        choices=reconciliation.list_groupings,
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
        fields = ["upload", "account", "by", "q", "since", "until", "state"]

    @property
    def grouping(self) -> str:
        """What a row of the table stands for: `batch`, `list` or `month`."""
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

    def sent_over(self, queryset: QuerySet, _: str, account: Decimal) -> QuerySet:
        """Keep the batches of a vendor account. 0 is the default account."""
        return queryset.filter(account=int(account) or None)

    def sent_since(self, queryset: QuerySet, _: str, day: date) -> QuerySet:
        return queryset.filter(submitted_at__gte=start_of_day(day))

    def sent_until(self, queryset: QuerySet, _: str, day: date) -> QuerySet:
        return queryset.filter(submitted_at__lt=start_of_day(day + timedelta(days=1)))


def start_of_day(day: date) -> datetime:
    """Return the first moment of a day in UTC, as the vendor counts days."""
    return datetime.combine(day, time(), UTC)


def number_attrs(css: str = "") -> dict[str, dict[str, str]]:
    """Return the attributes of a column of numbers. `css` is the class by which it leaves narrow windows."""
    classes = f"n {css} off-narrow" if css else "n"
    return {"td": {"class": classes}, "th": {"class": classes}}


class SumColumn(tables.Column):
    """A column of sums. With a `state`, each sum links to the batches that it counts."""

    def __init__(self, name: str, state: str = "", css: str = "", **kwargs: Any) -> None:
        super().__init__(accessor=f"sum_{name}", attrs=number_attrs(css), **kwargs)
        self.state = state

    def render(self, record: dict[str, Any], value: Any) -> SafeString | str:
        if not value:
            return "0"
        if not self.state:
            return f"{value:,}"
        return format_html('<a class="above" href="{}">{}</a>', link_to_batches(record, self.state), f"{value:,}")


def link_to_batches(record: dict[str, Any], state: str = "") -> str:
    """Return the address of the batches in a row: a batch's own page, or the table of batches with the same value."""
    if "pk" in record:
        return reverse("batch", args=[record["pk"]])
    query = {"by": "batch", "state": state}
    if "upload_id" in record:
        query["upload"] = record["upload_id"]
    if "vendor_account" in record:
        query["account"] = str(record["vendor_account"] or 0)
    if month := record.get("month"):
        query |= {"since": f"{month:%Y-%m-%d}", "until": f"{end_of_month(month):%Y-%m-%d}"}
    return f"{reverse('reconciliation')}?{urlencode({name: value for name, value in query.items() if value})}"


def end_of_month(month: datetime) -> datetime:
    """Return the last day of a month, given its first."""
    _, day_count = monthrange(month.year, month.month)
    return month.replace(day=day_count)


def row_label(record: dict[str, Any]) -> str:
    """Return the name of a row: its month, account, list or batch."""
    if month := record.get("month"):
        return f"{month:%b %Y}"
    if "account_name" in record:
        return record["account_name"]
    return f"{record['upload_id']}-{record['number']}" if "pk" in record else record["list_name"]


class ReconciliationTable(tables.Table):
    empty_icon = "scale"
    name = tables.Column(
        empty_values=(), orderable=False, verbose_name="Name", attrs={"td": {"class": "nowrap", "data-label": ""}}
    )
    list_name = tables.Column(verbose_name="List", orderable=False, attrs={"td": {"class": "a-list", "data-label": ""}})
    remarks = tables.Column(
        empty_values=(), orderable=False, verbose_name="State", attrs={"td": {"class": "a-state", "data-label": ""}}
    )
    batches = SumColumn("batches", verbose_name="Batches")
    people = SumColumn("people", css="p3", verbose_name="People sent")
    processed = SumColumn("processed", verbose_name="Vendor: processed")
    held = tables.Column(empty_values=(), orderable=False, verbose_name="We hold", attrs=number_attrs())
    lost_answers = SumColumn("lost_answers", "lacking", verbose_name="Never received")
    matched = SumColumn("matched", css="p2", verbose_name="Vendor: matched")
    held_matched = tables.Column(
        empty_values=(), orderable=False, verbose_name="Matches we hold", attrs=number_attrs("p2")
    )
    lost_matches = SumColumn("lost_matches", "lacking", css="p2", verbose_name="Matches never received")
    errors = SumColumn("errors", css="p3", verbose_name="Vendor: errors")
    received_errors = SumColumn("received_errors", css="p3", verbose_name="Errors we hold")
    second_answers = SumColumn("second_answers", css="p3", verbose_name="Second answers")
    unmatched_answers = SumColumn("unmatched_answers", css="p3", verbose_name="Unmatched deliveries")
    charged = tables.Column(empty_values=(), orderable=False, verbose_name="Charged", attrs=number_attrs())

    class Meta:
        attrs = {"class": "table plain cards reconciliation"}
        empty_text = "No batches sent yet. Once the vendor has answered, you can compare its numbers with ours here."

    def before_render(self, request: HttpRequest) -> None:
        for row in self.page.object_list if self.page is not None else self.rows:
            row.record["books"] = reconciliation.as_books(row.record)

    def render_name(self, record: dict[str, Any]) -> SafeString:
        return format_html('<a class="name go" href="{}">{}</a>', link_to_batches(record), row_label(record))

    def render_remarks(self, record: dict[str, Any]) -> SafeString:
        books = record["books"]
        dot = "missing" if books.lacking else "matched" if books.completed else "pending"
        remarks = books.remarks or (["agrees"] if books.completed else ["nothing to compare"])
        lines = format_html_join("", "<div>{}</div>", ((text,) for text in remarks))
        return format_html('<div class="with-icon">{}<div>{}</div></div>', draw_dot(dot), lines)

    def render_held(self, record: dict[str, Any]) -> str:
        return f"{record['books'].held:,}"

    def render_held_matched(self, record: dict[str, Any]) -> str:
        return f"{record['books'].held_matched:,}"

    def render_charged(self, record: dict[str, Any]) -> str:
        return format_cost(record["books"].charged)


def export_rows(rows: Iterable[dict[str, Any]], by: str) -> Iterator[list[str]]:
    """Yield the rows of the CSV file, the header row first."""
    yield [reconciliation.RECONCILIATION_GROUPINGS[by], "List", "State", *(HEADINGS[name] for name in EXPORT_FIELDS)]
    for row in rows:
        books = reconciliation.as_books(row)
        yield [row_label(row), row.get("list_name", ""), "; ".join(books.remarks), *format_books(books)]


def format_books(books: Books) -> list[str]:
    """Return the numbers of EXPORT_FIELDS."""
    return [format_number(getattr(books, name)) for name in EXPORT_FIELDS]


def format_number(number: int | Decimal) -> str:
    """Return a number without trailing zeros, because databases differ in how many they add."""
    return f"{number.normalize():f}" if isinstance(number, Decimal) else str(number)


HEADINGS = {
    "batches": "Batches",
    "people": "People Sent",
    "processed": "Vendor Processed",
    "held": "Answers Held",
    "lost_answers": "Answers Never Received",
    "matched": "Vendor Matched",
    "held_matched": "Matches Held",
    "lost_matches": "Matches Never Received",
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
