"""The rows of the dashboard: what can be done from them, and that they are drawn only when something has changed."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.rights import Role
from batches.database import find_filled
from batches.exports.presets import BUILT_IN_PRESETS
from batches.models import EXPORT_TABLE, Batch, Export, Item, Lease, SavedView, Upload
from batches.reports.overview import load_overview
from batches.tables.saved_views import save_view
from batches.templatetags.dashboard import draw_row
from tests.support.pages import read_page

DOWNLOAD = re.compile(r'href="(/uploads/\d+/export/\?[^"]+)"')


def test_a_finished_list_is_exported_from_its_row_without_numbers_that_must_not_be_called(browser, finish_upload):
    finish_upload(1)
    page = browser.get("/").content.decode()
    addresses = [address.replace("&amp;", "&") for address in DOWNLOAD.findall(page)]
    assert len(addresses) == len(BUILT_IN_PRESETS)
    for_dialer = next(address for address in addresses if "preset=dialer" in address)
    assert browser.get(for_dialer)["Content-Disposition"].startswith("attachment")
    assert "without_dnc" in Export.objects.get().choices["choices"]


def test_the_row_of_a_finished_list_offers_the_presets_that_the_readers_role_may_use(
    browser, client, alice, make_user, finish_upload
):
    finish_upload(1)
    for name, shared_with in (("Ours", Role.MEMBER.value), ("Of leads", Role.LEAD.value), ("Of all", "everyone")):
        save_view(alice, EXPORT_TABLE, name, "layout=long&without_dnc=1", shared_with)
    page = read_page(browser.get("/"))
    assert [name for name in ("Ours", "Of leads", "Of all") if name in page] == ["Ours", "Of leads", "Of all"]
    client.force_login(make_user("mia", Role.MEMBER))
    page = read_page(client.get("/"))
    assert "Of leads" not in page
    # The updates of the page have what it had.
    update = client.get("/", headers={"HX-Request": "true"}).content.decode()
    assert ("Ours" in update, "Of all" in update, "Of leads" in update) == (True, True, False)
    view = SavedView.objects.get(name="Ours")
    address = f"?preset=view-{view.pk}"
    assert address in page
    # Whoever loads the page again sees at once that a preset is gone.
    view.delete()
    assert address not in client.get("/").content.decode()


def test_a_reader_who_may_not_export_finds_no_way_to_do_so(client, make_user, alice, finish_upload):
    upload = finish_upload(1)
    viewer = make_user("viewer", Role.VIEWER)
    Upload.objects.filter(pk=upload.pk).update(created_by=viewer)
    client.force_login(viewer)
    page = client.get("/").content.decode()
    assert str(upload) in page
    assert "/export/" not in page


def test_a_row_is_drawn_again_only_if_something_in_it_has_changed(browser, finish_upload):
    draw_row.cache_clear()
    upload = finish_upload(1)
    browser.get("/")
    drawn = draw_row.cache_info().misses
    browser.get("/", headers={"HX-Request": "true"})
    assert draw_row.cache_info().misses == drawn
    Upload.objects.filter(pk=upload.pk).update(name="Renamed roll")
    page = browser.get("/").content.decode()
    assert draw_row.cache_info().misses == drawn + 1
    assert "Renamed roll" in page


@pytest.mark.django_db
def test_several_questions_are_one_query(django_assert_num_queries):
    Lease.objects.create(name="clock", holder="me", until=timezone.now() + timedelta(hours=1))
    with django_assert_num_queries(1):
        found = find_filled(leases=Lease.objects.all(), items=Item.objects.all(), batches=Batch.objects.all())
    assert found == {"leases"}


def find_waiting(user):
    return load_overview(timezone.now(), is_blocked=False, user=user).waiting


def test_what_waits_is_found_among_the_lists_that_a_user_sees(make_user, alice, start_upload):
    upload = start_upload(1)
    upload.batches.update(status="refused")
    assert find_waiting(alice) == {"batches"}
    Upload.objects.filter(pk=upload.pk).update(created_by=make_user("bob", Role.LEAD), team=None)
    assert find_waiting(alice) == set()
