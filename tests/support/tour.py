"""Fill a portal so that every page has something to show, for accessibility tests and screenshots."""

import csv

import requests

from tests.support.portal import ROOT
from tests.support.services import wait_until

HEADER = ["First Name", "Last Name", "Address", "City", "State", "Zip"]
PREPARE = """
from django.core.files import File
from batches.intake import row_import, uploads
from batches.intake.trace_settings import TraceSettings
user = get_user_model().objects.get(is_superuser=True)
def receive(name):
    with open({path!r}, "rb") as file:
        return uploads.receive(File(file, name=name + ".csv"), user, name, source="County records")
receive("Orchard street")
ready = receive("Riverside owners")
uploads.accept_settings(ready, TraceSettings.from_upload(ready), user)
row_import.check_rows(ready.pk)
lost = Upload.objects.get(name="Heirs of last year").batches.first()
Upload.objects.filter(pk=lost.upload_id).update(status="running", completed_at=None)
Item.objects.filter(batch=lost).update(outcome="pending", answer="", answered_at=None, answered_via=None, request_id="")
problem = "The connection broke before the answer."
Batch.objects.filter(pk=lost.pk).update(status="unconfirmed", submitted_at="2026-01-01T00:00Z", completed_at=None,
    closed_at=None, problem=problem)
Upload.objects.exclude(created_by=user).update(created_by=user)
"""
ADDRESSES = """{
    "dashboard": "/",
    "lists": "/uploads/",
    "new list": "/uploads/new/",
    "new list, its file": find("Orchard street") + "file/",
    "new list, its columns": find("Orchard street") + "columns/",
    "new list, its review": find("Riverside owners"),
    "new list, rows with a problem": problem("Riverside owners"),
    "running list": find("County roll, north"),
    "list that needs a decision": find("Heirs of last year"),
    "completed list": find("Spring leads"),
    "history of a list": find("Spring leads") + "history/",
    "scorecard of a list": find("Spring leads") + "scorecard/",
    "export of a list": find("Spring leads") + "export/choose/",
    "batches": "/batches/",
    "batches in doubt": "/batches/in-doubt/",
    "running batch": find("County roll, north", "batches").get_absolute_url(),
    "unconfirmed batch": find("Heirs of last year", "batches").get_absolute_url(),
    "people": "/items/",
    "people of a list": f"/items/?upload={find('Spring leads', None).pk}&outcome=matched",
    "matched person": person("matched").get_absolute_url(),
    "person without a match": person("no_match").get_absolute_url(),
    "invalid person": person("invalid").get_absolute_url(),
    "search results": "/find/?q=" + person("matched").last_name,
    "scorecards": "/scorecards/",
    "reconciliation": "/reconciliation/",
    "exports": "/exports/",
    "layouts": "/exports/layouts/",
    "new layout": "/exports/layouts/new/",
    "layout": "/exports/layouts/1/",
    "do-not-contact list": "/suppressions/",
    "do-not-contact list, add": "/suppressions/add/",
    "unmatched deliveries": "/unmatched/",
    "unmatched delivery": "/unmatched/1/",
    "tokens": "/tokens/",
    "notices": "/notices/",
    "settings": "/settings/",
    "no such page": "/nowhere/",
    "admin": "/admin/",
    "admin, lists": "/admin/batches/upload/",
    "admin, a list": f"/admin/batches/upload/{find('Spring leads', None).pk}/change/",
    "admin, batches": "/admin/batches/batch/",
    "admin, people": "/admin/batches/item/",
    "admin, a person": f"/admin/batches/item/{person('matched').pk}/change/",
}"""
FIND = """
def find(name, part=""):
    upload = Upload.objects.get(name=name)
    return upload if part is None else upload.batches.order_by("number").first() if part else upload.get_absolute_url()
def problem(name):
    from batches.intake.problem_groups import list_problems
    upload = Upload.objects.get(name=name)
    return f"{upload.get_absolute_url()}problems/{list_problems(upload)[0].key}/"
def person(outcome):
    return Item.objects.filter(upload__name="Spring leads", outcome=outcome).first()
"""
PAGES = [line.split('"')[1] for line in ADDRESSES.splitlines() if line.startswith('    "')]


def fill_portal(portal, running_count=20_000):
    """Fill a new portal with lists in all states, one with `running_count` people. Return page name → address."""
    sample = ROOT / "static" / "sample.csv"
    for name in ("Spring leads", "Heirs of last year"):
        portal.trace(sample, "--name", name, "--wait", "--timeout", "120", "--export", portal.directory / "x.csv")
    portal.do(PREPARE.format(path=str(sample)))
    headers = {"x-api-key": "sandbox"}
    requests.post(f"{portal.address}/webhooks/item/nobody/", data=b"{broken", headers=headers, timeout=5)
    make_list(portal, "County roll, north", running_count, "Oak", "normal")
    make_list(portal, "Cabell heirs", running_count // 10, "Elm", "low")
    has_results = "Item.objects.filter(upload__name='County roll, north', outcome='matched').exists()"
    wait_until(lambda: portal.ask(has_results), "the first results", 60)
    portal.do(FIND)
    return portal.ask(ADDRESSES)


def make_list(portal, name, count, street, priority):
    path = portal.directory / f"{street}.csv"
    with path.open("w", newline="") as file:
        rows = (
            [*person, f"{n} {street} St", "Herndon", "VA", "20170"]
            for n, person in zip(range(count), generate_names(), strict=False)
        )
        csv.writer(file).writerows([HEADER, *rows])
    portal.trace(path, "--name", name, "--priority", priority)


def generate_names():
    while True:
        for first in ("Ada", "Ben", "Clara", "Dan", "Ella"):
            for last in ("Abbott", "Brooks", "Cole", "Doyle", "Evans", "Frost", "Gray"):
                yield first, last
