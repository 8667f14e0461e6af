import json
from decimal import Decimal

import pytest

from batches.vendor import protocol
from batches.vendor.protocol import Malformed
from tests.factories import read_sample

FIELDS = {"first_name": "Zoë", "address": "1 Oak St", "city": "Herndon", "state": "VA", "zip": ""}


def test_a_batch_is_encoded_as_the_vendor_requires():
    items = [protocol.encode_item(key, FIELDS, "https://p.example/i", ["phones"]) for key in (1, 2)]
    body = protocol.encode_batch(items, "https://p.example/c")
    assert json.loads(body) == {
        "webcomplete_url": "https://p.example/c",
        "skips": [
            {
                "key": key,
                "webhook_url": "https://p.example/i",
                "first_name": "Zoë",
                "address": "1 Oak St",
                "city": "Herndon",
                "state": "VA",
                "match_requirements": {"phones": True},
            }
            for key in (1, 2)
        ],
    }
    assert len(body) == protocol.measure_envelope("https://p.example/c") + sum(map(len, items)) + 1


def test_more_than_one_requirement_needs_an_operator():
    assert protocol.encode_person({}, ["phones", "emails"])["match_requirements"] == {
        "phones": True,
        "emails": True,
        "operator": "or",
    }
    assert "match_requirements" not in protocol.encode_person({})


ACKNOWLEDGEMENT = {
    "acknowledged": True,
    "batchId": "b-1",
    "receiveCount": 2,
    "batchRequestIds": [{"key": 1, "batchRequestId": "r-1"}, {"key": "2", "batchRequestId": "r-2"}],
}


@pytest.mark.parametrize("body", [ACKNOWLEDGEMENT, {"statusCode": 200, "data": ACKNOWLEDGEMENT}])
def test_acknowledgements_of_both_versions_are_read(body):
    assert protocol.decode_acknowledgement(json.dumps(body)) == protocol.Acknowledgement("b-1", 2, {1: "r-1", 2: "r-2"})


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>", b'{"acknowledged": false, "batchId": "b"}', b"\xff"])
def test_a_reply_without_acknowledgement_is_malformed(body):
    with pytest.raises(Malformed):
        protocol.decode_acknowledgement(body)


@pytest.mark.parametrize(
    ("message", "index", "field"),
    [
        ('"[0].zip" must be digits', 0, "zip"),
        ('"skips[17].mail_state" must be two letters', 17, "mail_state"),
        ('"phone" must be ten digits', None, "phone"),
        ('"[7]" must be of type object', 7, ""),
        ('"[0].webhook_url" must be a valid uri', 0, "webhook_url"),
        ('"[0].match_requirements.operator" is required', 0, "match_requirements.operator"),
        ('"webcomplete_url" must be a valid uri', None, "webcomplete_url"),
        ("Something is wrong", None, ""),
    ],
)
def test_the_item_and_the_field_are_read_from_a_refusal(message, index, field):
    refusal = protocol.decode_refusal(json.dumps({"statusCode": 400, "error": "Bad Request", "message": message}))
    assert (refusal.index, refusal.field, refusal.message) == (index, field, message)


@pytest.mark.parametrize(
    ("message", "is_ours"),
    [
        ('"[3].zip" must be digits', False),
        ("Something is wrong", False),
        ('"[0].webhook_url" must be a valid uri', True),
        ('"[0].match_requirements.operator" is required', True),
        ('"skips" must contain between 10 and 1000 items', True),
    ],
)
def test_a_refusal_of_a_field_that_we_fill_in_is_not_the_fault_of_a_row(message, is_ours):
    assert protocol.decode_refusal(json.dumps({"message": message})).is_ours == is_ours


def test_a_refusal_that_is_not_json_names_no_item():
    assert protocol.decode_refusal(b"<html>").index is None


def test_an_answer_is_read():
    answer = protocol.decode_answer(read_sample("output.json"))
    assert answer == protocol.Answer(
        key=1,
        outcome="matched",
        message="Successful",
        batch_id="2067cf32-0000-4000-8000-000000000001",
        request_id="7563461e-0000-4000-8000-000000000001",
        credits=Decimal("1.00"),
    )


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"match": True, "statusCode": 200}, "matched"),
        ({"match": False, "statusCode": 200}, "no_match"),
        ({"match": False, "statusCode": 404}, "no_match"),
        ({"statusCode": 404}, "no_match"),
        ({"match": False, "statusCode": 400}, "error"),
        ({"statusCode": 401}, "error"),
        ({"match": True, "statusCode": "500"}, "error"),
        ({"persons": [{}]}, "matched"),
        ({"persons": []}, "no_match"),
        ({"results": [{"persons": [{}]}]}, "matched"),
        ({"data": []}, "no_match"),
        ({"output": None}, "no_match"),
        ({"data": {"phones": []}}, "matched"),
        ({"something": "new"}, "error"),
        ({"match": "perhaps"}, "error"),
    ],
)
def test_the_outcome_is_read_from_any_shape(body, outcome):
    assert protocol.decode_answer(json.dumps(body)).outcome == outcome


