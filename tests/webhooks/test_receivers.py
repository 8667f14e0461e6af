"""The receivers of answers and of completion calls: what both do, then what each does."""

import asyncio
import ipaddress
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import pytest
from django.db import DEFAULT_DB_ALIAS, DataError, InterfaceError, OperationalError, connection, connections
from django.utils import timezone

from batches.models import Batch, Item
from batches.statuses import Outcome
from batches.tracing import filing as item_filing
from batches.tracing import vendor_accounts, vendor_keys
from batches.vendor import protocol
from tests.factories import answer_for
from tests.support.services import MAX_WAIT
from webhooks.inbound import filing
from webhooks.inbound import receiver as receiver_module
from webhooks.inbound.group_commit import BATCH_SIZE, DeliveryBatcher
from webhooks.inbound.outage import OUTAGE
from webhooks.inbound.receiver import MAX_BODY_BYTES, ReceiverApp
from webhooks.models import DeliveryKind, UnmatchedDelivery

pytestmark = pytest.mark.django_db
KEY = "the-vendor-knows-this"


@pytest.fixture(autouse=True)
def _key(settings):
    settings.REALESTATEAPI_KEY = KEY


@pytest.fixture(params=["item", "complete"])
def receiver_name(request):
    """Return the part of an address that names a receiver."""
    return request.param


@pytest.fixture
def receiver_app():
    """Return the app that a receiver runs, except that it files in the test's own transaction."""
    own_connection = connections[DEFAULT_DB_ALIAS]
    own_connection.inc_thread_sharing()

    def use_own_connection():
        connections[DEFAULT_DB_ALIAS] = own_connection

    executor = ThreadPoolExecutor(1, initializer=use_own_connection)
    yield ReceiverApp(None, DeliveryBatcher(executor))
    executor.shutdown()
    own_connection.dec_thread_sharing()


@pytest.fixture
def send(receiver_app):
    """Return a function that sends a request, whose body arrives in chunks, and returns status, headers and body."""

    def send(address, *chunks, method="POST", headers=(), client=None):
        messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
        messages += [{"type": "http.request", "body": b""}]
        sent = []
        scope = {"type": "http", "method": method, "path": unquote(address), "headers": list(headers)}
        scope |= {"client": (client, 4711)} if client else {}

        async def receive():
            return messages.pop(0)

        async def keep(message):
            sent.append(message)

        asyncio.run(receiver_app(scope, receive, keep))
        return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]

    return send


@pytest.fixture
def call(send, batch):
    """Return a function that calls a receiver as the vendor does, and returns the status."""

    def call(receiver_name, body, token=None, key=KEY, has_length=True):
        headers = [(b"x-api-key", key.encode())] if key is not None else []
        headers += [(b"content-length", str(len(body)).encode())] if has_length else []
        body = body if isinstance(body, bytes) else body.encode()
        status, _, content = send(
            f"/webhooks/{receiver_name}/{token or batch.token}/", body[:5], body[5:], headers=headers
        )
        assert content == b""
        return status

    return call


def make_body(receiver_name, batch):
    """Return an answer or a completion, depending on the receiver."""
    if receiver_name == "item":
        return answer_for(batch.items.first())
    return b'{"batchId": "vendor-batch", "totalProcessed": 12}'


def test_a_valid_call_gets_200_and_an_empty_body(call, receiver_name, batch):
    assert call(receiver_name, make_body(receiver_name, batch)) == 200
    assert not UnmatchedDelivery.objects.exists()


@pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x", KEY[:-1], KEY.upper(), "ключ"])
def test_without_the_right_key_nothing_happens(call, receiver_name, batch, key):
    assert call(receiver_name, make_body(receiver_name, batch), key=key) == 401
    assert not UnmatchedDelivery.objects.exists()
    assert not Item.objects.filter(outcome=Outcome.MATCHED).exists()
    assert Batch.objects.get().completed_at is None


def test_keys_from_before_and_after_a_rotation_are_accepted(call, receiver_name, batch, settings):
    settings.REALESTATEAPI_KEYS_ACCEPTED = ["the-older-key", "the-newer-key"]
    for key in ("the-older-key", "the-newer-key", KEY):
        assert call(receiver_name, make_body(receiver_name, batch), key=key) == 200
    assert call(receiver_name, make_body(receiver_name, batch), key="the-key") == 401


