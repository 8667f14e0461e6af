"""A person can be erased from everywhere, and is never traced again."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry, AuditKind
from batches import retention
from batches.erased import find_erased
from batches.files import isolated_reader
from batches.files.file_format import FileFormat
from batches.forgetting import erasing, people
from batches.forgetting.identity import Identity
from batches.id_set import IdSet
from batches.intake import corrections, reuse, suppression
from batches.models import (
    Batch,
    Correction,
    EarlierAnswer,
    ErasedKey,
    ErasureRequest,
    Event,
    Export,
    Item,
    MappingTemplate,
    PhoneNumber,
    Suppression,
    Upload,
)
from batches.results import digests
from batches.statuses import BatchStatus, DeclineReason, Emptied, ErasureStatus, Outcome, UploadStatus
from batches.tracing import filing
from batches.vendor import protocol
from notices.models import Notice
from tests.factories import HEADER, answer_with, make_workbook, person, to_csv
from webhooks.inbound import filing as inbound_filing
from webhooks.models import UnmatchedDelivery

pytestmark = pytest.mark.django_db
ZELDA = {"First Name": "Zelda", "Last Name": "Quimby", "Address": "77 Juniper Ct", "Phone": "(703) 555-0177"}
TRACES = ["zelda", "quimby", "juniper", "7035550177", "555-0177", "5550188", "zq@example.com"]
"""What must not be found anywhere afterwards: name, street, phones and email."""


def make_rows(count=12):
    """Return rows of a list with Zelda in row 5 of the file."""
    rows = [person(number) for number in range(1, count + 1)]
    rows[3] = person(4, **ZELDA)
    return rows


def answer_zelda(item, _position):
    if item.last_name != "Quimby":
        return answer_with(item, phones=[{"phone": "2025550101"}])
    return answer_with(
        item,
        phones=[{"phone": "7035550188", "phoneType": "mobile"}],
        emails=[{"email": "zq@example.com"}],
        address={"formattedAddress": "77 Juniper Ct, Herndon, VA 20170"},
    )


@pytest.fixture
def traced(finish_upload):
    return finish_upload(make_rows(), answers=answer_zelda)


def forget(text, charlie, reference="T-1"):
    """Erase everybody whom a search finds."""
    keys = [candidate.key for candidate in people.find_people(text)]
    data = erasing.load_person(people.select(keys), text)
    return erasing.erase(data, erasing.receive(reference, user=charlie), charlie)


def find_traces():
    """Return where the person is found: in any column of any table, or in any stored file."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - a name from the schema
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for column, value in zip(columns, row, strict=True):
                    text = (
                        bytes(value).decode(errors="replace") if isinstance(value, bytes | memoryview) else str(value)
                    )
                    found += [f"{table}.{column}: {trace}" for trace in TRACES if trace in text.lower()]
    for path in Path(django_settings.MEDIA_ROOT).rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode(errors="replace").lower()
            found += [f"{path.name}: {trace}" for trace in TRACES if trace in text or trace in path.name.lower()]
    return found


def test_nothing_of_the_person_is_left_anywhere(traced, make_upload, alice, charlie):
    """Put the person into every table that may hold one, and erase them."""
    zelda = traced.items.get(last_name="Quimby")
    details = {
        "message": "Zelda Quimby is known.",
        "answer": zelda.answer,
        "outcome": Outcome.ERROR,
        "answered_at": timezone.now(),
    }
    EarlierAnswer.objects.create(item=zelda, **details)
    batch = traced.batches.get()
    UnmatchedDelivery.objects.create(kind="item", reason="odd", body=zelda.answer.encode(), item_id=zelda.pk)
    UnmatchedDelivery.objects.create(kind="item", reason="odd", body=b'{"phone": "(703) 555-0188"}')
    Batch.objects.filter(pk=batch.pk).update(
        completion='{"note": "Zelda Quimby"}', problem="Refused: Quimby, Zelda at 77 Juniper Ct."
    )
    suppression.suppress_items(traced.items.filter(pk=zelda.pk), alice, "Zelda Quimby called.")
    suppression.suppress_lines(["7035550188", "zq@example.com"], alice)
    suppression.lift_entry(Suppression.objects.earliest("pk").pk, alice)
    Event.objects.create(upload=traced, what="refused", detail="77 Juniper Ct is odd.")
    Export.objects.create(upload=traced, layout="wide", choices={"rows": {"q": ["zelda quimby"]}, "choices": []})
    Notice.objects.create(
        user=alice, kind="complete", upload=traced, text="Zelda Quimby is complete.", subject=1, at=timezone.now()
    )
    MappingTemplate.objects.create(name="Zelda Quimby", header="h", columns=["Zelda Quimby"], fields={})
    Upload.objects.filter(pk=traced.pk).update(name="For Zelda Quimby", filename="quimby, zelda.csv")
    # Lists in other states: invalid, edited, corrected, not read yet, as a workbook.
    invalid = make_upload([*make_rows(10), person(20, **ZELDA | {"State": "??", "Zip": ""})], name="more.csv")
    Correction.objects.create(
        upload=invalid, status="done", file_format={}, columns=[], previous_cells={"5": list(ZELDA.values())}
    )
    fixed = [*HEADER, corrections.PROBLEM_COLUMN]
    corrected = Correction(
        upload=invalid,
        filename="fixed.csv",
        file_format={"kind": "csv", "encoding": "utf-8-sig", "delimiter": ",", "header_row": 1},
        columns=fixed,
        status="done",
    )
    corrected.file.save("fixed.csv", ContentFile(to_csv([[*person(20, **ZELDA), "Row 12: bad"]], header=fixed)))
    corrected.save()
    make_upload(make_workbook(People=[HEADER, *make_rows(10)], Other=[["Zelda Quimby"]]), name="book.xlsx")
    draft = make_upload(make_rows(10), name="draft.csv")
    draft.items.all().delete()
    Upload.objects.filter(pk=draft.pk).update(status=UploadStatus.DRAFT)
    assert {line.partition(".")[0] for line in find_traces()} >= {"batches_item", "batches_digest", "webhooks_stray"}

    counts = forget("zelda quimby", charlie)

    assert find_traces() == []
    assert counts["people"] == 4
    assert counts["lists"] == 4
    assert counts["files"] == 5
    assert counts["files_deleted"] == 0


