"""Count reused answers by their result, because a reused answer tells as much about a person as a new one."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from django.core.cache import cache
from django.db.models import Count, Max, Min, Q

from batches.models import Item, Upload
from batches.statuses import Outcome
from batches.tracing.counts import Counts
from batches.tracing.overlaps import is_stale

CACHE_SECONDS = 600
"""How long the numbers of a list are cached. They only change if the number of its reused answers does."""


@dataclass(frozen=True)
class Reused:
    """How many people of a list were answered from other lists, and when they had been traced there."""

    matched: int = 0
    no_match: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    stale: int = 0
    """How many of the matches have stale Do Not Call flags."""

    @property
    def total(self) -> int:
        return self.matched + self.no_match


def count_reused(uploads: Collection[Upload]) -> dict[int, Reused]:
    """Return upload id → its reused answers, with at most one query, which reads only lists that are not cached."""
    keys = {f"reused:{upload.pk}:{upload.reused_count}": upload.pk for upload in uploads if upload.reused_count}
    cached = cache.get_many(keys) if keys else {}
    reused: defaultdict[int, Reused] = defaultdict(Reused, {keys[key]: value for key, value in cached.items()})
    if missing := {key: pk for key, pk in keys.items() if key not in cached}:
        reused |= read_reused(missing.values())
        cache.set_many({key: reused[pk] for key, pk in missing.items()}, CACHE_SECONDS)
    return reused


def read_reused(upload_ids: Collection[int]) -> dict[int, Reused]:
    """Return upload id → its reused answers, read from the database. Lists without any are left out."""
    items = Item.objects.filter(upload__in=upload_ids, outcome=Outcome.REUSED).order_by()
    rows = items.values_list("upload_id", "same_as__outcome").annotate(
        Count("pk"),
        Min("same_as__answered_at"),
        Max("same_as__answered_at"),
        stale=Count("pk", filter=is_stale("same_as__") & Q(emptied="")),
    )
    reused: dict[int, Reused] = {}
    for upload_id, outcome, people, first_at, last_at, stale in rows:
        so_far = reused.get(upload_id, Reused())
        name = "matched" if outcome == Outcome.MATCHED else "no_match"
        reused[upload_id] = replace(
            so_far,
            **{name: getattr(so_far, name) + people},
            first_at=min(filter(None, [so_far.first_at, first_at]), default=None),
            last_at=max(filter(None, [so_far.last_at, last_at]), default=None),
            stale=so_far.stale + stale,
        )
    return reused


def include_reused(counts: Counts, reused: Reused) -> Counts:
    """Return counts that include reused answers under their results. The credits are those of new answers only."""
    return replace(
        counts,
        total=counts.total + reused.total,
        matched=counts.matched + reused.matched,
        no_match=counts.no_match + reused.no_match,
    )
