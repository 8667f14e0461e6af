"""People are assigned to colleagues, one by one or many at once, and found by the colleague they are assigned to."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, AuditKind
from accounts.rights import RightMissing, Role
from batches import assignments, retention
from batches.models import Assignment, Item
from tests.factories import people
from tests.support.pages import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def upload(start_upload):
    """Return a list of five people, of the team Herndon."""
    return start_upload(5)


@pytest.fixture
def gus(make_user):
    """Return a caller of the same team."""
    return make_user("gus", Role.MEMBER)


def read_text(page):
    """Return the words of a page, without its elements."""
    return " ".join(re.sub(r"<[^>]*>", " ", read_page(page)).split())


def assign(upload, assignee, user, rows=(2,)):
    return assignments.assign(upload.items.filter(row_number__in=rows), assignee, user)


def test_people_are_assigned_with_who_and_when(upload, gus, alice):
    assert assign(upload, gus, alice, rows=(2, 3)).changed == 2
    assignment = Assignment.objects.earliest("pk")
    assert (assignment.user, assignment.by, assignment.item.row_number) == (gus, alice, 2)
    entry = AuditEntry.objects.get(kind=AuditKind.ASSIGNED)
    assert (entry.user, entry.upload_id, entry.detail) == (alice, upload.pk, "to gus")


def test_a_person_is_assigned_to_one_user_at_most(upload, gus, alice):
    assign(upload, gus, alice)
    assert assign(upload, gus, alice).changed == 0
    assert assign(upload, alice, alice).changed == 1
    assert Assignment.objects.get().user == alice
    assert assignments.unassign(upload.items.all(), alice).changed == 1
    assert not Assignment.objects.exists()


def test_people_whom_the_assignee_does_not_see_are_left_as_they_are(upload, make_user, alice, charlie):
    stranger = make_user("sue", Role.MEMBER, team="Fairfax")
    assert assign(upload, stranger, charlie) == assignments.AssignmentResult(0, unseen=1)
    assert not Assignment.objects.exists()


def test_people_whom_the_user_does_not_see_are_left_as_they_are(upload, make_user):
    sue = make_user("sue", Role.MEMBER, team="Fairfax")
    assert assign(upload, sue, sue) == assignments.AssignmentResult(0)


def test_both_users_need_the_right_to_see_contact_details(upload, make_user, alice):
    viewer = make_user("vic", Role.VIEWER)
    for assignee, user in ((viewer, alice), (alice, viewer)):
        with pytest.raises(RightMissing):
            assign(upload, assignee, user)


def test_too_many_people_are_refused_as_a_whole(upload, gus, alice, monkeypatch):
    monkeypatch.setattr(assignments, "MAX_ASSIGNED", 1)
    with pytest.raises(assignments.TooMany):
        assign(upload, gus, alice, rows=(2, 3))
    assert not Assignment.objects.exists()


def test_colleagues_of_other_teams_are_not_offered(make_user, gus, alice, charlie):
    sue = make_user("sue", Role.MEMBER, team="Fairfax")
    make_user("vic", Role.VIEWER)
    left = make_user("leo", Role.MEMBER)
    left.is_active = False
    left.save()
    assert list(assignments.list_assignees(alice)) == [alice, gus]
    assert sue in assignments.list_assignees(charlie)


def list_rows(browser, query):
    return sorted(row.record.row_number for row in browser.get(f"/items/?{query}").context["table"].page.object_list)


def test_the_table_shows_my_people_and_those_of_nobody(browser, upload, gus, alice):
    assign(upload, alice, alice, rows=(3, 5))
    assign(upload, gus, alice, rows=(4,))
    assert list_rows(browser, "assigned=me") == [3, 5]
    assert list_rows(browser, f"assigned=nobody&upload={upload.pk}") == [2, 6]
    assert list_rows(browser, f"assigned={gus.pk}") == [4]


def test_the_active_filter_says_whose_people_are_shown(browser, upload, alice):
    assign(upload, alice, alice)
    assert "Assigned to: Me" in read_text(browser.get("/items/?assigned=me"))


def test_my_people_are_found_however_old_they_are(browser, upload, alice, monkeypatch):
    assign(upload, alice, alice)
    monkeypatch.setattr("batches.views.items.MAX_NEWEST", 1)
    assert list_rows(browser, "assigned=me") == [2]


def test_the_tab_counts_my_people_of_the_list(browser, upload, start_upload, alice):
    assign(upload, alice, alice, rows=(2, 3))
    other = start_upload(people(1, State="MD"))
    assign(other, alice, alice)
    assert "My people 3" in read_text(browser.get("/items/"))
    assert "My people 2" in read_text(browser.get(f"/items/?upload={upload.pk}"))


def test_only_leads_filter_by_another_user(client, upload, gus, alice):
    assign(upload, alice, alice)
    client.force_login(gus)
    page = client.get(f"/items/?assigned={alice.pk}")
    assert not page.context["filter"].form.is_valid()
    assert [value for value, _ in assignments.list_filter_choices(gus)] == ["me", "nobody"]
    assert [label for _, label in assignments.list_filter_choices(alice)] == ["Me", "Nobody"]


def test_the_people_of_a_deactivated_user_are_nobodys_and_still_found(browser, upload, gus, alice):
    assign(upload, gus, alice, rows=(2, 3, 4, 5, 6))
    gus.is_active = False
    gus.save()
    assert list_rows(browser, f"assigned=nobody&upload={upload.pk}") == [2, 3, 4, 5, 6]
    assert (str(gus.pk), "gus (deactivated)") in assignments.list_filter_choices(alice)
    assert list_rows(browser, f"assigned={gus.pk}") == [2, 3, 4, 5, 6]
    assert "gus (deactivated)" in read_page(browser.get("/items/?columns=assigned"))


def test_ticked_people_are_assigned_from_the_table(browser, upload, gus):
    ids = list(upload.items.values_list("pk", flat=True)[:2])
    page = browser.post("/items/assign/", {"item": ids, "to": gus.pk, "next": "/items/"}, follow=True)
    assert "Assigned 2 people to gus." in read_page(page)
    assert Assignment.objects.filter(user=gus).count() == 2


def test_all_who_match_the_filters_are_assigned_from_the_table(browser, upload, gus, alice):
    query = {"upload": upload.pk, "which": "all", "shown": 5, "to": gus.pk}
    browser.post("/items/assign/", query)
    assert Assignment.objects.filter(user=gus).count() == 5
    moved = browser.post("/items/assign/", {"assigned": gus.pk, "which": "all", "shown": 5, "to": alice.pk})
    assert moved.status_code == 302
    assert Assignment.objects.filter(user=alice).count() == 5


def test_people_whom_the_assignee_does_not_see_are_said(staff_browser, upload, make_user):
    sue = make_user("sue", Role.MEMBER, team="Fairfax")
    ids = list(upload.items.values_list("pk", flat=True)[:2])
    page = staff_browser.post("/items/assign/", {"item": ids, "to": sue.pk, "next": "/items/"}, follow=True)
    assert "Nobody was assigned. 2 people are in lists that sue may not see." in read_page(page)


def test_nobody_is_assigned_to_a_user_who_is_not_offered(browser, upload, make_user):
    sue = make_user("sue", Role.MEMBER, team="Fairfax")
    item = upload.items.first()
    for chosen in (sue.pk, "", "x"):
        page = browser.post("/items/assign/", {"item": item.pk, "to": chosen, "next": "/items/"}, follow=True)
        assert "Nobody was assigned. Choose a colleague." in read_page(page)
    assert not Assignment.objects.exists()


def test_the_page_of_a_person_says_to_whom_the_person_is_assigned_and_changes_it(browser, upload, gus, alice):
    item = upload.items.first()
    assert "Assign" in read_page(browser.get(item.get_absolute_url()))
    browser.post("/items/assign/", {"item": item.pk, "to": gus.pk})
    assert "Assigned to gus" in read_text(browser.get(item.get_absolute_url()))
    browser.post("/items/assign/", {"item": item.pk, "to": "nobody"})
    assert not Assignment.objects.exists()


def test_the_next_person_is_the_next_of_my_people(browser, upload, alice):
    assign(upload, alice, alice, rows=(2, 5))
    first, last = Item.objects.filter(assignment__user=alice).order_by("pk")
    page = browser.get(f"{first.get_absolute_url()}?view=assigned%3Dme")
    assert page.context["table_position"].next.startswith(last.get_absolute_url())
    assert page.context["table_position"].count == 2


def test_the_number_of_queries_does_not_depend_on_the_number_of_assignments(
    browser, upload, gus, alice, django_assert_num_queries, django_assert_max_num_queries
):
    address = f"/items/?upload={upload.pk}&columns=assigned.phone"
    assign(upload, gus, alice)
    with django_assert_max_num_queries(60) as few:
        browser.get(address)
    assign(upload, alice, alice, rows=(3, 4, 5, 6))
    with django_assert_num_queries(len(few)):
        browser.get(address)


def test_erased_people_are_assigned_to_nobody(upload, gus, alice):
    assign(upload, gus, alice, rows=(2, 3))
    assert assignments.forget_assignments([upload.items.first().pk]) == 1
    assert Assignment.objects.count() == 1


def test_old_assignments_are_deleted(upload, gus, alice, settings):
    settings.RESULT_RETENTION_DAYS = 30
    assign(upload, gus, alice)
    kind = assignments.RETAINED_ASSIGNMENTS
    assert kind in retention.retained
    assert not kind.is_due(timezone.now())
    Assignment.objects.update(at=timezone.now() - timedelta(days=31))
    assert kind.is_due(timezone.now())
    kind.purge_expired(timezone.now(), float("inf"))
    assert not Assignment.objects.exists()
