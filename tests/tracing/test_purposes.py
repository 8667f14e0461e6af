"""Whoever starts a list states what it is used for, in words that are kept as they were."""

import json
import re

import pytest
from django.core.management import call_command

from accounts.rights import Role
from batches.exports import files
from batches.exports.layouts import WIDE
from batches.exports.rows import ExportChoices
from batches.models import Export, Purpose, Upload
from batches.statuses import UploadStatus
from batches.tracing import purposes, spending
from tests.factories import people, to_csv
from tests.support.pages import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(make_upload):
    return make_upload(people(3))


def start(browser, upload, **fields):
    return browser.post(f"/uploads/{upload.pk}/start/", fields, follow=True)


def stated(upload):
    upload.refresh_from_db()
    return upload.purpose.key, upload.purpose_note


def test_the_review_offers_the_purposes_and_preselects_the_default(browser, ready, settings):
    settings.DEFAULT_PURPOSE = "update-records"
    page = read_page(browser.get(ready.get_absolute_url()))
    assert page.count("<option") == 5
    assert re.search(r'value="update-records"[^>]*selected', page)


def test_the_chosen_purpose_is_kept_with_the_list_and_in_its_history(browser, ready):
    start(browser, ready, purpose="legal-matter", purpose_note=" Estate  of Hill ")
    assert stated(ready) == ("legal-matter", "Estate of Hill")
    event = ready.events.get(what="purpose stated")
    assert (event.detail, event.user.username) == ("Reach people in a legal matter: Estate of Hill", "alice")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"purpose": "fun"}, "There is no purpose “fun”."),
        ({"purpose": "other"}, "Please say what the list is used for."),
    ],
)
def test_a_start_without_a_usable_purpose_is_refused(browser, ready, fields, sentence):
    assert sentence in start(browser, ready, **fields).content.decode()
    ready.refresh_from_db()
    assert (ready.status, ready.purpose) == (UploadStatus.READY, None)


def test_the_purpose_of_the_last_start_is_suggested_next_time(browser, ready, alice):
    start(browser, ready, purpose="collect-debt")
    assert purposes.suggest(alice).key == "collect-debt"


def test_a_purpose_that_needs_a_note_is_never_suggested(browser, ready, alice):
    start(browser, ready, purpose="other", purpose_note="A reunion")
    assert purposes.suggest(alice).key == "contact-owners"


def test_scripts_that_state_nothing_start_lists_for_the_default(ready, alice):
    spending.start(ready, alice)
    assert stated(ready) == ("contact-owners", "")


def test_an_approval_keeps_the_purpose_that_was_stated(browser, ready, bob, settings):
    settings.APPROVAL_ABOVE = 1
    settings.CREDITS_PER_MATCH = 10
    start(browser, ready, purpose="collect-debt")
    ready.refresh_from_db()
    assert ready.status == UploadStatus.APPROVAL
    browser.force_login(bob)
    assert "Purpose: Collect a debt." in read_page(browser.get(ready.get_absolute_url()))
    spending.approve(ready, bob, ready.revision)
    assert stated(ready) == ("collect-debt", "")


def test_the_log_of_exports_has_the_purpose_in_the_version_that_was_stated(ready, alice):
    spending.start(ready, alice)
    purposes.change_words(Purpose.objects.get(key="contact-owners"), "Call owners", "To call.", None)
    ready.refresh_from_db()
    b"".join(files.stream_export(ready, ready.items.all(), WIDE, ExportChoices()))
    logged = Export.objects.get().choices["purpose"]
    assert (logged["version"], logged["label"]) == (1, "Contact owners about their property")


def test_the_command_takes_a_purpose_and_refuses_an_unknown_one(tmp_path, capsys):
    path = tmp_path / "people.csv"
    path.write_bytes(to_csv(people(3)))
    with pytest.raises(SystemExit) as stopped:
        call_command("trace", str(path), "--purpose", "fun")
    assert stopped.value.code == 2
    assert not Upload.objects.exists()
    call_command("trace", str(path), "--purpose", "legal-matter", "--purpose-note", "Case 12")
    assert stated(Upload.objects.get()) == ("legal-matter", "Case 12")
    assert json.loads(capsys.readouterr().out)["status"] == "running"


# The words


@pytest.fixture
def administrator(client, make_user):
    user = make_user("dora", Role.ADMINISTRATOR)
    client.force_login(user)
    return client


def test_changed_words_are_a_new_version_and_earlier_lists_keep_theirs(administrator, ready, alice):
    spending.start(ready, alice)
    first = Purpose.objects.get(key="contact-owners")
    words = {"label": "Call owners", "statement": "To call owners."}
    administrator.post(f"/settings/purposes/{first.pk}/", words)
    newest = Purpose.objects.offered().get(key="contact-owners")
    assert (newest.version, newest.label, newest.created_by.username) == (2, "Call owners", "dora")
    ready.refresh_from_db()
    assert ready.purpose == first
    page = read_page(administrator.get("/settings/purposes/"))
    assert "Contact owners about their property" in page.partition("Earlier versions")[2]


def test_unchanged_words_make_no_version(administrator):
    first = Purpose.objects.get(key="contact-owners")
    administrator.post(f"/settings/purposes/{first.pk}/", {"label": first.label, "statement": first.statement})
    assert Purpose.objects.filter(key="contact-owners").count() == 1


def test_a_purpose_is_added_and_withdrawn(administrator):
    for _ in range(2):
        administrator.post("/settings/purposes/", {"label": "Find heirs", "statement": "To find heirs."})
    assert list(Purpose.objects.filter(label="Find heirs").values_list("key", flat=True)) == [
        "find-heirs",
        "find-heirs-2",
    ]
    added = Purpose.objects.get(key="find-heirs")
    administrator.post(f"/settings/purposes/{added.pk}/withdraw/")
    assert not Purpose.objects.offered().filter(key="find-heirs").exists()


def test_a_purpose_without_words_is_refused(administrator):
    response = administrator.post("/settings/purposes/", {"label": "", "statement": ""})
    assert response.status_code == 422
