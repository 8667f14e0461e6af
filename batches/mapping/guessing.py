"""Guess which column holds which field, and how sure that is. Pure.

A column's name (`column_names`) and its values (`column_values`) must agree. Property and mailing addresses are never
mixed: a column whose name does not say whose address it is belongs to the address before it.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from batches.mapping.column_names import (
    ADDRESS_PARTS,
    MAILING,
    MEANING_BY_WORD,
    OTHER,
    PLACE_PARTS,
    PLAIN,
    PROPERTY,
    RECIPIENT_WEIGHT,
    STREET_PARTS,
    Meaning,
    split_tokens,
)
from batches.mapping.column_values import MIN_VALUES, MOST, Values
from batches.mapping.fields import FULL_NAME, NAME_PARTS
from batches.mapping.name_blocks import begins_with_ordinal, read_names
from batches.mapping.parties import (
    BUSINESS_DOUBT,
    BUSINESSES,
    find_doubt,
    name_business_columns,
    name_representatives,
)
from batches.mapping.split_streets import find_parts
from batches.mapping.value_guesses import NOT_PERSONAL, VALUES_CONFIDENCE, Guess, Guesses, guess_by_values
from batches.people.cells import clean
from batches.people.owner_names import guess_order
from batches.people.states import find_state
from batches.people.whole_addresses import split_whole

NO_HOUSE_NUMBERS_DOUBT = "Its values have no house numbers."
ANOTHER_OWNER_DOUBT = "It names who receives the mail, and another column seems to name the owner."
TOWNSHIPS_DOUBT = "Its values are townships, and the post office may use another name for the city."
MAX_FLAG_LENGTH = 5
"""Maximum length of a value such as Y, No or FALSE."""
FITTING_SHARE = 0.7
"""A column with at least this share of fitting values is not asked about."""
POSSIBLE_SHARE = 0.3
"""Share of fitting values below which a column probably holds something else."""
STREET_WITHOUT_NUMBER_FACTOR = 0.75
"""Factor by which streets without house numbers count less than streets with them."""
MIN_ORDER_CONFIDENCE = 0.75
"""With at least this confidence, the order of a full name is not asked about."""
COUNTRY = re.compile(r"country(?:code|name)?", re.IGNORECASE)


@dataclass(frozen=True)
class Candidate:
    """A column that may hold a field."""

    position: int
    meaning: Meaning
    confidence: float
    doubt: str
    is_empty: bool = False
    """Whether the column has no values although there are rows."""
    is_second_line: bool = False
    """Whether the column is named as the second line of an address."""


@dataclass(frozen=True)
class UnreadColumns:
    """The columns whose names say nothing."""

    columns: Sequence[str]
    positions: Collection[int]
    values: Sequence[Values]
    """The values of all columns."""

    @property
    def not_personal(self) -> set[int]:
        """The columns whose names say that their values only look like house numbers or names by chance."""
        return {position for position in self.positions if NOT_PERSONAL.search(self.columns[position])}


def guess_mapping(columns: Sequence[str], rows: Sequence[Sequence[str]] = (), hidden: Collection[int] = ()) -> Guesses:
    """Guess which columns of a file hold which fields, from their names and the values in some rows.

    `hidden` are the positions of columns that the file hides. Nothing is guessed for them.
    """
    original_columns, columns = columns, name_business_columns(name_representatives(columns))
    values = [Values(row[position] for row in rows if position < len(row)) for position in range(len(columns))]
    meanings = read_names(columns, [len(set(each.texts)) for each in values])
    meanings = [None if position in hidden else meaning for position, meaning in enumerate(meanings)]
    meanings = separate_split_street(resolve_ambiguous(columns, meanings, values), values)
    meanings = assign_families(meanings, columns)
    candidates: list[Candidate] = []
    unread: set[int] = set()
    mailing_lines: set[int] = set()
    for position, meaning in enumerate(meanings):
        if meaning is None:
            if position not in hidden and not values[position].are_titles:
                unread.add(position)
            continue
        if meaning.family == MAILING and meaning.part in ("address", "line"):
            mailing_lines.add(position)
        candidate = make_candidate(position, meaning, values[position], bool(rows)) if meaning.part != OTHER else None
        if candidate:
            candidates.append(candidate)
    guesses = Guesses()
    for family, prefix in ((PROPERTY, ""), (MAILING, "mail_")):
        of_family = [candidate for candidate in candidates if candidate.meaning.family == family]
        guess_address(guesses, prefix, of_family, UnreadColumns(columns, unread, values))
    guess_person(guesses, candidates)
    guess_by_values(guesses, columns, unread, values, mailing_lines)
    choose_names(guesses, candidates, values, rows)
    doubt_recipient(guesses, candidates, UnreadColumns(columns, unread, values))
    doubt_parties(guesses, original_columns)
    doubt_business_columns(guesses, original_columns)
    return guesses


def find_countries(columns: Sequence[str]) -> dict[str, int]:
    """Return `country` or `mail_country` → position of its column, for each address of a file that has one.

    Countries are not mapped, because the vendor does not accept them, but they show which addresses are abroad.
    """
    # A country belongs to the same address as a state in its place would.
    names = [COUNTRY.sub("state", column) for column in columns]
    meanings = assign_families(read_names(names), names)
    found: dict[str, int] = {}
    for position, (column, meaning) in enumerate(zip(columns, meanings, strict=True)):
        if COUNTRY.search(column) and meaning and meaning.part == "state":
            found.setdefault("mail_country" if meaning.family == MAILING else "country", position)
    return found


# Whose address


def resolve_ambiguous(
    columns: Sequence[str], meanings: Sequence[Meaning | None], values: Sequence[Values]
) -> list[Meaning | None]:
    """Decide from the values of all columns what ambiguous names mean."""
    found = [confirm_street(meaning, each) for meaning, each in zip(meanings, values, strict=True)]
    parts = {(meaning.part, meaning.family) for meaning in found if meaning}
    first_parts = {meaning.part for meaning in found if meaning and meaning.number == 1}
    for position, meaning in enumerate(found):
        if meaning is None:
            continue
        tokens = split_tokens(columns[position])
        if meaning.part == "state" and means_street(meaning, tokens, parts, values[position]):
            found[position] = replace(meaning, part="street")
        elif meaning.part in NAME_PARTS and values[position].share_of_any("two_words") >= MOST:
            is_alone = NAME_PARTS.isdisjoint(first_parts - {meaning.part})
            if begins_with_ordinal(tokens) or is_alone:
                found[position] = replace(meaning, part=FULL_NAME, doubt="Its values are whole names.")
        elif is_rest_of_name(meaning, first_parts) and values[position].share_of_any("two_words") < MOST:
            # `Nombre` and `Apellidos`
            found[position] = replace(meaning, part="first_name")
    return found


def is_rest_of_name(meaning: Meaning, parts: Collection[str]) -> bool:
    """Return whether a column is only called a name, and only a last name has a column of its own."""
    return meaning.part == FULL_NAME and "last_name" in parts and "first_name" not in parts


def means_street(meaning: Meaning, tokens: Sequence[str], parts: Collection[tuple[str, str]], values: Values) -> bool:
    """Return whether `st` means street: its column holds no states, and the same address has a house number."""
    has_number = ("house_number", meaning.family) in parts and ("street", meaning.family) not in parts
    return (
        has_number
        and tokens[-1].endswith("st")
        and values.share("state") is not None
        and values.share_of_any("state") < POSSIBLE_SHARE
    )


def confirm_street(meaning: Meaning | None, values: Values) -> Meaning | None:
    """Confirm a street whose column is named only after its family, if its values are addresses and not flags."""
    if meaning and not meaning.is_certain and values.texts and max(map(len, values.texts)) <= MAX_FLAG_LENGTH:
        return None if meaning.part == "address" else meaning
    if meaning and not meaning.is_certain and meaning.part == "address" and values.are_mostly("address"):
        return replace(meaning, is_certain=True)
    return meaning


def assign_families(meanings: Sequence[Meaning | None], columns: Sequence[str]) -> list[Meaning | None]:
    """Return the meanings with each part of an address assigned to the property or the mailing address."""
    meanings = separate_blocks(list(meanings), columns)
    taken = {(each.family, each.part) for each in meanings if each and each.part in ADDRESS_PARTS and each.family}
    # A combined city and state counts as both.
    for family, part in list(taken):
        if part == "place":
            taken |= {(family, "city"), (family, "state")}
    current_family, assigned = None, []
    for meaning in meanings:
        if meaning and meaning.part in ADDRESS_PARTS:
            if meaning.part not in PLACE_PARTS:
                current_family = meaning.family
            elif not meaning.family and current_family and (current_family, meaning.part) not in taken:
                meaning = move_to_family(meaning, current_family)
                taken.add((current_family, meaning.part))
        assigned.append(meaning)
    family_of_plain = choose_family_of_plain(assigned)
    return [
        move_to_family(meaning, family_of_plain)
        if meaning and meaning.part in ADDRESS_PARTS and meaning.family == PLAIN
        else meaning
        for meaning in assigned
    ]


def separate_blocks(meanings: list[Meaning | None], columns: Sequence[str]) -> list[Meaning | None]:
    """If no name says mailing and there are two blocks of address columns, treat one of them as the mailing address.

    The columns of a block are adjacent, or have the same number: `City 2` is in the second.
    """
    if any(each and each.family == MAILING and each.part in ADDRESS_PARTS for each in meanings):
        return meanings
    plain = {
        position: each
        for position, each in enumerate(meanings)
        if each and each.part in ADDRESS_PARTS and not each.family
    }
    if any(each.part in ("city", "place") and each.number == 2 for each in plain.values()):
        return [
            replace(each, family=MAILING, number=1, part="address" if each.part == "line" else each.part)
            if each and position in plain and each.number == 2
            else each
            for position, each in enumerate(meanings)
        ]
    streets = [
        position for position, each in plain.items() if each.part in ("address", "full_address") and each.number == 1
    ]
    cities = [position for position, each in plain.items() if each.part in ("city", "place") and each.number == 1]
    if len(streets) < 2 or len(cities) < 2:
        return meanings
    if cities[0] > streets[1]:
        # Address, Address, City, City: the second of each belongs to the second address.
        seen: set[str] = set()
        second = {}
        for position, meaning in plain.items():
            if meaning.part in seen:
                second[position] = meaning
            seen.add(meaning.part)
    else:
        second = {position: each for position, each in plain.items() if position >= streets[1]}
    first = {position: each for position, each in plain.items() if position not in second}
    return [
        assign_block_family(position, each, first, second, columns) if each and position in plain else each
        for position, each in enumerate(meanings)
    ]


def separate_split_street(meanings: list[Meaning | None], values: Sequence[Values]) -> list[Meaning | None]:
    """If no name says whose an address is, and a split street differs from a whole one, that is the mailing address."""
    parts = {position: each for position, each in enumerate(meanings) if each and each.part in ADDRESS_PARTS}
    if any(each.family == MAILING for each in parts.values()):
        return meanings
    streets = [position for position, each in parts.items() if each.part in ("address", "street") and not each.family]
    lines = [position for position in streets if values[position].share_of_any("address") >= POSSIBLE_SHARE]
    numbers = [position for position, each in parts.items() if each.part == "house_number"]
    has_street = len(streets) > len(lines)
    if len(lines) != 1 or not numbers or not has_street or repeats_numbers(values[lines[0]], values[numbers[0]]):
        return meanings
    [line], number = lines, numbers[0]
    doubt = "There are two addresses, and no column says which is the owner's."
    found = list(meanings)
    for position, each in parts.items():
        is_beside_line = position < number if line < number else position >= line
        if is_beside_line and each.family == PLAIN and each.part not in STREET_PARTS:
            found[position] = replace(each, family=MAILING, doubt=doubt)
        else:
            found[position] = replace(each, family=PROPERTY, doubt=each.doubt or doubt)
    return found


def repeats_numbers(lines: Values, numbers: Values) -> bool:
    """Return whether nearly all whole addresses begin with the house numbers of another column."""
    known = set(numbers.texts)
    same = sum(text.split()[0] in known for text in lines.texts)
    return not lines.texts or not known or same >= 0.9 * len(lines)


def assign_block_family(
    position: int, meaning: Meaning, first: Mapping[int, Meaning], second: Mapping[int, Meaning], columns: Sequence[str]
) -> Meaning:
    """Assign a column in one of two blocks to a family, and ask about it unless both blocks use the same names.

    The second block is the mailing address, unless only the first has a state: a county's list often leaves out the
    state of the properties, which are all in the county.
    """
    words, second_words = find_words_by_part(first, columns), find_words_by_part(second, columns)
    if all(words[part] == second_words[part] for part in words.keys() & second_words.keys()):
        return replace(meaning, family=MAILING) if position in second else meaning
    mailing = first if has_state(first) and not has_state(second) else second
    doubt = "There are two addresses, and no column says which is the owner's."
    return replace(meaning, family=MAILING if position in mailing else PROPERTY, doubt=doubt)


def find_words_by_part(block: Mapping[int, Meaning], columns: Sequence[str]) -> dict[str, list[str]]:
    """Return the words in the name of a block's first column for each part of an address."""
    same_parts = {"full_address": "address", "place": "city"}
    words_by_part: dict[str, list[str]] = {}
    for position, meaning in block.items():
        words = [word for word in split_tokens(columns[position]) if word.isalpha()]
        words_by_part.setdefault(same_parts.get(meaning.part, meaning.part), words)
    return words_by_part


