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
from datetime import timedelta

import requests
from django.core.files.base import ContentFile
from django.db import Error as StorageError
from django.db import close_old_connections, connection, connections
from django.db.models import Max
from django.utils import timezone

from accounts.models import Team
from batches import jobs
from batches.intake import row_import
from batches.intake import uploads as intake_uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import IS_IN_DOUBT, Batch, Item, SendingBlock, Upload
from batches.sandbox.faults import REFUSED_NAME
from batches.statuses import BATCH_OPEN, UPLOAD_STARTED, BatchStatus, Priority, UploadStatus
from batches.tracing.vendor_accounts import HELD
from tests.faults.acts.accounts import TEAMS
from tests.faults.acts.moments import Missed
from tests.faults.checks import Audit
from webhooks.models import UnmatchedDelivery

TIME_LIMIT = 400
"""Seconds after which an unfinished run counts as stuck. The longest correct runs take about 120."""
PACE = 120
"""Deliveries per second."""
SLOW_PACE = 50
"""Deliveries per second in runs that must last longer."""
HOLD_SECONDS = timedelta(seconds=4)
"""How long the simulated user leaves an account that is held."""
DECISION_BUTTON = re.compile(
    r'formaction="(?P<path>[^"]*/(?:send-again|close)/)" name="(?P<name>\w+)" value="(?P<value>\d*)"'
)
"""A button with which a user decides about batches."""


@dataclass
class RunResult:
    name: str
    cases: list
    missed: list
    """Cases whose act found no suitable moment."""
    items: int
    lost: int
    bought_twice: int
    by_decision: int
    """Number of people bought again because of a decision."""
    missing: int
    seconds: float
    faults: list
    """A sentence for each fault that was found."""


def run_cases(system, name, cases, rng):
    """Trace lists while `cases` happen. Return a RunResult, with empty `faults` if everything is right."""
    started_at = time.monotonic()
    unmatched_after = UnmatchedDelivery.objects.aggregate(last=Max("pk"))["last"] or 0
    missed = prepare(system, cases)
    is_long = any(case.is_long for case in cases)
    faults = [fault for case in cases for fault in case.faults]
    vendor = system.start_vendor(name, faults, SLOW_PACE if is_long else PACE)
    try:
        uploads = start_lists(name, cases, choose_sizes(rng, is_long), rng)
        cases_with_act = [case for case in cases if case.act and case.name not in missed]
        acts = [Act(case, system, vendor, random.Random(rng.random()), uploads) for case in cases_with_act]
        for act in acts:
            act.start()
        decider = Decider(system.user, uploads, rng)
        deadline = time.monotonic() + TIME_LIMIT
        while time.monotonic() < deadline and decide_and_check(system, decider, uploads, vendor, acts, unmatched_after):
            time.sleep(0.2)
        for act in acts:
            act.join()
        is_worker_killed = any("worker killed" in case.name for case in cases)
        lost_since_backup = next((act.result for act in acts if act.result), None)
        audit = Audit(
            list(Upload.objects.filter(pk__in=uploads)),
            vendor,
            unmatched_after,
            are_single_replies_checked=not is_worker_killed,
            since_backup=lost_since_backup,
        )
    finally:
        connections.close_all()
        try:
            system.reset()
        finally:
            vendor.stop()
    audit.faults += [act.fault for act in acts if act.fault] + system.user.find_broken_pages(uploads[0])
    if all(case.is_harmless for case in cases):
        audit.faults += audit.find_crowded()
    if audit.missing and all(case.is_harmless for case in cases):
        audit.faults.append(f"{audit.missing} people are missing although nothing prevented their answers")
    findings = {name: getattr(audit, name) for name in ("lost", "bought_twice", "by_decision", "missing", "faults")}
    missed += [act.case.name for act in acts if act.is_missed]
    seconds = time.monotonic() - started_at
    names = [case.name for case in cases]
    return RunResult(name, names, missed, items=len(audit.items), seconds=seconds, **findings)


def prepare(system, cases):
    """Prepare the system for its cases. Return the names of the cases for which a program is not installed."""
    missed = []
    for case in cases:
        try:
            if case.prepare:
                case.prepare(system)
        except Missed:
            missed.append(case.name)
    return missed


def decide_and_check(system, decider, uploads, vendor, acts, unmatched_after):
    """Decide as a user would. Return whether the run must continue."""
    with system.database_lock:
        try:
            return decider.decide() or not is_over(uploads, vendor, acts, unmatched_after)
        finally:
            # An act may replace the database before the next query.
            connection.close()


class Act(threading.Thread):
    """A thread that runs a case's act while lists run. `is_missed`, `fault` and `result` are set at its end."""

    def __init__(self, case, *arguments):
        super().__init__()
        self.case, self.arguments = case, arguments
        self.is_missed, self.fault, self.result = False, "", None

    def run(self):
        try:
            self.result = self.case.act(*self.arguments)
        except (Missed, StorageError):
            # If another act has made the database unavailable, this act could not happen.
            self.is_missed = True
        except Exception as error:
            self.fault = f"{self.case.name}: {error!r}"
        finally:
            connections.close_all()