@pytest.fixture
def call_from(send, receiver_name, batch, settings):
    """Return a function that calls a receiver from an address. Only the vendor's networks may call."""
    settings.VENDOR_NETWORKS = read_networks("203.0.113.0/24", "2001:db8:7::/48")
    settings.TRUSTED_PROXIES = read_networks("127.0.0.0/8", "10.0.0.0/8")

    def call_from(client, *forwarded, key=KEY):
        headers = [(b"x-api-key", key.encode()), *((b"x-forwarded-for", value.encode()) for value in forwarded)]
        body = make_body(receiver_name, batch)
        return send(f"/webhooks/{receiver_name}/{batch.token}/", body, headers=headers, client=client)[0]

    return call_from


def read_networks(*networks):
    return [ipaddress.ip_network(network) for network in networks]


@pytest.mark.parametrize(
    ("client", "forwarded"),
    [
        ("203.0.113.9", []),
        ("::ffff:203.0.113.9", []),
        ("2001:db8:7::9", []),
        ("127.0.0.1", ["203.0.113.9"]),
        ("127.0.0.1", ["198.51.100.7, 203.0.113.9, 10.1.2.3"]),
        ("127.0.0.1", ["198.51.100.7", "203.0.113.9"]),
    ],
)
def test_calls_from_the_vendors_networks_are_accepted(call_from, client, forwarded):
    assert call_from(client, *forwarded) == 200


@pytest.mark.parametrize(
    ("client", "forwarded"),
    [
        ("198.51.100.7", []),
        ("127.0.0.1", []),
        (None, []),
        # Anybody can write anything before the address that our own proxy has added.
        ("198.51.100.7", ["203.0.113.9"]),
        ("127.0.0.1", ["203.0.113.9, 198.51.100.7"]),
        ("127.0.0.1", ["203.0.113.9", "198.51.100.7"]),
        ("127.0.0.1", ["203.0.113.9, 198.51.100.7:4711"]),
        ("127.0.0.1", ["203.0.113.9, unknown"]),
    ],
)
def test_calls_from_elsewhere_are_refused_like_a_wrong_key(call_from, caplog, batch, client, forwarded):
    assert call_from(client, *forwarded) == 401
    assert not batch.items.exclude(outcome=Outcome.PENDING).exists()
    assert not UnmatchedDelivery.objects.exists()
    assert "which is not in VENDOR_NETWORKS" in caplog.text


def test_calls_with_a_wrong_key_do_not_log_a_refused_address(call_from, caplog):
    assert call_from("198.51.100.7", key="wrong") == 401
    assert call_from("203.0.113.9", key="wrong") == 401
    assert "VENDOR_NETWORKS" not in caplog.text


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(send, receiver_name, batch, method):
    key = (b"x-api-key", KEY.encode())
    status, headers, _ = send(f"/webhooks/{receiver_name}/{batch.token}/", method=method, headers=[key])
    assert (status, headers[b"allow"]) == (405, b"POST")


def test_a_body_over_a_mebibyte_is_refused(call, receiver_name):
    assert call(receiver_name, b" " * (MAX_BODY_BYTES + 1)) == 413
    assert not UnmatchedDelivery.objects.exists()


def test_a_body_of_a_mebibyte_is_read(call, receiver_name, batch):
    body = make_body(receiver_name, batch)
    assert call(receiver_name, body + b" " * (MAX_BODY_BYTES - len(body))) == 200
    assert not UnmatchedDelivery.objects.exists()


def test_a_body_without_a_length_is_read_up_to_the_limit(call, receiver_name, batch):
    assert call(receiver_name, make_body(receiver_name, batch), has_length=False) == 200
    assert call(receiver_name, b" " * (MAX_BODY_BYTES + 1), has_length=False) == 413
    assert not UnmatchedDelivery.objects.exists()