def has_state(block: Mapping[int, Meaning]) -> bool:
    return any(each.part in {"state", "place"} for each in block.values())


def choose_family_of_plain(meanings: Sequence[Meaning | None]) -> str:
    """Return the family of a plain address: the property, unless only the property has another address."""
    families = {each.family for each in meanings if each and each.part in ADDRESS_PARTS and each.is_certain}
    plain = {each.part for each in meanings if each and each.family == PLAIN}
    is_whole = plain & (ADDRESS_PARTS - PLACE_PARTS) and plain & {"city", "place", "zip", "line"}
    return MAILING if PROPERTY in families and MAILING not in families and is_whole else PROPERTY


def move_to_family(meaning: Meaning, family: str) -> Meaning:
    """Return a meaning with a family that its name does not say."""
    return replace(meaning, family=family, is_moved=True)


# Combining names and values


def make_candidate(position: int, meaning: Meaning, values: Values, have_rows: bool) -> Candidate | None:
    """Return the Candidate for a named column, or None if its values are of another kind."""
    found = make_candidate_from_values(position, meaning, values, have_rows)
    doubt = meaning.doubt
    if not doubt and meaning.part == "city" and values.share_of_any("township") >= MOST:
        doubt = TOWNSHIPS_DOUBT
    if found is None or not doubt:
        return found
    return replace(found, confidence=min(found.confidence, VALUES_CONFIDENCE), doubt=found.doubt or doubt)


