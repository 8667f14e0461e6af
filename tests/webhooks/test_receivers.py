"""One suite that both receivers must pass, then what is each one's own."""

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
from webhooks.inbound.group_commit import TOGETHER, Desk
from webhooks.inbound.receiver import BODY_LIMIT, Receiver
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
def site():
    """The receivers and pages as the web server runs them, but filing in the test's own transaction."""
    own = connections[DEFAULT_DB_ALIAS]
    own.inc_thread_sharing()
    threads = ThreadPoolExecutor(1, initializer=lambda: connections.__setitem__(DEFAULT_DB_ALIAS, own))
    yield Receiver(None, Desk(threads))
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


def test_a_good_call_is_answered_200_with_an_empty_body(call, receiver, batch):
    assert call(receiver, good_body(receiver, batch)) == 200
    assert not Stray.objects.exists()


@pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x", KEY[:-1], KEY.upper(), "ключ"])
def test_without_the_right_key_nothing_happens(call, receiver, batch, key):
    assert call(receiver, good_body(receiver, batch), key=key) == 401
    assert not Stray.objects.exists()
    assert not Item.objects.filter(outcome=Outcome.MATCHED).exists()
    assert Batch.objects.get().completed_at is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(send, receiver, batch, method):
    key = (b"x-api-key", KEY.encode())
    status, headers, _ = send(f"/webhooks/{receiver}/{batch.token}/", method=method, headers=[key])
    assert (status, headers[b"allow"]) == (405, b"POST")


def test_a_body_over_a_mebibyte_is_refused(call, receiver):
    assert call(receiver, b" " * (BODY_LIMIT + 1)) == 413
    assert not Stray.objects.exists()


def test_a_body_of_a_mebibyte_is_read(call, receiver, batch):
    body = good_body(receiver, batch)
    assert call(receiver, body + b" " * (BODY_LIMIT - len(body))) == 200
    assert not Stray.objects.exists()


def test_a_body_that_says_no_length_is_read_up_to_the_limit(call, receiver, batch):
    assert call(receiver, good_body(receiver, batch), says_length=False) == 200
    assert call(receiver, b" " * (BODY_LIMIT + 1), says_length=False) == 413
    assert not Stray.objects.exists()


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
def test_malformed_bodies_are_kept_whole(call, receiver, body):
    assert call(receiver, body) == 200
    stray = Stray.objects.get()
    assert (bytes(stray.body), stray.reason) == (body, "The body is not a JSON object in UTF-8.")


def test_an_unknown_address_is_kept_whole(call, receiver, batch):
    body = good_body(receiver, batch)
    assert call(receiver, body, token="nobody") == 200
    stray = Stray.objects.get()
    assert (bytes(stray.body), stray.token, stray.reason) == (body, "nobody", "No batch has this address.")


def test_a_byte_order_mark_and_a_nul_in_the_address_lose_nothing(call, receiver, batch):
    assert call(receiver, b"\xef\xbb\xbf" + good_body(receiver, batch)) == 200
    assert not Stray.objects.exists()
    assert call(receiver, b"{}", token="a%00b") == 200
    assert Stray.objects.get().token == "ab"


def test_a_long_address_is_kept_as_well(call, receiver):
    assert call(receiver, b"{}", token="x" * 500) == 200
    assert Stray.objects.count() == 1


def break_filing(monkeypatch, file):
    def fail(_):
        raise OperationalError

    monkeypatch.setattr(filing, "file_pending", fail)
    for kind in Stray.Kind:
        monkeypatch.setitem(filing.FILE, kind, file)


def test_a_database_that_is_back_soon_costs_no_result(call, receiver, batch, monkeypatch):
    failures, whole = [OperationalError, InterfaceError], dict(filing.FILE)

    def fail_twice(*args):
        if failures:
            raise failures.pop()
        return whole[Stray.Kind.ITEM if receiver == "item" else Stray.Kind.COMPLETION](*args)

    break_filing(monkeypatch, fail_twice)
    assert call(receiver, good_body(receiver, batch)) == 200
    assert not Stray.objects.exists()
    assert Item.objects.filter(outcome=Outcome.MATCHED).exists() or Batch.objects.get().completed_at