def name_body(body):
    """Return the beginning of a body, as a name for its test."""
    return repr(body[:20])


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"no json", b"[]", b"null", b"\xff\xfe", b'{"a": ', b"\x00", '{"a": 1}'.encode("utf-16")),
        b'{"match": true, "input": {"key": 1}, "output": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
    ids=name_body,
)
def test_malformed_bodies_are_kept_unchanged(call, receiver_name, body):
    assert call(receiver_name, body) == 200
    unmatched = UnmatchedDelivery.objects.get()
    assert (bytes(unmatched.body), unmatched.reason) == (body, "The body is not a JSON object in UTF-8.")


def test_a_call_to_an_unknown_address_is_kept_unchanged(call, receiver_name, batch):
    body = make_body(receiver_name, batch)
    assert call(receiver_name, body, token="nobody") == 200
    unmatched = UnmatchedDelivery.objects.get()
    assert (bytes(unmatched.body), unmatched.token, unmatched.reason) == (
        body,
        "nobody",
        "No batch has this callback address.",
    )


def test_a_byte_order_mark_in_the_body_and_a_nul_in_the_address_do_no_harm(call, receiver_name, batch):
    assert call(receiver_name, b"\xef\xbb\xbf" + make_body(receiver_name, batch)) == 200
    assert not UnmatchedDelivery.objects.exists()
    assert call(receiver_name, b"{}", token="a%00b") == 200
    assert UnmatchedDelivery.objects.get().token == "ab"


def test_a_call_to_a_long_address_is_kept(call, receiver_name):
    assert call(receiver_name, b"{}", token="x" * 500) == 200
    assert UnmatchedDelivery.objects.count() == 1


def replace_filing(monkeypatch, file):
    """File every delivery separately, with `file`."""

    def fail(_):
        raise OperationalError

    monkeypatch.setattr(filing, "file_pending", fail)
    for kind in DeliveryKind:
        monkeypatch.setitem(filing.FILERS, kind, file)


def test_a_short_database_outage_loses_no_result(call, receiver_name, batch, monkeypatch):
    file = filing.FILERS[DeliveryKind.ITEM if receiver_name == "item" else DeliveryKind.COMPLETION]
    failures = [OperationalError, InterfaceError]

    def fail_twice(*args):
        if failures:
            raise failures.pop()
        return file(*args)

    replace_filing(monkeypatch, fail_twice)
    assert call(receiver_name, make_body(receiver_name, batch)) == 200
    assert not UnmatchedDelivery.objects.exists()
    assert Item.objects.filter(outcome=Outcome.MATCHED).exists() or Batch.objects.get().completed_at


@pytest.mark.parametrize("error", [DataError, ValueError, KeyError])
def test_after_any_other_error_the_body_is_kept_unchanged(call, receiver_name, batch, monkeypatch, caplog, error):
    def fail(*_):
        raise error("the row was: Ada Abbott")

    replace_filing(monkeypatch, fail)
    body = make_body(receiver_name, batch)
    assert call(receiver_name, body) == 200
    unmatched = UnmatchedDelivery.objects.get()
    assert (bytes(unmatched.body), unmatched.reason) == (body, f"It could not be stored: {error.__name__}.")


def test_if_nothing_can_be_stored_the_answer_is_503(call, receiver_name, batch, monkeypatch, caplog):
    def fail(*_):
        raise OperationalError("the row was: Ada Abbott")

    replace_filing(monkeypatch, fail)
    monkeypatch.setattr(filing, "STORE_WAIT", 0.5)
    with caplog.at_level(logging.DEBUG):
        assert call(receiver_name, make_body(receiver_name, batch)) == 503
    assert "OperationalError" in caplog.text
    assert "Abbott" not in caplog.text
    assert len(OUTAGE.refusals) == 1


def test_the_log_contains_no_personal_data(call, receiver_name, batch, caplog):
    with caplog.at_level(logging.DEBUG):
        call(receiver_name, make_body(receiver_name, batch))
        call(receiver_name, make_body(receiver_name, batch), token="nobody")
        call(receiver_name, b'{"first_name": "Ada Abbott"')
    assert "Abbott" not in caplog.text


# Answers


@pytest.mark.parametrize("outcome", ["matched", "no_match", "error"])
def test_an_answer_is_filed_with_its_outcome(call, batch, outcome):
    item = batch.items.first()
    call("item", answer_for(item, outcome))
    item.refresh_from_db()
    assert item.outcome == outcome


