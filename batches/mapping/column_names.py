"""A column's name → what it says, and of which address. Pure.

A name is cut into known words; a word that is not known makes it say nothing, so that nothing is guessed from a word
somewhere inside a name: `MLS Status` is no state. What the values say is the business of `column_values.py`.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

MAILING, PROPERTY, PLAIN = "mailing", "property", ""
"""Whose address: the owner's own, that of the property, or not said."""

STREET_PARTS = ["house_number", "house_suffix", "predirection", "street", "street_type", "postdirection"]
"""What an address may be split into, in the order in which it is joined again."""

WORDS = {
    # Families. What belongs to an owner is a name, a number, or the owner's own address.
    "mailing": "mail mailing mailed mlg mlng pstl postl billing bill correspondence tax",
    "property": "property violation prop prp site situs situ phy phys physical loc location located premise premises"
    " subject residence residential res resident parcel par gis",
    "owner": "owner owners own ownr ownership taxpayer taxpr assessee titleholder grantee petitioner",
    "contact": "contact primary person recipient lead customer client voter voters seller borrower homeowner individual"
    " decedent defendant debtor",
    # Parts.
    "address": "address addresses addr addrs adr adress adrs add ad",
    "street": "street str strt road rd",
    "st": "st",
    "house": "house hse building bldg civic",
    "number": "number numbers num no nbr nmbr nr",
    "direction": "direction dir",
    "pre": "pre pref prefx prefix predirectional predir predirection",
    "post": "post postdirectional postdir postdirection",
    "type": "type typ suffix sfx suf sufx suff mode",
    "unit": "unit unt apt apartment suite ste aptno",
    "city": "city cty municipality muni mun town locality cityname placename",
    "state": "state province prov region stateabbr statecode",
    "zip": "zip zipcode zipcd zipcodes postcode",
    "postal": "postal",
    "code": "code cd abbreviation abbr abbrv abrev",
    "name": "name names nme nm nam fullname",
    "first": "first given fname firstname forename frst fst",
    "last": "last surname lname lastname family lst",
    "middle": "middle mid middlename mname mi mint",
    "initial": "initial init",
    "full": "full complete whole formatted fmt entire all",
    "line": "line ln l",
    "phone": "phone phones telephone tel phonenumber ph",
    "mobile": "mobile cell cellphone wireless cellular",
    "email": "email emails emailaddress",
    "half": "half fraction frac",
    "to": "to",
    "id": "id",
    "value": "value",
    "one": "one",
    "two": "two second secondary 2nd",
    "three": "three third tertiary",
    "and": "and",
}
"""What is meant → the words for it."""
MEANT = {word: meant for meant, words in WORDS.items() for word in words.split()}
UNNUMBERED = re.compile(r"(par|prop|prem|subject|res|tax)", re.IGNORECASE)
"""Of these, a number is a name in some register and no house's."""
IGNORED = {
    "the",
    "of",
    "label",
    "std",
    "standard",
    "standardized",
    "usps",
    "current",
    "s",
    "home",
    "party",
    "input",
    "principal",
    "daytime",
    "day",
    "evening",
    "best",
    "known",
    "data",
    "info",
    "field",
}
FAMILY_WORDS = {"mailing", "property", "owner", "contact"}
ORDINALS = {"one": 1, "two": 2, "three": 3}
LONGEST_TOKEN = 40
"""Letters: what is longer is no name of a column."""
SHORT_FAMILIES = {"m": "mailing", "s": "property", "p": "property", "o": "owner"}
"""A single letter before a part of an address: mcity, szip."""

