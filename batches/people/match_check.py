"""Judge by names alone whether the person who was found is the person who was asked for. Pure.

After a wrong SAME, a user calls a stranger. After a wrong OTHER, a user ignores the right person. PERHAPS only costs a
look, so unclear cases are PERHAPS, and OTHER is only for people whom a careful reader would tell apart.
"""

from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz.distance import OSA

from batches.people.first_names import FIRST_NAMES
from batches.people.name_readings import Reading, is_initial, read_asked, read_found
from batches.people.nicknames import is_same_name, may_be_nickname

SAME, PERHAPS, OTHER = "same", "perhaps", "other"
RANK_BY_VERDICT = {SAME: 2, PERHAPS: 1, OTHER: 0}
NEXT_LOWER = {SAME: PERHAPS, PERHAPS: OTHER, OTHER: OTHER}
"""Verdict → the verdict if the evidence is less certain."""
MAX_NAMES = 50
"""Maximum number of found names that are compared."""

DIFFERENT, VAGUE, INITIAL, CLOSE, EQUAL = range(5)
"""How similar two words or two sets of given names are."""
CONFIRMED, UNDECIDED, CONTRADICTED = "confirmed", "open", "against"
"""What the middle names say about the match."""
MIN_SURNAME_LETTERS = 6
MIN_GIVEN_NAME_LETTERS = 5
"""From these numbers of letters on, names of different people rarely differ by one typo."""


