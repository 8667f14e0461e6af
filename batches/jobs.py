"""The entry points of RQ. They take ids, hold no logic, and enqueue the jobs that follow. Only this file mentions RQ.

Any job may run twice or not at all: its work is guarded in the database, and the sweep finds whatever is due.
"""

import logging
import secrets
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

import django_rq
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import File
from django.db import Error as StorageError
from django.db import close_old_connections
from redis.exceptions import RedisError
from rq.worker import SimpleWorker

from batches import retention
from batches.database import read_now
from batches.intake import corrections, reuse, row_import, stored_files
from batches.intake.trace_settings import TraceSettings
from batches.intake.uploads import accept_settings
from batches.models import Batch, Correction, ItemQuerySet, Upload
from batches.reports import pace
from batches.results import digests
from batches.statuses import UPLOAD_STARTED, CorrectionStatus, UploadStatus
from batches.tracing import (
    closing,
    decisions,
    dispatch,
    doubt,
    filing,
    overlaps,
    packing,
    pausing,
    receipts,
    receivers,
    spending,
    vendor_keys,
)

logger = logging.getLogger(__name__)

STALE_AFTER = timedelta(seconds=60)
"""A job that checks rows and has given no sign of life for this long counts as dead."""
PURGE_SECONDS = 20
"""How long one purge job runs. The rest is enqueued behind the other jobs in its queue."""


class Worker(SimpleWorker):
    """Runs jobs in its own process, because a fork would outlive it. Reconnects to Redis within seconds."""

    max_connection_wait_time = 5

    def procline(self, message: str) -> None:
        """Do nothing, so that the process keeps its name instead of being renamed for each job."""


def enqueue(queue_name: str, function: Callable[..., None], *args: Any) -> None:
    """Enqueue a job unless the same one is waiting already. If Redis is down, the next sweep tries again."""
    name = "-".join([function.__name__, *map(str, args)])
    try:
        queue = django_rq.get_queue(queue_name)
        if not any(job_id.startswith(f"{name}--") for job_id in queue.job_ids):
            queue.enqueue(function, *args, job_id=f"{name}--{secrets.token_hex(4)}", result_ttl=0)
    except RedisError:
        logger.warning("Redis is not available; %s waits for the next sweep.", name)


def is_redis_there() -> bool:
    try:
        return bool(django_rq.get_connection("vendor").ping())
    except RedisError:
        return False


def queue_lengths() -> dict[str, int]:
    """Return queue → number of waiting jobs. Return nothing while Redis is unavailable."""
    try:
        return {name: django_rq.get_queue(name).count for name in settings.RQ_QUEUES}
    except RedisError:
        return {}


def job(function: Callable[..., None]) -> Callable[..., None]:
    """Make an RQ entry point. Workers live long, so a broken database connection is replaced before each job."""

    @wraps(function)
    def with_live_connection(*args: Any) -> None:
        close_old_connections()
        try:
            function(*args)
        except Exception:
            logger.exception("The job %s%s failed.", function.__name__, args)
            raise

    return with_live_connection


@job
def check_rows(upload_id: int) -> None:
    row_import.check_rows(upload_id)


@job
def check_correction(correction_id: int) -> None:
    if upload_id := corrections.check_correction(correction_id):
        enqueue("planning", plan_upload, upload_id)


# Jobs that were enqueued before an upgrade still carry this name.
check_continuation = check_correction


@job
def plan_upload(upload_id: int) -> None:
    plan(upload_id)


def plan(upload_id: int) -> None:
    reuse.suppress_since_check(upload_id)
    reuse.reuse_since_check(upload_id)
    packing.plan_upload(upload_id)


@job
def submit_batch(batch_id: int) -> None:
    if upload_id := dispatch.submit_batch(batch_id):
        enqueue("planning", plan_upload, upload_id)


@job
def digest_batch(batch_id: int) -> None:
    if upload_id := digests.digest_batch(batch_id):
        enqueue("results", digest_upload, upload_id)


@job
def digest_upload(upload_id: int) -> None:
    digests.digest_upload(upload_id)


@job
def purge_expired() -> None:
    if not retention.purge_expired(read_now(), PURGE_SECONDS):
        enqueue("results", purge_expired)


# What users decide, together with the job that follows from it.


def check(upload: Upload, trace_settings: TraceSettings, user: User | None) -> bool:
    """Save the settings of a list and check its rows with them. Return False if the list has changed since."""
    if not accept_settings(upload, trace_settings, user):
        return False
    enqueue("intake", check_rows, upload.pk)
    return True


def receive_corrections(upload: Upload, file: File, user: User) -> Correction:
    """Store a corrected file and check its rows. Raise UnreadableFile."""
    correction = corrections.receive(upload, file, user)
    enqueue("intake", check_correction, correction.pk)
    return correction


def start(upload: Upload, user: User | None, revision: int | None = None) -> UploadStatus | None:
    """Start a list like `spending.start`, and plan it if it is running then."""
    return plan_started(upload, spending.start(upload, user, revision))


