"""The entry points of RQ jobs. They take ids, contain no logic, and enqueue what follows. Only this file mentions RQ.

Any job may run twice or not at all: its work is guarded in the database, and the sweep finds whatever is due.
"""

import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import wraps
from inspect import signature
from typing import Any, NamedTuple, NoReturn, cast

import django_rq
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.files.base import File
from django.db import Error as StorageError
from django.db import close_old_connections, connection
from django.db.models import Q
from django.utils import timezone
from redis.exceptions import RedisError
from rq.queue import Queue
from rq.worker import BaseWorker, SimpleWorker

from batches import (
    assignments,
    call_files,
    calls,
    lease,
    partitions,
    retention,
    search_index,
    shared_files,
    sharing,
    spans,
)
from batches.counters import start_publishing, start_serving
from batches.database import name_error, read_now, refuse_broken_pool
from batches.intake import corrections, loaded_files, reuse, row_import, scrub_files, stored_files, suppression
from batches.intake.scrub_files import ScrubDetails
from batches.intake.trace_settings import TraceSettings
from batches.intake.uploads import accept_settings
from batches.log_context import in_log_context
from batches.models import Batch, Correction, ItemQuerySet, LoadedFile, NumberBackfill, ScrubCheck, ScrubSource, Upload
from batches.numbers import found, refresh, scrub_checks, scrubs
from batches.reports import pace
from batches.results import deciding, digests, emptying
from batches.statuses import UPLOAD_STARTED, CorrectionStatus, LoadedKind, UploadStatus
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
from batches.tracing.purposes import StatedPurpose

logger = logging.getLogger(__name__)

BACKFILL_SECONDS = 10
"""How long one job writes down the numbers of earlier answers, so that others get their turn."""
STALE_AFTER = timedelta(seconds=60)
"""A job that checks rows and has not recorded its heartbeat for this long counts as dead."""
STOP_MARK = "skipportal:stop-mark"
"""The key in Redis of the mark that an orderly stop leaves."""
WAKE_CHANNEL = "skipportal:wake"
"""The channel in Redis that all clocks listen to."""
LISTEN_SECONDS = 60
"""A clock that has heard nothing for this long checks its connection to Redis."""
RECONNECT_SECONDS = 5
PURGE_SECONDS = 20
"""How long one purge job runs. The rest is enqueued behind the other jobs in its queue."""


class Worker(SimpleWorker):
    """A worker that runs jobs in its own process, because a fork would outlive it, and reconnects to Redis soon."""

    max_connection_wait_time = 5

    def work(self, *args: Any, **kwargs: Any) -> bool:
        """Work as RQ's workers do, but refuse to start behind a connection pool that breaks prepared statements."""
        refuse_broken_pool()
        start_publishing(settings.METRICS_DIR)
        start_serving(settings.HOST, settings.METRICS_PORT, settings.METRICS_TOKEN)
        return super().work(*args, **kwargs)

    def procline(self, message: str) -> None:
        """Do nothing. RQ would rename the process for each job."""


def enqueue(queue_name: str, function: Callable[..., None], *args: Any) -> None:
    """Enqueue a job unless the same one is waiting already. If Redis is down, the next sweep tries again."""
    name = "-".join([function.__name__, *map(str, args)])
    try:
        queue = django_rq.get_queue(queue_name)
        if not any(job_id.startswith(f"{name}--") for job_id in queue.job_ids):
            queue.enqueue(function, *args, job_id=f"{name}--{secrets.token_hex(4)}", result_ttl=0)
    except RedisError:
        logger.warning("Redis is not available; %s waits for the next sweep.", name)


def wake_clock() -> None:
    """Make the clock do now what is due, and not only at its next tick. While Redis is down, it does so then."""
    with suppress(RedisError):
        django_rq.get_connection("vendor").publish(WAKE_CHANNEL, "")


def listen_for_wakes(wake: Callable[[], object]) -> NoReturn:
    """Call `wake` whenever the clock is woken, and also once Redis is back, because a call may have been missed."""
    while True:
        with suppress(RedisError), django_rq.get_connection("vendor").pubsub() as subscription:
            subscription.subscribe(WAKE_CHANNEL)
            while True:
                message = subscription.get_message(timeout=LISTEN_SECONDS)
                if message is None:
                    subscription.ping()
                elif message["type"] in ("subscribe", "message"):
                    wake()
        time.sleep(RECONNECT_SECONDS)