def test_filing_an_answer_takes_one_statement_and_its_savepoint(call, batch, django_assert_max_num_queries):
    first, item = batch.items.all()[:2]
    # The first answer of a batch takes another query, for the batch's base.
    call("item", answer_for(first))
    with django_assert_max_num_queries(3):
        call("item", answer_for(item))


def test_an_answer_that_is_delivered_again_is_only_counted(call, batch):
    body = answer_for(batch.items.first())
    assert [call("item", body) for _ in range(3)] == [200] * 3
    assert not UnmatchedDelivery.objects.exists()
    assert Batch.objects.get().duplicates == 2


def test_another_answer_for_the_same_person_is_kept(call, batch):
    item = batch.items.first()
    call("item", answer_for(item))
    call("item", answer_for(item, batchRequestId="another"))
    assert UnmatchedDelivery.objects.get().reason == item_filing.Filing.ONE_TOO_MANY.value


def test_an_answer_in_an_unknown_shape_is_filed_unchanged(call, batch):
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


def test_the_statement_that_files_an_answer_is_prepared_once(call, batch):
    """If it were not prepared, PostgreSQL would plan it again for each answer."""
    if connection.vendor != "postgresql":
        pytest.skip("Only PostgreSQL prepares statements.")
    for item in batch.items.all()[:2]:
        assert call("item", answer_for(item)) == 200
    with connection.cursor() as cursor:
        query = "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement LIKE %s"
        cursor.execute(query, ["%batches_item AS item%"])
        # The connection may still have statements of other tests.
        assert max(executions for (executions,) in cursor.fetchall()) >= 2
        assert connection.connection.prepare_threshold is None


# Simultaneous deliveries


@pytest.fixture
def deliver(receiver_app, batch):
    """Return a function that delivers all bodies at once, and returns the fate of each."""

    def deliver(*bodies):
        async def file_all():
            deliveries = [filing.Delivery(DeliveryKind.ITEM, batch.token, body) for body in bodies]
            return await asyncio.gather(*map(receiver_app.batcher.file, deliveries))

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
        pytest.skip("Only PostgreSQL shows which transaction wrote a row.")
    bodies = [answer_for(item) for item in batch.items.all()]
    answers = [(batch.token, protocol.decode_answer(body), body.decode()) for body in bodies]
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
    """One value can make PostgreSQL refuse the whole transaction."""
    item, other = batch.items.all()[:2]
    write_each = item_filing.write_each

    def refuse(writes):
        if any(values["item_id"] == other.pk for _, values in writes):
            raise DataError("Ada Abbott")
        return write_each(writes)

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


def test_a_delivery_waits_for_an_unreachable_database(deliver, batch, monkeypatch, caplog):
    failures = [OperationalError] * 3

    def fail_thrice(_):
        if failures:
            raise failures.pop()

    monkeypatch.setattr(filing, "ensure_connection", fail_thrice)
    assert deliver(*map(answer_for, batch.items.all()[:2])) == ["filed", "filed"]
    assert not failures


def test_a_delivery_that_cannot_be_stored_does_not_affect_the_others(deliver, batch, monkeypatch, caplog):
    item, other = batch.items.all()[:2]
    without_key = b'{"input": {"last_name": "Abbott"}}'
    file_or_store = filing.file_or_store

    def fail_for_one(delivery):
        if delivery.body == without_key:
            raise ValueError("Ada Abbott")
        return file_or_store(delivery)

    monkeypatch.setattr(filing, "file_or_store", fail_for_one)
    assert deliver(answer_for(item), without_key, answer_for(other)) == ["filed", None, "filed"]
    assert "Abbott" not in caplog.text


MALFORMED_BODIES = [b"no json", b"[1]", b"\xff"]


def test_malformed_bodies_are_stored_together(deliver, batch, monkeypatch):
    def fail(delivery):
        pytest.fail("A malformed body was stored by itself.")

    monkeypatch.setattr(filing, "file_delivery", fail)
    assert deliver(MALFORMED_BODIES[0], answer_for(batch.items.first()), *MALFORMED_BODIES[1:]) == [
        "unmatched",
        "filed",
        "unmatched",
        "unmatched",
    ]
    stored = UnmatchedDelivery.objects.order_by("pk")
    assert [bytes(unmatched.body) for unmatched in stored] == MALFORMED_BODIES
    assert {(unmatched.reason, unmatched.next_try_at) for unmatched in stored} == {(filing.MALFORMED, None)}