def make_candidate_from_values(position: int, meaning: Meaning, values: Values, have_rows: bool) -> Candidate | None:
    """Return the Candidate for a column without the doubts of its name, or None if its values are of another kind."""
    is_second_line = meaning.part == "line" and meaning.number == 2
    meaning = recognise_part(meaning, values)
    share = values.share("second_line" if is_second_line and meaning.part == "unit" else meaning.part)
    if meaning.part == "address" and share is not None:
        # The house numbers may be in a separate column.
        share = max(share, STREET_WITHOUT_NUMBER_FACTOR * values.share_of_any("street"))
    if share is None:
        is_empty = have_rows and not values.texts
        if not meaning.is_certain and is_empty:
            return None
        if not meaning.is_certain:
            return Candidate(position, meaning, VALUES_CONFIDENCE, "The column's name could mean several things.")
        if len(values) > 1 and not values.share_of_any(meaning.part):
            doubt = "It has few values, and they look like something else."
            return Candidate(position, meaning, VALUES_CONFIDENCE, doubt)
        return Candidate(position, meaning, 0.9 if have_rows else 1.0, "", is_empty, is_second_line)
    if share < MOST and not meaning.is_certain:
        return None
    if share >= FITTING_SHARE:
        return Candidate(position, meaning, 1.0, "")
    # Ask instead of ignoring the column: bad values in the right column must be seen.
    confidence = VALUES_CONFIDENCE if share >= POSSIBLE_SHARE else 0.0
    return Candidate(position, meaning, confidence, "Many of its values look like something else.")


