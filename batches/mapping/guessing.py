"""Guess which column holds which field, and how sure that is. Pure.

A column's name (`column_names`) and its values (`column_values`) must agree. Property and mailing addresses are
never mixed: a column that does not say whose it is belongs to the address before it.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from batches.mapping.column_names import (
    ADDRESS_PARTS,
    MAILING,
    OTHER,
    PLACE_PARTS,
    PLAIN,
    PROPERTY,
    STREET_PARTS,
    Meaning,
    split_tokens,
)
from batches.mapping.column_values import FEW, Values
from batches.mapping.fields import FULL_NAME, NAME_PARTS
from batches.mapping.name_blocks import begins_with_ordinal, read_names
from batches.mapping.split_streets import find_parts
from batches.mapping.value_guesses import BY_VALUES, NOT_PERSONAL, Guess, Guesses, guess_by_values
from batches.people.cells import clean
from batches.people.owner_names import guess_order
from batches.people.places import find_state, split_whole

PLAINTIFFS = {"plaintiff", "plaintiffs", "petitioner", "landlord", "creditor"}
DEFENDANTS = {"defendant", "defendants", "respondent", "tenant", "debtor"}
"""The sides of a court case, as columns name them."""
WITHOUT_NUMBERS = "Its values have no house numbers."
TOWNSHIPS = "Its values are townships, and the post may call the city otherwise."
MAX_FLAG_LENGTH = 5
"""Most characters of a value such as Y, No or FALSE."""
COUNTRY = re.compile(r"country(?:code|name)?", re.IGNORECASE)


@dataclass(frozen=True)
class Candidate:
    position: int
    meaning: Meaning
    confidence: float
    doubt: str
    is_empty: bool = False
    """Whether the column is empty although there are rows."""
    is_second_line: bool = False
    """Whether the column is named as the second line of an address."""


@dataclass(frozen=True)
class Unread:
    """The columns whose names say nothing."""

    columns: Sequence[str]
    positions: Collection[int]
    values: Sequence[Values]
    """The values of all columns."""

    @property
    def unnumbered(self) -> set[int]:
        """The columns whose values are ignored, because they can look like numbers and names by chance."""
        return {position for position in self.positions if NOT_PERSONAL.search(self.columns[position])}


def guess_mapping(columns: Sequence[str], rows: Sequence[Sequence[str]] = (), hidden: Collection[int] = ()) -> Guesses:
    """Return guesses for a file's columns, from their names and the values in some of its rows.

    `hidden` are the positions of columns that the file hides. They are left out.
    """
    shown = [position not in hidden for position in range(len(columns))]
    values = [Values(row[position] for row in rows if position < len(row)) for position in range(len(columns))]
    read = read_names(columns, [len(set(found.texts)) for found in values])
    named = [meaning if is_shown else None for meaning, is_shown in zip(read, shown, strict=True)]
    meanings = assign_families(confirm_all(columns, named, values), columns)
    candidates = [
        candidate
        for position, meaning in enumerate(meanings)
        if meaning and meaning.part != OTHER and (candidate := weigh(position, meaning, values[position], bool(rows)))
    ]
    guesses = Guesses()
    unread = {
        position
        for position, meaning in enumerate(meanings)
        if meaning is None and shown[position] and not values[position].are_titles
    }
    for family, prefix in ((PROPERTY, ""), (MAILING, "mail_")):
        of_family = [c for c in candidates if c.meaning.family == family]
        guess_address(guesses, prefix, of_family, Unread(columns, unread, values))
    guess_person(guesses, candidates)
    lines = {p for p, m in enumerate(meanings) if m and m.family == MAILING and m.part in ("address", "line")}
    guess_by_values(guesses, columns, unread, values, lines)
    choose_names(guesses, candidates, values, rows)
    doubt_parties(guesses, columns)
    return guesses


def find_countries(columns: Sequence[str]) -> dict[str, int]:
    """Return `country` or `mail_country` → position of the column, for the addresses of a file that have one.

    The column is not mapped, because the vendor does not accept it, but addresses abroad are left out because of it.
    """
    names = [COUNTRY.sub("state", column) if COUNTRY.search(column) else column for column in columns]
    meanings = assign_families(read_names(names), names)
    found: dict[str, int] = {}
    for position, (column, meaning) in enumerate(zip(columns, meanings, strict=True)):
        if COUNTRY.search(column) and meaning and meaning.part == "state":
            found.setdefault("mail_country" if meaning.family == MAILING else "country", position)
    return found


# Whose address


def confirm_all(
    columns: Sequence[str], meanings: Sequence[Meaning | None], values: Sequence[Values]
) -> list[Meaning | None]:
    """Decide from all values together what names can mean that mean several things."""
    found = [confirm(meaning, each) for meaning, each in zip(meanings, values, strict=True)]
    parts = {(m.part, m.family) for m in found if m}
    names = [m.part for m in found if m and m.number == 1]
    for position, meaning in enumerate(found):
        if meaning is None:
            continue
        tokens = split_tokens(columns[position])
        if meaning.part == "state" and is_street(meaning, tokens, parts, values[position]):
            found[position] = replace(meaning, part="street")
        elif meaning.part in NAME_PARTS and values[position].count("two_words") >= 0.6:
            is_alone = NAME_PARTS.isdisjoint(set(names) - {meaning.part})
            if begins_with_ordinal(tokens) or is_alone:
                found[position] = replace(meaning, part=FULL_NAME, doubt="Its values are whole names.")
    return found


def is_street(meaning: Meaning, tokens: Sequence[str], parts: Collection[tuple[str, str]], values: Values) -> bool:
    """Return whether `st` means the street: it holds no states, and the same address has a house number."""
    has_number = ("house_number", meaning.family) in parts and ("street", meaning.family) not in parts
    return (
        has_number and tokens[-1].endswith("st") and values.share("state") is not None and values.count("state") < 0.3
    )


def confirm(meaning: Meaning | None, values: Values) -> Meaning | None:
    """Confirm a street whose column is named only after its family, if its values are addresses and no flags."""
    if meaning and not meaning.is_certain and values.texts and max(map(len, values.texts)) <= MAX_FLAG_LENGTH:
        return None if meaning.part == "address" else meaning
    if meaning and not meaning.is_certain and meaning.part == "address" and (values.share("address") or 0) >= 0.6:
        return replace(meaning, is_certain=True)
    return meaning


def assign_families(meanings: Sequence[Meaning | None], columns: Sequence[str]) -> list[Meaning | None]:
    """Return the meanings, with each part of an address assigned to the property or the mailing address."""
    meanings = separate_blocks(list(meanings), columns)
    explicit = {(m.family, m.part) for m in meanings if m and m.part in ADDRESS_PARTS and m.family}
    # A combined city and state counts as both.
    explicit |= {(family, part) for family, place in explicit if place == "place" for part in ("city", "state")}
    current, resolved, taken = None, [], set(explicit)
    for meaning in meanings:
        if meaning and meaning.part in ADDRESS_PARTS:
            if meaning.part not in PLACE_PARTS:
                current = meaning.family
            elif not meaning.family and current and (current, meaning.part) not in taken:
                meaning = move(meaning, current)
                taken.add((current, meaning.part))
        resolved.append(meaning)
    rest = choose_for_plain(resolved)
    return [move(m, rest) if m and m.part in ADDRESS_PARTS and m.family == PLAIN else m for m in resolved]


def separate_blocks(meanings: list[Meaning | None], columns: Sequence[str]) -> list[Meaning | None]:
    """Treat one of two blocks as the mailing address, if no column is named mailing.

    The columns of a block are adjacent, or numbered: `City`, `City 2`.
    """
    if any(m and m.family == MAILING and m.part in ADDRESS_PARTS for m in meanings):
        return meanings
    plain = {place: m for place, m in enumerate(meanings) if m and m.part in ADDRESS_PARTS and not m.family}
    if any(m.part in ("city", "place") and m.number == 2 for m in plain.values()):
        return [
            replace(m, family=MAILING, number=1, part="address" if m.part == "line" else m.part)
            if m and place in plain and m.number == 2
            else m
            for place, m in enumerate(meanings)
        ]
    streets = [place for place, m in plain.items() if m.part in ("address", "full_address") and m.number == 1]
    cities = [place for place, m in plain.items() if m.part in ("city", "place") and m.number == 1]
    if len(streets) < 2 or len(cities) < 2:
        return meanings
    if cities[0] > streets[1]:
        # Address, Address, City, City: the second of each is of the second address.
        parts = [m.part for m in plain.values()]
        second = {place: m for at, (place, m) in enumerate(plain.items()) if m.part in parts[:at]}
    else:
        second = {place: m for place, m in plain.items() if place >= streets[1]}
    first = {place: m for place, m in plain.items() if place not in second}
    return [
        separate(place, m, first, second, columns) if m and place in plain else m for place, m in enumerate(meanings)
    ]


def separate(
    place: int, meaning: Meaning, first: Mapping[int, Meaning], second: Mapping[int, Meaning], columns: Sequence[str]
) -> Meaning:
    """Assign a column in one of two blocks to a family. Only blocks with equal names are not asked about.

    The second block is the mailing address, unless only the first has a state: a county's list says no state of its
    own addresses.
    """
    one, two = name_parts(first, columns), name_parts(second, columns)
    if all(one[part] == two[part] for part in one.keys() & two.keys()):
        return replace(meaning, family=MAILING) if place in second else meaning
    mailing = first if has_state(first) and not has_state(second) else second
    doubt = "There are two addresses, and no column says which is the owner's."
    return replace(meaning, family=MAILING if place in mailing else PROPERTY, doubt=doubt)


def name_parts(block: Mapping[int, Meaning], columns: Sequence[str]) -> dict[str, list[str]]:
    """Return the words that a block of columns uses for each part of an address."""
    return {
        {"full_address": "address", "place": "city"}.get(m.part, m.part): [
            word for word in split_tokens(columns[place]) if word.isalpha()
        ]
        for place, m in reversed(list(block.items()))
    }


def has_state(block: Mapping[int, Meaning]) -> bool:
    return any(m.part in {"state", "place"} for m in block.values())


def choose_for_plain(meanings: Sequence[Meaning | None]) -> str:
    """Choose the family of a plain address: the property's, unless that has another address and the owner has none."""
    families = {m.family for m in meanings if m and m.part in ADDRESS_PARTS and m.is_certain}
    plain = {m.part for m in meanings if m and m.family == PLAIN}
    is_whole = plain & (ADDRESS_PARTS - PLACE_PARTS) and plain & {"city", "place", "zip", "line"}
    return MAILING if PROPERTY in families and MAILING not in families and is_whole else PROPERTY