PARTS = {
    "address": "address",
    "address line": "address",
    "line": "address",
    "street": "address",
    "street address": "address",
    "address street address": "address",
    "street line": "address",
    "address street": "address",
    "address street line": "address",
    "st address": "address",
    "full": "full_address",
    "full address": "full_address",
    "address full": "full_address",
    "full address line": "full_address",
    "full street": "address",
    "street full": "address",
    "street full address": "address",
    "full street address": "address",
    "house": "house_number",
    "house number": "house_number",
    "street number": "house_number",
    "st number": "house_number",
    "address number": "house_number",
    "number": "house_number",
    "address house number": "house_number",
    "address street number": "house_number",
    "street house number": "house_number",
    "half": "house_suffix",
    "half number": "house_suffix",
    "street half": "house_suffix",
    "street half number": "house_suffix",
    "street number half": "house_suffix",
    "address half": "house_suffix",
    "house number type": "house_suffix",
    "house half": "house_suffix",
    "street number type": "house_suffix",
    "address number type": "house_suffix",
    "address number half": "house_suffix",
    "house number half": "house_suffix",
    "pre direction": "predirection",
    "pre": "predirection",
    "street pre direction": "predirection",
    "street direction": "predirection",
    "st direction": "predirection",
    "direction": "predirection",
    "street pre": "predirection",
    "st pre": "predirection",
    "address direction": "predirection",
    "address pre": "predirection",
    "address pre direction": "predirection",
    "address post direction": "postdirection",
    "house direction": "predirection",
    "street name": "street",
    "st name": "street",
    "address street name": "street",
    "address st name": "street",
    "address name": "full_name",
    "full street name": "street",
    "street type": "street_type",
    "street name type": "street_type",
    "st type": "street_type",
    "type": "street_type",
    "address street type": "street_type",
    "address st type": "street_type",
    "address type": "street_type",
    "post direction": "postdirection",
    "post": "postdirection",
    "street post direction": "postdirection",
    "street post": "postdirection",
    "st post": "postdirection",
    "unit": "unit",
    "unit number": "unit",
    "number unit": "unit",
    "unit code": "unit",
    "unit id": "unit",
    "unit value": "unit",
    "address unit value": "unit",
    "address unit id": "unit",
    "street unit number": "unit",
    "st unit": "unit",
    "address unit": "unit",
    "address unit number": "unit",
    "unit unit": "unit",
    "street unit": "unit",
    "city": "city",
    "city name": "city",
    "address city": "city",
    "address city name": "city",
    "state": "state",
    "st": "state",
    "state code": "state",
    "st code": "state",
    "state name": "state",
    "address state": "state",
    "address state code": "state",
    "address st": "state",
    "zip": "zip",
    "zip code": "zip",
    "code zip": "zip",
    "zip number": "zip",
    "postal": "zip",
    "postal code": "zip",
    "post code": "zip",
    "zip postal code": "zip",
    "zip postal": "zip",
    "address zip": "zip",
    "address zip code": "zip",
    "address postal code": "zip",
    "address postal": "zip",
    "city state zip": "place",
    "city state": "place",
    "city st": "place",
    "city st zip": "place",
    "city state zip code": "place",
    "city and state": "place",
    "city state postal": "place",
    "city state postal code": "place",
    "address city state zip": "place",
    "first": "first_name",
    "first name": "first_name",
    "name first": "first_name",
    "last": "last_name",
    "last name": "last_name",
    "name last": "last_name",
    "middle": "middle_name",
    "middle name": "middle_name",
    "middle initial": "middle_name",
    "name middle": "middle_name",
    "name middle initial": "middle_name",
    "name": "full_name",
    "full name": "full_name",
    "name full": "full_name",
    "name line": "full_name",
    "name first last": "full_name",
    "first last name": "full_name",
    "first and last name": "full_name",
    "first last": "full_name",
    "name last first": "full_name",
    "last first name": "full_name",
    "last first": "full_name",
    "phone": "phone",
    "email": "email",
}
"""What is meant, without families and numbers → the part."""
PLACE_PARTS = {"line", "unit", "city", "state", "zip", "place"}
ADDRESS_PARTS = {"address", "full_address", "line", *STREET_PARTS, *PLACE_PARTS}
NUMBERED_THINGS = {"street_type", "predirection", "house_number", "house_suffix"}
"""Parts whose names are those of other things as well: a type, a number."""
BARE = {"owner": "full_name", "property": "address", "mailing": "address"}
"""What a name of nothing but its family is, if its values agree."""


@dataclass(frozen=True)
class Meaning:
    part: str
    family: str
    """Whose address, where the part is one of an address's."""
    number: int = 1
    """Of several alike: Owner 1, Phone 2, ADDR2."""
    weight: int = 0
    """Of two columns that say the same the heavier is meant: the owner's name before somebody's."""
    is_certain: bool = True
    """False where only its values can tell."""


def read_name(column):
    """Return the Meaning of a column's name, or None if it says nothing of a person."""
    words = find_words(column)
    if words is None:
        return None
    families = {word for word in words if word in FAMILY_WORDS}
    numbers = [int(word) if word.isdecimal() else ORDINALS[word] for word in words if is_number(word)]
    rest = " ".join(word for word in words if word not in FAMILY_WORDS and not is_number(word))
    if "zip" in words and numbers == [5]:
        numbers = []
    if not rest and not families & {"owner", "property", "mailing"}:
        return None
    if rest == "to" and families == {"mailing"}:
        return Meaning("full_name", PLAIN, weight=1)
    if rest == "full" and families <= {"owner", "contact"}:
        rest = "full name"
    rest = reduce_numbers(rest)
    if rest and (rest not in PARTS or (rest == "number" and UNNUMBERED.search(column))):
        return None
    part = PARTS[rest] if rest else pick_bare(families)
    return settle(part, families, max([1, *numbers]), is_certain=bool(rest) or part == "full_name", words=words)


