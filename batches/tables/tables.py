"""Tables of lists, batches, people, exports, the do-not-contact list and history."""

from collections.abc import Iterable
from typing import Any

import django_tables2 as tables
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import HttpRequest
from django.utils.safestring import SafeString

from batches.exports import files
from batches.models import Batch, Event, Export, Item, Suppression, Upload
from batches.results import digests
from batches.tables.columns import (
    DATETIME_FORMAT,
    BarColumn,
    CellColumn,
    DateTimeColumn,
    PartialColumn,
    StatusColumn,
    name_owner,
)

NUMBER_ATTRS = {"td": {"class": "number"}, "th": {"class": "number"}}
TABLE_ATTRS = {"class": "table table-hover align-middle"}


class CountedTable(tables.Table):
    """A table with a bar of outcomes. The view sets `counts` once it knows which rows are on the page."""

    counts: dict[int, Any] = {}
    progress = BarColumn()

    def before_render(self, request: HttpRequest) -> None:
        for row in self.page.object_list if self.page else self.rows:
            row.record.counts = self.counts.get(row.record.pk)


class UploadTable(CountedTable):
    name = tables.Column(linkify=True, verbose_name="List")
    status = StatusColumn()
    row_count = tables.Column(verbose_name="Rows", attrs=NUMBER_ATTRS)
    created_by = tables.Column(verbose_name="By")
    created_at = DateTimeColumn(verbose_name="Uploaded")

    class Meta:
        model = Upload
        attrs = TABLE_ATTRS
        fields = ["name", "status", "progress", "row_count", "priority", "created_by", "created_at"]
        sequence = fields
        order_by = "-created_at"
        empty_text = "No lists yet. Upload one to see its progress here."


class BatchTable(CountedTable):
    id = tables.Column(linkify=True, verbose_name="Batch")
    upload = tables.Column(linkify=True, verbose_name="List")
    status = StatusColumn()
    size = tables.Column(verbose_name="People", attrs=NUMBER_ATTRS)
    next_try_at = DateTimeColumn(f"{DATETIME_FORMAT}:s", verbose_name="Next try")
    submitted_at = DateTimeColumn(verbose_name="Sent")
    closed_at = DateTimeColumn(verbose_name="Closed")

    class Meta:
        model = Batch
        attrs = TABLE_ATTRS
        fields = ["id", "upload", "status", "progress", "size", "next_try_at", "submitted_at", "closed_at"]
        sequence = fields
        empty_text = "No batches yet. A list is sent in batches once you start it."

    def render_id(self, record: Batch) -> str:
        return str(record)


class TickColumn(PartialColumn):
    """A checkbox that selects people for an action."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("items/_tick.html", orderable=False, verbose_name="", **kwargs)


class ItemTable(tables.Table):
    row_number = tables.Column(linkify=True, verbose_name="Row", attrs=NUMBER_ATTRS)
    person = tables.Column(accessor="shown_name", linkify=True, order_by=("last_name", "first_name"), empty_values=())
    place = tables.Column(accessor="asked_address", order_by=("state", "city"), verbose_name="Address")
    outcome = StatusColumn()
    found = PartialColumn("items/_found.html", orderable=False, verbose_name="Result")
    match = PartialColumn("items/_match.html", order_by="digest__match", verbose_name="Match check")
    upload = tables.Column(linkify=True, verbose_name="List")
    answered_at = DateTimeColumn(verbose_name="Traced")

    class Meta:
        model = Item
        attrs = TABLE_ATTRS
        fields = ["row_number", "person", "place", "outcome", "found", "match", "upload", "answered_at"]
        sequence = fields
        empty_text = "No people yet. They appear here once the rows of a list have been read."

    def before_render(self, request: HttpRequest) -> None:
        """Load the results of the people on the page, even if their digest has not been made yet."""
        items = [row.record for row in (self.page.object_list if self.page else self.rows)]
        shown = digests.load_digests(items)
        for item in items:
            item.shown = shown[item.pk]

    def order_person(self, queryset: QuerySet[Item], is_descending: bool) -> tuple[QuerySet[Item], bool]:
        """Sort people by last name, and companies by the name that the file gives them."""
        last = Coalesce(NullIf("owner_name", Value("")), "last_name")
        names = [last.desc(), F("first_name").desc()] if is_descending else [last, F("first_name")]
        return queryset.order_by(*names), True

    def render_person(self, record: Item) -> SafeString:
        return name_owner(record)


class CellTable(tables.Table):
    """Rows of a list with some of their cells as they are in the file."""

    row_number = tables.Column(linkify=True, verbose_name="Row", attrs=NUMBER_ATTRS)
    person = tables.Column(accessor="shown_name", orderable=False, empty_values=())

    class Meta:
        model = Item
        attrs = {"class": "table cells"}
        fields = ["row_number", "person"]
        sequence = ["row_number", "...", "person"]
        empty_text = "No rows have this problem any more."

    def render_person(self, record: Item) -> SafeString:
        return name_owner(record)


def make_cell_table(items: QuerySet[Item], columns: Iterable[tuple[int, str]]) -> CellTable:
    """Return a table of rows with the cells at some positions, each under its column's name."""
    extra = [(f"cell_{position}", CellColumn(position, verbose_name=name)) for position, name in columns]
    return CellTable(items, extra_columns=extra)


class TickableItemTable(ItemTable):
    tick = TickColumn()

    class Meta(ItemTable.Meta):
        fields = ["tick", *ItemTable.Meta.fields]
        sequence = fields


class ExportTable(tables.Table):
    at = DateTimeColumn(verbose_name="When")
    upload = tables.Column(linkify=True, verbose_name="List")
    user = tables.Column(verbose_name="Who", default="command line")
    layout = tables.Column(verbose_name="Layout")
    choices = tables.Column(orderable=False)
    rows = tables.Column(attrs=NUMBER_ATTRS)
    numbers = tables.Column(attrs=NUMBER_ATTRS)
    sha256 = PartialColumn("exports/_sha256.html", orderable=False, verbose_name="SHA-256")

    class Meta:
        model = Export
        attrs = TABLE_ATTRS
        fields = ["at", "upload", "user", "layout", "choices", "rows", "numbers", "sha256"]
        sequence = fields
        empty_text = "No exports yet. To export results, open a list and choose Export…"

    def render_layout(self, record: Export) -> str:
        return f"{record.layout}, {record.format}"

    def render_choices(self, record: Export) -> str:
        return files.export_summary(record)


class SuppressionTable(tables.Table):
    created_at = DateTimeColumn(verbose_name="Since")
    created_by = tables.Column(verbose_name="By")
    remove = PartialColumn("suppressions/_remove.html", orderable=False, verbose_name="")

    class Meta:
        model = Suppression
        attrs = TABLE_ATTRS
        fields = ["kind", "label", "reason", "created_by", "created_at", "remove"]
        sequence = fields
        order_by = "-created_at"
        empty_text = "Nobody is on this list. Add people who must not be traced, or phones and emails to keep private."


class EventTable(tables.Table):
    at = DateTimeColumn(f"{DATETIME_FORMAT}:s", verbose_name="When")
    batch = tables.Column(linkify=True)
    what = tables.Column()
    detail = tables.Column()
    user = tables.Column(verbose_name="Who")

    class Meta:
        model = Event
        attrs = TABLE_ATTRS
        fields = ["at", "batch", "what", "detail", "user"]
        orderable = False
        empty_text = "No events yet."