def test_counts_money_and_history_stay(traced, charlie):
    zelda, before = traced.items.get(last_name="Quimby"), Upload.objects.values().get(pk=traced.pk)
    sums = traced.batches.values("matched", "credits", "phones").get()
    forget("zelda quimby", charlie)
    erased = Item.objects.get(pk=zelda.pk)
    assert (erased.outcome, erased.credits, erased.answered_at) == (zelda.outcome, zelda.credits, zelda.answered_at)
    assert (erased.emptied, erased.shown_name, erased.cells) == (Emptied.ERASED, "(erased)", [])
    after = Upload.objects.values().get(pk=traced.pk)
    assert {name for name in after if after[name] != before[name]} == {"file", "file_format"}
    assert traced.batches.values("matched", "credits", "phones").get() == sums
    entry = AuditEntry.objects.get(kind=AuditKind.FORGOTTEN)
    assert (entry.user, zelda.pk in IdSet.unpack(bytes(entry.item_ids))) == (charlie, True)


def test_other_people_stay_as_they_are(traced, charlie):
    others = list(traced.items.exclude(last_name="Quimby").order_by("pk").values())
    forget("zelda quimby", charlie)
    assert list(traced.items.filter(emptied="").order_by("pk").values()) == others


def test_the_file_keeps_its_other_rows_and_their_numbers(make_upload, charlie):
    upload = make_upload(make_workbook(People=[["A title"], [], HEADER, *make_rows()]), name="book.xlsx")
    before = {item.row_number: item.cells for item in upload.items.exclude(last_name="Quimby")}
    old = upload.file.path
    forget("zelda quimby", charlie)
    upload.refresh_from_db()
    assert not Path(old).exists()
    rows = isolated_reader.read_rows(upload.file.path, FileFormat(**upload.file_format))
    assert {number: cells for number, cells in rows if cells} == before


def test_a_file_that_cannot_be_read_is_deleted(traced, charlie):
    path = Path(traced.file.path)
    path.write_bytes(b'First Name,Last Name\n"never closed' + 200 * b",\n")
    counts = forget("zelda quimby", charlie)
    assert (counts["files"], counts["files_deleted"]) == (0, 1)
    assert not path.exists()
    assert "deleted" in " ".join(erasing.format_counts(counts))