def compare(first: str, middle: str, last: str, found: Sequence[str]) -> str:
    """Return SAME, PERHAPS or OTHER, or "" if no name was asked for or none was found.

    The best verdict on any found name counts: an alias with the maiden name makes it the same person.

    - The same surname: SAME with the same given name, its short form or spelling, or one typo in a long one. An
      initial (`J` for John) is PERHAPS, because relatives may share it, unless a full middle name confirms it.
      Different middle names, or Jr for Sr, are PERHAPS: father and son. Another given name is OTHER: a relative. A
      middle name in place of the first name is PERHAPS, or SAME if both names are there.
    - One of two surnames counts as the surname. So does one typo in six letters or more, if the given name is right;
      with less similarity, SAME becomes PERHAPS, and PERHAPS becomes OTHER.
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
            verdict = judge_reading(asked, reading)
            if verdict == SAME:
                return SAME
            if not best or RANK_BY_VERDICT[verdict] > RANK_BY_VERDICT[best]:
                best = verdict
    return best


def is_written_alike(first: str, middle: str, last: str, found: Sequence[str]) -> bool:
    """Return whether a found name is the one asked for, in any case. This is the quick check for most matches."""
    name = (f"{first} {middle} {last}" if middle else f"{first} {last}").lower()
    is_in_letters = name[:1].isalpha() and last[:1].isalpha()
    return is_in_letters and any(len(text) == len(name) and text.lower() == name for text in found[:MAX_NAMES])


def judge_reading(asked: Reading, found: Reading) -> str:
    """Return the verdict for one reading of a found name."""
    if found.is_double and found.last[0] not in asked.last:
        return OTHER
    if is_latin(asked) != is_latin(found):
        return PERHAPS
    verdict = judge_names(asked, found)
    if verdict == SAME and asked.generation and found.generation and asked.generation != found.generation:
        verdict = PERHAPS
    return verdict if found.is_sure else NEXT_LOWER[verdict]


def is_same_without_spaces(name: Reading, other: Reading) -> bool:
    """Return whether a name without spaces, as in some scripts, has the letters of the other name."""
    if (name.given and name.last) or not (other.given and other.last):
        return False
    word, given, last = "".join(name.given + name.last), "".join(other.given), other.joined
    return word in (given + last, last + given)


def is_latin(name: Reading) -> bool:
    return any("A" <= word[0] <= "Z" for word in name.given + name.last)


def judge_names(asked: Reading, found: Reading) -> str:
    """Return the verdict of the rules in `compare`, from the surnames on."""
    surname = compare_surnames(asked, found) if asked.last and found.last else None
    if is_same_without_spaces(asked, found) or is_same_without_spaces(found, asked):
        return SAME
    if not asked.given or not found.given:
        return PERHAPS if surname is not None and surname > VAGUE else OTHER
    given, middle = compare_all_given_names(asked.given, found.given)
    if surname is None:
        return PERHAPS if given and middle != CONTRADICTED else OTHER
    if surname == DIFFERENT:
        return judge_without_surname(asked, found, given, middle)
    verdict = judge_given_names(given, middle)
    if surname == EQUAL or (surname == CLOSE and given == EQUAL):
        return verdict
    # A similar surname does not make an uncertain given name less certain.
    return verdict if surname == CLOSE and verdict == PERHAPS else NEXT_LOWER[verdict]


def judge_given_names(given: int, middle: str) -> str:
    """Return the verdict for people with the same surname, from how similar their given names are."""
    if given >= CLOSE:
        return PERHAPS if middle == CONTRADICTED else SAME
    if given == INITIAL and middle == CONFIRMED:
        return SAME
    return PERHAPS if given and middle != CONTRADICTED else OTHER


def judge_without_surname(asked: Reading, found: Reading, given: int, middle: str) -> str:
    """Return the verdict for people with different surnames: the person may have married, or is someone else."""
    if given < EQUAL or middle == CONTRADICTED:
        return OTHER
    if len(asked.given) > 1 and len(found.given) > 1:
        return PERHAPS
    name = asked.given[0]
    is_rare = len(name) > 3 and name == found.given[0] and name not in FIRST_NAMES
    return PERHAPS if is_rare else OTHER


def compare_surnames(asked: Reading, found: Reading) -> int:
    """Return how similar two surnames are. One of two surnames is EQUAL to both of them."""
    if asked.joined == found.joined or asked.last == found.last:
        return EQUAL
    one, other = set(asked.last), set(found.last)
    if one & other:
        return EQUAL if one <= other or other <= one else VAGUE
    if is_initial(asked.joined) or is_initial(found.joined):
        return VAGUE if asked.joined[0] == found.joined[0] else DIFFERENT
    similarity = compare_letters(asked.joined, found.joined, MIN_SURNAME_LETTERS)
    if similarity or len(one) + len(other) == 2:
        return similarity
    is_one_close = any(compare_letters(a, b, MIN_SURNAME_LETTERS) == CLOSE for a in one for b in other)
    return VAGUE if is_one_close else DIFFERENT


def compare_letters(one: str, other: str, close_from: int) -> int:
    """Compare two words by typos: a letter is missing, added or different, or two letters are swapped.

    One typo is CLOSE from `close_from` letters on, and VAGUE from three. Two typos are VAGUE from eight letters on.
    Jaro-Winkler would prefer equal beginnings: it finds Robert and Roberto more similar than Catherine and Katherine.
    """
    shorter = min(len(one), len(other))
    if shorter < 3 or abs(len(one) - len(other)) > 2:
        return DIFFERENT
    typos = OSA.distance(one, other, score_cutoff=2)
    if typos < 2:
        return CLOSE if shorter >= close_from else VAGUE
    return VAGUE if typos == 2 and shorter >= 8 else DIFFERENT


@lru_cache(maxsize=50_000)
def compare_given_names(one: str, other: str) -> int:
    """Compare two given names. Common names are different even if they differ by one letter: Gary and Mary."""
    if one == other or is_same_name(one, other):
        return EQUAL
    if is_initial(one) or is_initial(other):
        return INITIAL if one[0] == other[0] else DIFFERENT
    if one in FIRST_NAMES and other in FIRST_NAMES:
        can_be_typo = one[0] == other[0] and min(len(one), len(other)) >= MIN_GIVEN_NAME_LETTERS
        is_typo = can_be_typo and OSA.distance(one, other, score_cutoff=1) < 2
        return VAGUE if is_typo or may_be_nickname(one, other) else DIFFERENT
    similarity = compare_letters(one, other, MIN_GIVEN_NAME_LETTERS)
    return similarity or (VAGUE if may_be_nickname(one, other) else DIFFERENT)


def compare_all_given_names(asked: tuple[str, ...], found: tuple[str, ...]) -> tuple[int, str]:
    """Return how similar the given names are, and what the middle names say about the match."""
    asked, found = drop_repetitions(asked), drop_repetitions(found)
    if asked == found:
        return EQUAL, CONFIRMED if len(asked) > 1 else UNDECIDED
    similarity = compare_given_names(asked[0], found[0])
    if similarity < EQUAL and len(asked) != len(found) and "".join(asked[:2]) == "".join(found[:2]):
        return EQUAL, UNDECIDED
    if len(asked) > 1 and len(found) > 1:
        # The first and the middle name may be swapped.
        crossed = compare_given_names(asked[0], found[1]), compare_given_names(asked[1], found[0])
        if similarity < CLOSE and max(crossed) == EQUAL and min(crossed) >= INITIAL:
            return EQUAL, CONFIRMED
    if similarity:
        return similarity, compare_middle_names(asked[1:], found[1:])
    return (compare_first_with_middle(asked, found) or compare_first_with_middle(found, asked)), UNDECIDED


def compare_first_with_middle(names: tuple[str, ...], others: tuple[str, ...]) -> int:
    """Compare the first name of one with the middle names of the other: `R James` is known as James."""
    if len(names[0]) == 1 or names[0] not in others[1:]:
        return DIFFERENT
    return EQUAL if is_initial(others[0]) and others[1] == names[0] else VAGUE


def compare_middle_names(asked: tuple[str, ...], found: tuple[str, ...]) -> str:
    """Compare middle names. A full one confirms the match, and an initial decides nothing."""
    if not asked or not found:
        return UNDECIDED
    pairs = [(one, other) for one in asked for other in found]
    if any(compare_given_names(*pair) >= CLOSE and min(map(len, pair)) > 1 for pair in pairs):
        return CONFIRMED
    return UNDECIDED if any(compare_given_names(*pair) for pair in pairs) else CONTRADICTED


def drop_repetitions(given: tuple[str, ...]) -> tuple[str, ...]:
    """Drop later names that are the first name again, as in `Robert "Bob"`."""
    if len(given) < 2:
        return given
    return given[:1] + tuple(word for word in given[1:] if word != given[0] and not is_same_name(word, given[0]))