def recognise_part(meaning: Meaning, values: Values) -> Meaning:
    """Return the Meaning of a column that holds a part of an address. The values decide if its name is ambiguous."""
    part, number, weight = meaning.part, meaning.number, meaning.weight
    if part in {"address", "full_address", "line"} and values.are_mostly("full_address"):
        part, number = "full_address", 1
    elif part == "full_address" and values.are_mostly("address"):
        part = "address"
    elif part in {"city", "line"} and values.are_mostly("place"):
        part, number = "place", 1
    elif part == "line" and values.are_mostly("address"):
        part, number, weight = "address", 1, weight - 2
    elif part == "line" and values.are_mostly("zip"):
        part, number = "zip", 1
    elif part == "line" and number == 2:
        is_city = values.are_mostly("words") and not values.are_mostly("unit") and len(set(values.texts)) < len(values)
        part, number = ("city" if is_city else "unit"), 1
        return replace(meaning, part=part, number=number, is_certain=meaning.is_certain and len(values) < MIN_VALUES)
    elif part == "street" and values.are_mostly("state"):
        part = "state"
    elif part == "street_type" and values.are_mostly("predirection"):
        part = "postdirection"
    elif part in {"predirection", "postdirection"} and values.are_mostly("known_type"):
        part = "street_type"
    return replace(meaning, part=part, number=number, weight=weight)


