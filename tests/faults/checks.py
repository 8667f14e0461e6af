"""Check what must be true after every run, compared with the vendor's records."""

import hashlib
import json
from collections import Counter, defaultdict

from django.db.models import Count, Sum

from batches.models import Batch, EarlierAnswer, Event, Item
from batches.statuses import BATCH_OPEN, OUTCOME_ANSWERED, BatchKind, BatchStatus, Outcome, UploadStatus
from batches.vendor.protocol import encode_person
from tests.faults.books import REFUSED, STORED, Books, LostSinceBackup, count_decisions, find_token
from webhooks.models import UnmatchedDelivery


class Audit:
    """Compare the items of one run with the vendor's records.

    `lost`, `bought_twice`, `by_decision` and `missing` are counts of people.

    `faults` has a sentence for each fault. `missing` are people for whom no delivery got a 200, because the vendor
    sends nothing twice. `are_replies_sure` means that no worker was killed, so that no reply of the single endpoint
    may be lost either. `since_backup` is what a restored backup has lost.
    """

    def __init__(self, uploads, vendor, unmatched_from, are_replies_sure=True, since_backup=None):
        self.uploads, self.since_backup = uploads, since_backup or LostSinceBackup()
        self.items = list(Item.objects.filter(upload__in=uploads).select_related("upload", "batch").defer("cells"))
        self.batches = list(Batch.objects.filter(upload__in=uploads))
        self.earlier = EarlierAnswer.objects.filter(item__in=self.items)
        self.unmatched = [delivery.text for delivery in UnmatchedDelivery.objects.filter(pk__gt=unmatched_from)]
        self.by_person = defaultdict(list)
        for item in self.items:
            self.by_person[fingerprint(item)].append(item)
        self.books = Books.read(vendor)
        self.missing = sum(item.outcome == Outcome.MISSING for item in self.items)
        self.lost = self.count_lost(are_replies_sure)
        self.bought_twice, self.by_decision = self.count_bought_twice()
        self.bought_twice += self.count_bought_for_two_lists()
        self.faults = [*self.find_unfinished(), *self.find_wrong_counts(), *self.find_wrong_replies()]
        if self.lost:
            self.faults.append(f"{self.lost} answers that were delivered are not stored")
        if self.bought_twice:
            self.faults.append(f"{self.bought_twice} people were bought twice without a decision")

    def find_unfinished(self):
        """Check (a) that every item has one terminal outcome, and (e) that nothing is stuck.

        Items that were never sent may be cancelled.
        """
        over = {UploadStatus.COMPLETE, UploadStatus.CANCELLED}
        stuck = Counter(upload.status for upload in self.uploads if upload.status not in over)
        stuck += Counter(batch.status for batch in self.batches if batch.status in BATCH_OPEN)
        pending = sum(item.outcome == Outcome.PENDING and not is_cancelled(item) for item in self.items)
        return [f"{count} are still {status}" for status, count in stuck.items()] + (
            [f"{pending} items are pending"] if pending else []
        )

    def find_wrong_counts(self):
        """Check (d) that the counts of a closed batch are those of its items."""
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

    def find_wrong_replies(self):
        """Check (g) that a delivery that is not stored gets a 503 or no response, if its key and address are right."""
        replies = Counter(book["status"] for book in self.books.items if book["status"] not in {STORED, *REFUSED})
        return [f"{count} deliveries were answered {status}" for status, count in replies.items()]

    def count_lost(self, are_replies_sure):
        """Check (b) that every answer delivered with status 200 is stored completely, with the right outcome and cost.

        A restored database cannot contain what was delivered after its backup and before the restore.
        """
        items = {item.pk: item for item in self.items}
        delivered = [(items[int(book["key"])], book) for book in self.books.items if book["status"] == STORED]
        if are_replies_sure:
            delivered += [(self.find_called_item(call), call) for call in self.books.calls]
        earlier = {(answer.item_id, answer.request_id): answer for answer in self.earlier}
        return sum(
            not (
                holds(item, book)
                or holds(earlier.get((item.pk, book["requestId"])), book)
                or self.is_kept_unmatched(item, book)
            )
            for item, book in delivered
            if book["requestId"] not in self.since_backup.answers
        )

    def find_called_item(self, call):
        """Find the item of a call to the single endpoint.

        If several lists have the same person, prefer the item with this answer.
        """
        alike = self.by_person[call["person"]]
        return next((item for item in alike if item.request_id == call["requestId"]), alike[0])

    def is_kept_unmatched(self, item, book):
        """Return whether an answer was kept unmatched for a good reason.

        Its item has another answer or was refused by the vendor, or its batch is newer than the restored backup.
        """
        has_other = item.outcome in {*OUTCOME_ANSWERED, Outcome.INVALID}
        is_forgotten = book["requestId"] in self.since_backup.purchases and "webhookUrl" in book
        is_unknown = is_forgotten and find_token(book) not in {batch.token for batch in self.batches}
        return (has_other or is_unknown) and any(book["requestId"] in text for text in self.unmatched)

    def count_bought_twice(self):
        """Return (c) how many repeated purchases no decision covers, and how many a decision does."""
        bought = self.count_purchases()
        decided = count_decisions(self.uploads, self.books) + self.since_backup.decisions
        without = sum(max(count - 1 - decided[pk], 0) for pk, count in bought.items())
        without = max(without - self.count_refused_resends(), 0)
        # If a single batch was planned again, its item is no longer known.
        without = max(without - self.events(Event.RESEND_REQUESTED).filter(batch__kind=BatchKind.SINGLE).count(), 0)
        return without, sum(count - 1 for count in bought.values()) - without

    def count_refused_resends(self):
        """Count people of batches that were sent again after a restore and not accepted: they are in other batches now.

        Their earlier purchase was in a batch that the restored database does not know.
        """
        resent = self.events(Event.RESEND_REQUESTED).values("batch")
        moved = Batch.objects.filter(pk__in=resent).aggregate(moved=Sum("moved", default=0))["moved"]
        return moved if self.since_backup.purchases else 0

    def count_purchases(self):
        """Count how often the vendor accepted each item."""
        bought = Counter(int(book["key"]) for book in self.books.items)
        bought.update(self.find_called_item(call).pk for call in self.books.calls)
        return bought

    def count_bought_for_two_lists(self):
        """Count (f) people in several lists who were bought again although an earlier purchase had an answer."""
        bought = self.count_purchases()
        forgotten = {int(book["key"]) for book in self.books.items if book["requestId"] in self.since_backup.purchases}
        lists = defaultdict(list)
        for item in self.items:
            if item.fingerprint and bought[item.pk]:
                lists[item.fingerprint].append(item)
        too_many = 0
        for alike in lists.values():
            unanswered = sum(item.outcome not in {Outcome.MATCHED, Outcome.NO_MATCH} for item in alike)
            decided = sum(item.retries + item.reruns + (item.pk in forgotten) for item in alike)
            too_many += max(len(alike) - 1 - unanswered - decided, 0)
        return too_many

    def events(self, what):
        return Event.objects.filter(upload__in=self.uploads, what=what)


def fingerprint(item):
    """Return the fingerprint by which the sandbox identifies people sent to the single endpoint."""
    person = encode_person(vars(item), item.upload.match_requirements)
    return hashlib.sha256(json.dumps(person, sort_keys=True).encode()).hexdigest()


def is_cancelled(item):
    is_unsent = item.batch is None or item.batch.status == BatchStatus.CANCELLED
    return item.upload.status == UploadStatus.CANCELLED and is_unsent


def holds(answer, book):
    """Return whether an item or an earlier answer holds what the vendor delivered."""
    return (
        answer is not None
        and answer.request_id == book["requestId"]
        and book["requestId"] in answer.answer
        and answer.outcome == book["outcome"]
        and float(answer.credits) == book["credits"]
    )
