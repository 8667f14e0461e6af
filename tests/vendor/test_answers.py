import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.people.contacts import Address, Contact, Email, Phone
from batches.vendor.answers import read_contact
from tests.factories import sample


def test_output_shape():
    contact = read_contact(sample("output.json"))
    assert contact == Contact(
        names=["Ada E Abbott"],
        phones=[
            Phone("2025550149", "landline", False),
            Phone("2025550150"),
            Phone("2025550148", "mobile", True, "Example Wireless", "2025-04-14", True),
        ],
        emails=[Email("ada@example.com", "personal")],
        current=Address("1 Oak St, Herndon, VA 20170", "1 Oak St", "Herndon", "VA", "20170"),
        former_addresses=["2 Elm St, Boston, MA 02118", "3 Pine Rd, Tampa, FL 33602"],
        age="49",
        deceased=False,
        relatives=["Ben Abbott"],
    )


def test_data_shape():
    contact = read_contact(sample("data.json"))
    assert (contact.name, contact.phones, contact.emails) == (
        "Ben Brooks",
        [Phone("2025550151", "landline", False)],
        [Email("ben@example.com", "work")],
    )


def test_persons_shape():
    contact = read_contact(sample("persons.json"))
    assert contact.name == "Cora Castillo"
    assert contact.phones == [Phone("2025550153", "voip", False), Phone("2025550152", "mobile", True, "", "2026-01-02")]
    assert (contact.emails, contact.age, contact.address) == (
        [Email("cora@example.com")],
        "52",
        "8 Lake Dr, Austin, TX 78701",
    )
    assert contact.relatives == ["Dan Castillo"]


@pytest.mark.parametrize("body", [{"match": True, "found": {}}, {"output": {}, "match": True} | {"x": 1}, {"hello": 1}])
def test_unknown_shapes_are_marked(body):
    contact = read_contact(json.dumps(body))
    assert contact.is_known_shape is ("output" in body)
    assert contact.phones == []


def test_an_unknown_phone_type_is_unchanged():
    assert (
        read_contact('{"data": {"phones": [{"phone": "2025550150", "type": "satellite"}]}}').phones[0].type
        == "satellite"
    )


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
names = [
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
shaped = st.recursive(
    anything, lambda inner: st.dictionaries(st.sampled_from(names), inner | st.lists(inner, max_size=2), max_size=5)
)


@given(st.dictionaries(st.sampled_from(["output", "data", "persons", "match"]), shaped | st.lists(shaped, max_size=3)))
def test_no_answer_breaks_the_reader(body):
    read_contact(json.dumps(body))
