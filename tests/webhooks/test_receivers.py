"""Tests of both receivers, then of each."""

import asyncio
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import pytest
from django.db import DEFAULT_DB_ALIAS, DataError, InterfaceError, OperationalError, connection, connections

from batches.models import Batch, Item
from batches.statuses import Outcome
from batches.tracing import filing as item_filing
from batches.vendor import protocol
from tests.factories import answer_for
from webhooks.inbound import filing
from webhooks.inbound import receiver as receiver_module
from webhooks.inbound.group_commit import BATCH_SIZE, DeliveryBatcher
from webhooks.inbound.outage import OUTAGE
from webhooks.inbound.receiver import MAX_BODY, ReceiverApp
from webhooks.models import DeliveryKind, UnmatchedDelivery

pytestmark = pytest.mark.django_db
KEY = "the-vendor-knows-this"


@pytest.fixture(autouse=True)
def _key(settings):
    settings.REALESTATEAPI_KEY = KEY


@pytest.fixture(params=["item", "complete"])
def receiver(request):
    return request.param


@pytest.fixture
def site():
    """Return the receivers as the web server runs them, but filing in the test's own transaction."""
    own = connections[DEFAULT_DB_ALIAS]
    own.inc_thread_sharing()
    threads = ThreadPoolExecutor(1, initializer=lambda: connections.__setitem__(DEFAULT_DB_ALIAS, own))
    yield ReceiverApp(None, DeliveryBatcher(threads))
    threads.shutdown()
    own.dec_thread_sharing()


@pytest.fixture
def send(site):
    def send(address, *chunks, method="POST", headers=()):
        """Return the status, the headers and the body of the answer."""
        messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
        messages, sent = [*messages, {"type": "http.request", "body": b""}], []
        scope = {"type": "http", "method": method, "path": unquote(address), "headers": list(headers)}

        async def receive():
            return messages.pop(0)

        async def note(message):
            sent.append(message)

        asyncio.run(site(scope, receive, note))
        return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]

    return send


@pytest.fixture
def call(send, batch):
    def call(receiver, body, token=None, key=KEY, says_length=True):
        headers = [(b"x-api-key", key.encode())] if key is not None else []
        headers += [(b"content-length", str(len(body)).encode())] if says_length else []
        body = body if isinstance(body, bytes) else body.encode()
        status, _, content = send(f"/webhooks/{receiver}/{token or batch.token}/", body[:5], body[5:], headers=headers)
        assert content == b""
        return status

    return call


def good_body(receiver, batch):
    return (
        answer_for(batch.items.first()) if receiver == "item" else b'{"batchId": "vendor-batch", "totalProcessed": 12}'
    )


def test_a_valid_call_gets_200_and_an_empty_body(call, receiver, batch):
    assert call(receiver, good_body(receiver, batch)) == 200
    assert not UnmatchedDelivery.objects.exists()


@pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x", KEY[:-1], KEY.upper(), "ключ"])
def test_without_the_right_key_nothing_happens(call, receiver, batch, key):
    assert call(receiver, good_body(receiver, batch), key=key) == 401
    assert not UnmatchedDelivery.objects.exists()
    assert not Item.objects.filter(outcome=Outcome.MATCHED).exists()
    assert Batch.objects.get().completed_at is None


def test_keys_from_before_and_after_a_rotation_are_accepted(call, receiver, batch, settings):
    settings.REALESTATEAPI_KEYS_ACCEPTED = ["the-key-of-before", "the-key-of-after"]
    for key in ("the-key-of-before", "the-key-of-after", KEY):
        assert call(receiver, good_body(receiver, batch), key=key) == 200
    assert call(receiver, good_body(receiver, batch), key="the-key") == 401


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(send, receiver, batch, method):
    key = (b"x-api-key", KEY.encode())
    status, headers, _ = send(f"/webhooks/{receiver}/{batch.token}/", method=method, headers=[key])
    assert (status, headers[b"allow"]) == (405, b"POST")


def test_a_body_over_a_mebibyte_is_refused(call, receiver):
    assert call(receiver, b" " * (MAX_BODY + 1)) == 413
    assert not UnmatchedDelivery.objects.exists()


def test_a_body_of_a_mebibyte_is_read(call, receiver, batch):
    body = good_body(receiver, batch)
    assert call(receiver, body + b" " * (MAX_BODY - len(body))) == 200
    assert not UnmatchedDelivery.objects.exists()


def test_a_body_without_a_length_is_read_up_to_the_limit(call, receiver, batch):
    assert call(receiver, good_body(receiver, batch), says_length=False) == 200
    assert call(receiver, b" " * (MAX_BODY + 1), says_length=False) == 413
    assert not UnmatchedDelivery.objects.exists()


