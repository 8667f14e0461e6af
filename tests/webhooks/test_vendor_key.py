"""The vendor is asked about our key once a day, and pages show what it said without waiting for it."""

from datetime import timedelta

import django_rq
import pytest
import requests
import responses
from django.utils import timezone

from accounts.rights import Role
from batches import jobs
from webhooks import tasks, vendor_key
from webhooks.models import KeyCheck

pytestmark = pytest.mark.django_db
URL = "https://vendor.example/v2/key/info"
LIVE = {"keyType": "live", "scopes": ["SkipTraceBatch", "SkipTrace"]}


@pytest.fixture(autouse=True)
def _vendor_settings(settings):
    settings.REALESTATEAPI_URL = "https://vendor.example"
    settings.REALESTATEAPI_KEY = "our-secret-key"
    settings.IS_SANDBOX = False


@pytest.fixture
def vendor():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def administrator(client, make_user):
    client.force_login(make_user("erin", Role.ADMINISTRATOR))
    return client


@pytest.mark.django_db(transaction=True)
def test_the_key_is_asked_about_once_and_then_once_a_day(vendor):
    vendor.get(URL, json=LIVE)
    now = timezone.now()
    tasks.enqueue_key_check(now)
    django_rq.get_worker("messages", worker_class=jobs.Worker).work(burst=True)
    check = vendor_key.find_check()
    assert (check.result, check.kind, check.scopes) == ("accepted", "live", ["SkipTraceBatch", "SkipTrace"])
    assert vendor.calls[0].request.headers["x-api-key"] == "our-secret-key"
    assert not vendor_key.is_check_due(timezone.now())
    assert vendor_key.is_check_due(now + timedelta(days=1, minutes=1))


def test_the_key_itself_is_not_stored(vendor):
    vendor.get(URL, json=LIVE)
    vendor_key.ask_vendor()
    assert "our-secret-key" not in str(KeyCheck.objects.values().get())


def test_a_new_key_is_asked_about_again(vendor, settings):
    vendor.get(URL, json=LIVE)
    vendor_key.ask_vendor()
    settings.REALESTATEAPI_KEY = "another-key"
    assert vendor_key.find_check() is None
    assert vendor_key.is_check_due(timezone.now())


def test_a_vendor_that_gives_no_answer_is_asked_again_soon(vendor):
    vendor.get(URL, status=503)
    now = timezone.now()
    assert vendor_key.ask_vendor().result == "unknown"
    assert not vendor_key.is_check_due(now)
    assert vendor_key.is_check_due(now + timedelta(minutes=11))


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, LIVE, ""),
        (200, {"data": LIVE}, ""),
        (200, {"keyType": "live"}, ""),
        (200, {"keyType": "TEST", "scopes": ["SkipTraceBatch"]}, "test key"),
        (200, {"keyType": "live", "scopes": ["PropertySearch"]}, "may not be used for tracing"),
        (401, {"error": "Invalid API key"}, "refuses the API key"),
        # The vendor may not allow such a key to ask, or may not know the address.
        (403, {}, ""),
        (404, {}, ""),
        (500, {}, ""),
        (200, {}, ""),
        (200, ["keyType"], ""),
    ],
)
def test_pages_name_only_problems_that_the_vendor_has_confirmed(vendor, status, body, words):
    vendor.get(URL, status=status, json=body)
    problem = vendor_key.describe_problem(vendor_key.ask_vendor())
    assert words in problem
    assert bool(words) == bool(problem)


def test_a_vendor_that_cannot_be_reached_is_not_a_problem_of_the_key(vendor):
    vendor.get(URL, body=requests.ConnectTimeout())
    check = vendor_key.ask_vendor()
    assert (check.result, check.problem) == ("unknown", "The vendor could not be reached.")
    assert vendor_key.describe_problem(check) == ""


def test_no_problem_is_shown_in_the_sandbox(vendor, settings):
    vendor.get(URL, json={"keyType": "test"})
    check = vendor_key.ask_vendor()
    assert vendor_key.describe_problem(check)
    settings.IS_SANDBOX = True
    assert vendor_key.describe_problem(check) == ""


def test_the_page_shows_what_the_vendor_said_and_never_the_key(administrator, vendor):
    assert "has not been asked yet" in administrator.get("/settings/vendor-key/").content.decode()
    vendor.get(URL, json=LIVE | {"creditsRemaining": 1234})
    assert administrator.post("/settings/vendor-key/check/").url == "/settings/vendor-key/"
    page = administrator.get("/settings/vendor-key/").content.decode()
    for words in ("Accepted", "Live", "SkipTraceBatch, SkipTrace", "1234"):
        assert words in page
    assert "our-secret-key" not in page


def test_the_page_warns_of_a_refused_key(administrator, vendor):
    vendor.get(URL, status=401, json={"error": "Invalid API key"})
    administrator.post("/settings/vendor-key/check/")
    page = administrator.get("/settings/vendor-key/").content.decode()
    assert "The vendor refuses the API key." in page
    assert "Invalid API key" in page