def pick_best(candidates: Sequence[Candidate], part: str, values: Sequence[Values] = ()) -> Candidate | None:
    """Return the best candidate for a part, or None. Prefer filled columns to empty ones."""
    fitting = [each for each in candidates if each.meaning.part == part and each.meaning.number == 1]
    if part in ("phone", "email") and fitting and all(each.is_empty for each in fitting):
        # If the column of the first phone is empty, use the second phone of the same person.
        fitting += [
            each for each in candidates if each.meaning.part == part and not each.is_empty and not each.meaning.whose
        ]
    if part == "address" and values and any(values[each.position].are_mostly("address") for each in fitting):
        # Names and streets both consist of letters. The line with house numbers is the street.
        fitting = [
            each
            for each in fitting
            if (share := values[each.position].share("address")) is None or share >= POSSIBLE_SHARE
        ]
    filled = [each for each in fitting if not each.is_empty and each.confidence > 0]

    def rank(candidate: Candidate) -> tuple[float, bool, int, int]:
        return -candidate.confidence, candidate.meaning.is_moved, -candidate.meaning.weight, candidate.position

    return min(filled or fitting, key=rank, default=None)


def guess_address(guesses: Guesses, prefix: str, candidates: Sequence[Candidate], unread: UnreadColumns) -> None:
    """Add the guesses for the property or the mailing address: its street, or the whole of it, and its other parts."""
    values = unread.values
    best = {part: found for part in ADDRESS_PARTS if (found := pick_best(candidates, part, values))}
    line, whole = best.get("address"), best.get("full_address")
    has_few_values = line is not None and len(values[line.position]) < MIN_VALUES
    is_numbered = line and (has_few_values or values[line.position].share_of_any("address") >= POSSIBLE_SHARE)
    has_place = "place" in best or {"city", "state"} <= set(best)
    parts = find_street_parts(best, None if is_numbered else line, unread)
    can_join = {"house_number", "street"} <= parts.keys()
    if line and is_numbered and (has_place or not whole) and not (can_join and has_few_values):
        add_guess(guesses, f"{prefix}address", line)
    elif whole:
        add_guess(guesses, f"{prefix}full_address", whole)
    elif can_join or "street" in best:
        add_joined(guesses, prefix, parts, values)
    elif line:
        add_guess(guesses, f"{prefix}address", doubt_house_numbers(line, values[line.position]))
    conflicting = find_conflicting_parts(best, whole, values) if f"{prefix}full_address" in guesses.fields else set()
    for part in ("unit", "city", "state", "zip", "place"):
        if part in best and part not in conflicting and not is_line_of_another(best[part], line or whole):
            add_address_part(guesses, prefix, part, best[part])
    drop_redundant(guesses, prefix)


def find_street_parts(
    best: Mapping[str, Candidate], line: Candidate | None, unread: UnreadColumns
) -> dict[str, Candidate]:
    """Return the parts of a split street, in order. A column that is named `street` or `address` may be one of them.

    Columns beside them that are recognised only by their values are asked about.
    """
    parts = {part: best[part] for part in STREET_PARTS if part in best}
    if line:
        parts.setdefault("street", line)
    if not {"house_number", "street"} & parts.keys():
        return {}
    known = {part: candidate.position for part, candidate in parts.items()}
    for part, position in find_parts(known, unread.positions, unread.not_personal, unread.values).items():
        parts[part] = Candidate(position, Meaning(part, PLAIN), VALUES_CONFIDENCE, "Guessed from its values.")
    return {part: parts[part] for part in STREET_PARTS if part in parts}