def leave_stop_mark() -> str:
    """Leave a new mark of an orderly stop in Redis. Return it, or "" while Redis is down."""
    mark = secrets.token_hex(16)
    try:
        django_rq.get_connection("vendor").set(STOP_MARK, mark)
    except RedisError:
        return lease.NO_MARK
    return mark


def read_stop_mark() -> str | None:
    """Return the mark of the last orderly stop, "" without one, or None while Redis is down."""
    try:
        return cast(bytes, django_rq.get_connection("vendor").get(STOP_MARK) or b"").decode()
    except RedisError:
        return None


def remove_stop_mark() -> None:
    """Remove the mark, so that from now on a backup from the time of that stop is recognised."""
    with suppress(RedisError):
        django_rq.get_connection("vendor").delete(STOP_MARK)


def is_redis_available() -> bool:
    try:
        return bool(django_rq.get_connection("vendor").ping())
    except RedisError:
        return False


class QueueState(NamedTuple):
    """What waits in a queue, and who works on it. A worker that was killed counts until its key in Redis expires."""

    waiting: int
    oldest_seconds: float
    """How long the first job has waited."""
    idle: int
    busy: int


def read_queues() -> dict[str, QueueState]:
    """Return queue → its state. While Redis is unavailable, the dictionary is empty."""
    try:
        workers = Worker.all(connection=django_rq.get_connection("vendor"))
        return {name: read_queue(django_rq.get_queue(name), workers) for name in settings.RQ_QUEUES}
    except RedisError:
        return {}


def read_queue(queue: Queue, workers: list[BaseWorker]) -> QueueState:
    first = next(iter(queue.get_jobs(0, 1)), None)
    waited = timezone.now() - first.enqueued_at if first and first.enqueued_at else timedelta()
    are_busy = [worker.get_state() == "busy" for worker in workers if queue.name in worker.queue_names()]
    return QueueState(
        queue.count, max(waited.total_seconds(), 0), idle=are_busy.count(False), busy=are_busy.count(True)
    )


def job(function: Callable[..., None]) -> Callable[..., None]:
    """Turn a function into an RQ entry point.

    A worker lives long, so a broken or old database connection is closed before each job. The log names the job and its
    arguments in each line.
    """
    names = list(signature(function).parameters)

    @wraps(function)
    def with_live_connection(*args: Any) -> None:
        close_old_connections()
        arguments = dict(zip(names, args, strict=False))
        list_id = spans.find_list(arguments)
        with in_log_context(job=function.__name__, **arguments), spans.span(function.__name__, list_id, arguments):
            try:
                function(*args)
            except Exception:
                logger.exception("The job %s%s failed.", function.__name__, args)
                raise

    return with_live_connection


@job
def check_rows(upload_id: int) -> None:
    row_import.check_rows(upload_id)
    wake_clock()


@job
def check_correction(correction_id: int) -> None:
    if upload_id := corrections.check_correction(correction_id):
        enqueue("planning", plan_upload, upload_id)
    wake_clock()


# Jobs that were enqueued before an upgrade still carry this name.
check_continuation = check_correction


@job
def plan_upload(upload_id: int) -> None:
    # The second wake is for the batches that were planned while the clock acted on the first. If the first is the only
    # one, another tick would only be in the way of the worker that sends it.
    if plan(upload_id, on_first=wake_clock) != 1:
        wake_clock()


def plan(upload_id: int, on_first: Callable[[], object] | None = None) -> int:
    """Plan a list like `packing.plan_upload`, without people whose answer or wish is known by now."""
    reuse.suppress_since_check(upload_id)
    reuse.reuse_since_check(upload_id)
    return packing.plan_upload(upload_id, on_first)


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
def record_earlier_numbers() -> None:
    if not digests.record_earlier_numbers(time.monotonic() + BACKFILL_SECONDS):
        enqueue("results", record_earlier_numbers)


@job
def mark_earlier_erased() -> None:
    if not refresh.mark_earlier_erased(time.monotonic() + BACKFILL_SECONDS):
        enqueue("results", mark_earlier_erased)


@job
def run_scrub_check(check_id: int) -> None:
    if source_id := scrub_checks.run(check_id):
        enqueue("intake", load_scrubs, source_id)


@job
def load_scrubs(source_id: int) -> None:
    scrubs.work_on(source_id)


