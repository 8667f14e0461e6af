import pytest

from batches.people.given_names import GIVEN_NAMES
from batches.people.name_parts import FIRST_LAST, LAST_FIRST, capitalise, drop_suffix
from batches.people.owner_kinds import find_kind
from batches.people.owner_names import guess_order, split_owners
from batches.people.owner_placeholders import is_placeholder
from batches.people.surnames import SURNAMES


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ACME HOLDINGS LLC", "company"),
        ("Acme L.L.C.", "company"),
        ("REAL ESTATE PARTNERS", "company"),
        ("BANK OF AMERICA NA", "company"),
        ("SMITH FAMILY TRUST", "trust"),
        ("SMITH JOHN TR", "trust"),
        ("SMITH JOHN & MARY TRUSTEES", "trust"),
        ("ESTATE OF JOHN SMITH", "estate"),
        ("SMITH JOHN EST", "estate"),
        ("CITY OF TAMPA", "government"),
        ("Fairfax County School Board", "government"),
        ("FIRST BAPTIST CHURCH", "church"),
        ("CHURCH OF CHRIST", "church"),
        ("SMITH JOHN A", "person"),
        ("CHURCH JOHN", "person"),
        ("JOHN TEMPLE", "person"),
        ("LAND MARY", "person"),
        ("SMITH JOHN LIFE ESTATE", "person"),
        ("BANKS TYRA", "person"),
        ("LATISHA CHURCH", "person"),
        ("VANG PA", "person"),
        ("KIM MI NA", "person"),
        ("SMITH L C", "person"),
        ("JERMAINE LAND", "person"),
        ("DOE FAMILY TR DTD 1/1/99", "trust"),
        ("DOE JOHN TR ETAL", "trust"),
        ("SMITH & SONS", "company"),
        ("AMERICAN LEGION POST 5", "company"),
        ("FANNIE MAE", "company"),
        ("PIMA COUNTY", "government"),
        ("CNTY PIMA", "government"),
        ("GLOBE CITY", "government"),
        ("CHANDLER TWP", "government"),
        ("COUNTY WALTER", "person"),
        ("LEE COUNTY", "government"),
        ("CITY RUTH A", "person"),
        ("B L M", "government"),
        ("U S A FOREST SERVICE", "government"),
        ("KEMPER J P A", "person"),
        ("KEMPER E S T", "person"),
        ("KEMPER RAY U A D 3-4-99", "trust"),
        ("COPPER STATE NATL BK", "company"),
        ("FIFTH THIRD BNK", "company"),
        ("PIONEER PPTYS", "company"),
        ("KEMPER RAY MD PC", "company"),
        ("Ray Kemper, D.V.M., P.A.", "company"),
        ("KEMPER RAY PA", "person"),
        ("KEMPER RAY - OWNER", "person"),
        ("Ray Kemper (Owner)", "person"),
        ("Owner: Ray Kemper", "person"),
        ("COPPER CANYON OWNER", "company"),
        ("FROM ALVIN J", "person"),
        ("", "person"),
    ],
)
def test_kinds_of_owners_are_distinguished(name, kind):
    assert find_kind(name) == kind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DETAILS NOT ON RECORD", True),
        ("NOT RELEASED BY COUNTY", True),
        ("SEALED UNTIL HEARING", True),
        ("SEALED FROM PUBLIC ACCESS", True),
        ("WITHHELD BY STATUTE", True),
        ("HOMES FROM THE HARBOR", False),
        ("SHIELDED FROM VIEW", True),
        ("LINDQVIST FROM", False),
        ("FROM ALVIN", False),
        ("KEMPER RAY NOT PERSONALLY", False),
        ("OYELARAN & ADEBAYO AS JOINT TENANTS AND NOT AS TENANTS IN COMMON", False),
    ],
)
def test_remarks_in_place_of_a_name_are_recognised(text, expected):
    assert is_placeholder(text) == expected


@pytest.mark.parametrize("form", ["{} JOHN", "{} JOHN A", "JOHN {}", "JOHN A {}", "{} MARY ANN", "MARY ANN {}"])
def test_people_with_common_surnames_are_not_taken_for_companies(form):
    assert {name for name in SURNAMES if find_kind(form.format(name)) != "person"} == set()


@pytest.mark.parametrize("form", ["SMITH {}", "SMITH {} A", "{} SMITH", "{} A SMITH"])
def test_people_with_common_given_names_are_not_taken_for_companies(form):
    assert {name for name in GIVEN_NAMES if find_kind(form.format(name)) != "person"} == set()


