"""What a list may cost, and who may start it."""

import re
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.rights import RightMissing
from batches.intake import corrections, row_import, uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Batch, Upload
from batches.statuses import BatchStatus, Priority, UploadStatus
from batches.tracing import spending
from tests.factories import HEADER, people, person, to_csv

pytestmark = pytest.mark.django_db


PROPERTY_HEADER = [
    "Owner",
    "Property Address",
    "Property City",
    "Property State",
    "Mail Address",
    "Mail City",
    "Mail State",
]


def make_property(number, owner="Acme Holdings LLC"):
    """Return a row of a list with `PROPERTY_HEADER`."""
    return [owner, f"{number} Oak St", "Herndon", "VA", f"{number} Elm St", "Tampa", "FL"]


def list_lines(upload):
    return [(line.label, line.count, line.credits) for line in spending.list_spend_lines(upload)]


def test_the_plan_has_a_line_for_people_to_trace_duplicates_and_invalid_rows(make_upload, settings):
    settings.CREDITS_PER_MATCH = 2
    upload = make_upload([*people(3), person(1), person(9, State="Atlantis")])
    assert list_lines(upload) == [
        ("people to trace", 3, 6),
        ("duplicates", 1, None),
        ("invalid rows", 1, None),
    ]


def test_companies_are_traced_by_mailing_address_or_skipped(make_upload):
    content = to_csv([make_property(number) for number in range(1, 4)], header=PROPERTY_HEADER)
    upload = make_upload(content)
    assert list_lines(upload) == [("people to trace", 0, 0), ("companies, by mailing address", 3, 3)]
    item = upload.items.first()
    assert (item.owner_kind, item.last_name, item.address, item.mail_address) == ("company", "", "", "1 Elm St")
    upload = make_upload(content, settings={"companies": "leave_out"})
    assert list_lines(upload) == [("people to trace", 0, 0), ("companies, skipped", 3, None)]
    assert upload.items.first().message == "Skipped: company."
    assert upload.items.first().cells == make_property(1)


def test_second_owners_are_traced_as_separate_people_if_chosen(make_upload):
    content = to_csv(
        [make_property(number, owner="SMITH JOHN & MARY") for number in range(1, 4)], header=PROPERTY_HEADER
    )
    assert make_upload(content).item_count == 3
    upload = make_upload(content, settings={"co_owners": True})
    assert (upload.row_count, upload.co_owner_count, upload.item_count) == (3, 3, 6)
    owners = upload.items.filter(row_number=2).order_by("owner_number").values_list("first_name", "last_name")
    assert list(owners) == [("John", "Smith"), ("Mary", "Smith")]


def test_the_estimate_uses_recent_costs(make_upload, start_upload):
    upload = make_upload(people(10))
    assert spending.recent_costs() is None
    assert spending.estimate_credits(upload, None) is None
    batch = start_upload([person(n) for n in range(100, 112)]).batches.get()
    closed = {"status": BatchStatus.CLOSED, "closed_at": timezone.now()}
    Batch.objects.filter(pk=batch.pk).update(matched=6, no_match=4, credits=Decimal(3), **closed)
    costs = spending.recent_costs()
    assert (costs.match_percent, costs.free_percent) == (60, 50)
    assert spending.estimate_credits(upload, costs) == 3


def test_a_list_above_the_limit_per_list_cannot_be_started(make_upload, alice, settings):
    settings.UPLOAD_CREDIT_LIMIT = 11
    with pytest.raises(spending.SpendingRefused, match="could cost up to 12 credits, above the limit of 11"):
        spending.start(make_upload(people(12)), alice)
    assert Upload.objects.get().status == UploadStatus.READY


def test_a_list_cannot_be_started_while_others_use_up_the_daily_limit(make_upload, alice, settings):
    settings.DAILY_CREDIT_LIMIT = 20
    assert spending.start(make_upload(people(12)), alice)
    second = make_upload([person(n) for n in range(100, 112)])
    message = "already cost 12 credits, and this list could cost 12 credits more. The daily limit is 20"
    with pytest.raises(spending.SpendingRefused, match=re.escape(message)):
        spending.start(second, alice)
    Upload.objects.filter(started_at__isnull=False).update(status=UploadStatus.COMPLETE)
    assert spending.start(second, alice)


