"""Columns → what they say of a person: which column is which field, and how sure that is. Pure.

A column's name (`column_names`) and its values (`column_values`) must agree. Property and mailing addresses are
never mixed: what does not say whose it is belongs to the address that it stands behind.
"""

from dataclasses import dataclass, replace

from batches.mapping.column_names import (
    ADDRESS_PARTS,
    MAILING,
    PLACE_PARTS,
    PLAIN,
    PROPERTY,
    STREET_PARTS,
    Meaning,
    read_name,
)
from batches.mapping.column_values import FEW, Values
from batches.mapping.fields import FULL_NAME, NAME_PARTS
from batches.mapping.value_guesses import BY_VALUES, Guess, Guesses, guess_by_values
from batches.people.owner_names import guess_order


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
    """Return the Candidate for a column, or None if its values are of another kind."""
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
    """Decide by its values what a part of an address is, if its name can mean several things."""
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
    """Return the best candidate for a part, or None."""
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
    """Join an address from its parts; a street column called `street` or `address` may be one of them."""
    if "street" not in best:
        parts = sorted([*parts, line], key=lambda c: STREET_PARTS.index(c.meaning.part.replace("address", "street")))
    confidence = min(part.confidence for part in parts)
    guesses.fields[f"{prefix}address"] = Guess(tuple(part.position for part in parts), confidence)


def doubt_numbers(line, values):
    """Ask about an address whose values have no house numbers."""
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