def repr_short(body):
    return repr(body[:20])


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"no json", b"[]", b"null", b"\xff\xfe", b'{"a": ', b"\x00", '{"a": 1}'.encode("utf-16")),
        b'{"match": true, "input": {"key": 1}, "output": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
    ids=repr_short,
)
def test_malformed_bodies_are_kept_unchanged(call, receiver, body):
    assert call(receiver, body) == 200
    unmatched = UnmatchedDelivery.objects.get()
    assert (bytes(unmatched.body), unmatched.reason) == (body, "The body is not a JSON object in UTF-8.")


def test_a_call_to_an_unknown_address_is_kept_unchanged(call, receiver, batch):
    body = good_body(receiver, batch)
    assert call(receiver, body, token="nobody") == 200
    unmatched = UnmatchedDelivery.objects.get()
    assert (bytes(unmatched.body), unmatched.token, unmatched.reason) == (
        body,
        "nobody",
        "No batch has this callback address.",
    )


def test_nothing_is_lost_because_of_a_byte_order_mark_or_a_nul_in_the_address(call, receiver, batch):
    assert call(receiver, b"\xef\xbb\xbf" + good_body(receiver, batch)) == 200
    assert not UnmatchedDelivery.objects.exists()
    assert call(receiver, b"{}", token="a%00b") == 200
    assert UnmatchedDelivery.objects.get().token == "ab"


def test_a_call_to_a_long_address_is_kept(call, receiver):
    assert call(receiver, b"{}", token="x" * 500) == 200
    assert UnmatchedDelivery.objects.count() == 1


def break_filing(monkeypatch, file):
    def fail(_):
        raise OperationalError

    monkeypatch.setattr(filing, "file_pending", fail)
    for kind in DeliveryKind:
        monkeypatch.setitem(filing.FILERS, kind, file)


def test_a_short_database_outage_costs_no_result(call, receiver, batch, monkeypatch):
    failures, whole = [OperationalError, InterfaceError], dict(filing.FILERS)

    def fail_twice(*args):
        if failures:
            raise failures.pop()
        return whole[DeliveryKind.ITEM if receiver == "item" else DeliveryKind.COMPLETION](*args)

    break_filing(monkeypatch, fail_twice)
    assert call(receiver, good_body(receiver, batch)) == 200
    assert not UnmatchedDelivery.objects.exists()
    assert Item.objects.filter(outcome=Outcome.MATCHED).exists() or Batch.objects.get().completed_at


@pytest.mark.parametrize("error", [DataError, ValueError, KeyError])
def test_after_any_other_error_the_call_is_kept_unchanged(call, receiver, batch, monkeypatch, caplog, error):
    def fail(*_):
        raise error("the row was: Ada Abbott")

    break_filing(monkeypatch, fail)
    body = good_body(receiver, batch)
    assert call(receiver, body) == 200
    unmatched = UnmatchedDelivery.objects.get()
    assert (bytes(unmatched.body), unmatched.reason) == (body, f"It could not be stored: {error.__name__}.")


def test_if_nothing_can_be_stored_the_answer_is_503(call, receiver, batch, monkeypatch, caplog):
    def fail(*_):
        raise OperationalError("the row was: Ada Abbott")

    break_filing(monkeypatch, fail)
    monkeypatch.setattr(filing, "STORE_WAIT", 0.5)
    with caplog.at_level(logging.DEBUG):
        assert call(receiver, good_body(receiver, batch)) == 503
    assert "OperationalError" in caplog.text
    assert "Abbott" not in caplog.text
    assert len(OUTAGE.refusals) == 1


def test_the_log_contains_no_personal_data(call, receiver, batch, caplog):
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


def test_filing_an_item_takes_one_statement_and_its_savepoint(call, batch, django_assert_max_num_queries):
    body = answer_for(batch.items.first())
    with django_assert_max_num_queries(3):
        call("item", body)


def test_a_second_delivery_is_not_unmatched(call, batch):
    body = answer_for(batch.items.first())
    assert [call("item", body) for _ in range(3)] == [200] * 3
    assert not UnmatchedDelivery.objects.exists()
    assert Batch.objects.get().duplicates == 2


def test_a_second_answer_is_kept(call, batch):
    item = batch.items.first()
    call("item", answer_for(item))
    call("item", answer_for(item, batchRequestId="another"))
    assert UnmatchedDelivery.objects.get().reason == item_filing.Filing.ONE_TOO_MANY.value