def test_a_list_that_alone_exceeds_the_daily_limit_must_be_split(make_upload, alice, settings):
    settings.DAILY_CREDIT_LIMIT = 11
    with pytest.raises(spending.SpendingRefused, match=r"limit is 11 credits \(UTC\)\. Please split it\."):
        spending.start(make_upload(people(12)), alice)


def test_an_expensive_list_must_be_approved_by_someone_else(make_upload, alice, bob, settings):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload(people(12))
    assert spending.start(upload, alice) == UploadStatus.APPROVAL
    upload.refresh_from_db()
    with pytest.raises(RightMissing, match="may not approve lists"):
        spending.approve(upload, alice, upload.revision)
    assert spending.approve(upload, bob, upload.revision)
    assert not spending.approve(upload, bob, upload.revision)
    upload.refresh_from_db()
    assert (upload.status, upload.start_asked_by) == (UploadStatus.RUNNING, alice)
    assert list(upload.events.values_list("what", "user__username"))[-2:] == [
        ("approval requested", "alice"),
        ("approved and started", "bob"),
    ]


def test_users_cannot_approve_their_own_request(make_upload, bob, settings):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload(people(12))
    spending.start(upload, bob)
    upload.refresh_from_db()
    with pytest.raises(spending.SpendingRefused, match="someone else must approve"):
        spending.approve(upload, bob, upload.revision)


@pytest.fixture
def dora(django_user_model):
    """Return a superuser, who may approve lists."""
    return django_user_model.objects.create_superuser("dora", password="dora-password")


def replace_file(upload, user):
    file = ContentFile(to_csv(people(13)), name="people.csv")
    assert uploads.replace_file(upload, file, user, name="", priority=Priority.NORMAL, source="")
    upload.refresh_from_db()
    choose_columns(upload, None)


def choose_columns(upload, user):
    assert uploads.accept_settings(upload, TraceSettings.from_upload(upload), user)
    row_import.check_rows(upload.pk)


def choose_template(upload, user):
    Upload.objects.filter(pk=upload.pk).update(status=UploadStatus.DRAFT)
    assert uploads.change_template(upload, None, user)
    choose_columns(upload, None)


def upload_corrections(upload, user):
    """Download the invalid rows and upload them again."""
    content = b"".join(corrections.stream_invalid_rows(upload))
    correction = corrections.receive(upload, ContentFile(content, name="corrected.csv"), user)
    corrections.check_correction(correction.pk)


def request_and_withdraw_approval(upload, user):
    spending.start(upload, user)
    spending.withdraw(upload, user)


@pytest.mark.parametrize(
    "change", [replace_file, choose_columns, choose_template, upload_corrections, request_and_withdraw_approval]
)
def test_users_cannot_approve_a_list_that_they_have_changed(make_upload, alice, bob, dora, settings, change):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload([*people(12), person(20, State="Atlantis")])
    change(upload, dora)
    upload.refresh_from_db()
    assert spending.start(upload, alice) == UploadStatus.APPROVAL
    upload.refresh_from_db()
    assert spending.list_approvers(upload) == [bob]
    with pytest.raises(spending.SpendingRefused, match="You created or changed this list"):
        spending.approve(upload, dora, upload.revision)
    assert spending.approve(upload, bob, upload.revision)


@pytest.mark.parametrize("change", [replace_file, choose_columns, choose_template, upload_corrections])
def test_only_the_revision_that_the_user_has_seen_is_started_or_approved(make_upload, alice, bob, settings, change):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload([*people(12), person(20, State="Atlantis")])
    revision_on_page = upload.revision
    change(upload, alice)
    with pytest.raises(spending.SpendingRefused, match="has changed since you opened the page"):
        spending.start(upload, alice, revision_on_page)
    assert spending.start(upload, alice, Upload.objects.get().revision) == UploadStatus.APPROVAL
    for revision in (revision_on_page, None):
        with pytest.raises(spending.SpendingRefused, match="has changed since you opened the page"):
            spending.approve(upload, bob, revision)
    assert spending.approve(upload, bob, Upload.objects.get().revision)


