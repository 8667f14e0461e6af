"""Fill a portal so that every page has something to show, for accessibility tests and screenshots."""

import csv
import itertools

import requests

from tests.support.portal import ROOT

HEADER = ["First Name", "Last Name", "Address", "City", "State", "Zip"]
FIRST_NAMES = ["Ada", "Ben", "Clara", "Dan", "Ella"]
LAST_NAMES = ["Abbott", "Brooks", "Cole", "Doyle", "Evans", "Frost", "Gray"]
MAKE_LISTS = """
from django.core.files import File
from batches.intake import row_import, uploads
from batches.intake.trace_settings import TraceSettings
user = get_user_model().objects.get(is_superuser=True)
def receive_list(name):
    with open({path!r}, "rb") as file:
        return uploads.receive(File(file, name=name + ".csv"), user, name, source="County records")
receive_list("Orchard street")
ready = receive_list("Riverside owners")
uploads.accept_settings(ready, TraceSettings.from_upload(ready), user)
row_import.check_rows(ready.pk)
batch = Upload.objects.get(name="Heirs of last year").batches.first()
batch.items.update(outcome="pending", answer="", answered_at=None, answered_via=None, request_id="")
Batch.objects.filter(pk=batch.pk).update(status="unconfirmed", submitted_at="2026-01-01T00:00Z", completed_at=None,
    closed_at=None, problem="The connection broke before the answer.")
# This comes last, because the clock completes a running list without open batches.
Upload.objects.filter(pk=batch.upload_id).update(status="running", completed_at=None)
Upload.objects.exclude(created_by=user).update(created_by=user)
from datetime import date
from django.core.files.base import ContentFile
from batches.intake import scrub_files
from batches.numbers import scrubs
from batches.statuses import ScrubKind
registry = scrub_files.ScrubDetails(ScrubKind.REGISTRY, "Registry, 703", date(2026, 9, 1))
source = scrub_files.receive(ContentFile(b"7035550100\\n7035550101\\nunknown\\n", "703.txt"), registry, user)
scrubs.work_on(source.pk)
from batches import assignments, sharing
leads = Upload.objects.get(name="Spring leads")
few = leads.items.filter(row_number__lte=4)
assignments.assign(few, user, user)
sharing.share(few, {{}}, user, leads)
sharing.share(leads.items.all(), {{"upload": [str(leads.pk)]}}, user, leads)
from batches.models import LoadedFile
LoadedFile.objects.create(kind="outcomes", filename="calls.csv", status="done", row_count=3, taken_count=2,
    problem_count=1, problems=[[4, "Outcome", "“Gone” is not an outcome that skipportal knows."]], created_by=user)
from accounts.models import Team
from accounts.team import members
from accounts.encryption import encrypt
VendorAccount.objects.create(name="East", encrypted_key=encrypt("the-key-of-east"))
members.add(None, "gus", "gus@example.com", ["Lead"], [Team.objects.create(name="East")], with_mail=False)
"""
"""Code for the portal's shell. It makes a list without columns, a list ready to start, and an unconfirmed batch."""
FIND_RECORDS = """
from batches.intake.problem_groups import list_problems
def find_list(name):
    return Upload.objects.get(name=name)
def find_batch(name):
    return find_list(name).batches.order_by("number").first()
def find_person(outcome):
    return Item.objects.filter(upload__name="Spring leads", outcome=outcome).first()
def find_problem(name):
    upload = find_list(name)
    return f"{upload.get_absolute_url()}problems/{list_problems(upload)[0].key}/"
"""
"""Functions for the portal's shell that find what the pages show."""
ADDRESSES = """{
    "dashboard": "/",
    "lists": "/uploads/",
    "new list": "/uploads/new/",
    "new list, its file": find_list("Orchard street").get_absolute_url() + "file/",
    "new list, its columns": find_list("Orchard street").get_absolute_url() + "columns/",
    "new list, its review": find_list("Riverside owners").get_absolute_url(),
    "new list, rows with a problem": find_problem("Riverside owners"),
    "several new lists": "/uploads/together/?"
    + "&".join(f"list={find_list(name).pk}" for name in ("Orchard street", "Riverside owners")),
    "running list": find_list("County roll, north").get_absolute_url(),
    "list that needs a decision": find_list("Heirs of last year").get_absolute_url(),
    "completed list": find_list("Spring leads").get_absolute_url(),
    "history of a list": find_list("Spring leads").get_absolute_url() + "history/",
    "scorecard of a list": find_list("Spring leads").get_absolute_url() + "scorecard/",
    "export of a list": find_list("Spring leads").get_absolute_url() + "export/choose/",
    "batches": "/batches/",
    "batches in doubt": "/batches/in-doubt/",
    "running batch": find_batch("County roll, north").get_absolute_url(),
    "unconfirmed batch": find_batch("Heirs of last year").get_absolute_url(),
    "people": "/items/",
    "one person": "/items/new/",
    "people of a list": f"/items/?upload={find_list('Spring leads').pk}&outcome=matched",
    "my people": "/items/?assigned=me&columns=phone.assigned",
    "links you have shared": "/shared/",
    "matched person": find_person("matched").get_absolute_url(),
    "person without a match": find_person("no_match").get_absolute_url(),
    "invalid person": find_person("invalid").get_absolute_url(),
    "search results": "/find/?q=" + find_person("matched").last_name,
    "reports": "/reports/",
    "spend": "/spend/",
    "spend, custom period": "/spend/?period=custom&by=list",
    "search": "/search/?q=" + find_person("matched").last_name,
    "search, nothing found": "/search/?q=xyzzy",
    "scorecards": "/scorecards/",
    "reconciliation": "/reconciliation/",
    "audit log": "/audit/",
    "retention": "/retention/",
    "forget a person": "/forget/",
    "budget of a team": f"/team/teams/{Team.objects.get().pk}/budget/",
    "export of people of several lists": "/items/export/lists/?assigned=me",
    "exports": "/exports/",
    "certificate of an export": f"/exports/{Export.objects.order_by('pk').first().pk}/certificate/",
    "layouts": "/exports/layouts/",
    "new layout": "/exports/layouts/new/",
    "layout": "/exports/layouts/1/",
    "do-not-contact list": "/suppressions/",
    "do-not-contact list, add": "/suppressions/add/",
    "outcomes, upload": "/outcomes/upload/",
    "outcomes, what became of a file": f"/loaded-files/{LoadedFile.objects.get().pk}/",
    "scrub files": "/scrubs/",
    "scrub file, load": "/scrubs/load/",
    "scrub files, check with a provider": "/scrubs/check/",
    "scrub file": f"/scrubs/{ScrubSource.objects.get().pk}/",
    "unmatched deliveries": "/unmatched/",
    "unmatched delivery": "/unmatched/1/",
    "team": "/team/",
    "team, invite a user": "/team/invite/",
    "team, a user": f"/team/users/{get_user_model().objects.get(username='gus').pk}/",
    "team, a team": f"/team/teams/{Team.objects.get().pk}/",
    "tokens": "/tokens/",
    "security": "/settings/security/",
    "new password": "/settings/security/password/",
    "authenticator app": "/settings/security/app/",
    "new passkey": "/settings/security/passkeys/add/",
    "sessions": "/settings/security/sessions/",
    "notices": "/notices/",
    "settings": "/settings/",
    "settings, notices": "/settings/notices/",
    "endpoints": "/settings/endpoints/",
    "new endpoint": "/settings/endpoints/new/",
    "sending": "/settings/sending/",
    "backups": "/settings/backups/",
    "purposes": "/settings/purposes/",
    "purpose": "/settings/purposes/1/",
    "vendor key": "/settings/vendor-key/",
    "vendor accounts": "/settings/vendor-accounts/",
    "new vendor account": "/settings/vendor-accounts/new/",
    "vendor account": VendorAccount.objects.get().get_absolute_url(),
    "vendor account, its key": VendorAccount.objects.get().get_absolute_url() + "key/",
    "help": "/help/",
    "help, words": "/help/words/",
    "help, for clerks": "/help/clerk/",
    "help, for leads": "/help/lead/",
    "help, for callers": "/help/caller/",
    "API reference": "/api/v1/docs",
    "components": "/design/",
    "no such page": "/nowhere/",
    "admin": "/admin/",
    "admin, lists": "/admin/batches/upload/",
    "admin, a list": f"/admin/batches/upload/{find_list('Spring leads').pk}/change/",
    "admin, batches": "/admin/batches/batch/",
    "admin, people": "/admin/batches/item/",
    "admin, a person": f"/admin/batches/item/{find_person('matched').pk}/change/",
}"""
"""An expression for the portal's shell: page name → address."""
PAGES = [line.split('"')[1] for line in ADDRESSES.splitlines() if line.startswith('    "')]
"""The names of all pages. They are known before a portal runs, so that each can be a test."""