def test_if_malformed_bodies_cannot_be_stored_together_each_is_stored_by_itself(deliver, monkeypatch, caplog):
    def fail_once(lock_wait):
        monkeypatch.undo()
        raise OperationalError("Ada Abbott")

    monkeypatch.setattr(filing, "ensure_connection", fail_once)
    assert deliver(*MALFORMED_BODIES) == ["unmatched"] * 3
    assert UnmatchedDelivery.objects.count() == 3
    assert "Abbott" not in caplog.text


def test_a_deeply_nested_body_does_not_affect_the_others(deliver, batch):
    nested = b'{"match": true, "input": {"key": 1}, "output": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    assert deliver(answer_for(batch.items.first()), nested) == ["filed", "unmatched"]


def test_calls_are_refused_and_do_not_pile_up_while_filing_is_stuck(receiver_app, batch, monkeypatch):
    monkeypatch.setattr("webhooks.inbound.group_commit.FILING_TIMEOUT", 0.05)
    can_continue = threading.Event()

    def wait_and_file(deliveries):
        can_continue.wait(MAX_WAIT)
        return ["filed"] * len(deliveries)

    monkeypatch.setattr("webhooks.inbound.group_commit.file_deliveries", wait_and_file)

    async def deliver_two():
        delivery = filing.Delivery(DeliveryKind.ITEM, batch.token, b"{}")
        first = asyncio.create_task(receiver_app.batcher.file(delivery))
        await asyncio.sleep(0.01)
        second_fate = await receiver_app.batcher.file(delivery)
        waiting_count = len(receiver_app.batcher.waiting)
        can_continue.set()
        return await first, second_fate, waiting_count

    assert asyncio.run(deliver_two()) == (None, None, 0)


def test_a_body_that_does_not_arrive_times_out(receiver_app, batch, monkeypatch):
    monkeypatch.setattr(receiver_module, "BODY_TIMEOUT", 0.05)
    sent = []

    async def receive():
        await asyncio.sleep(60)

    async def keep(message):
        sent.append(message)

    headers = [(b"x-api-key", KEY.encode())]
    scope = {"type": "http", "method": "POST", "path": f"/webhooks/item/{batch.token}/", "headers": headers}
    asyncio.run(receiver_app(scope, receive, keep))
    assert sent[0]["status"] == 408
    assert not UnmatchedDelivery.objects.exists()


def test_healthz_works_without_the_pages(send):
    headers = {b"content-length": b"3", b"content-type": b"text/plain", b"server": b"web"}
    assert send("/healthz", method="GET") == (200, headers, b"ok\n")


@pytest.mark.parametrize("path", ["item/abc", "item/", "items/abc/", "item/abc/more/", ""])
def test_a_mistyped_address_is_not_passed_to_the_pages(send, path):
    """Keep the token in the address out of the pages' log."""
    assert send(f"/webhooks/{path}")[0] == 404


# The completion call


def test_the_completion_call_is_kept_unchanged(call, batch):
    body = b'{"batchId": "vendor-batch", "totalProcessed": 12, "extra": true}'
    call("complete", body)
    batch.refresh_from_db()
    assert (batch.completion, batch.vendor_processed) == (body.decode(), 12)


@pytest.mark.parametrize("path", ["/livez", "/healthz"])
def test_a_receiver_is_live_by_itself_under_any_host(send, monkeypatch, path):
    def fail(*_):
        raise AssertionError("It must not be needed.")

    monkeypatch.setattr("django_rq.get_connection", fail)
    monkeypatch.setattr(connection, "cursor", fail)
    assert send(path, method="GET", headers=[(b"host", b"10.0.0.11")])[::2] == (200, b"ok\n")


@pytest.fixture
def account(make_account, batch):
    """Return the account that the batch was sent over."""
    account = make_account("East", "Herndon")
    Batch.objects.filter(pk=batch.pk).update(account=account)
    return account


