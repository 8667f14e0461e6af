import pytest

from batches.sandbox.rules import find_batch_fault

ITEM = {"webhook_url": "https://p.example/i", "email": "ada@example.com"}


def payload(*changed, count=10):
    items = [{"key": key} | ITEM for key in range(1, count + 1)]
    for item, changes in zip(items, changed, strict=False):
        item.update(changes)
    skips = [{name: value for name, value in item.items() if value is not None} for item in items]
    return {"webcomplete_url": "https://p.example/c", "skips": skips}


def test_a_valid_batch_has_no_fault():
    assert find_batch_fault(1000, payload()) is None
    assert find_batch_fault(1000, payload(count=1000)) is None


@pytest.mark.parametrize("count", [0, 9, 1001])
def test_batches_have_ten_to_a_thousand_items(count):
    assert "between 10 and 1000" in find_batch_fault(1000, payload(count=count))


def test_a_payload_over_the_limit_is_refused():
    assert "256 KB" in find_batch_fault(256_001, payload())


@pytest.mark.parametrize("url", [None, "", "http://p.example/c", "ftp://p.example", "p.example"])
def test_callbacks_are_https(url):
    assert "webcomplete_url" in find_batch_fault(1000, payload() | {"webcomplete_url": url})
    assert find_batch_fault(1000, payload({"webhook_url": url})).startswith('"[0].webhook_url"')


@pytest.mark.parametrize(
    ("changes", "fault"),
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
def test_items_are_checked_one_by_one(changes, fault):
    found = find_batch_fault(1000, payload({}, changes))
    if fault:
        assert found.startswith(f'"[1].{fault}"')
    elif changes.get("key") == 2:
        assert found is None


def test_keys_are_unique():
    assert find_batch_fault(1000, payload({}, {"key": "1"})) == '"[1].key" contains a duplicate value'
