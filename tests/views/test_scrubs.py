from datetime import date, timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.rights import Role
from batches import jobs
from batches.models import PhoneNumber, ScrubSource
from batches.statuses import ScrubStatus

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _run_jobs_at_once(monkeypatch):
    monkeypatch.setattr(jobs, "enqueue", lambda _queue, function, *args: function.__wrapped__(*args))


def make_source(**values):
    values = {"kind": "registry", "name": "Registry, 703", "as_of": timezone.localdate()} | values
    return ScrubSource.objects.create(status=values.pop("status", ScrubStatus.READY), **values)


def post_file(browser, content=b"7035550100\n123\n", **values):
    values = {"kind": "registry", "name": " Registry,  703 ", "as_of": "2026-11-01"} | values
    return browser.post("/scrubs/load/", {"file": ContentFile(content, "703.txt")} | values, follow=True)


def test_a_file_is_loaded_on_the_page_and_its_numbers_are_compared(browser, alice):
    phone = PhoneNumber.objects.create(digits=7035550100, found_at=timezone.now())
    response = post_file(browser)
    source = ScrubSource.objects.get()
    text = response.content.decode()
    assert response.redirect_chain == [(source.get_absolute_url(), 302)]
    assert (source.name, source.created_by, source.status) == ("Registry, 703", alice, "ready")
    assert "1 line without a phone number" in text
    assert "Line 2 was skipped." in text
    phone.refresh_from_db()
    assert phone.scrubs == str(source.pk)


def test_the_first_of_many_lines_without_a_number_are_named(browser):
    source = make_source(unreadable_count=1_204, unreadable=[3, 7], line_count=9_000)
    assert "Lines 3, 7 and 1,202 others were skipped." in browser.get(source.get_absolute_url()).content.decode()


def test_change_lists_are_explained_once(browser):
    assert browser.get("/scrubs/load/").content.decode().count("It adds and removes numbers of the file") == 1


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"as_of": "2999-01-01"}, "This day has not come yet"),
        ({"state": "Atlantis"}, "This is not a state"),
        ({"kind": "friends"}, "Select a valid choice"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_details_that_cannot_be_right_are_refused_with_a_sentence(browser, values, sentence):
    response = post_file(browser, **values)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not ScrubSource.objects.exists()


def test_a_registry_is_stale_after_31_days_and_an_internal_list_is_not(browser):
    make_source(name="Fresh", as_of=timezone.localdate() - timedelta(days=31))
    make_source(name="Old", kind="internal", as_of=timezone.localdate() - timedelta(days=90))
    assert "Stale" not in browser.get("/scrubs/").content.decode()
    make_source(name="Stale one", as_of=timezone.localdate() - timedelta(days=32))
    assert browser.get("/scrubs/").content.decode().count("Stale: ") == 1


def test_the_page_makes_as_many_queries_for_many_files_as_for_one(browser, django_assert_num_queries):
    make_source()
    browser.get("/scrubs/")
    with CaptureQueriesContext(connection) as few:
        browser.get("/scrubs/")
    for number in range(10):
        make_source(name=f"Registry, {700 + number}")
    with django_assert_num_queries(len(few)):
        text = browser.get("/scrubs/").content.decode()
    assert text.count("In force") == 11


def test_without_files_the_page_offers_to_load_one(browser):
    text = browser.get("/scrubs/").content.decode()
    assert "No scrub files yet" in text
    assert 'class="btn primary" href="/scrubs/load/"' in text


def test_a_removed_file_is_no_longer_listed_but_its_page_says_who_removed_it(browser, alice):
    source = make_source()
    browser.post(f"/scrubs/{source.pk}/remove/")
    assert source.name not in browser.get("/scrubs/").content.decode()
    text = browser.get(f"/scrubs/{source.pk}/").content.decode()
    assert f"by {alice}" in " ".join(text.split())
    assert f"/scrubs/{source.pk}/remove/" not in text


def test_a_viewer_sees_no_scrub_files(client, make_user):
    client.force_login(make_user("vic", Role.VIEWER))
    assert client.get("/scrubs/").status_code == 403


def test_the_command_loads_a_file(tmp_path, capsys):
    path = tmp_path / "va.csv"
    path.write_text("Phone,Name\n7035550100,Ada\n7035550101,Ben\n")
    call_command("load_scrubs", str(path), kind="state", name="Virginia", as_of="2026-11-01", state="va")
    source = ScrubSource.objects.get()
    assert (source.status, source.state, source.number_count, source.as_of) == ("ready", "VA", 2, date(2026, 11, 1))
    assert "Loaded 2 numbers from 2 lines" in capsys.readouterr().out


def test_the_command_says_why_a_file_cannot_be_loaded(tmp_path):
    path = tmp_path / "names.csv"
    path.write_text("Name,City\nAda,Herndon\n")
    with pytest.raises(CommandError, match="No column of the file"):
        call_command("load_scrubs", str(path), kind="internal", name="Ours", as_of="2026-11-01")
    with pytest.raises(CommandError, match="Cannot read"):
        call_command("load_scrubs", str(tmp_path / "none"), kind="internal", name="Ours", as_of="2026-11-01")
