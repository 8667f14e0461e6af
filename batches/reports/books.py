"""Compare what the vendor reports for batches with what we hold. Pure: no database."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Books:
    """What the vendor reports for one or more batches, and what we hold. All numbers are sums over batches.

    Lost answers are counted for each batch, so that a surplus in one batch does not hide a loss in another.
    """

    batches: int = 0
    open: int = 0
    """Open batches. Nothing in them counts as lost yet."""
    uncounted: int = 0
    """Other batches whose answers are still being counted."""
    completed: int = 0
    """Batches with a completion call."""
    without_totals: int = 0
    """Batches whose completion call has no totals."""
    not_completed: int = 0
    """Batches closed without a completion call."""
    unanswered_calls: int = 0
    """Calls for a single person that were closed without a reply. The vendor may have charged for them."""
    people: int = 0

    # The totals that the vendor reports.
    processed: int = 0
    matched: int = 0
    errors: int = 0

    received: int = 0
    """Answers that count."""
    received_matched: int = 0
    received_errors: int = 0
    second_answers: int = 0
    """Further answers for people who have one that counts."""
    second_matched: int = 0
    unmatched_answers: int = 0
    unmatched_matches: int = 0

    credits: Decimal = Decimal(0)
    second_credits: Decimal = Decimal(0)
    unmatched_credits: Decimal = Decimal(0)
    odd_credits: int = 0
    """Answers whose credits cannot be counted."""

    lost_answers: int = 0
    lost_matches: int = 0
    lacking: int = 0
    """Batches with lost answers or matches."""

    @property
    def held(self) -> int:
        """All answers that we received."""
        return self.received + self.second_answers + self.unmatched_answers

    @property
    def held_matched(self) -> int:
        return self.received_matched + self.second_matched + self.unmatched_matches

    @property
    def charged(self) -> Decimal:
        """All credits stated in answers that we received."""
        return self.credits + self.second_credits + self.unmatched_credits

    @property
    def remarks(self) -> list[str]:
        """The remarks about those fields that are not 0."""
        return [remark for name in REMARKS if (remark := format_remark(self, name))]


REMARKS = {
    "lost_answers": ("{} answer never received", "{} answers never received"),
    "lost_matches": ("{} match never received", "{} matches never received"),
    "without_totals": ("completion call without totals", "{} completion calls without totals"),
    "not_completed": ("no completion call", "{} without completion call"),
    "unanswered_calls": ("no reply, perhaps charged", "{} without reply, perhaps charged"),
    "odd_credits": ("{} answer with credits that cannot be counted", "{} answers with credits that cannot be counted"),
    "open": ("in progress", "{} in progress"),
    "uncounted": ("being counted", "{} being counted"),
}
"""Field of Books → its remark for one, and for several."""


def format_remark(books: Books, name: str) -> str:
    """Return the remark about one field, or "" if the field is 0."""
    count = getattr(books, name)
    if not count:
        return ""
    singular, plural = REMARKS[name]
    return (singular if count == 1 else plural).format(f"{count:,}")


def format_loss(books: Books) -> str:
    """Return sentences for a batch's page about what was never received, or "" if nothing is missing."""
    sentences = []
    if books.lost_answers:
        lost = "that answer" if books.processed == 1 else f"{books.lost_answers:,} of these answers"
        sentences.append(f"The vendor reports {books.processed:,} processed; we never received {lost}.")
    if books.lost_matches:
        held = "match" if books.held_matched == 1 else "matches"
        sentences.append(f"The vendor reports {books.matched:,} matched; we received {books.held_matched:,} {held}.")
    return " ".join(sentences)
