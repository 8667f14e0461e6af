"""Live parts of pages."""

import time
from contextlib import nullcontext

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.http import HttpResponse
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from batches.models import Batch, SendingBlock, Upload
from batches.views import live
from notices.models import Notice

pytestmark = pytest.mark.django_db
PART = {"HX-Request": "true"}


@pytest.fixture
def pages(start_upload):
    upload = start_upload(12)
    return ["/", "/uploads/", "/batches/", upload.get_absolute_url(), upload.batches.get().get_absolute_url()]


def test_an_unchanged_live_part_is_not_sent_again(browser, pages):
    for address in pages:
        first = browser.get(address, headers=PART)
        again = browser.get(address, headers=PART | {"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b""), address
        assert "no-store" in first["Cache-Control"]


def test_a_changed_live_part_is_sent(browser, pages):
    for address in pages:
        etag = browser.get(address, headers=PART)["ETag"]
        Upload.objects.update(name=address)
        Batch.objects.update(status="unconfirmed", problem=address)
        again = browser.get(address, headers=PART | {"If-None-Match": etag})
        assert again.status_code == 200
        assert address in again.content.decode()


def test_a_live_part_contains_nothing_about_the_user(browser, client, pages, charlie, django_user_model, monkeypatch):
    """Render each for two users with different notices, sessions and tokens: not a byte may differ."""
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    Batch.objects.update(status="unconfirmed", attempts=1, submitted_at=now, problem="The connection broke.")
    SendingBlock.objects.create(reason="The vendor does not accept the API key.")
    bob = django_user_model.objects.create_user("bob", password="bob-password")
    Notice.objects.create(user=bob, kind="complete", text="Only for Bob.", subject=1, at=now)

    def look(user, address):
        client.force_login(user)
        cache.clear()
        return client.get(address, headers=PART).content

    alice = django_user_model.objects.get(username="alice")
    for address in pages:
        part = look(alice, address)
        assert part == look(bob, address), address
        assert b"csrfmiddlewaretoken" not in part
    assert look(alice, "/") != look(charlie, "/"), "Staff have other buttons: the comparison sees what differs."


def test_simultaneous_readers_get_the_same_rendering(browser, pages, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(live, "FRESH_SECONDS", 60)
    first = browser.get("/", headers=PART)
    Upload.objects.update(name="Renamed")
    with django_assert_num_queries(2):
        assert browser.get("/", headers=PART).content == first.content
    assert browser.get("/?other=1", headers=PART).content != first.content


def test_staff_are_shown_their_own_buttons(browser, client, charlie, monkeypatch):
    monkeypatch.setattr(live, "FRESH_SECONDS", 60)
    SendingBlock.objects.create(reason="The vendor does not accept the API key.")
    assert b"Unblock sending" not in browser.get("/", headers=PART).content
    client.force_login(charlie)
    assert b"Unblock sending" in client.get("/", headers=PART).content


@pytest.fixture
def ask(rf, monkeypatch):
    """Request a view's live part once per call, without a fresh copy in the cache."""
    monkeypatch.setattr(live, "FRESH_SECONDS", -1)

    def ask(show):
        request = rf.get("/", headers=PART)
        request.user, request.htmx = AnonymousUser(), HtmxDetails(request)
        return show(request).content

    return ask


@pytest.mark.parametrize("seconds", [0, 30])
def test_a_reader_gets_the_last_rendering_while_another_is_made(ask, monkeypatch, seconds):
    """Also if rendering takes long and several readers ask meanwhile."""
    later = time.time() + seconds

    def render(request):
        if given:
            monkeypatch.setattr(time, "time", lambda: later)
            given.extend([ask(show), ask(show)])
        given.append(b"part %d" % len(given))
        return HttpResponse(given[-1])

    given, show = [], live.shared_live_part(render)
    assert ask(show) == b"part 0"
    assert ask(show) == b"part 3"
    assert given == [b"part 0", b"part 0", b"part 0", b"part 3"]


@pytest.mark.parametrize("fails", [ValueError, HttpResponse])
def test_after_a_failed_rendering_the_next_one_is_made(ask, fails):
    def render(request):
        tries.append(1)
        if len(tries) != 2:
            return HttpResponse(b"try %d" % len(tries))
        if fails is HttpResponse:
            return HttpResponse(b"away", status=503)
        raise fails

    tries, show = [], live.shared_live_part(render)
    assert ask(show) == b"try 1"
    with nullcontext() if fails is HttpResponse else pytest.raises(fails):
        assert ask(show) == b"away"
    assert ask(show) == b"try 3"


@pytest.mark.parametrize(
    ("address", "table", "is_shared"),
    [
        ("/", "uploadtable", True),
        ("/uploads/", "exporttable", True),
        ("/uploads/", "uploadtable", False),
        ("/batches/", "batchtable", False),
        ("/batches/", "uploadtable", True),
    ],
)
def test_readers_with_the_same_columns_share_a_live_part(browser, pages, monkeypatch, address, table, is_shared):
    monkeypatch.setattr(live, "FRESH_SECONDS", 60)
    first = browser.get(address, headers=PART).content
    Upload.objects.update(name="Renamed")
    browser.post(f"/tables/{table}/", {"column": ["upload", "status"]})
    assert (browser.get(address, headers=PART).content == first) == is_shared


def test_whole_pages_are_rendered_for_each_reader(browser, pages):
    page = browser.get("/")
    assert "csrfmiddlewaretoken" in page.content.decode()
    assert "HX-Request" in page["Vary"]
