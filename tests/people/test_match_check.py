import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.people.match_check import OTHER, PERHAPS, SAME, compare
from batches.people.nicknames import is_one_name, is_perhaps_short

RANKS = {"": -1, OTHER: 0, PERHAPS: 1, SAME: 2}


def check(asked, *found):
    """Check a name, given as `first/middle/last` or `first/last`, against found names."""
    first, *middle, last = asked.split("/")
    return compare(first, " ".join(middle), last, list(found))


SAME_PERSON = [
    ("Ada/Abbott", "Ada Abbott", "letter for letter"),
    ("ada/ABBOTT", "ADA ABBOTT", "case"),
    ("Ada/E/Abbott", "Mr Ada E Abbott Jr", "title and suffix"),
    ("Ada/Abbott", "ABBOTT, ADA E", "last name first"),
    ("Ada/Abbott", "ABBOTT ADA E", "last name first, without a comma, which the words tell"),
    ("Ada/Abbott", "Abbott, Mrs. Ada E., Esq.", "with everything"),
    ("Ada/Abbott", "Ada Abbott, MD, PhD", "commas that are not the order's"),
    ("Ada/Abbott", "Ada Abbott Ph.D.", "a degree with periods"),
    ("Zoe/ONeil", "Zoë O'Neil", "accent and apostrophe"),
    ("Zoë/O’Neil", "ZOE O NEIL", "a blank for the apostrophe"),
    ("Soren/Ostergard", "Søren Østergård", "letters that are no letter with an accent"),
    ("Ada/St. John", "Ada Saint John", "saint"),
    ("Maria/de la Cruz", "Maria de la Cruz", "particles"),
    ("Maria/Delacruz", "Maria De La Cruz", "particles in one word"),
    ("Maria/Cruz", "DE LA CRUZ, MARIA", "particles left out"),
    ("Duncan/McDoon", "Duncan Mc Doon", "a beginning by itself"),
    ("J.R./Hale", "J R Hale", "initials for a name"),
    ("Bob/Hale", "Robert Hale", "short form asked"),
    ("Robert/Hale", "Bob T Hale", "short form found"),
    ("Peggy/Hale", "Margaret A Hale", "short form that looks different"),
    ("Bob/Hale", "Rob Hale", "two short forms of one name"),
    ("Catherine/Hale", "Kathryn Hale", "spellings"),
    ("Robert/Hale", 'Robert "Bob" Hale', "a short form beside the name"),
    ("Margaret/Ann/Hale", "Margaret (Peggy) Ann Hale", "a short form in between"),
    ("Margraet/Hale", "Margaret Hale", "two letters changed places"),
    ("Elizbeth/Hale", "Elizabeth Hale", "a letter missing"),
    ("Ada/Abernathy", "Ada Abernethy", "a slip in a long surname"),
    ("Ada/Garcia", "Ada Garcia Lopez", "first of two surnames"),
    ("Ada/Lopez", "Ada Garcia Lopez", "second of two surnames"),
    ("Ada/Garcia Lopez", "Ada Garcia", "one of the two asked"),
    ("Ada/Abbott-Hale", "Ada Abbott", "one half of a hyphened one asked"),
    ("Ada/Abbott", "Ada Abbott-Hale", "one half of a hyphened one found"),
    ("Ada/Hale", "Ada Abbott-Hale", "the other half"),
    ("Ada/Abbott Hale", "Ada Abbott-Hale", "a blank for the hyphen"),
    ("Ada/Hale", "Ada (Hale) Abbott", "maiden name in brackets"),
    ("Ada/Hale", "Ada Abbott née Hale", "maiden name behind"),
    ("Ada/Hale", "Ada Abbott aka Ada Hale", "also known as"),
    ("Mary Ann/Hale", "Maryann Hale", "two given names in one word"),
    ("Jean-Luc/Hale", "Jean Luc Hale", "hyphen in the given name"),
    ("Mary/Ann/Hale", "Mary A Hale", "initial in the middle"),
    ("J/Robert/Hale", "James Robert Hale", "initial that a middle name confirms"),
    ("James/Robert/Hale", "Robert James Hale", "first and middle swapped"),
    ("James/Hale", "R. James Hale", "called by the middle name, and says so"),
    ("John/Hale", "John & Mary Hale", "the first of two"),
    ("Mary/Hale", "John & Mary Hale", "the second of two"),
    ("Mary/Hale", "Hale, John & Mary", "the second of two, last name first"),
    ("Иван/Петров", "ИВАН ПЕТРОВ", "another script"),
    ("明/李", "李明", "a script without blanks"),
    ("明/李", "李 明", "the same with one"),
]
PERHAPS_SAME = [
    ("J/Hale", "John Hale", "initial asked"),
    ("John/Hale", "J Hale", "initial found"),
    ("J/A/Hale", "John Albert Hale", "two initials"),
    ("John/A/Hale", "John B Hale", "other middle initials: cousins"),
    ("John/Albert/Hale", "John Baxter Hale", "other middle names: father and son"),
    ("John/Hale Jr", "John Hale Sr", "father and son, who both say so"),
    ("John/Hale II", "John Hale III", "numbered"),
    ("James/Hale", "Robert James Hale", "maybe called by the middle name, maybe his son"),
    ("Robert/James/Hale", "James Hale", "the same found"),
    ("James/Thomas", "Thomas James", "two names that may be either"),
    ("Abbott/Ada", "Ada Abbott", "columns the wrong way round"),
    ("John/Thomas", "John Thomas Hale", "a surname that is a middle name as well"),
    ("Ada/Smith", "Ada Smyth", "a slip in a short surname"),
    ("Ada/Garcia Lopez", "Ada Garcia Perez", "one surname shared, one not"),
    ("Ada/Elaine/Hale", "Ada Elaine Abbott", "married: first and middle"),
    ("Ada/E/Hale", "Ada E Abbott", "married: first and initial"),
    ("Philomena/Hale", "Philomena Abbott", "married: a rare given name"),
    ("Andrew/Hale", "Andrea Hale", "names a letter apart"),
    ("Maria/Hale", "Mario Hale", "names a letter apart, both common"),
    ("Jonh/Hale", "John Hale", "a slip in a short name"),
    ("Mary/Hale", "Rosemary Hale", "what only the library calls a short form"),
    ("/Hale", "Ada Hale", "only a last name asked"),
    ("Ada/", "Ada Hale", "only a first name asked"),
    ("Ada/Hale", "Hale", "only a last name found"),
    ("Ada/Hale", "Ada", "only a first name found"),
    ("Ivan/Petrov", "Иван Петров", "two scripts"),
    ("Ada/Hale", "Estate of Ada Hale", "an estate"),
    ("Ada/Hale", "Ada Hale Trust", "a trust"),
    ("Ada/Hale", "Ada Hale LLC", "a company called after a person"),
    ("Ada/Garcia Lopez", "GARCIA LOPEZ ADA", "two surnames first, without a comma"),
    ("Jörg/Müller", "Joerg Mueller", "two slips"),
]
SOMEONE_ELSE = [
    ("Ada/Abbott", "Bruno Hale", "nothing in common"),
    ("Ada/Hale", "Bruno Hale", "a relative"),
    ("Gary/Hale", "Mary Hale", "a relative whose name is a letter away"),
    ("Donald/Hale", "Ronald Hale", "a twin"),
    ("Paul/Hale", "Paula Hale", "a spouse or a daughter"),
    ("J/Hale", "Bruno Hale", "another initial"),
    ("J/A/Hale", "John B Hale", "an initial, and another middle one"),
    ("Mary/Hale", "Mary Abbott", "the next tenant"),
    ("Mary/Elaine/Hale", "Mary Ruth Abbott", "another middle name and surname"),
    ("John/Hale", "Hale Abbott", "the surname as a given name"),
    ("/Hale", "Ada Abbott", "another last name"),
    ("Ada/", "Bruno Hale", "another first name"),
    ("Ada/Hale", "Bruno Hale & Cora Abbott", "neither of two"),
    ("Peter/Brown", "Peter Hale & John Brown", "made of two people"),
    ("Ada/Hale", "Acme Holdings LLC", "a company"),
    ("Ada/Lee", "Ada Kim", "short surnames"),
    ("Bob/Smith", "Robert Smithson", "a longer surname"),
]


