"""Tables of lists, batches, people, exports, the do-not-contact list and history."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any, ClassVar

import django_tables2 as tables
from django.contrib.auth.models import User
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import HttpRequest
from django.template.loader import get_template
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from accounts.names import name_of
from batches.assignments import load_assignees, name_assignee
from batches.exports import certificates, files
from batches.models import Batch, Digest, Event, Export, Item, Upload
from batches.numbers_to_call import FoundPerson, PersonNumbers, load_numbers
from batches.people.contacts import Contact
from batches.people.match_decision import Decision
from batches.results import digests
from batches.results.match_decisions import Matched, load_decisions, read_decision
from batches.statuses import UPLOAD_FINISHED, Priority
from batches.tables.columns import (
    DATETIME_WITH_SECONDS,
    BarColumn,
    CellColumn,
    DateTimeColumn,
    MatchColumn,
    PartialColumn,
    PhoneColumn,
    ResultColumn,
    StandingColumn,
    StatusColumn,
    render_owner,
)
from batches.tables.marks import draw_chip
from batches.tracing.credits import format_cost

WIDE_ATTRS = {"td": {"class": "off-narrow"}}
"""Attributes of a column that is left out of cards on phones."""
NUMBER_ATTRS = {"td": {"class": "n"}, "th": {"class": "n"}}
TABLE_ATTRS = {"class": "table cards"}


class CountedTable(tables.Table):
    """A table with a bar of outcomes. `paginate` sets `counts` once it knows which rows are on the page."""

    counts: dict[int, Any] = {}
    progress = BarColumn()

    def before_render(self, request: HttpRequest) -> None:
        for row in self.page.object_list if self.page is not None else self.rows:
            row.record.counts = self.counts.get(row.record.pk)


class UploadTable(CountedTable):
    """The table of lists. The name is the one link of a row."""

    name = tables.Column(verbose_name="List", attrs={"td": {"class": "c-list", "data-label": ""}})
    status = tables.Column(attrs={"td": {"class": "c-status", "data-label": ""}, "help": "column-status"})
    progress = BarColumn(attrs={"td": {"class": "c-progress", "data-label": ""}, "help": "column-progress"})
    matched = tables.Column(
        empty_values=(),
        orderable=False,
        verbose_name="Matched",
        attrs={"td": {"class": "n p3"}, "th": {"class": "n p3"}, "help": "column-matched"},
    )
    row_count = tables.Column(
        verbose_name="Rows", attrs={"td": {"class": "n p3 off-narrow nowrap"}, "th": {"class": "n p3"}}
    )
    cost = tables.Column(
        empty_values=(),
        orderable=False,
        attrs={"td": {"class": "n nowrap"}, "th": {"class": "n"}, "help": "column-cost"},
    )
    created_by = tables.Column(
        verbose_name="By", attrs={"td": {"class": "p2 off-narrow nowrap"}, "th": {"class": "p2"}}
    )
    created_at = DateTimeColumn(verbose_name="Uploaded")

    class Meta:
        model = Upload
        attrs: ClassVar = {"class": "table cards tall lists"}
        fields = [
            "name",
            "status",
            "progress",
            "matched",
            "row_count",
            "cost",
            "created_by",
            "created_at",
        ]
        sequence = fields
        order_by = "-created_at"
        empty_text = "No lists here"

    def render_name(self, record: Upload) -> SafeString:
        """Return the name as a link, with the source, an unusual priority and the tags below it."""
        words = [tag.name for tag in record.tags.all()]
        if record.priority != Priority.NORMAL and record.status not in UPLOAD_FINISHED:
            words.insert(0, record.get_priority_display())
        tags = format_html_join("", ' <span class="tag">{}</span>', ((word,) for word in words))
        below = format_html('<div class="muted clip">{}{}</div>', record.list_source, tags)
        return format_html(
            '<a class="name go clip" href="{}"><bdi>{}</bdi></a>{}',
            record.get_absolute_url(),
            record.name,
            below if record.list_source or tags else "",
        )

    def render_status(self, record: Upload) -> SafeString:
        return draw_chip(record.status, record.get_status_display())

    def render_row_count(self, value: int) -> str:
        return f"{value:,}"

    def render_created_by(self, value: User) -> str:
        return name_of(value)

    def render_matched(self, record: Any) -> str:
        rate = record.counts.match_rate if record.counts else None
        return "—" if rate is None else f"{rate}%"

    def render_cost(self, record: Any) -> str:
        if not record.was_ever_started or not record.counts:
            return "—"
        return format_cost(record.counts.credits)


class BatchTable(CountedTable):
    id = tables.Column(linkify=True, verbose_name="Batch")
    upload = tables.Column(linkify=True, verbose_name="List")
    status = StatusColumn()
    size = tables.Column(verbose_name="People", attrs=NUMBER_ATTRS)
    next_try_at = DateTimeColumn(DATETIME_WITH_SECONDS, verbose_name="Next try")
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
    """A column of checkboxes that select people for an action."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"td": {"class": "a-tick", "data-label": ""}, "th": {"class": "a-tick"}}
        super().__init__("items/_tick.html", orderable=False, verbose_name="", attrs=attrs, **kwargs)


