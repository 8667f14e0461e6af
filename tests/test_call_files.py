"""Files of outcomes: good rows are recorded once, bad rows are listed with row and column."""

import re
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.utils import timezone

from batches import call_files, calls, jobs
from batches.files import isolated_reader, parsing
from batches.files.writers import write_xlsx
from batches.intake import loaded_files
from batches.models import CallOutcome, Item, LoadedFile, Suppression
from batches.people.call_words import read_outcome
from batches.statuses import CallResult, LoadedKind
from tests.factories import answer_with, people
from tests.support.pages import read_page

pytestmark = pytest.mark.django_db
ADA, BEN, SHARED = "2025550101", "2025550102", "2025550103"


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    """Read files and run jobs at once."""
    monkeypatch.setattr(isolated_reader, "examine", parsing.examine)
    monkeypatch.setattr(isolated_reader, "read_rows", parsing.read_rows)
    monkeypatch.setattr(jobs, "enqueue", lambda _queue, function, *args: function.__wrapped__(*args))


@pytest.fixture
def items(finish_upload):
    """Return twelve people: each has a number of their own, and all share another."""
    numbers = [ADA, BEN, *(f"20255502{position:02d}" for position in range(10))]
    finish_upload(
        people(12),
        answers=lambda item, position: answer_with(
            item, phones=[{"phone": numbers[position], "phoneType": "mobile"}, {"phone": SHARED}]
        ),
    )
    return list(Item.objects.order_by("pk"))


def load(content, user, name="calls.csv"):
    content = content.encode() if isinstance(content, str) else content
    loaded = loaded_files.receive(ContentFile(content, name), LoadedKind.OUTCOMES, user)
    call_files.work_on(loaded.pk)
    loaded.refresh_from_db()
    return loaded


def counts(loaded):
    return loaded.taken_count, loaded.repeated_count, loaded.problem_count


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("WN", "wrong_number"),
        ("Left V-Mail", ""),
        ("D.N.C", ""),
        ("dnc", "do_not_call"),
        ("No-Answer", "no_answer"),
        ("Deceased", "deceased"),
        ("Matched", ""),
    ],
)
def test_words_of_screens_and_dialers_are_read_and_others_are_not_guessed(word, outcome):
    assert read_outcome(word) == outcome


@pytest.mark.parametrize("result", CallResult)
def test_every_word_of_the_screen_is_read(result):
    assert read_outcome(result.label) == result.value


def test_good_rows_are_recorded_and_bad_ones_listed_with_row_and_column(items, alice):
    loaded = load(
        "Phone,Disposition,Call date,Notes\n"
        "(202) 555-0101,WN,2026-03-02,Asked for Bob\n"
        f"{BEN},no answer,03/04/2026 3:30 PM,\n"
        f"{BEN},,,\n"
        f"{BEN},gone fishing,,\n"
        "2025550199,No answer,,\n"
        "12,No answer,,\n"
        f"{ADA},No answer,soon,\n",
        alice,
    )
    assert (loaded.status, counts(loaded)) == ("done", (2, 0, 4))
    assert [problem[:2] for problem in loaded.problems] == [
        [5, "Disposition"],
        [6, "Phone"],
        [7, "Phone"],
        [8, "Call date"],
    ]
    assert "gone fishing" in loaded.problems[0][2]
    wrong = CallOutcome.objects.get(outcome="wrong_number")
    assert (wrong.item, wrong.number, wrong.note, wrong.via, wrong.by) == (
        items[0],
        int(ADA),
        "Asked for Bob",
        "file",
        alice,
    )
    assert timezone.localtime(wrong.at).date().isoformat() == "2026-03-02"
    assert loaded.file.name == ""


def test_workbooks_are_read(items, alice):
    content = b"".join(write_xlsx([["Number", "Outcome"], [ADA, "Right person"], [BEN, "VM"]]))
    assert counts(load(content, alice, "calls.xlsx")) == (2, 0, 0)


def test_the_same_file_counts_once_whoever_uploads_it(items, alice, bob):
    content = f"Number,Outcome\n{ADA},No answer\n{ADA},No answer\n"
    assert counts(load(content, alice)) == (2, 0, 0)
    assert counts(load(content, bob)) == (0, 2, 0)


def test_a_dated_row_is_recognised_in_a_longer_file_and_stays_undone(items, alice):
    content = f"Number,Outcome,Date\n{ADA},No answer,2026-03-02\n"
    load(content, alice)
    calls.undo(CallOutcome.objects.get().pk, alice)
    assert counts(load(f"{content}{ADA},No answer,2026-03-03\n", alice)) == (1, 1, 0)
    assert CallOutcome.objects.in_force().count() == 1


def test_a_call_without_a_time_is_shown_with_its_day_only(items, alice, browser):
    load(f"Number,Outcome,Date\n{ADA},No answer,2026-03-02\n{ADA},Right person,2026-03-03 15:30\n", alice)
    page = read_page(browser.get(items[0].get_absolute_url()))
    assert ">Mar 2, 2026</time>" in page
    assert re.search(r">Mar 3(, 2026)?, 3:30 PM</time>", page)