@pytest.mark.parametrize(("asked", "found", "why"), SAME_PERSON)
def test_the_same_person_is_recognised(asked, found, why):
    assert check(asked, found) == SAME, why


@pytest.mark.parametrize(("asked", "found", "why"), PERHAPS_SAME)
def test_uncertain_matches_are_perhaps_the_same_person(asked, found, why):
    assert check(asked, found) == PERHAPS, why


@pytest.mark.parametrize(("asked", "found", "why"), SOMEONE_ELSE)
def test_someone_else_is_recognised(asked, found, why):
    assert check(asked, found) == OTHER, why


def test_the_best_of_all_found_names_decides():
    assert check("Mary/Hale", "Mary Abbott", "Mary Hale") == SAME
    assert check("Mary/Hale", "Bruno Abbott", "M Hale", "Mary Abbott") == PERHAPS


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("/", ["Ada Hale"]),
        ("Ada/Hale", []),
        ("Ada/Hale", ["", "  "]),
        ("Ada/Hale", ["123 ???"]),
        (" /-", ["Ada Hale"]),
        ("Ada/Hale", ["UNKNOWN OWNER", "Current Resident"]),
    ],
)
def test_without_names_there_is_nothing_to_compare(asked, found):
    assert check(asked, *found) == ""


NAMES = ["Ada/Abbott", "Ada/Abbott-Hale", "Bob/Hale", "Robert/Hale", "J/Hale", "Gary/Hale", "Mary/Hale", "Ada/E/Hale"]
NAMES += [
    "Maria/de la Cruz",
    "Maria/Cruz",
    "Zoë/O'Neil",
    "Zoe/Oneil",
    "Ada/Abernathy",
    "Ada/Abernethy",
    "Philomena/Hale",
]
NAMES += ["James/Robert/Hale", "Robert/James/Hale", "James/Hale", "Jonh/Hale", "John/Hale", "John/B/Hale", "J/A/Hale"]


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(NAMES, 2)))
def test_the_check_is_symmetric(one, other):
    assert check(one, other.replace("/", " ")) == check(other, one.replace("/", " "))