class ItemTable(tables.Table):
    row_number = tables.Column(linkify=True, verbose_name="Row", attrs=NUMBER_ATTRS)
    person = tables.Column(accessor="shown_name", linkify=True, order_by=("last_name", "first_name"), empty_values=())
    place = tables.Column(accessor="asked_address", order_by=("state", "city"), verbose_name="Address")
    outcome = ResultColumn()
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
        items = [row.record for row in (self.page.object_list if self.page is not None else self.rows)]
        shown = digests.load_digests(items)
        for item in items:
            item.shown = shown[item.pk]

    def order_person(self, queryset: QuerySet[Item], is_descending: bool) -> tuple[QuerySet[Item], bool]:
        """Sort people by last name, and companies by the name that the file gives them."""
        last = Coalesce(NullIf("owner_name", Value("")), "last_name")
        names = [last.desc(), F("first_name").desc()] if is_descending else [last, F("first_name")]
        return queryset.order_by(*names), True

    def render_person(self, record: Item) -> SafeString:
        return render_owner(record)


class CellTable(tables.Table):
    """A table of a list's rows, with some of their cells as they are in the file."""

    row_number = tables.Column(linkify=True, verbose_name="Row", attrs=NUMBER_ATTRS)
    person = tables.Column(accessor="shown_name", orderable=False, empty_values=())

    class Meta:
        model = Item
        attrs = {"class": "table cells"}
        fields = ["row_number", "person"]
        sequence = ["row_number", "...", "person"]
        empty_text = "No rows have this problem now."

    def render_person(self, record: Item) -> SafeString:
        return render_owner(record)


def make_cell_table(items: QuerySet[Item], columns: Iterable[tuple[int, str]]) -> CellTable:
    """Return a table of rows with the cells at some positions, each under its column's name."""
    extra = [(f"cell_{position}", CellColumn(position, verbose_name=name)) for position, name in columns]
    return CellTable(items, extra_columns=extra)


