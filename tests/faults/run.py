"""One run: trace lists while things go wrong, decide what a user must decide, and audit the results."""

import contextlib
import csv
import io
import random
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass

import requests
from django.core.files.base import ContentFile
from django.db import Error as StorageError
from django.db import close_old_connections, connection, connections
from django.db.models import Max
from django.utils import timezone

from batches import jobs
from batches.intake import row_import
from batches.intake import uploads as intake_uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import IS_IN_DOUBT, Batch, Item, SendingBlock, Upload
from batches.sandbox.faults import REFUSED_NAME
from batches.statuses import BATCH_OPEN, UPLOAD_STARTED, BatchStatus, Priority, UploadStatus
from tests.faults.acts.moments import Missed
from tests.faults.checks import Audit
from webhooks.models import UnmatchedDelivery

TIME_LIMIT = 180
"""Seconds after which an unfinished run counts as stuck. The longest correct runs take about 120."""
PACE = 120
"""Deliveries per second."""
SLOW_PACE = 50
BUTTON = re.compile(r'formaction="(?P<path>[^"]*/(?:send-again|close)/)" name="(?P<name>\w+)" value="(?P<value>\d*)"')
"""A button with which a page lets the user decide about batches."""


@dataclass
class Outcome:
    name: str
    cases: list
    missed: list
    """Cases whose act found no suitable moment."""
    items: int
    lost: int
    bought_twice: int
    by_decision: int
    missing: int
    seconds: float
    faults: list


def perform(system, name, cases, rng):
    """Trace lists while `cases` happen. Return an Outcome, without `faults` if everything is right."""
    begin = time.monotonic()
    unmatched_from = UnmatchedDelivery.objects.aggregate(last=Max("pk"))["last"] or 0
    missed = prepare(system, cases)
    is_long = any(case.is_long for case in cases)
    faults = [fault for case in cases for fault in case.faults]
    vendor = system.start_vendor(name, faults, SLOW_PACE if is_long else PACE)
    try:
        uploads = start_lists(name, cases, choose_sizes(rng, is_long), rng)
        acting = [case for case in cases if case.act and case.name not in missed]
        acts = [Act(case, system, vendor, random.Random(rng.random()), uploads) for case in acting]
        for act in acts:
            act.start()
        person = Decider(system.person, uploads, rng)
        end = time.monotonic() + TIME_LIMIT
        while time.monotonic() < end and decide_and_check(system, person, uploads, vendor, acts, unmatched_from):
            time.sleep(0.2)
        for act in acts:
            act.join()
        are_replies_sure = not any("worker killed" in case.name for case in cases)
        since_backup = next((act.result for act in acts if act.result), None)
        audit = Audit(
            list(Upload.objects.filter(pk__in=uploads)), vendor, unmatched_from, are_replies_sure, since_backup
        )
    finally:
        connections.close_all()
        try:
            system.reset()
        finally:
            vendor.stop()
    audit.faults += [act.fault for act in acts if act.fault] + system.person.find_broken_pages(uploads[0])
    if audit.missing and all(case.is_harmless for case in cases):
        audit.faults.append(f"{audit.missing} people are missing although nothing kept their answers away")
    found = {name: getattr(audit, name) for name in ("lost", "bought_twice", "by_decision", "missing", "faults")}
    missed += [act.case.name for act in acts if act.is_missed]
    seconds = time.monotonic() - begin
    return Outcome(name, [case.name for case in cases], missed, items=len(audit.items), seconds=seconds, **found)


def prepare(system, cases):
    """Prepare the system for its cases. Return the names of those that are impossible here."""
    missed = []
    for case in cases:
        try:
            if case.prepare:
                case.prepare(system)
        except Missed:
            missed.append(case.name)
    return missed


def decide_and_check(system, person, uploads, vendor, acts, unmatched_from):
    """Decide as a user would. Return whether the run must continue."""
    with system.database_lock:
        try:
            return person.decide() or not is_over(uploads, vendor, acts, unmatched_from)
        finally:
            # The next query may be to another database.
            connection.close()


class Act(threading.Thread):
    """A case's act, in its own thread while lists run. `is_missed`, `fault` and `result` are set at its end."""

    def __init__(self, case, *arguments):
        super().__init__()
        self.case, self.arguments, self.is_missed, self.fault = case, arguments, False, ""
        self.result = None

    def run(self):
        try:
            self.result = self.case.act(*self.arguments)
        except (Missed, StorageError):
            # Without the database, which another act may have taken away, it has had no chance.
            self.is_missed = True
        except Exception as error:
            self.fault = f"{self.case.name}: {error!r}"
        finally:
            connections.close_all()