@pytest.mark.parametrize("name", NAMES)
def test_every_form_of_a_name_is_the_same_person(name):
    *given_names, last = name.upper().split("/")
    assert check(name, f"{' '.join(given_names)} {last}") == SAME
    assert check(name, f"{last}, {' '.join(given_names)}") == SAME


words = st.text(max_size=30) | st.sampled_from(
    [
        "Ada",
        "J",
        "Hale",
        "O",
        "St",
        "de la",
        "&",
        ",",
        "-",
        "Jr",
        "V",
        "III",
        "Mr",
        "aka",
        "%",
        "(",
        "i\u0307",
        "ß",
        "2nd",
    ]
)
full_names = st.lists(words, max_size=8).map(" ".join) | st.lists(words, max_size=8).map("".join)


@given(words, words, words, st.lists(full_names, max_size=4))
def test_no_text_fails_and_another_alias_never_lowers_the_verdict(first, middle, last, found):
    verdict = compare(first, middle, last, found)
    assert verdict in RANKS
    assert RANKS[compare(first, middle, last, [*found, "Ada Hale"])] >= RANKS[verdict]
    for text in found:
        compare(text, first, last, [text])


def test_only_the_first_words_of_a_long_name_are_compared():
    flood = "Ada Hale " * 100_000
    assert check(f"{flood}/Abbott", *[flood] * 1_000) in RANKS
    assert check(f"{flood}/{flood}", flood, "&" * 1_000_000, "A-" * 1_000_000, "\u0301" * 1_000_000) in RANKS


def test_short_forms_known_only_to_the_library_are_not_the_same_name():
    assert is_one_name("BILL", "WILLIAM")
    assert not is_one_name("WILLIAM", "WILMA")
    assert is_perhaps_short("WILLIAM", "WILMA")
    assert not is_perhaps_short("WILLIAM", "ADA")