@pytest.mark.parametrize("error", [DataError, ValueError, KeyError])
def test_what_goes_wrong_otherwise_is_kept_whole(call, receiver, batch, monkeypatch, caplog, error):
    def fail(*_):
        raise error("the row was: Ada Abbott")

    break_filing(monkeypatch, fail)
    body = good_body(receiver, batch)
    assert call(receiver, body) == 200
    stray = Stray.objects.get()
    assert (bytes(stray.body), stray.reason) == (body, f"It could not be stored: {error.__name__}.")


def test_where_nothing_can_be_stored_the_answer_is_503(call, receiver, batch, monkeypatch, caplog):
    def fail(*_):
        raise OperationalError("the row was: Ada Abbott")

    break_filing(monkeypatch, fail)
    monkeypatch.setattr(filing, "STORE_WAIT", 0.5)
    with caplog.at_level(logging.DEBUG):
        assert call(receiver, good_body(receiver, batch)) == 503
    assert "OperationalError" in caplog.text
    assert "Abbott" not in caplog.text


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


def test_an_item_takes_one_statement_and_its_savepoint(call, batch, django_assert_max_num_queries):
    body = answer_for(batch.items.first())
    with django_assert_max_num_queries(3):
        call("item", body)


def test_a_second_delivery_is_no_stray(call, batch):
    body = answer_for(batch.items.first())
    assert [call("item", body) for _ in range(3)] == [200] * 3
    assert not Stray.objects.exists()
    assert Batch.objects.get().duplicates == 2


def test_one_answer_too_many_is_kept(call, batch):
    item = batch.items.first()
    call("item", answer_for(item))
    call("item", answer_for(item, batchRequestId="another"))
    assert Stray.objects.get().reason == item_filing.Filing.ONE_TOO_MANY.value


def test_an_unknown_shape_is_filed_and_kept_whole(call, batch):
    item = batch.items.first()
    body = json.dumps({"input": {"key": item.pk}, "match": True, "surprise": ["x"]})
    call("item", body)
    item.refresh_from_db()
    assert (item.outcome, item.answer) == (Outcome.MATCHED, body)


def test_escapes_that_no_database_keeps_as_text_are_filed(call, batch):
    item = batch.items.first()
    body = answer_for(item, message="\0 \ud800")
    assert call("item", body) == 200
    item.refresh_from_db()
    assert item.answer == body.decode()


def test_the_statement_is_prepared_once(call, batch):
    """Else PostgreSQL would plan it for each answer anew."""
    if connection.vendor != "postgresql":
        pytest.skip("Only PostgreSQL prepares.")
    for item in batch.items.all()[:2]:
        assert call("item", answer_for(item)) == 200
    with connection.cursor() as cursor:
        uses = "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement LIKE %s"
        cursor.execute(uses, ["%batches_item AS item%"])
        # Of a connection that lives longer than a test.
        assert max(used for (used,) in cursor.fetchall()) >= 2
        assert connection.connection.prepare_threshold is None


# Many at once


@pytest.fixture
def deliver(site, batch):
    def deliver(*bodies):
        """All at once; gives the fates."""

        async def take_all():
            deliveries = [filing.Delivery(Stray.Kind.ITEM, batch.token, body) for body in bodies]
            return await asyncio.gather(*map(site.desk.take, deliveries))

        return asyncio.run(take_all())

    return deliver


def test_what_comes_at_once_is_filed_together(deliver, batch, django_assert_max_num_queries):
    bodies = [answer_for(item) for item in batch.items.all()]
    first, *others = bodies
    assert deliver(first) == ["filed"]
    with django_assert_max_num_queries(len(others) + 4):
        assert deliver(*others) == ["filed"] * len(others)
    assert not batch.items.exclude(outcome=Outcome.MATCHED).exists()


@pytest.mark.django_db(transaction=True)
def test_what_comes_at_once_is_one_transaction(batch):
    if connection.vendor != "postgresql":
        pytest.skip("Only PostgreSQL tells.")
    answers = [
        (batch.token, protocol.decode_answer(body := answer_for(item)), body.decode()) for item in batch.items.all()
    ]
    assert all(item_filing.file_pending(answers))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT xmin::text) FROM batches_item WHERE outcome = 'matched'")
        assert cursor.fetchone() == (len(answers), 1)


def test_each_of_many_has_its_own_fate(deliver, batch):
    item, other = batch.items.all()[:2]
    body = answer_for(item)
    fates = deliver(body, body, b"no json", answer_for(other), answer_for(Item(pk=2**31 - 1)))
    assert fates == ["filed", "duplicate", "stray", "filed", "stray"]
    assert Batch.objects.get().duplicates == 1