def test_a_list_with_changed_details_must_be_reviewed_again(make_upload, alice):
    upload = make_upload(people(12))
    uploads.change_details(upload, None, name="other", priority=Priority.URGENT, source="")
    with pytest.raises(spending.SpendingRefused, match="has changed since"):
        spending.start(upload, alice, upload.revision)


def test_only_the_requester_or_an_approver_can_withdraw_a_request(make_upload, alice, bob, settings, django_user_model):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload(people(12))
    erin = django_user_model.objects.create_user("erin")
    for user in (alice, bob):
        spending.start(upload, alice)
        with pytest.raises(spending.SpendingRefused, match="Only the person who requested approval"):
            spending.withdraw(upload, erin)
        upload.refresh_from_db()
        assert spending.withdraw(upload, user)
        assert not spending.withdraw(upload, user)


def twelve_people(list_number):
    """Return the rows of a list. Lists with different numbers have no people in common."""
    return [person(100 * list_number + position) for position in range(12)]


def test_lists_started_by_a_user_on_one_day_are_added_up(make_upload, alice, bob, settings, time_machine):
    time_machine.move_to("2026-03-01T12:00:00Z")
    settings.APPROVAL_ABOVE = 24
    first, second, third, fourth = [make_upload(twelve_people(number)) for number in range(4)]
    assert spending.start(first, alice) == UploadStatus.RUNNING
    assert spending.start(second, alice) == UploadStatus.RUNNING
    assert spending.start(third, alice) == UploadStatus.APPROVAL
    third.refresh_from_db()
    # Each user has a separate limit, and approved lists count for nobody.
    assert spending.start(fourth, bob) == UploadStatus.RUNNING
    assert spending.approve(third, bob, third.revision)
    time_machine.move_to("2026-03-02T00:00:01Z")
    assert spending.start(make_upload(twelve_people(9)), alice) == UploadStatus.RUNNING


def test_lists_started_from_the_shell_are_added_up(make_upload, settings):
    settings.APPROVAL_ABOVE = 20
    first, second = [make_upload(twelve_people(number), user=None) for number in range(2)]
    assert spending.start(first, None) == UploadStatus.RUNNING
    assert spending.start(second, None) == UploadStatus.APPROVAL


def test_a_list_without_cost_needs_no_approval(make_upload, start_upload, alice, settings):
    traced = start_upload(people(3))
    traced.items.update(outcome="matched", answer="{}", answered_at=timezone.now())
    settings.APPROVAL_ABOVE = 1
    upload = make_upload(people(3))
    assert (upload.item_count, spending.start(upload, alice)) == (0, UploadStatus.RUNNING)


def test_a_list_is_approved_on_the_pages(browser, client, make_upload, bob, settings):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload(people(12))
    assert "Request approval" in browser.get(f"/uploads/{upload.pk}/").content.decode()
    page = browser.post(f"/uploads/{upload.pk}/start/", follow=True).content.decode()
    assert "someone else must approve it" in page
    assert "Approve and start" not in page
    browser.post(f"/uploads/{upload.pk}/withdraw/")
    browser.post(f"/uploads/{upload.pk}/start/")
    client.force_login(bob)
    assert "needs your approval." in client.get("/").content.decode()
    page = client.get(f"/uploads/{upload.pk}/").content.decode()
    assert "someone else must approve it: bob." in page
    assert "Approve and start" in page
    form = {"revision": Upload.objects.get().revision}
    assert "Approved and started." in client.post(f"/uploads/{upload.pk}/approve/", form, follow=True).content.decode()


def test_the_review_says_which_limit_is_exceeded(browser, make_upload, settings):
    settings.UPLOAD_CREDIT_LIMIT = 5
    upload = make_upload(to_csv(people(12), header=HEADER))
    page = browser.post(f"/uploads/{upload.pk}/start/", follow=True).content.decode()
    assert "above the limit of 5 credits per list. Please split it." in page


def test_refusals_name_sums_of_money_if_credits_have_a_price(make_upload, alice, settings):
    settings.PRICE_PER_CREDIT, settings.UPLOAD_CREDIT_LIMIT = 0.12, 11
    message = "This list could cost up to $1.44, above the limit of $1.32 per list. Please split it."
    with pytest.raises(spending.SpendingRefused, match=re.escape(message)):
        spending.start(make_upload(people(12)), alice)
