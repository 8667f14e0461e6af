from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from batches.intake import reuse, suppression
from batches.intake.business_days import add_business_days
from batches.intake.suppression import Terms
from batches.jobs import sweep
from batches.models import PhoneNumber, Suppression
from batches.models.suppression import today
from batches.statuses import AskedHow, Outcome, SuppressionKind, SuppressionReason
from tests.exports.test_files import read_export, store_match
from tests.factories import people, person, read_sample

pytestmark = pytest.mark.django_db


ONE_DAY = timedelta(days=1)


def suppress(text, **terms):
    return suppression.suppress_lines([text], None, terms=Terms(**terms)).added


def expire(**condition):
    Suppression.objects.filter(**condition).update(expires_at=today())


@pytest.mark.parametrize(
    ("text", "kind", "key"),
    [
        ("(202) 555-0148", SuppressionKind.PHONE, "2025550148"),
        ("Ada@Example.com\n\n", SuppressionKind.EMAIL, "ada@example.com"),
        ("Phone\n2025550148", SuppressionKind.PHONE, "2025550148"),
    ],
)
def test_phones_and_emails_are_added_once(text, kind, key):
    assert suppress(text) == 1
    assert list(Suppression.objects.values_list("kind", "key")) == [(kind, key)]
    assert suppress(text) == 0


@pytest.mark.parametrize(
    "text",
    [
        "Ada,Abbott,1 Oak Street,Herndon,Virginia,20170",
        "Ada\tAbbott\t1 Oak St\tHerndon\tVA\t20170",
        "City,State,Zip,Last Name,First Name,Address\nHerndon,VA,20170,Abbott,Ada,1 Oak St",
    ],
)
def test_people_on_the_do_not_contact_list_are_not_traced(text, make_upload):
    assert suppress(text) == 1
    upload = make_upload(people(3))
    suppressed = upload.items.get(outcome=Outcome.SUPPRESSED)
    assert (suppressed.row_number, suppressed.message) == (2, "On the do-not-contact list: person.")
    assert (upload.suppressed_count, upload.item_count) == (1, 2)


def test_people_with_a_phone_on_the_list_are_traced_unless_its_entry_blocks_tracing(make_upload):
    suppress("2025550148", blocks_tracing=True)
    suppress("2025550149")
    upload = make_upload([person(1), person(2, Phone="202-555-0148"), person(3, Phone="202-555-0149")])
    assert upload.items.get(outcome=Outcome.SUPPRESSED).row_number == 3


def test_entries_added_by_an_earlier_version_block_contact_and_tracing():
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO batches_suppression (kind, key, label, reason, created_at)"
            " VALUES ('phone', '2025550148', '2025550148', '', CURRENT_TIMESTAMP)"
        )
    entry = Suppression.objects.get()
    assert (entry.blocks_contact, entry.blocks_tracing, entry.reason_kind) == (True, True, "other")


def test_a_phone_whose_entry_blocks_only_tracing_is_exported(start_upload):
    upload = start_upload(12)
    store_match(upload.items.first(), read_sample("output.json").decode())
    suppress("2025550148", blocks_contact=False, blocks_tracing=True)
    assert "2025550148" in read_export(upload)[0].values()


def test_an_entry_counts_until_it_expires_and_can_be_added_again():
    suppress("2025550148", expires_at=today() + ONE_DAY)
    keys = {("phone", "2025550148")}
    assert suppression.find_not_to_contact(keys) == keys
    expire()
    assert suppression.find_not_to_contact(keys) == set()
    assert suppress("2025550148") == 1
    assert suppression.find_not_to_contact(keys) == keys
    assert Suppression.objects.filter(lifted_at=None).count() == 1


def test_the_clock_lifts_what_has_expired_and_the_number_is_no_longer_listed():
    PhoneNumber.objects.create(digits=2025550148, found_at=timezone.now())
    suppress("2025550148\n2025550149")
    assert PhoneNumber.objects.get().listed == "phone"
    expire(key="2025550148")
    sweep()
    assert PhoneNumber.objects.get().listed == ""
    assert list(Suppression.objects.filter(lifted_at=None).values_list("key", flat=True)) == ["2025550149"]


def test_a_second_request_makes_an_entry_as_strict_as_the_request():
    suppress("2025550148", blocks_contact=False, blocks_tracing=True, expires_at=today() + ONE_DAY)
    assert suppress("2025550148", received_at=date(2026, 11, 20), reason_kind=SuppressionReason.REQUEST) == 0
    entry = Suppression.objects.get()
    assert (entry.blocks_contact, entry.blocks_tracing, entry.expires_at) == (True, True, None)
    assert (entry.reason_kind, entry.received_at, entry.due_at) == ("request", date(2026, 11, 20), date(2026, 12, 7))