@pytest.mark.parametrize(("form", "order"), [("{} JOHN A", LAST_FIRST), ("JOHN A {}", FIRST_LAST)])
def test_common_surnames_are_split_off(form, order):
    # “LE” at the end means a life estate, except after a Vietnamese name.
    for name in SURNAMES - {"LE"}:
        first_owner, *_ = split_owners(form.format(name), order)
        assert first_owner.last == name


@pytest.mark.parametrize(("form", "order"), [("SMITH {}", LAST_FIRST), ("{} A SMITH", FIRST_LAST)])
def test_common_given_names_are_split_off(form, order):
    for name in GIVEN_NAMES:
        first_owner, *_ = split_owners(form.format(name), order)
        assert first_owner.first == name


def split_names(text, order):
    """Return the names of the owners in a full name, each with the first name first."""
    owners = split_owners(text, order)
    return [" ".join(part for part in (owner.first, owner.middle, owner.last) if part) for owner in owners]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SMITH JOHN A", ["JOHN A SMITH"]),
        ("SMITH JOHN & MARY", ["JOHN SMITH", "MARY SMITH"]),
        ("SMITH JOHN A & MARY B", ["JOHN A SMITH", "MARY B SMITH"]),
        ("GARCIA JOSE & LOPEZ MARIA", ["JOSE GARCIA", "MARIA LOPEZ"]),
        ("SMITH, JOHN A JR", ["JOHN A SMITH"]),
        ("SMITH JR JOHN", ["JOHN SMITH"]),
        ("DE LA CRUZ MARIA E", ["MARIA E DE LA CRUZ"]),
        ("ROE JANE ET AL", ["JANE ROE"]),
        ("JONES MARY %SMITH BOB", ["MARY JONES"]),
        ("SMITH JOHN 1/2 INT", ["JOHN SMITH"]),
        ("PHAN LE", ["LE PHAN"]),
        ("SMITH JOHN ETUX MARY", ["JOHN SMITH", "MARY SMITH"]),
        ("SMITH JOHN H/W MARY", ["JOHN SMITH", "MARY SMITH"]),
        ("SMITH JOHN & JANE E JONES", ["JOHN SMITH", "JANE E JONES"]),
        ("% SMITH JOHN", ["JOHN SMITH"]),
        ("SMITH JOHN & .", ["JOHN SMITH"]),
        ("KEMPER RAY W, III", ["RAY W KEMPER"]),
        ("KEMPER RAY, D.D.S.", ["RAY KEMPER"]),
        ("KEMPER, SR, RAY", ["RAY KEMPER"]),
        ("KEMPER, RAY, PHD, RN", ["RAY KEMPER"]),
        ("KEMPER, V", ["V KEMPER"]),
        ("KEMPER RAY & IDA, JR", ["RAY KEMPER", "IDA KEMPER"]),
        ("KEMPER RAY & IDA L WHJTROS", ["RAY KEMPER", "IDA L KEMPER"]),
        ("KEMPER RAY HW/TE", ["RAY KEMPER"]),
        ("KEMPER RAY TBTC", ["RAY KEMPER"]),
        ("KEMPER RAY UX IDA L", ["RAY KEMPER", "IDA L KEMPER"]),
        ("KEMPER IDA VIR RAY", ["IDA KEMPER", "RAY KEMPER"]),
        ("GILL VIR JASPAL", ["VIR JASPAL GILL"]),
        ("KEMPER RAY PERSONAL REP", ["RAY KEMPER"]),
        ("KEMPER RAY (25%) MOSS IDA (75%)", ["RAY KEMPER", "IDA MOSS"]),
        ("KEMPER RAY 1/3 MOSS IDA 1/3 WEBB LEO 1/3", ["RAY KEMPER", "IDA MOSS", "LEO WEBB"]),
        ("KEMPER RAY UND 1/2 INT IDA UND 1/2 INT", ["RAY KEMPER", "IDA KEMPER"]),
        ("KEMPER RAY 1/2 INT ETAL", ["RAY KEMPER"]),
        ("SALINAS DE ORTEGA LUCIA", ["LUCIA SALINAS DE ORTEGA"]),
        ("CANTU DE LA ROSA MARCO A", ["MARCO A CANTU DE LA ROSA"]),
        ("FLORES DEL VALLE INES", ["INES FLORES DEL VALLE"]),
        ("MEIJER VAN DER BROEK JAN", ["JAN MEIJER VAN DER BROEK"]),
        ("ORTEGA VDA DE SALINAS LUCIA", ["LUCIA ORTEGA VDA DE SALINAS"]),
        ("VAN HORN DE SOTO LUCIA", ["LUCIA VAN HORN DE SOTO"]),
        ("KEMPER RAY & IDA H&WJT", ["RAY KEMPER", "IDA KEMPER"]),
        ("KEMPER RAY - 25% MOSS IDA - 75%", ["RAY KEMPER", "IDA MOSS"]),
        ("CURTIS DEL WAYNE M", ["DEL WAYNE M CURTIS"]),
        ("CURTIS DE ANNA M", ["DE ANNA M CURTIS"]),
        ("RUIZ MARIA DE LOS ANGELES", ["MARIA DE LOS ANGELES RUIZ"]),
        ("LINDSTROM ERIK A+SOLVEIG K", ["ERIK A LINDSTROM", "SOLVEIG K LINDSTROM"]),
        ("LINDSTROM ERIK A & WEBB K", ["ERIK A LINDSTROM", "K WEBB"]),
    ],
)
def test_names_from_tax_rolls_are_split_last_name_first(text, expected):
    assert split_names(text, LAST_FIRST) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("John A Smith", ["John A Smith"]),
        ("John & Mary Smith", ["John Smith", "Mary Smith"]),
        ("John Smith and Mary Jones", ["John Smith", "Mary Jones"]),
        ("Dr. John Q. Public III", ["John Q. Public"]),
        ("Smith, John", ["John Smith"]),
        ("MR & MRS JOHN SMITH", ["JOHN SMITH"]),
        ("JOHN SMITH OR MARY SMITH", ["JOHN SMITH", "MARY SMITH"]),
        ("Ray Kemper - Owner", ["Ray Kemper"]),
        ("Ray Kemper / Co-Owner", ["Ray Kemper"]),
        ("Ray Kemper (Owner Occupied)", ["Ray Kemper"]),
        ("Lucia Ortega vda de Salinas", ["Lucia Ortega vda de Salinas"]),
        ("Ray W. Kemper, Sr.", ["Ray W. Kemper"]),
        ("Ray Kemper, V", ["Ray Kemper"]),
        ("Dr. Ida Moss, M.D., Ph.D.", ["Ida Moss"]),
        ("Ida Moss, CPA", ["Ida Moss"]),
        ("Ray Kemper, Esq. & Ida Moss, RN", ["Ray Kemper", "Ida Moss"]),
        ("Ray & Ida Kemper TBTE", ["Ray Kemper", "Ida Kemper"]),
        ("Ray Kemper ux Ida", ["Ray Kemper", "Ida Kemper"]),
        ("Ray Kemper (50%) Ida Moss (50%)", ["Ray Kemper", "Ida Moss"]),
        ("Ray Kemper 1/2 Ida Moss 1/2", ["Ray Kemper", "Ida Moss"]),
        ("Lucia Salinas de Ortega", ["Lucia Salinas de Ortega"]),
        ("Ines Flores del Valle", ["Ines Flores del Valle"]),
        ("Pedro Luis de la Vega", ["Pedro Luis de la Vega"]),
        ("", []),
    ],
)
def test_names_are_split_first_name_first(text, expected):
    assert split_names(text, FIRST_LAST) == expected


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["SMITH JOHN A", "NGUYEN TRAN T", "ACME LLC", "DOE MARY"], LAST_FIRST),
        (["John A Smith", "Mary Doe", "Tran T Nguyen"], FIRST_LAST),
        (["JOHN & MARY SMITH", "TRAN NGUYEN"], FIRST_LAST),
    ],
)
def test_the_order_of_names_is_guessed_from_the_names_of_many_rows(names, order):
    assert guess_order(names) == (order, 1.0)


