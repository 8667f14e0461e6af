import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batches.intake.row_check import check
from batches.mapping.fields import MAPPABLE
from batches.sandbox.rules import find_item_error

GOOD = {
    "first_name": "Ada",
    "last_name": "Abbott",
    "address": "1 Oak St",
    "city": "Herndon",
    "state": "VA",
    "zip": "20170",
}


def list_problems(cells):
    return [(problem.field, problem.sentence) for problem in check(cells).problems]


def list_left_out(**changes):
    """Return the fields that are left out of a row that is still traced, each with the reason."""
    checked = check(GOOD | changes)
    assert checked.problems == []
    assert {warning.field for warning in checked.warnings} == set(checked.reasons)
    assert checked.fields.keys().isdisjoint(checked.reasons)
    return list(checked.reasons.items())


def read_field(name, **changes):
    checked = check(GOOD | changes)
    assert checked.problems == []
    return checked.fields.get(name)


def test_a_valid_row_is_unchanged():
    checked = check(GOOD)
    assert checked.fields == GOOD
    assert checked.problems == []


@pytest.mark.parametrize("text", ["VA", "va", "Virginia", "VIRGINIA", " virginia ", "Va."])
def test_states_are_abbreviated(text):
    assert read_field("state", state=text) == "VA"


@pytest.mark.parametrize(
    ("text", "state", "expected"),
    [
        ("20170", "VA", "20170"),
        ("20170-1234", "VA", "20170"),
        ("201701234", "VA", "20170"),
        ("20170 1234", "VA", "20170"),
        ("20170.0", "VA", "20170"),
        ("2118", "MA", "02118"),
        ("2118", "Massachusetts", "02118"),
        ("2118-1234", "MA", "02118"),
        ("601", "PR", "00601"),
    ],
)
def test_zips_are_normalised_if_they_are_unambiguous(text, state, expected):
    assert read_field("zip", zip=text, state=state) == expected


@pytest.mark.parametrize("text", ["2017", "201701", "unreadable", "20170-12", "２０１７０"])
def test_other_zips_are_left_out_and_reported(text):
    assert list_left_out(zip=text) == [("zip", f"“{text}” is not a ZIP: give five digits, or five and four.")]


@pytest.mark.parametrize(
    "text", ["2025550148", "(202) 555-0148", "+1 202.555.0148", "1-202-555-0148", "202-555-0148 x12", "2025550148.0"]
)
def test_phones_lose_their_formatting(text):
    assert read_field("phone", phone=text) == "2025550148"


@pytest.mark.parametrize("text", ["555-0148", "no", "+44 20 7946 0958"])
def test_other_phones_are_left_out_and_reported(text):
    assert list_left_out(phone=text) == [("phone", f"“{text}” is not a US phone number: give ten digits.")]


def test_an_invalid_state_and_email_are_reported_together():
    cells = {"address": "1 Oak St", "city": "Herndon", "state": "Atlantis", "email": "ada@"}
    assert list_problems(cells) == [
        ("state", "“Atlantis” is not a state: give its two letters or its name."),
        ("email", "“ada@” is not an email address."),
    ]


def test_a_row_without_a_valid_field_reports_each_of_its_fields():
    assert list_problems({"phone": "555-0148", "email": "ada@"}) == [
        ("phone", "“555-0148” is not a US phone number: give ten digits."),
        ("email", "“ada@” is not an email address."),
    ]


@pytest.mark.parametrize(
    ("cells", "problem_fields"),
    [
        ({"first_name": "Ada"}, [""]),
        ({"address": "1 Oak St"}, ["city", "state"]),
        ({"mail_address": "1 Oak St", "mail_city": "Herndon"}, ["mail_state"]),
        ({"unit": "4", "email": "ada@example.com"}, []),
        ({"unit": "4"}, [""]),
        ({"city": "Herndon", "state": "VA", "last_name": "Abbott"}, ["first_name", "zip"]),
        ({"mail_city": "Herndon"}, ["first_name", "last_name", "mail_state", "mail_zip"]),
    ],
)
def test_fields_that_the_vendor_requires_together_are_checked(cells, problem_fields):
    assert [problem.field for problem in check(cells).problems] == problem_fields


def test_an_incomplete_property_address_is_not_a_problem_beside_a_mailing_address():
    mailing_address = {"mail_address": "1 Oak St", "mail_city": "Herndon", "mail_state": "VA"}
    assert check({"unit": "4", "zip": "0"} | mailing_address).problems == []


@pytest.mark.parametrize("text", ["a@localhost", "a@[127.0.0.1]", "j@exämple.com", "a b@example.com"])
def test_emails_that_the_vendor_may_refuse_are_left_out_and_reported(text):
    assert list_left_out(email=text) == [("email", f"“{text}” is not an email address.")]


def test_a_place_without_a_street_is_left_out_if_there_is_a_complete_address():
    checked = check(
        {"city": "Tampa", "zip": "33602", "mail_address": "1 Oak St", "mail_city": "Herndon", "mail_state": "VA"}
    )
    assert checked.problems == []
    assert set(checked.fields) == {"mail_address", "mail_city", "mail_state"}


