import io
import zipfile
from datetime import date, timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import AuditEntry, AuditKind
from batches import jobs
from batches.files.writers import write_xlsx
from batches.intake import scrub_files
from batches.intake.scrub_files import ScrubDetails
from batches.models import PhoneNumber, ScrubLine, ScrubSource
from batches.numbers import scrubs
from batches.statuses import ScrubKind, ScrubStatus

pytestmark = pytest.mark.django_db
ADA, BEN, CLARA = 7035550100, 7035550101, 5715550102


@pytest.fixture(autouse=True)
def _run_jobs_at_once(monkeypatch):
    monkeypatch.setattr(jobs, "enqueue", lambda _queue, function, *args: function.__wrapped__(*args))


def receive(content, name="registry.txt", **details):
    content = content.encode() if isinstance(content, str) else content
    details = {"kind": ScrubKind.REGISTRY, "name": "Registry", "as_of": date(2026, 11, 1)} | details
    return scrub_files.receive(ContentFile(content, name), ScrubDetails(**details), None)


def load(content, name="registry.txt", **details):
    source = receive(content, name, **details)
    scrubs.work_on(source.pk)
    source.refresh_from_db()
    return source


def list_numbers(source):
    return sorted(ScrubLine.objects.filter(source=source).values_list("number", flat=True))


def create_number(digits):
    return PhoneNumber.objects.create(digits=digits, found_at=timezone.now())


def zip_files(**contents):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return file.getvalue()


REGISTRY_FILES = {
    "one number per line": b"7035550100\n5715550102\n",
    "area code and number": b"703,5550100\r\n571,5550102\r\n",
    "with a header": b"Phone\n7035550100\n5715550102\n",
    "with a header below an empty line": b"\nPhone 1\n7035550100\n5715550102\n",
    "with a byte order mark": b"\xef\xbb\xbf7035550100\n(571) 555-0102\n",
    "columns": b'Name,Phone,Ref\n"Abbott, Ada",703-555-0100,2025550155\nBen,5715550102,2025550156\n',
    "semicolons": b"Ref;Mobile\nx-1;7035550100\nx-2;+1 571 555 0102\n",
    "workbook": b"".join(write_xlsx([["Name", "Cell phone"], ["Ada", "7035550100"], ["Ben", "571-555-0102"]])),
    "zip of a text file": zip_files(**{"dnc.txt": "7035550100\n5715550102\n", "__MACOSX/._dnc.txt": "x"}),
    "zip of a file by area code": zip_files(**{"703.txt": "703,5550100", "571.txt": "571,5550102\n", "202.txt": ""}),
    "zip of other files": zip_files(
        **{
            "lists/a.csv": b"Name,Phone\nAda,703-555-0100\n",
            "b.xlsx": b"".join(write_xlsx([["Cell phone"], ["571-555-0102"]])),
        }
    ),
}


