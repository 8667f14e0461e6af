"""A user's own notices, the bell, and the settings."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from batches.models import SendingBlock
from notices.bell import MAX_COUNTED
from notices.models import Notice, Preference
from notices.time_zones import list_zones
from tests.notices.conftest import notify

pytestmark = pytest.mark.django_db


@pytest.fixture
def create_notices(alice):
    """Create notices of a user from their texts."""

    def create_notices(*texts, user=alice):
        last = Notice.objects.count()
        numbered = enumerate(texts, start=last)
        return [
            Notice.objects.create(user=user, kind="blocked", subject=number, at=timezone.now(), text=text)
            for number, text in numbered
        ]

    return create_notices


# The page


def test_notices_are_listed_newest_first_with_unread_ones_marked(browser, create_notices):
    old, _ = create_notices("The first.", "The second.")
    Notice.objects.filter(pk=old.pk).mark_read()
    page = browser.get("/notices/").content.decode()
    assert page.index("The second.</a>") < page.index("The first.</a>")
    assert page.count(">Unread<") == 1


def test_users_do_not_see_the_notices_of_others(browser, create_notices, charlie):
    (notice,) = create_notices("For charlie alone.", user=charlie)
    assert "For charlie alone." not in browser.get("/notices/").content.decode()
    assert browser.get(f"/notices/{notice.pk}/").status_code == 404
    browser.post("/notices/read/", {"newest": notice.pk})
    assert Notice.objects.get().read_at is None
    assert "none unread" in browser.get("/notices/bell/").content.decode()


def test_opening_a_notice_marks_it_read_and_redirects_to_its_list(browser, complete):
    upload = complete()
    (notice,) = notify()
    response = browser.get(f"/notices/{notice.pk}/")
    assert response.url == f"/uploads/{upload.pk}/"
    read_at = Notice.objects.get().read_at
    browser.get(f"/notices/{notice.pk}/")
    assert read_at
    assert Notice.objects.get().read_at == read_at


def test_a_notice_redirects_to_its_batch_or_for_a_block_to_the_dashboard(start_upload, alice, create_notices):
    batch = start_upload(12).batches.get()
    assert Notice(batch=batch, upload=batch.upload).target == f"/batches/{batch.pk}/"
    assert create_notices("Sending is blocked.")[0].target == "/"


def test_all_notices_shown_are_marked_as_read(browser, create_notices):
    shown = create_notices("One.", "Two.")
    page = browser.get("/notices/").content.decode()
    newest = re.search(r'name="newest" value="(\d+)"', page)[1]
    assert int(newest) == shown[-1].pk
    create_notices("A later one.")
    assert browser.post("/notices/read/", {"newest": newest}).url == "/notices/"
    assert [notice.text for notice in Notice.objects.unread()] == ["A later one."]
    assert browser.get("/notices/read/").status_code == 405
    browser.post("/notices/read/", {"newest": "all"})
    assert Notice.objects.unread().count() == 1


def test_notices_are_paged_and_their_number_does_not_change_the_number_of_queries(
    browser, create_notices, django_assert_num_queries
):
    for texts in (["One."], ["Two.", "Three."]):
        create_notices(*texts)
        with django_assert_num_queries(6):
            browser.get("/notices/")
    create_notices(*(f"No. {number}" for number in range(30)))
    assert "No. 29" not in browser.get("/notices/?page=2").content.decode().split('id="main"')[1]
    assert "One." in browser.get("/notices/?page=2").content.decode()


def test_the_name_of_a_list_is_escaped(browser, complete):
    complete(name="<script>alert(1)</script>.csv")
    Notice.objects.update(text="x")
    notify()
    assert "<script>alert" not in browser.get("/notices/").content.decode()


# The bell


def test_the_bell_shows_how_many_are_unread(browser, create_notices):
    assert "Notices, none unread" in browser.get("/uploads/").content.decode()
    create_notices("One.", "Two.")
    assert "Notices, 2 unread" in browser.get("/uploads/").content.decode()


def test_an_unchanged_bell_gets_a_304_after_one_extra_query(browser, create_notices, django_assert_num_queries):
    create_notices("One.")
    first = browser.get("/notices/bell/")
    # Session, user, bell.
    with django_assert_num_queries(3):
        again = browser.get("/notices/bell/", headers={"If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert "no-store" in first["Cache-Control"]


def test_a_changed_bell_is_sent_completely(browser, create_notices, charlie):
    etags = [browser.get("/notices/bell/")["ETag"]]
    notices = create_notices("One.", "Two.")
    etags.append(browser.get("/notices/bell/")["ETag"])
    browser.get(f"/notices/{notices[0].pk}/")
    etags.append(browser.get("/notices/bell/")["ETag"])
    browser.force_login(charlie)
    etags.append(browser.get("/notices/bell/")["ETag"])
    assert len(set(etags)) == 4
    assert browser.get("/notices/bell/", headers={"If-None-Match": etags[2]}).status_code == 200


def test_the_bell_contains_messages_of_the_previous_page(browser, create_notices):
    create_notices("“A & B” is complete.")
    page, bell = browser.get("/uploads/").content.decode(), browser.get("/notices/bell/").content.decode()
    assert bell.strip() in page
    assert 'data-text="“A &amp; B” is complete."' in bell


def test_the_bell_limits_the_number_it_shows(browser, alice, create_notices):
    create_notices(*(f"No. {number}" for number in range(MAX_COUNTED + 1)))
    assert "Notices, 99+ unread" in browser.get("/notices/bell/").content.decode()


# Settings


def save(browser, **changes):
    return browser.post("/settings/", {"email": "", "mails": "everything", "zone": ""} | changes)


def test_settings_are_saved(browser, alice):
    assert save(browser, email="alice@example.com", mails="needed").url == "/settings/"
    save(browser, email="alice@example.com", mails="nothing")
    alice.refresh_from_db()
    assert (alice.email, Preference.objects.get().mails) == ("alice@example.com", "nothing")
    page = browser.get("/settings/").content.decode()
    assert 'value="alice@example.com"' in page
    assert '<option value="nothing" selected>' in page


def test_invalid_settings_are_not_saved(browser, alice):
    for wrong in ({"email": "alice"}, {"mails": "some"}, {"zone": "Mars/Olympus"}):
        response = save(browser, **{"email": "alice@example.com"} | wrong)
        assert (response.status_code, "zone" in response.cookies) == (422, False)
    alice.refresh_from_db()
    assert (alice.email, Preference.objects.count()) == ("", 0)


def test_the_time_zone_is_stored_in_the_browser_for_a_year(browser):
    cookie = save(browser, zone="America/New_York").cookies["zone"]
    assert (cookie.value, cookie["max-age"], cookie["samesite"]) == ("America/New_York", 31_536_000, "Lax")
    assert '<option value="America/New_York" selected>' in browser.get("/settings/").content.decode()
    cookie = save(browser).cookies["zone"]
    assert (cookie.value, cookie["max-age"]) == ("", 0)


def test_time_zones_are_named_after_places():
    zones = dict(zone for _, those in list_zones() for zone in those)
    assert zones["America/Argentina/Buenos_Aires"] == "Argentina, Buenos Aires"
    assert {"Europe/Berlin", "UTC"} <= zones.keys()
    assert not any(zone.startswith(("Etc/", "SystemV/")) for zone in zones)


def test_a_server_without_mail_says_so(browser, settings):
    assert "does not send mail" in browser.get("/settings/").content.decode()
    settings.IS_MAILING = True
    assert "does not send mail" not in browser.get("/settings/").content.decode()


def test_the_admin_shows_notices_but_cannot_change_them(client, charlie, create_notices):
    (notice,) = create_notices("Sending is blocked.")
    SendingBlock.objects.all().delete()
    client.force_login(charlie)
    assert client.get("/admin/notices/notice/", {"q": "Nothing"}).status_code == 200
    assert client.get(f"/admin/notices/notice/{notice.pk}/change/").status_code == 200
    assert client.post(reverse("admin:notices_notice_delete", args=[notice.pk])).status_code == 403
