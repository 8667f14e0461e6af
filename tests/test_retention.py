"""Expired data is purged in chunks, which are found through an index."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry, AuditKind
from batches import jobs, retention
from batches.intake import suppression
from batches.models import (
    Assignment,
    Batch,
    CallOutcome,
    Correction,
    Digest,
    EarlierAnswer,
    Export,
    ExportCertificate,
    ExportLayout,
    Item,
    LoadedFile,
    MatchDecision,
    PersonNote,
    PhoneNumber,
    SharedSelection,
    Suppression,
    Upload,
)
from batches.results import emptying
from batches.statuses import BatchStatus, Emptied, MatchDecided, Outcome, UploadStatus
from batches.tracing import closing, decisions
from batches.tracing.lifecycle import transition_upload
from tests.factories import answer_for
from webhooks.models import UnmatchedDelivery

pytestmark = pytest.mark.django_db
MANY = 2_000
OLD = timedelta(days=31)
UNLIMITED = float("inf")
"""Seconds, or a time. A busy machine takes long to purge so much."""
SETTINGS = [
    "RESULT_RETENTION_DAYS",
    "INPUT_RETENTION_DAYS",
    "FILE_RETENTION_DAYS",
    "AUDIT_RETENTION_DAYS",
    "EXPORT_CERTIFICATE_DAYS",
]
RESULTS = ["Answers", "Earlier answers", "Completion calls", "Contact details", "Unmatched deliveries"]
"""Kinds of data to which RESULT_RETENTION_DAYS applies."""
INDEXES = {
    "Answers": "item_answer_kept_since",
    "Earlier answers": "earlier_answer_kept_since",
    "Completion calls": "batch_completion_kept_since",
    "Contact details": "batches_digest_kept_since",
    "Numbers": "phone_number_found_at",
    "Outcomes of calls": "call_outcome_at",
    "Notes on people": "person_note_at",
    "Assignments of people": "assignment_at",
    "Decisions about matches": "match_decision_at",
    "Shared selections of people": "shared_selection_made_at",
    "Rows of lists": "upload_inputs_kept_since",
    "Lifted do-not-contact entries": "suppression_lifted_since",
    "Answers for erased people": "item_erased_answered",
    "Uploaded files": "upload_file_kept_since",
    "Corrected files": "correction_file_kept_since",
    "Files of outcomes and do-not-contact lines": "loaded_file_kept_since",
    "Audit log": "accounts_auditentry_at",
    "Export certificates": "batches_exportcertificate_made_at",
    "Unmatched deliveries": "stray_kept_since",
}


@pytest.fixture(autouse=True)
def _thirty_days(settings):
    for name in SETTINGS:
        setattr(settings, name, 30)


@pytest.fixture
def kept(start_upload, alice):
    """Make thousands of records of each kind in RESULTS, all with data, in lists that have just been completed."""
    upload, now = start_upload(1), timezone.now()
    answered = {"outcome": Outcome.MATCHED, "answer": "{}", "answered_at": now}
    items = [Item(upload=upload, row_number=n, cells=[], **answered) for n in range(10, MANY + 10)]
    Item.objects.bulk_create(items)
    items = list(Item.objects.exclude(answer=""))
    EarlierAnswer.objects.bulk_create(EarlierAnswer(item=item, **answered) for item in items)
    Digest.objects.bulk_create(Digest(item=item, search_terms="ada", found="{}", answered_at=now) for item in items)
    UnmatchedDelivery.objects.bulk_create(UnmatchedDelivery(kind="item", reason="odd", body=b"{}") for _ in items)
    closed = {"status": BatchStatus.CLOSED, "size": 10, "completion": "{}", "completed_at": now}
    Batch.objects.bulk_create(Batch(upload=upload, number=n + 10, **closed) for n in range(MANY))
    Upload.objects.filter(pk=upload.pk).update(status=UploadStatus.COMPLETE, completed_at=now)


@pytest.fixture
def other_kinds_kept(kept, alice):
    """Make thousands of records of the other kinds as well."""
    upload, now = Upload.objects.get(), timezone.now()
    Suppression.objects.bulk_create(
        Suppression(kind="phone", key=str(n), label=str(n), lifted_at=now) for n in range(MANY)
    )
    PhoneNumber.objects.bulk_create(PhoneNumber(digits=n, found_at=now) for n in range(MANY))
    item = upload.items.first()
    CallOutcome.objects.bulk_create(CallOutcome(item=item, number=n, outcome="no_answer") for n in range(MANY))
    PersonNote.objects.bulk_create(PersonNote(item=item, text=str(n)) for n in range(MANY))
    Assignment.objects.bulk_create(Assignment(item=item, user=alice) for item in upload.items.all())
    SharedSelection.objects.bulk_create(SharedSelection(key=str(n), made_by=alice) for n in range(MANY))
    MatchDecision.objects.bulk_create(
        MatchDecision(item=item, found=str(n), verdict=MatchDecided.SAME) for n in range(MANY)
    )
    exports = Export.objects.bulk_create(Export(upload=upload, layout="wide", format="csv") for _ in range(MANY))
    ExportCertificate.objects.bulk_create(ExportCertificate(export=export, content={}) for export in exports)
    AuditEntry.objects.bulk_create(AuditEntry(kind=AuditKind.LOGIN, user=alice) for _ in range(MANY))
    LoadedFile.objects.bulk_create(LoadedFile(kind="outcomes", status="done", ended_at=now) for _ in range(MANY))
    Correction.objects.bulk_create(
        Correction(upload=upload, file=f"uploads/2026/01/{n}.csv", file_format={}, columns=[]) for n in range(MANY)
    )
    Upload.objects.bulk_create(Upload(name=str(n), status=UploadStatus.COMPLETE, completed_at=now) for n in range(MANY))


def find_kinds(*labels):
    return [kind for kind in retention.retained if kind.label in labels]


def make_old():
    for kind in find_kinds(*RESULTS):
        kind.records.update(**{kind.time_field: timezone.now() - OLD})


whole_tables_only = pytest.mark.skipif(
    "config.getoption('people_per_partition')",
    reason="Each partition has indexes of other names, and PostgreSQL sorts the few rows of small ones.",
)


def analyze():
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def count_with_data(labels):
    """Return how many records of each kind still have data."""
    return {kind.label: kind.records.count() for kind in find_kinds(*labels)}


def test_every_kind_is_registered_once():
    assert [kind.label for kind in retention.retained] == list(INDEXES)


@whole_tables_only
@pytest.mark.parametrize("is_emptied_since", [False, True])
def test_only_the_index_is_read_if_there_is_nothing_to_purge(other_kinds_kept, is_emptied_since):
    """Check this with outdated statistics too, from which PostgreSQL still expects that much is to be purged."""
    if is_emptied_since:
        make_old()
    analyze()
    if is_emptied_since:
        assert retention.purge_expired(timezone.now(), UNLIMITED)
    for kind in retention.retained:
        plan = kind.find_expired(timezone.now()).values_list("pk")[:1].explain()
        assert INDEXES[kind.label] in plan
        assert "Seq Scan" not in plan
        assert "SCAN" not in plan
        assert "Sort" not in plan
        assert "TEMP B-TREE" not in plan


@whole_tables_only
def test_chunks_are_read_from_the_index(kept):
    make_old()
    analyze()
    for kind in find_kinds(*RESULTS):
        since = {f"{kind.time_field}__gte": timezone.now() - OLD}
        plan = (
            kind.find_expired(timezone.now()).filter(**since).values_list("pk", kind.time_field)[: retention.CHUNK_SIZE]
        )
        assert INDEXES[kind.label] in plan.explain()


def test_checking_costs_one_query_per_kind_and_none_without_retention(settings, django_assert_num_queries):
    with django_assert_num_queries(len(INDEXES)):
        assert not retention.is_due(timezone.now())
    for name in SETTINGS:
        setattr(settings, name, 0)
    # Answers for erased people are deleted whatever the settings are.
    with django_assert_num_queries(1):
        assert not retention.is_due(timezone.now())
    with django_assert_num_queries(1):
        assert retention.purge_expired(timezone.now(), UNLIMITED)


def test_expired_data_is_purged_in_chunks_and_other_data_stays(kept, monkeypatch):
    monkeypatch.setattr(retention, "CHUNK_SIZE", 350)
    for kind in find_kinds(*RESULTS):
        pks = sorted(kind.records.values_list("pk", flat=True))
        kind.records.filter(pk__in=pks[:1_000]).update(**{kind.time_field: timezone.now() - OLD})
    assert retention.is_due(timezone.now())
    assert retention.purge_expired(timezone.now(), UNLIMITED)
    assert count_with_data(RESULTS) == dict.fromkeys(RESULTS, MANY - 1_000)
    assert not retention.is_due(timezone.now())


def test_a_run_ends_in_time_and_the_next_one_continues(kept):
    make_old()
    kinds = find_kinds(*RESULTS)
    slices = 0
    while not all(kind.purge_expired(timezone.now(), 0) for kind in kinds):
        slices += 1
        assert sum(count_with_data(RESULTS).values()) == len(RESULTS) * MANY - retention.CHUNK_SIZE * slices
    assert set(count_with_data(RESULTS).values()) == {0}


def test_records_with_a_new_answer_are_not_purged(kept, monkeypatch):
    make_old()
    kind = retention.retained[0]
    renewed_pk = kind.records.order_by("pk").first().pk

    def purge_late(records):
        Item.objects.filter(pk=renewed_pk).update(answered_at=timezone.now())
        return kind.purge(records)

    slow = retention.Retained(kind.label, kind.records, kind.time_field, purge_late)
    assert slow.purge_expired(timezone.now(), UNLIMITED)
    assert kind.records.get().pk == renewed_pk


def list_waiting():
    return [job.func_name for job in jobs.django_rq.get_queue("results").jobs]


@pytest.mark.django_db(transaction=True)
def test_the_clock_enqueues_a_purge_only_if_it_is_due(kept):
    jobs.sweep()
    assert "batches.jobs.purge_expired" not in list_waiting()
    make_old()
    jobs.sweep()
    jobs.sweep()
    assert list_waiting().count("batches.jobs.purge_expired") == 1


@pytest.mark.django_db(transaction=True)
def test_the_purge_continues_after_other_jobs(kept, monkeypatch):
    monkeypatch.setattr(jobs, "PURGE_SECONDS", 0)
    make_old()
    jobs.purge_expired()
    assert list_waiting() == ["batches.jobs.purge_expired"]
    monkeypatch.setattr(jobs, "PURGE_SECONDS", 60)
    jobs.django_rq.get_queue("results").empty()
    jobs.purge_expired()
    assert list_waiting() == []
    assert set(count_with_data(RESULTS).values()) == {0}


@pytest.mark.django_db(transaction=True)
def test_the_indexes_can_be_dropped_and_added_while_the_system_runs():
    try:
        call_command("migrate", "webhooks", "0004", verbosity=0)
        assert "stray_kept_since" not in read_indexes()
    finally:
        call_command("migrate", "webhooks", verbosity=0)
    assert "stray_kept_since" in read_indexes()


def read_indexes():
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, UnmatchedDelivery._meta.db_table)


# What is deleted, and what stays


def test_rows_are_emptied_and_counts_stay(finish_upload):
    upload = finish_upload(12)
    before = Upload.objects.values("row_count", "earlier_credits").get(pk=upload.pk)
    Upload.objects.update(completed_at=timezone.now() - OLD)
    assert retention.purge_expired(timezone.now(), UNLIMITED)
    item = upload.items.select_related("digest").last()
    assert (item.cells, item.last_name, item.address, item.fingerprint) == ([], "", "", "")
    assert (item.emptied, item.outcome, item.shown_name) == (Emptied.EXPIRED, Outcome.MATCHED, "(deleted)")
    assert item.credits is not None
    # What was found has a retention time of its own.
    assert item.answer
    # Row 13 asked for 12 Oak St, and 1 Oak St was found.
    assert {"1", "oak"} <= set(item.digest.search_terms.split())
    assert "12" not in item.digest.search_terms.split()
    assert Upload.objects.values("row_count", "earlier_credits").get(pk=upload.pk) == before
    assert not retention.is_due(timezone.now())


def test_a_long_list_is_emptied_in_slices(finish_upload, monkeypatch):
    monkeypatch.setattr(emptying, "CHUNK_SIZE", 5)
    upload = finish_upload(12)
    Upload.objects.update(completed_at=timezone.now() - OLD)
    [rows] = find_kinds("Rows of lists")
    assert not rows.purge_expired(timezone.now(), 0)
    assert upload.items.filter(emptied="").count() == 7
    assert rows.purge_expired(timezone.now(), UNLIMITED)
    assert not upload.items.filter(emptied="").exists()


def test_the_file_of_a_list_is_deleted(finish_upload):
    upload = finish_upload(12)
    path = Path(upload.file.path)
    assert path.exists()
    Upload.objects.update(completed_at=timezone.now() - OLD)
    assert retention.purge_expired(timezone.now(), UNLIMITED)
    upload.refresh_from_db()
    assert not upload.file
    assert upload.file_deleted_at
    assert upload.filename == "people.csv"
    assert not path.exists()


@pytest.mark.parametrize("status", sorted(set(UploadStatus) - {UploadStatus.COMPLETE, UploadStatus.CANCELLED}))
def test_nothing_of_an_unfinished_list_is_deleted(finish_upload, status):
    upload, old = finish_upload(12), timezone.now() - OLD
    Upload.objects.update(status=status, created_at=old, completed_at=old)
    Item.objects.update(answered_at=old)
    Digest.objects.update(answered_at=old)
    assert not retention.is_due(timezone.now())
    assert retention.purge_expired(timezone.now(), UNLIMITED)
    assert not upload.items.exclude(emptied="").exists()
    assert not upload.items.filter(answer="").exists()
    assert Path(upload.file.path).exists()
    Upload.objects.update(status=UploadStatus.COMPLETE)
    assert retention.is_due(timezone.now())


def test_the_retention_time_starts_again_when_a_list_is_completed_again(finish_upload, alice):
    upload = finish_upload(12, lambda item, place: answer_for(item, "error" if place == 0 else "matched"))
    Upload.objects.update(completed_at=timezone.now() - OLD)
    assert retention.purge_expired(timezone.now(), UNLIMITED)
    upload.refresh_from_db()
    assert upload.inputs_deleted_at
    upload.items.filter(outcome=Outcome.ERROR).update(outcome=Outcome.MATCHED)
    transition_upload(upload.pk, UploadStatus.RUNNING, completed_at=None)
    closing.complete_uploads(timezone.now())
    upload.refresh_from_db()
    assert (upload.status, upload.inputs_deleted_at, upload.file_deleted_at) == (UploadStatus.COMPLETE, None, None)


def test_people_whose_rows_have_been_deleted_are_not_sent_again(finish_upload, alice):
    upload = finish_upload(12, lambda item, place: answer_for(item, "error"))
    Upload.objects.update(completed_at=timezone.now() - OLD)
    assert retention.purge_expired(timezone.now(), UNLIMITED)
    assert not decisions.rerun(upload.items.all(), alice)
    assert not upload.items.first().can_rerun


def test_an_export_says_that_rows_were_deleted_and_contains_what_is_left(finish_upload, browser):
    upload = finish_upload(12)
    Upload.objects.update(completed_at=timezone.now() - OLD)
    assert retention.purge_expired(timezone.now(), UNLIMITED)
    lines = list(
        csv.DictReader(io.StringIO(browser.get(f"/uploads/{upload.pk}/export/").getvalue().decode("utf-8-sig")))
    )
    assert len(lines) == 12
    assert lines[0]["First Name"] == ""
    assert lines[0]["Message"].endswith("The row was deleted after the retention time.")
    assert lines[0]["Phone 1"]
    assert "The rows of this list were deleted" in browser.get(f"/uploads/{upload.pk}/export/choose/").text


def test_the_audit_log_is_deleted_after_its_retention_time(alice, settings):
    settings.AUDIT_RETENTION_DAYS = 60
    for days in (61, 59):
        AuditEntry.objects.create(kind=AuditKind.LOGIN, user=alice, at=timezone.now() - timedelta(days=days))
    assert retention.purge_expired(timezone.now(), UNLIMITED)
    assert AuditEntry.objects.count() == 1


def test_lifted_entries_stay_for_a_while(browser, alice):
    entry = Suppression.objects.create(kind="phone", key="7035550148", label="7035550148", created_by=alice)
    browser.post(f"/suppressions/{entry.pk}/remove/")
    entry.refresh_from_db()
    assert entry.lifted_at
    assert entry.lifted_by == alice
    assert AuditEntry.objects.filter(kind=AuditKind.SUPPRESSION_LIFTED, user=alice).count() == 1
    assert suppression.find_not_to_contact({("phone", "7035550148")}) == set()
    assert suppression.suppress_lines(["7035550148"], alice).added == 1
    Suppression.objects.filter(pk=entry.pk).update(lifted_at=timezone.now() - OLD)
    assert retention.purge_expired(timezone.now(), UNLIMITED)
    assert Suppression.objects.get().lifted_at is None


def test_deleting_a_layout_is_recorded(browser, alice):
    layout = ExportLayout.objects.create(name="Ours", columns=[])
    browser.post(f"/exports/layouts/{layout.pk}/delete/")
    assert AuditEntry.objects.get(kind=AuditKind.LAYOUT_DELETED).detail == "Ours"