def test_the_order_of_ambiguous_names_is_uncertain():
    _, confidence = guess_order(["NGUYEN TRAN", "ACME LLC", ""])
    assert confidence == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SMITH-JONES", "Smith-Jones"),
        ("o'brien", "O'Brien"),
        ("MCDONALD", "McDonald"),
        ("MARY'S", "Mary's"),
        ("de la Vega", "de la Vega"),
        ("<b>", "<b>"),
    ],
)
def test_names_are_written_in_mixed_case(text, expected):
    assert capitalise(text) == expected


@pytest.mark.parametrize(("text", "order"), [("Ray Kemper, Jr.", FIRST_LAST), ("KEMPER RAY, JR", LAST_FIRST)])
def test_a_generation_after_a_comma_is_kept(text, order):
    assert [person.generation for person in split_owners(text, order)] == ["JR"]
    assert guess_order([text]) == (order, 1.0)


def test_surnames_that_continue_after_a_particle_are_kept_whole():
    [person] = split_owners("Lucia Salinas de Ortega", FIRST_LAST)
    assert (person.first, person.middle, person.last) == ("Lucia", "", "Salinas de Ortega")
    [person] = split_owners("SALINAS DE ORTEGA LUCIA", LAST_FIRST)
    assert (person.first, person.middle, person.last) == ("LUCIA", "", "SALINAS DE ORTEGA")


