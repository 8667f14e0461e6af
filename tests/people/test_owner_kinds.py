"""Owners who are not people are recognised by more than the words of their names."""

import pytest

from batches.people.owner_kinds import Doubt, Judgement, find_kind, judge_full_name
from batches.people.owner_placeholders import is_placeholder


@pytest.mark.parametrize("name", ["WALMART", "Walgreens", "NVR", "JPMC", "AUTOZONE", "Zillow."])
def test_a_single_word_that_is_not_a_name_is_a_company_in_a_column_of_full_names(name):
    assert judge_full_name(name).kind == "company"


@pytest.mark.parametrize(
    "name",
    [
        "SMITH",
        "Nguyen",
        "Szymanski",
        "Abernathy",
        "McAllister",
        "O'Brien",
        "Smith-Jones",
        "Papadopoulos",
        "MARIA",
        "Gupta",
    ],
)
def test_a_single_name_is_still_a_person(name):
    assert judge_full_name(name).kind == "person"


def test_a_surname_in_a_column_of_its_own_is_a_person_however_rare():
    assert find_kind("Walmart") == "person"


@pytest.mark.parametrize("name", ["KOHLS", "MCKENNAS", "Jimmys"])
def test_a_word_that_is_a_name_with_an_s_is_a_company(name):
    assert judge_full_name(name) == Judgement("company", Doubt.ONE_WORD)


@pytest.mark.parametrize("name", ["MEIJER", "SCHNUCKS", "McClatchy"])
def test_a_rare_surname_alone_is_a_person_and_doubted(name):
    assert judge_full_name(name).doubt


@pytest.mark.parametrize("name", ["PANDA EXPRESS", "GREAT CLIPS", "SILVER LAKE TAVERN", "K & B SHEET METAL"])
def test_common_words_that_are_not_names_are_a_company_and_doubted(name):
    assert judge_full_name(name) == Judgement("company", Doubt.NO_NAME)


@pytest.mark.parametrize("name", ["BISHOP KING", "Young Bishop", "KING BLACK J", "OLUWASEUN TURTLE"])
def test_words_that_can_be_both_are_a_person_and_doubted(name):
    assert judge_full_name(name) == Judgement("person", Doubt.PERHAPS_COMPANY)


@pytest.mark.parametrize(
    "name",
    [
        "KING MARTHA",
        "Martha K Young",
        "OLUWASEUN ADEYEMI",
        "ADEYEMI OLUWASEUN A SINGLE MAN",
        "ADEYEMI OLUWASEUN & OKORO UCHE HUSBAND AND WIFE",
        "NGUYEN DUNG",
        "BLACK J R",
        "Łukasz Turtle",
    ],
)
def test_names_of_people_are_not_doubted(name):
    assert judge_full_name(name) == Judgement("person")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("WEBB ADA TR AGMT 3-4-98", "trust"),
        ("ESTATE ADA WEBB", "estate"),
        ("PERSONAL REP OF ADA WEBB", "estate"),
        ("ESTATE HOUSING LLC", "company"),
    ],
)
def test_trusts_and_estates_are_found_wherever_their_word_stands(name, kind):
    assert find_kind(name) == kind


@pytest.mark.parametrize("name", ["SEE NOTES", "SEE FILE", "NAME REDACTED BY COURT ORDER", "WITHHELD PER STATUTE"])
def test_a_remark_about_a_hidden_owner_names_nobody(name):
    assert is_placeholder(name)


@pytest.mark.parametrize("name", ["SEE LISA", "Bo See", "SEE"])
def test_people_called_see_are_not_remarks(name):
    assert not is_placeholder(name)


@pytest.mark.parametrize("name", ["DAVID RICHARD BOOKS", "Del Russo Deli", "ROLAND MACHINERY", "M & J ASPHALT"])
def test_a_name_that_ends_with_what_a_business_does_is_a_company_and_doubted(name):
    assert judge_full_name(name) == Judgement("company", Doubt.NO_NAME)


@pytest.mark.parametrize("name", ["MARY SUNSET JONES", "MART DAVID", "BOOKS JOHN A"])
def test_a_business_word_that_is_not_the_last_one_is_a_persons_name(name):
    assert judge_full_name(name).kind == "person"


