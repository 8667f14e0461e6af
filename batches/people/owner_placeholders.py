"""Recognise what stands in the place of an owner's name: placeholders, remarks and notes on hidden names. Pure."""

from batches.people.kind_rules import find_distinctive_kind
from batches.people.name_words import KNOWN_GIVEN_NAMES, OWNER_WORD, is_alphabetic
from batches.people.owner_words import PERSON
from batches.people.roll_words import drop_roll_words

FUNCTION_WORDS = frozenset("NOT CANNOT FROM WITHOUT UNTIL UPON PLEASE".split())
"""Words of sentences. Names do not contain them, except for the name From at the start or the end."""
REMARK_WORDS = FUNCTION_WORDS | {"BY"}
"""Words of sentences, with one that tax rolls also add to names."""
MAX_REMARK_WORDS = 6
"""Maximum number of words in a remark. In a longer name, `not` can belong to what tax rolls add."""

PLACEHOLDER_WORDS = frozenset(
    "UNKNOWN CURRENT OWNER OWNERS OCCUPANT OCCUPANTS OCCUPIED RESIDENT RESIDENTS RECORD RECORDS OF OR"
    " TAXPAYER TAXPAYERS PROPERTY HOME HOMEOWNER HOUSEHOLDER CONFIDENTIAL NAME NAMES WITHHELD REDACTED NOT"
    " AVAILABLE PROVIDED LISTED GIVEN NO NONE UNASSIGNED TENANT TENANTS THE TO BE DETERMINED VARIOUS"
    " MULTIPLE SAME AS ABOVE ON FILE PROTECTED SUPPRESSED UNAVAILABLE NULL TBD VACANT UNNAMED UNDISCLOSED"
    " SPOUSE LAND LOT POSTAL CUSTOMER UNLISTED PRIVATE REQUEST BY RESTRICTED AND IN CARE NEIGHBOR BOXHOLDER UNK"
    " VALUED DEAR VOTER POSSESSION PREMISES PRIVACY REQUESTED".split()
)
"""Words that placeholders for an owner consist of."""
DECISIVE_PLACEHOLDER_WORDS = PLACEHOLDER_WORDS - frozenset(
    "HOME OF OR NO THE TO BE AS ON BY AND IN CARE GIVEN SAME PRIVATE SPOUSE LAND LOT"
    " DEAR POSSESSION PREMISES REQUESTED".split()
)
"""Words of which a placeholder for an owner has at least one."""
HIDING_WORDS = frozenset("SUPPRESSED WITHHELD REDACTED UNDISCLOSED".split())
"""Words that no name contains, and that say why there is none: `NAME SUPPRESSED PER STATUTE`."""
SEEN_WORDS = frozenset("FILE DEED NOTE NOTES ABOVE BELOW ATTACHED COMMENTS RECORD RECORDS REMARKS LIST".split())
"""Words after `SEE` in a remark."""
LAW_WORDS = frozenset("PER PURSUANT STATUTE STATUTES STAT FS FSS CODE ORDINANCE ACT".split())
"""Words for the law by which an owner is hidden. Some are names or initials, unless a placeholder begins the text."""
PLACEHOLDER_FIRST_WORDS = (
    PLACEHOLDER_WORDS
    | {"SEE"}
    | {f"{word}/{other}" for word in ("OWNER", "CURRENT") for other in ("OCCUPANT", "RESIDENT", "OWNER")}
)
"""Words that a placeholder for an owner can begin with."""


def may_be_placeholder(text: str) -> bool:
    """Return whether a name's first word allows it to be a placeholder. This is the quick check for most names."""
    return text.partition(" ")[0].upper().strip("(*") in PLACEHOLDER_FIRST_WORDS or not text[:1].isalpha()


def is_placeholder(text: str) -> bool:
    """Return whether a name is a placeholder for an owner: `OWNER OF RECORD`, `CURRENT RESIDENT`, `NAME WITHHELD`."""
    upper = text.upper()
    words = upper.split() if is_alphabetic(upper) else OWNER_WORD.findall(upper)
    if not REMARK_WORDS.isdisjoint(words) and is_remark(drop_roll_words(words)):
        return True
    if len(words) > 2 and words[0] in DECISIVE_PLACEHOLDER_WORDS and names_law(words[1:]):
        return True
    if len(words) > 1 and (
        not HIDING_WORDS.isdisjoint(words) or (words[0] == "SEE" and SEEN_WORDS.issuperset(words[1:]))
    ):
        return True
    if words and words[-1].isdigit():
        # `TENANT #2`
        words = words[:-1]
    return bool(words) and PLACEHOLDER_WORDS.issuperset(words) and not DECISIVE_PLACEHOLDER_WORDS.isdisjoint(words)


def names_law(words: list[str]) -> bool:
    """Return whether words after a placeholder say by which law the owner is hidden: `NAME PER FS 119`."""
    return next((word for word in words if word not in PLACEHOLDER_WORDS), "") in LAW_WORDS


def is_remark(words: list[str]) -> bool:
    """Return whether words with a remark word among them are a remark: `EXEMPT FROM DISCLOSURE`."""
    if words[0] in DECISIVE_PLACEHOLDER_WORDS:
        return True
    is_short = len(words) <= MAX_REMARK_WORDS and not FUNCTION_WORDS.isdisjoint(words[1:-1])
    if not is_short or not KNOWN_GIVEN_NAMES.isdisjoint(words):
        return False
    return find_distinctive_kind(" ".join(words), is_split=False) == PERSON
