"""Parts of pages that move."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django_htmx.middleware import HtmxDetails

from batches.models import Batch, Hold, Upload
from batches.views import live

pytestmark = pytest.mark.django_db
PART = {"HX-Request": "true"}


@pytest.fixture
def pages(start_upload):
    upload = start_upload(12)
    return ["/", "/uploads/", "/batches/", upload.get_absolute_url(), upload.batches.get().get_absolute_url()]


def test_what_has_not_changed_is_not_sent_again(browser, pages):
    for address in pages:
        first = browser.get(address, headers=PART)
        again = browser.get(address, headers=PART | {"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b""), address
        assert "no-store" in first["Cache-Control"]


def test_what_has_changed_is(browser, pages):
    for address in pages:
        etag = browser.get(address, headers=PART)["ETag"]
        Upload.objects.update(name=address)
        Batch.objects.update(status="unconfirmed", problem=address)
        again = browser.get(address, headers=PART | {"If-None-Match": etag})
        assert again.status_code == 200
        assert address in again.content.decode()


def test_a_part_holds_nothing_of_one_user(browser, pages):
    for address in pages:
        assert "csrfmiddlewaretoken" not in browser.get(address, headers=PART).content.decode(), address


def test_everybody_who_asks_at_once_is_given_the_same(browser, pages, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(live, "FRESH", 60)
    first = browser.get("/", headers=PART)
    Upload.objects.update(name="Renamed")
    with django_assert_num_queries(2):
        assert browser.get("/", headers=PART).content == first.content
    assert browser.get("/?other=1", headers=PART).content != first.content


def test_staff_are_shown_their_own_buttons(browser, client, charlie, monkeypatch):
    monkeypatch.setattr(live, "FRESH", 60)
    Hold.objects.create(reason="The vendor does not accept the API key.")
    assert b"Go on now" not in browser.get("/", headers=PART).content
    client.force_login(charlie)
    assert b"Go on now" in client.get("/", headers=PART).content


def test_who_asks_while_another_renders_is_given_the_last_one(rf, monkeypatch):
    def ask():
        request = rf.get("/", headers=PART)
        request.user, request.htmx = AnonymousUser(), HtmxDetails(request)
        return show(request).content

    def render(request):
        made.append(ask() if made else b"first")
        return HttpResponse(b"part %d" % len(made))

    monkeypatch.setattr(live, "FRESH", -1)
    made, show = [], live.shared(render)
    assert ask() == b"part 1"
    assert ask() == b"part 2"
    assert made == [b"first", b"part 1"]


def test_whole_pages_are_made_for_each(browser, pages):
    page = browser.get("/")
    assert "csrfmiddlewaretoken" in page.content.decode()
    assert "HX-Request" in page["Vary"]
