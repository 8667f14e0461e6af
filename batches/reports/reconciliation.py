"""Let the database sum the books of sent batches, by batch, list, month or vendor account.

Only columns of batches are read, so the cost depends on the number of batches and not of people.
"""

from datetime import UTC
from typing import Any

from django.db.models import Case, Count, DecimalField, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, TruncMonth

from batches.models import DEFAULT_ACCOUNT, Batch, BatchQuerySet, VendorAccount
from batches.reports.books import Books
from batches.statuses import BATCH_AT_VENDOR, BATCH_OPEN, BatchKind, BatchStatus

ANSWERS_HELD = Coalesce(F("received"), 0) + F("second_answers") + F("unmatched_answers")
MATCHES_HELD = F("received_matched") + F("second_matched") + F("unmatched_matches")

IS_SENT = Q(submitted_at__isnull=False) & (
    Q(status__in=[BatchStatus.CLOSED, *BATCH_AT_VENDOR])
    # Refused, dissolved or cancelled batches count if the vendor evidently had them.
    | Q(completed_at__isnull=False)
    | Q(received__gt=0)
    | Q(unmatched_answers__gt=0)
)
IS_OPEN = Q(status__in=BATCH_OPEN)
IS_COUNTED = ~IS_OPEN & Q(received__isnull=False)
LACKS_ANSWERS = IS_COUNTED & Q(vendor_processed__gt=ANSWERS_HELD)
LACKS_MATCHES = IS_COUNTED & Q(vendor_matched__gt=MATCHES_HELD)
WITHOUT_TOTALS = Q(completed_at__isnull=False, vendor_processed=None)
# A single person gets no completion call.
NOT_COMPLETED = Q(status=BatchStatus.CLOSED, kind=BatchKind.BULK, completed_at=None)
UNANSWERED_CALL = Q(status=BatchStatus.CLOSED, kind=BatchKind.SINGLE, received=0)
HAS_ODD_CREDITS = Q(odd_credits__gt=0)


def flag(condition: Q) -> Case:
    """Return 1 for a batch that meets the condition, otherwise 0."""
    return Case(When(condition, then=Value(1)), default=Value(0), output_field=IntegerField())


def surplus(condition: Q, reported: str, held: Combinable) -> Case:
    """Return what the vendor reports minus what we hold, for a batch that meets the condition, otherwise 0."""
    return Case(When(condition, then=F(reported) - held), default=Value(0), output_field=IntegerField())


BOOKS_PARTS = {
    "batches": Value(1),
    "open": flag(IS_OPEN),
    "uncounted": flag(~IS_OPEN & Q(received=None)),
    "completed": flag(Q(completed_at__isnull=False)),
    "without_totals": flag(WITHOUT_TOTALS),
    "not_completed": flag(NOT_COMPLETED),
    "unanswered_calls": flag(UNANSWERED_CALL),
    "people": F("size"),
    "processed": Coalesce(F("vendor_processed"), 0),
    "matched": Coalesce(F("vendor_matched"), 0),
    "errors": Coalesce(F("vendor_errors"), 0),
    "received": Coalesce(F("received"), 0),
    "received_matched": F("received_matched"),
    "received_errors": F("received_errors"),
    "second_answers": F("second_answers"),
    "second_matched": F("second_matched"),
    "unmatched_answers": F("unmatched_answers"),
    "unmatched_matches": F("unmatched_matches"),
    "odd_credits": F("odd_credits"),
    "credits": F("credits"),
    "second_credits": F("earlier_credits"),
    "unmatched_credits": F("unmatched_credits"),
    "lost_answers": surplus(LACKS_ANSWERS, "vendor_processed", ANSWERS_HELD),
    "lost_matches": surplus(LACKS_MATCHES, "vendor_matched", MATCHES_HELD),
    "lacking": flag(LACKS_ANSWERS | LACKS_MATCHES),
}
"""Field of Books → what one batch adds to it. Queries prefix it with `sum_`: batches have fields of the same name."""

RECONCILIATION_GROUPINGS = {"batch": "Batch", "list": "List", "month": "Month", "account": "Vendor account"}


def list_groupings() -> list[tuple[str, str]]:
    """Return the groupings that are offered, as (value, label): by account only if there are several."""
    are_several = VendorAccount.objects.exists()
    return [choice for choice in RECONCILIATION_GROUPINGS.items() if are_several or choice[0] != "account"]


def sent_batches() -> BatchQuerySet:
    """Return the batches that may have cost anything."""
    return Batch.objects.filter(IS_SENT).order_by()


def by_batch(batches: QuerySet[Batch]) -> QuerySet[Batch, Any]:
    """Return one row per batch. There is no GROUP BY, so that only the rows on a page are computed."""
    rows = batches.values("pk", "upload_id", "number", list_name=F("upload__name"))
    return rows.annotate(**{f"sum_{name}": part for name, part in BOOKS_PARTS.items()}).order_by("-pk")


def by_list(batches: QuerySet[Batch]) -> QuerySet[Batch, Any]:
    """Return one row per list."""
    rows = batches.order_by().values("upload_id", list_name=F("upload__name"))
    return rows.annotate(**sum_parts()).order_by("-upload_id")


def by_month(batches: QuerySet[Batch]) -> QuerySet[Batch, Any]:
    """Return one row per month in which batches were sent. Months are in UTC, like the vendor's days."""
    rows = batches.order_by().values(month=TruncMonth("submitted_at", tzinfo=UTC))
    return rows.annotate(**sum_parts()).order_by("-month")


def by_account(batches: QuerySet[Batch]) -> QuerySet[Batch, Any]:
    """Return one row per vendor account, the default account first."""
    name = Coalesce(F("account__name"), Value(DEFAULT_ACCOUNT))
    rows = batches.order_by().values(vendor_account=F("account"), account_name=name)
    return rows.annotate(**sum_parts()).order_by(F("vendor_account").asc(nulls_first=True))


GROUPED_BY = {"batch": by_batch, "list": by_list, "month": by_month, "account": by_account}


def total_books(batches: QuerySet[Batch]) -> Books:
    """Return the books of all these batches together, with one query."""
    return as_books(batches.order_by().aggregate(**sum_parts()))


def sum_parts() -> dict[str, Any]:
    """Return the aggregates that sum BOOKS_PARTS over batches."""
    money = DecimalField(max_digits=14, decimal_places=2)
    return {
        f"sum_{name}": Sum(part, default=0, output_field=money if name.endswith("credits") else IntegerField())
        for name, part in BOOKS_PARTS.items()
        if name not in {"batches", "odd_credits"}
    } | {"sum_batches": Count("pk"), "sum_odd_credits": Sum("odd_credits", default=0)}


def as_books(row: dict[str, Any]) -> Books:
    """Return the books from a row of one of the queries above."""
    return Books(**{name: row[f"sum_{name}"] for name in BOOKS_PARTS})


def batch_books(batch: Batch) -> Books:
    """Return the books of one batch, read from the database."""
    return as_books(by_batch(Batch.objects.filter(pk=batch.pk)).get())
