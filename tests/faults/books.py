"""The vendor's records, and what a restored backup has lost of them."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from batches.models import Batch, Event, Item
from batches.tracing.item_keys import find_item_id

STORED = 200
NOT_STORED = {0, 503}
"""Statuses that a delivery may have if it is not stored. 0 means no response."""
known_bases = {}
"""Token → key base, also of batches that a restored database has forgotten."""


@dataclass(frozen=True)
class Books:
    """The vendor's records at one moment."""

    items: list
    """A record for each person sent in a batch. Its `key` is the item's id, whatever key was sent."""
    calls: list
    """A record for each call to the single endpoint."""
    batches: list
    """A record for each batch."""

    @classmethod
    def read(cls, vendor):
        records = vendor.books("items")
        # After the vendor's records, so that none of them is of a batch that was planned later.
        known_bases.update(Batch.objects.values_list("token", "key_base"))
        return cls(
            [record | {"key": read_item_id(record)} for record in records],
            vendor.books("calls"),
            vendor.books("batches"),
        )

    def find_delivered_ids(self):
        """Return the request ids of the answers that were delivered."""
        return {record["requestId"] for record in self.items if record["status"] == STORED} | self.find_single_ids()

    def find_bought_ids(self):
        """Return the request ids of everything that was bought."""
        return {record["requestId"] for record in self.items} | self.find_single_ids()

    def find_single_ids(self):
        """Return the request ids of the calls to the single endpoint."""
        return {record["requestId"] for record in self.calls}


@dataclass
class LostSinceBackup:
    """What happened between a backup and its restore, and is therefore not in the restored database."""

    answers: set = field(default_factory=set)
    """The request ids of the answers that were delivered."""
    purchases: set = field(default_factory=set)
    """The request ids of the people who were bought."""
    decisions: Counter = field(default_factory=Counter)
    """The number of repeated purchases that were decided for each item."""

    @classmethod
    def compare(cls, at_backup, at_restore, uploads):
        """Return what the vendor's records at the restore have in addition to those at the backup.

        The database must not be restored yet. `decisions` also contains those from before the backup, until
        `remove_known_decisions` is called after the restore.
        """
        return cls(
            answers=at_restore.find_delivered_ids() - at_backup.find_delivered_ids(),
            purchases=at_restore.find_bought_ids() - at_backup.find_bought_ids(),
            decisions=count_decisions(uploads, at_restore),
        )

    def remove_known_decisions(self, books, uploads):
        """Remove the decisions that are still in the restored database."""
        self.decisions -= count_decisions(uploads, books)


def count_decisions(uploads, books):
    """Count for each item the decisions that allow another purchase after the first.

    A user or the policy resends a batch that contains the item, a user re-runs the item, or MISSING_RETRIES applies
    because the item has no answer.
    """
    resent = Event.objects.filter(upload__in=uploads, what=Event.RESEND_REQUESTED).values_list("batch", flat=True)
    resends_of_batch = Counter(resent)
    batch_of_token = dict(Batch.objects.filter(upload__in=uploads).values_list("token", "pk"))
    batches_of_item = defaultdict(set)
    for record in books.items:
        # Batches newer than a restored backup are not in the database.
        batches_of_item[int(record["key"])].add(batch_of_token.get(read_batch_token(record)))
    decisions = Counter()
    for pk, retries, reruns in Item.objects.filter(upload__in=uploads).values_list("pk", "retries", "reruns"):
        decisions[pk] = retries + reruns + sum(resends_of_batch[batch] for batch in batches_of_item[pk])
    return decisions


def read_item_id(record):
    """Return the id of the item that the record of a person is about, as a string."""
    return str(find_item_id(int(record["key"]), known_bases.get(read_batch_token(record), 0)))


def read_batch_token(record):
    """Return the token of a batch, which is part of the address that its answers are sent to."""
    return record["webhookUrl"].rstrip("/").rsplit("/", 1)[1]
