"""RQ's entry points: they take ids, hold no logic, and enqueue what must follow. The only file that mentions RQ.

Every job may run twice or not at all: what it does is guarded in the database, and the sweep finds what is due.
"""

import logging
import secrets
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps

import django_rq
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import File
from django.db import close_old_connections
from django.utils import timezone
from redis.exceptions import RedisError
from rq.worker import SimpleWorker

from batches.intake import corrections, reuse, row_import
from batches.intake.trace_settings import TraceSettings
from batches.intake.uploads import accept_settings
from batches.models import Continuation, ItemQuerySet, Upload
from batches.reports import pace
from batches.results import digests
from batches.statuses import ContinuationStatus, UploadStatus
from batches.tracing import closing, decisions, dispatch, packing, pausing, spending

logger = logging.getLogger(__name__)

STALE = timedelta(seconds=60)
"""A reading job that has written nothing for so long is taken for dead."""


class Worker(SimpleWorker):
    """Does jobs in its own process: a fork would outlive it. After Redis was away it tries again within seconds."""

    max_connection_wait_time = 5


def enqueue(queue_name, function, *args):
    """Enqueue a job unless the same one is waiting already. Redis being down is no error: the sweep comes again."""
    name = "-".join([function.__name__, *map(str, args)])
    try:
        queue = django_rq.get_queue(queue_name)
        if not any(job_id.startswith(f"{name}--") for job_id in queue.job_ids):
            queue.enqueue(function, *args, job_id=f"{name}--{secrets.token_hex(4)}", result_ttl=0)
    except RedisError:
        logger.warning("Redis is not there; %s waits for the next sweep.", name)


def is_redis_there():
    try:
        return django_rq.get_connection("vendor").ping()
    except RedisError:
        return False


def queue_lengths():
    """Queue → jobs that wait in it; empty while Redis is away."""
    try:
        return {name: django_rq.get_queue(name).count for name in settings.RQ_QUEUES}
    except RedisError:
        return {}


def job(function):
    """Make an RQ entry point. Workers live long, so a dead database connection is replaced before the work begins."""

    @wraps(function)
    def with_live_connection(*args):
        close_old_connections()
        try:
            function(*args)
        except Exception:
            logger.exception("The job %s%s failed.", function.__name__, args)
            raise

    return with_live_connection


@job
def check_rows(upload_id):
    row_import.check_rows(upload_id)


@job
def check_continuation(continuation_id):
    if upload_id := corrections.check_continuation(continuation_id):
        enqueue("planning", plan_upload, upload_id)


@job
def plan_upload(upload_id):
    reuse.suppress_since_check(upload_id)
    reuse.reuse_since_check(upload_id)
    packing.plan_upload(upload_id)


@job
def submit_batch(batch_id):
    if upload_id := dispatch.submit_batch(batch_id):
        enqueue("planning", plan_upload, upload_id)


@job
def digest_batch(batch_id):
    if upload_id := digests.digest_batch(batch_id):
        enqueue("results", digest_upload, upload_id)


@job
def digest_upload(upload_id):
    digests.digest_upload(upload_id)


# What people decide, each with the job that follows from it: enqueued when the transaction, if there is one, commits.


def check(upload: Upload, trace_settings: TraceSettings, user: User | None) -> bool:
    """Save the settings of a list and read its rows with them. Return False if the list has gone on."""
    if not accept_settings(upload, trace_settings, user):
        return False
    enqueue("intake", check_rows, upload.pk)
    return True


def receive_corrections(upload: Upload, file: File, user: User) -> Continuation:
    """Keep a file of corrected rows and read it. Raises UnreadableFile and OverLimit."""
    continuation = corrections.receive(upload, file, user)
    enqueue("intake", check_continuation, continuation.pk)
    return continuation


def start(upload: Upload, user: User | None) -> UploadStatus | None:
    """Start a list as `spending.start` does, and plan it if it runs then."""
    return plan_started(upload, spending.start(upload, user))


def approve(upload: Upload, user: User) -> UploadStatus | None:
    """Approve a list as `spending.approve` does, and plan it."""
    return plan_started(upload, spending.approve(upload, user))


def plan_started(upload: Upload, status: UploadStatus | None) -> UploadStatus | None:
    if status == UploadStatus.RUNNING:
        enqueue("planning", plan_upload, upload.pk)
    return status


def rerun(items: ItemQuerySet, user: User) -> Counter:
    """Have people asked for once more as `decisions.rerun` does, and plan them. Return upload id → how many."""
    moved = decisions.rerun(items, user)
    for upload_id in moved:
        enqueue("planning", plan_upload, upload_id)
    return moved


# What is due


class Steps:
    """Steps that are taken one after the other. Other apps add their own."""

    def __init__(self) -> None:
        self.steps: list[Callable[[datetime], object]] = []

    def __call__(self, *steps: Callable[[datetime], object]) -> None:
        """Add steps. Raises ValueError for one that has been added already."""
        for step in steps:
            if step in self.steps:
                raise ValueError(f"The step {step.__name__} is registered already.")
            self.steps.append(step)

    def take(self) -> None:
        """Take each step for itself: one that fails holds up no other, and is tried again the next time."""
        now = timezone.now()
        for step in self.steps:
            try:
                step(now)
            except Exception:
                logger.exception("The step %s failed.", step.__name__)


every_second = Steps()
every_minute = Steps()


def close_batches(now):
    for batch_id in closing.list_closable(now):
        if upload_id := closing.close_batch(batch_id):
            enqueue("planning", plan_upload, upload_id)
        enqueue("results", digest_batch, batch_id)


def send_batches(now):
    for batch_id in dispatch.choose_batches(now):
        enqueue("vendor", submit_batch, batch_id)


def plan_uploads(_):
    for upload_id in packing.list_unplanned():
        enqueue("planning", plan_upload, upload_id)


def check_stopped_uploads(now):
    stopped = Upload.objects.filter(status=UploadStatus.CHECKING, heartbeat_at__lt=now - STALE)
    for upload_id in stopped.values_list("pk", flat=True):
        enqueue("intake", check_rows, upload_id)
    stopped = Continuation.objects.filter(status=ContinuationStatus.CHECKING, heartbeat_at__lt=now - STALE)
    for continuation_id in stopped.values_list("pk", flat=True):
        enqueue("intake", check_continuation, continuation_id)


def digest_leftovers(now):
    batches, uploads = digests.list_undigested(now)
    for batch_id in batches:
        enqueue("results", digest_batch, batch_id)
    for upload_id in uploads:
        enqueue("results", digest_upload, upload_id)


every_second(
    closing.adopt_answered,
    closing.note_first_results,
    close_batches,
    closing.complete_uploads,
    send_batches,
    pace.tally_minutes,
)
# What may have been left lying.
every_minute(
    decisions.find_lost_calls,
    decisions.resend_by_policy,
    pausing.cancel_leftovers,
    plan_uploads,
    check_stopped_uploads,
    digest_leftovers,
    closing.purge_expired,
    digests.purge_expired,
    pace.forget_minutes,
)


def tick() -> None:
    """Do what is due at once. Call it every second."""
    every_second.take()


def sweep() -> None:
    """Put everything that is due on its way again. Call it once a minute."""
    every_minute.take()
    tick()