def test_more_than_go_together_are_filed_as_well(deliver, batch):
    item = batch.items.first()
    fates = deliver(*[answer_for(item)] * (2 * TOGETHER + 1))
    assert sorted(fates) == ["duplicate"] * 2 * TOGETHER + ["filed"]


def test_one_that_breaks_the_statement_does_not_break_the_others(deliver, batch, monkeypatch):
    """PostgreSQL refuses the whole transaction for one value."""
    item, other = batch.items.all()[:2]
    whole = item_filing.write_each

    def refuse(writes):
        if any(values["key"] == other.pk for _, values in writes):
            raise DataError("Ada Abbott")
        return whole(writes)

    monkeypatch.setattr(item_filing, "write_each", refuse)
    assert deliver(answer_for(item), answer_for(other)) == ["filed", "stray"]


def test_nobody_waits_for_ever_for_what_nobody_expected(deliver, batch, monkeypatch, caplog):
    def fail(_):
        raise RuntimeError("Ada Abbott")

    monkeypatch.setattr("webhooks.inbound.group_commit.take_all", fail)
    assert deliver(b"{}", b"{}") == [None, None]
    assert "RuntimeError" in caplog.text
    assert "Abbott" not in caplog.text
    monkeypatch.undo()
    assert deliver(answer_for(batch.items.first())) == ["filed"]


def test_a_database_that_cannot_be_reached_is_waited_for(deliver, batch, monkeypatch, caplog):
    failures = [OperationalError] * 3

    def fail_thrice(_):
        if failures:
            raise failures.pop()

    monkeypatch.setattr(filing, "connect", fail_thrice)
    assert deliver(*map(answer_for, batch.items.all()[:2])) == ["filed", "filed"]
    assert not failures


def test_one_that_cannot_even_be_kept_costs_no_other_its_place(deliver, batch, monkeypatch, caplog):
    item, other = batch.items.all()[:2]
    whole = filing.file_or_keep

    def fail_for_one(delivery):
        if delivery.body == b"no json":
            raise ValueError("Ada Abbott")
        return whole(delivery)

    monkeypatch.setattr(filing, "file_or_keep", fail_for_one)
    assert deliver(answer_for(item), b"no json", answer_for(other)) == ["filed", None, "filed"]
    assert "Abbott" not in caplog.text


def test_a_deep_body_costs_no_other_its_place(deliver, batch):
    deep = b'{"match": true, "input": {"key": 1}, "output": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    assert deliver(answer_for(batch.items.first()), deep) == ["filed", "stray"]


def test_where_filing_is_stuck_the_vendor_is_told_so_and_nothing_piles_up(site, batch, monkeypatch):
    monkeypatch.setattr("webhooks.inbound.group_commit.PATIENCE", 0.05)
    is_free = threading.Event()
    monkeypatch.setattr(
        "webhooks.inbound.group_commit.take_all", lambda deliveries: is_free.wait(10) and ["filed"] * len(deliveries)
    )

    async def deliver_two():
        first = asyncio.create_task(site.desk.take(filing.Delivery(Stray.Kind.ITEM, batch.token, b"{}")))
        await asyncio.sleep(0.01)
        second = await site.desk.take(filing.Delivery(Stray.Kind.ITEM, batch.token, b"{}"))
        waiting = len(site.desk.waiting)
        is_free.set()
        return await first, second, waiting

    assert asyncio.run(deliver_two()) == (None, None, 0)


def test_a_body_that_does_not_come_is_not_waited_for_for_ever(site, batch, monkeypatch):
    monkeypatch.setattr(receiver_module, "BODY_WAIT", 0.05)
    sent = []

    async def receive():
        await asyncio.sleep(60)

    async def note(message):
        sent.append(message)

    headers = [(b"x-api-key", KEY.encode())]
    scope = {"type": "http", "method": "POST", "path": f"/webhooks/item/{batch.token}/", "headers": headers}
    asyncio.run(site(scope, receive, note))
    assert sent[0]["status"] == 408
    assert not Stray.objects.exists()


# The completion call


def test_the_completion_is_kept_whole(call, batch):
    body = b'{"batchId": "vendor-batch", "totalProcessed": 12, "extra": true}'
    call("complete", body)
    batch.refresh_from_db()
    assert (batch.completion, batch.vendor_processed) == (body.decode(), 12)
