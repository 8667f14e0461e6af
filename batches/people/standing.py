"""Decide whether a phone may be called, by one rule for pages, files and the API. Pure.

The most careful reason counts: a number that must not be called is not called, however good the match is. No standing
says that a call is legal. It says what is known, and how old that is.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from msgspec.structs import asdict

from batches.people.contacts import LANDLINE, MOBILE, VOIP, Phone, rank_use
from batches.people.match_check import OTHER, PERHAPS

CALL, CHECK, DO_NOT_CALL = "call", "check", "do_not_call"
LABELS = {CALL: "Call", CHECK: "Check", DO_NOT_CALL: "Do not call"}
RANK = {value: rank for rank, value in enumerate(LABELS)}
"""Standing → its rank, the numbers to call first."""
TYPE_LABELS = {MOBILE: "Mobile", LANDLINE: "Landline", VOIP: "VoIP", "": "Type unknown"}

# Codes of reasons. Files, the API and the counts of what a file leaves out use them.
ERASED, PERSON_LISTED, LISTED, SCRUBBED, ASKED_NOT_TO = "erased", "person_listed", "listed", "scrubbed", "asked_not_to"
FLAGGED, WRONG_NUMBER, DISCONNECTED, SOMEONE_ELSE = "flagged", "wrong_number", "disconnected", "someone_else"
DECEASED, STALE, UNSURE_MATCH, SHARED, OLD, UNKNOWN_TYPE = "deceased", "stale", "unsure", "shared", "old", "type"
USEFUL = "useful"
CODE_LABELS = {WRONG_NUMBER: "Wrong number", DISCONNECTED: "Disconnected"}
"""Code of a first reason → the label of the chip, if it is not that of the standing."""
CODES_OF_DO_NOT_CALL = frozenset({ERASED, PERSON_LISTED, LISTED, SCRUBBED, ASKED_NOT_TO, FLAGGED})

RIGHT_PERSON, WRONG_PERSON, LINE_DEAD, NO_ANSWER = "right_person", "wrong_number", "disconnected", "no_answer"
ASKED_NO_CALLS, HAS_DIED = "do_not_call", "deceased"
"""Outcomes of calls, as they are stored."""

REGISTRY, STATE, LITIGATOR, REASSIGNED, INTERNAL = "registry", "state", "litigator", "reassigned", "internal"
SCRUB_SENTENCES = {
    REGISTRY: "On the national Do Not Call registry",
    STATE: "On a state Do Not Call list",
    LITIGATOR: "On a list of litigators",
    REASSIGNED: "Reassigned to somebody else",
    INTERNAL: "On a list of your own",
}
"""Kind of a scrub file → what its numbers are."""
MONTH_OF_DATE = re.compile(r"\d{4}-\d{2}")


@dataclass(frozen=True)
class ScrubHit:
    """A number's line in a scrub file."""

    kind: str
    source: str
    as_of: date


@dataclass(frozen=True)
class ListEntry:
    """A number's entry in the do-not-contact list."""

    kind: str
    """Why it was added: the kind of reason, or "phone" if that is not known."""
    by: str = ""
    at: date | None = None
    reason: str = ""


@dataclass(frozen=True)
class CallFact:
    """The latest call to a number with one outcome."""

    outcome: str
    at: date
    by: str = ""
    person: str = ""
    """The fingerprint of the person who was called."""


@dataclass(frozen=True)
class NumberFacts:
    """What is known about one number, whoever it belongs to."""

    flag: bool | None = None
    """Whether the vendor's latest answer says that it is on the Do Not Call list."""
    flag_at: date | None = None
    is_connected: bool | None = None
    connected_at: date | None = None
    last_seen: str = ""
    people_count: int = 0
    """How many different people it was found for."""
    listed: ListEntry | None = None
    scrubs: tuple[ScrubHit, ...] = ()
    calls: tuple[CallFact, ...] = ()


@dataclass(frozen=True)
class PersonFacts:
    """What is known about the person whose number is judged."""

    verdict: str = ""
    """The verdict of the match check."""
    deceased: bool | None = None
    answered_on: date | None = None
    """The day of the answer that the number comes from."""
    listed: str = ""
    """Why the person must not be contacted, as a sentence, if so."""
    fingerprint: str = ""
    decided_by: str = ""
    """The user who has decided about the match, if somebody has."""
    decided_on: date | None = None


