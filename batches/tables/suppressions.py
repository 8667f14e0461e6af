"""The do-not-contact list as a table and as a file."""

from collections.abc import Iterable, Iterator
from datetime import date

import django_tables2 as tables
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString

from batches.models import Suppression
from batches.models.suppression import today
from batches.tables.columns import DateTimeColumn, PartialColumn
from batches.tables.tables import TABLE_ATTRS

EXPORT_FIELDS = [
    ("Kind", "kind"),
    ("Entry", "label"),
    ("Why", "reason_kind"),
    ("Note", "reason"),
    ("Stops contact", "blocks_contact"),
    ("Stops tracing", "blocks_tracing"),
    ("Who asked", "asked_by"),
    ("How they asked", "asked_how"),
    ("Received", "received_at"),
    ("Due", "due_at"),
    ("Done", "done_at"),
    ("Expires", "expires_at"),
    ("Added by", "created_by"),
    ("Added", "created_at"),
    ("Lifted", "lifted_at"),
]
"""Heading of a column → the field of the entry."""


def format_blocks(entry: Suppression) -> str:
    if entry.blocks_contact and entry.blocks_tracing:
        return "Contact, tracing"
    return "Contact" if entry.blocks_contact else "Tracing"


def draw_due(entry: Suppression) -> SafeString | str:
    """Return the day by which a request must be carried out, in red if it has passed."""
    if not entry.due_at:
        return "\N{EN DASH}"
    day = format_date(entry.due_at, "M j")
    if entry.done_at:
        return "Done"
    if entry.due_at < today():
        return format_html('<span class="bad">Overdue since {}</span>', day)
    return f"By {day}"


class SuppressionTable(tables.Table):
    reason_kind = tables.Column(verbose_name="Why")
    reason = tables.Column(verbose_name="Note")
    blocks = tables.Column(empty_values=(), orderable=False, verbose_name="Stops")
    due_at = tables.Column(empty_values=(), verbose_name="Due")
    created_at = DateTimeColumn(verbose_name="Since")
    created_by = tables.Column(verbose_name="By")
    remove = PartialColumn("suppressions/_remove.html", orderable=False, verbose_name="")

    class Meta:
        model = Suppression
        attrs = TABLE_ATTRS
        fields = ["kind", "label", "reason_kind", "reason", "blocks", "due_at", "created_by", "created_at", "remove"]
        sequence = fields
        order_by = "-created_at"
        empty_text = "Nobody is here. Add people, phones or emails that must not be contacted."

    def render_blocks(self, record: Suppression) -> str:
        return format_blocks(record)

    def render_due_at(self, record: Suppression) -> SafeString | str:
        return draw_due(record)


def export_entries(entries: Iterable[Suppression]) -> Iterator[list[str]]:
    """Yield the list as rows of a file, with the names of the columns first."""
    yield [heading for heading, _ in EXPORT_FIELDS]
    for entry in entries:
        yield [format_cell(getattr(entry, name)) for _, name in EXPORT_FIELDS]


def format_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)