def approve(upload: Upload, user: User, revision: int | None) -> UploadStatus | None:
    """Approve a list like `spending.approve`, and plan it."""
    return plan_started(upload, spending.approve(upload, user, revision))


def plan_started(upload: Upload, status: UploadStatus | None) -> UploadStatus | None:
    if status == UploadStatus.RUNNING:
        enqueue("planning", plan_upload, upload.pk)
    return status


def rerun(items: ItemQuerySet, user: User) -> Counter[int]:
    """Re-run people like `decisions.rerun`, and plan them. Return upload id → number of people."""
    moved = decisions.rerun(items, user)
    for upload_id in moved:
        enqueue("planning", plan_upload, upload_id)
    return moved


def close(batch: Batch, user: User) -> bool:
    """Close a batch like `closing.close_manually`, and digest it."""
    is_closed = closing.close_manually(batch, user)
    if is_closed:
        enqueue("results", digest_batch, batch.pk)
    return is_closed


# After a restored backup or a long outage


def doubt_open_work(reason: str) -> int:
    """Block sending, and put all open batches in doubt until a user decides. Return how many were not in doubt before.

    Unplanned people are planned first, since they may have been sent in a batch that this database does not know. So
    are people who wait for another list, and rows of a corrected file that was being checked are not applied.
    """
    dispatch.block_sending(reason)
    corrections.fail_unfinished()
    overlaps.release_all()
    while unplanned := packing.list_unplanned_uploads(UPLOAD_STARTED):
        for upload_id in unplanned:
            plan(upload_id)
    return doubt.mark_in_doubt()


# What is due


class Steps:
    """Steps that run one after the other. Other apps add their own."""

    def __init__(self) -> None:
        self.steps: list[Callable[[datetime], object]] = []

    def __call__(self, *steps: Callable[[datetime], object]) -> None:
        """Add steps. Raise ValueError if one has been added already."""
        for step in steps:
            if step in self.steps:
                raise ValueError(f"The step {step.__name__} is registered already.")
            self.steps.append(step)

    def run(self) -> None:
        """Run all steps. A step that fails does not stop the others, and runs again the next time.

        The database's clock decides what is due, because a host's clock may be wrong.
        """
        try:
            now = read_now()
        except StorageError as error:
            logger.error("The steps wait for the database: %s", type(error).__name__)
            return
        for step in self.steps:
            try:
                step(now)
            except Exception:
                logger.exception("The step %s failed.", step.__name__)


every_second = Steps()
every_minute = Steps()


def close_batches(now: datetime) -> None:
    for batch_id in closing.list_closable(now):
        if upload_id := closing.close_batch(batch_id):
            enqueue("planning", plan_upload, upload_id)
        enqueue("results", digest_batch, batch_id)


def resolve_waiting(now: datetime) -> None:
    for upload_id in overlaps.resolve_waiting(now):
        enqueue("planning", plan_upload, upload_id)


def send_batches(now: datetime) -> None:
    for batch_id in dispatch.choose_batches(now):
        enqueue("vendor", submit_batch, batch_id)


def plan_uploads(_now: datetime) -> None:
    for upload_id in packing.list_unplanned_uploads():
        enqueue("planning", plan_upload, upload_id)


def check_stopped_uploads(now: datetime) -> None:
    stopped = Upload.objects.filter(status=UploadStatus.CHECKING, heartbeat_at__lt=now - STALE_AFTER)
    for upload_id in stopped.values_list("pk", flat=True):
        enqueue("intake", check_rows, upload_id)
    corrections_stopped = Correction.objects.filter(
        status=CorrectionStatus.CHECKING, heartbeat_at__lt=now - STALE_AFTER
    )
    for correction_id in corrections_stopped.values_list("pk", flat=True):
        enqueue("intake", check_correction, correction_id)


def purge_if_due(now: datetime) -> None:
    if retention.is_due(now):
        enqueue("results", purge_expired)


def digest_leftovers(now: datetime) -> None:
    batches, uploads = digests.list_undigested(now)
    for batch_id in batches:
        enqueue("results", digest_batch, batch_id)
    for upload_id in uploads:
        enqueue("results", digest_upload, upload_id)


retention.register(*filing.RETAINED_ANSWERS, digests.RETAINED_DETAILS)
every_second(
    closing.adopt_answered,
    closing.record_first_results,
    close_batches,
    resolve_waiting,
    closing.complete_uploads,
    receipts.count_changed,
    send_batches,
    pace.tally_minutes,
)
# Work that may have been left behind.
every_minute(
    decisions.mark_lost_calls,
    decisions.resend_by_policy,
    pausing.cancel_leftovers,
    plan_uploads,
    check_stopped_uploads,
    digest_leftovers,
    purge_if_due,
    stored_files.delete_orphans,
    pace.purge_minutes,
    receivers.delete_dead,
    vendor_keys.expect_first,
)


def tick() -> None:
    """Do what is due at once. Call it once a second."""
    every_second.run()


def sweep() -> None:
    """Find and enqueue everything that is due. Call it once a minute."""
    every_minute.run()
    tick()
