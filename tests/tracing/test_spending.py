from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from batches.intake import corrections, row_import, uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Batch, Upload
from batches.statuses import BatchStatus, Priority, UploadStatus
from batches.tracing import spending
from tests.factories import HEADER, people, person, to_csv

pytestmark = pytest.mark.django_db


def company(number, name="Acme Holdings LLC"):
    return [name, f"{number} Oak St", "Herndon", "VA", f"{number} Elm St", "Tampa", "FL"]


OWNERS = ["Owner", "Property Address", "Property City", "Property State", "Mail Address", "Mail City", "Mail State"]


def lines(upload):
    return [(line.label, line.count, line.credits) for line in spending.plan_spend(upload)]


def test_the_plan_has_a_line_for_each_outcome(make_upload, settings):
    settings.CREDITS_PER_MATCH = 2
    upload = make_upload([*people(3), person(1), person(9, State="Atlantis")])
    assert lines(upload) == [
        ("people to trace", 3, 6),
        ("duplicates", 1, None),
        ("invalid rows", 1, None),
    ]


def test_companies_are_traced_by_mailing_address_or_skipped(make_upload):
    content = to_csv([company(n) for n in range(1, 4)], header=OWNERS)
    upload = make_upload(content)
    assert lines(upload) == [("people to trace", 0, 0), ("companies, by mailing address", 3, 3)]
    item = upload.items.first()
    assert (item.owner_kind, item.last_name, item.address, item.mail_address) == ("company", "", "", "1 Elm St")
    upload = make_upload(content, settings={"companies": "leave_out"})
    assert lines(upload) == [("people to trace", 0, 0), ("companies, skipped", 3, None)]
    assert upload.items.first().message == "Skipped: company."
    assert upload.items.first().cells == company(1)


def test_second_owners_are_separate_people_on_request(make_upload):
    content = to_csv([company(n, "SMITH JOHN & MARY") for n in range(1, 4)], header=OWNERS)
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
    past = spending.recent_costs()
    assert (past.match_percent, past.free_percent) == (60, 50)
    assert spending.estimate_credits(upload, past) == 3


def test_a_list_above_the_limit_per_list_is_not_started(make_upload, alice, settings):
    settings.UPLOAD_CREDIT_LIMIT = 11
    with pytest.raises(spending.OverLimit, match="could cost up to 12 credits, above the limit of 11"):
        spending.start(make_upload(people(12)), alice)
    assert Upload.objects.get().status == UploadStatus.READY


def test_lists_above_the_daily_limit_wait(make_upload, alice, settings):
    settings.DAILY_CREDIT_LIMIT = 20
    assert spending.start(make_upload(people(12)), alice)
    second = make_upload([person(n) for n in range(100, 112)])
    with pytest.raises(
        spending.OverLimit, match=r"already cost 12 credits, and this list could cost 12 more. The daily limit is 20"
    ):
        spending.start(second, alice)
    Upload.objects.filter(started_at__isnull=False).update(status=UploadStatus.COMPLETE)
    assert spending.start(second, alice)


def test_a_list_above_the_limit_of_any_day_must_be_split(make_upload, alice, settings):
    settings.DAILY_CREDIT_LIMIT = 11
    with pytest.raises(spending.OverLimit, match=r"limit is 11 credits \(UTC\)\. Please split it\."):
        spending.start(make_upload(people(12)), alice)


def test_an_expensive_list_needs_two_people(make_upload, alice, bob, settings):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload(people(12))
    assert spending.start(upload, alice) == UploadStatus.APPROVAL
    upload.refresh_from_db()
    with pytest.raises(spending.OverLimit, match="do not have permission"):
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
    with pytest.raises(spending.OverLimit, match="someone else must approve"):
        spending.approve(upload, bob, upload.revision)


@pytest.fixture
def dora(django_user_model):
    """Return a superuser."""
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
    text = b"".join(corrections.stream_invalid_rows(upload)).decode().removeprefix("\ufeff").replace(",x,", ",20170,")
    correction = corrections.receive(upload, ContentFile(text.encode(), name="corrected.csv"), user)
    corrections.check_correction(correction.pk)


def request_and_withdraw(upload, user):
    spending.start(upload, user)
    spending.withdraw(upload, user)


@pytest.mark.parametrize(
    "change", [replace_file, choose_columns, choose_template, upload_corrections, request_and_withdraw]
)
def test_users_cannot_approve_a_list_that_they_have_changed(make_upload, alice, bob, dora, settings, change):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload([*people(12), person(20, State="Atlantis")])
    change(upload, dora)
    upload.refresh_from_db()
    assert spending.start(upload, alice) == UploadStatus.APPROVAL
    upload.refresh_from_db()
    assert spending.list_approvers(upload) == [bob]
    with pytest.raises(spending.OverLimit, match="You created or changed this list"):
        spending.approve(upload, dora, upload.revision)
    assert spending.approve(upload, bob, upload.revision)