def is_line_of_another(candidate: Candidate, street: Candidate | None) -> bool:
    """Return whether a second line is empty and does not follow the used street, but belongs to another one."""
    is_next = street is not None and candidate.position == street.position + 1
    return candidate.is_second_line and candidate.is_empty and not is_next


def add_joined(guesses: Guesses, prefix: str, parts: Mapping[str, Candidate], values: Sequence[Values]) -> None:
    """Add the guess for a street that is joined from its parts. Ask about a street without house numbers."""
    doubts = [part.doubt for part in parts.values() if part.doubt]
    confidence = min(part.confidence for part in parts.values())
    if "house_number" not in parts and values[parts["street"].position].share_of_any("address") < POSSIBLE_SHARE:
        doubts.append(NO_HOUSE_NUMBERS_DOUBT)
        confidence = min(confidence, VALUES_CONFIDENCE)
    positions = tuple(part.position for part in parts.values())
    guesses.fields[f"{prefix}address"] = Guess(positions, confidence, doubts[0] if doubts else "")


def doubt_house_numbers(line: Candidate, values: Values) -> Candidate:
    """Return the candidate for a street, with a doubt if its values have no house numbers."""
    share = values.share("address")
    if share is None or share >= POSSIBLE_SHARE:
        return line
    return Candidate(line.position, line.meaning, VALUES_CONFIDENCE, NO_HOUSE_NUMBERS_DOUBT)


def find_conflicting_parts(
    best: Mapping[str, Candidate], whole: Candidate | None, values: Sequence[Values]
) -> Collection[str]:
    """Return which of city, state and ZIP are beside a whole address, if one of them differs from what is in it."""
    wholes = values[whole.position].texts if whole else []
    parts = [part for part in ("city", "state", "zip") if part in best]
    if not wholes or all(is_part_of_wholes(part, values[best[part].position], wholes) for part in parts):
        return []
    return parts


def is_part_of_wholes(part: str, values: Values, wholes: Sequence[str]) -> bool:
    """Return whether nearly all values of a city, state or ZIP are among those in whole addresses."""
    index = ("street", "city", "state", "zip").index(part)
    inside = [split_whole(text)[index] for text in wholes]
    known = {normalise_part(part, text) for text in inside if text}
    same = [text for text in values.texts if normalise_part(part, text) in known]
    return bool(values.texts) and len(same) >= 0.9 * len(values)


def normalise_part(part: str, text: str) -> str:
    if part == "state":
        return find_state(text)
    return text[:5] if part == "zip" else text.casefold()


def add_address_part(guesses: Guesses, prefix: str, part: str, candidate: Candidate) -> None:
    """Add the guess for a part of an address. A unit is of no use without a street."""
    if part == "unit" and not {f"{prefix}address", f"{prefix}full_address"} & set(guesses.fields):
        return
    add_guess(guesses, prefix + part, candidate)


def drop_redundant(guesses: Guesses, prefix: str) -> None:
    """Remove the guess for a combined place if the city and the state are already in other columns."""
    place, whole = f"{prefix}place", f"{prefix}full_address"
    if {f"{prefix}city", f"{prefix}state"} <= set(guesses.fields):
        guesses.fields.pop(place, None)
    if whole in guesses.fields and place in guesses.fields:
        guesses.fields.pop(place)


def add_guess(guesses: Guesses, name: str, candidate: Candidate) -> None:
    guesses.fields[name] = Guess((candidate.position,), candidate.confidence, candidate.doubt)


def guess_person(guesses: Guesses, candidates: Sequence[Candidate]) -> None:
    """Add the guesses for the name, the phone and the email of the person to trace."""
    names = {part: found for part in (FULL_NAME, *NAME_PARTS) if (found := pick_best(candidates, part))}
    # A contact with a separate name is another person, such as a relative or an agent.
    is_contact_another_person = any(found.meaning.whose != "contact" for found in names.values()) and any(
        each.meaning.whose == "contact" and each.meaning.part in {FULL_NAME, *NAME_PARTS} for each in candidates
    )
    for part in (FULL_NAME, "first_name", "middle_name", "last_name", "phone", "email"):
        allowed = candidates
        if part in ("phone", "email") and is_contact_another_person:
            allowed = [candidate for candidate in candidates if candidate.meaning.whose != "contact"]
        if found := pick_best(allowed, part):
            add_guess(guesses, part, found)


