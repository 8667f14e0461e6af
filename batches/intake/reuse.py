"""Who was traced before is answered from then, at no cost."""

from datetime import timedelta

from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone

from batches.models import Item, Suppression, Upload
from batches.statuses import Outcome, SuppressionKind
from batches.tracing.lifecycle import record

SLICE = 1_000
SAME_MATCH = [[], ["phones"]]
"""Without a requirement, a match brings a phone (docs/vendor.md, 1)."""


def reuse_answers(upload):
    """Answer an upload's unplanned people from other lists. Return how many.

    An answer counts for `look_back` days, where it was asked for with the same match requirements, and as long as its
    contact details are kept.
    """
    earlier = find_earlier(upload)
    if not upload.look_back or not earlier.exists():
        return 0
    source = earlier.filter(fingerprint=OuterRef("fingerprint")).order_by("-answered_at").values("pk")[:1]
    items = Item.objects.filter(upload=upload).unplanned().exclude(fingerprint="").order_by("pk")
    reused, last = 0, 0
    # In slices, not by a cursor: SQLite lets nobody write who still reads from an older state.
    while part := list(items.filter(pk__gt=last).values_list("pk", flat=True)[: 20 * SLICE]):
        last = part[-1]
        known = items.filter(pk__gte=part[0], pk__lte=last).annotate(source=Subquery(source)).exclude(source=None)
        reused += answer(list(known.values_list("pk", "source")))
    return reused


def reuse_since_check(upload_id):
    """Reuse answers again before a list is first planned: others may have been answered since it was checked."""
    upload = Upload.objects.get(pk=upload_id)
    if upload.is_started and not upload.batches.exists() and (reused := reuse_answers(upload)):
        Upload.objects.filter(pk=upload_id).update(reused_count=F("reused_count") + reused)
        record(upload_id, "reused", detail=f"{reused} answered since the list was checked")


def suppress_since_check(upload_id):
    """Take people out of a list before they are planned who were put on the suppression list since it was checked."""
    unplanned = Item.objects.filter(upload=upload_id).unplanned()
    by_field = {"fingerprint": SuppressionKind.PERSON, "phone": SuppressionKind.PHONE, "email": SuppressionKind.EMAIL}
    for field, kind in by_field.items():
        keys = Suppression.objects.filter(kind=kind).values("key")
        message = f"On the suppression list: {kind.label.lower()}."
        found = unplanned.filter(**{f"{field}__in": keys}).update(outcome=Outcome.SUPPRESSED, message=message)
        if found:
            Upload.objects.filter(pk=upload_id).update(suppressed_count=F("suppressed_count") + found)
            record(upload_id, "suppressed", detail=f"{found} since the list was checked")


def find_earlier(upload):
    since = timezone.now() - timedelta(days=upload.look_back)
    answered = Item.objects.filter(outcome__in=[Outcome.MATCHED, Outcome.NO_MATCH], answered_at__gte=since)
    alike = Q()
    for match in SAME_MATCH if upload.match in SAME_MATCH else [upload.match]:
        alike |= Q(upload__match=match)
    return answered.filter(alike).exclude(upload=upload).exclude(answer="").order_by()


def answer(pairs):
    """Mark items as reused, each with the item that has its answer. Return how many were still unplanned."""
    reused = 0
    for start in range(0, len(pairs), SLICE):
        sources = dict(pairs[start : start + SLICE])
        when = dict(Item.objects.filter(pk__in=set(sources.values())).values_list("pk", "answered_at"))
        items = list(Item.objects.unplanned().filter(pk__in=sources).only("pk"))
        for item in items:
            item.outcome, item.same_as_id = Outcome.REUSED, sources[item.pk]
            item.message = f"Traced on {when[item.same_as_id]:%Y-%m-%d}."
        reused += Item.objects.unplanned().bulk_update(items, ["outcome", "same_as", "message"], batch_size=200)
    return reused
