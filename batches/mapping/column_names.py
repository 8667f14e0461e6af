"""Find out from a column's name which field it holds, and of which address. Pure.

A name is split into known words. A single unknown word makes the name meaningless, so that nothing is guessed from a
word inside a name: `MLS Status` is not a state. `column_values.py` handles the values.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from batches.people.name_words import drop_accents

MAILING, PROPERTY, PLAIN = "mailing", "property", ""
"""Families, which say whose an address is: the owner's, the property's, or unknown."""

STREET_PARTS = [
    "house_prefix",
    "house_number",
    "house_suffix",
    "predirection",
    "street",
    "street_type",
    "postdirection",
]
"""The parts of a split street address, in the order in which they are joined."""

WORDS_BY_MEANING = {
    # Families. An owner's columns hold a name, a number, or the owner's own address.
    "mailing": "mail mailing mailed mlg mlng pstl postl billing bill correspondence tax notice statement remit invoice"
    " correspondencia",
    "property": "property rental violation prop prp site situs situ phy phys physical loc location located premise"
    " premises subject residence residential res resident parcel par gis service job propiedad",
    "owner": "owner owners own ownr ownership taxpayer taxpr assessee titleholder deedholder grantee petitioner"
    " propietario propietarios dueno duenos",
    "contact": "contact primary person recipient lead customer client voter voters seller borrower homeowner individual"
    " decedent defendant debtor applicant subscriber",
    # Parts.
    "address": "address addresses addr addrs adr adress adrs add ad direccion domicilio",
    "street": "street str strt road rd calle",
    "st": "st",
    "house": "house hse building bldg civic",
    "number": "number numbers numero num no nbr nmbr nr",
    "direction": "direction dir",
    "pre": "pre pref prefx prefix pfx prfx predirectional predir predirection",
    "post": "post postdirectional postdir postdirection",
    "type": "type typ suffix sfx suf sufx suff mode designation",
    "unit": "unit unt apt apartment suite ste aptno",
    "city": "city cty municipality muni mun town locality cityname placename ciudad municipio",
    "state": "state province prov region stateabbr statecode estado",
    "zip": "zip zipcode zipcd zipcodes postcode",
    "postal": "postal",
    "code": "code codigo cd abbreviation abbr abbrv abrev",
    "name": "name names nombre nombres nme nm nam fullname",
    "first": "first given fname firstname forename frst fst",
    "last": "last surname apellido apellidos lname lastname family lst",
    "middle": "middle mid middlename mname mi mint",
    "initial": "initial init",
    "full": "full complete completo whole formatted fmt entire all",
    "line": "line ln l",
    "phone": "phone phones telephone telephones telefono telefonos tel phonenumber ph",
    "landline": "landline",
    "mobile": "mobile cell cellphone celular movil wireless cellular",
    "email": "email emails correo emailaddress",
    "half": "half fraction frac",
    "to": "to",
    "id": "id",
    "value": "value",
    "one": "one",
    "two": "two second secondary 2nd",
    "additional": "additional addl extra extended",
    "company": "company entity business biz corporate corporation organization organisation llc firm",
    "three": "three third tertiary",
    "and": "and",
}
"""Meaning → the words for it."""
MEANING_BY_WORD = {word: meaning for meaning, words in WORDS_BY_MEANING.items() for word in words.split()}
REGISTER_WORDS = re.compile(r"(par|prop|prem|subject|res|tax)", re.IGNORECASE)
"""Words whose number is an entry in a register, not a house number."""
IGNORED_WORDS = {
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
    "desc",
    "description",
    "decode",
    "txt",
    "text",
    "lbl",
    "voice",
    "clean",
    "cleaned",
    "normalized",
    "assessed",
    "deeded",
    "listed",
    "present",
    "titled",
    "vested",
    "recorded",
    "registered",
    "or",
    "de",
    "del",
    "electronico",
    "paterno",
    "primer",
}
"""Words that do not change what a name means."""
STREET_PART_WORDS = {"number", "pre", "post", "direction", "type", "name", "half"}
"""Meanings that show that an `st` beside them is a street and not a state."""
INITIALS = {"f": "first", "m": "middle", "l": "last"}
"""Initials in the names of name columns: FName, L_NAME."""
OTHER_PEOPLE = {
    "business",
    "work",
    "office",
    "other",
    "spouse",
    "attorney",
    "agent",
    "broker",
    "lender",
    "relative",
    "previous",
    "prior",
    "former",
    "emergency",
    "employer",
    "alternate",
    "alt",
    "guardian",
    "parent",
    "neighbor",
    "tenant",
    "plaintiff",
    "buyer",
    "landlord",
    "insurance",
    "beneficiary",
    "assistant",
    "reference",
    "witness",
    "preparer",
    "filer",
    "grantor",
    "notary",
    "executor",
    "school",
    "ship",
    "shipping",
    "old",
    "legal",
    "sale",
    "deed",
    "partner",
    "manager",
    "vendor",
    "trustee",
    "father",
    "mother",
    "child",
    "lien",
    "loan",
    "court",
    "case",
    "listing",
    "care",
    "attention",
    "co",
    "account",
    "jt",
    "joint",
}
"""Words that begin the names of columns about another person."""
STAFF = re.compile(r"\b(?:contact|lead|deal|opportunity|record|task) owner\b")
"""Words for the salesperson who looks after a contact, in the exports of customer databases."""
RECIPIENT_WEIGHT = 1
"""The weight of the name of who receives the mail. Any other name outweighs it."""
FAMILY_WORDS = {"mailing", "property", "owner", "contact"}
NUMBER_WORDS = {"one": 1, "two": 2, "three": 3}
MAX_TOKEN_LENGTH = 40
"""Maximum length of a token that is split into words."""
PHONE_BY_LETTER = {"h": ("phone",), "c": ("mobile", "phone"), "m": ("mobile", "phone")}
"""Letter before a word for phones, as in `hphone` and `ctel` → the meanings of both: a home or a mobile phone."""
FAMILY_BY_LETTER = {"m": "mailing", "s": "property", "p": "property", "o": "owner"}
"""Letter before a part of an address, as in `mcity` and `szip` → its family."""

PART_BY_MEANINGS = {
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
    "direction pre": "predirection",
    "street direction pre": "predirection",
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
    "code postal": "zip",
    "zip postal code": "zip",
    "zip postal": "zip",
    "address zip": "zip",
    "address zip code": "zip",
    "address postal code": "zip",
    "address postal": "zip",
    "street city": "city",
    "street state": "state",
    "street zip": "zip",
    "street zip code": "zip",
    "street postal code": "zip",
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
    "first middle": "first_name",
    "first name middle": "first_name",
    "first name middle initial": "first_name",
    "first name middle name": "first_name",
    "first and middle": "first_name",
    "first and middle name": "first_name",
    "first name and middle": "first_name",
    "first name and middle initial": "first_name",
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
    "last company": "last_name",
    "last name company": "last_name",
    "last name company name": "last_name",
    "company last": "last_name",
    "company last name": "last_name",
    "additional name": "middle_name",
    "middle last": "middle_name",
    "phone": "phone",
    "email": "email",
    "company": "company",
    "company name": "company",
    "name company": "company",
    "full company name": "company",
    "street type direction": "postdirection",
    "st type direction": "postdirection",
    "address street type direction": "postdirection",
    "type direction": "postdirection",
    "direction type": "postdirection",
    "street direction type": "postdirection",
    "street number pre": "house_prefix",
    "house number pre": "house_prefix",
    "address number pre": "house_prefix",
}
"""The meanings in a name, without families and numbers → the part that its column holds."""
OTHER = "other"
"""The part of columns about another person. Nothing is guessed from their values either."""
PLACE_PARTS = {"line", "unit", "city", "state", "zip", "place"}
ADDRESS_PARTS = {"address", "full_address", "line", *STREET_PARTS, *PLACE_PARTS}
AMBIGUOUS_PARTS = {"street_type", "predirection", "postdirection", "house_prefix", "house_number", "house_suffix"}
"""Parts whose names can also be about something else, such as a type or a number."""
ABBREVIATED_PARTS = {"street_type", "predirection", "postdirection", "house_suffix"}
"""Parts that are often written as codes."""
PART_OF_BARE_FAMILY = {"owner": "full_name", "property": "address", "mailing": "address"}
"""Family → the part that a name with nothing but the family means, if its values agree."""


@dataclass(frozen=True)
class Meaning:
    """What a column's name says about its values."""

    part: str
    family: str
    """Whose address, if the part belongs to an address."""
    number: int = 1
    """The number in a name, as in Owner 1, Phone 2 and ADDR2."""
    weight: int = 0
    """Of two columns with the same meaning, the one with the higher weight is used: an owner before a contact."""
    is_certain: bool = True
    """Whether the name is enough. If it is not, the values decide."""
    whose: str = ""
    """Whose name, phone or email: owner, contact, or unknown."""
    doubt: str = ""
    """Why the name alone is not enough."""
    is_moved: bool = False
    """Whether the family comes from where the column stands, not from its name."""


