"""Messages about complete lists are stored first, signed, retried, and never sent by two workers at once."""

import json
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import django_rq
import pytest
from django.urls import reverse
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from batches import jobs
from batches.models import Item, Upload
from batches.statuses import Outcome
from tests.factories import people, person
from tests.support.threads import run_at_once
from webhooks.models import Attempt, Endpoint, Message
from webhooks.outbound import delivery, events, http
from webhooks.signing import make_secret

pytestmark = pytest.mark.django_db


class Listener(ThreadingHTTPServer):
    """A customer's HTTP server. It records its calls, and answers with `statuses` in turn, repeating the last one."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), ListenerHandler)
        self.statuses, self.calls, self.pause, self.answer = [200], [], 0, [b""]
        self.pause_in_answer = 0
        self.url = f"http://127.0.0.1:{self.server_port}/hook?from=portal"


class ListenerHandler(BaseHTTPRequestHandler):
    def do_POST(self):
        listener = self.server
        body = self.rfile.read(int(self.headers["content-length"]))
        listener.calls.append((self.path, dict(self.headers), body))
        time.sleep(listener.pause)
        status = listener.statuses.pop(0) if len(listener.statuses) > 1 else listener.statuses[0]
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        for part in listener.answer:
            self.wfile.write(part)
            self.wfile.flush()
            time.sleep(listener.pause_in_answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def listener():
    listener = Listener()
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield listener
    listener.shutdown()
    thread.join()
    listener.server_close()


@pytest.fixture
def endpoint(listener, charlie):
    return Endpoint.objects.create(url=listener.url, created_by=charlie)


@pytest.fixture
def complete(start_upload):
    """Return a function that answers a whole list, and completes it as the clock would."""

    def complete(rows=12, **options):
        upload = start_upload(rows, **options)
        upload.items.filter(outcome=Outcome.PENDING).update(outcome=Outcome.MATCHED, credits=1)
        upload.batches.update(status="closed", matched=12, credits=12)
        jobs.closing.complete_uploads(timezone.now())
        return Upload.objects.get(pk=upload.pk)

    return complete


def deliver_message():
    """Create a message for each list that is complete, send the only one, and return it."""
    events.create_messages(timezone.now())
    message = Message.objects.get()
    delivery.deliver(message.pk)
    message.refresh_from_db()
    return message


def test_a_message_can_be_verified_with_the_secret(endpoint, listener, complete):
    upload = complete([*people(12), person(1)], name="spring.csv")
    message = deliver_message()
    assert (message.status, message.last_status_code, message.attempts) == ("delivered", 200, 1)
    (path, headers, body) = listener.calls[0]
    assert (path, headers["content-type"]) == ("/hook?from=portal", "application/json")
    sent = Webhook(endpoint.secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(make_secret()).verify(body, headers)
    assert sent["type"] == "upload.completed"
    assert sent["data"] == {
        "id": upload.pk,
        "name": "spring",
        "status": "complete",
        "completed_at": sent["timestamp"],
        "counts": {"matched": 12, "no_match": 0, "error": 0, "missing": 0}
        | {"invalid": 0, "duplicate": 1, "reused": 0, "suppressed": 0, "company": 0},
        "credits": 12.0,
        "url": f"http://127.0.0.1:8000/uploads/{upload.pk}/",
    }
    assert headers["webhook-id"] == message.message_id


def test_the_beginning_of_the_answer_is_kept(endpoint, listener, complete):
    listener.statuses, listener.answer = [500], [b"Out of ", b"order"]
    complete()
    deliver_message()
    attempt = Attempt.objects.get()
    assert (attempt.status_code, attempt.answer) == (500, "Out of order")
    assert attempt.milliseconds is not None


def test_a_message_is_delivered_although_its_answer_never_ends(endpoint, listener, complete, monkeypatch):
    monkeypatch.setattr(http, "BODY_TIMEOUT", 0.2)
    listener.answer, listener.pause_in_answer = [b"slow"] * 1_000, 0.1
    complete()
    started = time.monotonic()
    assert deliver_message().status == "delivered"
    assert time.monotonic() - started < 50


def test_a_message_contains_no_personal_data(endpoint, listener, complete):
    complete()
    deliver_message()
    assert b"Abbott" not in listener.calls[0][2]


@pytest.mark.django_db(transaction=True)
def test_the_clock_and_a_worker_send_a_message(endpoint, listener, complete):
    complete()
    jobs.tick()
    jobs.tick()
    queue = django_rq.get_queue("messages")
    assert len(queue.job_ids) == 1
    django_rq.get_worker("messages", worker_class=jobs.Worker).work(burst=True)
    assert Message.objects.get().status == "delivered"
    jobs.tick()
    assert len(listener.calls) == 1


def test_each_completion_is_reported_once(endpoint, complete):
    upload = complete()
    for _ in range(2):
        events.create_messages(timezone.now())
    assert Message.objects.count() == 1
    Upload.objects.filter(pk=upload.pk).update(completed_at=timezone.now())
    events.create_messages(timezone.now())
    assert Message.objects.count() == 2


def test_each_endpoint_gets_a_message(endpoint, listener, complete):
    Endpoint.objects.create(url=listener.url)
    complete()
    events.create_messages(timezone.now())
    assert Message.objects.count() == 2


def test_completions_before_the_endpoint_was_added_are_not_reported(complete, listener):
    complete()
    Endpoint.objects.create(url=listener.url)
    events.create_messages(timezone.now())
    assert not Message.objects.exists()


def test_old_completions_are_not_reported(endpoint, complete):
    upload = complete()
    Endpoint.objects.update(created_at=timezone.now() - timedelta(days=9))
    Upload.objects.filter(pk=upload.pk).update(completed_at=timezone.now() - timedelta(days=4))
    events.create_messages(timezone.now())
    assert not Message.objects.exists()


def test_cancelled_and_running_lists_are_not_reported(endpoint, complete, start_upload):
    start_upload(12)
    Upload.objects.filter(pk=complete(people(9)).pk).update(status="cancelled")
    events.create_messages(timezone.now())
    assert not Message.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_the_queries_that_create_messages_do_not_depend_on_the_number_of_lists(
    endpoint, complete, count, django_assert_max_num_queries
):
    for number in range(count):
        complete([person(number * 100 + n) for n in range(12)])
    # One each for endpoints and lists, two for the lists' counts, one for the messages, and two for a savepoint.
    with django_assert_max_num_queries(7):
        events.create_messages(timezone.now())
    assert Message.objects.count() == count


def test_a_failed_message_is_retried_after_a_pause(endpoint, listener, complete, time_machine):
    complete()
    listener.statuses = [500, 302, 204]
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    message = deliver_message()
    assert (message.status, message.last_status_code) == ("waiting", 500)
    assert message.next_try_at == now + timedelta(seconds=5)
    endpoint.refresh_from_db()
    assert endpoint.note.endswith("The endpoint answered 500.")
    assert deliver_message().attempts == 1
    time_machine.move_to(now + timedelta(seconds=5), tick=False)
    message = deliver_message()
    assert (message.last_status_code, message.attempts) == (302, 2)
    time_machine.move_to(now + timedelta(seconds=5, minutes=5), tick=False)
    message = deliver_message()
    assert (message.status, message.attempts) == ("delivered", 3)
    assert {path for path, _, _ in listener.calls} == {"/hook?from=portal"}
    assert len({headers["webhook-id"] for _, headers, _ in listener.calls}) == 1


def test_a_message_fails_after_the_last_attempt_and_can_be_sent_again(
    endpoint, listener, complete, client, charlie, time_machine
):
    complete()
    listener.statuses = [500]
    now = timezone.now()
    for _ in range(10):
        time_machine.move_to(now, tick=False)
        message = deliver_message()
        now = message.next_try_at
    assert (message.status, message.attempts, len(listener.calls)) == ("failed", 10, 10)
    listener.statuses = [200]
    client.force_login(charlie)
    address = reverse("admin:webhooks_message_changelist")
    client.post(address, {"action": "send_again", "_selected_action": [message.pk]})
    assert deliver_message().status == "delivered"


def test_an_endpoint_that_answers_410_gets_no_more_messages(endpoint, listener, complete):
    complete()
    listener.statuses = [410]
    message = deliver_message()
    endpoint.refresh_from_db()
    assert (message.status, endpoint.is_active) == ("failed", False)
    complete([person(n) for n in range(100, 112)])
    events.create_messages(timezone.now())
    assert Message.objects.count() == 1


def test_a_timeout_is_retried(endpoint, listener, complete, monkeypatch):
    monkeypatch.setattr(http, "TIMEOUT", 0.2)
    listener.pause = 0.6
    complete()
    message = deliver_message()
    endpoint.refresh_from_db()
    assert (message.status, message.last_status_code) == ("waiting", None)
    assert endpoint.note.endswith("No answer: TimeoutError.")


def test_a_refused_connection_is_retried(endpoint, complete):
    Endpoint.objects.update(url="http://127.0.0.1:9/")
    complete()
    assert deliver_message().status == "waiting"


def test_a_claimed_message_is_not_sent_by_another_worker(endpoint, complete):
    complete()
    events.create_messages(timezone.now())
    first, second = Message.objects.get(), Message.objects.get()
    now = timezone.now()
    assert delivery.claim(first, now)
    assert not delivery.claim(second, now)
    assert not delivery.claim(Message.objects.get(), now + timedelta(seconds=80))
    assert delivery.claim(Message.objects.get(), now + timedelta(seconds=91))


def test_a_delayed_sender_does_not_overwrite_a_later_attempt(endpoint, complete):
    complete()
    events.create_messages(timezone.now())
    delayed, now = Message.objects.get(), timezone.now()
    delivery.claim(delayed, now)
    delivery.claim(Message.objects.get(), now + timedelta(seconds=91))
    delivery.finish_attempt(delayed, 500, "The endpoint answered 500.", now)
    assert Message.objects.get().next_try_at > now + timedelta(seconds=100)
    delivery.finish_attempt(delayed, 200, "", now)
    assert Message.objects.get().status == "delivered"


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_message(endpoint, listener, complete):
    complete()
    events.create_messages(timezone.now())
    message = Message.objects.get()
    run_at_once(*[lambda: delivery.deliver(message.pk)] * 2)
    assert len(listener.calls) == 1


def test_nothing_is_sent_to_an_endpoint_that_has_been_turned_off(endpoint, listener, complete):
    complete()
    events.create_messages(timezone.now())
    Endpoint.objects.update(is_active=False)
    delivery.deliver(Message.objects.get().pk)
    assert listener.calls == []
    assert not Message.objects.due(timezone.now()).exists()


def test_a_message_waits_while_its_secret_cannot_be_decrypted(endpoint, complete, listener, settings):
    complete()
    key = settings.SECRET_KEY
    settings.SECRET_KEY = "another-key"
    assert deliver_message().status == "waiting"
    assert listener.calls == []
    assert "The secret of this endpoint cannot be decrypted." in Endpoint.objects.get().note
    settings.SECRET_KEY = key
    Message.objects.update(next_try_at=timezone.now())
    assert deliver_message().status == "delivered"


def test_delivering_a_deleted_message_does_nothing():
    delivery.deliver(99)


def test_a_tick_survives_a_failure_to_create_messages(endpoint, complete, monkeypatch):
    """A step that fails does not delay the others."""

    def fail(_):
        raise OSError

    monkeypatch.setattr(events, "find_unreported", fail)
    complete()
    jobs.tick()
    assert Item.objects.filter(outcome=Outcome.MATCHED).count() == 12
    assert not Message.objects.exists()


def test_administrators_can_send_a_test_message_and_replace_the_secret(client, charlie, endpoint, listener):
    client.force_login(charlie)
    address = reverse("admin:webhooks_endpoint_changelist")
    client.post(address, {"action": "send_test", "_selected_action": [endpoint.pk]})
    assert deliver_message().status == "delivered"
    sent = Webhook(endpoint.secret).verify(listener.calls[0][2], listener.calls[0][1])
    assert (sent["type"], sent["data"]) == ("test", {})
    page = client.post(address, {"action": "rotate", "_selected_action": [endpoint.pk]}).content.decode()
    replaced = Endpoint.objects.get().secret
    assert replaced != endpoint.secret
    assert replaced in page
    assert json.loads(Message.objects.get().body)["type"] == "test"