def move(meaning: Meaning, family: str) -> Meaning:
    return replace(meaning, family=family, is_moved=True)


# Combining names and values


def weigh(position: int, meaning: Meaning, values: Values, have_rows: bool) -> Candidate | None:
    """Return the Candidate for a column, or None if its values are of another kind."""
    found = weigh_values(position, meaning, values, have_rows)
    doubt = meaning.doubt or (TOWNSHIPS if meaning.part == "city" and values.count("township") >= 0.6 else "")
    if found is None or not doubt:
        return found
    return replace(found, confidence=min(found.confidence, BY_VALUES), doubt=found.doubt or doubt)


def weigh_values(position: int, meaning: Meaning, values: Values, have_rows: bool) -> Candidate | None:
    """Return the Candidate for a column by its values, or None if these are of another kind."""
    is_second_line = meaning.part == "line" and meaning.number == 2
    meaning = recognise(meaning, values)
    share = values.share(meaning.part)
    if meaning.part == "address":
        # Without house numbers, which may be in a separate column.
        share = max_share(share, values.share("street"), 0.75)
    if share is None:
        is_empty = have_rows and not values.texts
        if not meaning.is_certain and is_empty:
            return None
        if not meaning.is_certain:
            return Candidate(position, meaning, BY_VALUES, "The column's name could mean several things.")
        if len(values) > 1 and not values.count(meaning.part):
            return Candidate(position, meaning, BY_VALUES, "It has few values, and they look like something else.")
        return Candidate(position, meaning, 0.9 if have_rows else 1.0, "", is_empty, is_second_line)
    if share < 0.6 and not meaning.is_certain:
        return None
    if share >= 0.7:
        return Candidate(position, meaning, 1.0, "")
    # Ask instead of ignoring the column: bad values in the right column must be seen.
    return Candidate(
        position, meaning, BY_VALUES if share >= 0.3 else 0.0, "Many of its values look like something else."
    )