def test_an_unknown_shape_is_filed_unchanged(call, batch):
    item = batch.items.first()
    body = json.dumps({"input": {"key": item.pk}, "match": True, "surprise": ["x"]})
    call("item", body)
    item.refresh_from_db()
    assert (item.outcome, item.answer) == (Outcome.MATCHED, body)


def test_escapes_that_databases_do_not_allow_in_text_are_filed(call, batch):
    item = batch.items.first()
    body = answer_for(item, message="\0 \ud800")
    assert call("item", body) == 200
    item.refresh_from_db()
    assert item.answer == body.decode()


def test_the_statement_is_prepared_once(call, batch):
    """Otherwise PostgreSQL would plan it again for each answer."""
    if connection.vendor != "postgresql":
        pytest.skip("Only PostgreSQL prepares.")
    for item in batch.items.all()[:2]:
        assert call("item", answer_for(item)) == 200
    with connection.cursor() as cursor:
        uses = "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement LIKE %s"
        cursor.execute(uses, ["%batches_item AS item%"])
        # The connection lives longer than a test.
        assert max(used for (used,) in cursor.fetchall()) >= 2
        assert connection.connection.prepare_threshold is None


# Simultaneous deliveries


@pytest.fixture
def deliver(site, batch):
    def deliver(*bodies):
        """Deliver all bodies at once. Return their fates."""

        async def file_all():
            deliveries = [filing.Delivery(DeliveryKind.ITEM, batch.token, body) for body in bodies]
            return await asyncio.gather(*map(site.batcher.file, deliveries))

        return asyncio.run(file_all())

    return deliver


def test_simultaneous_deliveries_are_filed_together(deliver, batch, django_assert_max_num_queries):
    bodies = [answer_for(item) for item in batch.items.all()]
    first, *others = bodies
    assert deliver(first) == ["filed"]
    with django_assert_max_num_queries(len(others) + 4):
        assert deliver(*others) == ["filed"] * len(others)
    assert not batch.items.exclude(outcome=Outcome.MATCHED).exists()


@pytest.mark.django_db(transaction=True)
def test_simultaneous_deliveries_share_one_transaction(batch):
    if connection.vendor != "postgresql":
        pytest.skip("Only PostgreSQL tells.")
    answers = [
        (batch.token, protocol.decode_answer(body := answer_for(item)), body.decode()) for item in batch.items.all()
    ]
    assert all(item_filing.file_pending(answers))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT xmin::text) FROM batches_item WHERE outcome = 'matched'")
        assert cursor.fetchone() == (len(answers), 1)


def test_each_delivery_has_its_own_fate(deliver, batch):
    item, other = batch.items.all()[:2]
    body = answer_for(item)
    fates = deliver(body, body, b"no json", answer_for(other), answer_for(Item(pk=2**31 - 1)))
    assert fates == ["filed", "duplicate", "unmatched", "filed", "unmatched"]
    assert Batch.objects.get().duplicates == 1


def test_more_deliveries_than_fit_into_one_transaction_are_filed(deliver, batch):
    item = batch.items.first()
    fates = deliver(*[answer_for(item)] * (2 * BATCH_SIZE + 1))
    assert sorted(fates) == ["duplicate"] * 2 * BATCH_SIZE + ["filed"]


def test_a_delivery_that_breaks_the_statement_does_not_affect_the_others(deliver, batch, monkeypatch):
    """PostgreSQL refuses the whole transaction because of one value."""
    item, other = batch.items.all()[:2]
    whole = item_filing.write_each

    def refuse(writes):
        if any(values["key"] == other.pk for _, values in writes):
            raise DataError("Ada Abbott")
        return whole(writes)

    monkeypatch.setattr(item_filing, "write_each", refuse)
    assert deliver(answer_for(item), answer_for(other)) == ["filed", "unmatched"]


def test_an_unexpected_error_leaves_no_call_waiting(deliver, batch, monkeypatch, caplog):
    def fail(_):
        raise RuntimeError("Ada Abbott")

    monkeypatch.setattr("webhooks.inbound.group_commit.file_deliveries", fail)
    assert deliver(b"{}", b"{}") == [None, None]
    assert "RuntimeError" in caplog.text
    assert "Abbott" not in caplog.text
    monkeypatch.undo()
    assert deliver(answer_for(batch.items.first())) == ["filed"]


def test_an_unreachable_database_is_waited_for(deliver, batch, monkeypatch, caplog):
    failures = [OperationalError] * 3

    def fail_thrice(_):
        if failures:
            raise failures.pop()

    monkeypatch.setattr(filing, "ensure_connection", fail_thrice)
    assert deliver(*map(answer_for, batch.items.all()[:2])) == ["filed", "filed"]
    assert not failures