@pytest.mark.parametrize("content", REGISTRY_FILES.values(), ids=REGISTRY_FILES)
def test_numbers_are_read_from_every_kind_of_file(content):
    source = load(content)
    assert (source.status, source.problem) == (ScrubStatus.READY, "")
    assert list_numbers(source) == [CLARA, ADA]
    assert (source.number_count, source.line_count, source.unreadable_count) == (2, 2, 0)
    assert source.covers == "571, 703"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"no numbers\nhere\n", "phone number"),
        (b"Name,City\nAda,Herndon\nBen,Reston\n", "phone numbers"),
        (
            zip_files(**{"703.txt": "7035550100", "read me.txt": "Nothing\nhere\n"}),
            "“read me.txt”: No column of the file",
        ),
        (zip_files(**{"703.txt": "7035550100", "more.zip": zip_files(a="7035550101")}), "“more.zip”: "),
        (zip_files(), "no file"),
        (zip_files(**{"703.txt": ""}), "only empty ones"),
        (zip_files(**{f"{n}.txt": "7035550100" for n in range(1_001)}), "1,001 files"),
        (b"PK\x03\x04 and nothing more", "damaged"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_leaves_the_earlier_version_in_force(content, sentence):
    earlier = load("7035550100\n")
    failed = load(content, as_of=date(2026, 12, 1))
    assert failed.status == ScrubStatus.FAILED
    assert sentence in failed.problem
    assert failed.file.name == ""
    assert list(ScrubSource.objects.in_force()) == [earlier]


def test_unreadable_lines_are_counted_and_the_first_are_listed_by_their_positions():
    lines = ["7035550100", *["123"] * 60, "", "5715550102"]
    source = load("\n".join([*["7035550101"] * 70, *lines]))
    assert (source.number_count, source.line_count, source.unreadable_count) == (3, 132, 60)
    assert source.unreadable == list(range(72, 122))


def test_the_lines_of_the_files_of_an_archive_are_counted_through_all_of_them():
    source = load(zip_files(**{"703.txt": "7035550100\n123\n", "571.txt": "5715550102\n7035550101\n456\n"}))
    assert (source.number_count, source.line_count, source.unreadable_count) == (3, 5, 2)
    assert source.unreadable == [2, 5]


def test_a_change_list_may_be_an_archive():
    load("7035550100\n")
    changes = zip_files(**{"adds.txt": "7035550101,A\n", "drops.txt": "7035550100,D\n"})
    applied = load(changes, is_change_list=True, as_of=date(2026, 12, 1))
    assert (applied.status, applied.added_count, applied.removed_count) == (ScrubStatus.APPLIED, 1, 1)


def test_a_number_that_is_in_a_file_twice_is_one_line():
    assert load("7035550100\n703,5550100\n").number_count == 1


def test_a_file_counts_only_when_it_is_whole(monkeypatch):
    phone = create_number(ADA)
    monkeypatch.setattr(scrubs, "SLICE_SIZE", 1)
    source = receive("7035550100\n7035550101\n5715550102\n")
    store = scrubs.store
    seen = []

    def store_and_look(*args):
        stored = store(*args)
        scrubs.refresh_scrubs()
        phone.refresh_from_db()
        seen.append(phone.scrubs)
        return stored

    monkeypatch.setattr(scrubs, "store", store_and_look)
    scrubs.work_on(source.pk)
    phone.refresh_from_db()
    assert seen == ["", "", ""]
    assert phone.scrubs == str(source.pk)


def test_a_new_version_of_a_file_replaces_the_earlier_one_and_numbers_are_compared_again():
    ada, ben = create_number(ADA), create_number(BEN)
    earlier = load("7035550100\n")
    later = load("7035550101\n", name="later.txt", as_of=date(2026, 12, 1))
    other = load("7035550101\n", kind=ScrubKind.INTERNAL)
    earlier.refresh_from_db()
    later.refresh_from_db()
    ada.refresh_from_db()
    ben.refresh_from_db()
    assert (earlier.status, earlier.replaced_by) == (ScrubStatus.REPLACED, later)
    assert list_numbers(earlier) == []
    assert ada.scrubs == ""
    assert ben.scrubs == f"{later.pk} {other.pk}"
    assert later.hit_count == 1


def test_a_removed_file_no_longer_counts(alice):
    phone = create_number(ADA)
    source = load("7035550100\n")
    assert jobs.remove_scrubs(source, alice)
    assert not jobs.remove_scrubs(source, alice)
    phone.refresh_from_db()
    source.refresh_from_db()
    assert (source.status, source.removed_by, list_numbers(source), phone.scrubs) == ("removed", alice, [], "")
    assert AuditEntry.objects.filter(kind=AuditKind.SCRUB_CHANGED, user=alice).count() == 1


def test_a_change_list_adds_and_removes_numbers_of_the_file_in_force():
    ada, clara = create_number(ADA), create_number(CLARA)
    base = load("7035550100\n7035550101\n")
    change = load(
        "703,5550100,2026-11-02,D\n571,5550102,2026-11-02,A\n703,5550101,2026-11-02,D\n703,5550101,2026-11-03,A\n",
        as_of=date(2026, 11, 3),
        is_change_list=True,
    )
    base.refresh_from_db()
    ada.refresh_from_db()
    clara.refresh_from_db()
    assert (change.status, change.replaced_by) == (ScrubStatus.APPLIED, base)
    assert (change.added_count, change.removed_count) == (1, 1)
    assert (list_numbers(base), base.number_count, base.as_of) == ([CLARA, BEN], 2, date(2026, 11, 3))
    assert (ada.scrubs, clara.scrubs) == ("", str(base.pk))


def test_a_change_list_without_a_file_to_change_is_refused():
    change = load("7035550100,A\n", is_change_list=True)
    assert change.status == ScrubStatus.FAILED
    assert "Load the whole list first" in change.problem


def test_a_change_list_that_is_older_than_the_file_in_force_is_refused():
    base = load("7035550100\n", as_of=date(2026, 11, 9))
    change = load("7035550100,D\n", as_of=date(2026, 11, 8), is_change_list=True)
    assert "newer" in change.problem
    assert list_numbers(base) == [ADA]


def test_only_numbers_that_were_reassigned_count():
    answers = "phone,date,answer\n7035550100,2026-11-01,yes\n7035550101,2026-11-01,no\n5715550102,,no data\n"
    assert list_numbers(load(answers, kind=ScrubKind.REASSIGNED)) == [ADA]
    nobody = load("7035550100,no\n", kind=ScrubKind.REASSIGNED)
    assert (nobody.status, nobody.number_count) == (ScrubStatus.READY, 0)


def test_a_yes_or_no_in_a_column_of_a_litigator_list_means_nothing():
    content = "Name,Phone,Active\nAda Abbott,7035550100,no\nBen Cole,7035550101,yes\n"
    assert list_numbers(load(content, kind=ScrubKind.LITIGATOR)) == [ADA, BEN]


def test_a_worker_takes_over_a_file_whose_worker_has_died(monkeypatch):
    source = receive("7035550100\n")
    now = timezone.now()
    assert scrubs.claim(source.pk, now)
    ScrubLine.objects.create(number=CLARA, source=source)
    assert scrubs.claim(source.pk, now) is None
    assert scrubs.list_unfinished(now) == []
    later = now + timedelta(minutes=11)
    assert scrubs.list_unfinished(later) == [source.pk]
    monkeypatch.setattr(scrubs, "read_now", lambda: later)
    scrubs.work_on(source.pk)
    source.refresh_from_db()
    assert (source.status, list_numbers(source)) == (ScrubStatus.READY, [ADA])


def test_a_worker_stops_once_its_file_was_removed(alice, monkeypatch):
    source = receive("7035550100\n7035550101\n")
    monkeypatch.setattr(scrubs, "SLICE_SIZE", 1)
    store = scrubs.store
    monkeypatch.setattr(scrubs, "store", lambda *args: (scrubs.remove(source, alice), store(*args))[1])
    scrubs.work_on(source.pk)
    source.refresh_from_db()
    assert (source.status, list_numbers(source)) == (ScrubStatus.REMOVED, [])


def test_comparing_our_numbers_is_finished_after_a_crash(monkeypatch):
    phone = create_number(ADA)
    source = receive("7035550100\n")

    def crash():
        raise OSError("A test")

    with monkeypatch.context() as patch:
        patch.setattr(scrubs, "refresh_scrubs", crash)
        with pytest.raises(OSError, match="A test"):
            scrubs.work_on(source.pk)
    jobs.finish_scrubs(timezone.now() + timedelta(minutes=6))
    phone.refresh_from_db()
    assert phone.scrubs == str(source.pk)