def test_a_second_entry_that_is_weaker_changes_nothing():
    suppress("2025550148", blocks_tracing=True)
    suppress("2025550148", blocks_tracing=False, expires_at=today() + ONE_DAY)
    entry = Suppression.objects.get()
    assert (entry.blocks_contact, entry.blocks_tracing, entry.expires_at) == (True, True, None)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        (date(2026, 3, 2), date(2026, 3, 16)),
        (date(2026, 11, 20), date(2026, 12, 7)),  # Thanksgiving
        (date(2026, 6, 26), date(2026, 7, 13)),  # Independence Day on a Saturday, observed on Friday
        (date(2027, 6, 30), date(2027, 7, 15)),  # Independence Day on a Sunday, observed on Monday
        (date(2021, 12, 22), date(2022, 1, 7)),  # Christmas on a Saturday, and New Year's Day in another year
        (date(2026, 5, 15), date(2026, 6, 1)),  # Memorial Day
        (date(2026, 1, 9), date(2026, 1, 26)),  # Martin Luther King's birthday
    ],
)
def test_requests_are_due_ten_business_days_later(start, due):
    assert add_business_days(start, 10) == due


def test_the_page_records_who_asked_how_and_when_it_is_due(browser):
    details = {"reason_kind": "request", "received_at": "2026-03-02", "asked_by": "Her son", "asked_how": "letter"}
    browser.post("/suppressions/add/", {"text": "2025550148", "blocks": "both", **details})
    entry = Suppression.objects.get()
    assert (entry.reason_kind, entry.asked_by, entry.asked_how) == ("request", "Her son", AskedHow.LETTER)
    assert (entry.due_at, entry.blocks_contact, entry.blocks_tracing) == (date(2026, 3, 16), True, True)
    assert "Overdue since Mar 16" in browser.get("/suppressions/?state=due").content.decode()


def test_a_request_without_a_day_was_received_today(browser):
    browser.post("/suppressions/add/", {"text": "2025550148", "reason_kind": "request"})
    assert Suppression.objects.get().received_at == today()


@pytest.mark.parametrize("days", [{"received_at": "2999-01-01"}, {"expires_at": "2001-01-01"}])
def test_impossible_days_are_refused(browser, days):
    assert browser.post("/suppressions/add/", {"text": "2025550148", **days}).status_code == 422
    assert not Suppression.objects.exists()


def test_a_request_is_due_until_it_is_marked_as_done(browser):
    suppress("2025550148", received_at=today() - 30 * ONE_DAY)
    entry = Suppression.objects.due_soon().get()
    assert "Mark this request as done?" in browser.get("/suppressions/").content.decode()
    browser.post(f"/suppressions/{entry.pk}/done/")
    entry.refresh_from_db()
    assert (entry.done_by.username, entry.lifted_at) == ("alice", None)
    assert not Suppression.objects.open_requests().exists()


def test_the_dashboard_says_which_requests_are_due(browser, start_upload):
    start_upload(12)
    suppress("2025550148", received_at=today() - 30 * ONE_DAY)
    suppress("2025550149", received_at=today() - 10 * ONE_DAY)
    suppress("2025550150")
    page = " ".join(browser.get("/").content.decode().split())
    assert "<b>2 requests</b> not to be contacted are due, 1 overdue since" in page
    assert "(1) Dashboard" in page
    Suppression.objects.filter(label="2025550149").update(done_at=timezone.now())
    assert "<b>1 request</b> not to be contacted is overdue since" in " ".join(
        browser.get("/").content.decode().split()
    )
    Suppression.objects.filter(due_at__isnull=False).update(done_at=timezone.now())
    assert "not to be contacted" not in browser.get("/").content.decode()


def test_the_list_is_filtered_by_reason_and_state(browser):
    suppress("2025550148", reason_kind=SuppressionReason.LITIGATOR)
    suppress("2025550149")
    suppress("2025550150")
    expire(key="2025550150")

    def keys(query):
        table = browser.get(f"/suppressions/?{query}").context["table"]
        return {row.record.key for row in table.rows}

    assert keys("") == {"2025550148", "2025550149"}
    assert keys("reason=litigator") == {"2025550148"}
    assert keys("state=expired") == {"2025550150"}
    assert keys("state=due") == set()


def test_the_list_is_exported_as_it_is_filtered(browser):
    suppress("2025550148", reason_kind=SuppressionReason.LITIGATOR, received_at=date(2026, 3, 2))
    suppress("ada@example.com")
    lines = b"".join(browser.get("/suppressions/export/?kind=phone")).decode().splitlines()
    assert lines[0].lstrip("\ufeff").startswith("Kind,Entry,Why,Note,Stops contact,Stops tracing")
    assert lines[1].startswith("phone,2025550148,litigator,,yes,no,,,2026-03-02,2026-03-16,")
    assert len(lines) == 2


def test_valid_lines_are_added_and_invalid_ones_are_returned_with_their_reasons():
    result = suppression.suppress_lines(["2025550148\n12\n\nada@example.com\nAda,Abbott"], None)
    assert result.added == 2
    assert [(line.number, line.text) for line in result.unusable] == [(2, "12"), (5, "Ada,Abbott")]
    assert "ten digits" in result.unusable[0].reason
    assert result.to_correct == "12\nAda,Abbott\n"


