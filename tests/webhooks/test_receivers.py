"""One suite that both receivers must pass, then what is each one's own."""

import io
import json
import logging

import pytest
from django.db import DataError, InterfaceError, OperationalError

from batches import results
from batches.models import Batch, Item
from batches.statuses import Outcome
from tests.conftest import answer_for
from webhooks import filing
from webhooks.auth import BODY_LIMIT
from webhooks.models import Stray

pytestmark = pytest.mark.django_db
KEY = "the-vendor-knows-this"


@pytest.fixture(autouse=True)
def _key(settings):
    settings.REALESTATEAPI_KEY = KEY


@pytest.fixture(params=["item", "complete"])
def receiver(request):
    return request.param


@pytest.fixture
def call(client, batch):
    def call(receiver, body, token=None, key=KEY, **options):
        headers = {"x-api-key": key} if key is not None else {}
        address = f"/webhooks/{receiver}/{token or batch.token}/"
        return client.post(address, body, content_type="application/json", headers=headers, **options)

    return call


def good_body(receiver, batch):
    return (
        answer_for(batch.items.first()) if receiver == "item" else b'{"batchId": "vendor-batch", "totalProcessed": 12}'
    )


def test_a_good_call_is_answered_200_with_an_empty_body(call, receiver, batch):
    response = call(receiver, good_body(receiver, batch))
    assert (response.status_code, response.content) == (200, b"")
    assert not Stray.objects.exists()


@pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x", KEY[:-1], KEY.upper(), "ключ"])
def test_without_the_right_key_nothing_happens(call, receiver, batch, key):
    assert call(receiver, good_body(receiver, batch), key=key).status_code == 401
    assert not Stray.objects.exists()
    assert not Item.objects.filter(outcome=Outcome.MATCHED).exists()
    assert Batch.objects.get().completed_at is None


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_other_methods_are_refused(client, receiver, batch, method):
    address = f"/webhooks/{receiver}/{batch.token}/"
    assert getattr(client, method)(address, headers={"x-api-key": KEY}).status_code == 405


def test_a_body_over_a_mebibyte_is_refused(call, receiver):
    assert call(receiver, b" " * (BODY_LIMIT + 1)).status_code == 413
    assert not Stray.objects.exists()


def test_a_body_of_a_mebibyte_is_read(call, receiver, batch):
    body = good_body(receiver, batch)
    assert call(receiver, body + b" " * (BODY_LIMIT - len(body))).status_code == 200
    assert not Stray.objects.exists()


def test_a_body_that_says_no_length_is_read_up_to_the_limit(rf, receiver, batch):
    from webhooks import views  # noqa: PLC0415

    view = {"item": views.item_result, "complete": views.batch_complete}[receiver]
    for body, status in [(good_body(receiver, batch), 200), (b" " * (BODY_LIMIT + 1), 413)]:
        request = rf.post("/", content_type="application/json", headers={"x-api-key": KEY})
        request.META |= {"wsgi.input": io.BytesIO(body), "HTTP_TRANSFER_ENCODING": "chunked"}
        assert view(request, token=batch.token).status_code == status
    assert not Stray.objects.exists()


@pytest.mark.parametrize(
    "body", [b"", b"no json", b"[]", b"null", b"\xff\xfe", b'{"a": ', b"\x00", '{"a": 1}'.encode("utf-16")]
)
def test_malformed_bodies_are_kept_whole(call, receiver, body):
    assert call(receiver, body).status_code == 200
    stray = Stray.objects.get()
    assert (bytes(stray.body), stray.reason) == (body, "The body is not a JSON object in UTF-8.")


def test_an_unknown_address_is_kept_whole(call, receiver, batch):
    body = good_body(receiver, batch)
    assert call(receiver, body, token="nobody").status_code == 200
    stray = Stray.objects.get()
    assert (bytes(stray.body), stray.token, stray.reason) == (body, "nobody", "No batch has this address.")


def test_a_byte_order_mark_and_a_nul_in_the_address_lose_nothing(call, receiver, batch):
    assert call(receiver, b"\xef\xbb\xbf" + good_body(receiver, batch)).status_code == 200
    assert not Stray.objects.exists()
    assert call(receiver, b"{}", token="a%00b").status_code == 200
    assert Stray.objects.get().token == "ab"


