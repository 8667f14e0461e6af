"""Columns → what they say of a person: which column is which field, and how sure that is. Pure.

A column's name (batches/columns.py) and its values (batches/values.py) must agree. Property and mailing addresses are
never mixed: what does not say whose it is belongs to the address that it stands behind.
"""

import re
from dataclasses import dataclass, field, replace

from batches.columns import ADDRESS_PARTS, MAILING, PLACE_PARTS, PLAIN, PROPERTY, STREET_PARTS, Meaning, read_name
from batches.names import FIRST_LAST, guess_order
from batches.values import FEW, Values
from batches.vendor.protocol import FIELDS

FULL_NAME = "full_name"
NAME_PARTS = {"first_name", "last_name"}
"""A full name is split only where none of these has a column of its own."""
SPLIT = {
    "full_address": {"address", "city", "state", "zip"},
    "place": {"city", "state", "zip"},
    "mail_full_address": {"mail_address", "mail_city", "mail_state", "mail_zip"},
    "mail_place": {"mail_city", "mail_state", "mail_zip"},
}
"""Columns that hold several fields → the fields that they are split into."""
MAPPABLE = [FULL_NAME, *FIELDS, *SPLIT]
"""What columns can be mapped to: the vendor's fields, and what is split into them."""

FIXABLE = ["city", "state", "zip", "mail_city", "mail_state", "mail_zip"]
"""Fields that may be the same for every row: a county's roll has no column for its state."""

LABELS = {
    "full_name": "Full name (is split)",
    "first_name": "First name",
    "middle_name": "Middle name",
    "last_name": "Last name",
    "address": "Property address",
    "unit": "Property unit",
    "city": "Property city",
    "state": "Property state",
    "zip": "Property ZIP",
    "full_address": "Whole property address (is split)",
    "place": "Property city, state and ZIP in one (is split)",
    "mail_address": "Mailing address",
    "mail_unit": "Mailing unit",
    "mail_city": "Mailing city",
    "mail_state": "Mailing state",
    "mail_zip": "Mailing ZIP",
    "mail_full_address": "Whole mailing address (is split)",
    "mail_place": "Mailing city, state and ZIP in one (is split)",
    "phone": "Phone",
    "email": "Email",
}

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


@dataclass(frozen=True)
class Candidate:
    position: int
    meaning: Meaning
    confidence: float
    doubt: str


def guess_mapping(columns, rows=()):
    """Guesses for a file's columns, from their names and from the values in some of its rows."""
    values = [Values(row[position] for row in rows if position < len(row)) for position in range(len(columns))]
    meanings = give_families([read_name(name) for name in columns])
    candidates = [
        candidate
        for position, meaning in enumerate(meanings)
        if meaning and (candidate := weigh(position, meaning, values[position], bool(rows)))
    ]
    guesses = Guesses()
    for family, prefix in ((PROPERTY, ""), (MAILING, "mail_")):
        guess_address(guesses, prefix, [c for c in candidates if c.meaning.family == family], values)
    guess_person(guesses, candidates)
    guess_by_values(guesses, columns, meanings, values)
    settle_names(guesses, values)
    return guesses


# Whose address


def give_families(meanings):
    """Meanings in which every part of an address belongs to the property or to the mailing address."""
    explicit = {(m.family, m.part) for m in meanings if m and m.part in ADDRESS_PARTS and m.family}
    current, settled, taken = None, [], set(explicit)
    for meaning in meanings:
        if meaning and meaning.part in ADDRESS_PARTS:
            if meaning.part not in PLACE_PARTS:
                current = meaning.family
            elif not meaning.family and current and (current, meaning.part) not in taken:
                meaning = move(meaning, current)
                taken.add((current, meaning.part))
        settled.append(meaning)
    rest = choose_for_plain(settled)
    return [move(m, rest) if m and m.part in ADDRESS_PARTS and m.family == PLAIN else m for m in settled]


def choose_for_plain(meanings):
    """Whose the address is that does not say it: the property's, unless that has one and the owner has none."""
    families = {m.family for m in meanings if m and m.part in ADDRESS_PARTS and m.is_certain}
    plain = {m.part for m in meanings if m and m.family == PLAIN}
    is_whole = plain & (ADDRESS_PARTS - PLACE_PARTS) and plain & {"city", "place", "zip", "line"}
    return MAILING if PROPERTY in families and MAILING not in families and is_whole else PROPERTY


def move(meaning, family):
    return replace(meaning, family=family)


# Names and values together


def weigh(position, meaning, values, have_rows):
    """The Candidate for a column, or None where its values are of another kind."""
    meaning = recognise(meaning, values)
    share = values.share(meaning.part)
    if meaning.part == "address":
        # Without their numbers: these may stand in a column of their own.
        share = max_share(share, values.share("street"), 0.75)
    if share is None:
        if not meaning.is_certain:
            return Candidate(position, meaning, BY_VALUES, "The column's name does not say it all.")
        return Candidate(position, meaning, 0.9 if have_rows else 1.0, "")
    if share < 0.6 and not meaning.is_certain:
        return None
    if share >= 0.7:
        return Candidate(position, meaning, 1.0, "")
    # Asked about and not passed over: bad values of the right column must be seen.
    return Candidate(
        position, meaning, BY_VALUES if share >= 0.3 else 0.0, "Many of its values look like something else."
    )