@pytest.mark.parametrize(
    ("full", "first", "middle", "last"),
    [
        ("Ada Abbott", "Ada", "", "Abbott"),
        ("Abbott, Ada E", "Ada", "E", "Abbott"),
        ("Mr. Juan de la Vega III", "Juan", "", "de la Vega"),
        ("Ada & Ben Abbott", "Ada", "", "Abbott"),
        ("Abbott, Ada & Ben", "Ada", "", "Abbott"),
        ("Zoë O'Neil", "Zoë", "", "O'Neil"),
        ("Frank Church", "Frank", "", "Church"),
    ],
)
def test_full_names_are_split(full, first, middle, last):
    fields = check({"full_name": full, "email": "ada@example.com"}).fields
    assert [fields.get(f"{part}_name", "") for part in ("first", "middle", "last")] == [first, middle, last]


@pytest.mark.parametrize("name", ["Acme Holdings LLC", "THE ABBOTT FAMILY TRUST", "CITY OF HERNDON"])
def test_a_company_is_sent_without_names(name):
    assert check({"full_name": name, "email": "a@example.com"}).fields == {"email": "a@example.com"}


def test_emoji_are_kept_and_nicknames_left_out():
    assert read_field("first_name", first_name='Ada "Bee" 🐝') == "Ada 🐝"


def test_fields_that_are_too_long_are_reported():
    assert list_problems(GOOD | {"address": "x" * 300}) == [("address", "300 characters; 255 is the most.")]


def test_rows_that_would_be_sent_alike_have_the_same_fingerprint():
    assert check(GOOD).fingerprint == check(GOOD | {"first_name": " ADA ", "state": "Virginia"}).fingerprint
    assert check(GOOD).fingerprint != check(GOOD | {"zip": "20171"}).fingerprint


field_values = st.one_of(
    st.text(max_size=40), st.sampled_from(["VA", "Virginia", "20170", "2025550148", "a@example.com", "1 Oak St"])
)


# The first example builds a table of all letters, which is slow.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(MAPPABLE), field_values))
def test_no_row_that_passes_is_refused_by_the_vendor(cells):
    checked = check(cells)
    if not checked.problems:
        assert find_item_error(checked.fields) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"email": "ab@example.com"}, {"email": "a.b@example.com"}),
        ({"address": "1 Oak St", "phone": "2025550148"}, {"address": "1 Oak St", "phone": "2025550149"}),
        ({"mail_address": "PO Box 1", "address": "1 Oak St"}, {"mail_address": "PO Box 1", "address": "2 Oak St"}),
    ],
    ids=["emails", "phones without a name", "properties without a name"],
)
def test_people_without_names_are_the_same_only_if_all_fields_are(one, other):
    assert check(one).fingerprint != check(other).fingerprint


@pytest.mark.parametrize("unit", ["apt " + "A" * 300, "Apt " + "1" * 300])
def test_no_field_of_a_valid_row_is_longer_than_its_database_column(unit):
    for cells in (GOOD | {"address": f"1 Oak St {unit}"}, GOOD | {"address": "Box " + "A" * 251}):
        checked = check(cells)
        assert checked.problems or all(len(text) <= 255 for text in checked.fields.values())


def test_placeholders_count_as_empty():
    assert check(GOOD | {"phone": "N/A", "email": "none"}).fields == GOOD
    assert check({"full_name": "CURRENT OWNER", "address": "1 Oak St", "city": "Herndon", "state": "VA"}).problems == []


def test_a_company_with_only_a_city_and_a_phone_is_traced_by_the_phone():
    """The file holds the company's name, so no problem may say that the name is empty."""
    names = {"first_name": "BLUE HERON", "last_name": "PROPERTIES LLC"}
    checked = check(names | {"city": "Herndon", "state": "VA", "zip": "20170", "phone": "7035550148"})
    assert (checked.problems, checked.fields) == ([], {"phone": "7035550148"})
    assert checked.owner_name == "BLUE HERON PROPERTIES LLC"


@pytest.mark.parametrize("name", ["WALMART", "Suharto", " NVR "])
def test_an_owner_of_one_unknown_word_is_a_company_and_asked_about(name):
    place = {"address": "1 Oak St", "city": "Herndon", "state": "VA"}
    checked = check(place | {"full_name": name})
    assert (checked.owner_kind, checked.owner_name) == ("company", name.strip())
    assert [(warning.field, warning.kind) for warning in checked.warnings] == [("full_name", "one_word")]
    assert checked.fields == place


@pytest.mark.parametrize("name", ["Oak Rentals LLC", "GARCIA", "Ada", "Ada Abbott", "Holdings", "USA"])
def test_an_owner_of_a_known_word_or_several_is_not_asked_about(name):
    assert check({"address": "1 Oak St", "city": "Herndon", "state": "VA", "full_name": name}).warnings == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Winston-Salem, N.C. 27101", ("Winston-Salem", "NC", "27101")),
        ("Winston-Salem, N. C.", ("Winston-Salem", "NC", "")),
        ("Tampa, Hillsborough County, FL 33602", ("Tampa", "FL", "33602")),
        ("Tampa, Hillsborough County, FL", ("Tampa", "FL", "")),
        ("Orange County, FL", ("Orange County", "FL", "")),
        ("St. Paul, MN 55101", ("St. Paul", "MN", "55101")),
    ],
)
def test_a_dotted_state_and_a_county_are_read_in_a_place(text, place):
    fields = check({"first_name": "Ada", "last_name": "Abbott", "address": "1 Oak St", "place": text}).fields
    assert tuple(fields.get(name, "") for name in ("city", "state", "zip")) == place