def read_name(column: str, prefix: str = "") -> Meaning | None:
    """Return the Meaning of a column's name without a prefix, or None if the name says nothing about a person."""
    words = find_words(column, prefix)
    if words is None or STAFF.search(" ".join(split_tokens(column))):
        return None
    families = {word for word in words if word in FAMILY_WORDS}
    numbers = [int(word) if word.isdecimal() else NUMBER_WORDS[word] for word in words if is_number(word)]
    rest = join_rest(words)
    if "zip" in words and numbers == [5]:
        numbers = []
    if not rest and not families & {"owner", "property", "mailing"}:
        return None
    is_further_line = "additional" in words and rest != "additional name"
    if is_further_line:
        # The name is about a second line of the address.
        rest = " ".join(drop_repeats(rest.replace("additional", "").split()) or [])
        numbers.append(2)
    if rest == "to" and families == {"mailing"}:
        return Meaning("full_name", PLAIN, weight=RECIPIENT_WEIGHT)
    if "mailing" in families:
        # `Mail To City`
        rest = rest.removeprefix("to ")
    if rest == "full" and families <= {"owner", "contact"}:
        rest = "full name"
    rest = drop_code(reduce_contact_names(rest))
    if not rest and families.isdisjoint(PART_OF_BARE_FAMILY):
        # The name is only a word such as `Extra`.
        return None
    if rest and (rest not in PART_BY_MEANINGS or (rest == "number" and REGISTER_WORDS.search(column))):
        return None
    part = PART_BY_MEANINGS[rest] if rest else choose_bare_part(families)
    number = max([1, *numbers])
    if not rest and part == "full_name" and "property" in families:
        # `PROPERTY_OWNER` is the owner.
        families = families - {"property"}
    is_certain = (bool(rest) or part == "full_name") and not is_further_line
    meaning = assign_family(part, families, number, is_certain, words)
    if meaning and not meaning.whose and "contact" in split_tokens(column):
        return replace(meaning, whose="contact")
    return meaning


