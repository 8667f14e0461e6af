"""One run: lists are traced while things go wrong, a person decides what machines must not, and all is audited."""

import contextlib
import csv
import io
import random
import threading
import time
from dataclasses import dataclass

import requests
from django.core.files.base import ContentFile
from django.db import Error as StorageError
from django.db import close_old_connections, connection
from django.db.models import Max
from django.utils import timezone

from batches import intake, jobs
from batches.models import Batch, BatchStatus, Hold, Item, Priority, Upload, UploadStatus
from batches.sandbox.faults import REFUSED_NAME
from tests.faults.checks import Audit
from webhooks.models import Stray

TIME_LIMIT = 150
"""Seconds after which a run that is not at its end counts as stuck: the longest lawful way takes some 90."""


@dataclass
class Outcome:
    name: str
    cases: list
    items: int
    lost: int
    bought_twice: int
    by_decision: int
    missing: int
    seconds: float
    faults: list


def perform(stage, name, cases, luck):
    """Trace lists while `cases` happen. Gives an Outcome; its `faults` are empty where all held."""
    begin = time.monotonic()
    stray_from = Stray.objects.aggregate(last=Max("pk"))["last"] or 0
    vendor = stage.start_vendor(name, [fault for case in cases for fault in case.faults])
    try:
        bad_rows = sum(case.bad_rows for case in cases)
        uploads = [start_list(f"{name}-{number}", size, bad_rows, luck) for number, size in enumerate(sizes(luck))]
        acts = [
            threading.Thread(target=case.act, args=[stage, vendor, random.Random(luck.random())])
            for case in cases
            if case.act
        ]
        for act in acts:
            act.start()
        person = Decider(stage.person, uploads, luck)
        end = time.monotonic() + TIME_LIMIT
        while time.monotonic() < end and (person.decide() or not is_over(uploads, vendor, acts)):
            time.sleep(0.3)
        for act in acts:
            act.join()
        stage.stop_extras()
        uploads = list(Upload.objects.filter(pk__in=uploads))
        audit = Audit(uploads, vendor, stray_from)
        pages = ["/", f"/uploads/{uploads[0].pk}/", f"/batches/{uploads[0].batches.first().pk}/", "/items/"]
        audit.faults += [f"{page} does not show" for page in pages if stage.person.look(page) != 200]
    finally:
        stage.stop_extras()
        vendor.stop()
    found = {name: getattr(audit, name) for name in ("lost", "bought_twice", "by_decision", "missing", "faults")}
    seconds = time.monotonic() - begin
    return Outcome(name, [case.name for case in cases], items=len(audit.items), seconds=seconds, **found)


def sizes(luck):
    """One list of many, and now and then one of few, which goes over the single endpoint."""
    return [luck.randrange(60, 320), *([luck.randrange(2, 10)] if luck.random() < 0.3 else [])]


def start_list(name, size, bad_rows, luck):
    """Upload, check and start a list of invented people. Gives its id."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["First Name", "Last Name", "Address", "City", "State", "Zip"])
    bad = set(luck.sample(range(size), bad_rows)) if size > 20 else set()
    for number in range(size):
        last_name = REFUSED_NAME if number in bad else "Abbott"
        writer.writerow(["Ada", last_name, f"{number} {name} St", "Herndon", "VA", "20170"])
    file = ContentFile(out.getvalue().encode(), name=f"{name}.csv")
    upload = intake.receive(file, None, priority=luck.choice(Priority.values))
    intake.accept_mapping(upload, upload.mapping, {}, [], None)
    intake.check_rows(upload.pk)
    upload.refresh_from_db()
    assert intake.start(upload, None)
    jobs.enqueue("planning", jobs.plan_upload, upload.pk)
    return upload.pk


def is_over(uploads, vendor, acts):
    """Whether the lists are complete, the vendor has delivered everything, and nothing is about to go wrong."""
    if any(act.is_alive() for act in acts):
        return False
    try:
        close_old_connections()
        running = Upload.objects.filter(pk__in=uploads).exclude(status=UploadStatus.COMPLETE)
        return not running.exists() and all(book["completed"] for book in vendor.books())
    except (StorageError, requests.RequestException):
        connection.close()
        return False


class Decider:
    """Presses the buttons that a person would: one way or the other, by luck, and re-runs once what is left."""

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
        complete = Upload.objects.filter(pk__in=self.uploads, status=UploadStatus.COMPLETE)
        if not self.may_rerun or complete.count() < len(self.uploads):
            return 0
        self.may_rerun = False
        outcome = self.luck.choice(["missing", "error"])
        found = (
            Item.objects.filter(upload__in=self.uploads, outcome=outcome).values_list("upload", flat=True).distinct()
        )
        return sum(self.person.press("/items/re-run/", upload=pk, outcome=outcome) for pk in list(found))