def test_a_delivery_that_cannot_be_stored_does_not_affect_the_others(deliver, batch, monkeypatch, caplog):
    item, other = batch.items.all()[:2]
    whole, nameless = filing.file_or_store, b'{"input": {"last_name": "Abbott"}}'

    def fail_for_one(delivery):
        if delivery.body == nameless:
            raise ValueError("Ada Abbott")
        return whole(delivery)

    monkeypatch.setattr(filing, "file_or_store", fail_for_one)
    assert deliver(answer_for(item), nameless, answer_for(other)) == ["filed", None, "filed"]
    assert "Abbott" not in caplog.text


BROKEN = [b"no json", b"[1]", b"\xff"]


def test_malformed_bodies_are_stored_together(deliver, batch, monkeypatch):
    def fail(delivery):
        pytest.fail("It was stored by itself.")

    monkeypatch.setattr(filing, "file_delivery", fail)
    assert deliver(BROKEN[0], answer_for(batch.items.first()), *BROKEN[1:]) == [
        "unmatched",
        "filed",
        "unmatched",
        "unmatched",
    ]
    stored = UnmatchedDelivery.objects.order_by("pk")
    assert [bytes(unmatched.body) for unmatched in stored] == BROKEN
    assert {(unmatched.reason, unmatched.next_try_at) for unmatched in stored} == {(filing.MALFORMED, None)}


def test_if_malformed_bodies_cannot_be_stored_together_each_is_stored_by_itself(deliver, monkeypatch, caplog):
    def fail(lock_wait):
        monkeypatch.undo()
        raise OperationalError("Ada Abbott")

    monkeypatch.setattr(filing, "ensure_connection", fail)
    assert deliver(*BROKEN) == ["unmatched"] * 3
    assert UnmatchedDelivery.objects.count() == 3
    assert "Abbott" not in caplog.text


def test_a_deeply_nested_body_does_not_affect_the_others(deliver, batch):
    deep = b'{"match": true, "input": {"key": 1}, "output": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    assert deliver(answer_for(batch.items.first()), deep) == ["filed", "unmatched"]


def test_if_filing_is_stuck_calls_are_refused_and_nothing_piles_up(site, batch, monkeypatch):
    monkeypatch.setattr("webhooks.inbound.group_commit.FILING_TIMEOUT", 0.05)
    is_free = threading.Event()
    monkeypatch.setattr(
        "webhooks.inbound.group_commit.file_deliveries",
        lambda deliveries: is_free.wait(10) and ["filed"] * len(deliveries),
    )

    async def deliver_two():
        first = asyncio.create_task(site.batcher.file(filing.Delivery(DeliveryKind.ITEM, batch.token, b"{}")))
        await asyncio.sleep(0.01)
        second = await site.batcher.file(filing.Delivery(DeliveryKind.ITEM, batch.token, b"{}"))
        waiting = len(site.batcher.waiting)
        is_free.set()
        return await first, second, waiting

    assert asyncio.run(deliver_two()) == (None, None, 0)


def test_a_body_that_does_not_arrive_times_out(site, batch, monkeypatch):
    monkeypatch.setattr(receiver_module, "BODY_TIMEOUT", 0.05)
    sent = []

    async def receive():
        await asyncio.sleep(60)

    async def note(message):
        sent.append(message)

    headers = [(b"x-api-key", KEY.encode())]
    scope = {"type": "http", "method": "POST", "path": f"/webhooks/item/{batch.token}/", "headers": headers}
    asyncio.run(site(scope, receive, note))
    assert sent[0]["status"] == 408
    assert not UnmatchedDelivery.objects.exists()


def test_healthz_needs_no_pages(send):
    assert send("/healthz", method="GET") == (200, {b"content-length": b"3", b"content-type": b"text/plain"}, b"ok\n")


@pytest.mark.parametrize("path", ["item/abc", "item/", "items/abc/", "item/abc/more/", ""])
def test_a_mistyped_address_is_not_passed_to_the_pages(send, path):
    """Otherwise its token would be logged there."""
    assert send(f"/webhooks/{path}")[0] == 404


# The completion call


def test_the_completion_call_is_kept_unchanged(call, batch):
    body = b'{"batchId": "vendor-batch", "totalProcessed": 12, "extra": true}'
    call("complete", body)
    batch.refresh_from_db()
    assert (batch.completion, batch.vendor_processed) == (body.decode(), 12)
