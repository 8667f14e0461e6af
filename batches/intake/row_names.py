"""Read the names of a row: split full names, separate two owners, and find owners that are not people. Pure."""

import re

from batches.intake.checked_row import MAX_FIELD_LENGTH, CheckedRow, RowWarning, WarningKind
from batches.mapping.fields import NAME_FIELDS, PROPERTY_FIELDS
from batches.people import name_parts, name_words, owner_kinds, owner_names, owner_placeholders, owner_words, roll_words
from batches.people.first_names import FIRST_NAMES
from batches.people.name_parts import FIRST_LAST
from batches.people.name_words import KNOWN_GIVEN_NAMES
from batches.people.owner_words import PERSON
from batches.people.surnames import SURNAMES

LOOSE_END = re.compile(r"(?:\s*[&+/;]|\s+(?:AND|OR))+$", re.IGNORECASE)
LOOSE_START = re.compile(r"(?:[&+/;]\s*|(?:AND|OR)\s+)+", re.IGNORECASE)
"""Words between two people that are left over at the end of the first name, or at the start of the last name."""


def read_names(checked: CheckedRow, order: str) -> None:
    """Split full names, separate two owners, and find owners that are not people.

    A full name is used if neither a first nor a last name is given.
    """
    fields = checked.fields
    full, given, last = fields.pop("full_name", ""), fields.get("first_name", ""), fields.get("last_name", "")
    is_plain = given.isalpha() and last.isalpha()
    may_be_placeholder = not is_plain or owner_placeholders.may_be_placeholder(given or last)
    if (given or last) and may_be_placeholder and owner_placeholders.is_placeholder(f"{given} {last}"):
        given = last = ""
        for name in NAME_FIELDS:
            fields.pop(name, None)
    if given and last and not (is_plain and are_plain_names(given.upper(), last.upper())):
        given, last = drop_nameless_cell(fields, given, last)
        is_plain = bool(given and last) and is_plain
    if given and last and " " in given and given.upper() == last.upper() and is_repeated_whole_name(given):
        # Both columns hold the full name.
        full, given, last, order = given, "", "", owner_names.find_order(given, FIRST_LAST)
        for name in NAME_FIELDS:
            fields.pop(name, None)
    if is_plain and given and are_plain_names(given.upper(), last.upper()):
        # Most names are not read any further.
        pass
    elif given or last:
        checked.owner_kind = owner_kinds.find_kind(f"{given} {last}".strip(), is_split=bool(given and last))
        if checked.owner_kind == PERSON:
            read_parts(checked, given, last)
    elif full and not owner_placeholders.is_placeholder(full):
        checked.owner_kind, doubt = owner_kinds.judge_full_name(full)
        if checked.owner_kind == PERSON:
            set_owners(checked, owner_names.split_owners(full, order))
            if (len(fields.get("first_name", "")) < 3 or "last_name" not in fields) and may_lack_surname(fields):
                doubt = doubt or owner_kinds.Doubt.NO_SURNAME
        if doubt:
            checked.warnings.append(RowWarning("full_name", WarningKind(doubt)))
    if checked.owner_kind != PERSON:
        owner_name = full
        if given or last:
            # The fields are in the order of the file.
            owner_name = " ".join(text for name, text in fields.items() if name in NAME_FIELDS)
        checked.owner_name = owner_name[:MAX_FIELD_LENGTH]
    for name in NAME_FIELDS:
        if name in fields:
            fields[name] = name_parts.capitalise(fields[name])


def drop_nameless_cell(fields: dict[str, str], given: str, last: str) -> tuple[str, str]:
    """Drop a first or a last name that is a placeholder or a roll word: `Owner`, `Etal`. Return both names."""
    if name_parts.bare(given) in name_parts.HONORIFICS and " " in last:
        # The last name is a whole name with its title before it.
        fields["first_name"] = fields.pop("last_name")
        return last, ""
    for name, text in (("first_name", given), ("last_name", last)):
        if not name_words.is_rare_or_listed_name(text.upper()) and (
            owner_placeholders.is_placeholder(text) or roll_words.is_roll_phrase(text)
        ):
            del fields[name]
    return fields.get("first_name", ""), fields.get("last_name", "")


