"""The match check: whether the person found is the person asked for, judged by names alone. Pure.

After a wrong SAME, a user calls a stranger. After a wrong OTHER, a user ignores the right person. PERHAPS only costs a
look. So unclear cases are PERHAPS, and OTHER is only for people whom a careful reader would tell apart.
"""

from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz.distance import OSA

from batches.people.first_names import FIRST_NAMES
from batches.people.name_readings import Reading, is_initial, read_asked, read_found
from batches.people.nicknames import is_one_name, is_perhaps_short

SAME, PERHAPS, OTHER = "same", "perhaps", "other"

RANKS = {SAME: 2, PERHAPS: 1, OTHER: 0}
LOWER = {SAME: PERHAPS, PERHAPS: OTHER, OTHER: OTHER}
MAX_NAMES = 50
"""Maximum number of found names that are compared."""

DIFFERENT, VAGUE, INITIAL, CLOSE, EQUAL = range(5)
"""How similar two words or two sets of given names are."""
CONFIRMED, OPEN, AGAINST = "confirmed", "open", "against"
"""The result of comparing the middle names."""


def compare(first: str, middle: str, last: str, found: Sequence[str]) -> str:
    """Return SAME, PERHAPS or OTHER; "" if there is nothing to compare (no name asked, or none found).

    The best result of all found names counts: an alias with the maiden name makes it the same person.

    - The same surname: SAME with the same given name, its short form or spelling, or one typo in a longer one. An
      initial (`J` for John) is PERHAPS, because relatives may share it, unless a full middle name confirms it.
      Different middle names, or Jr for Sr, are PERHAPS: father and son. Another given name is OTHER: a relative. A
      middle name in place of the first name is PERHAPS, or SAME if both names are there.
    - One of two surnames counts as the surname. So does one typo in six letters or more, if the given name is right;
      less similarity turns SAME into PERHAPS, and PERHAPS into OTHER.
    - Another surname: PERHAPS if a middle name agrees, or if the given name is rare, because people marry. A
      common given name alone is OTHER: the next tenant may be a Mary too, and aliases show most marriages.
    - A single name is PERHAPS at most, and so is a name in another script, which cannot be compared here.
    """
    if first and last and is_written_alike(first, middle, last, found):
        return SAME
    asked = read_asked(first, middle, last)
    if not asked.given and not asked.last:
        return ""
    best = ""
    for text in found[:MAX_NAMES]:
        for reading in read_found(text):
            verdict = judge(asked, reading)
            if verdict == SAME:
                return SAME
            if not best or RANKS[verdict] > RANKS[best]:
                best = verdict
    return best


def is_written_alike(first: str, middle: str, last: str, found: Sequence[str]) -> bool:
    """Return quickly whether names have the same letters, regardless of case."""
    name = (f"{first} {middle} {last}" if middle else f"{first} {last}").lower()
    is_named = name[:1].isalpha() and last[:1].isalpha()
    return is_named and any(len(text) == len(name) and text.lower() == name for text in found[:MAX_NAMES])


def judge(asked: Reading, found: Reading) -> str:
    """Return the verdict for one reading of a found name."""
    if found.is_double and found.last[0] not in asked.last:
        return OTHER
    if is_latin(asked) != is_latin(found):
        return PERHAPS
    verdict = weigh(asked, found)
    if verdict == SAME and asked.generation and found.generation and asked.generation != found.generation:
        verdict = PERHAPS
    return verdict if found.is_sure else LOWER[verdict]


def is_one_word(name: Reading, other: Reading) -> bool:
    """Return whether one name has no spaces, as in some scripts, and contains all letters of the other."""
    if (name.given and name.last) or not (other.given and other.last):
        return False
    word, given, last = "".join(name.given + name.last), "".join(other.given), other.joined
    return word in (given + last, last + given)


def is_latin(name: Reading) -> bool:
    return any("A" <= word[0] <= "Z" for word in name.given + name.last)


def weigh(asked: Reading, found: Reading) -> str:
    """Apply the rule for the surname; see `compare`."""
    surname = compare_surnames(asked, found) if asked.last and found.last else None
    if is_one_word(asked, found) or is_one_word(found, asked):
        return SAME
    if not asked.given or not found.given:
        return PERHAPS if surname is not None and surname > VAGUE else OTHER
    given, middle = compare_given(asked.given, found.given)
    if surname is None:
        return PERHAPS if given and middle != AGAINST else OTHER
    if surname == DIFFERENT:
        return weigh_without_surname(asked, found, given, middle)
    verdict = weigh_given(given, middle)
    if surname == EQUAL or (surname == CLOSE and given == EQUAL):
        return verdict
    return verdict if surname == CLOSE and verdict == PERHAPS else LOWER[verdict]


def weigh_given(given: int, middle: str) -> str:
    """Compare the given names of people with the same surname."""
    if given >= CLOSE:
        return PERHAPS if middle == AGAINST else SAME
    if given == INITIAL and middle == CONFIRMED:
        return SAME
    return PERHAPS if given and middle != AGAINST else OTHER


