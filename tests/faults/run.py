"""One run: lists are traced while things go wrong, a person decides what machines must not, and all is audited."""

import contextlib
import csv
import io
import random
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
from batches.models import Batch, Hold, Item, Upload
from batches.sandbox.faults import REFUSED_NAME
from batches.statuses import OPEN, STARTED, BatchStatus, Priority, UploadStatus
from tests.faults.cases import Missed
from tests.faults.checks import Audit
from webhooks.models import Stray

TIME_LIMIT = 150
"""Seconds after which a run that is not at its end counts as stuck: the longest lawful way takes some 90."""


@dataclass
class Outcome:
    name: str
    cases: list
    missed: list
    """Cases whose moment did not come."""
    items: int
    lost: int
    bought_twice: int
    by_decision: int
    missing: int
    seconds: float
    faults: list


def perform(stage, name, cases, luck):
    """Trace lists while `cases` happen. Return an Outcome; its `faults` are empty where all held."""
    begin = time.monotonic()
    stray_from = Stray.objects.aggregate(last=Max("pk"))["last"] or 0
    vendor = stage.start_vendor(name, [fault for case in cases for fault in case.faults])
    try:
        bad_rows = sum(case.bad_rows for case in cases)
        uploads = [start_list(f"{name}-{number}", size, bad_rows, luck) for number, size in enumerate(sizes(luck))]
        acts = [Act(case, stage, vendor, random.Random(luck.random()), uploads) for case in cases if case.act]
        for act in acts:
            act.start()
        person = Decider(stage.person, uploads, luck)
        end = time.monotonic() + TIME_LIMIT
        while time.monotonic() < end and (person.decide() or not is_over(uploads, vendor, acts)):
            time.sleep(0.2)
        for act in acts:
            act.join()
        are_replies_sure = not any("worker killed" in case.name for case in cases)
        audit = Audit(list(Upload.objects.filter(pk__in=uploads)), vendor, stray_from, are_replies_sure)
    finally:
        stage.stop_extras()
        vendor.stop()
    audit.faults += [act.fault for act in acts if act.fault] + stage.person.look_around(uploads[0])
    found = {name: getattr(audit, name) for name in ("lost", "bought_twice", "by_decision", "missing", "faults")}
    missed = [act.case.name for act in acts if act.is_missed]
    seconds = time.monotonic() - begin
    return Outcome(name, [case.name for case in cases], missed, items=len(audit.items), seconds=seconds, **found)


class Act(threading.Thread):
    """One case's act while the lists run. Afterwards `is_missed` and `fault` say how it went."""

    def __init__(self, case, *scene):
        super().__init__()
        self.case, self.scene, self.is_missed, self.fault = case, scene, False, ""

    def run(self):
        try:
            self.case.act(*self.scene)
        except Missed:
            self.is_missed = True
        except Exception as error:
            self.fault = f"{self.case.name}: {error!r}"
        finally:
            connections.close_all()


def sizes(luck):
    """Two or three lists; now and then one of few people, over the single endpoint, and one of more than a batch."""
    lists = [luck.randrange(20, 160) for _ in range(luck.randrange(2, 4))]
    lists += [luck.randrange(2, 10)] if luck.random() < 0.3 else []
    lists += [luck.randrange(1001, 1200)] if luck.random() < 0.1 else []
    return lists


def start_list(name, size, bad_rows, luck):
    """Upload, check and start a list of invented people. Return its id."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["First Name", "Last Name", "Address", "City", "State", "Zip"])
    bad = set(luck.sample(range(size), bad_rows)) if size > 20 else set()
    for number in range(size):
        last_name = REFUSED_NAME if number in bad else "Abbott"
        writer.writerow(["Ada", last_name, f"{number} {name} St", "Herndon", "VA", "20170"])
    file = ContentFile(out.getvalue().encode(), name=f"{name}.csv")
    upload = intake_uploads.receive(file, None, priority=luck.choice(Priority.values))
    intake_uploads.accept_settings(upload, TraceSettings.from_upload(upload), None)
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert jobs.start(upload, None)
    return upload.pk


def is_over(uploads, vendor, acts):
    """Whether the lists are complete, the vendor has delivered everything, and nothing is about to go wrong."""
    if any(act.is_alive() for act in acts):
        return False
    try:
        close_old_connections()
        over = [UploadStatus.COMPLETE, UploadStatus.CANCELLED]
        running = Upload.objects.filter(pk__in=uploads).exclude(status__in=over)
        open_batches = Batch.objects.filter(upload__in=uploads, status__in=OPEN)
        return not running.exists() and not open_batches.exists() and all(book["completed"] for book in vendor.books())
    except (StorageError, requests.RequestException):
        connection.close()
        return False


class Decider:
    """Presses the buttons that a person would, one way or the other, by luck.

    At the end, some try strays again, and re-run what is left.
    """

    def __init__(self, person, uploads, luck):
        self.person, self.uploads, self.luck = person, uploads, luck
        self.may_rerun = luck.random() < 0.3

    def decide(self):
        """Whether something was decided."""
        with contextlib.suppress(StorageError, requests.RequestException):
            return self.lift_holds() + self.decide_batches() + self.rerun() > 0
        connection.close()
        return True

    def lift_holds(self):
        holds = list(Hold.objects.in_force(timezone.now()))
        return sum(self.person.press(f"/holds/{hold.pk}/lift/") for hold in holds)

    def decide_batches(self):
        pressed = 0
        for batch in Batch.objects.filter(upload__in=self.uploads).needing_a_person():
            ways = ["give-up", "send-again"]
            if batch.status == BatchStatus.REFUSED:
                ways = ["give-up", "send-singly"]
            elif batch.to_be_decided_at > timezone.now():
                continue
            way = self.luck.choice(ways)
            pressed += self.person.press(f"/batches/{batch.pk}/{way}/", attempts=batch.attempts)
        return pressed

    def rerun(self):
        running = Upload.objects.filter(pk__in=self.uploads, status__in=STARTED)
        if not self.may_rerun or running.exists():
            return 0
        self.may_rerun = False
        for stray in Stray.objects.waiting()[:20]:
            self.person.press(f"/strays/{stray.pk}/try-again/")
        outcome = self.luck.choice(["missing", "error"])
        found = Item.objects.filter(upload__in=self.uploads, outcome=outcome)
        numbers = Counter(found.values_list("upload", flat=True))
        return sum(
            self.person.press(f"/uploads/{pk}/re-run/", outcome=f"{outcome}:{number}") for pk, number in numbers.items()
        )
