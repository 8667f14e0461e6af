"""Companies, trusts and estates are shown and found by their name in the file, although this name is not sent."""

from importlib import import_module

import pytest
from django.apps import apps
from django.utils.html import escape

from batches.intake.row_check import check
from batches.intake.suppression import suppress_items
from batches.models import Digest, Item, Suppression
from batches.results import digests
from batches.results.search import search_people
from tests.factories import to_csv

pytestmark = pytest.mark.django_db
HEADER = ["Owner", "Mailing Address", "Mailing City", "Mailing State", "Mailing Zip"]
NAMES = ["BLUE HERON PROPERTIES LLC", "ESTATE OF SUSAN O'NEIL", "ZIMMER FAMILY TRUST", "Ada Abbott"]


def make_rows():
    return [[name, f"{n} Oak St", "Herndon", "VA", "20170"] for n, name in enumerate(NAMES, 1)]


@pytest.fixture
def upload(start_upload):
    upload = start_upload(to_csv(make_rows(), header=HEADER))
    digests.digest_upload(upload.pk)
    return upload


def read_owner_names(upload):
    """Return the name in the file of each row, in the order of the file."""
    return list(upload.items.order_by("row_number").values_list("owner_name", flat=True))


def test_names_in_the_file_are_stored_and_not_sent(upload):
    assert read_owner_names(upload) == [*NAMES[:3], ""]
    company = upload.items.get(row_number=2)
    assert (company.first_name, company.last_name, company.asked_name) == ("", "", "")
    assert (company.shown_name, company.owner_tag) == ("BLUE HERON PROPERTIES LLC", "company")
    assert [item.owner_tag for item in upload.items.order_by("row_number")] == ["company", "estate", "trust", ""]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"last_name": "BLUE HERON PROPERTIES LLC"}, "BLUE HERON PROPERTIES LLC"),
        ({"first_name": "BLUE", "middle_name": "HERON", "last_name": "LLC"}, "BLUE HERON LLC"),
        ({"last_name": "ZIMMER FAMILY", "first_name": "TRUST"}, "ZIMMER FAMILY TRUST"),
        ({"first_name": "UNKNOWN", "last_name": "OWNER", "full_name": "ACME LLC"}, "ACME LLC"),
        ({"first_name": "Ada", "last_name": "Abbott"}, ""),
        ({"full_name": "X" * 300 + " LLC"}, "X" * 255),
    ],
)
def test_the_name_of_a_company_is_put_together_in_the_order_of_the_file(fields, name):
    assert check(fields | {"mail_address": "1 Oak St", "mail_city": "Herndon", "mail_state": "VA"}).owner_name == name


def test_columns_with_the_last_name_first_keep_their_order(make_upload):
    header = ["Last Name", "First Name", *HEADER[1:]]
    rows = [
        ["ZIMMER FAMILY", "TRUST", "1 Oak St", "Herndon", "VA", "20170"],
        ["Abbott", "Ada", "2 Oak St", "Herndon", "VA", "20170"],
        ["Abbott", "Ada", "3 Oak St", "Herndon", "VA", "20170"],
    ]
    assert read_owner_names(make_upload(to_csv(rows, header=header)))[0] == "ZIMMER FAMILY TRUST"


def test_an_invalid_row_keeps_its_name(make_upload):
    rows = [*make_rows(), ["ACME LLC", "", "Herndon", "VA", "20170"]]
    assert read_owner_names(make_upload(to_csv(rows, header=HEADER)))[-1] == "ACME LLC"


@pytest.mark.parametrize("text", ["blue heron", "heron prop", "susan oneil", "zimmer trust"])
def test_companies_are_found_by_their_names(upload, text):
    assert len(search_people(text, None).ids) == 1


def test_companies_are_named_with_their_kind_in_tables_titles_and_searches(browser, upload):
    company = upload.items.get(row_number=2)
    shown = '<bdi>BLUE HERON PROPERTIES LLC</bdi> <span class="tag">company</span>'
    pages = [
        f"/items/?upload={upload.pk}",
        "/items/",
        "/items/?q=blue+heron",
        "/find/?q=blue+heron",
        f"/items/{company.pk}/",
    ]
    for page in pages:
        assert shown in browser.get(page).content.decode(), page


def test_companies_are_sorted_among_people(browser, upload):
    company, estate, trust, person = NAMES
    expected = [person, company, estate, trust]
    for sort, names in (("person", expected), ("-person", expected[::-1])):
        page = browser.get(f"/items/?upload={upload.pk}&sort={sort}").content.decode()
        positions = [page.index(f"<bdi>{escape(name)}") for name in names]
        assert positions == sorted(positions)


def test_the_admin_names_companies(client, charlie, upload):
    client.force_login(charlie)
    assert "BLUE HERON PROPERTIES LLC" in client.get("/admin/batches/item/").content.decode()


def test_the_do_not_contact_list_names_companies(upload, alice):
    suppress_items(upload.items.filter(row_number=2), alice)
    assert Suppression.objects.get().label.startswith("BLUE HERON PROPERTIES LLC · 1 Oak St")


def test_the_migration_names_companies_that_were_stored_without_a_name(make_upload, upload):
    rows = [["ZIMMER FAMILY", "TRUST", "9 Oak St", "Herndon", "VA"], ["Abbott", "Ada", "8 Oak St", "Herndon", "VA"]]
    in_two_columns = make_upload(to_csv(rows * 2, header=["Last Name", "First Name", *HEADER[1:4]]))
    expected = read_owner_names(upload), read_owner_names(in_two_columns)
    Item.objects.update(owner_name="")
    Digest.objects.all().delete()
    digests.digest_upload(upload.pk)
    assert search_people("blue heron", None).ids == []
    migration = import_module("batches.migrations.0017_names_of_companies")
    migration.SLICE = 2
    migration.name_companies(apps, None)
    assert (read_owner_names(upload), read_owner_names(in_two_columns)) == expected
    assert len(search_people("blue heron", None).ids) == 1
    # A migration that was interrupted is run again.
    migration.name_companies(apps, None)
    assert (read_owner_names(upload), read_owner_names(in_two_columns)) == expected
