"""Several files are uploaded at once. Each becomes a list, and lists with the same columns are mapped together."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Team
from batches.forms import uploads as upload_forms
from batches.intake import row_import
from batches.models import Upload
from batches.statuses import UploadStatus
from tests.factories import people, person, to_csv
from tests.support.pages import read_page
from tests.views.test_uploads import columns_form

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def send_files(browser, *files, headers=None, follow=False, **fields):
    """Send the form of new lists with these files, each a name and its content."""
    uploaded = [SimpleUploadedFile(name, content) for name, content in files]
    form = {"file": uploaded, "priority": 1, **fields}
    return browser.post("/uploads/new/", form, headers=headers, follow=follow)


@pytest.fixture
def drafts(browser):
    """Return three drafts. The first and the last have the same columns."""
    other = to_csv([["Ada Abbott", "ada@example.com"]], header=["Name", "Email"])
    later = to_csv([person(number) for number in range(20, 25)])
    send_files(browser, ("east.csv", to_csv(people(3))), ("emails.csv", other), ("west.csv", later))
    return list(Upload.objects.order_by("pk"))


def together(*lists):
    return f"/uploads/together/?list={','.join(str(upload.pk) for upload in lists)}"


def test_each_file_becomes_a_list_with_the_same_source_and_priority(browser):
    response = send_files(
        browser, ("east.csv", to_csv(people(3))), ("west.csv", to_csv(people(2))), source="Fairfax", priority=0
    )
    lists = Upload.objects.order_by("pk")
    assert [(each.name, each.list_source, each.priority) for each in lists] == [
        ("east", "Fairfax", 0),
        ("west", "Fairfax", 0),
    ]
    assert response.url == together(*lists)


def test_a_name_for_several_files_comes_before_the_name_of_each(browser):
    send_files(browser, ("east.csv", to_csv(people(3))), ("west.csv", to_csv(people(2))), name="Spring")
    assert list(Upload.objects.order_by("pk").values_list("name", flat=True)) == ["Spring, east", "Spring, west"]


def test_a_single_file_has_exactly_the_given_name(browser):
    response = send_files(browser, ("east.csv", to_csv(people(3))), name="Spring")
    assert (Upload.objects.get().name, response.url) == ("Spring", f"/uploads/{Upload.objects.get().pk}/columns/")


def test_files_that_cannot_be_read_leave_the_others_alone(browser):
    page = read_page(
        send_files(browser, ("scan.csv", b"%PDF-1.7"), ("east.csv", to_csv(people(3))), ("no.csv", b""), follow=True)
    )
    assert Upload.objects.get().name == "east"
    assert "scan.csv: This is a PDF document, not a list." in page
    assert "no.csv: The file is empty." in page


def test_files_that_all_cannot_be_read_are_refused_in_the_form(browser):
    response = send_files(browser, ("scan.csv", b"%PDF-1.7"), ("no.csv", b""), name="Spring")
    page = read_page(response)
    assert response.status_code == 422
    assert "scan.csv: This is a PDF document" in page
    assert "no.csv: The file is empty." in page
    assert 'value="Spring"' in page


def test_a_script_sends_files_one_by_one_and_learns_about_each(browser):
    response = send_files(browser, ("east.csv", to_csv(people(3))), headers=HTMX, is_one_of_several="on", name="Spring")
    upload = Upload.objects.get()
    assert (response["HX-Redirect"], upload.name) == (together(upload), "Spring, east")
    response = send_files(browser, ("scan.csv", b"%PDF-1.7"), headers=HTMX, is_one_of_several="on")
    assert response.status_code == 422
    assert "This is a PDF document" in read_page(response)


def test_too_many_files_are_refused(browser, monkeypatch):
    monkeypatch.setattr(upload_forms, "MAX_FILES", 2)
    response = send_files(browser, *((f"{number}.csv", to_csv(people(3))) for number in range(3)))
    assert "Please upload at most 2 files at once." in read_page(response)
    assert not Upload.objects.exists()


def test_the_page_about_several_lists_names_the_next_step_of_each(browser, drafts):
    for upload, status in zip(drafts, (UploadStatus.DRAFT, UploadStatus.READY, UploadStatus.FAILED), strict=True):
        Upload.objects.filter(pk=upload.pk).update(status=status)
    page = read_page(browser.get(together(*drafts)))
    assert "3 new lists" in page
    for upload, words in zip(drafts, ("Check columns", "Review and start", "See why"), strict=True):
        link = f'href="/uploads/{upload.pk}/">{words}<span class="sr">: {upload.name}</span></a>'
        assert link in page
    assert "Columns to check" in page
    assert "hx-get" not in page.partition('id="together"')[2].partition("</table>")[0]


def test_the_page_about_several_lists_updates_itself_while_rows_are_read(browser, drafts):
    Upload.objects.filter(pk=drafts[0].pk).update(status=UploadStatus.CHECKING)
    assert 'hx-trigger="every 2s"' in browser.get(together(*drafts)).content.decode()
    part = browser.get(together(*drafts), headers=HTMX).content.decode()
    assert "<html" not in part
    assert "Reading its rows" in part


def test_lists_with_the_same_columns_are_named(browser, drafts):
    page = read_page(browser.get(together(*drafts)))
    first, _, last = drafts
    assert "2 lists have the same columns:" in page
    assert f'href="/uploads/{first.pk}/columns/?also={last.pk}">Use the same columns for all 2</a>' in page


def test_the_page_about_several_lists_shows_only_those_that_the_user_sees(browser, drafts, client, make_user):
    client.force_login(make_user("eve", "Member", team="Elsewhere"))
    assert client.get(together(*drafts)).url == "/uploads/new/"
    assert client.get("/uploads/together/?list=x,0,99999").url == "/uploads/new/"


def test_the_same_columns_are_used_for_other_lists(browser, drafts):
    first, _, last = drafts
    page = read_page(browser.get(f"/uploads/{first.pk}/columns/?also={last.pk}"))
    assert f'<input type="checkbox" name="also" value="{last.pk}" id="id_also_0" checked>' in page
    form = columns_form(first, phone=None, also=[last.pk])
    response = browser.post(f"/uploads/{first.pk}/columns/", form)
    assert response.url == together(first, last)
    for upload in (first, last):
        row_import.check_rows(upload.pk)
        upload.refresh_from_db()
        assert (upload.status, "phone" in upload.mapping) == (UploadStatus.READY, False)
        assert upload.events.filter(what="columns chosen", user__username="alice").exists()


def test_the_same_columns_are_not_used_for_lists_with_others(browser, drafts):
    first, other, last = drafts
    browser.post(f"/uploads/{first.pk}/columns/", columns_form(first, also=[other.pk, last.pk]))
    other.refresh_from_db()
    assert other.status == UploadStatus.DRAFT


def test_nothing_is_said_about_other_lists_if_none_has_the_same_columns(browser, drafts):
    assert "Use these columns for other lists too" not in read_page(browser.get(f"/uploads/{drafts[1].pk}/columns/"))
    assert "1 list has the same columns" in read_page(browser.get(f"/uploads/{drafts[0].pk}/columns/"))


def test_the_lists_of_others_are_not_offered(browser, drafts, client, bob):
    client.force_login(bob)
    page = read_page(client.get(f"/uploads/{drafts[0].pk}/columns/"))
    assert "Use these columns for other lists too" not in page


def test_files_are_dropped_on_the_dashboard_and_the_table_of_lists_by_users_of_one_team(browser, alice):
    for address in ("/", "/uploads/"):
        assert 'id="drop-upload"' in browser.get(address).content.decode()
    alice.teams.add(Team.objects.create(name="Leesburg"))
    assert 'id="drop-upload"' not in browser.get("/").content.decode()


def test_a_file_that_was_dropped_becomes_a_list_with_the_defaults(browser):
    file = SimpleUploadedFile("dropped.csv", to_csv(people(12)))
    response = browser.post("/uploads/new/", {"priority": "1", "file": file})
    upload = Upload.objects.get()
    assert (upload.name, upload.priority) == ("dropped", 1)
    assert response.url == f"/uploads/{upload.pk}/columns/"