def recognise(meaning: Meaning, values: Values) -> Meaning:
    """Decide from the values what a part of an address is, if its name can mean several things."""
    part, number, weight = meaning.part, meaning.number, meaning.weight

    def is_mostly(kind: str) -> bool:
        return (values.share(kind) or 0) >= 0.6

    if part in {"address", "full_address", "line"} and is_mostly("full_address"):
        part, number = "full_address", 1
    elif part == "full_address" and is_mostly("address"):
        part = "address"
    elif part in {"city", "line"} and is_mostly("place"):
        part, number = "place", 1
    elif part == "line" and is_mostly("address"):
        part, number, weight = "address", 1, weight - 2
    elif part == "line" and is_mostly("zip"):
        part, number = "zip", 1
    elif part == "line" and number == 2:
        is_city = is_mostly("words") and not is_mostly("unit") and len(set(values.texts)) < len(values)
        part, number = ("city" if is_city else "unit"), 1
        return replace(meaning, part=part, number=number, is_certain=meaning.is_certain and len(values) < FEW)
    elif part == "street" and is_mostly("state"):
        part = "state"
    elif part == "street_type" and is_mostly("predirection"):
        part = "postdirection"
    elif part in {"predirection", "postdirection"} and is_mostly("known_type"):
        part = "street_type"
    return replace(meaning, part=part, number=number, weight=weight)


