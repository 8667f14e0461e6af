"""Reuse earlier answers at no cost, and apply the do-not-contact list before planning."""

from django.db.models import F, OuterRef, Subquery

from batches.models import Item, Suppression, Upload
from batches.statuses import Outcome, SuppressionKind
from batches.tracing.lifecycle import record
from batches.tracing.overlaps import CHUNK_SIZE, find_earlier, mark_reused, record_reused


def reuse_answers(upload: Upload) -> int:
    """Answer an upload's unplanned people from other lists. Return how many were answered.

    An answer is reused for `look_back` days if it was requested with the same match requirements and its contact
    details have not been purged.
    """
    earlier = find_earlier(upload)
    if not upload.look_back or not earlier.exists():
        return 0
    source = earlier.filter(fingerprint=OuterRef("fingerprint")).order_by("-answered_at").values("pk")[:1]
    items = Item.objects.filter(upload=upload).unplanned().exclude(fingerprint="").order_by("pk")
    reused, last = 0, 0
    # In slices instead of with a cursor: SQLite refuses to write from a connection that is reading an older snapshot.
    while part := list(items.filter(pk__gt=last).values_list("pk", flat=True)[: 20 * CHUNK_SIZE]):
        last = part[-1]
        known = items.filter(pk__gte=part[0], pk__lte=last).annotate(source=Subquery(source)).exclude(source=None)
        reused += mark_reused(list(known.values_list("pk", "source")), Item.objects.unplanned())
    return reused


def reuse_since_check(upload_id: int) -> None:
    """Reuse answers again before a list is first planned: more may have arrived since the list was checked."""
    upload = Upload.objects.get(pk=upload_id)
    if upload.is_started and not upload.batches.exists():
        record_reused(upload_id, reuse_answers(upload), "answered since the list was checked")


def suppress_since_check(upload_id: int) -> None:
    """Suppress unplanned people who were put on the do-not-contact list, by person, phone or email, after the check."""
    unplanned = Item.objects.filter(upload=upload_id).unplanned()
    by_field = {"fingerprint": SuppressionKind.PERSON, "phone": SuppressionKind.PHONE, "email": SuppressionKind.EMAIL}
    for field, kind in by_field.items():
        keys = Suppression.objects.filter(kind=kind).values("key")
        message = f"On the do-not-contact list: {kind.label.lower()}."
        found = unplanned.filter(**{f"{field}__in": keys}).update(outcome=Outcome.SUPPRESSED, message=message)
        if found:
            Upload.objects.filter(pk=upload_id).update(suppressed_count=F("suppressed_count") + found)
            record(upload_id, "suppressed", detail=f"{found} since the list was checked")