def choose_sizes(rng, is_long):
    """Choose the sizes of two or three lists. Sometimes add one for the single endpoint, and one of several batches."""
    # Long acts need a list that is still running at their end.
    long_one = [rng.randrange(400, 600)] if is_long else []
    lists = [rng.randrange(20, 160) for _ in range(rng.randrange(2, 4))]
    lists += [rng.randrange(2, 10)] if rng.random() < 0.3 else []
    lists += [rng.randrange(1001, 1200)] if rng.random() < 0.1 else []
    return lists + long_one


def start_lists(name, cases, sizes, rng):
    """Start a list of each size. Return their ids."""
    bad_rows = sum(case.bad_rows for case in cases)
    are_same = any(case.same_people for case in cases)
    names = [f"{name}-{number}" for number in range(len(sizes))]
    return [
        start_list(one, name if are_same else one, size, bad_rows, rng) for one, size in zip(names, sizes, strict=True)
    ]


def start_list(name, street, size, bad_rows, rng):
    """Upload, check and start a list of invented people who live in `street`. Return its id."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["First Name", "Last Name", "Address", "City", "State", "Zip"])
    bad = set(rng.sample(range(size), bad_rows)) if size > 20 else set()
    for number in range(size):
        last_name = REFUSED_NAME if number in bad else "Abbott"
        writer.writerow(["Ada", last_name, f"{number} {street} St", "Herndon", "VA", "20170"])
    file = ContentFile(out.getvalue().encode(), name=f"{name}.csv")
    upload = intake_uploads.receive(file, None, priority=rng.choice(Priority.values))
    intake_uploads.accept_settings(upload, TraceSettings.from_upload(upload), None)
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert jobs.start(upload, None)
    return upload.pk


def is_over(uploads, vendor, acts, unmatched_from):
    """Return whether the lists are complete, the vendor has delivered everything, and no act or retry is left."""
    if any(act.is_alive() for act in acts):
        return False
    try:
        close_old_connections()
        over = [UploadStatus.COMPLETE, UploadStatus.CANCELLED]
        running = Upload.objects.filter(pk__in=uploads).exclude(status__in=over)
        open_batches = Batch.objects.filter(upload__in=uploads, status__in=BATCH_OPEN)
        retried = UnmatchedDelivery.objects.waiting().filter(pk__gt=unmatched_from, next_try_at__isnull=False)
        is_any_left = running.exists() or open_batches.exists() or retried.exists()
        return not is_any_left and all(book["completed"] for book in vendor.books())
    except (StorageError, requests.RequestException):
        connection.close()
        return False


class Decider:
    """A user who presses the buttons of the pages at random.

    Some users also retry unmatched deliveries and re-run people at the end.
    """

    def __init__(self, person, uploads, rng):
        self.person, self.uploads, self.rng = person, uploads, rng
        self.may_rerun = rng.random() < 0.3

    def decide(self):
        """Make the decisions that are due. Return whether there were any."""
        with contextlib.suppress(StorageError, requests.RequestException):
            return self.unblock_sending() + self.decide_doubts() + self.decide_batches() + self.rerun() > 0
        connection.close()
        return True

    def unblock_sending(self):
        blocks = list(SendingBlock.objects.in_force(timezone.now()))
        return sum(self.person.press(f"/sending-blocks/{block.pk}/unblock/") for block in blocks)

    def decide_doubts(self):
        """Press a button on the page about batches in doubt: for a batch, a list, or all of them."""
        if not Batch.objects.filter(upload__in=self.uploads).in_doubt().exists():
            return 0
        offered = BUTTON.findall(self.person.read("/batches/in-doubt/"))
        if not offered:
            return 0
        path, name, value = self.rng.choice(offered)
        return self.person.press(path, **{name: value})

    def decide_batches(self):
        pressed = 0
        for batch in Batch.objects.filter(upload__in=self.uploads).needing_decision().exclude(IS_IN_DOUBT):
            ways = ["close", "send-again"]
            if batch.status == BatchStatus.REFUSED:
                ways = ["close", "send-singly"]
            elif batch.to_be_decided_at > timezone.now():
                continue
            way = self.rng.choice(ways)
            pressed += self.person.press(f"/batches/{batch.pk}/{way}/", attempts=batch.attempts)
        return pressed

    def rerun(self):
        running = Upload.objects.filter(pk__in=self.uploads, status__in=UPLOAD_STARTED)
        if not self.may_rerun or running.exists():
            return 0
        self.may_rerun = False
        for delivery in UnmatchedDelivery.objects.waiting()[:20]:
            self.person.press(f"/unmatched/{delivery.pk}/try-again/")
        outcome = self.rng.choice(["missing", "error"])
        found = Item.objects.filter(upload__in=self.uploads, outcome=outcome)
        numbers = Counter(found.values_list("upload", flat=True))
        return sum(
            self.person.press(f"/uploads/{pk}/re-run/", outcome=f"{outcome}:{number}") for pk, number in numbers.items()
        )
