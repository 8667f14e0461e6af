"""What must be true after every run, compared with the vendor's own books. Each gives sentences; none is good."""

from collections import Counter, defaultdict

from django.db.models import Count

from batches.models import OPEN, Batch, BatchStatus, EarlierAnswer, Event, Item, Outcome, UploadStatus
from webhooks.models import Stray


class Audit:
    """One run's items and books. `lost` and `bought_twice` are counts, `faults` everything that is wrong.

    `missing` are those for whom no delivery was answered with 200, which the vendor does not repeat.
    """

    def __init__(self, uploads, vendor, stray_from):
        self.uploads = uploads
        self.items = list(Item.objects.filter(upload__in=uploads).defer("cells"))
        self.batches = list(Batch.objects.filter(upload__in=uploads))
        self.strays = [stray.text for stray in Stray.objects.filter(pk__gt=stray_from)]
        self.books, self.singles = vendor.books("items"), vendor.books("singles")
        self.missing = sum(item.outcome == Outcome.MISSING for item in self.items)
        self.lost = self.count_lost()
        self.bought_twice, self.by_decision = self.count_bought_twice()
        self.faults = [*self.find_unfinished(), *self.find_wrong_counts()]
        if self.lost:
            self.faults.append(f"{self.lost} answers that were delivered are not stored")
        if self.bought_twice:
            self.faults.append(f"{self.bought_twice} people were bought twice without a decision")

    def find_unfinished(self):
        """(a) every item has one terminal outcome, (e) nothing is stuck."""
        stuck = Counter(upload.status for upload in self.uploads if upload.status != UploadStatus.COMPLETE)
        stuck += Counter(batch.status for batch in self.batches if batch.status in OPEN)
        pending = sum(item.outcome == Outcome.PENDING for item in self.items)
        return [f"{count} are still {status}" for status, count in stuck.items()] + (
            [f"{pending} items are pending"] if pending else []
        )

    def find_wrong_counts(self):
        """(d) a closed batch's counts are those of its items."""
        counted = defaultdict(Counter)
        rows = Item.objects.filter(batch__in=self.batches).values_list("batch", "outcome").order_by()
        for batch_id, outcome, count in rows.annotate(count=Count("pk")):
            counted[batch_id][outcome] = count
        for batch in self.batches:
            if batch.status == BatchStatus.CLOSED:
                frozen = {name: getattr(batch, name) for name in ("matched", "no_match", "error", "missing")}
                found = {name: counted[batch.pk][name] for name in frozen}
                if frozen != found or batch.size - batch.moved != sum(frozen.values()):
                    yield f"batch {batch} says {frozen} of {batch.size - batch.moved}, and has {found}"

    def count_lost(self):
        """(b) every answer that was delivered with status 200 is in the database."""
        stored = {(item.pk, item.request_id) for item in self.items}
        stored |= set(EarlierAnswer.objects.filter(item__in=self.items).values_list("item", "request_id"))
        delivered = {(int(book["key"]), book["requestId"]) for book in self.books if book["status"] == 200}
        return sum(not any(request in stray for stray in self.strays) for _, request in delivered - stored)

    def count_bought_twice(self):
        """(c) who was taken more often than once, without and with a decision behind it.

        A decision is a person's or the policy's "send again" of that batch, a person's re-run of the batch that the
        item was in, or MISSING_RETRIES for an item that nothing came for.
        """
        numbers = {batch.token: batch.pk for batch in self.batches}
        again = Counter(self.events(Event.SENT_AGAIN).values_list("batch", flat=True))
        rerun = set(self.events("re-run").values_list("batch", flat=True))
        retried = {item.pk for item in self.items if item.retries}
        taken, without, decided = defaultdict(list), 0, 0
        for book in self.books:
            taken[int(book["key"])].append(numbers[book["webhookUrl"].rstrip("/").rsplit("/", 1)[1]])
        for key, batch_ids in taken.items():
            for number, batch_id in enumerate(batch_ids[1:], start=1):
                before = batch_ids[:number]
                is_decided = (
                    before.count(batch_id) <= again[batch_id]
                    if batch_id in before
                    else key in retried or bool(rerun & set(before))
                )
                decided += is_decided
                without += not is_decided
        more_singles = self.singles["calls"] - self.singles["people"]
        single_decisions = again.total() + self.events("re-run").count()
        return without + max(more_singles - single_decisions, 0), decided + min(more_singles, single_decisions)

    def events(self, what):
        return Event.objects.filter(upload__in=self.uploads, what=what)
