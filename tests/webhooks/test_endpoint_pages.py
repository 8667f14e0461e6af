"""Settings → Endpoints: how endpoints are added, their attempts shown and messages sent again, and who may do that."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, AuditKind
from accounts.rights import RightMissing, Role
from tests.factories import people
from tests.support.pages import read_page, read_rows
from webhooks.models import Attempt, Endpoint, Message
from webhooks.outbound import delivery, endpoints, http
from webhooks.outbound.events import make_test_message

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.com/path/secret-part"


@pytest.fixture
def erin(make_user):
    return make_user("erin", Role.ADMINISTRATOR)


@pytest.fixture
def administrator(client, erin):
    client.force_login(erin)
    return client


@pytest.fixture
def endpoint(erin):
    return Endpoint.objects.create(url=URL, created_by=erin)


@pytest.fixture
def answer(monkeypatch):
    """Return a function that makes the endpoint answer in a given way, and returns the ids of the messages it gets."""
    ids = []

    def answer(status=200, body=b"ok"):
        def post(url, _body, headers):
            ids.append(headers["webhook-id"])
            return http.Reply(status, body)

        monkeypatch.setattr(http, "post", post)
        return ids

    return answer


@pytest.fixture
def make_message(endpoint, make_upload):
    """Return a function that creates a message about a list that was completed some time ago."""
    upload = make_upload(people(2), name="spring.csv")

    def make(status=Message.Status.DELIVERED, age=timedelta(0), **fields):
        at = timezone.now() - age
        return Message.objects.create(
            endpoint=endpoint,
            upload=upload,
            completed_at=at,
            created_at=at,
            body='{"type":"upload.completed"}',
            status=status,
            **fields,
        )

    return make


def reload(record):
    return type(record).objects.get(pk=record.pk)


def read_audit():
    return list(
        AuditEntry.objects.filter(kind=AuditKind.ENDPOINT_CHANGED).order_by("pk").values_list("detail", flat=True)
    )


# Adding


def test_an_endpoint_is_added_and_its_secret_is_shown_once(administrator, erin, monkeypatch):
    monkeypatch.setattr(http, "look_up", lambda host, port: ["93.184.215.14"])
    response = administrator.post("/settings/endpoints/new/", {"url": URL})
    endpoint = Endpoint.objects.get()
    assert (response.status_code, endpoint.url, endpoint.created_by) == (201, URL, erin)
    assert endpoint.secret in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    for address in ("/settings/endpoints/", f"/settings/endpoints/{endpoint.pk}/"):
        assert "whsec_" not in administrator.get(address).content.decode()


def test_an_address_in_a_private_network_is_refused(administrator, settings):
    settings.IS_LOCAL = False
    response = administrator.post("/settings/endpoints/new/", {"url": "https://127.0.0.1/"})
    assert response.status_code == 422
    assert "private network" in response.content.decode()
    assert not Endpoint.objects.exists()


def test_the_audit_log_names_only_the_host(administrator, endpoint, make_message):
    for action in ("test", "secret", "off", "on"):
        administrator.post(f"/settings/endpoints/{endpoint.pk}/{action}/")
    assert [entry.partition(":")[0] for entry in read_audit()] == [
        "Sent a test message",
        "Replaced the secret",
        "Turned off",
        "Turned on",
    ]
    assert all("hooks.example.com" in entry and "secret-part" not in entry for entry in read_audit())


def test_a_new_secret_replaces_the_old_one(administrator, endpoint):
    old = endpoint.secret
    response = administrator.post(f"/settings/endpoints/{endpoint.pk}/secret/")
    new = reload(endpoint).secret
    assert new != old
    assert new in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_the_functions_behind_the_pages_check_the_right(alice, endpoint):
    message = make_test_message(endpoint, timezone.now())
    message.save()
    actions = [
        lambda: endpoints.add(alice, URL),
        lambda: endpoints.replace_secret(alice, endpoint),
        lambda: endpoints.set_active(alice, endpoint, False),
        lambda: endpoints.send_test(alice, endpoint),
        lambda: endpoints.send_again(alice, message),
        lambda: endpoints.replay(alice, endpoint, timezone.now(), 1),
    ]
    for action in actions:
        with pytest.raises(RightMissing):
            action()


# Attempts


def test_each_attempt_is_listed_with_its_answer(administrator, endpoint, answer):
    answer(503, b"<b>Service\x00\nUnavailable</b>" + b"x" * 1000)
    message = endpoints.send_test(endpoint.created_by, endpoint)
    delivery.deliver(message.pk)
    attempt = Attempt.objects.get()
    assert (attempt.status_code, attempt.problem) == (503, "The endpoint answered 503.")
    assert attempt.answer.startswith("<b>Service\N{REPLACEMENT CHARACTER} Unavailable</b>xxx")
    assert len(attempt.answer) == Attempt.MAX_ANSWER
    page = read_page(administrator.get(f"/settings/endpoints/{endpoint.pk}/"))
    assert "&lt;b&gt;Service" in page
    assert "<b>Service" not in page
    assert "Failing" in page


def test_a_call_without_an_answer_is_listed(administrator, endpoint, monkeypatch):
    def fail(*_):
        raise TimeoutError

    monkeypatch.setattr(http, "post", fail)
    delivery.deliver(endpoints.send_test(endpoint.created_by, endpoint).pk)
    assert any(
        "No answer: TimeoutError." in row for row in read_rows(administrator.get(f"/settings/endpoints/{endpoint.pk}/"))
    )


def test_the_list_says_how_endpoints_are_doing(administrator, endpoint, answer):
    assert "Not called yet" in read_page(administrator.get("/settings/endpoints/"))
    for status, word in ((200, "Working"), (500, "Failing")):
        answer(status)
        delivery.deliver(endpoints.send_test(endpoint.created_by, endpoint).pk)
        assert word in read_page(administrator.get("/settings/endpoints/"))
    endpoints.set_active(endpoint.created_by, endpoint, False)
    assert "Turned off" in read_page(administrator.get("/settings/endpoints/"))


def test_only_failed_attempts_are_shown_on_request(administrator, endpoint, answer):
    for status in (200, 500):
        answer(status)
        delivery.deliver(endpoints.send_test(endpoint.created_by, endpoint).pk)
    rows = read_rows(administrator.get(f"/settings/endpoints/{endpoint.pk}/?failed"))
    assert len(rows) == 2
    assert "answered 500" in rows[1]


def test_the_pages_make_the_same_queries_for_one_attempt_and_for_many(administrator, endpoint, make_message):
    def count_queries():
        with CaptureQueriesContext(connection) as queries:
            for address in ("/settings/endpoints/", f"/settings/endpoints/{endpoint.pk}/"):
                assert administrator.get(address).status_code == 200
        return len(queries)

    def add_attempt(endpoint):
        message = make_message(age=timedelta(minutes=Attempt.objects.count()))
        Attempt.objects.create(endpoint=endpoint, message=message, at=timezone.now(), milliseconds=5, status_code=200)

    add_attempt(endpoint)
    few = count_queries()
    for _ in range(3):
        add_attempt(endpoint)
    add_attempt(Endpoint.objects.create(url="https://other.example.com/"))
    assert count_queries() == few


def test_old_attempts_are_deleted(endpoint, make_message):
    message, now = make_message(), timezone.now()
    for days in (1, 100):
        Attempt.objects.create(endpoint=endpoint, message=message, at=now - timedelta(days=days), milliseconds=5)
    delivery.delete_old_attempts(now)
    assert [(now - attempt.at).days for attempt in Attempt.objects.all()] == [1]


# Sending again


@pytest.mark.parametrize("status", [Message.Status.DELIVERED, Message.Status.FAILED])
def test_a_message_is_sent_again_with_the_same_id(administrator, endpoint, make_message, answer, status):
    ids = answer()
    message = make_message(status, attempts=10, next_try_at=timezone.now() - timedelta(days=1))
    address = f"/settings/endpoints/{endpoint.pk}/messages/{message.pk}/send-again/"
    assert administrator.post(address).url == f"/settings/endpoints/{endpoint.pk}/"
    delivery.deliver(message.pk)
    assert (reload(message).status, reload(message).attempts) == ("delivered", 1)
    assert ids == [message.message_id]
    delivery.deliver(message.pk)
    assert len(ids) == 1


def test_a_message_between_two_attempts_is_tried_now(endpoint, erin, make_message, answer):
    ids = answer()
    message = make_message(Message.Status.WAITING, attempts=3, next_try_at=timezone.now() + timedelta(hours=2))
    assert endpoints.send_again(erin, message)
    delivery.deliver(message.pk)
    assert ids == [message.message_id]
    assert reload(message).attempts == 4


def test_a_message_that_is_being_sent_is_left_alone(endpoint, erin, make_message):
    message = make_message(Message.Status.WAITING)
    assert delivery.claim(Message.objects.select_related("endpoint").get(pk=message.pk), timezone.now())
    due_at = reload(message).next_try_at
    assert not endpoints.send_again(erin, message)
    assert reload(message).next_try_at == due_at


def test_only_the_last_attempt_of_a_message_offers_to_send_it_again(administrator, endpoint, make_message):
    message = make_message()
    for _ in range(2):
        Attempt.objects.create(endpoint=endpoint, message=message, at=timezone.now(), milliseconds=5, status_code=200)
    page = administrator.get(f"/settings/endpoints/{endpoint.pk}/").content.decode()
    assert page.count("/send-again/") == 1


def test_messages_of_another_endpoint_are_not_found(administrator, make_message):
    other = Endpoint.objects.create(url="https://other.example.com/")
    address = f"/settings/endpoints/{other.pk}/messages/{make_message().pk}/send-again/"
    assert administrator.post(address).status_code == 404


# Replays


def find_hidden(page):
    return dict(re.findall(r'<input type="hidden" name="(since|newest)" value="([^"]*)"', page))


def test_a_replay_first_says_how_many_messages_and_then_sends_exactly_these(
    administrator, endpoint, make_message, answer
):
    ids = answer()
    old = make_message(age=timedelta(days=3))
    wanted = [make_message(age=timedelta(hours=hours)) for hours in (5, 3)]
    waiting = make_message(Message.Status.WAITING, age=timedelta(hours=2), next_try_at=timezone.now())
    make_test_message(endpoint, timezone.now()).save()
    address = f"/settings/endpoints/{endpoint.pk}/replay/"
    since = timezone.now() - timedelta(days=1)
    page = administrator.get(address, {"since": since.strftime("%Y-%m-%dT%H:%M")}).content.decode()
    assert "2 messages since" in page
    later = make_message(age=timedelta(minutes=1))
    assert administrator.post(address, find_hidden(page)).url == f"/settings/endpoints/{endpoint.pk}/"
    for message in [old, *wanted, later]:
        delivery.deliver(message.pk)
    assert ids == [message.message_id for message in wanted]
    assert reload(waiting).status == "waiting"
    assert reload(later).attempts == 0
    assert any(entry.startswith("Replayed 2 messages since") for entry in read_audit())


def test_the_time_of_a_replay_is_in_the_zone_of_the_reader(administrator, endpoint):
    administrator.cookies.load({"zone": "America/Chicago"})
    address = f"/settings/endpoints/{endpoint.pk}/replay/"
    page = read_page(administrator.get(address, {"since": "2026-11-03T09:00"}))
    assert "since Nov 3, 9:00 AM" in page


@pytest.mark.parametrize("since", ["", "yesterday", "2026-13-01T00:00"])
def test_a_replay_needs_a_time(administrator, endpoint, since):
    address = f"/settings/endpoints/{endpoint.pk}/replay/"
    assert administrator.get(address, {"since": since}).status_code == 422
    assert administrator.post(address, {"since": since, "newest": "1"}).status_code == 422


def test_a_single_message_is_counted_in_the_singular(administrator, endpoint, make_message):
    make_message(age=timedelta(minutes=5))
    page = read_page(administrator.get(f"/settings/endpoints/{endpoint.pk}/replay/", {"since": "2020-01-01T00:00"}))
    assert "1 message since Jan 1, 2020, 12:00 AM" in page
    assert "1 messages" not in page
