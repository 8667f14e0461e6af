"""Users see their own notices, the bell, and their settings."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from batches.models import SendingBlock
from notices.bell import MAX_COUNTED
from notices.models import Notice, Preference
from notices.time_zones import list_zones
from tests.notices.conftest import notify

pytestmark = pytest.mark.django_db


@pytest.fixture
def create_notices(alice):
    """Return a function that creates notices with the given texts for a user."""

    def create_notices(*texts, user=alice):
        return [
            Notice.objects.create(user=user, kind="blocked", subject=number, at=timezone.now(), text=text)
            for number, text in enumerate(texts, start=Notice.objects.count())
        ]

    return create_notices


# The page


def test_notices_are_listed_newest_first_with_unread_ones_marked(browser, create_notices):
    old, _ = create_notices("The first.", "The second.")
    Notice.objects.filter(pk=old.pk).mark_read()
    page = browser.get("/notices/").content.decode()
    assert page.index("The second.</a>") < page.index("The first.</a>")
    assert page.count("Unread: ") == 1


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


def test_a_notice_leads_to_its_batch_and_one_about_a_block_to_the_dashboard(start_upload, alice, create_notices):
    batch = start_upload(12).batches.get()
    assert Notice(batch=batch, upload=batch.upload).target == f"/batches/{batch.pk}/"
    [notice] = create_notices("Sending is blocked.")
    assert notice.target == "/"


def test_only_the_notices_that_were_shown_are_marked_as_read(browser, create_notices):
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
        # Two of the queries read the user's rights.
        with django_assert_num_queries(9):
            browser.get("/notices/")
    create_notices(*(f"No. {number}" for number in range(30)))
    _, main = browser.get("/notices/?page=2").content.decode().split('id="main"')
    assert "No. 29" not in main
    assert "One." in main


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
    # One each for the session, the user and the bell.
    with django_assert_num_queries(3):
        again = browser.get("/notices/bell/", headers={"If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert "no-store" in first["Cache-Control"]


def test_a_changed_bell_is_sent_in_full(browser, create_notices, charlie):
    etags = [browser.get("/notices/bell/")["ETag"]]
    notices = create_notices("One.", "Two.")
    etags.append(browser.get("/notices/bell/")["ETag"])
    browser.get(f"/notices/{notices[0].pk}/")
    etags.append(browser.get("/notices/bell/")["ETag"])
    browser.force_login(charlie)
    etags.append(browser.get("/notices/bell/")["ETag"])
    assert len(set(etags)) == 4
    assert browser.get("/notices/bell/", headers={"If-None-Match": etags[2]}).status_code == 200


def test_every_page_contains_the_bell_with_the_text_of_the_newest_notice(browser, create_notices):
    create_notices("“A & B” is complete.")
    page = browser.get("/uploads/").content.decode()
    bell = browser.get("/notices/bell/").content.decode()
    assert bell.strip() in page
    assert 'data-text="“A &amp; B” is complete."' in bell


def test_the_bell_limits_the_number_it_shows(browser, alice, create_notices):
    create_notices(*(f"No. {number}" for number in range(MAX_COUNTED + 1)))
    assert "Notices, 99+ unread" in browser.get("/notices/bell/").content.decode()


# Settings


def save_profile(browser, **changes):
    return browser.post("/settings/", {"email": "", "zone": ""} | changes)


def test_the_profile_is_saved(browser, alice):
    assert save_profile(browser, email="alice@example.com").url == "/settings/"
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"
    page = browser.get("/settings/").content.decode()
    assert 'value="alice@example.com"' in page
    assert "Herndon" in page


def test_the_name_is_saved_and_the_audit_log_says_so_once(browser, alice):
    for _ in range(2):
        save_profile(browser, first_name="Alice", last_name="Ng")
    alice.refresh_from_db()
    assert alice.get_full_name() == "Alice Ng"
    assert list(AuditEntry.objects.values_list("detail", flat=True)) == ["Changed their name"]
    assert "Alice Ng" in browser.get("/settings/").content.decode()


def test_the_choice_of_notices_by_mail_is_saved(browser, alice):
    for choice in ("needed", "nothing"):
        assert browser.post("/settings/notices/", {"mails": choice}).url == "/settings/notices/"
    assert Preference.objects.get().mails == "nothing"
    assert '<option value="nothing" selected>' in browser.get("/settings/notices/").content.decode()


def test_invalid_settings_are_not_saved(browser, alice):
    for invalid in ({"email": "alice"}, {"zone": "Mars/Olympus"}):
        response = save_profile(browser, **{"email": "alice@example.com"} | invalid)
        assert response.status_code == 422
        assert "zone" not in response.cookies
    assert browser.post("/settings/notices/", {"mails": "some"}).status_code == 422
    alice.refresh_from_db()
    assert (alice.email, Preference.objects.count()) == ("", 0)


def test_the_time_zone_is_stored_in_the_browser_for_a_year(browser):
    cookie = save_profile(browser, zone="America/New_York").cookies["zone"]
    assert (cookie.value, cookie["max-age"], cookie["samesite"]) == ("America/New_York", 31_536_000, "Lax")
    assert '<option value="America/New_York" selected>' in browser.get("/settings/").content.decode()
    cookie = save_profile(browser).cookies["zone"]
    assert (cookie.value, cookie["max-age"]) == ("", 0)


def test_time_zones_are_named_after_places():
    zones = dict(zone for _, in_area in list_zones() for zone in in_area)
    assert zones["America/Argentina/Buenos_Aires"] == "Argentina, Buenos Aires"
    assert {"Europe/Berlin", "UTC"} <= zones.keys()
    assert not any(zone.startswith(("Etc/", "SystemV/")) for zone in zones)


def test_the_settings_say_if_the_server_does_not_send_mail(browser, settings):
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
