"""One search finds the people, lists, pages and actions that the user may see and use."""

import pytest

from accounts.models import AuditEntry, AuditKind
from accounts.rights import Role
from batches.models import Upload
from batches.reports.suggestions import suggest
from batches.statuses import UploadStatus
from tests.factories import people, person
from tests.support.pages import read_page

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def search(client, text):
    """Return the suggestions for what is typed, as the dialog gets them."""
    return read_page(client.get("/search/", {"q": text}, headers=HTMX))


def list_labels(text, user):
    groups, _ = suggest(text, user)
    return {group.title: [suggestion.label for suggestion in group.suggestions] for group in groups}


def test_a_search_finds_people_lists_pages_and_actions(browser, alice, finish_upload):
    upload = finish_upload([person(1, **{"Last Name": "Uptown"}), *people(11)], name="upstate-roll.csv")
    found = list_labels("upt", alice)
    assert found["People"] == ["Ada Uptown"]
    assert list_labels("upst", alice)["Lists"] == [upload.name]
    assert "Upload a list" in list_labels("upl", alice)["Actions"]
    assert list_labels("scorec", alice)["Pages"] == ["Scorecards"]
    page = search(browser, "upt")
    assert f'href="/items/{upload.items.get(last_name="Uptown").pk}/"' in page
    assert "<html" not in page


def test_without_a_script_the_search_is_a_page_of_its_own(browser, finish_upload):
    upload = finish_upload(people(12), name="upstate-roll.csv")
    page = read_page(browser.get("/search/", {"q": "upstate"}))
    assert "<h1>Search</h1>" in page
    assert f'href="/uploads/{upload.pk}/"' in page


def test_before_anything_is_typed_the_search_offers_what_was_opened_last(browser, alice, finish_upload):
    upload = finish_upload(people(12))
    first, second, *_ = upload.items.order_by("pk")
    for item in (second, first):
        browser.get(f"/items/{item.pk}/")
    groups, shown = suggest("", alice)
    assert [group.title for group in groups] == ["Recent people", "Recent lists", "Actions", "Pages"]
    assert [pk for _, pk in shown] == [first.pk, second.pk]
    assert [suggestion.label for suggestion in groups[1].suggestions] == [upload.name]


def test_people_whom_the_user_no_longer_sees_are_not_offered(browser, alice, finish_upload):
    item = finish_upload(people(12)).items.first()
    browser.get(f"/items/{item.pk}/")
    Upload.objects.update(created_by=None, team=None)
    alice.groups.set([])
    assert "Recent people" not in list_labels("", type(alice).objects.get(pk=alice.pk))


def test_people_are_found_only_with_the_right_to_see_contact_details(finish_upload, make_user):
    finish_upload(people(12), name="herndon-roll.csv")
    found = list_labels("abbott", make_user("erin", Role.VIEWER))
    assert "People" not in found
    assert list_labels("herndon", make_user("frank", Role.VIEWER))["Lists"] == ["herndon-roll"]


def test_the_lists_and_people_of_other_teams_are_not_found(finish_upload, make_user):
    finish_upload(people(12), name="herndon-roll.csv")
    stranger = make_user("erin", Role.LEAD, team="Fairfax")
    assert list_labels("herndon", stranger) == {}
    assert list_labels("abbott", stranger) == {}


def test_pages_and_actions_are_offered_by_right(make_user):
    viewer, administrator = make_user("erin", Role.VIEWER), make_user("frank", Role.ADMINISTRATOR)
    assert "Actions" not in list_labels("upload", viewer)
    assert "Audit log" not in list_labels("", viewer)["Pages"]
    assert "Audit log" in list_labels("", administrator)["Pages"]
    assert list_labels("invite", administrator)["Actions"] == ["Invite a user"]


@pytest.mark.parametrize(
    ("status", "text", "label"),
    [
        (UploadStatus.RUNNING, "pause probate", "Pause probate-q4"),
        (UploadStatus.RUNNING, "pau prob", "Pause probate-q4"),
        (UploadStatus.PAUSED, "resume probate", "Resume probate-q4"),
        (UploadStatus.COMPLETE, "export probate", "Export probate-q4"),
    ],
)
def test_a_verb_and_the_name_of_a_list_offer_that_action_first(browser, alice, make_upload, status, text, label):
    upload = make_upload(people(3), name="probate-q4.csv")
    Upload.objects.filter(pk=upload.pk).update(status=status)
    groups, _ = suggest(text, alice)
    assert groups[0].title == "Actions"
    assert groups[0].suggestions[0].label == label


def test_an_action_that_changes_something_is_a_button_with_the_token_of_the_page(browser, start_upload):
    upload = start_upload(12, name="probate-q4.csv")
    page = search(browser, "pause probate")
    assert f'<button form="act" formaction="/uploads/{upload.pk}/pause/"' in page
    browser.post(f"/uploads/{upload.pk}/pause/", {"next": "/"})
    assert Upload.objects.get().status == UploadStatus.PAUSED


def test_actions_on_lists_need_their_right(make_upload, make_user):
    upload = make_upload(people(3), name="probate-q4.csv")
    Upload.objects.filter(pk=upload.pk).update(status=UploadStatus.RUNNING)
    labels = list_labels("probate", make_user("erin", Role.VIEWER))
    assert labels["Lists"] == ["probate-q4"]
    assert labels["Actions"] == ["Show the people of probate-q4"]


def test_the_audit_log_says_whom_a_search_has_shown(browser, finish_upload):
    upload = finish_upload(people(12))
    search(browser, "abbott")
    entry = AuditEntry.objects.get(kind=AuditKind.SEARCHED)
    assert entry.upload_id == upload.pk


def test_a_search_makes_at_most_four_queries(alice, finish_upload, django_assert_max_num_queries):
    for name in ("one", "two"):
        finish_upload(people(12, City=name), name=f"{name}.csv")
    # The rights and teams of a user are loaded once for each request.
    alice.has_perm("accounts.see_lists")
    suggest("", alice)
    with django_assert_max_num_queries(4):
        suggest("abbott", alice)
    with django_assert_max_num_queries(4):
        suggest("", alice)


def test_a_search_that_is_not_understood_finds_nothing(browser):
    for text in ("\0", "%", "_" * 300, "' OR 1=1 --", "\N{RIGHT-TO-LEFT OVERRIDE}"):
        assert browser.get("/search/", {"q": text}, headers=HTMX).status_code == 200
    assert "Nothing found" in search(browser, "xyzzy")