@dataclass(frozen=True)
class Rules:
    """What makes a reason."""

    stale_days: int = 31
    """A Do Not Call flag that is older is stale."""
    shared_from: int = 3
    """A number that was found for so many people is shared."""


class Reason(NamedTuple):
    """One reason for a standing, as a sentence, and how old what it says is."""

    code: str
    sentence: str
    as_of: date | None = None


class Standing(NamedTuple):
    """Whether a number may be called, and why. The weightiest reason comes first."""

    value: str
    reasons: tuple[Reason, ...] = ()

    @property
    def code(self) -> str:
        return self.reasons[0].code if self.reasons else ""

    @property
    def label(self) -> str:
        return CODE_LABELS.get(self.code, LABELS[self.value])

    @property
    def chip(self) -> str:
        """The look of the chip."""
        return self.code if self.code in CODE_LABELS else self.value

    @property
    def reason(self) -> str:
        return self.reasons[0].sentence if self.reasons else ""

    @property
    def is_callable(self) -> bool:
        return self.value in (CALL, CHECK)

    def has(self, *codes: str) -> bool:
        """Return whether one of these reasons is among the standing's."""
        return any(reason.code in codes for reason in self.reasons)


class JudgedPhone(NamedTuple):
    """A phone with its standing."""

    phone: Phone
    standing: Standing
    facts: NumberFacts = NumberFacts()
    """What is known about the number, by the answer and otherwise."""
    entry: Any = None
    """The entry of the do-not-contact list that it is on."""

    @property
    def type_label(self) -> str:
        return TYPE_LABELS.get(self.phone.type, self.phone.type.capitalize())

    @property
    def last_seen(self) -> str:
        """The month in which the number was last seen with somebody, such as `Nov 2025`."""
        return format_month(self.facts.last_seen) or self.facts.last_seen

    @property
    def address(self) -> str:
        """The address with which a device calls the number; empty if it is not one of ten digits."""
        return f"tel:+1{self.phone.digits}" if len(self.phone.digits) == 10 else ""


class StandingPhone(Phone, frozen=True, array_like=True, gc=False):
    """A phone with its standing as text, for files."""

    standing: str = ""
    reason: str = ""
    """All reasons, as sentences."""
    flag_as_of: str = ""
    """The day of the vendor's latest Do Not Call flag."""
    codes: tuple[str, ...] = ()


def write_standing(phone: Phone, standing: Standing, number: NumberFacts) -> StandingPhone:
    """Return a phone with its standing, for files. `number` holds what is known, with what its answer says."""
    return StandingPhone(
        **asdict(phone),
        standing=standing.label,
        reason=" ".join(reason.sentence for reason in standing.reasons),
        flag_as_of=number.flag_at.isoformat() if number.flag_at else "",
        codes=tuple(reason.code for reason in standing.reasons),
    )


def judge_phone(phone: Phone, person: PersonFacts, number: NumberFacts, rules: Rules, today: date) -> JudgedPhone:
    """Return a number that was found for a person with its standing, and with what is known, this answer included."""
    known = add_answer(number, phone, person.answered_on)
    return JudgedPhone(phone, find_standing(phone, person, known, rules, today), known)


def find_standing(phone: Phone, person: PersonFacts, number: NumberFacts, rules: Rules, today: date) -> Standing:
    """Return the standing of a number with all reasons, from everything that is known."""
    if against := tuple(find_reasons_against(person, number)):
        return Standing(DO_NOT_CALL, against)
    if doubts := tuple(find_doubts(phone, person, number, rules, today)):
        return Standing(CHECK, doubts)
    return Standing(CALL, (describe_use(phone, person, number),))


def add_answer(number: NumberFacts, phone: Phone, answered_on: date | None) -> NumberFacts:
    """Return the facts of a number with those of one answer, of which the latest count.

    If two answers of one day disagree, the more careful one counts.
    """
    if counts(phone.do_not_call, answered_on, number.flag, number.flag_at, careful=True):
        number = replace(number, flag=phone.do_not_call, flag_at=answered_on)
    if counts(phone.is_connected, answered_on, number.is_connected, number.connected_at, careful=False):
        number = replace(number, is_connected=phone.is_connected, connected_at=answered_on)
    return replace(number, last_seen=phone.last_seen) if phone.last_seen > number.last_seen else number