@pytest.mark.parametrize("name", ["HALE, ROE & WEBB", "Hale, Roe and Webb", "ROE & WEBB, P.A."])
def test_several_surnames_are_a_firm(name):
    assert judge_full_name(name) == Judgement("company")


@pytest.mark.parametrize("name", ["ROE JANE & JOHN", "ROE JANE, JOHN & ADA", "ROE & WEBB", "SMITH, P A & J"])
def test_couples_and_their_children_are_not_a_firm(name):
    assert judge_full_name(name).kind == "person"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("CITY ELECTRIC SUPPLY", "company"),
        ("VILLAGE PIZZA", "company"),
        ("COUNTY HEALTH DEPARTMENT", "government"),
        ("TOWN OF LUTZ", "government"),
        ("POLK COUNTY", "government"),
    ],
)
def test_a_company_may_begin_with_the_word_for_a_place(name, kind):
    assert find_kind(name) == kind


@pytest.mark.parametrize("name", ["JIMMY SUNG'S", "Webb’s on Main"])
def test_what_is_named_after_a_person_is_a_company_and_doubted(name):
    assert judge_full_name(name) == Judgement("company", Doubt.NO_NAME)


@pytest.mark.parametrize("name", ["TAVEAU CHURCH", "Chick Fil A", "ULKUS & WEBB", "THE DRAKE"])
def test_names_that_read_like_those_of_companies_are_doubted(name):
    assert judge_full_name(name).doubt == Doubt.PERHAPS_COMPANY


@pytest.mark.parametrize("name", ["MISSION BAXTER T", "Kingdom Abbott B", "CHAPEL HOPE", "Chapel Whitfield"])
def test_a_rare_surname_that_a_church_has_too_is_never_silently_a_church(name):
    assert judge_full_name(name).doubt in (Doubt.PERHAPS_COMPANY, Doubt.PERHAPS_PERSON)


def test_an_initial_after_two_names_shows_a_person():
    assert judge_full_name("MISSION BAXTER T").kind == "person"


@pytest.mark.parametrize("name", ["Hope Chapel", "GRACE MISSION"])
def test_a_virtue_before_a_word_for_a_church_is_doubted(name):
    assert judge_full_name(name) == Judgement("church", Doubt.PERHAPS_PERSON)


@pytest.mark.parametrize(
    ("name", "kind"), [("HUD", "government"), ("Township", "government"), ("PARKS", "person"), ("FOREST", "person")]
)
def test_a_word_for_a_public_body_alone_is_one_unless_it_is_a_common_name(name, kind):
    assert judge_full_name(name).kind == kind


@pytest.mark.parametrize("name", ["SILVERGATE DOCKSIDE", "CLEARHARBOR ZENTRIX"])
def test_words_that_join_common_words_are_doubted(name):
    assert judge_full_name(name).doubt == Doubt.PERHAPS_COMPANY


@pytest.mark.parametrize("name", ["CLAYBOURNE MARLOWE", "THORNTON BRIDGE", "Lancaster Winfield", "OAKHURST FALLOWGATE"])
def test_surnames_without_a_given_name_can_be_a_company(name):
    assert judge_full_name(name) == Judgement("person", Doubt.PERHAPS_COMPANY)


@pytest.mark.parametrize("name", ["ORTEGA SALINAS", "CHANG WEI", "OKONKWO CHIDINMA", "LANCASTER JOHN", "WEBB COLE"])
def test_other_pairs_of_names_are_a_persons(name):
    assert judge_full_name(name) == Judgement("person")


@pytest.mark.parametrize("name", ["CRYSTAL HOLLOW", "Amber Thicket", "GEORGIA POWER"])
def test_a_given_name_that_is_also_a_word_or_a_place_can_begin_the_name_of_a_company(name):
    assert judge_full_name(name).doubt == Doubt.PERHAPS_COMPANY


@pytest.mark.parametrize("name", ["CRYSTAL WEBB", "AMBER JO THICKET", "Virginia Banks", "ROSE MARIA", "GEORGIA ABBOTT"])
def test_such_given_names_before_usual_surnames_are_not_doubted(name):
    assert judge_full_name(name) == Judgement("person")


@pytest.mark.parametrize(
    "name",
    ["ROE & HALE P C", "ROE, WEBB & HALE P. A.", "LARCH VIEW L. L. C.", "LARCH VIEW P L L C", "LARCH VIEW I N C"],
)
def test_legal_forms_with_spaces_are_those_of_companies(name):
    assert judge_full_name(name) == Judgement("company")