def may_lack_surname(fields: dict[str, str]) -> bool:
    """Return whether a name is an initial and a given name, or a surname that is also a given name: `PERRY J`."""
    first, middle, last = (fields.get(name, "").strip(".") for name in NAME_FIELDS)
    return (not last and len(middle) == 1) or (not middle and len(first) == 1 and last.upper() in FIRST_NAMES)


def are_plain_names(given: str, last: str) -> bool:
    """Return whether a first and a last name of one word each need no further reading. This is a quick check."""
    words = (given, last)
    return (
        owner_names.UNPLAIN_WORDS.isdisjoint(words)
        and owner_words.DISTINCTIVE_WORDS.isdisjoint(words)
        and owner_placeholders.DECISIVE_PLACEHOLDER_WORDS.isdisjoint(words)
    )


def is_repeated_whole_name(text: str) -> bool:
    """Return whether the content of both name columns is a whole name, not only a given name or a surname."""
    first, *_, last = map(name_parts.bare, text.split())
    is_name = is_whole_name(text, is_given=True) or (first not in KNOWN_GIVEN_NAMES and last in KNOWN_GIVEN_NAMES)
    return (is_name and first not in name_parts.SURNAME_STARTS) or owner_kinds.find_kind(text) != PERSON


def read_parts(checked: CheckedRow, given: str, last: str) -> None:
    """Read a first and a last name from separate cells. Either can contain a full name, or two people."""
    if given and last:
        given, last = drop_loose_ends(given, last)
        for name, text in (("first_name", given), ("last_name", last)):
            if not text:
                checked.fields.pop(name, None)
    if given and last:
        if owners := split_people(given, last):
            set_owners(checked, owners)
            return
        if "," in given and "," not in last:
            given = name_parts.join_suffixes(given).partition(",")[0]
        set_cleaned_names(checked, given, last)
        return
    text = given or last
    if (" " in text or "," in text) and is_whole_name(text, is_given=bool(given)):
        default = name_parts.FIRST_LAST if given else name_parts.LAST_FIRST
        order = owner_names.find_order(text, default)
        set_owners(checked, owner_names.split_owners(text, order))
    elif given:
        set_cleaned_names(checked, given, "")
    else:
        checked.fields["last_name"] = name_parts.drop_suffix(last)


def is_whole_name(text: str, is_given: bool) -> bool:
    """Return whether a cell for a first or last name contains both, unlike `Mary Beth` (first) or `De Leon` (last)."""
    words = [name_parts.bare(word) for word in text.split()]
    if "," in text or owner_names.JOINT.search(text):
        return True
    if is_given:
        return words[-1] not in KNOWN_GIVEN_NAMES or len(words) > 2 or words[-1] in SURNAMES
    return any(word in KNOWN_GIVEN_NAMES for word in words) and words[0] not in name_parts.SURNAME_STARTS


def drop_loose_ends(given: str, last: str) -> tuple[str, str]:
    """Return the first and the last name without an `and` between them, as in `John &` and `Smith`.

    If a full name follows the `and`, return both people as the first name.
    """
    end, start = LOOSE_END.search(given), LOOSE_START.match(last)
    if not end and not start:
        return given, last
    if end:
        given = given[: end.start()]
    if start:
        last = last[start.end() :]
    words = last.upper().split()
    if len(words) > 1 and words[0] in KNOWN_GIVEN_NAMES:
        return f"{given} & {last}", ""
    return given, last


