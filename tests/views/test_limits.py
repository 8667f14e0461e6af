"""Limits and approval, through the buttons of the pages."""

import json
import re

import pytest
import responses
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from batches.intake import row_import
from batches.models import Batch, SentCount, Upload
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tracing import dispatch, spending
from tests.factories import people, person, to_csv

pytestmark = pytest.mark.django_db


@pytest.fixture
def approver(bob):
    return log_in(bob)


def log_in(user):
    client = Client()
    client.force_login(user)
    return client


def get_text(browser, address):
    return browser.get(address).content.decode()


def press(browser, page, label, **form):
    """Press a button of a page as it was shown."""
    forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
    shown = next(text for text in forms if re.search(rf">{label}[^<]*</button>", text))
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', shown))
    action = re.search(r'action="([^"]*)"', shown).group(1)
    return browser.post(action, hidden | form, follow=True).content.decode()


def replace_file(browser, upload, rows):
    """Replace the file as a user does, and accept its columns as guessed."""
    file = SimpleUploadedFile("other.csv", to_csv(rows))
    browser.post(f"/uploads/{upload.pk}/file/", {"file": file, "name": "people", "priority": "1"})
    page = get_text(browser, f"/uploads/{upload.pk}/columns/")
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    for name, options in re.findall(r'<select name="([\w-]+)".*?>(.*?)</select>', page, re.DOTALL):
        chosen = re.findall(r'value="([^"]*)" selected', options)
        fields[name] = chosen[0] if chosen else ""
    browser.post(f"/uploads/{upload.pk}/columns/", fields | {"look_back": 90})
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.row_count) == (UploadStatus.READY, len(rows))


def test_an_outdated_page_cannot_approve_a_newer_revision(browser, approver, make_upload, settings):
    settings.APPROVAL_ABOVE = 20
    upload = make_upload(people(30))
    address = upload.get_absolute_url()
    press(browser, get_text(browser, address), "Request approval")
    old = get_text(approver, address)
    press(browser, get_text(browser, address), "Withdraw request")
    replace_file(browser, upload, people(100))
    press(browser, get_text(browser, address), "Request approval")
    assert "This list has changed since you opened the page. Please review it again." in press(
        approver, old, "Approve and start"
    )
    assert Upload.objects.get().status == UploadStatus.APPROVAL
    assert "Approved and started." in press(approver, get_text(approver, address), "Approve and start")


def test_an_outdated_page_cannot_start_a_newer_revision(browser, make_upload):
    upload = make_upload(people(30))
    old = get_text(browser, upload.get_absolute_url())
    replace_file(browser, upload, people(100))
    assert "This list has changed since you opened the page." in press(browser, old, "Trace")
    assert "This list has changed since you opened the page." in press(browser, old, "Trace", revision="x")
    assert Upload.objects.get().status == UploadStatus.READY
    assert "Started." in press(browser, get_text(browser, upload.get_absolute_url()), "Trace")


def test_an_approval_without_a_revision_is_refused(browser, approver, make_upload, settings):
    settings.APPROVAL_ABOVE = 20
    upload = make_upload(people(30))
    browser.post(f"{upload.get_absolute_url()}start/")
    page = approver.post(f"{upload.get_absolute_url()}approve/", follow=True).content.decode()
    assert "This list has changed since you opened the page." in page
    assert Upload.objects.get().status == UploadStatus.APPROVAL


@pytest.mark.parametrize("is_superuser", [False, True])
def test_users_cannot_approve_their_own_list_even_if_another_started_it(
    browser, approver, bob, make_upload, settings, is_superuser
):
    settings.APPROVAL_ABOVE = 10
    bob.is_superuser = is_superuser
    bob.save()
    upload = make_upload(people(40), user=bob)
    press(browser, get_text(browser, upload.get_absolute_url()), "Request approval")
    page = get_text(approver, upload.get_absolute_url())
    assert "Approve and start" not in page
    assert "Nobody can at the moment; staff can give others permission to approve lists." in page
    form = {"revision": Upload.objects.get().revision}
    page = approver.post(f"{upload.get_absolute_url()}approve/", form, follow=True).content.decode()
    assert "someone else must approve it" in page
    assert Upload.objects.get().status == UploadStatus.APPROVAL


def test_only_the_requester_and_approvers_withdraw_a_request(browser, make_upload, django_user_model, settings):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload(people(40))
    press(browser, get_text(browser, upload.get_absolute_url()), "Request approval")
    erin = log_in(django_user_model.objects.create_user("erin"))
    assert "Withdraw request" not in get_text(erin, upload.get_absolute_url())
    page = erin.post(f"{upload.get_absolute_url()}withdraw/", follow=True).content.decode()
    assert "Only the person who requested approval, or someone who may approve lists, can withdraw the request." in page
    assert Upload.objects.get().status == UploadStatus.APPROVAL


