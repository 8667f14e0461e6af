"""Selections of people are shared by a link, which gives no rights and ends after 30 days."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, AuditKind
from accounts.rights import Role
from batches import retention, sharing
from batches.models import SharedSelection
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


def share(browser, **data):
    """Share people from the table, and return the link."""
    browser.post("/items/share/", data)
    return SharedSelection.objects.latest("pk")


def list_rows(client, link):
    page = client.get(link.get_absolute_url(), follow=True)
    return sorted(row.record.row_number for row in page.context["table"].page.object_list)


def test_ticked_people_are_shared_one_by_one(browser, client, upload, gus, alice):
    link = share(browser, item=list(upload.items.values_list("pk", flat=True)[:2]))
    entry = AuditEntry.objects.get(kind=AuditKind.SHARED)
    assert (entry.user, entry.upload_id) == (alice, upload.pk)
    client.force_login(gus)
    assert list_rows(client, link) == [2, 3]
    assert "Shared by alice on" in read_page(client.get(link.get_absolute_url(), follow=True))


def test_all_who_match_are_shared_by_the_filters(browser, client, upload, gus):
    link = share(browser, which="all", upload=upload.pk, outcome="pending", shown=5)
    assert (link.query, link.item_ids) == (f"outcome=pending&upload={upload.pk}", None)
    client.force_login(gus)
    assert len(list_rows(client, link)) == 5


@pytest.mark.parametrize("filters", [{"q": "abbott"}, {"assigned": "nobody"}])
def test_filters_that_name_somebody_or_mean_something_else_for_others_are_not_stored(browser, upload, filters):
    link = share(browser, which="all", upload=upload.pk, **filters)
    assert link.query == ""
    assert len(link.item_ids) == 5


def test_too_many_people_are_not_shared(browser, upload, monkeypatch):
    monkeypatch.setattr(sharing, "MAX_SHARED", 4)
    data = {"which": "all", "upload": upload.pk, "q": "abbott", "next": "/items/"}
    assert "No link was made" in read_page(browser.post("/items/share/", data, follow=True))
    assert not SharedSelection.objects.exists()


def test_whoever_opens_a_link_sees_only_whom_they_may_see(browser, client, upload, make_user):
    ticked = share(browser, item=list(upload.items.values_list("pk", flat=True)))
    filtered = share(browser, which="all", upload=upload.pk)
    client.force_login(make_user("sue", Role.MEMBER, team="Fairfax"))
    assert list_rows(client, ticked) == []
    assert list_rows(client, filtered) == []


def test_people_whom_the_user_does_not_see_are_not_shared(client, upload, make_user):
    client.force_login(make_user("sue", Role.MEMBER, team="Fairfax"))
    link = share(client, item=list(upload.items.values_list("pk", flat=True)))
    assert link.item_ids == []


def test_a_link_leads_to_the_login_and_back(browser, client, upload):
    link = share(browser, item=upload.items.first().pk)
    client.logout()
    page = client.get(link.get_absolute_url())
    assert page.status_code == 302
    assert page["Location"].startswith("/login/")
    assert page["Location"].endswith(f"next={link.get_absolute_url()}")


def test_a_link_ends_after_30_days(browser, upload):
    link = share(browser, item=upload.items.first().pk)
    assert list_rows(browser, link) == [2]
    SharedSelection.objects.update(made_at=timezone.now() - timedelta(days=30, minutes=1))
    page = browser.get(link.get_absolute_url(), follow=True)
    assert "This link has expired or was revoked." in read_page(page)
    assert "You have no links now." in read_page(browser.get("/shared/"))


def test_a_revoked_link_shows_nobody(browser, upload):
    link = share(browser, item=upload.items.first().pk)
    assert link.get_absolute_url() in read_page(browser.get("/shared/"))
    browser.post(f"/shared/{link.pk}/revoke/")
    assert "was revoked" in read_page(browser.get(link.get_absolute_url(), follow=True))
    assert not browser.get(f"/items/?shared={link.key}").context["table"].page.object_list


def test_only_whoever_made_a_link_lists_and_revokes_it(browser, client, upload, gus):
    link = share(browser, item=upload.items.first().pk)
    client.force_login(gus)
    assert link.key not in read_page(client.get("/shared/"))
    assert client.post(f"/shared/{link.pk}/revoke/").status_code == 404
    assert sharing.find_shared(link.key)


def test_erased_people_are_taken_out_of_links(browser, upload):
    first, second = upload.items.values_list("pk", flat=True)[:2]
    link = share(browser, item=[first, second])
    share(browser, which="all", upload=upload.pk)
    assert sharing.forget_shared([first]) == 1
    link.refresh_from_db()
    assert link.item_ids == [second]


def test_old_links_are_deleted(browser, upload, settings):
    settings.RESULT_RETENTION_DAYS = 60
    share(browser, item=upload.items.first().pk)
    SharedSelection.objects.update(made_at=timezone.now() - timedelta(days=61))
    assert sharing.RETAINED_LINKS in retention.retained
    sharing.RETAINED_LINKS.purge_expired(timezone.now(), float("inf"))
    assert not SharedSelection.objects.exists()