def test_a_long_address_is_kept_as_well(call, receiver):
    assert call(receiver, b"{}", token="x" * 500).status_code == 200
    assert Stray.objects.count() == 1


def break_filing(monkeypatch, file):
    for kind in Stray.Kind:
        monkeypatch.setitem(filing.FILE, kind, file)


def test_a_database_that_is_back_soon_costs_no_result(call, receiver, batch, monkeypatch):
    failures, whole = [OperationalError, InterfaceError], dict(filing.FILE)

    def fail_twice(*args):
        if failures:
            raise failures.pop()
        return whole[Stray.Kind.ITEM if receiver == "item" else Stray.Kind.COMPLETION](*args)

    break_filing(monkeypatch, fail_twice)
    assert call(receiver, good_body(receiver, batch)).status_code == 200
    assert not Stray.objects.exists()
    assert Item.objects.filter(outcome=Outcome.MATCHED).exists() or Batch.objects.get().completed_at


@pytest.mark.parametrize("error", [DataError, ValueError, KeyError])
def test_what_goes_wrong_otherwise_is_kept_whole(call, receiver, batch, monkeypatch, caplog, error):
    def fail(*_):
        raise error("the row was: Ada Abbott")

    break_filing(monkeypatch, fail)
    body = good_body(receiver, batch)
    assert call(receiver, body).status_code == 200
    stray = Stray.objects.get()
    assert (bytes(stray.body), stray.reason) == (body, f"It could not be stored: {error.__name__}.")


def test_where_nothing_can_be_stored_the_answer_is_503(call, receiver, batch, monkeypatch, caplog):
    def fail(*_):
        raise OperationalError("the row was: Ada Abbott")

    break_filing(monkeypatch, fail)
    monkeypatch.setattr(filing, "STORE_WAIT", 0.5)
    with caplog.at_level(logging.DEBUG):
        assert call(receiver, good_body(receiver, batch)).status_code == 503
    assert "OperationalError" in caplog.text
    assert "Abbott" not in caplog.text


def test_no_cookie_is_set_and_no_session_read(call, receiver, batch, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        response = call(receiver, good_body(receiver, batch))
    assert not response.cookies


def test_nobody_is_named_in_the_log(call, receiver, batch, caplog):
    with caplog.at_level(logging.DEBUG):
        call(receiver, good_body(receiver, batch))
        call(receiver, good_body(receiver, batch), token="nobody")
        call(receiver, b'{"first_name": "Ada Abbott"')
    assert "Abbott" not in caplog.text


# Items' answers


@pytest.mark.parametrize("outcome", ["matched", "no_match", "error"])
def test_an_item_is_filed_with_its_outcome(call, batch, outcome):
    item = batch.items.first()
    call("item", answer_for(item, outcome))
    item.refresh_from_db()
    assert item.outcome == outcome


def test_an_item_takes_one_statement(call, batch, django_assert_num_queries):
    body = answer_for(batch.items.first())
    with django_assert_num_queries(1):
        call("item", body)


def test_a_second_delivery_is_no_stray(call, batch):
    body = answer_for(batch.items.first())
    assert [call("item", body).status_code for _ in range(3)] == [200] * 3
    assert not Stray.objects.exists()
    assert Batch.objects.get().duplicates == 2


def test_one_answer_too_many_is_kept(call, batch):
    item = batch.items.first()
    call("item", answer_for(item))
    call("item", answer_for(item, batchRequestId="another"))
    assert Stray.objects.get().reason == results.Filing.ONE_TOO_MANY.value


def test_an_unknown_shape_is_filed_and_kept_whole(call, batch):
    item = batch.items.first()
    body = json.dumps({"input": {"key": item.pk}, "match": True, "surprise": ["x"]})
    call("item", body)
    item.refresh_from_db()
    assert (item.outcome, item.answer) == (Outcome.MATCHED, body)


def test_escapes_that_no_database_keeps_as_text_are_filed(call, batch):
    item = batch.items.first()
    body = answer_for(item, message="\0 \ud800")
    assert call("item", body).status_code == 200
    item.refresh_from_db()
    assert item.answer == body.decode()


# The completion call


def test_the_completion_is_kept_whole(call, batch):
    body = b'{"batchId": "vendor-batch", "totalProcessed": 12, "extra": true}'
    call("complete", body)
    batch.refresh_from_db()
    assert (batch.completion, batch.vendor_processed) == (body.decode(), 12)