def join_rest(words: Sequence[str]) -> str:
    """Return the meanings in a name without families and numbers. `st` is a street if a part of one is beside it."""
    rest = drop_repeats([word for word in words if word not in FAMILY_WORDS and not is_number(word)]) or []
    if "st" in rest and not STREET_PART_WORDS.isdisjoint(rest):
        rest = ["street" if word == "st" else word for word in rest]
    return " ".join(rest)


def reduce_contact_names(rest: str) -> str:
    """Reduce the many names of phones and emails to one: `full phone number`, `Phone 1 - Value`, `email address`."""
    words = set(rest.split())
    phones = {"phone", "mobile", "landline"}
    if words & phones and words <= phones | {"number", "full", "value", "first", "line", "last"}:
        return "phone"
    if "email" in words and words <= {"email", "address", "value", "first", "full"}:
        return "email"
    return rest


def drop_code(rest: str) -> str:
    """Drop a word for `code`, which only says that a part of the street is abbreviated: `street_type_cd`."""
    part = PART_BY_MEANINGS.get(rest.removesuffix(" code"), "")
    return rest.removesuffix(" code") if part in ABBREVIATED_PARTS else rest


def choose_bare_part(families: Collection[str]) -> str:
    """Return the part that a name with nothing but families means."""
    return next(PART_OF_BARE_FAMILY[family] for family in ("mailing", "owner", "property") if family in families)


def assign_family(part: str, families: set[str], number: int, is_certain: bool, words: Sequence[str]) -> Meaning | None:
    """Return the Meaning of a part, which belongs to an address or to a person."""
    if part in ADDRESS_PARTS:
        return assign_address(part, families, number, is_certain, words)
    if part == "full_name" and "owner" not in families and families & {"property", "mailing"}:
        return Meaning(part, PLAIN, number, RECIPIENT_WEIGHT) if "mailing" in families else None
    whose = "owner" if "owner" in families else ""
    return Meaning(part, PLAIN, number, find_weight(part, families, words), is_certain, whose)


