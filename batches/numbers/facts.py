"""Load what is known about the numbers of a page."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from django.conf import settings

from batches.models import PhoneNumber, ScrubSource
from batches.numbers.found import read_digits
from batches.numbers.refresh import ERASED, read_sources
from batches.people.contacts import Phone
from batches.people.standing import CallFact, ListEntry, NumberFacts, Rules, ScrubHit

NO_FACTS = NumberFacts()
FACT_FIELDS = [
    "flag",
    "flag_at",
    "is_connected",
    "connected_at",
    "last_seen",
    "people_count",
    "listed",
    "listed_at",
    "listed_by",
    "listed_reason",
    "scrubs",
    "calls",
]


def read_rules() -> Rules:
    """Return the rules by which numbers are judged, from the settings."""
    return Rules(stale_days=settings.DNC_STALE_DAYS)


class FactsReader:
    """A reader of facts about numbers, a page at a time. It keeps the names of the scrub files."""

    def __init__(self, only_marked: bool = False) -> None:
        """If `only_marked`, read only the numbers about which more is known than what the vendor says."""
        self.only_marked = only_marked
        self.sources = {source.pk: source for source in ScrubSource.objects.in_force()}

    def read(self, phones: Iterable[Phone]) -> dict[str, NumberFacts]:
        """Return ten digits → what is known about the number. Make one query, or a few more for numbers without a row.

        Rows are missing for numbers whose answer has just arrived, or that were found before this table existed.
        """
        digits = {number for phone in phones if (number := read_digits(phone.digits))}
        rows = PhoneNumber.objects.filter(pk__in=digits)
        rows = rows.marked() if self.only_marked else rows
        known = {values.pop("digits"): values for values in rows.values("digits", *FACT_FIELDS)}
        if not self.only_marked and (missing := digits - known.keys()):
            known |= read_sources(missing)
        return {f"{number:010d}": self.make_facts(**values) for number, values in known.items()}

    def make_facts(
        self,
        listed: str = "",
        listed_at: date | None = None,
        listed_by: str = "",
        listed_reason: str = "",
        scrubs: str = "",
        calls: Collection[list[str]] = (),
        has_calls: bool = False,
        **facts: Any,
    ) -> NumberFacts:
        hits = [self.sources[pk] for pk in map(int, scrubs.split()) if pk in self.sources]
        return NumberFacts(
            **facts,
            # Pages and exports recognise numbers of erased people by their hashes, and say so themselves.
            listed=ListEntry(listed, listed_by, listed_at, listed_reason) if listed not in ("", ERASED) else None,
            scrubs=tuple(ScrubHit(source.kind, source.name, source.as_of) for source in hits),
            calls=tuple(CallFact(outcome, date.fromisoformat(at), by, person) for outcome, at, by, person in calls),
        )


def load_facts(phones: Iterable[Phone]) -> dict[str, NumberFacts]:
    """Return ten digits → what is known about the number."""
    return FactsReader().read(phones)