class PeopleTable(ItemTable):
    """A table of people with the best number of each. Call `load_results` first, if the reader may see them.

    It is used only by the pages that write to the audit log who was seen.
    """

    person = tables.Column(
        accessor="shown_name",
        order_by=("last_name", "first_name"),
        empty_values=(),
        verbose_name="Name",
        attrs={"td": {"class": "a-name", "data-label": ""}},
    )
    phone = PhoneColumn(verbose_name="Best phone")
    call = StandingColumn(verbose_name="Call?")
    match = MatchColumn(order_by="digest__match", verbose_name="Match check")
    place = tables.Column(
        accessor="asked_address",
        order_by=("state", "city"),
        verbose_name="Address",
        attrs={"td": {"class": "a-addr", "data-label": ""}},
    )
    upload = tables.Column(verbose_name="List", attrs={"td": {"class": "p3 off-narrow muted"}, "th": {"class": "p3"}})
    outcome = ResultColumn(attrs=WIDE_ATTRS | {"help": "column-outcome"})
    found = PartialColumn(
        "items/_found.html",
        orderable=False,
        verbose_name="Result",
        attrs=WIDE_ATTRS | {"help": "column-result"},
    )
    answered_at = DateTimeColumn(verbose_name="Traced")
    assigned = tables.Column(empty_values=(), orderable=False, verbose_name="Assigned to")
    row_number = tables.Column(verbose_name="Row", attrs={"td": {"class": "n off-narrow"}, "th": {"class": "n"}})

    hidden_at_first = {"outcome", "found", "answered_at", "assigned", "row_number"}
    """Columns that are shown only if a reader chooses them."""
    numbers: dict[int, PersonNumbers] = {}
    assignees: dict[int, User] = {}
    decisions: dict[int, Decision] = {}
    view_query = ""
    """The query string of the page, so that a person's page can lead to the next one of the same view."""

    class Meta(ItemTable.Meta):
        attrs = {"class": "table people cards noticks"}
        fields = [
            "person",
            "phone",
            "call",
            "match",
            "place",
            "upload",
            "outcome",
            "found",
            "answered_at",
            "assigned",
            "row_number",
        ]
        sequence = fields
        empty_icon = "users"

    def load_results(self) -> None:
        """Load the results of the people on the page, and the standing of their numbers."""
        items = [row.record for row in (self.page.object_list if self.page is not None else self.rows)]
        shown = digests.load_digests(items)
        texts = dict(Digest.objects.filter(pk__in=[item.pk for item in items]).values_list("pk", "found"))
        contacts: dict[int, Contact] = {}
        for item in items:
            digest = item.shown = shown[item.pk]
            if text := (digest.found if is_fresh(digest) else texts.get(item.pk)) if digest else "":
                contacts[item.pk] = digests.decode_contact(text)
        made = load_decisions(
            Matched(item.pk, item.fingerprint, contacts[item.pk]) for item in items if item.pk in contacts
        )
        self.decisions = {pk: read_decision(decision) for pk, decision in made.items()}
        self.numbers = load_numbers(self.find_person(item, contacts.get(item.pk)) for item in items)

    def find_person(self, item: Any, contact: Contact | None) -> FoundPerson:
        """Return a person of the page with what was found."""
        verdict, answered_at = (item.shown.match, item.shown.answered_at) if item.shown else ("", None)
        return FoundPerson(item, contact, verdict, answered_at, self.decisions.get(item.pk))

    def before_render(self, request: HttpRequest) -> None:
        if not self.numbers:
            super().before_render(request)
        if "assigned" in self.columns and self.columns["assigned"].visible:
            self.assignees = load_assignees(row.record for row in self.page or self.rows)
        for row in self.page.object_list if self.page is not None else self.rows:
            row.record.numbers = self.numbers.get(row.record.pk) or PersonNumbers()
            row.record.decision = self.decisions.get(row.record.pk)

    def render_assigned(self, record: Item) -> str:
        assignee = self.assignees.get(record.pk)
        return name_assignee(assignee) if assignee else "—"

    def render_person(self, record: Item) -> SafeString:
        """Return the name as the one link of the row. It is drawn here, because `linkify` takes three times as long."""
        address = record.get_absolute_url()
        address = f"{address}?{self.link_query}" if self.view_query else address
        return format_html('<a class="name go" href="{}">{}</a>', address, render_owner(record))

    @cached_property
    def link_query(self) -> str:
        return urlencode({"view": self.view_query})


class FoundTable(PeopleTable):
    """The results of a search. If a number was searched for, that number is shown, and not the best one."""

    searched: list[str] = []

    class Meta(PeopleTable.Meta):
        exclude = ["outcome", "found", "answered_at", "assigned", "row_number"]
        orderable = False

    def load_results(self) -> None:
        super().load_results()
        for numbers in self.numbers.values():
            numbers.phones.sort(key=lambda judged: judged.phone.digits not in self.searched)


def is_fresh(digest: Digest) -> bool:
    """Return whether a digest was made for this page, and not loaded from the database without its details."""
    return "found" not in digest.get_deferred_fields()


class TickableItemTable(PeopleTable):
    tick = TickColumn()

    class Meta(PeopleTable.Meta):
        attrs = {"class": "table people cards"}
        fields = ["tick", *PeopleTable.Meta.fields]
        sequence = fields


class ExportTable(tables.Table):
    at = DateTimeColumn(verbose_name="When")
    upload = tables.Column(linkify=True, verbose_name="List")
    user = tables.Column(verbose_name="Who", default=certificates.SHELL)
    layout = tables.Column(verbose_name="Layout")
    choices = tables.Column(orderable=False)
    rows = tables.Column(attrs=NUMBER_ATTRS)
    numbers = tables.Column(attrs=NUMBER_ATTRS, verbose_name="Phone numbers")
    sha256 = PartialColumn("exports/_sha256.html", orderable=False, verbose_name="File")
    again = tables.Column(
        empty_values=(), orderable=False, verbose_name="", attrs={"td": {"class": "end", "data-label": ""}}
    )

    class Meta:
        model = Export
        attrs = TABLE_ATTRS
        fields = ["at", "upload", "user", "layout", "choices", "rows", "numbers", "sha256", "again"]
        sequence = fields
        empty_text = "No exports yet. To export results, open a list and choose Export…"

    def render_layout(self, record: Export) -> str:
        return f"{record.layout}, {record.format}"

    def render_again(self, record: Export) -> str:
        query = files.repeat_query(record)
        return get_template("exports/_again.html").render({"record": record, "query": query})

    def render_choices(self, record: Export) -> str:
        return files.summarise_export(record)


class EventTable(tables.Table):
    at = DateTimeColumn(DATETIME_WITH_SECONDS, verbose_name="When")
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