def max_share(share: float | None, other: float | None, factor: float) -> float | None:
    return share if share is None or other is None else max(share, other * factor)


def pick(candidates: Sequence[Candidate], part: str, values: Sequence[Values] = ()) -> Candidate | None:
    """Return the best candidate for a part, or None. Filled columns are preferred to empty ones."""
    fitting = [c for c in candidates if c.meaning.part == part and c.meaning.number == 1]
    if part in ("phone", "email") and fitting and all(c.is_empty for c in fitting):
        # The second phone of the same person, if the first column is empty.
        fitting += [c for c in candidates if c.meaning.part == part and not c.is_empty and not c.meaning.whose]
    if part == "address" and values and any((values[c.position].share("address") or 0) >= 0.6 for c in fitting):
        # Both names and streets have letters; the line with house numbers is the street.
        fitting = [c for c in fitting if (share := values[c.position].share("address")) is None or share >= 0.3]
    filled = [c for c in fitting if not c.is_empty and c.confidence > 0]

    def rank(candidate: Candidate) -> tuple[float, bool, int, int]:
        return -candidate.confidence, candidate.meaning.is_moved, -candidate.meaning.weight, candidate.position

    return min(filled or fitting, key=rank, default=None)


def guess_address(guesses: Guesses, prefix: str, candidates: Sequence[Candidate], unread: Unread) -> None:
    values = unread.values
    best = {part: found for part in ADDRESS_PARTS if (found := pick(candidates, part, values))}
    line, whole = best.get("address"), best.get("full_address")
    is_numbered = line and (len(values[line.position]) < FEW or values[line.position].count("address") >= 0.3)
    has_place = "place" in best or {"city", "state"} <= set(best)
    parts = find_street_parts(best, None if is_numbered else line, unread)
    can_join = {"house_number", "street"} <= parts.keys()
    if line and is_numbered and (has_place or not whole) and not (can_join and len(values[line.position]) < FEW):
        add_guess(guesses, f"{prefix}address", line)
    elif whole:
        add_guess(guesses, f"{prefix}full_address", whole)
    elif can_join or "street" in best:
        add_joined(guesses, prefix, parts, values)
    elif line:
        add_guess(guesses, f"{prefix}address", doubt_numbers(line, values[line.position]))
    elsewhere = find_elsewhere(best, whole, values) if f"{prefix}full_address" in guesses.fields else set()
    for part in ("unit", "city", "state", "zip", "place"):
        if part in best and part not in elsewhere and not is_line_of_another(best[part], line or whole):
            add_place(guesses, prefix, part, best[part])
    drop_redundant(guesses, prefix)