def test_nothing_is_erased_if_one_step_fails(traced, charlie, monkeypatch):
    files = sorted(Path(django_settings.MEDIA_ROOT).rglob("*.csv"))
    monkeypatch.setattr(erasing, "erase_items", lambda data: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        forget("zelda quimby", charlie)
    assert traced.items.filter(last_name="Quimby").exists()
    assert sorted(Path(django_settings.MEDIA_ROOT).rglob("*.csv")) == files
    assert ErasureRequest.objects.get().status == ErasureStatus.OPEN


def test_erased_people_are_not_traced_in_later_lists(traced, make_upload, charlie):
    forget("zelda quimby", charlie)
    rows = [person(101), person(4, **ZELDA | {"Phone": ""}), person(105, Phone="703-555-0177")]
    later = make_upload(rows, name="later.csv")
    assert list(later.items.order_by("pk").values_list("outcome", "message")) == [
        (Outcome.PENDING, ""),
        (Outcome.SUPPRESSED, "Erased on request."),
        (Outcome.SUPPRESSED, "Erased on request."),
    ]
    assert later.suppressed_count == 2


def test_erased_people_in_lists_that_are_ready_are_no_longer_sent(traced, make_upload, charlie):
    ready = make_upload(make_rows(), name="ready.csv")
    forget("zelda quimby", charlie)
    ready.refresh_from_db()
    assert ready.items.get(emptied=Emptied.ERASED).outcome in (Outcome.SUPPRESSED, Outcome.REUSED)
    assert not ready.items.filter(emptied=Emptied.ERASED, outcome=Outcome.PENDING).exists()


def test_people_erased_after_the_check_of_their_list_are_suppressed_when_it_is_planned(start_upload, charlie):
    waiting = start_upload(12, name="waiting.csv")
    item = waiting.items.first()
    Item.objects.filter(pk=item.pk).update(batch=None)
    request = erasing.receive("T-9", user=charlie)
    fields = {
        "first_name": item.first_name,
        "last_name": item.last_name,
        "address": item.address,
        "city": item.city,
        "state": item.state,
        "zip": item.zip,
    }
    erasing.remember(request, suppression.make_suppression_keys(fields))
    reuse.suppress_since_check(waiting.pk)
    item.refresh_from_db()
    assert (item.outcome, item.message) == (Outcome.SUPPRESSED, "Erased on request.")


def test_suppressed_contacts_of_erased_people_stay_out_of_exports(traced, finish_upload, alice, charlie, staff_browser):
    suppression.suppress_lines(["7035550188"], alice)
    forget("zelda quimby", charlie)
    assert not Suppression.objects.exists()
    other = finish_upload(
        [person(n) for n in range(50, 62)],
        name="other.csv",
        answers=lambda item, place: answer_with(item, phones=[{"phone": "7035550188"}]),
    )
    text = staff_browser.get(f"/uploads/{other.pk}/export/").getvalue().decode()
    assert "7035550188" not in text


@pytest.mark.parametrize("comes", ["before", "after"])
def test_filters_know_numbers_of_erased_people_that_others_have(traced, finish_upload, alice, charlie, browser, comes):
    def trace_others():
        return finish_upload(
            [person(n) for n in range(50, 62)],
            name="other.csv",
            answers=lambda item, place: answer_with(item, phones=[{"phone": f"703555018{8 if place == 0 else 9}"}]),
        )

    suppression.suppress_lines(["7035550188", "7035550166"], alice)
    other = trace_others() if comes == "before" else None
    forget("zelda quimby", charlie)
    other = other or trace_others()
    # The page of the person strikes the number through, so the filters must not find the person by it.
    shown = browser.get("/items/", {"upload": other.pk, "has": "callable"}).context["table"].page.object_list
    assert [row.record.row_number for row in shown] == list(range(3, 14))
    page = browser.get(other.items.get(row_number=2).get_absolute_url()).content.decode()
    assert "Someone who had it asked to be forgotten." in page
    assert "do-not-contact list since" not in page
    assert PhoneNumber.objects.get(pk=7035550188).listed == "erased"
    # Numbers that nobody else has are not kept.
    assert not PhoneNumber.objects.filter(pk=7035550166).exists()


def test_people_who_are_still_being_traced_cannot_be_erased_yet(start_upload, charlie):
    upload = start_upload(make_rows())
    with pytest.raises(erasing.NotYet, match="still being traced"):
        forget("zelda quimby", charlie)
    assert upload.items.filter(last_name="Quimby").exists()
    assert ErasureRequest.objects.get().status == ErasureStatus.OPEN


def test_late_answers_about_erased_people_are_deleted(traced, charlie):
    zelda = traced.items.get(last_name="Quimby")
    body = zelda.answer
    Item.objects.filter(pk=zelda.pk).update(outcome=Outcome.MISSING)
    forget("zelda quimby", charlie)
    token = traced.batches.get().token
    late = body.replace(zelda.request_id, "another-request")
    assert filing.file_answer(token, protocol.decode_answer(late.encode()), late) is filing.Filing.FILED
    digests.digest_upload(traced.pk)
    inbound_filing.file_delivery(inbound_filing.Delivery("item", token, body.replace("Zelda", "Z.").encode()))
    assert retention.purge_expired(timezone.now() + timedelta(minutes=1), 60)
    assert find_traces() == []


def test_an_export_marks_the_rows_of_erased_people(traced, charlie, staff_browser):
    forget("zelda quimby", charlie)
    text = staff_browser.get(f"/uploads/{traced.pk}/export/").getvalue().decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert len(lines) == 12
    assert (lines[3]["Last Name"], lines[3]["Outcome"], lines[3]["Message"]) == ("", "matched", "Erased on request.")


def test_only_hashes_of_the_person_are_kept(traced, charlie, settings):
    forget("zelda quimby", charlie)
    keys = set(ErasedKey.objects.values_list("digest", flat=True))
    assert keys
    assert all(len(key) == 64 for key in keys)
    settings.EARLIER_SECRET_KEYS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert find_erased({("phone", "7035550177")}) == {("phone", "7035550177")}


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("Zelda M. Quimby called.", "(erased) called."),
        ("QUIMBY, ZELDA called.", "(erased) called."),
        ("Call 703.555.0177 now", "Call (erased) now"),
        ("Call 703.555.0178 now", "Call 703.555.0178 now"),
        ("Quimbyville", "Quimbyville"),
        ({"q": ["zelda quimby", 3]}, {"q": ["(erased)", 3]}),
    ],
)
def test_free_text_is_kept_without_the_person(text, scrubbed):
    identity = Identity(phones={"7035550177"})
    identity.add_name("Zelda Quimby")
    assert identity.scrub(text) == scrubbed


