"""Lists of ten teams are traced over ten vendor accounts at once, each with a key, a queue and a pace of its own."""

import csv
from collections import Counter

import pytest
import requests

from tests.factories import HEADER, person
from tests.support.portal import Vendor, run_portal
from tests.support.services import free_port
from tests.support.vendor_accounts import add_accounts, make_keys, start_list, vendor_options

KEYS = make_keys(10)
PEOPLE = 40
SENT_OVER = "{b.vendor_id: b.account and b.account.name for b in Batch.objects.select_related('account')}"
TOKEN = "Batch.objects.get(account__name='Account key-1').token"


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    address = f"http://127.0.0.1:{free_port()}"
    directory = tmp_path_factory.mktemp("p") / "v"
    with run_portal(directory, REALESTATEAPI_KEY="a-key", REALESTATEAPI_URL=address) as portal:
        yield portal


@pytest.fixture
def vendor(portal, tmp_path):
    vendor = Vendor(portal, "--store", tmp_path / "vendor.sqlite3", *vendor_options(KEYS))
    yield vendor
    vendor.stop()


def write_list(path, last_name):
    """Write a list of people who are in no other list."""
    rows = [person(number, **{"Last Name": last_name}) for number in range(1, PEOPLE + 1)]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def test_each_list_is_sent_answered_and_filed_over_its_own_account(portal, vendor, tmp_path):
    add_accounts(portal, KEYS, find_team=lambda key: f"Team {key}")
    teams = [None, *(f"Team {key}" for key in KEYS)]
    for number, team in enumerate(teams):
        path = write_list(tmp_path / f"{number}.csv", f"Abbott{chr(ord('a') + number)}")
        start_list(portal, path, f"List {number}", team)
    portal.wait_until(lambda: portal.ask("Upload.objects.filter(status='complete').count()") == len(teams), "the lists")
    books = vendor.books()
    assert len(books) == len(teams)
    names = [None, *(f"Account {key}" for key in KEYS)]
    assert {batch["batchId"]: names[batch["account"]] for batch in books} == portal.ask(SENT_OVER)
    assert Counter(batch["account"] for batch in books) == Counter(range(len(teams)))
    # Every delivery was accepted, everybody was bought once, and everybody has an answer.
    assert {batch["delivered"] for batch in books} == {PEOPLE}
    outcomes = portal.ask("list(Item.objects.values_list('outcome', flat=True).distinct().order_by('outcome'))")
    assert set(outcomes) <= {"error", "matched", "no_match"}
    assert portal.ask("Item.objects.count()") == PEOPLE * len(teams)
    assert portal.ask("UnmatchedDelivery.objects.count()") == 0
    deliver = f"{portal.address}/webhooks/item/{portal.ask(TOKEN)}/"
    statuses = [requests.post(deliver, data=b"{}", headers={"x-api-key": key}, timeout=60).status_code for key in KEYS]
    # An answer without a key is kept as an unmatched delivery.
    assert statuses == [200] + [401] * 9
    assert portal.ask("UnmatchedDelivery.objects.count()") == 1
    assert requests.get(f"{portal.address}/readyz", timeout=60).status_code == 200
