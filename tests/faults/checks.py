"""What must be true after every run, compared with the vendor's own books."""

import hashlib
import json
from collections import Counter, defaultdict

from django.db.models import Count

from batches.models import Batch, EarlierAnswer, Event, Item
from batches.statuses import ANSWERED, OPEN, BatchKind, BatchStatus, Outcome, UploadStatus
from batches.vendor.protocol import encode_person
from webhooks.models import Stray


class Audit:
    """One run's items and books. `lost`, `bought_twice`, `by_decision` and `missing` are counts of people.

    `faults` are sentences, one for everything that is wrong. `missing` are those for whom no delivery was answered with
    200, which the vendor does not repeat. `are_replies_sure`: no worker was killed, so that no reply of the single
    endpoint may be lost either.
    """

    def __init__(self, uploads, vendor, stray_from, are_replies_sure=True):
        self.uploads = uploads
        self.items = list(Item.objects.filter(upload__in=uploads).select_related("upload", "batch").defer("cells"))
        self.batches = list(Batch.objects.filter(upload__in=uploads))
        self.earlier = EarlierAnswer.objects.filter(item__in=self.items)
        self.strays = [stray.text for stray in Stray.objects.filter(pk__gt=stray_from)]
        self.by_person = {fingerprint(item): item for item in self.items}
        self.books, self.calls = vendor.books("items"), vendor.books("calls")
        self.missing = sum(item.outcome == Outcome.MISSING for item in self.items)
        self.lost = self.count_lost(are_replies_sure)
        self.bought_twice, self.by_decision = self.count_bought_twice()
        self.faults = [*self.find_unfinished(), *self.find_wrong_counts()]
        if self.lost:
            self.faults.append(f"{self.lost} answers that were delivered are not stored")
        if self.bought_twice:
            self.faults.append(f"{self.bought_twice} people were bought twice without a decision")

    def find_unfinished(self):
        """(a) every item has one terminal outcome, (e) nothing is stuck. What was never sent may be cancelled."""
        over = {UploadStatus.COMPLETE, UploadStatus.CANCELLED}
        stuck = Counter(upload.status for upload in self.uploads if upload.status not in over)
        stuck += Counter(batch.status for batch in self.batches if batch.status in OPEN)
        pending = sum(item.outcome == Outcome.PENDING and not is_cancelled(item) for item in self.items)
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

    def count_lost(self, are_replies_sure):
        """(b) every answer that was delivered with status 200 is in the database, whole and as what it is."""
        numbers = {item.pk: item for item in self.items}
        delivered = [(numbers[int(book["key"])], book) for book in self.books if book["status"] == 200]
        if are_replies_sure:
            delivered += [(self.by_person[call["person"]], call) for call in self.calls]
        earlier = {(answer.item_id, answer.request_id): answer for answer in self.earlier}
        return sum(
            not (
                holds(item, book) or holds(earlier.get((item.pk, book["requestId"])), book) or self.strayed(item, book)
            )
            for item, book in delivered
        )

    def strayed(self, item, book):
        """Whether an answer was kept as a stray because its item has another one, or was refused by the vendor."""
        has_other = item.outcome in {*ANSWERED, Outcome.INVALID}
        return has_other and any(book["requestId"] in stray for stray in self.strays)

    def count_bought_twice(self):
        """(c) how many purchases no decision covers, and how many beyond the first one does.

        Decisions are a person's or the policy's "send again" of a batch that the item was taken in, a person's re-run
        of the item, and MISSING_RETRIES for an item that nothing came for.
        """
        again = Counter(self.events(Event.SENT_AGAIN).values_list("batch", flat=True))
        tokens = {batch.token: batch.pk for batch in self.batches}
        bought, taken_in = Counter(), defaultdict(set)
        for book in self.books:
            bought[int(book["key"])] += 1
            taken_in[int(book["key"])].add(tokens[book["webhookUrl"].rstrip("/").rsplit("/", 1)[1]])
        bought.update(self.by_person[call["person"]].pk for call in self.calls)
        without = 0
        for item in self.items:
            allowed = 1 + item.retries + item.reruns + sum(again[batch_id] for batch_id in taken_in[item.pk])
            without += max(bought[item.pk] - allowed, 0)
        # Which item a single batch was for is not known any more once that was planned again.
        without = max(without - self.events(Event.SENT_AGAIN).filter(batch__kind=BatchKind.SINGLE).count(), 0)
        return without, sum(count - 1 for count in bought.values()) - without

    def events(self, what):
        return Event.objects.filter(upload__in=self.uploads, what=what)


def fingerprint(item):
    """What the sandbox knows somebody by who was asked for alone."""
    person = encode_person(vars(item), item.upload.match)
    return hashlib.sha256(json.dumps(person, sort_keys=True).encode()).hexdigest()


def is_cancelled(item):
    is_unsent = item.batch is None or item.batch.status == BatchStatus.CANCELLED
    return item.upload.status == UploadStatus.CANCELLED and is_unsent


def holds(answer, book):
    """Whether an item, or an earlier answer of it, holds what the vendor delivered."""
    return (
        answer is not None
        and answer.request_id == book["requestId"]
        and book["requestId"] in answer.answer
        and answer.outcome == book["outcome"]
        and float(answer.credits) == book["credits"]
    )
