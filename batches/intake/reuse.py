"""Before planning, reuse earlier answers at no cost and suppress people on the do-not-contact list."""

from django.db.models import F, OuterRef, Subquery

from batches.erased import ERASED_MESSAGE, find_erased
from batches.intake.suppression import make_suppression_keys
from batches.models import ErasedKey, Item, Suppression, Upload
from batches.statuses import Outcome, SuppressionKind
from batches.tracing.lifecycle import record
from batches.tracing.overlaps import CHUNK_SIZE, find_answered, mark_reused, record_reused
from batches.vendor.protocol import PERSON_FIELDS

SLICE_SIZE = 20 * CHUNK_SIZE
"""People for whom earlier answers are looked up at a time."""


def reuse_answers(upload: Upload) -> int:
    """Answer an upload's unplanned people with answers from other lists. Return how many were answered.

    An answer is reused for `look_back` days if it was requested with the same match requirements and its contact
    details have not been purged.
    """
    earlier = find_answered(upload)
    if not upload.look_back or not earlier.exists():
        return 0
    latest = earlier.filter(fingerprint=OuterRef("fingerprint")).order_by("-answered_at").values("pk")[:1]
    items = Item.objects.filter(upload=upload).unplanned().exclude(fingerprint="").order_by("pk")
    reused, last = 0, 0
    # In slices instead of with a cursor: SQLite refuses to write from a connection that is reading an older snapshot.
    while ids := list(items.filter(pk__gt=last).values_list("pk", flat=True)[:SLICE_SIZE]):
        first, last = ids[0], ids[-1]
        known = items.filter(pk__gte=first, pk__lte=last).annotate(source=Subquery(latest)).exclude(source=None)
        reused += mark_reused(list(known.values_list("pk", "source")), Item.objects.unplanned())
    return reused


def reuse_since_check(upload_id: int) -> None:
    """Reuse answers that have arrived since a list was checked, before the list is planned for the first time."""
    upload = Upload.objects.get(pk=upload_id)
    if upload.is_started and not upload.batches.exists():
        record_reused(upload_id, reuse_answers(upload), "answered since the list was checked")


def suppress_since_check(upload_id: int) -> None:
    """Suppress unplanned people who were put on the do-not-contact list after their list was checked."""
    unplanned = Item.objects.filter(upload=upload_id).unplanned()
    by_field = {"fingerprint": SuppressionKind.PERSON, "phone": SuppressionKind.PHONE, "email": SuppressionKind.EMAIL}
    for field, kind in by_field.items():
        keys = Suppression.objects.blocking_tracing().filter(kind=kind).values("key")
        message = f"On the do-not-contact list: {kind.label.lower()}."
        found = unplanned.filter(**{f"{field}__in": keys}).update(outcome=Outcome.SUPPRESSED, message=message)
        record_suppressed(upload_id, found)
    record_suppressed(upload_id, suppress_erased(upload_id))


def record_suppressed(upload_id: int, found: int) -> None:
    if found:
        Upload.objects.filter(pk=upload_id).update(suppressed_count=F("suppressed_count") + found)
        record(upload_id, "suppressed", detail=f"{found} since the list was checked")


def suppress_erased(upload_id: int) -> int:
    """Suppress unplanned people who were erased after their list was checked. Return how many."""
    since = Upload.objects.values_list("checking_since", flat=True).get(pk=upload_id)
    recent = ErasedKey.objects.filter(created_at__gte=since) if since else ErasedKey.objects.all()
    if not recent.exists():
        return 0
    found, last = 0, 0
    unplanned = Item.objects.filter(upload=upload_id).unplanned().order_by("pk")
    while page := list(unplanned.filter(pk__gt=last).only(*PERSON_FIELDS)[:CHUNK_SIZE]):
        last = page[-1].pk
        keys = {item.pk: make_suppression_keys({name: getattr(item, name) for name in PERSON_FIELDS}) for item in page}
        erased = find_erased(set().union(*keys.values()), since)
        ids = [pk for pk, own_keys in keys.items() if own_keys & erased]
        found += unplanned.filter(pk__in=ids).update(outcome=Outcome.SUPPRESSED, message=ERASED_MESSAGE)
    return found
