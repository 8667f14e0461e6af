"""Hold the guesses for a file's columns, and guess from values alone. Pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from batches.mapping.column_names import ADDRESS_PARTS, OTHER_PEOPLE, split_tokens
from batches.mapping.column_values import Values
from batches.mapping.fields import FULL_NAME, MAPPABLE, NAME_PARTS, SPLIT, describe_missing, find_lacking_fields
from batches.people.name_parts import FIRST_LAST
from batches.people.owner_names import guess_order

MIN_CONFIDENCE = 0.8
"""A guess with at least this confidence is not asked about."""
VALUES_CONFIDENCE = 0.6
"""Confidence in a guess from values alone."""
MAX_DISTANCE = 3
"""Maximum distance, in columns, from an address to a part of it that is recognised only by its values."""
MIN_SHARE = 0.9
"""Minimum share of a column's values that must be of a kind."""
NOT_PERSONAL = re.compile(
    r"sq|price|value|amount|amt|area|year|yr|date|tax|sale|score|id\b|apn|parcel|count|code|bed|bath|lot|acre|rate|equity"
    r"|salut|title|prefix|suffix|gender|sex|race|county|country|care|attn|attention|business|work|office|attorney|company|corporate|employer|spouse|relative|previous|prior|emergency|loan|status|lat|lon|assess|lender|agent|broker|phone|owner.?2|second",
    re.IGNORECASE,
)
"""Names of columns whose values are ignored, because they only look like ZIPs or names by chance."""
PARTY = re.compile("party", re.IGNORECASE)
"""Names of columns that hold no address, but a political party or a name, as in `Responsible Party`."""


@dataclass(frozen=True)
class Guess:
    """The columns that probably hold a field."""

    columns: tuple[int, ...]
    """Positions, in the order in which the columns are joined."""
    confidence: float
    """How sure the guess is, from 0 to 1."""
    doubt: str = ""
    """Why the screen asks about the guess."""

    @property
    def is_sure(self) -> bool:
        return self.confidence >= MIN_CONFIDENCE


@dataclass
class Guesses:
    """The guesses for the columns of a file."""

    fields: dict[str, Guess] = field(default_factory=dict)
    name_order: str = FIRST_LAST

    @property
    def mapping(self) -> dict[str, list[int]]:
        """Field → positions of its columns."""
        guessed = {name: self.fields[name].columns for name in MAPPABLE if name in self.fields}
        return {name: list(columns) for name, columns in guessed.items() if columns}

    @property
    def doubts(self) -> dict[str, str]:
        """Field → why the screen asks about it."""
        missing = {name: describe_missing(name, self.mapping) for name in find_lacking_fields(self.mapping)}
        return missing | {name: guess.doubt for name, guess in self.fields.items() if not guess.is_sure}


def guess_by_values(
    guesses: Guesses,
    columns: Sequence[str],
    unnamed: Collection[int],
    values: Sequence[Values],
    lines: Collection[int] = (),
) -> None:
    """Guess fields that no named column holds, or only an empty one, from the values of unnamed columns.

    `lines` are the lines of the mailing address, of which the first can hold a name. All these guesses are asked about.
    """
    personal = {position for position in unnamed if not NOT_PERSONAL.search(columns[position])}
    unclaimed = {position for position in personal if not PARTY.search(columns[position])}
    unclaimed -= find_columns_of_others(guesses, columns, unclaimed)
    for kind in ("email", "phone", "full_address", "address", "state", "zip", "sure_place"):
        for position in sorted(unclaimed):
            if values[position].are_mostly(kind, MIN_SHARE) and is_plausible(kind, values[position], columns[position]):
                guess_field(guesses, kind, position, values)
    guess_cities(guesses, unclaimed, values)
    # Lines that are part of a guessed address are not names.
    guess_names(guesses, (personal | set(lines)) - find_used_columns(guesses), values)


def find_used_columns(guesses: Guesses) -> set[int]:
    return {position for guess in guesses.fields.values() for position in guess.columns}


def find_filled_fields(guesses: Guesses, values: Sequence[Values]) -> set[str]:
    """Return the guessed fields with values, or all of them if there are no rows. Others may be guessed again."""
    if not any(values):
        return set(guesses.fields)
    return {name for name, guess in guesses.fields.items() if any(len(values[each]) for each in guess.columns)}


def find_columns_of_others(guesses: Guesses, columns: Sequence[str], positions: Collection[int]) -> set[int]:
    """Return the columns about another person than the one with the guessed name: `Trustee Address`."""
    names = [guesses.fields[name].columns[0] for name in (FULL_NAME, *NAME_PARTS) if name in guesses.fields]
    named = {token for position in names for token in split_tokens(columns[position])}
    beginnings = {position: split_tokens(columns[position])[:1] for position in positions}
    return {position for position, [*token] in beginnings.items() if names and OTHER_PEOPLE.intersection(token) - named}


def is_plausible(kind: str, values: Values, column: str) -> bool:
    """Return whether values are plausible as a kind.

    The ZIPs of a list begin alike, but prices of five digits do not, unless the column's name says ZIP. A state has no
    digits, but a case number such as `PR-2025-1` has.
    """
    if kind == "state":
        return not any(map(str.isdigit, "".join(values.texts)))
    if kind != "zip":
        return True
    if "zip" in split_tokens(column):
        return True
    beginnings = {text[:3] for text in values.texts}
    return all(len(text) >= 5 for text in values.texts) and len(beginnings) <= max(3, len(values) / 3)


