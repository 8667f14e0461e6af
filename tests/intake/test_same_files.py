"""A file that was uploaded before is recognised, and the pages say so."""

import hashlib
import re

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from batches.intake import uploads
from batches.intake.same_files import find_same_files
from batches.models import Upload
from batches.statuses import UploadStatus
from tests.factories import people, to_csv

pytestmark = pytest.mark.django_db
CONTENT = to_csv(people(3))


def receive(user, name="Spring leads", content=CONTENT):
    return uploads.receive(ContentFile(content, name="people.csv"), user, name=name)


def open_page(browser, upload, path=""):
    return " ".join(browser.get(f"/uploads/{upload.pk}/{path}").content.decode().split())


def test_the_hash_of_the_files_bytes_is_stored(alice):
    assert receive(alice).sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_a_large_file_is_hashed_in_chunks(alice):
    content = to_csv(people(3)) + b"\n" * 200_000
    file = SimpleUploadedFile("people.csv", content)
    assert uploads.hash_file(file) == hashlib.sha256(content).hexdigest()


def test_a_replacement_has_its_own_hash(alice):
    upload, content = receive(alice), to_csv(people(4))
    uploads.replace_file(upload, ContentFile(content, name="second.csv"), alice, name="", priority=1, source="")
    upload.refresh_from_db()
    assert upload.sha256 == hashlib.sha256(content).hexdigest()


def test_other_lists_with_the_same_file_are_found_latest_first(alice, charlie):
    _oldest, second, third, fourth, latest = [receive(user) for user in (alice, charlie, alice, None, alice)]
    receive(alice, content=to_csv(people(4)))
    found = [(same_file.upload, same_file.user) for same_file in find_same_files(latest, None)]
    assert found == [(fourth, None), (third, alice), (second, charlie)]


def test_lists_are_ordered_by_when_they_received_the_file(alice):
    old = receive(alice, content=to_csv(people(4)))
    first, _second, third, fourth = [receive(alice) for _ in range(4)]
    uploads.replace_file(old, ContentFile(CONTENT, name="second.csv"), alice, name="", priority=1, source="")
    assert [same_file.upload for same_file in find_same_files(first, None)] == [old, fourth, third]


def test_the_page_says_that_people_traced_recently_are_not_paid_for_again(browser, alice):
    receive(alice)
    upload = receive(alice)
    Upload.objects.update(look_back=30)
    assert "You do not pay again for people traced in the last 30 days." in open_page(browser, upload, "columns/")
    Upload.objects.update(look_back=0)
    assert "You do not pay again for people traced in the last" not in open_page(browser, upload, "columns/")


def test_lists_without_a_stored_hash_do_not_match_each_other(alice):
    first, _ = receive(alice), receive(alice)
    Upload.objects.update(sha256="")
    assert find_same_files(Upload.objects.get(pk=first.pk), None) == []


@pytest.mark.parametrize("path", ["columns/", ""], ids=["columns", "review"])
def test_the_page_says_who_uploaded_the_same_file_when_and_under_which_name(
    browser, alice, bob, make_upload, time_machine, path
):
    time_machine.move_to("2026-11-25 12:00Z", tick=False)
    mine, theirs = receive(alice), receive(bob, name="Theirs")
    Upload.objects.filter(pk=theirs.pk).update(status=UploadStatus.CANCELLED)
    page = open_page(browser, make_upload(CONTENT), path)
    text = " ".join(re.sub(r"<[^>]+>", "", page).split())
    assert "You uploaded this file on Nov 25 as Spring leads." in text
    assert "bob uploaded this file on Nov 25 as Theirs (cancelled)." in text
    assert f'href="/uploads/{mine.pk}/"' in page


def test_the_year_of_an_earlier_upload_is_shown_if_it_is_not_the_current_one(browser, alice, make_upload, time_machine):
    time_machine.move_to("2025-11-25 12:00Z", tick=False)
    receive(alice)
    time_machine.move_to("2026-02-01 12:00Z", tick=False)
    upload = make_upload(CONTENT)
    browser.force_login(alice)
    assert "uploaded this file on Nov 25, 2025 as" in open_page(browser, upload)


def test_the_page_of_a_new_file_mentions_no_earlier_upload(browser, make_upload):
    assert "uploaded this file" not in open_page(browser, make_upload(CONTENT))
