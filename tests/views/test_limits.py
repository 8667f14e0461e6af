"""Limits and approval, as users meet them at the buttons of the pages."""

import json
import re

import pytest
import responses
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.rights import Role
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
    """Press a button of a page, which may be outdated by now. Return the next page."""
    forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
    form_of_button = next(text for text in forms if re.search(rf">\s*{label}[^<]*</button>", text))
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form_of_button))
    action = re.search(r'action="([^"]*)"', form_of_button).group(1)
    return browser.post(action, fields | form, follow=True).content.decode()


def replace_file(browser, upload, rows):
    """Replace a list's file as a user does, accept its columns as guessed, and check its rows."""
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
    outdated_page = get_text(approver, address)
    press(browser, get_text(browser, address), "Withdraw request")
    replace_file(browser, upload, people(100))
    press(browser, get_text(browser, address), "Request approval")
    page = press(approver, outdated_page, "Approve and start")
    assert "This list has changed since you opened the page. Please review it again." in page
    assert Upload.objects.get().status == UploadStatus.APPROVAL
    assert "Approved and started." in press(approver, get_text(approver, address), "Approve and start")


def test_an_outdated_page_cannot_start_a_newer_revision(browser, make_upload):
    upload = make_upload(people(30))
    outdated_page = get_text(browser, upload.get_absolute_url())
    replace_file(browser, upload, people(100))
    assert "This list has changed since you opened the page." in press(browser, outdated_page, "Trace")
    assert "This list has changed since you opened the page." in press(browser, outdated_page, "Trace", revision="x")
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
    assert "Nobody can at the moment: an administrator can give somebody the role of Approver." in page
    form = {"revision": Upload.objects.get().revision}
    page = approver.post(f"{upload.get_absolute_url()}approve/", form, follow=True).content.decode()
    assert "someone else must approve it" in page
    assert Upload.objects.get().status == UploadStatus.APPROVAL


def test_only_the_requester_and_approvers_can_withdraw_a_request(browser, make_upload, make_user, settings):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload(people(40))
    press(browser, get_text(browser, upload.get_absolute_url()), "Request approval")
    erin = log_in(make_user("erin", Role.MEMBER))
    assert "Withdraw request" not in get_text(erin, upload.get_absolute_url())
    page = erin.post(f"{upload.get_absolute_url()}withdraw/", follow=True).content.decode()
    assert "Only the person who requested approval, or someone who may approve lists, can withdraw the request." in page
    assert Upload.objects.get().status == UploadStatus.APPROVAL


def test_an_approver_declines_with_a_reason_that_the_requester_is_told(browser, approver, make_upload, settings):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload(people(40))
    address = upload.get_absolute_url()
    press(browser, get_text(browser, address), "Request approval")
    assert "Reason for declining" not in get_text(browser, address)
    assert "Reason for declining" in get_text(approver, address)
    page = approver.post(f"{address}decline/", {"reason": " "}, follow=True).content.decode()
    assert "Please say why you decline" in page
    assert Upload.objects.get().status == UploadStatus.APPROVAL
    approver.post(f"{address}decline/", {"reason": "This county was traced in May."})
    assert Upload.objects.get().status == UploadStatus.READY
    page = get_text(browser, address)
    assert "bob declined to approve this list: <bdi>This county was traced in May.</bdi>" in page
    press(browser, page, "Request approval")
    assert "declined to approve" not in get_text(browser, address)


def test_only_approvers_can_decline(browser, make_upload, settings):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload(people(40))
    press(browser, get_text(browser, upload.get_absolute_url()), "Request approval")
    assert browser.post(f"{upload.get_absolute_url()}decline/", {"reason": "No."}).status_code == 403
    assert Upload.objects.get().status == UploadStatus.APPROVAL


def test_the_review_shows_whether_the_lists_of_a_day_need_approval_together(browser, make_upload, settings):
    settings.APPROVAL_ABOVE = 25
    first, second = make_upload(people(25)), make_upload([person(number) for number in range(100, 125)])
    page = get_text(browser, first.get_absolute_url())
    assert "Someone else must approve it" not in page
    press(browser, page, "Trace")
    page = get_text(browser, second.get_absolute_url())
    assert "With everything you have started today" in page
    page = press(browser, page, "Request approval")
    assert "Approval requested. The list starts once someone else approves it." in page


def test_the_review_shows_the_credits_left_today(browser, make_upload, start_upload, settings):
    upload = make_upload(people(12))
    assert "Credits left today" not in get_text(browser, upload.get_absolute_url())
    settings.DAILY_CREDIT_LIMIT = 30
    assert "Credits left today (UTC): 30 of 30." in get_text(browser, upload.get_absolute_url())
    start_upload([person(number) for number in range(100, 120)])
    page = get_text(browser, upload.get_absolute_url())
    assert "Credits left today (UTC): 10 of 30, not enough for this list." in page