def test_a_shared_number_needs_the_person_unless_the_outcome_is_about_everybody(items, alice):
    loaded = load(f"Number,Outcome\n{SHARED},Wrong number\n{SHARED},Disconnected\n", alice)
    assert counts(loaded) == (1, 0, 1)
    assert "Several people" in loaded.problems[0][2]
    named = load(f"Number,Outcome,Person id\n{SHARED},Wrong number,{items[1].pk}\n{SHARED},WN,999999\n", alice)
    assert counts(named) == (1, 0, 1)
    assert CallOutcome.objects.get(outcome="wrong_number").item == items[1]


def test_somebody_unknown_who_asks_not_to_be_called_is_listed_and_not_called(items, alice):
    loaded = load("Number,Outcome\n2025550199,DNC\n", alice)
    assert counts(loaded) == (0, 0, 1)
    assert Suppression.objects.in_force().get().key == "2025550199"


def test_people_of_other_teams_are_not_found(items, make_user):
    erin = make_user("erin", "Member", team="Fairfax")
    assert counts(load(f"Number,Outcome\n{ADA},No answer\n", erin)) == (0, 0, 1)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("Number,City\n2025550101,Herndon\n", "Outcome"),
        ("Name,Outcome\nAda,No answer\n", "Number"),
        (f"Home,Work,Outcome\n{ADA},{BEN},DNC\n", "Several"),
    ],
)
def test_a_file_without_a_needed_column_says_what_to_do(content, word, alice):
    loaded = load(content, alice)
    assert loaded.status == "failed"
    assert word in loaded.problem


def test_another_worker_goes_on_where_one_has_died(items, alice, monkeypatch):
    monkeypatch.setattr(call_files, "SLICE_SIZE", 1)
    content = f"Number,Outcome\n{ADA},No answer\n{BEN},No answer\n".encode()
    loaded = loaded_files.receive(ContentFile(content, "calls.csv"), LoadedKind.OUTCOMES, alice)
    take, taken = call_files.Recorder.take, []

    def die_at_the_second(recorder, rows):
        if taken:
            raise KeyboardInterrupt
        taken.append(rows)
        return take(recorder, rows)

    with monkeypatch.context() as patch:
        patch.setattr(call_files.Recorder, "take", die_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            call_files.work_on(loaded.pk)
    now = timezone.now()
    assert loaded_files.list_unfinished(now) == []
    monkeypatch.setattr(loaded_files, "read_now", lambda: now + timedelta(minutes=2))
    jobs.load_unfinished_files(now + timedelta(minutes=2))
    loaded.refresh_from_db()
    assert (loaded.status, counts(loaded), CallOutcome.objects.count()) == ("done", (2, 0, 0), 2)


def test_the_page_takes_a_file_and_shows_what_became_of_it(browser, items):
    assert "Upload outcomes" in browser.get("/items/").content.decode()
    assert b"Outcome" in browser.get("/outcomes/sample/").content
    file = SimpleUploadedFile("calls.csv", f"Number,Outcome\n{ADA},No answer\n{ADA},gone\n".encode())
    page = browser.post("/outcomes/upload/", {"file": file}, follow=True).content.decode()
    assert "1 row with a problem" in page
    assert "“gone” is not an outcome that skipportal knows." in page
    assert "calls.csv" in browser.get("/outcomes/upload/").content.decode()


def test_the_sample_can_be_uploaded(alice):
    loaded = load(call_files.SAMPLE, alice)
    assert (loaded.status, [problem[1] for problem in loaded.problems]) == ("done", ["Number", "Number"])


def test_a_long_do_not_contact_file_is_taken_by_a_worker(browser):
    lines = [
        *(f"202555{number:04d}" for number in range(2_000, 9_000) if number != 5_555),
        *(f"703555{n:04d}" for n in range(2_000, 6_000) if n != 5_555),
        "12",
        "ada@example.com",
    ]
    file = SimpleUploadedFile("dnc.csv", "\n".join(lines).encode())
    data = {"file": file, "reason": "From our dialer.", "reason_kind": "request", "received_at": "2026-03-02"}
    page = browser.post("/suppressions/add/", data, follow=True).content.decode()
    loaded = LoadedFile.objects.get()
    assert (loaded.status, counts(loaded)) == ("done", (10_999, 0, 1))
    assert loaded.problems[0][0] == 10_999
    assert "1 row with a problem" in page
    entry = Suppression.objects.get(key="ada@example.com")
    assert (entry.reason, entry.reason_kind, str(entry.received_at)) == ("From our dialer.", "request", "2026-03-02")
    assert Suppression.objects.in_force().count() == 10_999


def test_a_do_not_contact_workbook_is_read_with_its_column_names(browser):
    content = b"".join(write_xlsx([["Name", "Email"], ["Ada", "ada@example.com"]]))
    browser.post("/suppressions/add/", {"file": SimpleUploadedFile("dnc.xlsx", content)})
    assert Suppression.objects.get().key == "ada@example.com"


def test_the_command_records_a_file_and_names_bad_rows(items, tmp_path, capsys):
    path = tmp_path / "calls.csv"
    path.write_text(f"Number,Outcome\n{ADA},No answer\n{ADA},gone\n")
    call_command("load_outcomes", str(path))
    out = capsys.readouterr()
    assert "Recorded 1 outcome from" in out.out
    assert "Row 3, Outcome" in out.err
    with pytest.raises(CommandError):
        call_command("load_outcomes", str(tmp_path / "none.csv"))