def test_lines_to_correct_come_with_their_column_names():
    text = "Last,First,Address,City,State\nAbbott,Ada,1 Oak St,Herndon,VA\nAbbott,Ada,,,\n"
    result = suppression.suppress_lines([text], None)
    assert result.added == 1
    assert result.to_correct == "Last,First,Address,City,State\nAbbott,Ada,,,\n"


def test_a_line_with_too_many_columns_does_not_keep_others_out():
    result = suppression.suppress_lines(["2025550148\n" + "," * 100], None)
    assert (result.added, result.unusable[0].reason) == (1, "A line can have at most 100 columns.")


def test_the_refusal_of_an_empty_text_says_what_to_enter():
    with pytest.raises(suppression.NoLines, match="Please enter at least one phone"):
        suppress("\n")


def test_suppressed_phones_and_emails_are_not_exported(start_upload):
    upload = start_upload(12)
    store_match(upload.items.first(), read_sample("output.json").decode())
    suppress("2025550148\nada@example.com")
    row = read_export(upload)[0]
    assert "2025550148" not in row.values()
    assert "ada@example.com" not in row.values()
    assert row["Phone 1"] == "2025550149"


def test_a_person_is_added_on_their_page_and_removed_on_the_list(browser, make_upload, start_upload):
    item = start_upload(12).items.first()
    page = browser.post(f"/items/{item.pk}/suppress/", follow=True).content.decode()
    assert "Added 1 entry to the do-not-contact list." in page
    assert make_upload(people(2)).suppressed_count == 1
    assert "1 Oak St" in browser.get("/suppressions/").content.decode()
    browser.post(f"/suppressions/{Suppression.objects.get().pk}/remove/")
    assert make_upload(people(2)).suppressed_count == 0


def test_a_phone_is_added_on_the_page_of_its_owner(browser, start_upload):
    item = start_upload(12).items.first()
    store_match(item, read_sample("output.json").decode())
    assert browser.get(f"/items/{item.pk}/").content.decode().count('name="found"') > 1
    browser.post(f"/items/{item.pk}/suppress/", {"found": "2025550148"})
    entry = Suppression.objects.get()
    assert (entry.kind, entry.key, entry.reason) == ("phone", "2025550148", f"From row 2 of list {item.upload_id}.")
    page = browser.post(f"/items/{item.pk}/suppress/", {"found": "12"}, follow=True).content.decode()
    assert "Nothing was added." in page


def test_the_page_accepts_pasted_lines_and_files(browser):
    file = SimpleUploadedFile("stop.csv", b"\xef\xbb\xbf2025550149\r\n")
    page = browser.post("/suppressions/add/", {"text": "2025550148", "file": file, "reason": "asked"}, follow=True)
    assert "Added 2 entries to the do-not-contact list." in page.content.decode()
    assert set(Suppression.objects.values_list("reason", "created_by__username")) == {("asked", "alice")}
    page = browser.post("/suppressions/add/", {"text": "nobody"})
    assert page.status_code == 422
    assert "1 line was not added" in page.content.decode()
    page = browser.post("/suppressions/add/", {"text": "2025550150\nnobody"})
    assert page.status_code == 200
    assert "Added 1 entry to the do-not-contact list." in page.content.decode()
    assert "nobody\n</textarea>" in page.content.decode()
    page = browser.post("/suppressions/add/", {"file": SimpleUploadedFile("stop.csv", b"\xff\xfe\x00")})
    assert "not UTF-8 text" in page.content.decode()


def test_the_page_takes_as_many_queries_for_three_entries_as_for_one(browser, django_assert_num_queries):
    for lines in ("2025550148", "2025550149\n2025550150"):
        suppress(lines)
        with django_assert_num_queries(12):
            browser.get("/suppressions/")


def test_people_who_are_suppressed_after_the_check_are_not_traced(make_upload):
    upload = make_upload([*people(3), person(4, Phone="2025550148")])
    suppress("2025550148\nAda@example.com", blocks_tracing=True)
    suppression.suppress_items(upload.items.filter(pk=upload.items.first().pk), None)
    reuse.suppress_since_check(upload.pk)
    upload.refresh_from_db()
    assert (upload.suppressed_count, upload.item_count) == (2, 2)
    assert upload.items.first().message == "On the do-not-contact list: person."


def test_the_columns_of_a_file_do_not_apply_to_pasted_lines():
    pasted = "2025550148"
    from_file = "First Name,Last Name,Address,City,State\nAda,Abbott,1 Oak St,Herndon,VA"
    assert suppression.suppress_lines([pasted, from_file], None).added == 2


def test_a_line_that_is_too_long_is_refused():
    result = suppression.suppress_lines(['"' + "a" * 140_000], None)
    assert (result.added, len(result.unusable)) == (0, 1)
