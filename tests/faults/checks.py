"""Check what must be true after every run, compared with the vendor's records."""

import hashlib
import json
from collections import Counter, defaultdict

from django.conf import settings
from django.db.models import Count, Sum

from batches.models import Batch, EarlierAnswer, Event, Item
from batches.statuses import BATCH_OPEN, OUTCOME_ANSWERED, BatchKind, BatchStatus, Outcome, UploadStatus
from batches.vendor.protocol import encode_person
from tests.faults.acts.accounts import KEYS as ACCOUNT_KEYS
from tests.faults.acts.accounts import LIMIT_OF_EAST
from tests.faults.books import NOT_STORED, STORED, Books, LostSinceBackup, count_decisions, read_batch_token
from webhooks.models import UnmatchedDelivery


class Audit:
    """Compare the items of one run with the vendor's records. The letters (a) to (i) refer to docs/reliability.md.

    `faults` has a sentence for each fault. These attributes are numbers of people:

    - `lost`: an answer was delivered, but is not stored
    - `bought_twice`: bought again without a decision
    - `by_decision`: bought again because of a decision
    - `missing`: without an answer, because no delivery was accepted and the vendor delivers nothing again
    """

    def __init__(self, uploads, vendor, unmatched_after, are_single_replies_checked=True, since_backup=None):
        """Audit a run.

        `unmatched_after` is the id of the last unmatched delivery before the run. Replies of the single endpoint can
        be checked unless a worker was killed, which may lose them. `since_backup` is what a restored backup has lost.
        """
        self.uploads = uploads
        self.since_backup = since_backup or LostSinceBackup()
        self.items = list(Item.objects.filter(upload__in=uploads).select_related("upload", "batch").defer("cells"))
        self.batches = list(Batch.objects.filter(upload__in=uploads).select_related("account"))
        self.earlier = EarlierAnswer.objects.filter(item__in=self.items)
        self.unmatched = [delivery.text for delivery in UnmatchedDelivery.objects.filter(pk__gt=unmatched_after)]
        self.items_by_person = defaultdict(list)
        for item in self.items:
            self.items_by_person[hash_person(item)].append(item)
        self.books = Books.read(vendor)
        self.missing = sum(item.outcome == Outcome.MISSING for item in self.items)
        self.lost = self.count_lost(are_single_replies_checked)
        self.bought_twice, self.by_decision = self.count_bought_twice()
        self.bought_twice += self.count_bought_for_two_lists()
        self.faults = [*self.find_unfinished(), *self.find_wrong_counts(), *self.find_wrong_replies()]
        self.faults += self.find_wrong_accounts()
        if self.lost:
            self.faults.append(f"{self.lost} answers that were delivered are not stored")
        if self.bought_twice:
            self.faults.append(f"{self.bought_twice} people were bought twice without a decision")

    def find_unfinished(self):
        """Check (a) that every item has one final outcome, and (e) that nothing is stuck.

        Items of cancelled lists that were never sent may be pending.
        """
        final = {UploadStatus.COMPLETE, UploadStatus.CANCELLED}
        stuck = Counter(upload.status for upload in self.uploads if upload.status not in final)
        stuck += Counter(batch.status for batch in self.batches if batch.status in BATCH_OPEN)
        pending = sum(item.outcome == Outcome.PENDING and not is_cancelled(item) for item in self.items)
        faults = [f"{count} are still {status}" for status, count in stuck.items()]
        if pending:
            faults.append(f"{pending} items are pending")
        return faults

    def find_wrong_counts(self):
        """Check (d) that the counts of closed batches match their items."""
        counted = defaultdict(Counter)
        rows = Item.objects.filter(batch__in=self.batches).values_list("batch", "outcome").order_by()
        for batch_id, outcome, count in rows.annotate(count=Count("pk")):
            counted[batch_id][outcome] = count
        for batch in self.batches:
            if batch.status == BatchStatus.CLOSED:
                stored = {name: getattr(batch, name) for name in ("matched", "no_match", "error", "missing")}
                actual = {name: counted[batch.pk][name] for name in stored}
                size = batch.size - batch.moved
                if stored != actual or size != sum(stored.values()):
                    yield f"batch {batch} of {size} has the counts {stored}, but its items have {actual}"

    def find_wrong_replies(self):
        """Check (g) that the vendor gets a 503 or no response for a delivery that is not stored."""
        allowed = {STORED, *NOT_STORED}
        wrong = Counter(record["status"] for record in self.books.items if record["status"] not in allowed)
        return [f"{count} deliveries got the status {status}" for status, count in wrong.items()]

    def find_wrong_accounts(self):
        """Check (h) that a batch was sent over its account only, however often.

        If the database was restored or in doubt, it may not know of an earlier call.
        """
        batches = {batch.token: batch for batch in self.batches if not batch.doubted_at}
        numbers = {record["batchId"]: record["account"] for record in self.books.batches}
        wrong = set()
        for record in self.books.items if not self.since_backup.purchases else []:
            batch = batches.get(read_batch_token(record))
            if batch and find_number(batch.account) != numbers[record["batchId"]]:
                wrong.add(f"batch {batch} was sent over another account than its own")
        return sorted(wrong)

    def find_crowded(self):
        """Check (i) that no account has more people at once than it may. A batch that is larger must be alone.

        Call this only if nothing was lost on the way to the vendor or back.
        """
        for record in self.books.batches:
            account = list(ACCOUNT_KEYS)[record["account"] - 1] if record["account"] else None
            limit = LIMIT_OF_EAST if account == "East" else settings.ITEMS_IN_FLIGHT
            if record["awaitedBefore"] and record["awaitedBefore"] + record["received"] > limit:
                yield f"{record['received']} people were sent while {record['awaitedBefore']} of {limit} were in flight"

    def count_lost(self, are_single_replies_checked):
        """Check (b) that every answer delivered with status 200 is stored completely, with the right outcome and cost.

        A restored database cannot contain what was delivered between its backup and the restore.
        """
        items = {item.pk: item for item in self.items}
        delivered = [(items[int(record["key"])], record) for record in self.books.items if record["status"] == STORED]
        if are_single_replies_checked:
            delivered += [(self.find_single_item(record), record) for record in self.books.calls]
        earlier = {(answer.item_id, answer.request_id): answer for answer in self.earlier}
        lost = 0
        for item, record in delivered:
            request_id = record["requestId"]
            if request_id in self.since_backup.answers:
                continue
            is_stored = matches(item, record) or matches(earlier.get((item.pk, request_id)), record)
            if not is_stored and not self.is_kept_unmatched(item, record):
                lost += 1
        return lost

    def find_single_item(self, record):
        """Return the item that was sent in a call to the single endpoint.

        If several lists have the same person, prefer the item that has the answer to this call.
        """
        same_person = self.items_by_person[record["person"]]
        return next((item for item in same_person if item.request_id == record["requestId"]), same_person[0])

    def is_kept_unmatched(self, item, record):
        """Return whether an answer was kept unmatched for a good reason.

        Its item has another answer or was refused by the vendor, or its batch is newer than the restored backup.
        """
        cannot_be_filed = item.outcome in {*OUTCOME_ANSWERED, Outcome.INVALID}
        was_sent_after_backup = record["requestId"] in self.since_backup.purchases and "webhookUrl" in record
        if was_sent_after_backup and read_batch_token(record) not in {batch.token for batch in self.batches}:
            cannot_be_filed = True
        return cannot_be_filed and any(record["requestId"] in text for text in self.unmatched)

    def count_bought_twice(self):
        """Return (c) how many repeated purchases no decision covers, and how many a decision covers."""
        bought = self.count_purchases()
        decided = count_decisions(self.uploads, self.books) + self.since_backup.decisions
        undecided = sum(max(count - 1 - decided[pk], 0) for pk, count in bought.items())
        undecided = max(undecided - self.count_people_moved_by_resends(), 0)
        # A call to the single endpoint does not name a batch, so `count_decisions` cannot attribute these resends.
        single_resends = self.list_resends().filter(batch__kind=BatchKind.SINGLE).count()
        undecided = max(undecided - single_resends, 0)
        repeated = sum(count - 1 for count in bought.values())
        return undecided, repeated - undecided

    def count_people_moved_by_resends(self):
        """Count people who were not accepted when their batch was resent after a restore, and were then planned again.

        Their earlier purchase was in a batch that the restored database does not know.
        """
        resent = self.list_resends().values("batch")
        moved = Batch.objects.filter(pk__in=resent).aggregate(moved=Sum("moved", default=0))["moved"]
        return moved if self.since_backup.purchases else 0

    def count_purchases(self):
        """Count how often the vendor accepted each item."""
        bought = Counter(int(record["key"]) for record in self.books.items)
        bought.update(self.find_single_item(record).pk for record in self.books.calls)
        return bought

    def count_bought_for_two_lists(self):
        """Count (f) people in several lists who were bought again although an earlier purchase had an answer."""
        bought = self.count_purchases()
        lost_purchases = self.since_backup.purchases
        lost_keys = {int(record["key"]) for record in self.books.items if record["requestId"] in lost_purchases}
        bought_items = defaultdict(list)
        for item in self.items:
            if item.fingerprint and bought[item.pk]:
                bought_items[item.fingerprint].append(item)
        repeated = 0
        for same_person in bought_items.values():
            unanswered = sum(item.outcome not in {Outcome.MATCHED, Outcome.NO_MATCH} for item in same_person)
            decided = sum(item.retries + item.reruns + (item.pk in lost_keys) for item in same_person)
            repeated += max(len(same_person) - 1 - unanswered - decided, 0)
        return repeated

    def list_resends(self):
        return Event.objects.filter(upload__in=self.uploads, what=Event.RESEND_REQUESTED)


def hash_person(item):
    """Return the hash by which the sandbox identifies people sent to the single endpoint."""
    person = encode_person(vars(item), item.upload.match_requirements)
    return hashlib.sha256(json.dumps(person, sort_keys=True).encode()).hexdigest()


def find_number(account):
    """Return the number that the vendor has for an account. The default account has 0."""
    return 1 + list(ACCOUNT_KEYS).index(account.name) if account else 0


def is_cancelled(item):
    is_unsent = item.batch is None or item.batch.status == BatchStatus.CANCELLED
    return item.upload.status == UploadStatus.CANCELLED and is_unsent


def matches(answer, record):
    """Return whether an item or an earlier answer contains what the vendor delivered."""
    return (
        answer is not None
        and answer.request_id == record["requestId"]
        and record["requestId"] in answer.answer
        and answer.outcome == record["outcome"]
        and float(answer.credits) == record["credits"]
    )