def reduce_numbers(rest):
    """Phones and emails are named in many ways: `full phone number`, `Phone 1 - Value`, `email address`."""
    words = set(rest.split())
    if words & {"phone", "mobile"} and words <= {"phone", "mobile", "number", "full", "value", "first", "line", "last"}:
        return "phone"
    if "email" in words and words <= {"email", "address", "value", "first", "full"}:
        return "email"
    return rest


def pick_bare(families):
    return next(BARE[family] for family in ("owner", "mailing", "property") if family in families)


def settle(part, families, number, is_certain, words):
    if part in ADDRESS_PARTS:
        return settle_address(part, families, number, is_certain, words)
    if part == "full_name" and "owner" not in families and families & {"property", "mailing"}:
        return Meaning(part, PLAIN, number, 1) if "mailing" in families else None
    return Meaning(part, PLAIN, number, weigh(part, families, words), is_certain)


def settle_address(part, families, number, is_certain, words):
    """Whose part of an address it is; a mailing's before an owner's, and an address before a street."""
    if part in NUMBERED_THINGS and not is_about_street(words, families, part):
        return None
    weight = int("mailing" in families) + int(part == "address" and "address" in words)
    if part == "address" and number > 1:
        # Of address lines, all but the first can be anything: their values tell.
        part = "line"
    if part == "state" and number == 2:
        # The state by its two letters: state2.
        number, weight = 1, weight - 1
    if "mailing" in families or ("owner" in families and "property" not in families):
        return Meaning(part, MAILING, number, weight, is_certain)
    return Meaning(part, PROPERTY if "property" in families else PLAIN, number, weight, is_certain)


def is_about_street(words, families, part):
    """`Type` alone, or `Number`, can be of anything; a number of a mailing or of a site cannot."""
    is_named = bool({"street", "st", "address", "house", "pre", "half"} & set(words))
    return is_named or (part != "street_type" and bool(families & {"property", "mailing"}))


def weigh(part, families, words):
    """Rank meanings: an owner before nobody before a contact, and any number before a mobile or a home number."""
    if part == "phone" and "mobile" in words:
        return 2
    if "owner" in families:
        return 5
    return 3 if families else 4


def is_number(word):
    return word in ORDINALS or word.isdecimal()


def find_words(column):
    """Return what the words of a name mean, in order; None if one of them is not known."""
    meant = []
    column = re.sub(r"e?911", " site ", column, flags=re.IGNORECASE)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", column.replace("#", " number "))
    # ZIP+4 is the four digits behind a ZIP.
    text = re.sub(r"\bzip ?\+ ?4\b", "zip plus", re.sub(r"e[-_ ]?mail", "email", text.lower()))
    for token in re.findall(r"[a-z]+|\d+", text):
        if token.isdecimal():
            # 09, as in ADDR09, is a year or a code.
            if len(token) > 1:
                return None
            meant.append(token)
        elif token not in IGNORED:
            words = cut(token)
            if words is None:
                return None
            meant += words
    return tidy(meant)


def tidy(meant):
    """`apartment number`, `zip code`, `4`: what belongs together, without doubles that stand side by side."""
    if meant[-2:] == ["zip", "4"]:
        return None
    return [word for position, word in enumerate(meant) if position == 0 or word != meant[position - 1]]


@lru_cache(maxsize=10_000)
def cut(token):
    """Split a token into as few known words as possible and return their meanings; None if it is unknown."""
    if token in MEANT:
        return (MEANT[token],)
    if len(token) > LONGEST_TOKEN:
        return None
    if len(token) > 3 and token[0] in SHORT_FAMILIES:
        rest = cut(token[1:])
        if rest and rest[0] in {"address", "street", "city", "state", "zip", "unit"}:
            return (SHORT_FAMILIES[token[0]], *rest)
    best = None
    for length in range(2, len(token) - 1):
        if token[:length] in MEANT and (rest := cut(token[length:])):
            words = (MEANT[token[:length]], *rest)
            if best is None or len(words) < len(best):
                best = words
    return best