def choose_names(
    guesses: Guesses, candidates: Sequence[Candidate], values: Sequence[Values], rows: Sequence[Sequence[str]]
) -> None:
    """Choose between a full name and its parts, and find the order of a full name.

    If there are parts, a column of full names or companies is used as well if some rows have no other name.
    """
    fields = guesses.fields
    company = pick_best(candidates, "company")
    if fields.keys() >= NAME_PARTS:
        full = fields.pop(FULL_NAME, None)
        parts = [fields[name].columns[0] for name in ("first_name", "last_name")]
        is_of_owners = any(each.meaning.whose == "owner" for each in candidates if each.position in parts) or any(
            each.meaning.family and not each.meaning.is_moved for each in candidates
        )
        if company and stands_alone(company.position, parts, rows, if_undecided=is_of_owners):
            add_guess(guesses, FULL_NAME, company)
        elif full and rows and stands_alone(full.columns[0], parts, rows, if_undecided=False):
            fields[FULL_NAME] = full
    elif FULL_NAME in fields:
        for part in (*NAME_PARTS, "middle_name"):
            fields.pop(part, None)
    elif company and not NAME_PARTS & fields.keys() and values[company.position].texts:
        fields[FULL_NAME] = Guess((company.position,), VALUES_CONFIDENCE, "It names only companies.")
    if full := fields.get(FULL_NAME):
        guesses.name_order, confidence = guess_order(values[full.columns[0]].texts)
        if 0 < confidence < MIN_ORDER_CONFIDENCE:
            doubt = "It is not clear whether first or last names come first."
            fields[FULL_NAME] = Guess(full.columns, min(full.confidence, VALUES_CONFIDENCE), doubt)


def doubt_recipient(guesses: Guesses, candidates: Sequence[Candidate], unread: UnreadColumns) -> None:
    """Ask about the name of who receives the mail if a column whose name was not read seems to name the owner."""
    full = guesses.fields.get(FULL_NAME)
    recipients = {each.position for each in candidates if each.meaning.part == FULL_NAME and is_recipient(each.meaning)}
    if not full or not recipients.issuperset(full.columns):
        return
    for position in unread.positions:
        names_owner = any(MEANING_BY_WORD.get(word) == "owner" for word in split_tokens(unread.columns[position]))
        if names_owner and unread.values[position].share_of_any("two_words") >= MOST:
            guesses.fields[FULL_NAME] = Guess(full.columns, VALUES_CONFIDENCE, ANOTHER_OWNER_DOUBT)


def is_recipient(meaning: Meaning) -> bool:
    """Return whether a full name is only that of whoever receives the mail."""
    return meaning.weight == RECIPIENT_WEIGHT and not meaning.whose


def doubt_parties(guesses: Guesses, columns: Sequence[str]) -> None:
    """Ask whom to trace if the file names people in different roles, such as both sides of court cases."""
    if doubt := find_doubt(columns):
        for name in guesses.fields.keys() & {FULL_NAME, *NAME_PARTS}:
            guesses.fields[name] = Guess(guesses.fields[name].columns, VALUES_CONFIDENCE, doubt)


def doubt_business_columns(guesses: Guesses, columns: Sequence[str]) -> None:
    """Ask about an address and a phone whose columns are named after a business."""
    for name, guess in guesses.fields.items():
        words = {word for position in guess.columns for word in split_tokens(columns[position])}
        if name in ADDRESS_PARTS | {"phone"} and words & BUSINESSES:
            guesses.fields[name] = Guess(guess.columns, VALUES_CONFIDENCE, BUSINESS_DOUBT)


def stands_alone(position: int, parts: Sequence[int], rows: Sequence[Sequence[str]], *, if_undecided: bool) -> bool:
    """Return whether a column names the owner in rows without a first and a last name.

    It does not if each of its names is beside a person's name, as an employer is. If it has no values, return
    `if_undecided`.
    """

    def has_value(row: Sequence[str], position: int) -> bool:
        return position < len(row) and bool(clean(row[position]))

    filled = [row for row in rows if has_value(row, position)]
    alone = [row for row in filled if not any(has_value(row, part) for part in parts)]
    return bool(alone) or (if_undecided and not filled)