def counts(value: bool | None, at: date | None, known: bool | None, known_at: date | None, careful: bool) -> bool:
    """Return whether a fact counts more than what is known already. A fact without a date is older than all others."""
    if value is None or known is None:
        return value is not None
    if at == known_at:
        return value is careful
    return known_at is None or (at is not None and at > known_at)


def find_reasons_against(person: PersonFacts, number: NumberFacts) -> Iterator[Reason]:
    """Yield the reasons not to call a number, the weightiest first."""
    calls = {call.outcome: call for call in number.calls}
    if person.listed:
        yield Reason(PERSON_LISTED, person.listed)
    if number.listed:
        yield Reason(LISTED, describe_list_entry(number.listed), number.listed.at)
    if call := calls.get(ASKED_NO_CALLS):
        yield Reason(ASKED_NOT_TO, f"Asked not to be called, on {format_day(call.at)}.", call.at)
    for hit in number.scrubs:
        what = SCRUB_SENTENCES.get(hit.kind, SCRUB_SENTENCES[INTERNAL])
        yield Reason(SCRUBBED, f"{what}: {hit.source}, as of {format_day(hit.as_of)}.", hit.as_of)
    if number.flag:
        yield Reason(FLAGGED, f"On the Do Not Call list, the vendor {said(number.flag_at)}.", number.flag_at)
    for call in number.calls:
        if call.outcome == WRONG_PERSON and call.person == person.fingerprint and not is_corrected(call, number):
            yield Reason(WRONG_NUMBER, f"Wrong number, a caller said on {format_day(call.at)}.", call.at)
    call = calls.get(LINE_DEAD)
    if call and not is_corrected(call, number) and (number.connected_at is None or call.at >= number.connected_at):
        yield Reason(DISCONNECTED, f"Disconnected, a caller said on {format_day(call.at)}.", call.at)
    elif number.is_connected is False:
        yield Reason(DISCONNECTED, f"Disconnected, the vendor {said(number.connected_at)}.", number.connected_at)


def is_corrected(call: CallFact, number: NumberFacts) -> bool:
    """Return whether the right person has answered since a call."""
    return any(
        later.outcome == RIGHT_PERSON and later.at > call.at and later.person == call.person for later in number.calls
    )


def find_doubts(phone: Phone, person: PersonFacts, number: NumberFacts, rules: Rules, today: date) -> Iterator[Reason]:
    """Yield what to check before a number is called, the weightiest first."""
    has_answered = find_right_person(person, number)
    died = next((c for c in number.calls if c.outcome == HAS_DIED and c.person == person.fingerprint), None)
    if person.deceased:
        sentence = "This person has died, the vendor says. Somebody else may answer."
        yield Reason(DECEASED, sentence, person.answered_on)
    elif died:
        yield Reason(DECEASED, f"This person has died, a caller said on {format_day(died.at)}.", died.at)
    if not has_answered:
        if person.verdict == OTHER and person.decided_by and person.decided_on:
            sentence = f"It belongs to someone else, {person.decided_by} said on {format_day(person.decided_on)}."
            yield Reason(SOMEONE_ELSE, sentence, person.decided_on)
        elif person.verdict == OTHER:
            yield Reason(SOMEONE_ELSE, "It belongs to someone with another name. Ask who answers.")
        elif person.verdict == PERHAPS:
            yield Reason(UNSURE_MATCH, "Perhaps not the person you asked for. Ask for them by name.")
        elif not person.verdict:
            yield Reason(UNSURE_MATCH, "There was no name to compare. Ask who answers.")
    if is_stale(number, rules, today):
        age = (today - number.flag_at).days if number.flag_at else 0
        yield Reason(STALE, f"The Do Not Call flag is {age} days old. Refresh before calling.", number.flag_at)
    if number.people_count >= rules.shared_from:
        yield Reason(SHARED, f"Shared with {number.people_count - 1} other people. Ask who answers.")
    if not phone.type:
        yield Reason(UNKNOWN_TYPE, "The vendor does not say whether it is a mobile or a landline.")
    # People take their mobile numbers along when they move, and the others rarely.
    if not has_answered and phone.type != MOBILE and is_older_than_a_year(number.last_seen, today):
        kind = {LANDLINE: "A landline", VOIP: "A VoIP number"}.get(phone.type, "A number")
        yield Reason(OLD, f"{kind} that was last seen more than a year ago. Ask who answers.")


