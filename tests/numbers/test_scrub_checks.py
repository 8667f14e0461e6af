import json
import threading
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone

from accounts.rights import Role
from batches import jobs
from batches.models import PhoneNumber, ScrubCheck, ScrubSource
from batches.numbers import scrub_checks
from batches.numbers.scrub_checks import Offer, OrderRefused
from batches.numbers.scrub_provider import get_provider

pytestmark = pytest.mark.django_db
ADA, BEN = 7035550100, 7035550101


class Provider:
    """What a provider on this computer finds, and the calls that it has received."""

    def __init__(self):
        self.calls, self.hits, self.status = [], [], 200

    def answer(self, headers, body):
        self.calls.append((headers["Authorization"], json.loads(body)["numbers"]))
        return self.status, json.dumps({"hits": self.hits}).encode()


@pytest.fixture
def provider(settings):
    known = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            status, body = known.answer(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.SCRUB_PROVIDER_URL = f"http://127.0.0.1:{server.server_port}/"
    settings.SCRUB_PROVIDER_KEY = "a-key"
    settings.SCRUB_PROVIDER_PRICE = "0.005"
    yield known
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _run_jobs_at_once(monkeypatch):
    monkeypatch.setattr(jobs, "enqueue", lambda _queue, function, *args: function.__wrapped__(*args))


@pytest.fixture
def numbers():
    return [PhoneNumber.objects.create(digits=digits, found_at=timezone.now()) for digits in (ADA, BEN)]


def order(user=None, count=2):
    return jobs.order_scrub_check(user, Offer(count, Decimal("0.005") * count))


def load_check():
    return ScrubCheck.objects.select_related("source").get()


def test_without_an_address_there_is_no_provider(settings):
    settings.SCRUB_PROVIDER_URL = ""
    assert get_provider() is None
    with pytest.raises(OrderRefused, match="No provider is set up"):
        order()


def test_what_the_provider_finds_becomes_a_dated_file_in_force(provider, numbers):
    provider.hits = [str(BEN), "2025550199", "odd"]
    order()
    check = load_check()
    assert provider.calls == [("Bearer a-key", [str(ADA), str(BEN)])]
    assert (check.status, check.asked_count, check.unsure_count) == ("done", 2, 0)
    assert (check.source.status, check.source.number_count, check.source.as_of) == ("ready", 1, timezone.localdate())
    assert [PhoneNumber.objects.get(pk=digits).scrubs for digits in (ADA, BEN)] == ["", str(check.source_id)]


def test_numbers_are_asked_about_again_only_once_the_answer_is_stale(provider, numbers):
    order()
    assert scrub_checks.make_offer(get_provider(), timezone.now()).count == 0
    with pytest.raises(OrderRefused, match="no number"):
        order(count=0)
    assert scrub_checks.make_offer(get_provider(), timezone.now() + timedelta(days=32)).count == 2
    assert len(provider.calls) == 1


def test_an_order_at_another_price_or_for_other_numbers_is_refused(provider, numbers):
    for seen in (Offer(3, Decimal("0.015")), Offer(2, Decimal("0.001"))):
        with pytest.raises(OrderRefused, match="Nothing was ordered"):
            jobs.order_scrub_check(None, seen)
    assert provider.calls == []


def test_a_second_order_while_one_is_under_way_is_refused(provider, numbers):
    seen = Offer(2, Decimal("0.010"))
    scrub_checks.order(None, seen)
    with pytest.raises(OrderRefused, match="under way"):
        scrub_checks.order(None, seen)
    assert ScrubSource.objects.count() == 1


def test_a_check_runs_once_even_if_its_job_runs_twice(provider, numbers):
    check = scrub_checks.order(None, Offer(2, Decimal("0.010")))
    assert scrub_checks.run(check.pk) == check.source_id
    assert scrub_checks.run(check.pk) is None
    assert len(provider.calls) == 1


def test_numbers_of_a_refused_call_may_be_ordered_again(provider, numbers):
    provider.status = 402
    order()
    check = load_check()
    assert (check.status, check.unsure_count, check.source.status) == ("failed", 0, "failed")
    assert "status 402" in check.source.problem
    assert scrub_checks.make_offer(get_provider(), timezone.now()).count == 2


def test_a_provider_that_cannot_be_reached_charges_nothing(provider, numbers, settings):
    settings.SCRUB_PROVIDER_URL = "http://127.0.0.1:9/"
    order()
    assert (load_check().unsure_count, load_check().problem) == (0, "The provider cannot be reached.")


def test_numbers_without_a_certain_answer_are_not_asked_about_again(provider, numbers):
    provider.status = 500
    order()
    check = load_check()
    assert (check.status, check.unsure_count) == ("failed", 2)
    assert "may have charged for 2 numbers" in check.source.problem
    assert scrub_checks.make_offer(get_provider(), timezone.now()).count == 0


def test_what_was_answered_before_a_failure_is_kept_and_counts(provider, numbers, monkeypatch):
    monkeypatch.setattr(scrub_checks, "CALL_SIZE", 1)
    provider.hits = [str(ADA)]
    answer = provider.answer

    def answer_once(headers, body):
        provider.status = 500 if provider.calls else 200
        return answer(headers, body)

    monkeypatch.setattr(provider, "answer", answer_once)
    order()
    check = load_check()
    assert (check.asked_count, check.unsure_count, check.source.status) == (1, 1, "ready")
    assert PhoneNumber.objects.get(pk=ADA).scrubs == str(check.source_id)


def test_a_check_whose_worker_has_died_ends_without_asking_again(provider, numbers, monkeypatch):
    check = scrub_checks.order(None, Offer(2, Decimal("0.010")))

    def die(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(scrub_checks, "ask", die)
        with pytest.raises(KeyboardInterrupt):
            scrub_checks.run(check.pk)
    jobs.finish_scrubs(timezone.now() + timedelta(minutes=6))
    check.refresh_from_db()
    assert (check.status, check.unsure_count, provider.calls) == ("failed", 2, [])
    assert scrub_checks.make_offer(get_provider(), timezone.now()).count == 0


def test_the_page_shows_the_price_and_orders_at_it(provider, numbers, browser, alice):
    assert "Check 2 numbers for about $0.01?" in browser.get("/scrubs/check/").content.decode()
    response = browser.post("/scrubs/check/", {"count": "2", "price": "0.010"})
    assert response.url == load_check().source.get_absolute_url()
    assert load_check().created_by == alice
    assert "checked within the last 31 days" in browser.get("/scrubs/check/").content.decode()


def test_a_form_without_an_offer_orders_nothing(provider, numbers, browser):
    browser.post("/scrubs/check/", {"count": "many"})
    assert provider.calls == []


def test_a_user_who_may_not_start_lists_may_not_order_a_check(provider, numbers, client, make_user):
    client.force_login(make_user("vic", Role.VIEWER))
    assert client.post("/scrubs/check/", {"count": "2", "price": "0.010"}).status_code == 403
    assert provider.calls == []