# The pages and the command


def test_the_page_finds_people_shows_what_would_be_erased_and_erases_it(traced, staff_browser):
    page = staff_browser.post("/forget/", {"step": "find", "q": "zelda quimby"})
    [candidate] = page.context["candidates"]
    assert "Zelda Quimby" in page.text
    page = staff_browser.post(
        "/forget/", {"step": "preview", "q": "zelda quimby", "person": candidate.key, "reference": "T-7"}
    )
    assert "1 person in a list" in page.text
    assert "1 stored file" in page.text
    assert traced.items.filter(last_name="Quimby").exists()
    page = staff_browser.post(
        "/forget/", {"step": "erase", "q": "zelda quimby", "person": candidate.key, "reference": "T-7"}, follow=True
    )
    assert not traced.items.filter(last_name="Quimby").exists()
    assert "Erased" in page.text
    assert "Quimby" not in page.text
    request = ErasureRequest.objects.get()
    assert (request.status, request.reference, request.decided_by.username) == (ErasureStatus.DONE, "T-7", "charlie")


def test_requests_are_registered_with_a_deadline_and_declined_with_a_reason(staff_browser):
    received = timezone.localdate() - timedelta(days=40)
    staff_browser.post("/forget/", {"step": "register", "reference": "T-8", "received_on": received})
    request = ErasureRequest.objects.get()
    assert "5 days left" in staff_browser.get("/forget/").text
    staff_browser.post(f"/forget/{request.pk}/decline/", {"reason": DeclineReason.UNCONFIRMED})
    request.refresh_from_db()
    assert request.status == ErasureStatus.DECLINED
    assert "Their identity could not be confirmed" in staff_browser.get("/forget/").text


def test_a_reference_cannot_be_a_name(staff_browser):
    response = staff_browser.post("/forget/", {"step": "register", "reference": "Zelda Quimby"})
    assert response.status_code == 422
    assert not ErasureRequest.objects.exists()


def test_only_administrators_may_erase(traced, browser):
    for address in ("/forget/", "/retention/"):
        assert browser.get(address).status_code == 403
    keys = [candidate.key for candidate in people.find_people("zelda quimby")]
    assert browser.post("/forget/", {"step": "erase", "person": keys, "reference": "T-1"}).status_code == 403
    assert traced.items.filter(last_name="Quimby").exists()


def test_the_page_about_retention_shows_each_setting_with_its_time(traced, staff_browser, settings):
    Upload.objects.update(completed_at=timezone.now() - timedelta(days=80))
    page = staff_browser.get("/retention/").text
    assert "FILE_RETENTION_DAYS" in page
    assert "90 days" in page
    settings.FILE_RETENTION_DAYS = 0
    assert "forever" in staff_browser.get("/retention/").text


def test_the_command_shows_who_is_found_and_erases_the_chosen_people(traced, capsys):
    call_command("forget", "zelda quimby")
    out = capsys.readouterr().out
    key = people.find_people("zelda quimby")[0].key
    assert key in out
    with pytest.raises(CommandError, match="reference"):
        call_command("forget", "zelda quimby", person=[key], erase=True)
    call_command("forget", "zelda quimby", person=[key], reference="T-1")
    assert traced.items.filter(last_name="Quimby").exists()
    call_command("forget", "zelda quimby", person=[key], reference="T-1", erase=True)
    assert find_traces() == []


def test_the_refusal_names_the_list_of_people_who_are_still_being_traced(start_upload, staff_browser):
    upload = start_upload(make_rows())
    Batch.objects.update(status=BatchStatus.SUBMITTING)
    [candidate] = people.find_people("zelda quimby")
    page = staff_browser.post("/forget/", {"step": "erase", "q": "x", "person": candidate.key, "reference": "T-1"})
    assert page.status_code == 409
    assert f"list {upload.pk}" in page.text