@pytest.mark.usefixtures("account")
def test_a_delivery_must_carry_the_key_of_its_batchs_account(call, receiver_name, batch, make_account, caplog):
    make_account("West")
    for other_key in (KEY, "key-of-West", "key-of-east"):
        assert call(receiver_name, make_body(receiver_name, batch), key=other_key) == 401
    assert not UnmatchedDelivery.objects.exists()
    assert not batch.items.exclude(outcome=Outcome.PENDING).exists()
    assert Batch.objects.get().completed_at is None
    assert "not that of its batch's vendor account" in caplog.text
    assert call(receiver_name, make_body(receiver_name, batch), key="key-of-East") == 200
    assert not UnmatchedDelivery.objects.exists()


@pytest.mark.usefixtures("account")
def test_a_malformed_delivery_with_the_key_of_another_account_is_not_stored(call, receiver_name):
    assert call(receiver_name, b"{broken") == 401
    assert not UnmatchedDelivery.objects.exists()
    assert call(receiver_name, b"{broken", key="key-of-East") == 200
    assert UnmatchedDelivery.objects.count() == 1


def test_the_key_of_an_account_is_refused_for_a_batch_of_the_default_account(call, receiver_name, batch, make_account):
    make_account("East", "Herndon")
    assert call(receiver_name, make_body(receiver_name, batch), key="key-of-East") == 401
    assert call(receiver_name, make_body(receiver_name, batch)) == 200


def test_the_key_before_a_rotation_is_accepted_until_somebody_ends_it(call, receiver_name, batch, account, charlie):
    vendor_accounts.replace_key(account, "the-new-key", charlie)
    for key in ("key-of-East", "the-new-key"):
        assert call(receiver_name, make_body(receiver_name, batch), key=key) == 200
    assert vendor_accounts.end_earlier_key(account, charlie)
    vendor_keys.load_account_keys()
    assert call(receiver_name, make_body(receiver_name, batch), key="key-of-East") == 401


def test_a_retired_account_still_receives(call, receiver_name, batch, account, charlie):
    vendor_accounts.retire(account, charlie)
    assert call(receiver_name, make_body(receiver_name, batch), key="key-of-East") == 200
    assert not UnmatchedDelivery.objects.exists()


@pytest.mark.parametrize("change", [{"submitted_at": None}, {"doubted_at": timezone.now()}])
def test_the_key_of_any_account_will_do_if_it_is_not_known_which_one_was_used(
    call, receiver_name, batch, make_account, change
):
    """The batch may have been sent over it after the backup was made from which this database was restored."""
    make_account("East", "Herndon")
    Batch.objects.update(**change)
    assert call(receiver_name, make_body(receiver_name, batch), key="key-of-East") == 200
    assert not UnmatchedDelivery.objects.exists()


def test_a_delivery_of_an_account_to_an_unknown_address_is_kept(call, receiver_name, batch, make_account):
    make_account("East")
    assert call(receiver_name, make_body(receiver_name, batch), token="no-such", key="key-of-East") == 200
    assert UnmatchedDelivery.objects.get().token == "no-such"


def test_a_delivery_with_an_unknown_key_is_not_judged_without_the_database(call, receiver_name, batch, monkeypatch):
    def fail(*_):
        raise OperationalError

    monkeypatch.setattr("webhooks.inbound.group_commit.load_account_keys", fail)
    assert call(receiver_name, make_body(receiver_name, batch), key="key-of-East") == 503
    assert call(receiver_name, make_body(receiver_name, batch)) == 200


def test_unknown_keys_make_few_queries(receiver_app, monkeypatch):
    """Each call waits for a load that begins after it, and all that wait share it."""
    loads = []
    monkeypatch.setattr("webhooks.inbound.group_commit.load_account_keys_now", lambda: loads.append(1))

    async def load_often():
        first = asyncio.create_task(receiver_app.batcher.load_keys())
        await asyncio.gather(first, *(receiver_app.batcher.load_keys() for _ in range(100)))
        await asyncio.gather(*(receiver_app.batcher.load_keys() for _ in range(100)))

    asyncio.run(load_often())
    assert len(loads) == 2
