"""The vendor's records, and what a restored backup has lost of them."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from batches.models import Batch, Event, Item

STORED = 200
REFUSED = {0, 503}
"""Allowed statuses for a delivery that is not stored: 0 means no response."""


@dataclass(frozen=True)
class Books:
    """The vendor's records at one moment: `items` were sent in batches, `calls` over the single endpoint."""

    items: list
    calls: list

    @classmethod
    def read(cls, vendor):
        return cls(vendor.books("items"), vendor.books("calls"))

    def list_delivered(self):
        """Return the request ids of the answers that were delivered."""
        return {book["requestId"] for book in self.items if book["status"] == STORED} | self.list_called()

    def list_bought(self):
        """Return the request ids of everything that was bought."""
        return {book["requestId"] for book in self.items} | self.list_called()

    def list_called(self):
        return {call["requestId"] for call in self.calls}


@dataclass
class LostSinceBackup:
    """What happened between a backup and its restore, and is not in the database.

    `answers` and `purchases` are the request ids of what was delivered and bought. `decisions` is item → how many more
    purchases were decided.
    """

    answers: set = field(default_factory=set)
    purchases: set = field(default_factory=set)
    decisions: Counter = field(default_factory=Counter)

    @classmethod
    def since(cls, before, books, uploads):
        """Return what has happened since the records `before` the backup."""
        answers, purchases = (
            books.list_delivered() - before.list_delivered(),
            books.list_bought() - before.list_bought(),
        )
        return cls(answers, purchases, count_decisions(uploads, books))

    def remove_known_decisions(self, books, uploads):
        """Remove the decisions that the restored database knows."""
        self.decisions -= count_decisions(uploads, books)


def count_decisions(uploads, books):
    """Count the decided purchases beyond the first one for each item.

    Decisions are: to send a batch with the item again (by a user or the policy), to re-run the item (by a user), and
    MISSING_RETRIES for an item without an answer.
    """
    sent_again = Event.objects.filter(upload__in=uploads, what=Event.RESEND_REQUESTED).values_list("batch", flat=True)
    resends, batches_of = Counter(sent_again), defaultdict(set)
    tokens = dict(Batch.objects.filter(upload__in=uploads).values_list("token", "pk"))
    for book in books.items:
        # Batches newer than a restored backup are not in the database.
        batches_of[int(book["key"])].add(tokens.get(find_token(book)))
    items = Item.objects.filter(upload__in=uploads).values_list("pk", "retries", "reruns")
    return Counter(
        {pk: retries + reruns + sum(resends[batch] for batch in batches_of[pk]) for pk, retries, reruns in items}
    )


def find_token(book):
    """Return the token of the batch, from the address to which an answer was sent."""
    return book["webhookUrl"].rstrip("/").rsplit("/", 1)[1]