def recognise(meaning, values):
    """What a part of an address is by its values, where its name can mean several things."""
    part, number, weight = meaning.part, meaning.number, meaning.weight

    def is_mostly(kind):
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
        return replace(meaning, part=part, number=number, is_certain=len(values) < FEW)
    elif part == "street" and is_mostly("state"):
        part = "state"
    return replace(meaning, part=part, number=number, weight=weight)


def max_share(share, other, factor):
    return share if share is None or other is None else max(share, other * factor)


def pick(candidates, part):
    """The best candidate for a part, or None."""
    fitting = [c for c in candidates if c.meaning.part == part and c.meaning.number == 1]
    return min(fitting, key=lambda c: (-c.confidence, -c.meaning.weight, c.position), default=None)


def guess_address(guesses, prefix, candidates, values):
    best = {part: found for part in ADDRESS_PARTS if (found := pick(candidates, part))}
    line, whole = best.get("address"), best.get("full_address")
    is_numbered = line and (len(values[line.position]) < FEW or values[line.position].share("address") >= 0.3)
    parts = [best[part] for part in STREET_PARTS if part in best]
    has_place = "place" in best or {"city", "state"} <= set(best)
    can_join = "house_number" in best and ("street" in best or (line and not is_numbered))
    if line and is_numbered and (has_place or not whole) and not (can_join and len(values[line.position]) < FEW):
        put(guesses, f"{prefix}address", line)
    elif whole:
        put(guesses, f"{prefix}full_address", whole)
    elif can_join or ("street" in best and not line):
        put_joined(guesses, prefix, best, line, parts)
    elif line:
        put(guesses, f"{prefix}address", doubt_numbers(line, values[line.position]))
    for part in ("unit", "city", "state", "zip", "place"):
        if part in best:
            put_place(guesses, prefix, part, best[part])
    drop_what_is_split(guesses, prefix)


def put_joined(guesses, prefix, best, line, parts):
    """An address from its parts; a street column called `street` or `address` may be one of them."""
    if "street" not in best:
        parts = sorted([*parts, line], key=lambda c: STREET_PARTS.index(c.meaning.part.replace("address", "street")))
    confidence = min(part.confidence for part in parts)
    guesses.fields[f"{prefix}address"] = Guess(tuple(part.position for part in parts), confidence)


def doubt_numbers(line, values):
    """An address whose values have no house numbers is asked about."""
    share = values.share("address")
    if share is None or share >= 0.3:
        return line
    return Candidate(line.position, line.meaning, BY_VALUES, "Its values have no house numbers.")


def put_place(guesses, prefix, part, candidate):
    if part == "unit" and not {f"{prefix}address", f"{prefix}full_address"} & set(guesses.fields):
        return
    put(guesses, prefix + part, candidate)


def drop_what_is_split(guesses, prefix):
    """City, state and ZIP in one column give way to columns of their own."""
    place, whole = f"{prefix}place", f"{prefix}full_address"
    if {f"{prefix}city", f"{prefix}state"} <= set(guesses.fields):
        guesses.fields.pop(place, None)
    if whole in guesses.fields and place in guesses.fields:
        guesses.fields.pop(place)


def put(guesses, name, candidate):
    guesses.fields[name] = Guess((candidate.position,), candidate.confidence, candidate.doubt)


def guess_person(guesses, candidates):
    for part in (FULL_NAME, "first_name", "middle_name", "last_name", "phone", "email"):
        if found := pick(candidates, part):
            put(guesses, part, found)


def settle_names(guesses, values):
    """Either a full name or its parts; in which order a full name has them, its values tell."""
    has_parts = NAME_PARTS & set(guesses.fields)
    if len(has_parts) == 2 or FULL_NAME not in guesses.fields:
        guesses.fields.pop(FULL_NAME, None)
    else:
        for part in (*NAME_PARTS, "middle_name"):
            guesses.fields.pop(part, None)
    if full := guesses.fields.get(FULL_NAME):
        guesses.name_order, confidence = guess_order(values[full.columns[0]].texts)
        if 0 < confidence < 0.75:
            doubt = "It is not clear whether first or last names come first."
            guesses.fields[FULL_NAME] = Guess(full.columns, min(full.confidence, BY_VALUES), doubt)


# By values alone


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
    """The column of words right before a state's."""
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


# What a mapping lacks


def expand(fields):
    """Fields with those that are split out of them."""
    return set(fields).union(*(SPLIT.get(name, set()) for name in fields))


def find_lacking(fields):
    """City and state that an address needs, where nothing says them."""
    fields = expand(fields)
    wanted = [
        f"{prefix}{part}" for prefix in ("", "mail_") if f"{prefix}address" in fields for part in ("city", "state")
    ]
    return [name for name in wanted if name not in fields]


def find_gaps(fields):
    """What a mapping lacks before any row can be traced, one sentence each; `fields` are those that have a source."""
    fields = expand(fields)
    gaps = []
    if not fields & {"address", "mail_address", "city", "mail_city", "email", "phone"}:
        gaps.append("Choose a column for at least one of: an address, a city, an email, a phone.")
    for prefix, whose in (("", "property"), ("mail_", "mailing")):
        if prefix + "address" in fields and not {prefix + "city", prefix + "state"} <= fields:
            gaps.append(f"A {whose} address needs its city and its state.")
        if prefix + "unit" in fields and prefix + "address" not in fields:
            gaps.append(f"A {whose} unit needs its address.")
    return gaps
