"""Decisions that users make with the buttons of the pages."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.dateformat import format as format_date

from batches.models import Batch, Item, SendingBlock, Upload
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tables import paging

pytestmark = pytest.mark.django_db


@pytest.fixture
def complete_list(start_upload):
    """Return a complete list of twelve people: nine matched, one error, two missing."""
    upload = start_upload(12)
    first, second, third = upload.items.values_list("pk", flat=True)[:3]
    upload.items.update(outcome=Outcome.MATCHED, answer="{}")
    upload.items.filter(pk=first).update(outcome=Outcome.ERROR, answered_at=timezone.now())
    upload.items.filter(pk__in=[second, third]).update(outcome=Outcome.MISSING, answer="")
    Batch.objects.update(status=BatchStatus.CLOSED, matched=9, error=1, missing=2)
    Upload.objects.update(status=UploadStatus.COMPLETE)
    return Upload.objects.get(pk=upload.pk)


def count_pending():
    return Item.objects.filter(outcome=Outcome.PENDING).count()


def get_text(browser, address, **options):
    return browser.get(address, **options).content.decode()


def find_button(page, label):
    """Return the address to which a button sends its form, and the field that it adds."""
    button = re.search(rf"<button([^>]*)>{re.escape(label)}", page).group(1)
    attributes = dict(re.findall(r'(\w+)="([^"]*)"', button))
    return attributes["formaction"], {attributes["name"]: attributes["value"]}


@pytest.fixture(params=["list", "batch"])
def record(request, complete_list):
    """Return a complete list or, in a second run, its batch."""
    return complete_list if request.param == "list" else complete_list.batches.get()


@pytest.mark.parametrize(
    ("price", "limit", "is_asked"), [(0, 1000, True), (0.12, 1000, False), (0.12, 0.2, True), (0.12, 0, False)]
)
def test_a_re_run_is_confirmed_if_it_may_cost_much_or_its_price_is_unknown(
    browser, record, settings, price, limit, is_asked
):
    settings.PRICE_PER_CREDIT, settings.CONFIRM_ABOVE = price, limit
    page = get_text(browser, record.get_absolute_url())
    assert ('data-ask="Re-run 2 missing people?' in page) == is_asked
    assert "Re-run 2 missing" in page


@pytest.mark.parametrize(
    ("outcome", "label", "count"), [("missing", "Re-run 2 missing", 2), ("error", "Re-run 1, at most 1 credit", 1)]
)
def test_a_list_or_a_batch_is_re_run(browser, record, outcome, label, count):
    action, form = find_button(get_text(browser, record.get_absolute_url()), label)
    assert (action, form) == (f"{record.get_absolute_url()}re-run/", {"outcome": f"{outcome}:{count}"})
    page = browser.post(action, form | {"next": record.get_absolute_url()}, follow=True)
    assert page.redirect_chain[-1][0] == record.get_absolute_url()
    assert f"Re-running {count} {'person' if count == 1 else 'people'}." in page.content.decode()
    assert count_pending() == count
    assert label not in get_text(browser, record.get_absolute_url())
    assert Upload.objects.get().status == UploadStatus.RUNNING


@pytest.mark.parametrize(
    ("outcome", "shown"),
    [("missing:1", 1), ("missing", 0), ("missing:", 0), ("missing:x", 0), ("missing:-2", 0), ("missing:0", 0)],
)
def test_no_more_people_are_re_run_than_were_shown(browser, record, outcome, shown):
    page = browser.post(f"{record.get_absolute_url()}re-run/", {"outcome": outcome}, follow=True).content.decode()
    assert f"has grown from {shown} to 2. Please check and decide again." in page
    assert count_pending() == 0


def test_fewer_people_than_were_shown_are_re_run(browser, complete_list):
    browser.post(f"{complete_list.get_absolute_url()}re-run/", {"outcome": "missing:40"})
    assert count_pending() == 2


def test_only_missing_people_and_errors_are_re_run(browser, complete_list):
    browser.post(f"{complete_list.get_absolute_url()}re-run/", {"outcome": "matched:9"})
    assert count_pending() == 0


def test_all_filtered_people_are_re_run_unless_there_are_more_than_were_shown(browser, complete_list):
    page = get_text(browser, f"/items/?upload={complete_list.pk}&outcome=missing")
    shown = re.search(r'name="shown" value="(\d+)"', page).group(1)
    form = {"upload": complete_list.pk, "outcome": "missing", "which": "all"}
    newly_missing = complete_list.items.filter(outcome=Outcome.MATCHED).first()
    Item.objects.filter(pk=newly_missing.pk).update(outcome=Outcome.MISSING)
    for too_few in ({}, {"shown": "x"}, {"shown": shown}):
        page = browser.post("/items/re-run/", form | too_few, follow=True).content.decode()
        assert "to 3. Please check" in page
    assert count_pending() == 0
    browser.post("/items/re-run/", form | {"shown": 3})
    assert count_pending() == 3


def test_all_filtered_people_are_re_run_if_too_many_to_count_were_shown(browser, complete_list, monkeypatch):
    monkeypatch.setattr(paging, "MAX_COUNTED_ROWS", 5)
    page = get_text(browser, f"/items/?upload={complete_list.pk}")
    assert "Select all 5+" in page
    assert 'name="shown" value="6"' in page
    browser.post("/items/re-run/", {"upload": complete_list.pk, "which": "all", "shown": 6})
    assert count_pending() == 3


def test_selected_people_are_re_run(browser, complete_list):
    page = get_text(browser, f"/items/?upload={complete_list.pk}")
    assert page.count('name="item"') == 12
    ticked = [
        complete_list.items.get(outcome=Outcome.ERROR).pk,
        complete_list.items.filter(outcome=Outcome.MATCHED).first().pk,
    ]
    browser.post("/items/re-run/", {"item": ticked})
    assert count_pending() == 1


def test_one_person_is_re_run(browser, complete_list):
    item = complete_list.items.filter(outcome=Outcome.MISSING).first()
    assert "Re-run" in get_text(browser, item.get_absolute_url())
    browser.post("/items/re-run/", {"item": item.pk})
    assert count_pending() == 1
    assert "Re-run (may be charged again)</button>" not in get_text(browser, item.get_absolute_url())


@pytest.mark.parametrize("form", [{}, {"item": "x"}, {"upload": "x"}, {"which": "ticked", "upload": 1}, {"upload": 1}])
def test_an_empty_selection_re_runs_no_one(browser, complete_list, form):
    assert "No people selected." in browser.post("/items/re-run/", form, follow=True).content.decode()
    assert count_pending() == 0


def test_a_cancelled_list_offers_no_re_run(browser, complete_list):
    Upload.objects.update(status=UploadStatus.CANCELLED)
    assert "Re-run" not in get_text(browser, complete_list.get_absolute_url())
    form = {"outcome": "missing:2"}
    page = browser.post(f"{complete_list.get_absolute_url()}re-run/", form, follow=True).content.decode()
    assert "Nothing to re-run: only missing people and errors" in page


def test_an_earlier_answer_is_shown(browser, complete_list):
    item = complete_list.items.get(outcome=Outcome.ERROR)
    browser.post("/items/re-run/", {"item": item.pk})
    assert "(earlier answer)" in get_text(browser, item.get_absolute_url())


@pytest.fixture
def make_batch(start_upload):
    """Return a function that makes a batch that was sent once and has a given status now."""

    def make(status, size=12):
        start_upload(size)
        Batch.objects.update(status=status, attempts=1, submitted_at=timezone.now(), problem="The connection broke.")
        return Batch.objects.get()

    return make


def test_the_dashboard_offers_the_decisions_about_an_unconfirmed_batch(browser, make_batch, alice):
    batch = make_batch(BatchStatus.UNCONFIRMED)
    page = get_text(browser, "/")
    assert "Send again (may be charged twice)" in page
    assert "Close<span" in page
    assert "If a result arrives, the batch continues." in page
    response = browser.post(f"/batches/{batch.pk}/send-again/", {"attempts": 1, "next": "/"})
    assert response.url == "/"
    page = get_text(browser, batch.get_absolute_url())
    assert "resend requested by alice" in " ".join(page.split())


def test_the_page_explains_what_happens_to_an_unconfirmed_batch(browser, make_batch, settings):
    batch = make_batch(BatchStatus.UNCONFIRMED)
    settings.UNCONFIRMED_POLICY = "resend"
    assert "it is sent again automatically, once" in get_text(browser, "/")
    settings.UNCONFIRMED_POLICY = "ask"
    Batch.objects.update(submitted_at=timezone.now() - timedelta(hours=1))
    assert "No result has arrived: someone has to decide." in get_text(browser, batch.get_absolute_url())


def test_a_second_click_on_the_same_page_sends_nothing(browser, make_batch):
    batch = make_batch(BatchStatus.UNCONFIRMED)
    browser.post(f"/batches/{batch.pk}/send-again/", {"attempts": 1})
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, attempts=2)
    page = browser.post(f"/batches/{batch.pk}/send-again/", {"attempts": 1}, follow=True).content.decode()
    assert "No changes were made" in page
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED


@pytest.mark.parametrize(("size", "is_offered"), [(12, True), (25, False)])
def test_the_people_of_a_small_refused_batch_are_sent_one_by_one(browser, make_batch, size, is_offered):
    batch = make_batch(BatchStatus.REFUSED, size)
    assert ("Send one by one" in get_text(browser, batch.get_absolute_url())) == is_offered
    browser.post(f"/batches/{batch.pk}/send-singly/")
    assert Batch.objects.filter(kind="single", status=BatchStatus.PLANNED).count() == size
    page = browser.post(f"/batches/{batch.pk}/send-singly/", follow=True).content.decode()
    assert "No changes were made" in page
    assert Batch.objects.filter(kind="single").count() == size


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"])
def test_a_button_redirects_only_to_our_own_pages(browser, make_batch, address):
    batch = make_batch(BatchStatus.UNCONFIRMED)
    assert browser.post(f"/batches/{batch.pk}/close/", {"next": address}).url == batch.get_absolute_url()


def test_the_live_part_of_the_dashboard_shows_that_nothing_is_sent(browser, alice):
    until = timezone.now() + timedelta(hours=3)
    SendingBlock.objects.create(reason="The vendor's daily credit limit is reached.", until=until)
    page = get_text(browser, "/", headers={"HX-Request": "true"})
    assert "Nothing is being sent." in page
    assert f"at {format_date(until, 'g:i A')} UTC" in page
    assert get_text(browser, "/").count("Nothing is being sent.") == 1
    assert get_text(browser, "/uploads/").count("Nothing is being sent.") == 1


def test_the_next_attempt_is_shown(browser, start_upload):
    upload = start_upload(12)
    Batch.objects.update(problem="The vendor is busy (429).", next_try_at=timezone.now() + timedelta(seconds=30))
    batch = Batch.objects.get()
    next_time = format_date(batch.next_try_at, "g:i:s A")
    assert f"Next attempt at {next_time} UTC" in get_text(browser, batch.get_absolute_url())
    for address in ("/batches/", f"{upload.get_absolute_url()}?tab=activity"):
        assert next_time in get_text(browser, address)


def test_the_history_of_a_list_is_shown_in_order(browser, start_upload, django_assert_num_queries):
    upload = start_upload(12)
    with django_assert_num_queries(10):
        page = get_text(browser, f"/uploads/{upload.pk}/history/")
    events = ["uploaded", "columns chosen", "checked", "started", "planned"]
    positions = [page.index(f">{event}<") for event in events]
    assert positions == sorted(positions)
    assert f"/uploads/{upload.pk}/history/" in get_text(browser, upload.get_absolute_url())


def test_starting_or_resuming_does_not_reopen_a_complete_list(browser, complete_list):
    for action in ("start", "resume"):
        browser.post(f"/uploads/{complete_list.pk}/{action}/")
        assert Upload.objects.get().status == UploadStatus.COMPLETE