def test_suffixes_are_dropped_from_surnames():
    assert [drop_suffix(name) for name in ("Smith Jr.", "Smith, III", "V")] == ["Smith", "Smith", "V"]


@pytest.mark.parametrize("title", ["Sister", "Pastor", "Fr.", "Lt Col", "Judge"])
def test_titles_before_a_given_name_are_dropped_in_names_that_begin_with_it(title):
    [person] = split_owners(f"{title} Ada Webb", FIRST_LAST)
    assert (person.first, person.middle, person.last) == ("Ada", "", "Webb")


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("JUDGE MARY ANN", LAST_FIRST, ("MARY", "ANN", "JUDGE")),
        ("Bishop Webb", FIRST_LAST, ("Bishop", "", "Webb")),
        ("Bishop Ada", FIRST_LAST, ("Bishop", "", "Ada")),
        ("Major Lee Smith", FIRST_LAST, ("Major", "Lee", "Smith")),
    ],
)
def test_titles_that_are_names_are_kept(text, order, expected):
    [person] = split_owners(text, order)
    assert (person.first, person.middle, person.last) == expected


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("ORTEGA MAYOR LUCIA", "ORTEGA MAYOR"),
        ("SALINAS WHITFIELD TERESA R", "SALINAS WHITFIELD"),
        ("SALINAS XIOMARALY TERESA", "SALINAS"),
        ("SALINAS ANA TERESA", "SALINAS"),
        ("WEBB WHITFIELD TERESA", "WEBB WHITFIELD"),
        ("WEBB PARKER TERESA", "WEBB"),
        ("WEBB XIOMARALY TERESA", "WEBB"),
        ("NUNES TEIXEIRA RITA", "NUNES TEIXEIRA"),
        ("NUNES DA ROCHA RITA", "NUNES DA ROCHA"),
        ("NUNES E ROCHA RITA", "NUNES E ROCHA"),
        ("DELA CRUZ DIZON RITA", "DELA CRUZ DIZON"),
        ("PUNZALAN MANALO RITA R", "PUNZALAN MANALO"),
    ],
)
def test_the_second_part_of_a_double_surname_can_be_a_surname_that_is_no_given_name(text, last):
    [person] = split_owners(text, LAST_FIRST)
    assert person.last == last


@pytest.mark.parametrize(
    ("text", "order", "first", "last"),
    [
        ("Ms Hien Le", FIRST_LAST, "Hien", "Le"),
        ("Mrs. Xiomaraly Le", FIRST_LAST, "Xiomaraly", "Le"),
        ("Anh Thuy Le", FIRST_LAST, "Anh", "Le"),
        ("LE THUY ANH", LAST_FIRST, "THUY", "LE"),
        ("WEBB ADA LE", LAST_FIRST, "ADA", "WEBB"),
        ("Mrs Ada Webb Le", FIRST_LAST, "Ada", "Webb"),
        ("AL JABBAR NADIRAH", LAST_FIRST, "NADIRAH", "AL JABBAR"),
        ("VAN HOUTEN LIESELOT", LAST_FIRST, "LIESELOT", "VAN HOUTEN"),
        ("VAN THUY ANH", LAST_FIRST, "THUY", "VAN"),
        ("SALINAS Y ORTEGA ANA", LAST_FIRST, "ANA", "SALINAS Y ORTEGA"),
        ("SALINAS Y ANA", LAST_FIRST, "Y", "SALINAS"),
    ],
)
def test_le_and_other_first_words_of_surnames_are_told_from_whole_surnames(text, order, first, last):
    [person] = split_owners(text, order)
    assert (person.first, person.last) == (first, last)


def test_a_second_owner_can_have_only_initials():
    assert [(person.first, person.middle, person.last) for person in split_owners("WEBB J D & R M", LAST_FIRST)] == [
        ("J", "D", "WEBB"),
        ("R", "M", "WEBB"),
    ]