def test_the_review_shows_that_the_lists_of_a_day_need_approval(browser, make_upload, settings):
    settings.APPROVAL_ABOVE = 25
    first, second = make_upload(people(25)), make_upload([person(number) for number in range(100, 125)])
    page = get_text(browser, first.get_absolute_url())
    assert "someone else must approve it" not in page
    press(browser, page, "Trace")
    page = get_text(browser, second.get_absolute_url())
    assert "Together with what you have already started today" in page
    assert "Approval requested. The list starts once someone else approves it." in press(
        browser, page, "Request approval"
    )


def test_the_review_shows_what_is_left_for_today(browser, make_upload, start_upload, settings):
    upload = make_upload(people(12))
    assert "Credits left today" not in get_text(browser, upload.get_absolute_url())
    settings.DAILY_CREDIT_LIMIT = 30
    assert "Credits left today (UTC): 30 of 30." in get_text(browser, upload.get_absolute_url())
    start_upload([person(number) for number in range(100, 120)])
    page = get_text(browser, upload.get_absolute_url())
    assert "Credits left today (UTC): 10 of 30, not enough for this list." in page


@pytest.fixture
def spent(start_upload, settings):
    """Use 175 of today's 180 credits. Twenty people of a complete list are errors."""
    settings.REALESTATEAPI_URL = "https://vendor.example"
    uploads = [start_upload([person(1000 + number) for number in range(20)])]
    uploads.append(start_upload([person(2000 + number) for number in range(155)]))
    with responses.RequestsMock() as vendor:
        reply = {"batchId": "b", "receiveCount": None}
        vendor.add("POST", "https://vendor.example/v1/SkipTraceBatch", body=json.dumps(reply))
        for batch in Batch.objects.order_by("pk"):
            dispatch.submit_batch(batch.pk)
    ended = uploads[0]
    ended.items.update(outcome=Outcome.ERROR, answered_at=timezone.now())
    Batch.objects.filter(upload=ended).update(status=BatchStatus.CLOSED, error=20)
    Upload.objects.filter(pk=ended.pk).update(status=UploadStatus.COMPLETE)
    settings.DAILY_CREDIT_LIMIT = 180
    assert sum(SentCount.objects.values_list("people", flat=True)) == 175
    return Upload.objects.get(pk=ended.pk)


REFUSED = (
    "already cost 175 credits, and this re-run could cost 20 more. The daily limit is 180 credits (UTC). "
    "Please try again tomorrow."
)


@pytest.mark.parametrize("of", ["list", "batch", "people", "filter"])
def test_no_one_is_re_run_above_the_daily_limit(browser, spent, of):
    errors = {"outcome": "error:20"}
    address, form = {
        "list": (f"{spent.get_absolute_url()}re-run/", errors),
        "batch": (f"{spent.batches.get().get_absolute_url()}re-run/", errors),
        "people": ("/items/re-run/", {"item": list(spent.items.values_list("pk", flat=True))}),
        "filter": ("/items/re-run/", {"upload": spent.pk, "which": "all", "shown": 20}),
    }[of]
    for _ in range(2):
        assert REFUSED in browser.post(address, form, follow=True).content.decode()
    assert spent.items.filter(outcome=Outcome.ERROR).count() == 20
    assert Upload.objects.get(pk=spent.pk).status == UploadStatus.COMPLETE


def test_a_few_people_are_re_run_within_the_daily_limit(browser, spent):
    few = list(spent.items.values_list("pk", flat=True)[:5])
    assert "Re-running 5 people." in browser.post("/items/re-run/", {"item": few}, follow=True).content.decode()
    page = browser.post("/items/re-run/", {"item": spent.items.last().pk}, follow=True).content.decode()
    assert "already cost 180 credits, and this re-run could cost 1 more. The daily limit is 180" in page


def test_the_admin_applies_the_same_limits(client, charlie, spent):
    client.force_login(charlie)
    ids = list(spent.items.values_list("pk", flat=True))
    form = {"action": "rerun", "_selected_action": ids, "confirmed": json.dumps(dict.fromkeys(ids, 0))}
    assert REFUSED in client.post("/admin/batches/item/", form, follow=True).content.decode()
    assert spent.items.filter(outcome=Outcome.ERROR).count() == 20


def test_the_admin_sends_no_batch_again_above_a_limit(client, charlie, spent):
    client.force_login(charlie)
    batch = Batch.objects.exclude(upload=spent).get()
    Batch.objects.filter(pk=batch.pk).update(status=BatchStatus.UNCONFIRMED)
    form = {"action": "send_again", "_selected_action": batch.pk, "confirmed": json.dumps({batch.pk: batch.attempts})}
    page = client.post("/admin/batches/batch/", form, follow=True).content.decode()
    assert f"{batch}: Sending today could already cost 175 credits" in page
    assert "Please try again tomorrow." in page
    assert Batch.objects.get(pk=batch.pk).status == BatchStatus.UNCONFIRMED


def test_re_run_people_count_towards_the_limit_of_a_start(browser, spent, make_upload, alice, settings):
    settings.DAILY_CREDIT_LIMIT = 200
    browser.post(f"{spent.get_absolute_url()}re-run/", {"outcome": "error:20"})
    with pytest.raises(
        spending.OverLimit, match=r"already cost 195 credits, and this list could cost 12 more. The daily limit is 200"
    ):
        spending.start(make_upload(people(12)), alice)
