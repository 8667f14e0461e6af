"""The help: its pages, what the words mean, and the tour with the sample list."""

import re
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core.files.base import ContentFile

from accounts.models import Profile
from batches import meanings
from batches.intake import row_import, sample_list, uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Upload
from batches.statuses import BatchStatus, MatchCheck, Outcome, OwnerKind, UploadStatus
from batches.tables import list_people
from batches.tables import tables as tables_module
from batches.templatetags.help import help as draw_help
from batches.templatetags.help import load_meanings
from tests.factories import people, to_csv

pytestmark = pytest.mark.django_db


def read(browser, address):
    return " ".join(browser.get(address).content.decode().split())


def test_every_outcome_verdict_and_status_has_a_meaning():
    assert list(meanings.OUTCOMES) == list(Outcome)
    assert list(meanings.MATCH_CHECKS) == list(MatchCheck)
    assert list(meanings.LIST_STATUSES) == list(UploadStatus)
    assert list(meanings.BATCH_STATUSES) == list(BatchStatus)
    assert list(meanings.OWNER_KINDS) == [kind for kind in OwnerKind if kind != OwnerKind.PERSON]


def test_the_help_says_what_every_word_means(browser):
    page = read(browser, "/help/words/")
    for outcome in Outcome:
        assert outcome.label in page
    assert meanings.OUTCOMES[Outcome.NO_MATCH] in page
    assert 'id="no-match"' in page


def test_every_word_has_an_address_of_its_own(browser):
    anchors = re.findall(r'<div id="([^"]+)">', browser.get("/help/words/").content.decode())
    assert len(anchors) == len(set(anchors))
    assert set(load_meanings()) == set(anchors)


def test_a_question_mark_leads_to_the_meaning_and_shows_it():
    mark = draw_help("no-match")
    assert 'href="/help/words/#no-match"' in mark
    assert 'aria-label="What “No match” means"' in mark
    assert meanings.OUTCOMES[Outcome.NO_MATCH] in mark


def test_templates_name_only_words_that_the_help_knows():
    texts = [path.read_text() for path in Path(project.BASE_DIR, "templates").rglob("*.html")]
    named = {name for text in texts for name in re.findall(r'{% help "([^"]+)" %}', text)}
    assert named
    assert named <= set(load_meanings())


@pytest.mark.parametrize(
    ("address", "anchors"),
    [
        ("/uploads/", ["column-status", "column-progress", "column-matched", "column-cost"]),
        ("/items/", ["column-best-phone", "column-call", "column-match-check"]),
    ],
)
def test_the_heads_of_tables_lead_to_what_their_words_mean(browser, finish_upload, address, anchors):
    finish_upload(12)
    head = re.search("<thead.*?</thead>", read(browser, address))[0]
    for anchor in anchors:
        assert f'href="/help/words/#{anchor}"' in head


def test_the_state_of_a_list_and_of_a_person_lead_to_what_they_mean(browser, finish_upload):
    upload = finish_upload(12)
    assert 'href="/help/words/#complete"' in read(browser, upload.get_absolute_url())
    item = upload.items.filter(outcome=Outcome.MATCHED).first()
    verdict = item.digest.match
    assert f'href="/help/words/#{verdict}"' in read(browser, item.get_absolute_url())


def test_every_column_with_a_question_mark_names_a_word_that_the_help_knows():
    of_people = [tables_module.TickableItemTable, list_people.ResultTable, list_people.UnsentTable]
    tables = [tables_module.UploadTable, *of_people]
    named = [column.attrs.get("help") for table in tables for column in table.base_columns.values()]
    named = [anchor for anchor in named if anchor]
    assert named
    assert set(named) <= set(load_meanings())


@pytest.mark.parametrize("address", ["/help/", "/help/clerk/", "/help/lead/", "/help/caller/", "/help/words/"])
def test_every_page_of_the_help_leads_to_the_others(browser, address):
    page = read(browser, address)
    for other in ("/help/", "/help/clerk/", "/help/lead/", "/help/caller/", "/help/words/"):
        assert f'href="{other}"' in page


def load(browser):
    """Load the sample list as the button does. Return it."""
    response = browser.post("/uploads/sample/load/")
    upload = Upload.objects.latest("pk")
    assert response.url == f"/uploads/{upload.pk}/columns/"
    return upload


def test_the_sample_list_is_loaded_as_if_it_had_been_uploaded(browser, alice):
    upload = load(browser)
    assert (upload.name, upload.filename, upload.created_by) == ("Sample list", "sample.csv", alice)
    assert upload.status == UploadStatus.DRAFT


def test_the_sample_list_is_only_for_the_sandbox(browser, settings):
    settings.IS_SANDBOX = False
    assert browser.post("/uploads/sample/load/").status_code == 404
    assert not Upload.objects.exists()
    assert "/uploads/sample/load/" not in read(browser, "/help/")


def test_the_tour_says_on_each_page_of_the_sample_list_what_to_do_next(browser, alice):
    upload = load(browser)
    assert "Check the columns" in read(browser, f"/uploads/{upload.pk}/columns/").split("<aside")[1]
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    assert "The rows are being read" in read(browser, f"/uploads/{upload.pk}/")
    row_import.check_rows(upload.pk)
    assert "Read the review" in read(browser, f"/uploads/{upload.pk}/")
    for status, title in ((UploadStatus.RUNNING, "Watch it run"), (UploadStatus.COMPLETE, "Use the results")):
        Upload.objects.update(status=status)
        assert title in read(browser, f"/uploads/{upload.pk}/")


def test_other_lists_have_no_tour(browser, alice):
    upload = uploads.receive(ContentFile(to_csv(people(3)), name="people.csv"), alice)
    assert 'aria-label="Tour"' not in read(browser, f"/uploads/{upload.pk}/columns/")


def test_a_user_who_ends_the_tour_does_not_see_it_again(browser, alice, make_user, client):
    address = f"/uploads/{load(browser).pk}/columns/"
    assert 'aria-label="Tour"' in read(browser, address)
    assert browser.post("/tour/end/", {"next": address}).url == address
    assert 'aria-label="Tour"' not in read(browser, address)
    assert 'aria-label="Tour"' not in read(browser, f"/uploads/{load(browser).pk}/columns/")
    assert Profile.objects.get(user=alice).tour_ended_at


def test_the_tour_ends_for_one_user_only(browser, alice, make_user):
    load(browser)
    sample_list.end_tour(alice)
    other = make_user("erin", "Lead")
    assert sample_list.has_ended_tour(alice)
    assert not sample_list.has_ended_tour(other)