def guess_field(guesses: Guesses, kind: str, position: int, values: Sequence[Values]) -> None:
    """Add a guess that a column holds a field. Part of an address goes to the address before the column."""
    filled = find_filled_fields(guesses, values)
    kind = kind.removeprefix("sure_")
    name = kind
    if kind in ADDRESS_PARTS:
        prefix = choose_prefix(guesses, kind, position, filled)
        if prefix is None:
            return
        name = prefix + kind
        if kind == "full_address" and f"{prefix}address" in filled:
            return
    if name not in filled and position not in find_used_columns(guesses) and not is_split_from_another(guesses, name):
        guesses.fields[name] = Guess((position,), VALUES_CONFIDENCE, "Guessed from its values.")


def choose_prefix(guesses: Guesses, kind: str, position: int, filled: Collection[str]) -> str | None:
    """Return the prefix of the address that a column belongs to, or None if no address is near.

    It is the nearest address before the column. If that is the property and has the kind already, it is the mailing
    address.
    """
    before = [
        (max(guess.columns), "mail_" if name.startswith("mail_") else "")
        for name, guess in guesses.fields.items()
        if name.removeprefix("mail_") in ADDRESS_PARTS and max(guess.columns) < position
    ]
    nearest, prefix = max(before, default=(position, ""))
    if nearest < position - MAX_DISTANCE:
        return None
    return "mail_" if not prefix and kind in filled else prefix


def is_split_from_another(guesses: Guesses, name: str) -> bool:
    """Return whether a guessed field is split into this one."""
    return any(name in SPLIT[other] for other in guesses.fields if other in SPLIT)


def guess_cities(guesses: Guesses, unclaimed: set[int], values: Sequence[Values]) -> None:
    """Add guesses that a column of words directly before a state is the city."""
    for prefix in ("", "mail_"):
        state = guesses.fields.get(f"{prefix}state")
        if state and f"{prefix}city" not in guesses.fields and not is_split_from_another(guesses, f"{prefix}city"):
            position = state.columns[0] - 1
            if position in unclaimed - find_used_columns(guesses) and values[position].are_mostly("words", MIN_SHARE):
                guesses.fields[f"{prefix}city"] = Guess(
                    (position,), VALUES_CONFIDENCE, "Guessed because it stands before the state."
                )


def guess_names(guesses: Guesses, unclaimed: Collection[int], values: Sequence[Values]) -> None:
    """Add guesses for a column of given names and the surnames next to it, or else for a column of full names."""
    if {FULL_NAME, *NAME_PARTS} & find_filled_fields(guesses, values):
        return
    doubt = "Guessed from its values."
    ranked = rank_names(guesses, unclaimed, values)
    for position in ranked:
        texts = values[position].texts
        if not values[position].are_mostly("known_first_name", 0.5) or any(map(str.isdigit, "".join(texts))):
            continue
        is_single_name = sum(" " not in text for text in texts) > len(texts) / 2
        beside = (position + 1, position - 1)
        surnames = next((each for each in beside if each in ranked and can_be_surnames(values[each])), None)
        if is_single_name and surnames is not None:
            guesses.fields["first_name"] = Guess((position,), VALUES_CONFIDENCE, doubt)
            guesses.fields["last_name"] = Guess((surnames,), VALUES_CONFIDENCE, doubt)
            return
    for position in ranked:
        texts = values[position].texts
        has_several_words = sum(" " in text for text in texts) > 0.8 * len(texts)
        if not has_several_words or not values[position].are_mostly("words", MIN_SHARE):
            continue
        _, order_confidence = guess_order(texts)
        if order_confidence >= 0.7:
            guesses.fields[FULL_NAME] = Guess((position,), VALUES_CONFIDENCE, doubt)
            return


def rank_names(guesses: Guesses, unclaimed: Collection[int], values: Sequence[Values]) -> list[int]:
    """Return the columns that can hold names: those with the most distinct values, then the nearest to the address.

    Leave out columns with a single name beside several addresses: it is the name of somebody who works on the list.
    """
    addresses = {
        name: guess.columns for name, guess in guesses.fields.items() if name.removeprefix("mail_") in ADDRESS_PARTS
    }
    address_columns = [column for columns in addresses.values() for column in columns]
    mailing_columns = [column for name, columns in addresses.items() if name.startswith("mail_") for column in columns]
    counts = {position: len(set(values[position].texts)) for position in range(len(values))}
    has_several_addresses = any(counts[column] > 1 for column in address_columns)

    def rank(position: int) -> tuple[int, int, int]:
        distances = (abs(position - column) for column in mailing_columns or address_columns)
        return -counts[position], min(distances, default=0), position

    return sorted((each for each in unclaimed if counts[each] > 1 or not has_several_addresses), key=rank)


def can_be_surnames(values: Values) -> bool:
    return values.are_mostly("words", MIN_SHARE) and not values.are_mostly("state", 0.5)
