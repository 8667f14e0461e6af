"""What is guessed of a file's columns; and the guesses that rest on values alone. Pure."""

import re
from dataclasses import dataclass, field

from batches.mapping.column_names import ADDRESS_PARTS
from batches.mapping.fields import FULL_NAME, MAPPABLE, NAME_PARTS, SPLIT, find_lacking
from batches.people.owner_names import FIRST_LAST, guess_order

SURE = 0.8
"""From here on a guess is not asked about."""
BY_VALUES = 0.6
"""How sure a guess is that rests on values alone."""
NEAR = 3
"""Columns between a part of an address and the rest of it, at the most, where only its values tell what it is."""
NOT_A_PERSONS = re.compile(
    r"sq|price|value|amount|amt|area|year|yr|date|tax|sale|score|id\b|apn|parcel|count|code|bed|bath|lot|acre|rate|equity"
    r"|business|work|office|attorney|company|corporate|employer|spouse|relative|previous|prior|emergency|loan|status|lat|lon|assess|lender|agent|broker|phone|owner.?2|second",
    re.IGNORECASE,
)
"""Names of columns whose values are not looked at: they can look like ZIPs by chance."""


@dataclass(frozen=True)
class Guess:
    columns: tuple[int, ...]
    """Positions, in the order in which they are joined."""
    confidence: float
    """0 to 1."""
    doubt: str = ""
    """Why it is asked about."""

    @property
    def is_sure(self):
        return self.confidence >= SURE


@dataclass
class Guesses:
    fields: dict[str, Guess] = field(default_factory=dict)
    name_order: str = FIRST_LAST

    @property
    def mapping(self):
        """Field → positions of its columns."""
        found = {name: self.fields[name].columns for name in MAPPABLE if name in self.fields}
        return {name: list(columns) for name, columns in found.items() if columns}

    @property
    def doubts(self):
        """Field → why it is asked about."""
        doubts = {name: guess.doubt for name, guess in self.fields.items() if not guess.is_sure}
        return dict.fromkeys(find_lacking(self.mapping), "No column says it. Is it the same for all rows?") | doubts


def guess_by_values(guesses, columns, meanings, values):
    """For fields that no name tells: columns whose names say nothing, by what stands in them. All are asked about."""
    used = {position for guess in guesses.fields.values() for position in guess.columns}
    silent = [
        position
        for position, name in enumerate(columns)
        if meanings[position] is None and position not in used and not NOT_A_PERSONS.search(name)
    ]
    for kind in ("email", "phone", "full_address", "address", "state", "zip", "sure_place"):
        for position in silent:
            if (values[position].share(kind) or 0) >= 0.9 and is_plausible(kind, values[position]):
                put_by_values(guesses, kind, position)
    guess_cities(guesses, silent, values)
    guess_names(guesses, silent, values)


def is_plausible(kind, values):
    """Any number of five digits could be a ZIP; those of one list share their beginnings, as prices do not."""
    if kind != "zip":
        return True
    beginnings = {text[:3] for text in values.texts}
    return all(len(text) >= 5 for text in values.texts) and len(beginnings) <= max(3, len(values) / 3)


def put_by_values(guesses, kind, position):
    """As a field of the address that stands before it, if that lacks it."""
    taken = {column for guess in guesses.fields.values() for column in guess.columns}
    kind = kind.removeprefix("sure_")
    name = kind
    if kind in ADDRESS_PARTS:
        prefix = choose_prefix(guesses, kind, position)
        if prefix is None:
            return
        name = prefix + kind
        if kind == "full_address" and f"{prefix}address" in guesses.fields:
            return
    if name not in guesses.fields and position not in taken and not covers(guesses, name):
        guesses.fields[name] = Guess((position,), BY_VALUES, "Guessed by its values.")


def choose_prefix(guesses, kind, position):
    """Of the nearest address before a column, None where that is far; a second column of a kind is the mailing's."""
    before = [
        (max(guess.columns), "mail_" if name.startswith("mail_") else "")
        for name, guess in guesses.fields.items()
        if name.removeprefix("mail_") in ADDRESS_PARTS and max(guess.columns) < position
    ]
    if before and max(before)[0] < position - NEAR:
        return None
    prefix = max(before)[1] if before else ""
    return "mail_" if not prefix and kind in guesses.fields else prefix


def covers(guesses, name):
    """Whether a field is split out of another one already."""
    return any(name in SPLIT[other] for other in guesses.fields if other in SPLIT)


def guess_cities(guesses, silent, values):
    """Guess that a column of words right before a state's is its city."""
    for prefix in ("", "mail_"):
        state = guesses.fields.get(f"{prefix}state")
        if state and f"{prefix}city" not in guesses.fields:
            position = state.columns[0] - 1
            if position in silent and (values[position].share("words") or 0) >= 0.9:
                guesses.fields[f"{prefix}city"] = Guess(
                    (position,), BY_VALUES, "Guessed by its place before the state."
                )


def guess_names(guesses, silent, values):
    """Given names are known by the commonest; the surname stands beside them. Else a column of full names."""
    if {FULL_NAME, *NAME_PARTS} & set(guesses.fields):
        return
    doubt = "Guessed by its values."
    for position in silent:
        texts = values[position].texts
        if (values[position].share("known_first_name") or 0) < 0.5 or any(map(str.isdigit, "".join(texts))):
            continue
        is_single = sum(" " not in text for text in texts) > len(texts) / 2
        beside = next((p for p in (position + 1, position - 1) if p in silent and is_words(values[p])), None)
        if is_single and beside is not None:
            guesses.fields["first_name"] = Guess((position,), BY_VALUES, doubt)
            guesses.fields["last_name"] = Guess((beside,), BY_VALUES, doubt)
            return
    for position in silent:
        texts = values[position].texts
        is_long = sum(" " in text for text in texts) > 0.8 * len(texts)
        if is_long and (values[position].share("words") or 0) >= 0.9 and guess_order(texts)[1] >= 0.7:
            guesses.fields[FULL_NAME] = Guess((position,), BY_VALUES, doubt)
            return


def is_words(values):
    return (values.share("words") or 0) >= 0.9
