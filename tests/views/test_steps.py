"""The steps from the file to the start, and back without losing work."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from batches.models import Upload
from batches.statuses import UploadStatus
from tests.factories import people, to_csv
from tests.views.test_uploads import columns_form, upload_file

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def draft(browser):
    upload_file(browser, to_csv(people(12)))
    return Upload.objects.get()


def send(browser, address, content=None, headers=None, **fields):
    """Send the form of the file step, with a file if one is given."""
    file = {"file": SimpleUploadedFile("second.csv", content)} if content is not None else {}
    return browser.post(address, {"name": "Spring", "source": "", "priority": 1, **file, **fields}, headers=headers)


def find_part(page, css_class):
    """Return the HTML of the ordered list with this class; empty if the page has none."""
    return (re.findall(rf'<ol class="{css_class}">.*?</ol>', page, re.DOTALL) or [""])[0]


def read_steps(browser, address):
    """Return the text of each step on a page, and the address of its link or the value of its button."""
    page = browser.get(address).content.decode()
    steps = []
    for step in re.findall(r"<li.*?</li>", find_part(page, "steps"), re.DOTALL):
        text = " ".join(re.sub(r"<[^>]+>", "", step).split())
        target = re.search(r'<a href="([^"]+)"|<button[^>]+value="(\w+)"', step)
        steps.append((text, (target[1] or target[2]) if target else None))
    return steps


def read_targets(browser, address):
    return [target for _, target in read_steps(browser, address)]


def test_an_htmx_request_is_redirected_to_the_next_step(browser):
    response = send(browser, "/uploads/new/", to_csv(people(3)), HTMX)
    assert (response.status_code, response["HX-Redirect"]) == (200, f"/uploads/{Upload.objects.get().pk}/columns/")


def test_a_refused_file_keeps_the_other_fields(browser):
    response = send(browser, "/uploads/new/", b"%PDF-1.7", HTMX, source="Fairfax", priority=2)
    page = response.content.decode()
    assert response.status_code == 422
    assert "HX-Redirect" not in response
    assert "This is a PDF document" in page
    assert 'value="Spring"' in page
    assert 'value="Fairfax"' in page
    assert re.search(r'href="#id_file">Files</a>', page)


def test_the_page_contains_the_size_limit(browser, settings):
    settings.MAX_UPLOAD_BYTES = 1234
    assert 'data-max-bytes="1234"' in browser.get("/uploads/new/").content.decode()


def test_name_source_and_priority_change_without_another_file(browser, make_upload):
    upload = make_upload(people(12))
    page = browser.get(f"/uploads/{upload.pk}/file/").content.decode()
    assert 'value="people"' in page
    file_input = re.search(r'<input[^>]*type="file"[^>]*>', page).group()
    assert "required" not in file_input
    response = send(browser, f"/uploads/{upload.pk}/file/", priority=2)
    assert response.url == f"/uploads/{upload.pk}/columns/"
    upload.refresh_from_db()
    assert (upload.name, upload.priority, upload.status, upload.items.count()) == ("Spring", 2, "ready", 12)


def test_a_file_is_replaced_and_the_page_says_so(browser, alice, draft):
    response = browser.get(send(browser, f"/uploads/{draft.pk}/file/", to_csv(people(3))).url)
    assert "Replaced the file with second.csv. Its columns are the same" in response.content.decode()
    response = send(browser, f"/uploads/{draft.pk}/file/", b"Email\r\nada@example.com\r\n", HTMX)
    assert response["HX-Redirect"] == f"/uploads/{draft.pk}/columns/"
    assert "Its columns are different. Please review them." in browser.get(response["HX-Redirect"]).content.decode()
    assert list(draft.events.values_list("what", "user__username").order_by("id")) == [
        ("uploaded", "alice"),
        ("file replaced", "alice"),
        ("file replaced", "alice"),
    ]


def test_a_file_that_cannot_replace_another_is_refused_with_a_message(browser, draft):
    response = send(browser, f"/uploads/{draft.pk}/file/", b"%PDF-1.7")
    assert response.status_code == 422
    assert "The list keeps its current file." in response.content.decode()
    draft.refresh_from_db()
    assert (draft.name, draft.filename) == ("people", "people.csv")


def test_a_started_list_refuses_another_file(browser, start_upload):
    upload = start_upload(12)
    assert browser.get(f"/uploads/{upload.pk}/file/").url == f"/uploads/{upload.pk}/"
    for address in (f"/uploads/{upload.pk}/file/", f"/uploads/{upload.pk}/columns/"):
        response = browser.post(address, {"name": "Spring", "priority": 1}, follow=True)
        assert "No changes were made: this list has changed" in response.content.decode()
    upload.refresh_from_db()
    assert upload.name == "people"


def test_going_back_from_a_draft_keeps_the_chosen_columns_even_with_errors(browser, draft):
    address = f"/uploads/{draft.pk}/columns/"
    chosen = columns_form(
        draft, state=None, first_name=3, look_back="many", fixed_zip="20170", match_requirements="emails"
    )
    response = browser.post(address, chosen | {"back": "file"})
    assert response.url == f"/uploads/{draft.pk}/file/"
    draft.refresh_from_db()
    assert (draft.status, draft.constants, draft.match_requirements) == (
        UploadStatus.DRAFT,
        {"zip": "20170"},
        ["emails"],
    )
    assert (draft.mapping["first_name"], draft.look_back) == ([3], 90)
    form = browser.get(address).context["form"]
    assert (form["column-3"].value(), form["column-4"].value(), form["fixed_zip"].value()) == (
        "first_name",
        "",
        "20170",
    )


def test_going_back_from_a_checked_list_keeps_its_rows_and_the_new_choices(browser, make_upload):
    upload = make_upload(people(12))
    address = f"/uploads/{upload.pk}/columns/"
    response = browser.post(address, columns_form(upload, first_name=3) | {"back": "review"})
    assert response.url == f"/uploads/{upload.pk}/"
    upload.refresh_from_db()
    assert (upload.status, upload.mapping["first_name"], upload.items.count()) == (UploadStatus.READY, [0], 12)
    page = browser.get(address)
    assert page.context["form"]["column-3"].value() == "first_name"
    assert "until then, the results of the last check" in page.content.decode()
    assert page.context["is_restored"]

    browser.post(address, columns_form(upload) | {"discard": ""})
    page = browser.get(address)
    assert (page.context["form"]["column-0"].value(), page.context["is_restored"]) == ("first_name", False)


def test_choices_saved_on_going_back_are_dropped_once_the_rows_are_checked(browser, make_upload):
    upload = make_upload(people(12))
    address = f"/uploads/{upload.pk}/columns/"
    browser.post(address, columns_form(upload, first_name=3) | {"back": "file"})
    browser.post(address, columns_form(upload))
    Upload.objects.update(status=UploadStatus.READY)
    assert browser.get(address).context["form"]["column-0"].value() == "first_name"


def test_choices_saved_on_going_back_are_not_applied_to_another_file(browser, make_upload):
    upload = make_upload(people(12))
    browser.post(f"/uploads/{upload.pk}/columns/", columns_form(upload, first_name=3) | {"back": "file"})
    page = browser.get(send(browser, f"/uploads/{upload.pk}/file/", b"Email\r\nada@example.com\r\n").url)
    assert (page.context["is_restored"], page.context["form"]["column-0"].value()) == (False, "email")


@pytest.mark.parametrize("button", [{}, {"back": "file"}])
def test_columns_shown_for_another_file_are_refused(browser, draft, button):
    address = f"/uploads/{draft.pk}/columns/"
    header = browser.get(address).context["header"]
    send(browser, f"/uploads/{draft.pk}/file/", b"Name,Email\r\nAda,ada@example.com\r\n")
    response = browser.post(address, {"header": header, "column-1": "phone"} | button, follow=True)
    assert "No changes were made: someone replaced" in response.content.decode()
    draft.refresh_from_db()
    assert (draft.status, "phone" in draft.mapping) == (UploadStatus.DRAFT, False)


def test_the_steps_of_a_new_list_show_the_current_one(browser):
    assert read_steps(browser, "/uploads/new/") == [
        ("Step 1: File", None),
        ("Step 2: Columns, to come", None),
        ("Step 3: Review, to come", None),
    ]


def test_the_steps_of_a_draft_link_to_its_file_and_its_columns(browser, draft):
    address = f"/uploads/{draft.pk}/"
    assert read_targets(browser, f"{address}file/") == [None, f"{address}columns/", None]
    assert read_steps(browser, f"{address}columns/")[0] == ("Step 1: File, done", "file")
    assert browser.get(f"{address}columns/").content.decode().count('aria-current="step"') == 1


def test_the_steps_of_a_checked_list_link_back_to_the_earlier_ones(browser, make_upload):
    address = make_upload(people(12)).get_absolute_url()
    assert read_targets(browser, address) == [f"{address}file/", f"{address}columns/", None]
    assert read_targets(browser, f"{address}columns/") == ["file", None, "review"]


def test_a_started_list_has_no_links_to_earlier_steps(browser, finish_upload, start_upload):
    started = start_upload(12).get_absolute_url()
    assert set(read_targets(browser, started)) <= {None}
    browser.post(f"{started}pause/")
    assert set(read_targets(browser, started)) <= {None}
    assert read_steps(browser, finish_upload(12).get_absolute_url()) == []