def is_stale(number: NumberFacts, rules: Rules, today: date) -> bool:
    """Return whether the Do Not Call flag of a number is older than the rules allow."""
    return number.flag_at is not None and (today - number.flag_at).days > rules.stale_days


def find_right_person(person: PersonFacts, number: NumberFacts) -> CallFact | None:
    """Return the latest call that the person has answered."""
    answered = [call for call in number.calls if call.outcome == RIGHT_PERSON and call.person == person.fingerprint]
    return max(answered, key=lambda call: call.at, default=None)


def describe_use(phone: Phone, person: PersonFacts, number: NumberFacts) -> Reason:
    """Return why a number is worth a call, such as `Mobile, seen Nov 2025, answered Mar 3, 2026.`."""
    parts = [TYPE_LABELS.get(phone.type, phone.type.capitalize())]
    if month := format_month(number.last_seen):
        parts.append(f"seen {month}")
    if call := find_right_person(person, number):
        parts.append(f"answered {format_day(call.at)}")
    if number.flag is False and number.flag_at:
        parts.append(f"not on the Do Not Call list as of {format_day(number.flag_at)}")
    return Reason(USEFUL, f"{', '.join(parts)}.", number.flag_at)


def describe_list_entry(entry: ListEntry, subject: str = "") -> str:
    """Return who put something on the do-not-contact list, when and why, as a sentence about `subject`."""
    start = f"{subject} on" if subject else "On"
    since = f" since {format_day(entry.at)}" if entry.at else ""
    reason = f" {entry.reason}" if entry.reason else ""
    return f"{start} your do-not-contact list{since}, added by {entry.by or 'somebody'}.{reason}"


def said(at: date | None) -> str:
    return f"said on {format_day(at)}" if at else "says"


def format_day(day: date) -> str:
    """Return a date such as `Nov 25, 2025`."""
    return f"{day:%b} {day.day}, {day.year}"


def format_month(seen: str) -> str:
    """Return the month of a date as the vendor writes it, such as `Nov 2025`. Return "" if it is not a date."""
    found = MONTH_OF_DATE.match(seen)
    if not found or not 1 <= int(found.group()[5:]) <= 12:
        return ""
    return f"{date(int(found.group()[:4]) or 1, int(found.group()[5:]), 1):%b} {found.group()[:4]}"


def is_older_than_a_year(seen: str, today: date) -> bool:
    """Return whether a date as the vendor writes it (2021-12-10, or 2021-12) is more than a year ago."""
    return is_older_than(seen, 12, today)


def is_older_than(seen: str, months: int, today: date) -> bool:
    """Return whether a date as the vendor writes it is more than some months ago. No date is not."""
    found = MONTH_OF_DATE.match(seen)
    if not found:
        return False
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    limit = f"{year:04}-{month + 1:02}-{today.day:02}"
    text = seen[:10] if len(seen) >= 10 else found.group()
    return text < limit[: len(text)]


def sort_by_standing(phones: Iterable[JudgedPhone]) -> list[JudgedPhone]:
    """Sort phones by standing, and within one standing those first that the right person has answered.

    Otherwise, the most useful come first, by what is known from all lists, and not only from the person's own answer.
    """
    # Sort twice, because only the dates are in descending order. The second sort is stable.
    recent = sorted(phones, key=lambda judged: judged.facts.last_seen, reverse=True)
    return sorted(recent, key=rank_judged)


def rank_judged(judged: JudgedPhone) -> tuple[int, bool, bool, tuple[bool, bool, int, bool]]:
    facts = judged.facts
    outcomes = {call.outcome for call in facts.calls}
    usefulness = rank_use(judged.phone.type, facts.is_connected, facts.flag)
    return RANK[judged.standing.value], RIGHT_PERSON not in outcomes, NO_ANSWER in outcomes, usefulness