@job
def load_file(file_id: int) -> None:
    call_files.work_on(file_id)


@job
def purge_expired() -> None:
    if retention.purge_expired(read_now(), PURGE_SECONDS):
        search_index.merge_daily(connection)
    else:
        enqueue("results", purge_expired)


# Decisions of users, each with the job that follows from it


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


def receive_scrubs(file: File, details: ScrubDetails, user: User | None) -> ScrubSource:
    """Store a scrub file and load it."""
    source = scrub_files.receive(file, details, user)
    enqueue("intake", load_scrubs, source.pk)
    return source


def receive_file(file: File, kind: LoadedKind, user: User | None, terms: dict[str, Any] | None = None) -> LoadedFile:
    """Store a file of outcomes or do-not-contact lines and take it in."""
    loaded = loaded_files.receive(file, kind, user, terms)
    enqueue("intake", load_file, loaded.pk)
    return loaded


def order_scrub_check(user: User, seen: scrub_checks.Offer) -> ScrubCheck:
    """Order a check of numbers like `scrub_checks.order`, and run it."""
    check = scrub_checks.order(user, seen)
    enqueue("messages", run_scrub_check, check.pk)
    return check


def remove_scrubs(source: ScrubSource, user: User) -> bool:
    """Take a scrub file out of force like `scrubs.remove`, and compare our numbers with what is left."""
    is_removed = scrubs.remove(source, user)
    if is_removed:
        enqueue("intake", load_scrubs, source.pk)
    return is_removed


def start(
    upload: Upload, user: User | None, revision: int | None = None, stated: StatedPurpose | None = None
) -> UploadStatus | None:
    """Start a list like `spending.start`, and plan it if it runs as a result."""
    return plan_started(upload, spending.start(upload, user, revision, stated))


def approve(upload: Upload, user: User, revision: int | None) -> UploadStatus | None:
    """Approve a list like `spending.approve`, and plan it."""
    return plan_started(upload, spending.approve(upload, user, revision))


def plan_started(upload: Upload, status: UploadStatus | None) -> UploadStatus | None:
    if status == UploadStatus.RUNNING:
        enqueue("planning", plan_upload, upload.pk)
    else:
        # It tells the approvers.
        wake_clock()
    return status


def decline(upload: Upload, user: User, reason: str) -> bool:
    """Decline to approve a list like `spending.decline`, and have the clock tell the user who asked."""
    is_declined = spending.decline(upload, user, reason)
    if is_declined:
        wake_clock()
    return is_declined


def rerun(items: ItemQuerySet, user: User) -> Counter[int]:
    """Re-run people like `decisions.rerun`, and plan them. Return upload id → number of people."""
    moved = decisions.rerun(items, user)
    for upload_id in moved:
        enqueue("planning", plan_upload, upload_id)
    return moved


def refresh_stale(upload: Upload, user: User, shown: int) -> int:
    """Re-run people with stale answers like `decisions.refresh_stale`, and plan them. Return how many."""
    refreshed = decisions.refresh_stale(upload, user, shown)
    if refreshed:
        enqueue("planning", plan_upload, upload.pk)
    return refreshed


def close(batch: Batch, user: User) -> bool:
    """Close a batch like `closing.close_manually`, and digest it."""
    is_closed = closing.close_manually(batch, user)
    if is_closed:
        enqueue("results", digest_batch, batch.pk)
    return is_closed


# After a restored backup or a long outage


def put_open_work_in_doubt(reason: str) -> int:
    """Block sending, and put all open batches in doubt until a user decides. Return how many are newly in doubt.

    Unplanned people, and those who wait for another list, are planned first: they may have been sent in a batch that
    this database does not know. Corrected files that are still being checked are not applied.
    """
    dispatch.block_sending(reason)
    corrections.fail_unfinished()
    overlaps.release_all_waiting()
    while unplanned := packing.list_unplanned_uploads(UPLOAD_STARTED):
        for upload_id in unplanned:
            plan(upload_id)
    return doubt.mark_in_doubt()


# What is due


class Steps:
    """Steps that the clock runs one after the other. Other apps add their own."""

    def __init__(self) -> None:
        self.steps: list[Callable[[datetime], object]] = []

    def add(self, *steps: Callable[[datetime], object]) -> None:
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
            logger.error("Cannot run the steps while the database is unavailable: %s", name_error(error))
            return
        for step in self.steps:
            try:
                step(now)
            except Exception:
                logger.exception("The step %s failed.", step.__name__)


