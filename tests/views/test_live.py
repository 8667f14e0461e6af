"""Live parts of pages are sent only if they have changed, and are shared by readers."""

import time

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from accounts.rights import Role
from batches.models import Batch, SendingBlock, Upload
from batches.views import live
from notices.models import Notice

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def pages(start_upload):
    upload = start_upload(12)
    return ["/", "/uploads/", "/batches/", upload.get_absolute_url(), upload.batches.get().get_absolute_url()]


def test_an_unchanged_live_part_is_not_sent_again(browser, pages, stopped_time):
    for address in pages:
        first = browser.get(address, headers=HTMX)
        again = browser.get(address, headers=HTMX | {"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b""), address
        assert "no-store" in first["Cache-Control"]


def test_a_changed_live_part_is_sent(browser, pages):
    for address in pages:
        etag = browser.get(address, headers=HTMX)["ETag"]
        Upload.objects.update(name=address)
        Batch.objects.update(status="unconfirmed", problem=address)
        again = browser.get(address, headers=HTMX | {"If-None-Match": etag})
        assert again.status_code == 200
        assert address in again.content.decode()


def test_a_live_part_contains_nothing_about_the_user(
    browser, client, pages, charlie, make_user, django_user_model, monkeypatch
):
    """Render each live part for two users with different notices, sessions and tokens. Not a byte may differ."""
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    Batch.objects.update(status="unconfirmed", attempts=1, submitted_at=now, problem="The connection broke.")
    SendingBlock.objects.create(reason="The vendor does not accept the API key.")
    bob = make_user("bob", Role.LEAD)
    Notice.objects.create(user=bob, kind="complete", text="Only for Bob.", subject=1, at=now)

    def render_for(user, address):
        client.force_login(user)
        cache.clear()
        return client.get(address, headers=HTMX).content

    alice = django_user_model.objects.get(username="alice")
    for address in pages:
        part = render_for(alice, address)
        assert b"csrfmiddlewaretoken" not in part
        # The dashboard says what the reader can do, so it is the same for readers who can do the same.
        assert part == render_for(bob, address), address
    # Members have fewer buttons, so the comparison is able to find differences.
    assert render_for(alice, "/") != render_for(make_user("erin", Role.MEMBER), "/")


def test_simultaneous_readers_get_the_same_rendering(browser, pages, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(live, "FRESH_SECONDS", 60)
    first = browser.get("/", headers=HTMX)
    Upload.objects.update(name="Renamed")
    with django_assert_num_queries(6):
        assert browser.get("/", headers=HTMX).content == first.content
    monkeypatch.setattr(live, "FRESH_SECONDS", 0)
    assert b"Renamed" in browser.get("/", headers=HTMX).content


def test_users_with_other_rights_are_shown_other_buttons(client, alice, make_user, monkeypatch):
    monkeypatch.setattr(live, "FRESH_SECONDS", 60)
    SendingBlock.objects.create(reason="The vendor does not accept the API key.")
    client.force_login(make_user("erin", Role.MEMBER))
    assert b"Unblock sending" not in client.get("/", headers=HTMX).content
    client.force_login(alice)
    assert b"Unblock sending" in client.get("/", headers=HTMX).content


@pytest.fixture
def ask(rf, alice, monkeypatch):
    """Return a function that requests the live part of a view, as if no rendering in the cache were fresh."""
    monkeypatch.setattr(live, "FRESH_SECONDS", -1)

    def ask(view):
        request = rf.get("/", headers=HTMX)
        request.user, request.htmx = alice, HtmxDetails(request)
        return view(request).content

    return ask


@pytest.mark.parametrize("seconds", [0, 30])
def test_other_readers_get_the_last_rendering_while_a_new_one_is_made(ask, monkeypatch, seconds):
    """They do not wait, even if the new rendering takes long."""
    later = time.time() + seconds
    renderings, sent_in_between = [], []

    def render(request):
        if renderings:
            monkeypatch.setattr(time, "time", lambda: later)
            sent_in_between.extend([ask(view), ask(view)])
        renderings.append(b"rendering %d" % (len(renderings) + 1))
        return HttpResponse(renderings[-1])

    view = live.shared_live_part(render)
    assert ask(view) == b"rendering 1"
    assert ask(view) == b"rendering 2"
    assert sent_in_between == [b"rendering 1", b"rendering 1"]


def test_after_a_rendering_that_raises_the_next_one_is_made(ask):
    renderings = iter([HttpResponse(b"first"), RuntimeError("Cannot render"), HttpResponse(b"third")])

    def render(request):
        rendering = next(renderings)
        if isinstance(rendering, RuntimeError):
            raise rendering
        return rendering

    view = live.shared_live_part(render)
    assert ask(view) == b"first"
    with pytest.raises(RuntimeError, match="Cannot render"):
        ask(view)
    assert ask(view) == b"third"


def test_after_a_rendering_with_an_error_status_the_next_one_is_made(ask):
    renderings = iter([HttpResponse(b"first"), HttpResponse(b"unavailable", status=503), HttpResponse(b"third")])
    view = live.shared_live_part(lambda request: next(renderings))
    assert [ask(view) for _ in range(3)] == [b"first", b"unavailable", b"third"]


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
    first = browser.get(address, headers=HTMX).content
    Upload.objects.update(name="Renamed")
    browser.post(f"/tables/{table}/", {"column": ["upload", "status"]})
    assert (browser.get(address, headers=HTMX).content == first) == is_shared


def test_whole_pages_are_rendered_for_each_reader(browser, pages):
    page = browser.get("/")
    assert "csrfmiddlewaretoken" in page.content.decode()
    assert "HX-Request" in page["Vary"]
