"""The table of the audit log."""

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from typing import Any

import django_filters as filters
import django_tables2 as tables
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import AuditEntry, AuditKind
from batches.forms.widgets import DateInput, Select
from batches.id_set import IdSet
from batches.models import Item
from batches.nouns import noun_for
from batches.people_audit import entries_about
from batches.tables.columns import DATETIME_WITH_SECONDS, DateTimeColumn
from batches.tables.filters import IdFilter

EXPORT_HEADER = ["When (UTC)", "What", "Who", "IP address", "List", "People", "Details"]


class AuditFilter(filters.FilterSet):
    item = IdFilter(method="about_person")
    kind = filters.ChoiceFilter(choices=AuditKind.choices, empty_label="Anything", label="What", widget=Select)
    user = filters.ModelChoiceFilter(
        queryset=User.objects.order_by("username"), empty_label="Anyone", label="Who", widget=Select
    )
    since = filters.DateFilter(method="at_since", label="From", widget=DateInput)
    until = filters.DateFilter(method="at_until", label="to", widget=DateInput)

    class Meta:
        model = AuditEntry
        fields = ["item", "kind", "user", "since", "until"]

    def about_person(self, queryset: QuerySet, _: str, pk: int) -> QuerySet:
        item = Item.objects.filter(pk=pk).first()
        return queryset.filter(pk__in=entries_about(item).values("pk")) if item else queryset.none()

    def at_since(self, queryset: QuerySet, _: str, day: Any) -> QuerySet:
        return queryset.filter(at__gte=start_of(day))

    def at_until(self, queryset: QuerySet, _: str, day: Any) -> QuerySet:
        return queryset.filter(at__lt=start_of(day + timedelta(days=1)))


def start_of(day: Any) -> datetime:
    """Return the start of a day in the reader's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


class AuditTable(tables.Table):
    empty_icon = "scroll-text"
    at = DateTimeColumn(DATETIME_WITH_SECONDS, verbose_name="When")
    kind = tables.Column(verbose_name="What", orderable=False, attrs={"td": {"class": "strong", "data-label": ""}})
    user = tables.Column(verbose_name="Who", default="—", orderable=False)
    address = tables.Column(default="—", orderable=False)
    upload_id = tables.Column(verbose_name="List", default="—", orderable=False)
    item_ids = tables.Column(verbose_name="People", empty_values=(), orderable=False)
    detail = tables.Column(verbose_name="Details", orderable=False, attrs={"td": {"class": "whole"}})

    class Meta:
        model = AuditEntry
        attrs = {"class": "table plain cards"}
        fields = ["at", "kind", "user", "address", "upload_id", "item_ids", "detail"]
        sequence = fields
        order_by = "-at"
        empty_text = "No entries match these filters."

    def render_upload_id(self, value: int) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("upload", args=[value]), value)

    def render_item_ids(self, record: AuditEntry) -> SafeString | str:
        """Return a link to the person concerned or, if there are several, their number."""
        ids = IdSet.unpack(bytes(record.item_ids))
        count = len(ids)
        if not count:
            return "—"
        if count == 1:
            return format_html('<a href="{}">person {}</a>', reverse("item", args=[min(ids)]), min(ids))
        return f"{count:,} {noun_for(count, 'person,people')}"


def export_rows(entries: Iterable[AuditEntry]) -> Iterator[list[str]]:
    """Yield the header row, and a row for each entry with the ids of the people concerned."""
    yield EXPORT_HEADER
    for entry in entries:
        yield [
            entry.at.isoformat(timespec="seconds"),
            entry.get_kind_display(),
            entry.user.get_username() if entry.user else "",
            entry.address or "",
            str(entry.upload_id or ""),
            " ".join(map(str, IdSet.unpack(bytes(entry.item_ids)))),
            entry.detail,
        ]