@pytest.fixture
def failed_list(start_upload, settings):
    """Return a complete list of 20 errors, after 175 of today's 180 credits were used."""
    settings.REALESTATEAPI_URL = "https://vendor.example"
    upload = start_upload([person(1000 + number) for number in range(20)])
    start_upload([person(2000 + number) for number in range(155)])
    with responses.RequestsMock() as vendor:
        reply = {"batchId": "b", "receiveCount": None}
        vendor.add("POST", "https://vendor.example/v1/SkipTraceBatch", body=json.dumps(reply))
        for batch in Batch.objects.order_by("pk"):
            dispatch.submit_batch(batch.pk)
    upload.items.update(outcome=Outcome.ERROR, answered_at=timezone.now())
    Batch.objects.filter(upload=upload).update(status=BatchStatus.CLOSED, error=20)
    Upload.objects.filter(pk=upload.pk).update(status=UploadStatus.COMPLETE)
    settings.DAILY_CREDIT_LIMIT = 180
    assert sum(SentCount.objects.values_list("people", flat=True)) == 175
    return Upload.objects.get(pk=upload.pk)


REFUSAL = (
    "already cost 175 credits, and this re-run could cost 20 credits more. The daily limit is 180 credits (UTC). "
    "Please try again tomorrow."
)


@pytest.mark.parametrize("selection", ["list", "batch", "people", "filter"])
def test_nobody_is_re_run_above_the_daily_limit(browser, failed_list, selection):
    errors = {"outcome": "error:20"}
    address, form = {
        "list": (f"{failed_list.get_absolute_url()}re-run/", errors),
        "batch": (f"{failed_list.batches.get().get_absolute_url()}re-run/", errors),
        "people": ("/items/re-run/", {"item": list(failed_list.items.values_list("pk", flat=True))}),
        "filter": ("/items/re-run/", {"upload": failed_list.pk, "which": "all", "shown": 20}),
    }[selection]
    for _ in range(2):
        assert REFUSAL in browser.post(address, form, follow=True).content.decode()
    assert failed_list.items.filter(outcome=Outcome.ERROR).count() == 20
    assert Upload.objects.get(pk=failed_list.pk).status == UploadStatus.COMPLETE


def test_a_few_people_are_re_run_within_the_daily_limit(browser, failed_list):
    few = list(failed_list.items.values_list("pk", flat=True)[:5])
    assert "Re-running 5 people." in browser.post("/items/re-run/", {"item": few}, follow=True).content.decode()
    page = browser.post("/items/re-run/", {"item": failed_list.items.last().pk}, follow=True).content.decode()
    assert "already cost 180 credits, and this re-run could cost 1 credit more. The daily limit is 180" in page


def test_the_admin_re_runs_nobody_above_the_daily_limit(client, charlie, failed_list):
    client.force_login(charlie)
    ids = list(failed_list.items.values_list("pk", flat=True))
    form = {"action": "rerun", "_selected_action": ids, "confirmed": json.dumps(dict.fromkeys(ids, 0))}
    assert REFUSAL in client.post("/admin/batches/item/", form, follow=True).content.decode()
    assert failed_list.items.filter(outcome=Outcome.ERROR).count() == 20


def test_the_admin_sends_no_batch_again_above_the_daily_limit(client, charlie, failed_list):
    client.force_login(charlie)
    batch = Batch.objects.exclude(upload=failed_list).get()
    Batch.objects.filter(pk=batch.pk).update(status=BatchStatus.UNCONFIRMED)
    form = {"action": "send_again", "_selected_action": batch.pk, "confirmed": json.dumps({batch.pk: batch.attempts})}
    page = client.post("/admin/batches/batch/", form, follow=True).content.decode()
    assert f"{batch}: Sending today could already cost 175 credits" in page
    assert "Please try again tomorrow." in page
    assert Batch.objects.get(pk=batch.pk).status == BatchStatus.UNCONFIRMED


def test_people_who_are_re_run_count_towards_the_daily_limit_of_other_lists(
    browser, failed_list, make_upload, alice, settings
):
    settings.DAILY_CREDIT_LIMIT = 200
    browser.post(f"{failed_list.get_absolute_url()}re-run/", {"outcome": "error:20"})
    message = "already cost 195 credits, and this list could cost 12 credits more. The daily limit is 200"
    with pytest.raises(spending.SpendingRefused, match=message):
        spending.start(make_upload(people(12)), alice)
