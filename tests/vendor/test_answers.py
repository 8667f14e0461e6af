import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.people.contacts import Address, Contact, Email, Phone
from batches.vendor.answers import read_contact
from tests.factories import read_sample


def test_an_answer_with_output_is_read():
    contact = read_contact(read_sample("output.json"))
    assert contact == Contact(
        names=["Ada E Abbott"],
        phones=[
            Phone("2025550149", "landline", False),
            Phone("2025550150"),
            Phone("2025550148", "mobile", True, "Example Wireless", "2025-04-14", True, "2007-09-16"),
        ],
        emails=[Email("ada@example.com", "personal")],
        current=Address("1 Oak St, Herndon, VA 20170", "1 Oak St", "Herndon", "VA", "20170"),
        former_addresses=["2 Elm St, Boston, MA 02118", "3 Pine Rd, Tampa, FL 33602"],
        age="49",
        deceased=False,
        relatives=["Ben Abbott"],
    )


def test_an_answer_with_data_is_read():
    contact = read_contact(read_sample("data.json"))
    assert (contact.name, contact.phones, contact.emails) == (
        "Ben Brooks",
        [Phone("2025550151", "landline", False)],
        [Email("ben@example.com", "work")],
    )


def test_an_answer_with_persons_is_read():
    contact = read_contact(read_sample("persons.json"))
    assert contact.name == "Cora Castillo"
    assert contact.phones == [Phone("2025550153", "voip", False), Phone("2025550152", "mobile", True, "", "2026-01-02")]
    assert (contact.emails, contact.age, contact.address) == (
        [Email("cora@example.com")],
        "52",
        "8 Lake Dr, Austin, TX 78701",
    )
    assert contact.relatives == ["Dan Castillo"]


@pytest.mark.parametrize(
    ("body", "is_known"),
    [({"match": True, "output": {}, "new": 1}, True), ({"match": True, "found": {}}, False), ({"hello": 1}, False)],
)
def test_unknown_shapes_are_marked(body, is_known):
    contact = read_contact(json.dumps(body))
    assert contact.is_known_shape is is_known
    assert contact.phones == []


def test_an_unknown_phone_type_is_unchanged():
    contact = read_contact('{"data": {"phones": [{"phone": "2025550150", "type": "satellite"}]}}')
    assert contact.phones[0].type == "satellite"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
KNOWN_NAMES = [
    "identity",
    "demographics",
    "names",
    "phones",
    "emails",
    "address",
    "addressHistory",
    "phone",
    "age",
    "fullName",
]
contact_like_values = st.recursive(
    json_values,
    lambda inner: st.dictionaries(st.sampled_from(KNOWN_NAMES), inner | st.lists(inner, max_size=2), max_size=5),
)


@given(
    st.dictionaries(
        st.sampled_from(["output", "data", "persons", "results", "match"]),
        contact_like_values | st.lists(contact_like_values, max_size=3),
    )
)
def test_no_answer_breaks_the_reader(body):
    read_contact(json.dumps(body))


def make_person(first, last, street, phone, **more):
    address = {"address": f"{street}, Austin, TX 78701", "streetAddress": street, "city": "Austin", "state": "TX"}
    return {
        "personId": phone,
        "firstName": first,
        "middleName": None,
        "lastName": last,
        "fullName": f"{first} {last}",
        "address": address | {"zip": "78701"},
        "previousAddress": {"address": "2 Elm St, Boston, MA 02118"},
        "emails": [],
        "phones": [{"phone": phone, "phoneType": "M", "phoneFtcDnc": False, "phoneUsage12Month": "5"}],
        "maritalStatus": "M",
        **more,
    }


HOUSEHOLD_OF_THREE = [
    make_person("Ben", "Abbott", "12 Oak Street", "5125550101"),
    make_person("Ada", "Abbott", "12 Oak St", "5125550102"),
    make_person("Cora", "Brooks", "12 OAK ST", "5125550103"),
    make_person("Dan", "Abbott", "9 Pine Rd", "5125550104"),
    make_person("Ella", "Evans", "9 Pine Rd", "5125550105"),
]


@pytest.mark.parametrize(
    "body",
    [
        {"persons": HOUSEHOLD_OF_THREE},
        {"data": {"persons": HOUSEHOLD_OF_THREE}},
        {"data": HOUSEHOLD_OF_THREE},
        {"data": [{"input": {"key": 1}, "persons": HOUSEHOLD_OF_THREE}]},
        {"results": [{"input": {"key": 1}, "data": {"persons": HOUSEHOLD_OF_THREE}}]},
    ],
    ids=["persons", "envelope", "list", "answers", "results"],
)
def test_the_person_asked_for_is_found_among_several_in_any_envelope(body):
    contact = read_contact(json.dumps(body), ("Ada", "", "Abbott"))
    assert contact.names == ["Ada Abbott"]
    assert contact.phones == [Phone("5125550102", "mobile", False, usage="5")]
    assert contact.current == Address("12 Oak St, Austin, TX 78701", "12 Oak St", "Austin", "TX", "78701")
    assert contact.former_addresses == ["2 Elm St, Boston, MA 02118"]
    relations = [(other.name, other.relation, other.phones[0].number) for other in contact.others]
    assert relations == [
        ("Ben Abbott", "household", "5125550101"),
        ("Cora Brooks", "household", "5125550103"),
        ("Dan Abbott", "relative", "5125550104"),
        ("Ella Evans", "other", "5125550105"),
    ]
    assert contact.relatives == ["Dan Abbott"]
    assert contact.household_text == "Ben Abbott (5125550101); Cora Brooks (5125550103)"


def test_the_first_of_several_people_counts_if_no_name_was_asked_for_or_none_is_alike():
    body = json.dumps({"persons": HOUSEHOLD_OF_THREE})
    assert read_contact(body).name == read_contact(body, ("Zoe", "", "Zamora")).name == "Ben Abbott"


def test_a_list_of_answers_with_output_is_read():
    answer = json.loads(read_sample("output.json"))
    assert read_contact(json.dumps({"data": [answer | {"input": {"key": 1}}]})) == read_contact(json.dumps(answer))
