import pytest

from batches.sandbox.rules import find_batch_error

ITEM = {"webhook_url": "https://p.example/i", "email": "ada@example.com"}


def make_payload(*changes, count=10):
    """Return a valid batch, with these changes to its first items. The value None removes a field."""
    items = [{"key": key} | ITEM for key in range(1, count + 1)]
    for item, changed_fields in zip(items, changes, strict=False):
        item.update(changed_fields)
    skips = [{name: value for name, value in item.items() if value is not None} for item in items]
    return {"webcomplete_url": "https://p.example/c", "skips": skips}


def test_a_valid_batch_is_accepted():
    assert find_batch_error(1000, make_payload()) is None
    assert find_batch_error(1000, make_payload(count=1000)) is None


@pytest.mark.parametrize("count", [0, 9, 1001])
def test_a_batch_must_have_ten_to_a_thousand_items(count):
    assert "between 10 and 1000" in find_batch_error(1000, make_payload(count=count))


def test_a_payload_over_the_limit_is_refused():
    assert "256 KB" in find_batch_error(256_001, make_payload())


@pytest.mark.parametrize("url", [None, "", "http://p.example/c", "ftp://p.example", "p.example"])
def test_callback_addresses_must_begin_with_https(url):
    assert "webcomplete_url" in find_batch_error(1000, make_payload() | {"webcomplete_url": url})
    assert find_batch_error(1000, make_payload({"webhook_url": url})).startswith('"[0].webhook_url"')


@pytest.mark.parametrize(
    ("changes", "wrong_field"),
    [
        ({"key": None}, "key"),
        ({"key": 2}, None),
        ({"email": None}, "address"),
        ({"address": "1 Oak St"}, "city"),
        ({"address": "1 Oak St", "city": "Herndon"}, "state"),
        ({"mail_address": "1 Oak St", "mail_city": "Herndon"}, "mail_state"),
        ({"unit": "4"}, "address"),
        ({"city": "Herndon"}, "first_name"),
        ({"state": "Virginia"}, "state"),
        ({"zip": "20170-1234"}, "zip"),
        ({"zip": "2017"}, "zip"),
        ({"phone": "202-555-0148"}, "phone"),
        ({"email": "ada"}, "email"),
        ({"first_name": ""}, "first_name"),
        ({"first_name": 7}, "first_name"),
        ({"match_requirements": {"phones": True, "emails": True}}, "match_requirements.operator"),
        ({"match_requirements": {"phones": True}}, None),
    ],
)
def test_the_error_names_the_first_wrong_field(changes, wrong_field):
    error = find_batch_error(1000, make_payload({}, changes))
    if wrong_field:
        assert error.startswith(f'"[1].{wrong_field}"')
    else:
        assert error is None


def test_keys_must_be_unique():
    assert find_batch_error(1000, make_payload({}, {"key": "1"})) == '"[1].key" contains a duplicate value'
