"""Find which of the people in a court's, a lender's or a landlord's list is traced. Pure.

Such a list names people in different roles, and no column says whom the reader wants. The likely role is chosen, and
always asked about.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from batches.mapping.column_names import MEANING_BY_WORD, OTHER_PEOPLE, split_tokens

NAME_MEANINGS = {"name", "first", "last", "middle", "full", "initial"}
"""Meanings of words in the names of columns that hold a person's name."""
PLACE_MEANINGS = {"address", "street", "city", "state", "zip", "postal"}
"""Meanings of words in the names of columns that hold parts of an address."""
STREET_MEANINGS = {"house", "unit", "half", "direction"}
"""Meanings of words in the names of columns that hold parts of a street."""
BUSINESSES = frozenset(["business", "establishment", "facility", "store"])
"""Words that begin the names of columns about a place of business."""
OTHERS = OTHER_PEOPLE - BUSINESSES
"""Words that begin the names of columns about other people."""
BUSINESS_DOUBT = "It is that of a business. Use it only if the owner can be found there."
REPRESENTATIVES = frozenset(
    [
        "executor",
        "executors",
        "executrix",
        "administrator",
        "administratrix",
        "representative",
        "pr",
        "petitioner",
        "applicant",
        "heir",
    ]
)
DECEDENTS = frozenset(["decedent", "decedents", "deceased"])
ESTATE_OF = ["estate", "of"]
"""The tokens of a column with the name of a dead person."""
LANDLORDS = frozenset(["landlord", "landlords", "lessor", "lessors"])
GRANTORS, GRANTEES = frozenset(["grantor", "grantors"]), frozenset(["grantee", "grantees"])
TENANTS = frozenset(["tenant", "tenants", "lessee", "lessees"])
PLAINTIFFS = frozenset(["plaintiff", "plaintiffs"])
DEFENDANTS = frozenset(["defendant", "defendants"])
RENT_WORDS = LANDLORDS | TENANTS | {"rent", "rental", "premise", "premises", "eviction", "evictions", "detainer"}
"""Words in a list about landlords and tenants."""


@dataclass(frozen=True)
class OwnerRole:
    """Words for who likely acts for a property, and for the other person beside them."""

    owners: frozenset[str]
    others: frozenset[str]


ESTATE = OwnerRole(REPRESENTATIVES, DECEDENTS)
GRANT = OwnerRole(GRANTORS, GRANTEES)
"""The roles in a list of claims against property, such as notices of pending suits, whose grantees are lenders."""


@dataclass(frozen=True)
class Parties:
    """Two roles of people that a file can name, as words in the names of columns."""

    one: frozenset[str]
    other: frozenset[str]
    doubt: str


PARTIES = (
    Parties(
        DECEDENTS,
        REPRESENTATIVES,
        "The file names the dead and who acts for them. Choose whom to trace.",
    ),
    Parties(
        PLAINTIFFS | LANDLORDS | {"petitioner", "creditor"},
        DEFENDANTS | TENANTS | {"respondent", "debtor"},
        "The file names both sides of a case. Choose the side to trace.",
    ),
    Parties(
        frozenset(["borrower", "borrowers", "mortgagor", "trustor"]),
        frozenset(["lender", "trustee", "mortgagee", "beneficiary"]),
        "The file names the borrower and others. Choose whom to trace.",
    ),
    Parties(
        GRANTORS,
        GRANTEES,
        "The file names the grantor and the grantee of a deed. Choose whom to trace.",
    ),
    Parties(
        frozenset(["owner", "owners"]),
        frozenset(["occupant", "occupants", "tenant", "tenants"]),
        "The file names the owner and who lives there. Choose whom to trace.",
    ),
)


def find_doubt(columns: Sequence[str]) -> str:
    """Return why it is not certain whom to trace, or "" if the file names people in only one role."""
    words = {word for column in columns for word in find_roles(column)}
    return next((each.doubt for each in PARTIES if each.one & words and each.other & words), "")


def find_roles(column: str) -> set[str]:
    """Return the words of a column's name that can be roles."""
    tokens = split_tokens(column)
    return {"decedent"} if tokens == ESTATE_OF else set(tokens)


def name_representatives(columns: Sequence[str]) -> list[str]:
    """Return the names of columns, with those of whoever likely acts for a property as names of the owner's columns.

    That is who acts for the dead in a list of estates, and the landlord in a list of rents or evictions. The address of
    the other is the property's, unless another column holds that.
    """
    roles = [find_roles(column) for column in columns]
    found = set().union(*roles)
    for role in [*find_owner_roles(found), *([GRANT] if are_grantors_people(roles) else [])]:
        if found & role.owners and found & role.others:
            is_property = (
                MEANING_BY_WORD.get(word) == "property" for words in roles if not words & role.others for word in words
            )
            place_owner = "relative" if any(is_property) else "property"
            return [rename(column, words, place_owner, role) for column, words in zip(columns, roles, strict=True)]
    return list(columns)


def find_owner_roles(words: set[str]) -> list[OwnerRole]:
    """Return the roles of which one is likely the owner's. In a case about rent, the plaintiff is the landlord."""
    if words & RENT_WORDS:
        return [ESTATE, OwnerRole(LANDLORDS | PLAINTIFFS, TENANTS | DEFENDANTS)]
    return [ESTATE]


def are_grantors_people(roles: Sequence[set[str]]) -> bool:
    """Return whether grantors have a first and a last name, and grantees have not, because most are companies."""
    in_parts = [words for words in roles if {MEANING_BY_WORD.get(word) for word in words} & {"first", "last"}]
    return any(words & GRANTORS for words in in_parts) and not any(words & GRANTEES for words in in_parts)


def rename(column: str, words: set[str], place_owner: str, role: OwnerRole) -> str:
    """Return the name of a column as if its person were the owner, or a relative of the owner.

    `place_owner` is the word for whose address the address of the other person is.
    """
    tokens = split_tokens(column)
    if words & role.others:
        rest = " ".join(word for word in tokens if word not in role.others)
        is_name = tokens == ESTATE_OF or not rest or is_about_name(rest)
        return f"relative {rest}".strip() if is_name else f"{place_owner} {rest}"
    if not words & role.owners:
        return column
    renamed = ["owner" if word in role.owners else word for word in tokens]
    return " ".join(renamed).replace("personal owner", "owner")


def name_business_columns(columns: Sequence[str]) -> list[str]:
    """Return the names of columns, with the address and the phone of a business as the owner's if there are no others.

    Lists of licences and permits have the address of the business, and the mailing address of its owner.
    """
    tokens = [split_tokens(column) for column in columns]
    meanings = [{MEANING_BY_WORD.get(word, word) for word in words} for words in tokens]
    firsts = [words[0] if words else "" for words in tokens]
    named = list(columns)
    for kind, family in ((PLACE_MEANINGS, "property"), ({"phone"}, "owner")):
        positions = [
            position
            for position, words in enumerate(meanings)
            if words & kind and not words & {"mailing", "email"} and firsts[position] not in OTHERS
        ]
        if positions and all(firsts[position] in BUSINESSES for position in positions):
            parts = kind | STREET_MEANINGS if family == "property" else kind
            for position, words in enumerate(meanings):
                if firsts[position] in BUSINESSES and words & parts:
                    named[position] = " ".join([family, *tokens[position][1:]])
    return named


def is_about_name(text: str) -> bool:
    return any(MEANING_BY_WORD.get(word) in NAME_MEANINGS for word in text.split())