@pytest.mark.parametrize(
    ("key", "expected"),
    [(5, 5), ("5", 5), (0, None), (-1, None), (2**31, None), (True, None), ("x", None), (1.5, None), ([], None)],
)
def test_keys_are_read_from_numbers_and_from_strings(key, expected):
    assert protocol.decode_answer(json.dumps({"input": {"key": key}})).key == expected


@pytest.mark.parametrize("credits", [None, "x", -1, 1e12, {}, "NaN", "Infinity"])
def test_invalid_credits_are_unknown(credits):
    assert protocol.decode_answer(json.dumps({"credits": credits})).credits is None


def test_characters_that_the_database_refuses_are_removed_from_messages():
    assert protocol.decode_answer(b'{"message": "a\\u0000b\\ud800"}').message == "ab?"


@pytest.mark.parametrize(
    "body",
    [
        *(read_sample(f"{shape}.json").decode() for shape in ("output", "data", "persons")),
        '{"input": {"key": 7, "key": 8}, "match": false, "credits": 0.15, "message": "\\u00e9", "message": "last"}',
        '{"key": "7", "match": true, "credits": 1e2, "error": {"message": "x"}, "statusCode": "404"}',
        '{"key": 7, "match": "true", "statusCode": 200}',
        '{"key": 99999999999999999999999, "match": true, "credits": 0.1000000000000000055511151231257827}',
        '{"key": 7, "match": true, "output": NaN}',
        '{"key": 7, "match": true, "message": "\\ud800"}',
        '{"key": 7, "match": null, "output": {"identity": {}}}',
    ],
)
def test_the_fast_parser_agrees_with_the_full_one(body, monkeypatch):
    fast_answer = protocol.decode_answer(body)
    monkeypatch.setattr(protocol, "load_head", protocol.load_object)
    assert fast_answer == protocol.decode_answer(body)


@pytest.mark.parametrize("body", [b"", b"null", b"[1]", b'"text"', b"{", b"\x00", b"[" * 100_000])
def test_anything_but_an_object_is_malformed(body):
    with pytest.raises(Malformed):
        protocol.decode_answer(body)


@pytest.mark.parametrize(
    ("body", "totals"),
    [
        ({"totalProcessed": 3, "totalMatched": 2, "totalErrors": 1}, (3, 2, 1)),
        ({"processedCount": "3", "matchCount": 2, "errorCount": 0}, (3, 2, 0)),
        ({"processed": 3, "matches": 2, "errors": 1}, (3, 2, 1)),
        ({"total": 3, "matched": 2}, (3, 2, None)),
        ({}, (None, None, None)),
        ({"totalProcessed": "9999999999", "totalMatched": 10**12}, (None, None, None)),
        ({"totalProcessed": "many", "total": 3, "matched": [], "errors": None}, (None, None, None)),
    ],
)
def test_totals_are_read_under_any_of_their_names(body, totals):
    completion = protocol.decode_completion(json.dumps(body))
    assert (completion.processed, completion.matched, completion.errors) == totals


@pytest.mark.parametrize(
    ("body", "info"),
    [
        ({"keyType": "Live", "scopes": ["SkipTraceBatch"]}, ("live", ["SkipTraceBatch"], "")),
        ({"data": {"keyType": "test", "scopes": [], "remainingCredits": 12}}, ("test", [], "12")),
        ({"scopes": ["a", None, 7, ["b"]]}, ("", ["a", "7"], "")),
    ],
)
def test_what_a_key_may_be_used_for_is_read_with_and_without_an_envelope(body, info):
    found = protocol.decode_key_info(json.dumps(body))
    assert (found.kind, found.scopes, found.remaining) == info


@pytest.mark.parametrize("body", ["{}", "[]", "no", '{"keyType": null, "scopes": {}}'])
def test_a_reply_that_says_nothing_about_the_key_is_malformed(body):
    with pytest.raises(protocol.Malformed):
        protocol.decode_key_info(body)