def choose_sizes(rng, is_long):
    """Choose the sizes of two or three lists. Sometimes add one for the single endpoint, and one of several batches."""
    # Long acts need a list that is still running at their end. The order of the random calls is part of a seed.
    long_sizes = [rng.randrange(400, 600)] if is_long else []
    sizes = [rng.randrange(20, 160) for _ in range(rng.randrange(2, 4))]
    if rng.random() < 0.3:
        sizes.append(rng.randrange(2, 10))
    if rng.random() < 0.1:
        sizes.append(rng.randrange(1001, 1200))
    return sizes + long_sizes


def start_lists(name, cases, sizes, rng):
    """Start a list of each size. Return their ids."""
    refused_people = sum(case.refused_people for case in cases)
    has_same_people = any(case.has_same_people for case in cases)
    teams = [*TEAMS, None] if any(case.has_accounts for case in cases) else [None]
    ids = []
    for number, size in enumerate(sizes):
        list_name = f"{name}-{number}"
        street = name if has_same_people else list_name
        # The last list, which may be a long one, is of the team with two accounts.
        team = teams[(2 + number - len(sizes) + 1) % len(teams)]
        ids.append(start_list(list_name, street, size, refused_people, rng, team))
    return ids


def start_list(name, street, size, refused_people, rng, team_name):
    """Upload, check and start a list of a team, of invented people who live in `street`. Return its id."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["First Name", "Last Name", "Address", "City", "State", "Zip"])
    refused_rows = set(rng.sample(range(size), refused_people)) if size > 20 else set()
    for number in range(size):
        last_name = REFUSED_NAME if number in refused_rows else "Abbott"
        writer.writerow(["Ada", last_name, f"{number} {street} St", "Herndon", "VA", "20170"])
    file = ContentFile(out.getvalue().encode(), name=f"{name}.csv")
    team = Team.objects.get(name=team_name) if team_name else None
    upload = intake_uploads.receive(file, None, priority=rng.choice(Priority.values), team=team)
    intake_uploads.accept_settings(upload, TraceSettings.from_upload(upload), None)
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert jobs.start(upload, None)
    return upload.pk


def is_over(uploads, vendor, acts, unmatched_after):
    """Return whether the lists are complete, the vendor has delivered everything, and no act or retry is left."""
    if any(act.is_alive() for act in acts):
        return False
    try:
        close_old_connections()
        final = [UploadStatus.COMPLETE, UploadStatus.CANCELLED]
        running = Upload.objects.filter(pk__in=uploads).exclude(status__in=final)
        open_batches = Batch.objects.filter(upload__in=uploads, status__in=BATCH_OPEN)
        to_be_retried = UnmatchedDelivery.objects.waiting().filter(pk__gt=unmatched_after, next_try_at__isnull=False)
        is_any_left = running.exists() or open_batches.exists() or to_be_retried.exists()
        return not is_any_left and all(batch["completed"] for batch in vendor.books())
    except (StorageError, requests.RequestException):
        connection.close()
        return False


class Decider:
    """A simulated user who decides at random what the pages ask for.

    Some of these users also retry unmatched deliveries and re-run people at the end.
    """

    def __init__(self, user, uploads, rng):
        self.user, self.uploads, self.rng = user, uploads, rng
        self.may_rerun = rng.random() < 0.3

    def decide(self):
        """Make the decisions that are due. Return whether there were any."""
        with contextlib.suppress(StorageError, requests.RequestException):
            decisions = self.unblock_sending() + self.decide_doubts() + self.decide_batches() + self.rerun()
            return decisions > 0
        connection.close()
        return True

    def unblock_sending(self):
        blocks = SendingBlock.objects.in_force(timezone.now())
        blocks = blocks.exclude(reason=HELD, since__gt=timezone.now() - HOLD_SECONDS)
        return sum(self.user.press(f"/sending-blocks/{block.pk}/unblock/") for block in blocks)

    def decide_doubts(self):
        """Press a button on the page about batches in doubt: for a batch, a list, or all of them."""
        if not Batch.objects.filter(upload__in=self.uploads).in_doubt().exists():
            return 0
        offered = DECISION_BUTTON.findall(self.user.read("/batches/in-doubt/"))
        if not offered:
            return 0
        path, name, value = self.rng.choice(offered)
        return self.user.press(path, **{name: value})

    def decide_batches(self):
        decided = 0
        for batch in Batch.objects.filter(upload__in=self.uploads).needing_decision().exclude(IS_IN_DOUBT):
            actions = ["close", "send-again"]
            if batch.status == BatchStatus.REFUSED:
                actions = ["close", "send-singly"]
            elif batch.decision_due_at > timezone.now():
                continue
            action = self.rng.choice(actions)
            decided += self.user.press(f"/batches/{batch.pk}/{action}/", attempts=batch.attempts)
        return decided

    def rerun(self):
        """Once all lists have ended, retry unmatched deliveries and re-run people, if this user does that."""
        running = Upload.objects.filter(pk__in=self.uploads, status__in=UPLOAD_STARTED)
        if not self.may_rerun or running.exists():
            return 0
        self.may_rerun = False
        for delivery in UnmatchedDelivery.objects.waiting()[:20]:
            self.user.press(f"/unmatched/{delivery.pk}/try-again/")
        outcome = self.rng.choice(["missing", "error"])
        people = Item.objects.filter(upload__in=self.uploads, outcome=outcome)
        counts = Counter(people.values_list("upload", flat=True))
        return sum(
            self.user.press(f"/uploads/{pk}/re-run/", outcome=f"{outcome}:{count}") for pk, count in counts.items()
        )
