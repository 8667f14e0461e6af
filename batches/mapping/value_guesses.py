"""The guesses for a file's columns, and guesses from values alone. Pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from batches.mapping.column_names import ADDRESS_PARTS
from batches.mapping.column_values import Values
from batches.mapping.fields import FULL_NAME, MAPPABLE, NAME_PARTS, SPLIT, ask_for, find_lacking
from batches.people.owner_names import FIRST_LAST, guess_order

MIN_CONFIDENCE = 0.8
"""A guess at least this sure is not asked about."""
BY_VALUES = 0.6
"""How sure a guess from values alone is."""
NEAR = 3
"""Maximum number of columns between a part of an address that only its values show, and the rest of the address."""
NOT_PERSONAL = re.compile(
    r"sq|price|value|amount|amt|area|year|yr|date|tax|sale|score|id\b|apn|parcel|count|code|bed|bath|lot|acre|rate|equity"
    r"|salut|title|prefix|suffix|gender|sex|race|county|country|care|attn|attention|business|work|office|attorney|company|corporate|employer|spouse|relative|previous|prior|emergency|loan|status|lat|lon|assess|lender|agent|broker|phone|owner.?2|second",
    re.IGNORECASE,
)
"""Names of columns whose values are ignored, because they can look like ZIPs by chance."""
PARTIES = re.compile("party", re.IGNORECASE)
"""Names of columns that hold no address: a political party, or somebody's name, as in `Responsible Party`."""


@dataclass(frozen=True)
class Guess:
    columns: tuple[int, ...]
    """Positions, in the order in which the columns are joined."""
    confidence: float
    """0 to 1."""
    doubt: str = ""
    """Why the screen asks about it."""

    @property
    def is_sure(self) -> bool:
        return self.confidence >= MIN_CONFIDENCE


@dataclass
class Guesses:
    fields: dict[str, Guess] = field(default_factory=dict)
    name_order: str = FIRST_LAST

    @property
    def mapping(self) -> dict[str, list[int]]:
        """Field → positions of its columns."""
        found = {name: self.fields[name].columns for name in MAPPABLE if name in self.fields}
        return {name: list(columns) for name, columns in found.items() if columns}

    @property
    def doubts(self) -> dict[str, str]:
        """Field → why the screen asks about it."""
        doubts = {name: guess.doubt for name, guess in self.fields.items() if not guess.is_sure}
        return {name: ask_for(name, self.mapping) for name in find_lacking(self.mapping)} | doubts


def guess_by_values(
    guesses: Guesses,
    columns: Sequence[str],
    unnamed: Collection[int],
    values: Sequence[Values],
    lines: Collection[int] = (),
) -> None:
    """Guess fields without a named column, or with an empty one, from the values of unnamed columns.

    `lines` are lines of the owner's address, of which the first can hold a name. All such guesses are asked about.
    """
    personal = {position for position in unnamed if not NOT_PERSONAL.search(columns[position])}
    silent = {position for position in personal if not PARTIES.search(columns[position])}
    for kind in ("email", "phone", "full_address", "address", "state", "zip", "sure_place"):
        for position in sorted(silent):
            if (values[position].share(kind) or 0) >= 0.9 and is_plausible(kind, values[position]):
                guess_field(guesses, kind, position, values)
    guess_cities(guesses, silent, values)
    # A part of an address is not a name.
    guess_names(guesses, (personal | set(lines)) - find_used(guesses), values)


def find_used(guesses: Guesses) -> set[int]:
    return {position for guess in guesses.fields.values() for position in guess.columns}


def find_filled(guesses: Guesses, values: Sequence[Values]) -> set[str]:
    """Return the fields that a column with values holds. Others may be guessed again. Without rows, all are kept."""
    if not any(values):
        return set(guesses.fields)
    return {name for name, guess in guesses.fields.items() if any(len(values[each]) for each in guess.columns)}


def is_plausible(kind: str, values: Values) -> bool:
    """Return whether values are plausible. ZIPs of one list start alike, which prices of five digits do not.

    A state has no digits, which the number of a case has: `PR-2025-1`.
    """
    if kind == "state":
        return not any(map(str.isdigit, "".join(values.texts)))
    if kind != "zip":
        return True
    beginnings = {text[:3] for text in values.texts}
    return all(len(text) >= 5 for text in values.texts) and len(beginnings) <= max(3, len(values) / 3)