@pytest.mark.parametrize("change", [replace_file, choose_columns, choose_template, upload_corrections])
def test_only_the_revision_that_was_shown_is_started(make_upload, alice, bob, settings, change):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload([*people(12), person(20, State="Atlantis")])
    shown = upload.revision
    change(upload, alice)
    with pytest.raises(spending.OverLimit, match="has changed since you opened the page"):
        spending.start(upload, alice, shown)
    assert spending.start(upload, alice, Upload.objects.get().revision) == UploadStatus.APPROVAL
    for seen in (shown, None):
        with pytest.raises(spending.OverLimit, match="has changed since you opened the page"):
            spending.approve(upload, bob, seen)
    assert spending.approve(upload, bob, Upload.objects.get().revision)


def test_changed_details_must_be_reviewed_again(make_upload, alice):
    upload = make_upload(people(12))
    uploads.change_details(upload, name="other", priority=Priority.URGENT, source="")
    with pytest.raises(spending.OverLimit, match="has changed since"):
        spending.start(upload, alice, upload.revision)


def test_the_requester_or_an_approver_can_withdraw(make_upload, alice, bob, settings, django_user_model):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload(people(12))
    for user in (alice, bob):
        spending.start(upload, alice)
        with pytest.raises(spending.OverLimit, match="Only the person who requested approval"):
            spending.withdraw(upload, django_user_model.objects.get_or_create(username="erin")[0])
        upload.refresh_from_db()
        assert spending.withdraw(upload, user)
        assert not spending.withdraw(upload, user)


def many(number):
    return [person(100 * number + place) for place in range(12)]


def test_a_users_starts_of_one_day_count_together(make_upload, alice, bob, settings, time_machine):
    time_machine.move_to("2026-03-01T12:00:00Z")
    settings.APPROVAL_ABOVE = 24
    first, second, third, fourth = [make_upload(many(number)) for number in range(4)]
    assert spending.start(first, alice) == UploadStatus.RUNNING
    assert spending.start(second, alice) == UploadStatus.RUNNING
    assert spending.start(third, alice) == UploadStatus.APPROVAL
    third.refresh_from_db()
    # Other users have their own limits, and approved lists count for no one.
    assert spending.start(fourth, bob) == UploadStatus.RUNNING
    assert spending.approve(third, bob, third.revision)
    time_machine.move_to("2026-03-02T00:00:01Z")
    assert spending.start(make_upload(many(9)), alice) == UploadStatus.RUNNING


def test_lists_from_the_shell_count_together(make_upload, settings):
    settings.APPROVAL_ABOVE = 20
    first, second = [make_upload(many(number), user=None) for number in range(2)]
    assert spending.start(first, None) == UploadStatus.RUNNING
    assert spending.start(second, None) == UploadStatus.APPROVAL


def test_a_list_without_cost_needs_no_approval(make_upload, start_upload, alice, settings):
    done = start_upload(people(3))
    done.items.update(outcome="matched", answer="{}", answered_at=timezone.now())
    settings.APPROVAL_ABOVE = 1
    upload = make_upload(people(3))
    assert (upload.item_count, spending.start(upload, alice)) == (0, UploadStatus.RUNNING)


def test_approval_on_the_pages(browser, client, make_upload, bob, settings):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload(people(12))
    assert "Request approval" in browser.get(f"/uploads/{upload.pk}/").content.decode()
    page = browser.post(f"/uploads/{upload.pk}/start/", follow=True).content.decode()
    assert "someone else must approve it" in page
    assert "Approve and start" not in page
    browser.post(f"/uploads/{upload.pk}/withdraw/")
    browser.post(f"/uploads/{upload.pk}/start/")
    client.force_login(bob)
    assert "Awaiting approval" in client.get("/").content.decode()
    page = client.get(f"/uploads/{upload.pk}/").content.decode()
    assert "someone else must approve it: bob." in page
    assert "Approve and start" in page
    form = {"revision": Upload.objects.get().revision}
    assert "Approved and started." in client.post(f"/uploads/{upload.pk}/approve/", form, follow=True).content.decode()


def test_the_review_names_the_exceeded_limit(browser, make_upload, settings):
    settings.UPLOAD_CREDIT_LIMIT = 5
    upload = make_upload(to_csv(people(12), header=HEADER))
    assert (
        "above the limit of 5 per list. Please split it."
        in browser.post(f"/uploads/{upload.pk}/start/", follow=True).content.decode()
    )