def split_people(given: str, last: str) -> list[name_parts.Person]:
    """Return the people named by a first and a last name if there are several. Otherwise return nothing."""
    given = owner_names.separate_given_names(given)
    is_joint = bool(owner_names.JOINT.search(last))
    if not is_joint or not owner_names.JOINT.sub("", last):
        return owner_names.split_owners(f"{given} {last}") if owner_names.JOINT.search(given) else []
    firsts = [part for part in owner_names.JOINT.split(given) if part.strip()]
    lasts = [part for part in owner_names.JOINT.split(last) if part.strip()]
    if len(firsts) == len(lasts):
        names = map(" ".join, zip(firsts, lasts, strict=True))
        return [person for name in names for person in owner_names.split_owners(name)]
    if len(firsts) == 1:
        # In `Smith & Jones`, `Jones` is another surname or a married name, and not a person.
        lasts = lasts[:1] + [part for part in lasts[1:] if " " in part or part.upper() in KNOWN_GIVEN_NAMES]
        return owner_names.split_owners(" & ".join([f"{given} {lasts[0]}", *lasts[1:]]))
    return owner_names.split_owners(f"{given} {lasts[0]}")


def set_cleaned_names(checked: CheckedRow, given: str, last: str) -> None:
    """Set the first and the last name, without titles, suffixes, nicknames, roll words and words of the other name."""
    fields = checked.fields
    words = roll_words.drop_roll_words(roll_words.cut_roll_words(given).split(), min_words=1)
    words = name_parts.drop_full_titles(name_parts.drop_titles(words), min_words=1)
    words, generation = name_parts.drop_suffixes(words)
    last_words = roll_words.drop_roll_words(roll_words.cut_roll_words(last).replace(",", " ").split(), min_words=1)
    last_words, last_generation = name_parts.drop_suffixes(last_words)
    checked.generation = last_generation or generation
    upper_last = [word.upper() for word in last_words]
    if len(words) > len(last_words) > 0 and [word.upper() for word in words[-len(last_words) :]] == upper_last:
        # The first name ends with the last name, as in `John Smith` and `Smith`.
        words = words[: -len(last_words)]
    elif len(words) > len(last_words) > 0 and [word.upper() for word in words[: len(last_words)]] == upper_last:
        # The first name begins with the last name, as in `Smith John` and `Smith`, unless both are one: `Ada Ada`.
        words = words[len(last_words) :] if name_parts.bare(words[-1]) in KNOWN_GIVEN_NAMES else words
    if len(words) > 1 and len(name_parts.bare(words[0])) > 1 and name_words.is_letter(name_parts.bare(words[-1])):
        # An initial after the given name, as in `Leonard C`.
        fields.setdefault("middle_name", words.pop().strip(",."))
    if len(last_words) > 1 and len(words) == 1 and words[0].upper() in (upper_last[0], upper_last[-1]):
        # The last name contains the first name, as in `John` and `John Smith`.
        last_words = last_words[1:] if words[0].upper() == upper_last[0] else last_words[:-1]
    for name, kept in (("first_name", words), ("last_name", last_words)):
        if kept:
            fields[name] = " ".join(kept)


def set_owners(checked: CheckedRow, owners: list[name_parts.Person]) -> None:
    """Set the first of these people as the one to trace, and the next as the second owner."""
    if not owners:
        return
    first, *others = owners
    parts = {"first_name": first.first, "middle_name": first.middle, "last_name": first.last}
    for part, text in parts.items():
        if text:
            checked.fields[part] = text
        else:
            checked.fields.pop(part, None)
    checked.generation = first.generation
    checked.co_owner = others[0] if others and others[0].first and others[0].last else None


def leave_out_names(fields: dict[str, str]) -> None:
    """Remove what is not sent for an owner that is not a person: names, and the property if there is a mailing address.

    The vendor advises sending such owners by mailing address only.
    """
    has_mailing = all(fields.get(name) for name in ("mail_address", "mail_city", "mail_state"))
    for name in NAME_FIELDS + (PROPERTY_FIELDS if has_mailing else []):
        fields.pop(name, None)