def fill_portal(portal, running_count=20_000):
    """Fill a new portal with lists in all states, one with `running_count` people. Return page name → address."""
    sample = ROOT / "static" / "sample.csv"
    for name in ("Spring leads", "Heirs of last year"):
        portal.trace_completely(sample, "--name", name, "--export", portal.directory / "export.csv")
    portal.do(MAKE_LISTS.format(path=str(sample)))
    headers = {"x-api-key": "sandbox"}
    requests.post(f"{portal.address}/webhooks/item/nobody/", data=b"{broken", headers=headers, timeout=60)
    make_list(portal, "County roll, north", running_count, "Oak", "normal")
    make_list(portal, "Cabell heirs", running_count // 10, "Elm", "low")
    wait_for_results(portal, "County roll, north")
    portal.do(FIND_RECORDS)
    return portal.ask(ADDRESSES)


def wait_for_results(portal, name):
    """Wait until the first person of a list is matched."""
    has_results = f"Item.objects.filter(upload__name={name!r}, outcome='matched').exists()"
    portal.wait_until(lambda: portal.ask(has_results), f"a result of {name}")


def make_list(portal, name, count, street, priority):
    """Start a list of this many people, all of whom live in one street."""
    names = itertools.cycle(itertools.product(FIRST_NAMES, LAST_NAMES))
    path = portal.directory / f"{street}.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(count):
            writer.writerow([*next(names), f"{number} {street} St", "Herndon", "VA", "20170"])
    portal.trace(path, "--name", name, "--priority", priority)