def find_street_parts(best: Mapping[str, Candidate], line: Candidate | None, unread: Unread) -> dict[str, Candidate]:
    """Return the parts of a split street, in order. A column named `street` or `address` may be one of them.

    Columns beside them that only their values show are asked about.
    """
    parts = {part: best[part] for part in STREET_PARTS if part in best}
    if line:
        parts.setdefault("street", line)
    if not {"house_number", "street"} & parts.keys():
        return {}
    known = {part: candidate.position for part, candidate in parts.items()}
    for part, position in find_parts(known, unread.positions, unread.unnumbered, unread.values).items():
        parts[part] = Candidate(position, Meaning(part, PLAIN), BY_VALUES, "Guessed from its values.")
    return {part: parts[part] for part in STREET_PARTS if part in parts}


def is_line_of_another(candidate: Candidate, street: Candidate | None) -> bool:
    """Return whether an empty second line does not follow the street that is used: it belongs to another first line."""
    is_next = street is not None and candidate.position == street.position + 1
    return candidate.is_second_line and candidate.is_empty and not is_next


def add_joined(guesses: Guesses, prefix: str, parts: Mapping[str, Candidate], values: Sequence[Values]) -> None:
    """Join an address from its parts. Without a house number, it is asked about."""
    doubts = [part.doubt for part in parts.values() if part.doubt]
    confidence = min(part.confidence for part in parts.values())
    if "house_number" not in parts and values[parts["street"].position].count("address") < 0.3:
        doubts, confidence = [*doubts, WITHOUT_NUMBERS], min(confidence, BY_VALUES)
    positions = tuple(part.position for part in parts.values())
    guesses.fields[f"{prefix}address"] = Guess(positions, confidence, doubts[0] if doubts else "")


def doubt_numbers(line: Candidate, values: Values) -> Candidate:
    """Ask about an address whose values have no house numbers."""
    share = values.share("address")
    if share is None or share >= 0.3:
        return line
    return Candidate(line.position, line.meaning, BY_VALUES, WITHOUT_NUMBERS)


def find_elsewhere(best: Mapping[str, Candidate], whole: Candidate | None, values: Sequence[Values]) -> Collection[str]:
    """Return the city, state and ZIP beside a whole address if one of them is not the one in it."""
    wholes = values[whole.position].texts if whole else []
    parts = [part for part in ("city", "state", "zip") if part in best]
    return parts if wholes and not all(agrees(part, values[best[part].position], wholes) for part in parts) else []


def agrees(part: str, values: Values, wholes: Sequence[str]) -> bool:
    inside = [dict(zip(("city", "state", "zip"), split_whole(text)[1:], strict=True))[part] for text in wholes]
    known = {simplify(part, text) for text in inside if text}
    same = [text for text in values.texts if simplify(part, text) in known]
    return bool(values.texts) and len(same) >= 0.9 * len(values)


def simplify(part: str, text: str) -> str:
    if part == "state":
        return find_state(text)
    return text[:5] if part == "zip" else text.casefold()


def add_place(guesses: Guesses, prefix: str, part: str, candidate: Candidate) -> None:
    if part == "unit" and not {f"{prefix}address", f"{prefix}full_address"} & set(guesses.fields):
        return
    add_guess(guesses, prefix + part, candidate)


def drop_redundant(guesses: Guesses, prefix: str) -> None:
    """Remove the guess of a combined column if city, state and ZIP have their own columns."""
    place, whole = f"{prefix}place", f"{prefix}full_address"
    if {f"{prefix}city", f"{prefix}state"} <= set(guesses.fields):
        guesses.fields.pop(place, None)
    if whole in guesses.fields and place in guesses.fields:
        guesses.fields.pop(place)