def weigh_without_surname(asked: Reading, found: Reading, given: int, middle: str) -> str:
    """Compare the given names alone: the person has married, or is someone else."""
    if given < EQUAL or middle == AGAINST:
        return OTHER
    if len(asked.given) > 1 and len(found.given) > 1:
        return PERHAPS
    name = asked.given[0]
    is_rare = len(name) > 3 and name == found.given[0] and name not in FIRST_NAMES
    return PERHAPS if is_rare else OTHER


def compare_surnames(asked: Reading, found: Reading) -> int:
    """Return EQUAL, also if one is one of two surnames of the other; CLOSE for one typo; VAGUE for less similarity."""
    if asked.joined == found.joined or asked.last == found.last:
        return EQUAL
    one, other = set(asked.last), set(found.last)
    if one & other:
        return EQUAL if one <= other or other <= one else VAGUE
    if is_initial(asked.joined) or is_initial(found.joined):
        return VAGUE if asked.joined[0] == found.joined[0] else DIFFERENT
    near = compare_letters(asked.joined, found.joined, 6)
    if near or len(one) + len(other) == 2:
        return near
    is_half_close = any(compare_letters(a, b, 6) == CLOSE for a in one for b in other)
    return VAGUE if is_half_close else DIFFERENT


def compare_letters(one: str, other: str, enough: int) -> int:
    """Compare by typos: a letter is missing, added or different, or two are swapped.

    One typo is CLOSE from `enough` letters on, at which two different names rarely differ by one, and VAGUE from three.
    Two typos are VAGUE from eight on. Not Jaro-Winkler, which prefers equal beginnings: it finds Robert and Roberto
    more similar than Catherine and Katherine.
    """
    shorter = min(len(one), len(other))
    if shorter < 3 or abs(len(one) - len(other)) > 2:
        return DIFFERENT
    slips = OSA.distance(one, other, score_cutoff=2)
    if slips < 2:
        return CLOSE if shorter >= enough else VAGUE
    return VAGUE if slips == 2 and shorter >= 8 else DIFFERENT


@lru_cache(maxsize=50_000)
def compare_words(one: str, other: str) -> int:
    """Compare two given names. Common names that differ by a letter are different: Gary and Mary, Donald and Ronald."""
    if one == other or is_one_name(one, other):
        return EQUAL
    if is_initial(one) or is_initial(other):
        return INITIAL if one[0] == other[0] else DIFFERENT
    if one in FIRST_NAMES and other in FIRST_NAMES:
        is_like = one[0] == other[0] and min(len(one), len(other)) > 4 and OSA.distance(one, other, score_cutoff=1) < 2
        return VAGUE if is_like or is_perhaps_short(one, other) else DIFFERENT
    return compare_letters(one, other, 5) or (VAGUE if is_perhaps_short(one, other) else DIFFERENT)


def compare_given(asked: tuple[str, ...], found: tuple[str, ...]) -> tuple[int, str]:
    """Return how similar the given names are, and the result of comparing the middle names."""
    asked, found = drop_repeated(asked), drop_repeated(found)
    if asked == found:
        return EQUAL, CONFIRMED if len(asked) > 1 else OPEN
    near = compare_words(asked[0], found[0])
    if near < EQUAL and len(asked) != len(found) and "".join(asked[:2]) == "".join(found[:2]):
        return EQUAL, OPEN
    if len(asked) > 1 and len(found) > 1:
        crossed = compare_words(asked[0], found[1]), compare_words(asked[1], found[0])
        if near < CLOSE and max(crossed) == EQUAL and min(crossed) >= INITIAL:
            return EQUAL, CONFIRMED
    if near:
        return near, compare_middle(asked[1:], found[1:])
    return (goes_by(asked, found) or goes_by(found, asked)), OPEN


def goes_by(names: tuple[str, ...], others: tuple[str, ...]) -> int:
    """Return whether a first name is among the other's middle names: a person who writes `R James` is called James."""
    if len(names[0]) == 1 or names[0] not in others[1:]:
        return DIFFERENT
    return EQUAL if is_initial(others[0]) and others[1] == names[0] else VAGUE


def compare_middle(asked: tuple[str, ...], found: tuple[str, ...]) -> str:
    """Compare middle names: a full one confirms, an initial decides nothing."""
    if not asked or not found:
        return OPEN
    near = [(compare_words(one, other), min(len(one), len(other))) for one in asked for other in found]
    if any(how >= CLOSE and length > 1 for how, length in near):
        return CONFIRMED
    return OPEN if any(how for how, _ in near) else AGAINST


def drop_repeated(given: tuple[str, ...]) -> tuple[str, ...]:
    """Remove repetitions of the first name: `Robert "Bob"`."""
    if len(given) < 2:
        return given
    return given[:1] + tuple(word for word in given[1:] if word != given[0] and not is_one_name(word, given[0]))