def guess_field(guesses: Guesses, kind: str, position: int, values: Sequence[Values]) -> None:
    """Add a guess for a field of the address before a column, if that address lacks it."""
    filled = find_filled(guesses, values)
    kind = kind.removeprefix("sure_")
    name = kind
    if kind in ADDRESS_PARTS:
        prefix = choose_prefix(guesses, kind, position, filled)
        if prefix is None:
            return
        name = prefix + kind
        if kind == "full_address" and f"{prefix}address" in filled:
            return
    if name not in filled and position not in find_used(guesses) and not covers(guesses, name):
        guesses.fields[name] = Guess((position,), BY_VALUES, "Guessed from its values.")


def choose_prefix(guesses: Guesses, kind: str, position: int, filled: Collection[str]) -> str | None:
    """Return the prefix of the nearest address before a column, or None. A second column of a kind is the mailing's."""
    before = [
        (max(guess.columns), "mail_" if name.startswith("mail_") else "")
        for name, guess in guesses.fields.items()
        if name.removeprefix("mail_") in ADDRESS_PARTS and max(guess.columns) < position
    ]
    if before and max(before)[0] < position - NEAR:
        return None
    prefix = max(before)[1] if before else ""
    return "mail_" if not prefix and kind in filled else prefix


def covers(guesses: Guesses, name: str) -> bool:
    """Return whether a field is already split out of another one."""
    return any(name in SPLIT[other] for other in guesses.fields if other in SPLIT)


def guess_cities(guesses: Guesses, silent: set[int], values: Sequence[Values]) -> None:
    """Guess that a column of words directly before a state column is its city."""
    for prefix in ("", "mail_"):
        state = guesses.fields.get(f"{prefix}state")
        if state and f"{prefix}city" not in guesses.fields and not covers(guesses, f"{prefix}city"):
            position = state.columns[0] - 1
            if position in silent - find_used(guesses) and (values[position].share("words") or 0) >= 0.9:
                guesses.fields[f"{prefix}city"] = Guess(
                    (position,), BY_VALUES, "Guessed because it stands before the state."
                )


def guess_names(guesses: Guesses, silent: Collection[int], values: Sequence[Values]) -> None:
    """Guess a column of common given names and the surname column next to it, or else a column of full names."""
    if {FULL_NAME, *NAME_PARTS} & find_filled(guesses, values):
        return
    doubt = "Guessed from its values."
    ranked = rank_names(guesses, silent, values)
    for position in ranked:
        texts = values[position].texts
        if (values[position].share("known_first_name") or 0) < 0.5 or any(map(str.isdigit, "".join(texts))):
            continue
        is_single = sum(" " not in text for text in texts) > len(texts) / 2
        beside = next((p for p in (position + 1, position - 1) if p in ranked and is_words(values[p])), None)
        if is_single and beside is not None:
            guesses.fields["first_name"] = Guess((position,), BY_VALUES, doubt)
            guesses.fields["last_name"] = Guess((beside,), BY_VALUES, doubt)
            return
    for position in ranked:
        texts = values[position].texts
        is_long = sum(" " in text for text in texts) > 0.8 * len(texts)
        if is_long and (values[position].share("words") or 0) >= 0.9 and guess_order(texts)[1] >= 0.7:
            guesses.fields[FULL_NAME] = Guess((position,), BY_VALUES, doubt)
            return


def rank_names(guesses: Guesses, silent: Collection[int], values: Sequence[Values]) -> list[int]:
    """Return the columns that can hold names: those with the most distinct values, then the nearest to the address.

    A single name beside several addresses is of somebody who works on the list.
    """
    places = {
        name: guess.columns for name, guess in guesses.fields.items() if name.removeprefix("mail_") in ADDRESS_PARTS
    }
    near = [each for name, columns in places.items() if name.startswith("mail_") for each in columns]
    near = near or [each for columns in places.values() for each in columns]
    counts = {position: len(set(values[position].texts)) for position in range(len(values))}
    is_varied = any(counts[each] > 1 for columns in places.values() for each in columns)
    return sorted(
        (position for position in silent if counts[position] > 1 or not is_varied),
        key=lambda position: (-counts[position], min((abs(position - each) for each in near), default=0), position),
    )


def is_words(values: Values) -> bool:
    return (values.share("words") or 0) >= 0.9 and (values.share("state") or 0) < 0.5