def add_guess(guesses: Guesses, name: str, candidate: Candidate) -> None:
    guesses.fields[name] = Guess((candidate.position,), candidate.confidence, candidate.doubt)


def guess_person(guesses: Guesses, candidates: Sequence[Candidate]) -> None:
    names = {part: found for part in (FULL_NAME, *NAME_PARTS) if (found := pick(candidates, part))}
    is_contact_other = any(found.meaning.whose != "contact" for found in names.values()) and any(
        c.meaning.whose == "contact" and c.meaning.part in {FULL_NAME, *NAME_PARTS} for c in candidates
    )
    for part in (FULL_NAME, "first_name", "middle_name", "last_name", "phone", "email"):
        of_part = candidates
        if part in ("phone", "email") and is_contact_other:
            # A contact with a separate name is another person: a relative, an agent.
            of_part = [c for c in candidates if c.meaning.whose != "contact"]
        if found := pick(of_part, part):
            add_guess(guesses, part, found)


def choose_names(
    guesses: Guesses, candidates: Sequence[Candidate], values: Sequence[Values], rows: Sequence[Sequence[str]]
) -> None:
    """Choose between a full name and its parts. The values decide the order of a full name.

    A column with full names or companies is used in addition to the parts if some rows have nothing else.
    """
    fields = guesses.fields
    company = pick(candidates, "company")
    if fields.keys() >= NAME_PARTS:
        full = fields.pop(FULL_NAME, None)
        parts = [fields[name].columns[0] for name in ("first_name", "last_name")]
        is_of_owners = any(c.meaning.whose == "owner" for c in candidates if c.position in parts) or any(
            c.meaning.family and not c.meaning.is_moved for c in candidates
        )
        if company and stands_alone(company.position, parts, rows, is_of_owners):
            add_guess(guesses, FULL_NAME, company)
        elif full and rows and stands_alone(full.columns[0], parts, rows, False):
            fields[FULL_NAME] = full
    elif FULL_NAME in fields:
        for part in (*NAME_PARTS, "middle_name"):
            fields.pop(part, None)
    elif company and not NAME_PARTS & fields.keys() and values[company.position].texts:
        doubt = "It names only companies."
        fields[FULL_NAME] = Guess((company.position,), BY_VALUES, doubt)
    if full := fields.get(FULL_NAME):
        guesses.name_order, confidence = guess_order(values[full.columns[0]].texts)
        if 0 < confidence < 0.75:
            doubt = "It is not clear whether first or last names come first."
            fields[FULL_NAME] = Guess(full.columns, min(full.confidence, BY_VALUES), doubt)


def doubt_parties(guesses: Guesses, columns: Sequence[str]) -> None:
    """Ask who is to be traced if the file names both sides of court cases.

    In a list of foreclosures the owner is the defendant, in one of evictions the plaintiff. No column says which it is.
    """
    words = [set(split_tokens(column)) for column in columns]
    if any(PLAINTIFFS & each for each in words) and any(DEFENDANTS & each for each in words):
        for name in guesses.fields.keys() & {FULL_NAME, *NAME_PARTS}:
            doubt = "The file names both sides of a case. Choose the side to trace."
            guesses.fields[name] = Guess(guesses.fields[name].columns, BY_VALUES, doubt)


def stands_alone(position: int, parts: Sequence[int], rows: Sequence[Sequence[str]], is_likely: bool) -> bool:
    """Return whether a column names the owner in rows without first and last name.

    If no row decides, return `is_likely`. Return False if names of people are next to it, as with an employer.
    """

    def is_filled(row: Sequence[str], place: int) -> bool:
        return place < len(row) and bool(clean(row[place]))

    filled = [row for row in rows if is_filled(row, position)]
    alone = [row for row in filled if not any(is_filled(row, place) for place in parts)]
    return bool(alone) or (is_likely and not filled)