urgent = Steps()
"""What users wait for: sending, closing and completing. These steps come first, also before a sweep."""
every_second = Steps()
every_minute = Steps()


def lift_expired_entries(now: datetime) -> None:
    suppression.lift_expired()


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


def resume_interrupted_checks(now: datetime) -> None:
    """Resume the checks of lists and corrected files whose job has died."""
    is_stale = Q(heartbeat_at__lt=now - STALE_AFTER)
    uploads = Upload.objects.filter(is_stale, status=UploadStatus.CHECKING)
    for upload_id in uploads.values_list("pk", flat=True):
        enqueue("intake", check_rows, upload_id)
    stale_corrections = Correction.objects.filter(is_stale, status=CorrectionStatus.CHECKING)
    for correction_id in stale_corrections.values_list("pk", flat=True):
        enqueue("intake", check_correction, correction_id)


def finish_scrubs(now: datetime) -> None:
    """Load scrub files whose job has died, and finish what follows from a change to a scrub file."""
    for check_id in scrub_checks.list_waiting(now):
        enqueue("messages", run_scrub_check, check_id)
    scrub_checks.end_interrupted(now)
    for source_id in scrubs.list_unfinished(now):
        enqueue("intake", load_scrubs, source_id)


def load_unfinished_files(now: datetime) -> None:
    """Go on with files of outcomes and do-not-contact lines whose job has died."""
    for file_id in loaded_files.list_unfinished(now):
        enqueue("intake", load_file, file_id)


def delete_ended_sessions(now: datetime) -> None:
    """Delete logins that have ended, with one statement that an index answers."""
    Session.objects.filter(expire_date__lt=now).delete()


def purge_if_due(now: datetime) -> None:
    if retention.is_due(now):
        enqueue("results", purge_expired)


def record_numbers_if_due(_now: datetime) -> None:
    """Write down the numbers of earlier answers, and mark those of erased people, once after the update."""
    if not NumberBackfill.objects.filter(done_at__isnull=False).exists():
        enqueue("results", record_earlier_numbers)
    if not NumberBackfill.objects.filter(erased_marked_at__isnull=False).exists():
        enqueue("results", mark_earlier_erased)


def digest_leftovers(now: datetime) -> None:
    batches, uploads = digests.list_undigested(now)
    for batch_id in batches:
        enqueue("results", digest_batch, batch_id)
    for upload_id in uploads:
        enqueue("results", digest_upload, upload_id)


retention.register(
    *filing.RETAINED_ANSWERS,
    digests.RETAINED_DETAILS,
    found.RETAINED_NUMBERS,
    *calls.RETAINED_CALLS,
    assignments.RETAINED_ASSIGNMENTS,
    deciding.RETAINED_DECISIONS,
    sharing.RETAINED_LINKS,
    *emptying.RETAINED_INPUTS,
    *stored_files.RETAINED_FILES,
    loaded_files.RETAINED_LOADED_FILES,
    *emptying.RETAINED_RECORDS,
)
urgent.add(send_batches, closing.adopt_answered, close_batches, closing.complete_uploads)
every_second.add(
    resolve_waiting,
    closing.record_first_results,
    receipts.count_changed,
    pace.tally_minutes,
)
# These find work that was left over.
every_minute.add(
    delete_ended_sessions,
    lift_expired_entries,
    decisions.mark_lost_calls,
    decisions.resend_by_policy,
    pausing.cancel_leftovers,
    plan_uploads,
    resume_interrupted_checks,
    digest_leftovers,
    finish_scrubs,
    load_unfinished_files,
    record_numbers_if_due,
    purge_if_due,
    stored_files.delete_orphans,
    pace.purge_minutes,
    receivers.delete_dead,
    vendor_keys.expect_own_key_if_none,
    shared_files.expect_own_files_if_none,
    partitions.extend,
)


def tick() -> None:
    """Do what is due now. The clock calls this once a second, or less often while no list is in progress."""
    urgent.run()
    every_second.run()


def sweep() -> None:
    """Find and enqueue work that was left over, and do what is due now. The clock calls this once a minute.

    Lists in progress do not wait for the search, and what it makes due is done at the end.
    """
    with suppress(StorageError):
        if closing.is_anything_in_progress():
            urgent.run()
    every_minute.run()
    tick()
