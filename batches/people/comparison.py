"""Compare what was asked for with what was found, and name the differences. Pure."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from batches.people import match_check
from batches.people.contacts import Contact
from batches.people.match_check import OTHER, PERHAPS, RANK_BY_VERDICT, SAME, compare_given_names
from batches.people.name_readings import Reading, is_initial, read_asked, read_found

NOT_FOUND = "not found"
WORD = re.compile(r"[a-z0-9]+")


class ComparedField(NamedTuple):
    """A field of a person, as asked for and as found. An address has several lines."""

    label: str
    asked: list[str]
    found: list[str]
    is_different: bool


def compare_person(asked: Mapping[str, str], contact: Contact) -> list[ComparedField]:
    """Return the fields of a person side by side. Those that are neither asked for nor found are left out."""
    name = " ".join(filter(None, [asked.get("first_name"), asked.get("middle_name"), asked.get("last_name")]))
    found_name = pick_name(asked, contact)
    current = [contact.current.street, join_place(contact.current)] if contact.current.street else [contact.address]
    current = [line for line in current if line]
    rows = [
        ComparedField("Name", [name] if name else [], [found_name] if found_name else [], is_other_name(asked, contact))
    ]
    for label, prefix in (("Property", ""), ("Mailing", "mail_")):
        lines = address_lines(asked, prefix)
        if lines or (not prefix and current):
            differs = bool(lines and current) and not is_same_address(lines, current)
            rows.append(ComparedField(label, lines, current, differs))
    phones, emails = [phone.display for phone in contact.phones], [email.address for email in contact.emails]
    for label, value, found in (
        ("Phone", display_phone(asked.get("phone", "")), phones),
        ("Email", asked.get("email", ""), emails),
    ):
        if value:
            is_found = value.lower() in (text.lower() for text in found)
            rows.append(ComparedField(label, [value], ["found"] if is_found else [NOT_FOUND], False))
    if contact.age:
        rows.append(ComparedField("Age", [], [contact.age], False))
    return [row for row in rows if row.asked or row.found]


def join_place(address: object) -> str:
    city, state, zip_code = (getattr(address, name) for name in ("city", "state", "zip"))
    return ", ".join(filter(None, [city, f"{state} {zip_code}".strip()]))


def address_lines(asked: Mapping[str, str], prefix: str) -> list[str]:
    """Return an address asked for, as one line for the street and one for the place."""
    street, unit, city, state, zip_code = (
        asked.get(prefix + name, "") for name in ("address", "unit", "city", "state", "zip")
    )
    place = ", ".join(filter(None, [city, f"{state} {zip_code}".strip()]))
    return [line for line in (f"{street} {unit}".strip(), place) if line]


def display_phone(number: str) -> str:
    return f"({number[:3]}) {number[3:6]}-{number[6:]}" if len(number) == 10 else number


def is_same_address(asked: list[str], found: list[str]) -> bool:
    """Return whether two addresses begin with the same house number and have most of their words in common."""
    one, other = (WORD.findall(" ".join(lines).lower()) for lines in (asked, found))
    if not one or not other:
        return False
    return one[0] == other[0] and len(set(one) & set(other)) >= min(len(set(one)), len(set(other))) * 0.6


def is_other_name(asked: Mapping[str, str], contact: Contact) -> bool:
    return bool(contact.names) and verdict_on(asked, contact.names) in (PERHAPS, OTHER)


def verdict_on(asked: Mapping[str, str], names: list[str]) -> str:
    return match_check.compare(
        asked.get("first_name", ""), asked.get("middle_name", ""), asked.get("last_name", ""), names
    )


def pick_name(asked: Mapping[str, str], contact: Contact) -> str:
    """Return the found name that is most like the one asked for."""
    return max(contact.names, key=lambda name: RANK_BY_VERDICT.get(verdict_on(asked, [name]), -1), default="")


def name_difference(asked: Mapping[str, str], contact: Contact) -> str:
    """Return in a few words how the found name differs from the one asked for, or "" if it does not."""
    verdict = verdict_on(asked, contact.names) if contact.names else ""
    if verdict in ("", SAME):
        return ""
    one = read_asked(asked.get("first_name", ""), asked.get("middle_name", ""), asked.get("last_name", ""))
    others = read_found(pick_name(asked, contact))
    return describe_readings(one, next(iter(others))) if others else "Name differs"


def describe_readings(asked: Reading, found: Reading) -> str:
    """Return which part of a name differs, the surname first."""
    if asked.generation != found.generation and asked.generation and found.generation:
        return "Jr or Sr differs"
    if asked.last and found.last and not set(asked.last) & set(found.last) and asked.joined != found.joined:
        return "Different last name"
    if asked.given and found.given and compare_given_names(asked.given[0], found.given[0]) < match_check.INITIAL:
        return "Different first name"
    if asked.given and found.given and is_initial(asked.given[0]) != is_initial(found.given[0]):
        return "Only an initial to compare"
    if len(asked.given) > 1 and len(found.given) > 1 and asked.given[1] != found.given[1]:
        both_initials = is_initial(asked.given[1]) or is_initial(found.given[1])
        return "Middle initial differs" if both_initials else "Middle name differs"
    return "Name differs a little"


def describe_match(verdict: str, rows: list[ComparedField], difference: str) -> str:
    """Return a sentence about whether the person who was found is the one who was asked for."""
    differing = [row.label.lower() for row in rows if row.is_different and row.label != "Name"]
    also = f" The {' and the '.join(differing)} address differs." if len(differing) == 1 else ""
    if len(differing) > 1:
        also = " Both addresses differ."
    if verdict == SAME:
        return f"Yes: the names agree.{also}"
    reason = f" {difference}." if difference else ""
    if verdict == PERHAPS:
        return f"Perhaps.{reason}{also}"
    if verdict == OTHER:
        return f"No, it is probably someone else.{reason}{also}"
    return f"There is no name to compare.{also}"