@pytest.mark.parametrize(
    "name", ["ROE HALE P C", "WEBB ADA P C", "WEBB P C", "Webb & Scott P. A.", "LARCH N A", "LARCH CO"]
)
def test_legal_forms_that_may_be_initials_are_doubted(name):
    assert judge_full_name(name) == Judgement("person", Doubt.PERHAPS_COMPANY)


@pytest.mark.parametrize("name", ["WEBB A B", "WEBB ADA R S", "WEBB ADA & JOHN R P", "NGUYEN CO"])
def test_initials_that_are_no_legal_form_are_not_doubted(name):
    assert judge_full_name(name) == Judgement("person")


@pytest.mark.parametrize(
    "name",
    [
        "TEMPLE SHOLOM",
        "TEMPLE BETH AM",
        "BETH EL",
        "B'NAI TORAH",
        "AGUDATH ACHIM",
        "Young Israel Cong of Lynn",
        "KOL AMI NW",
    ],
)
def test_synagogues_are_found_by_their_hebrew_words(name):
    assert judge_full_name(name).kind == "church"


@pytest.mark.parametrize(
    ("name", "kind"), [("TEMPLE EMANUEL", "church"), ("TEMPLE ISAIAH", "church"), ("BETH ISRAEL", "person")]
)
def test_a_synagogue_that_can_be_a_person_is_doubted(name, kind):
    judgement = judge_full_name(name)
    assert judgement.kind == kind
    assert judgement.doubt in (Doubt.PERHAPS_COMPANY, Doubt.PERHAPS_PERSON)


@pytest.mark.parametrize("name", ["WEBB BETH", "TEMPLE BETH A", "Beth Webb", "TEMPLE ADA", "Israel Webb"])
def test_people_with_names_that_synagogues_have_too_are_not_doubted(name):
    assert judge_full_name(name) == Judgement("person")


@pytest.mark.parametrize(
    "name",
    [
        "SOTO ZEN BUDDHIST",
        "SHREE MANDIR",
        "FIRST UNITARIAN",
        "TEMPLO BELEN",
        "HOUSE OF PRAYER",
        "OUR LADY OF LORETO",
        "MT ZION A M E",
        "ST JAMES C M E",
        "ALLEN A M E ZION",
    ],
)
def test_religious_bodies_of_all_kinds_are_found(name):
    assert judge_full_name(name).kind == "church"


@pytest.mark.parametrize("name", ["Faith Church", "Joy Church", "HOPE CHURCH", "CHURCH HOPE", "CHURCH FAITH L"])
def test_a_church_that_can_be_a_person_is_doubted_whatever_comes_first(name):
    assert judge_full_name(name).doubt in (Doubt.PERHAPS_COMPANY, Doubt.PERHAPS_PERSON)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("WEBB ADA SUCCESSION", "estate"),
        ("HRS OF ADA WEBB", "estate"),
        ("EST ADA WEBB", "estate"),
        ("WEBB ADA TR UA", "trust"),
        ("WEBB ADA QPRT", "trust"),
        ("USDA", "government"),
        ("PORT OF LYNN", "government"),
        ("LARCH MOTOR USA", "company"),
        ("AMERICAN RED CROSS", "company"),
    ],
)
def test_abbreviations_of_rolls_show_the_kind_of_owner(name, kind):
    assert find_kind(name) == kind


@pytest.mark.parametrize("name", ["& &", "/ %", "1/2 1/2", "- -", "ÑÑ & &", ". ,", "MR", "& MR", "LE", "LE LE", "% LE"])
def test_text_without_a_name_is_judged_all_the_same(name):
    assert judge_full_name(name).kind in ("person", "company")


@pytest.mark.parametrize("name", ["T-LARCH", "U-HAUL-IT"])
def test_a_hyphen_after_one_letter_makes_no_double_surname(name):
    assert judge_full_name(name) == Judgement("company", Doubt.ONE_WORD)


@pytest.mark.parametrize("name", ["BLACKPINE HEDGE", "OHIO HEDGE ADA", "TEXAS HALE"])
def test_words_that_no_person_is_called_are_a_company_and_doubted(name):
    assert judge_full_name(name) == Judgement("company", Doubt.NO_NAME)
