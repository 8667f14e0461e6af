from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from batches.models import Batch, Upload
from batches.statuses import BatchStatus, UploadStatus
from batches.tracing import spending
from tests.factories import HEADER, people, person, to_csv

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob(django_user_model):
    """May approve."""
    user = django_user_model.objects.create_user("bob", password="bob-password")
    user.user_permissions.add(Permission.objects.get(codename="approve_upload"))
    return user


def company(number, name="Acme Holdings LLC"):
    return [name, f"{number} Oak St", "Herndon", "VA", f"{number} Elm St", "Tampa", "FL"]


OWNERS = ["Owner", "Property Address", "Property City", "Property State", "Mail Address", "Mail City", "Mail State"]


def lines(upload):
    return [(line.label, line.count, line.credits) for line in spending.plan_spend(upload)]


def test_the_plan_has_a_line_for_each_fate(make_upload, settings):
    settings.CREDITS_PER_MATCH = 2
    upload = make_upload([*people(3), person(1), person(9, Zip="x")])
    assert lines(upload) == [
        ("people to trace", 3, 6),
        ("duplicates, answered with their first", 1, None),
        ("invalid rows", 1, None),
    ]


def test_companies_are_sent_by_mail_address_alone_or_left_out(make_upload):
    content = to_csv([company(n) for n in range(1, 4)], header=OWNERS)
    upload = make_upload(content)
    assert lines(upload) == [("people to trace", 0, 0), ("companies and the like, by mail address", 3, 3)]
    item = upload.items.first()
    assert (item.owner_kind, item.last_name, item.address, item.mail_address) == ("company", "", "", "1 Elm St")
    upload = make_upload(content, settings={"companies": "leave_out"})
    assert lines(upload) == [("people to trace", 0, 0), ("companies and the like, left out", 3, None)]
    assert upload.items.first().message == "Left out: company."
    assert upload.items.first().cells == company(1)


def test_second_owners_are_people_of_their_own_by_choice(make_upload):
    content = to_csv([company(n, "SMITH JOHN & MARY") for n in range(1, 4)], header=OWNERS)
    assert make_upload(content).item_count == 3
    upload = make_upload(content, settings={"co_owners": True})
    assert (upload.row_count, upload.co_owner_count, upload.item_count) == (3, 3, 6)
    owners = upload.items.filter(row_number=2).order_by("owner_number").values_list("first_name", "last_name")
    assert list(owners) == [("John", "Smith"), ("Mary", "Smith")]


def test_what_is_expected_is_what_it_cost_lately(make_upload, start_upload):
    upload = make_upload(people(10))
    assert spending.look_at_past() is None
    assert spending.expect_credits(upload, None) is None
    batch = start_upload([person(n) for n in range(100, 112)]).batches.get()
    closed = {"status": BatchStatus.CLOSED, "closed_at": timezone.now()}
    Batch.objects.filter(pk=batch.pk).update(matched=6, no_match=4, credits=Decimal(3), **closed)
    past = spending.look_at_past()
    assert (past.match_percent, past.free_percent) == (60, 50)
    assert spending.expect_credits(upload, past) == 3


def test_a_list_over_the_limit_for_one_is_not_started(make_upload, alice, settings):
    settings.UPLOAD_CREDIT_LIMIT = 11
    with pytest.raises(spending.OverLimit, match="can cost 12 credits; 11 is the most"):
        spending.start(make_upload(people(12)), alice)
    assert Upload.objects.get().status == UploadStatus.READY


def test_lists_over_the_limit_for_a_day_wait(make_upload, alice, settings):
    settings.DAILY_CREDIT_LIMIT = 20
    assert spending.start(make_upload(people(12)), alice)
    second = make_upload([person(n) for n in range(100, 112)])
    with pytest.raises(spending.OverLimit, match="started today can cost 12 credits already, and this one 12; 20"):
        spending.start(second, alice)
    Upload.objects.filter(started_at__isnull=False).update(started_at=timezone.now() - timedelta(days=1))
    assert spending.start(second, alice)


def test_an_expensive_list_is_started_by_two(make_upload, alice, bob, settings):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload(people(12))
    assert spending.start(upload, alice) == UploadStatus.APPROVAL
    upload.refresh_from_db()
    with pytest.raises(spending.OverLimit, match="do not have the right"):
        spending.approve(upload, alice)
    assert spending.approve(upload, bob)
    assert not spending.approve(upload, bob)
    upload.refresh_from_db()
    assert (upload.status, upload.start_asked_by) == (UploadStatus.RUNNING, alice)
    assert list(upload.events.values_list("what", "user__username"))[-2:] == [
        ("approval asked for", "alice"),
        ("approved and started", "bob"),
    ]


def test_nobody_approves_what_they_asked_for(make_upload, bob, settings):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload(people(12))
    spending.start(upload, bob)
    upload.refresh_from_db()
    with pytest.raises(spending.OverLimit, match="somebody else must approve"):
        spending.approve(upload, bob)


def test_the_screens_of_approval(browser, client, make_upload, bob, settings):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload(people(12))
    assert "Ask for approval" in browser.get(f"/uploads/{upload.pk}/").content.decode()
    page = browser.post(f"/uploads/{upload.pk}/start/", follow=True).content.decode()
    assert "somebody else must approve it" in page
    assert "Approve and start" not in page
    browser.post(f"/uploads/{upload.pk}/withdraw/")
    browser.post(f"/uploads/{upload.pk}/start/")
    client.force_login(bob)
    assert "To be approved" in client.get("/").content.decode()
    assert "Approve and start" in client.get(f"/uploads/{upload.pk}/").content.decode()
    assert "Approved and started." in client.post(f"/uploads/{upload.pk}/approve/", follow=True).content.decode()


def test_the_review_says_over_which_limit_a_list_is(browser, make_upload, settings):
    settings.UPLOAD_CREDIT_LIMIT = 5
    upload = make_upload(to_csv(people(12), header=HEADER))
    assert (
        "5 is the most for one. Split it." in browser.post(f"/uploads/{upload.pk}/start/", follow=True).content.decode()
    )
