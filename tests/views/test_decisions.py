"""Decisions of users, made by pressing the buttons of pages."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from batches.models import Batch, Item, SendingBlock, Upload
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tables import paging

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(start_upload):
    """Complete a list of twelve: nine matched, one error, two missing."""
    upload = start_upload(12)
    first, second, third = upload.items.values_list("pk", flat=True)[:3]
    upload.items.update(outcome=Outcome.MATCHED, answer="{}")
    upload.items.filter(pk=first).update(outcome=Outcome.ERROR, answered_at=timezone.now())
    upload.items.filter(pk__in=[second, third]).update(outcome=Outcome.MISSING, answer="")
    Batch.objects.update(status=BatchStatus.CLOSED, matched=9, error=1, missing=2)
    Upload.objects.update(status=UploadStatus.COMPLETE)
    return Upload.objects.get(pk=upload.pk)


def pending():
    return Item.objects.filter(outcome=Outcome.PENDING).count()


def get_text(browser, address, **options):
    return browser.get(address, **options).content.decode()


def find_button(page, label):
    """Return the address and the fields that a button sends."""
    button = next(tag for tag in re.findall(r"<button[^>]*>[^<]*", page) if tag.partition(">")[2].startswith(label))
    action, name, value = (re.search(rf'{part}="([^"]*)"', button).group(1) for part in ("formaction", "name", "value"))
    return action, {name: value}


@pytest.mark.parametrize("of", ["upload", "batch"])
@pytest.mark.parametrize(
    ("outcome", "label", "count"), [("missing", "Re-run 2 missing", 2), ("error", "Re-run 1 error", 1)]
)
def test_a_list_or_a_batch_is_re_run(browser, ended, of, outcome, label, count):
    record = ended if of == "upload" else ended.batches.get()
    action, form = find_button(get_text(browser, record.get_absolute_url()), label)
    assert (action, form) == (f"{record.get_absolute_url()}re-run/", {"outcome": f"{outcome}:{count}"})
    page = browser.post(action, form | {"next": record.get_absolute_url()}, follow=True)
    assert page.redirect_chain[-1][0] == record.get_absolute_url()
    assert f"Re-running {count} {'person' if count == 1 else 'people'}." in page.content.decode()
    assert pending() == count
    assert f"{label} (" not in get_text(browser, record.get_absolute_url())
    assert Upload.objects.get().status == UploadStatus.RUNNING


@pytest.mark.parametrize("of", ["upload", "batch"])
@pytest.mark.parametrize("outcome", ["missing:1", "missing", "missing:", "missing:x", "missing:-2", "missing:0"])
def test_no_more_people_are_re_run_than_were_shown(browser, ended, of, outcome):
    record = ended if of == "upload" else ended.batches.get()
    page = browser.post(f"{record.get_absolute_url()}re-run/", {"outcome": outcome}, follow=True).content.decode()
    assert f"has grown from {int(outcome.endswith(':1'))} to 2. Please check and decide again." in page
    assert pending() == 0


def test_fewer_people_than_were_shown_are_re_run(browser, ended):
    browser.post(f"{ended.get_absolute_url()}re-run/", {"outcome": "missing:40"})
    assert pending() == 2


def test_only_missing_people_and_errors_are_re_run(browser, ended):
    browser.post(f"{ended.get_absolute_url()}re-run/", {"outcome": "matched:9"})
    assert pending() == 0


def test_all_filtered_people_are_re_run_unless_there_are_more_by_now(browser, ended):
    page = get_text(browser, f"/items/?upload={ended.pk}&outcome=missing")
    shown = re.search(r'name="shown" value="(\d+)"', page).group(1)
    form = {"upload": ended.pk, "outcome": "missing", "which": "all"}
    first = ended.items.filter(outcome=Outcome.MATCHED).first().pk
    Item.objects.filter(pk=first).update(outcome=Outcome.MISSING)
    for given in ({}, {"shown": "x"}, {"shown": shown}):
        page = browser.post("/items/re-run/", form | given, follow=True).content.decode()
        assert "to 3. Please check" in page
    assert pending() == 0
    browser.post("/items/re-run/", form | {"shown": 3})
    assert pending() == 3


def test_all_are_re_run_if_no_exact_number_was_shown(browser, ended, monkeypatch):
    monkeypatch.setattr(paging, "MAX_COUNTED_ROWS", 5)
    page = get_text(browser, f"/items/?upload={ended.pk}")
    assert "All 5+ that match the filters" in page
    assert 'name="shown" value="6"' in page
    browser.post("/items/re-run/", {"upload": ended.pk, "which": "all", "shown": 6})
    assert pending() == 3


def test_selected_people_are_re_run(browser, ended):
    page = get_text(browser, f"/items/?upload={ended.pk}")
    assert page.count('name="item"') == 12
    ticked = [ended.items.get(outcome=Outcome.ERROR).pk, ended.items.filter(outcome=Outcome.MATCHED).first().pk]
    browser.post("/items/re-run/", {"item": ticked})
    assert pending() == 1


def test_one_person_is_re_run(browser, ended):
    item = ended.items.filter(outcome=Outcome.MISSING).first()
    assert "Re-run" in get_text(browser, item.get_absolute_url())
    browser.post("/items/re-run/", {"item": item.pk})
    assert pending() == 1
    assert "Re-run (may be charged again)</button>" not in get_text(browser, item.get_absolute_url())


@pytest.mark.parametrize("form", [{}, {"item": "x"}, {"upload": "x"}, {"which": "ticked", "upload": 1}, {"upload": 1}])
def test_an_empty_selection_re_runs_no_one(browser, ended, form):
    assert "No people selected." in browser.post("/items/re-run/", form, follow=True).content.decode()
    assert pending() == 0


def test_a_cancelled_list_offers_no_re_run(browser, ended):
    Upload.objects.update(status=UploadStatus.CANCELLED)
    assert "Re-run" not in get_text(browser, ended.get_absolute_url())
    form = {"outcome": "missing:2"}
    page = browser.post(f"{ended.get_absolute_url()}re-run/", form, follow=True).content.decode()
    assert "Nothing to re-run." in page


def test_an_earlier_answer_is_shown(browser, ended):
    item = ended.items.get(outcome=Outcome.ERROR)
    browser.post("/items/re-run/", {"item": item.pk})
    assert "(earlier answer)" in get_text(browser, item.get_absolute_url())


@pytest.fixture
def troubled(start_upload):
    def make(status, size=12):
        start_upload(size)
        Batch.objects.update(status=status, attempts=1, submitted_at=timezone.now(), problem="The connection broke.")
        return Batch.objects.get()

    return make


def test_the_dashboard_offers_the_decisions_about_an_unconfirmed_batch(browser, troubled, alice):
    batch = troubled(BatchStatus.UNCONFIRMED)
    page = get_text(browser, "/")
    assert "Send again (may be charged twice)" in page
    assert "Close<span" in page
    assert "If a result arrives, the batch continues." in page
    response = browser.post(f"/batches/{batch.pk}/send-again/", {"attempts": 1, "next": "/"})
    assert response.url == "/"
    page = get_text(browser, batch.get_absolute_url())
    assert "resend requested by alice" in " ".join(page.split())


def test_the_page_explains_what_happens_to_an_unconfirmed_batch(browser, troubled, settings):
    batch = troubled(BatchStatus.UNCONFIRMED)
    settings.UNCONFIRMED_POLICY = "resend"
    assert "it is sent again automatically, once" in get_text(browser, "/")
    settings.UNCONFIRMED_POLICY = "ask"
    Batch.objects.update(submitted_at=timezone.now() - timedelta(hours=1))
    assert "No result has arrived: someone has to decide." in get_text(browser, batch.get_absolute_url())


def test_a_second_click_about_the_same_attempt_sends_nothing(browser, troubled):
    batch = troubled(BatchStatus.UNCONFIRMED)
    browser.post(f"/batches/{batch.pk}/send-again/", {"attempts": 1})
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, attempts=2)
    page = browser.post(f"/batches/{batch.pk}/send-again/", {"attempts": 1}, follow=True).content.decode()
    assert "No changes were made" in page
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED


@pytest.mark.parametrize(("size", "is_offered"), [(12, True), (25, False)])
def test_the_people_of_a_small_refused_batch_are_sent_one_by_one(browser, troubled, size, is_offered):
    batch = troubled(BatchStatus.REFUSED, size)
    assert ("Send one by one" in get_text(browser, batch.get_absolute_url())) == is_offered
    browser.post(f"/batches/{batch.pk}/send-singly/")
    assert Batch.objects.filter(kind="single", status=BatchStatus.PLANNED).count() == size
    page = browser.post(f"/batches/{batch.pk}/send-singly/", follow=True).content.decode()
    assert "No changes were made" in page
    assert Batch.objects.filter(kind="single").count() == size


@pytest.mark.parametrize("away", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"])
def test_a_button_redirects_only_to_our_own_pages(browser, troubled, away):
    batch = troubled(BatchStatus.UNCONFIRMED)
    assert browser.post(f"/batches/{batch.pk}/close/", {"next": away}).url == batch.get_absolute_url()


def test_the_live_part_of_the_dashboard_shows_that_nothing_is_sent(browser, alice):
    until = timezone.now() + timedelta(hours=3)
    SendingBlock.objects.create(reason="The vendor's daily credit limit is reached.", until=until)
    page = get_text(browser, "/", headers={"HX-Request": "true"})
    assert "Nothing is being sent." in page
    assert f"at {until:%H:%M} UTC" in page
    assert get_text(browser, "/").count("Nothing is being sent.") == 1
    assert get_text(browser, "/uploads/").count("Nothing is being sent.") == 1


def test_the_next_attempt_is_shown(browser, start_upload):
    upload = start_upload(12)
    Batch.objects.update(problem="The vendor is busy (429).", next_try_at=timezone.now() + timedelta(seconds=30))
    batch = Batch.objects.get()
    assert f"Next attempt at {batch.next_try_at:%H:%M:%S} UTC" in get_text(browser, batch.get_absolute_url())
    for address in ("/batches/", upload.get_absolute_url()):
        assert f"{batch.next_try_at:%H:%M:%S}" in get_text(browser, address)


def test_the_whole_history_is_in_order(browser, start_upload, django_assert_num_queries):
    upload = start_upload(12)
    with django_assert_num_queries(7):
        page = get_text(browser, f"/uploads/{upload.pk}/history/")
    whats = ["uploaded", "columns chosen", "checked", "started", "planned"]
    places = [page.index(f">{what}<") for what in whats]
    assert places == sorted(places)
    assert f"/uploads/{upload.pk}/history/" in get_text(browser, upload.get_absolute_url())


def test_starting_or_resuming_does_not_reopen_a_complete_list(browser, ended):
    for action in ("start", "resume"):
        browser.post(f"/uploads/{ended.pk}/{action}/")
        assert Upload.objects.get().status == UploadStatus.COMPLETE
