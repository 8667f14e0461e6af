import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from batches.intake import reuse, suppression
from batches.models import Suppression
from batches.statuses import Outcome, SuppressionKind
from tests.exports.test_files import read, store_answer
from tests.factories import people, person, sample

pytestmark = pytest.mark.django_db


def add(text):
    return suppression.suppress_texts([text], None)


@pytest.mark.parametrize(
    ("text", "kind", "key"),
    [
        ("(202) 555-0148", SuppressionKind.PHONE, "2025550148"),
        ("Ada@Example.com\n\n", SuppressionKind.EMAIL, "ada@example.com"),
        ("Phone\n2025550148", SuppressionKind.PHONE, "2025550148"),
    ],
)
def test_numbers_and_email_addresses_are_added(text, kind, key):
    assert add(text) == 1
    assert list(Suppression.objects.values_list("kind", "key")) == [(kind, key)]
    assert add(text) == 0


@pytest.mark.parametrize(
    "text",
    [
        "Ada,Abbott,1 Oak Street,Herndon,Virginia,20170",
        "Ada\tAbbott\t1 Oak St\tHerndon\tVA\t20170",
        "City,State,Zip,Last Name,First Name,Address\nHerndon,VA,20170,Abbott,Ada,1 Oak St",
    ],
)
def test_people_are_added_and_not_traced(text, make_upload):
    assert add(text) == 1
    upload = make_upload(people(3))
    suppressed = upload.items.get(outcome=Outcome.SUPPRESSED)
    assert (suppressed.row_number, suppressed.message) == (2, "On the do-not-contact list: person.")
    assert (upload.suppressed_count, upload.item_count) == (1, 2)


def test_a_person_with_a_suppressed_phone_is_not_traced(make_upload):
    add("2025550148")
    upload = make_upload([person(1), person(2, Phone="202-555-0148")])
    assert upload.items.get(outcome=Outcome.SUPPRESSED).row_number == 3


def test_invalid_lines_are_reported_and_nothing_is_added():
    with pytest.raises(suppression.UnusableLines, match=r"1 line cannot be used. Line 2: .*ten digits"):
        add("2025550148\n12")
    with pytest.raises(suppression.UnusableLines, match="Please enter at least one phone"):
        add("\n")
    with pytest.raises(suppression.UnusableLines, match="Line 2: A line can have at most 100 columns"):
        add("2025550148\n" + "," * 100)
    assert not Suppression.objects.exists()


def test_suppressed_numbers_are_not_exported(start_upload):
    upload = start_upload(12)
    store_answer(upload.items.first(), sample("output.json").decode())
    add("2025550148\nada@example.com")
    row = read(upload)[0]
    assert "2025550148" not in row.values()
    assert "ada@example.com" not in row.values()
    assert row["Phone 1"] == "2025550149"


def test_a_person_is_suppressed_on_their_page_and_removed_again(browser, make_upload, start_upload):
    item = start_upload(12).items.first()
    page = browser.post(f"/items/{item.pk}/suppress/", follow=True).content.decode()
    assert "Added 1 entry to the do-not-contact list." in page
    assert make_upload(people(2)).suppressed_count == 1
    assert "1 Oak St" in browser.get("/suppressions/").content.decode()
    browser.post(f"/suppressions/{Suppression.objects.get().pk}/remove/")
    assert make_upload(people(2)).suppressed_count == 0


def test_a_number_is_suppressed_on_the_page_of_its_owner(browser, start_upload):
    item = start_upload(12).items.first()
    store_answer(item, sample("output.json").decode())
    assert browser.get(f"/items/{item.pk}/").content.decode().count('name="found"') > 1
    browser.post(f"/items/{item.pk}/suppress/", {"found": "2025550148"})
    entry = Suppression.objects.get()
    assert (entry.kind, entry.key, entry.reason) == ("phone", "2025550148", f"From row 2 of list {item.upload_id}.")
    page = browser.post(f"/items/{item.pk}/suppress/", {"found": "12"}, follow=True).content.decode()
    assert "Nothing was added, because" in page


def test_the_page_accepts_pasted_lines_and_files(browser):
    file = SimpleUploadedFile("stop.csv", b"\xef\xbb\xbf2025550149\r\n")
    page = browser.post("/suppressions/add/", {"text": "2025550148", "file": file, "reason": "asked"}, follow=True)
    assert "Added 2 entries to the do-not-contact list." in page.content.decode()
    assert set(Suppression.objects.values_list("reason", "created_by__username")) == {("asked", "alice")}
    page = browser.post("/suppressions/add/", {"text": "nobody"})
    assert page.status_code == 422
    assert "Nothing was added, because" in page.content.decode()
    page = browser.post("/suppressions/add/", {"file": SimpleUploadedFile("stop.csv", b"\xff\xfe\x00")})
    assert "not UTF-8 text" in page.content.decode()


def test_the_list_takes_the_same_number_of_queries_for_one_and_three(browser, django_assert_num_queries):
    for lines in ("2025550148", "2025550149\n2025550150"):
        add(lines)
        with django_assert_num_queries(6):
            browser.get("/suppressions/")


def test_people_suppressed_after_the_check_are_not_planned(make_upload):
    upload = make_upload([*people(3), person(4, Phone="2025550148")])
    add("2025550148\nAda@example.com")
    suppression.suppress_items(upload.items.filter(pk=upload.items.first().pk), None)
    reuse.suppress_since_check(upload.pk)
    upload.refresh_from_db()
    assert (upload.suppressed_count, upload.item_count) == (2, 2)
    assert upload.items.first().message == "On the do-not-contact list: person."


def test_pasted_lines_and_a_files_columns_do_not_mix():
    added = suppression.suppress_texts(
        ["2025550148", "First Name,Last Name,Address,City,State\nAda,Abbott,1 Oak St,Herndon,VA"], None
    )
    assert added == 2
    with pytest.raises(suppression.UnusableLines):
        add('"' + "a" * 140_000)