def assign_address(
    part: str, families: set[str], number: int, is_certain: bool, words: Sequence[str]
) -> Meaning | None:
    """Return the Meaning of a part of an address. `mailing` outweighs `owner`, and `address` outweighs `street`."""
    if part in AMBIGUOUS_PARTS and not is_about_street(words, families, part):
        return None
    weight = int("mailing" in families) + int(part == "address" and "address" in words)
    if part == "address" and number > 1:
        # Lines of an address after the first can hold any part of it: their values decide.
        part = "line"
    if part == "state" and number == 2:
        # `state2` is the state as two letters.
        number, weight = 1, weight - 1
    if "mailing" in families or ("owner" in families and "property" not in families):
        return Meaning(part, MAILING, number, weight, is_certain)
    return Meaning(part, PROPERTY if "property" in families else PLAIN, number, weight, is_certain)


def is_about_street(words: Sequence[str], families: set[str], part: str) -> bool:
    """Return whether a name is about a street: `Type` or `Number` alone can be about anything."""
    is_named = bool({"street", "st", "address", "house", "pre", "half", "direction"} & set(words))
    return is_named or (part != "street_type" and bool(families & {"property", "mailing"}))


def find_weight(part: str, families: set[str], words: Sequence[str]) -> int:
    """Return the weight of a meaning: an owner outweighs unknown, and a plain number outweighs a mobile or landline."""
    if part == "phone" and not {"mobile", "landline"}.isdisjoint(words):
        return 2 if "mobile" in words else 1
    if "owner" in families:
        return 5
    return 3 if families else 4


def is_number(word: str) -> bool:
    return word in NUMBER_WORDS or word.isdecimal()


def split_tokens(column: str) -> list[str]:
    """Return the words and numbers of a column's name in lower case."""
    # A 911 or E911 address is where the emergency services go: the site.
    column = re.sub(r"e?911", " site ", column, flags=re.IGNORECASE)
    column = drop_accents(column)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", column.replace("#", " number "))
    # ZIP+4 is the four digits after a ZIP.
    text = re.sub(r"\bzip ?\+ ?4\b", "zip plus", re.sub(r"(?<![a-z])e[-_ ]?mail", "email", text.lower()))
    text = re.sub(r"(?<![a-z])([fml])[ _.]?(?=name(?![a-z]))", lambda found: f"{INITIALS[found[1]]} ", text)
    return re.findall(r"[a-z]+|\d+", text)


def find_words(column: str, prefix: str = "") -> list[str] | None:
    """Return the meanings of the words in a name without a prefix, or None if a word is unknown."""
    meanings: list[str] = []
    tokens = split_tokens(column)
    if prefix and tokens[:1] == [prefix]:
        tokens = tokens[1:]
    for token in tokens:
        if token.isdecimal():
            # A longer number is a year or a code, as in ADDR09.
            if len(token) > 1:
                return None
            meanings.append(token)
        elif token not in IGNORED_WORDS:
            words = split_token(token)
            if words is None:
                return None
            meanings += words
    return drop_repeats(meanings)


def drop_repeats(meanings: list[str]) -> list[str] | None:
    """Return meanings without adjacent duplicates, or None if they are the four digits after a ZIP (`zip 4`)."""
    if meanings[-2:] == ["zip", "4"]:
        return None
    return [word for position, word in enumerate(meanings) if position == 0 or word != meanings[position - 1]]


@lru_cache(maxsize=10_000)
def split_token(token: str) -> tuple[str, ...] | None:
    """Split a token into as few known words as possible. Return their meanings, or None if it cannot be split."""
    if token in MEANING_BY_WORD:
        return (MEANING_BY_WORD[token],)
    if len(token) > MAX_TOKEN_LENGTH:
        return None
    if len(token) > 3 and token[0] in FAMILY_BY_LETTER:
        rest = split_token(token[1:])
        if rest and rest[0] in {"address", "street", "city", "state", "zip", "unit"}:
            return (FAMILY_BY_LETTER[token[0]], *rest)
    if len(token) > 3 and token[0] in PHONE_BY_LETTER and MEANING_BY_WORD.get(token[1:]) == "phone":
        return PHONE_BY_LETTER[token[0]]
    best = None
    for length in range(2, len(token) - 1):
        if token[:length] in MEANING_BY_WORD and (rest := split_token(token[length:])):
            words = (MEANING_BY_WORD[token[:length]], *rest)
            if best is None or len(words) < len(best):
                best = words
    return best
