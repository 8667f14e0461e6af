"""Users' decisions enqueue the jobs that follow, and each step of the clock is registered once."""

import pytest
from django.core.files.base import ContentFile

from batches import jobs
from batches.intake import uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Batch, Item, Upload
from batches.statuses import BatchStatus, UploadStatus
from tests.factories import people, to_csv


@pytest.fixture
def list_waiting():
    """Return a function that lists the jobs waiting in a queue, as (function, argument)."""

    def list_waiting(queue):
        found = jobs.django_rq.get_queue(queue).jobs
        return [(job.func_name.removeprefix("batches.jobs."), *job.args) for job in found]

    return list_waiting


@pytest.mark.django_db(transaction=True)
def test_rows_are_read_once_the_settings_are_accepted(alice, list_waiting):
    upload = uploads.receive(ContentFile(to_csv(people(3)), name="people.csv"), alice)
    settings = TraceSettings.from_upload(upload)
    assert jobs.check(upload, settings, alice)
    assert list_waiting("intake") == [("check_rows", upload.pk)]
    Upload.objects.update(status=UploadStatus.RUNNING)
    jobs.django_rq.get_queue("intake").empty()
    assert not jobs.check(upload, settings, alice)
    assert list_waiting("intake") == []


@pytest.mark.django_db(transaction=True)
def test_a_list_is_planned_when_it_starts_but_not_while_it_waits_for_approval(
    make_upload, alice, charlie, settings, list_waiting
):
    settings.APPROVAL_ABOVE = 1
    upload = make_upload(people(3))
    assert jobs.start(upload, alice) == UploadStatus.APPROVAL
    assert list_waiting("planning") == []
    upload.refresh_from_db()
    assert jobs.approve(upload, charlie, upload.revision) == UploadStatus.RUNNING
    assert list_waiting("planning") == [("plan_upload", upload.pk)]
    assert jobs.start(upload, alice) is None


@pytest.mark.django_db(transaction=True)
def test_people_who_are_re_run_are_planned(finish_upload, alice, list_waiting):
    upload = finish_upload(12)
    Item.objects.update(outcome="missing")
    assert jobs.rerun(Item.objects.all(), alice) == {upload.pk: 12}
    assert list_waiting("planning") == [("plan_upload", upload.pk)]


def test_a_step_cannot_be_registered_twice():
    steps = jobs.Steps()
    steps.add(print)
    with pytest.raises(ValueError, match="print is registered already"):
        steps.add(print)
    assert steps.steps == [print]


@pytest.mark.django_db(transaction=True)
def test_a_batch_closed_by_hand_is_digested(start_upload, alice, list_waiting):
    batch = start_upload(10).batches.get()
    assert not jobs.close(batch, alice)
    assert list_waiting("results") == []
    Batch.objects.update(status=BatchStatus.UNCONFIRMED)
    assert jobs.close(batch, alice)
    assert list_waiting("results") == [("digest_batch", batch.pk)]
