"""The admin shows and searches all models, and never reads all of a long table."""

import re
from importlib import import_module

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_rq.models import Dashboard

from accounts.models import Team
from api.models import ApiToken
from batches.models import (
    Batch,
    Correction,
    EarlierAnswer,
    Event,
    Export,
    ExportLayout,
    Item,
    MappingTemplate,
    SavedView,
    SendingBlock,
    Suppression,
    TeamBudget,
    Upload,
)
from batches.tables import paging
from notices.models import Notice
from tests.factories import people
from tests.support.pages import read_page
from webhooks.models import Endpoint, Message, UnmatchedDelivery

pytestmark = pytest.mark.django_db
import_module("skipportal.urls")
MODELS = sorted(set(admin.site._registry) - {Dashboard}, key=lambda model: model.__name__)
LONG_TABLES = [Batch, Item, EarlierAnswer, Event, Message]


def admin_url(model, page="changelist", *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def make_records(start_upload, charlie):
    """Return a function that creates a record of every model in the admin. `number` makes their names unique."""

    def make(number):
        upload = start_upload(people(10, **{"Last Name": f"Abbott{number}"}), name=f"list{number}.csv")
        batch, item = upload.batches.get(), upload.items.order_by("pk").first()
        user = User.objects.create(username=f"user{number}")
        endpoint = Endpoint.objects.create(url=f"https://hooks{number}.example.com/", created_by=user)
        Group.objects.create(name=f"group{number}")
        ApiToken.objects.create_with_secret(user, f"token{number}")
        filename = f"corrected{number}.csv"
        Correction.objects.create(upload=upload, filename=filename, file_format={}, columns=[], created_by=user)
        EarlierAnswer.objects.create(item=item, batch=batch, outcome="error", answered_at=timezone.now())
        Event.objects.create(upload=upload, batch=batch, what="paused", user=user)
        Export.objects.create(upload=upload, user=user, layout="wide", format="csv")
        ExportLayout.objects.create(name=f"layout{number}", columns=[], created_by=user)
        SavedView.objects.create(user=user, table="people", name=f"view{number}")
        team = Team.objects.create(name=f"team{number}")
        TeamBudget.objects.create(team=team, month="2026-11-01", credits=100, set_by=user)
        SendingBlock.objects.create(reason=f"reason{number}", unblocked_by=user, unblocked_at=timezone.now())
        MappingTemplate.objects.create(
            name=f"template{number}", header=f"header{number}", columns=[], fields={}, created_by=user
        )
        Message.objects.create(endpoint=endpoint, upload=upload, body="{}")
        Notice.objects.create(
            user=user, upload=upload, batch=batch, kind="complete", subject=upload.pk, at=timezone.now(), text="Done."
        )
        UnmatchedDelivery.objects.create(kind="item", reason=f"reason{number}", body=b"{}", decided_by=user)
        Suppression.objects.create(kind="phone", key=f"703555010{number}", label=f"phone{number}", created_by=user)

    return make


@pytest.mark.parametrize("model", MODELS)
def test_every_model_can_be_listed_searched_and_opened(staff_browser, make_records, model):
    make_records(1)
    for params in ({}, {"q": "1"}, {"q": "12-1"}, {"q": "ab\0c"}, {"q": "99999999999999999999"}):
        assert staff_browser.get(admin_url(model), params).status_code == 200
    page = staff_browser.get(admin_url(model, "change", model.objects.first().pk))
    assert page.status_code == 200
    assert "default-src 'self'" in page["Content-Security-Policy"]
    assert "admin-portal.css" in page.content.decode()
    assert "Open the portal" in page.content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_more_records_do_not_take_more_queries(staff_browser, make_records, model):
    make_records(1)
    with CaptureQueriesContext(connection) as for_one:
        staff_browser.get(admin_url(model))
    make_records(2)
    make_records(3)
    with CaptureQueriesContext(connection) as for_three:
        staff_browser.get(admin_url(model))
    assert len(for_one) == len(for_three)


@pytest.mark.parametrize("model", MODELS)
def test_no_table_is_counted_beyond_the_limit(staff_browser, make_records, model):
    make_records(1)
    for params in ({}, {"q": "list"}, {"p": 2}, {"_facets": "True"}):
        with CaptureQueriesContext(connection) as queries:
            staff_browser.get(admin_url(model), params)
        counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
        assert counts or params == {"q": "list"}
        assert all("LIMIT 10001" in sql for sql in counts)


@pytest.mark.parametrize("model", LONG_TABLES)
def test_long_tables_are_searched_only_through_indexes(staff_browser, make_records, model):
    make_records(1)
    with CaptureQueriesContext(connection) as queries:
        staff_browser.get(admin_url(model), {"q": "list"})
    table = model._meta.db_table
    for sql in (query["sql"] for query in queries if f'FROM "{table}"' in query["sql"]):
        assert not re.search(rf'"{table}"\."\w+"(::text)? (LIKE|ILIKE)|UPPER\("{table}"|CAST\("{table}"', sql, re.I)


@pytest.mark.parametrize("model", LONG_TABLES)
def test_long_tables_are_sorted_only_by_id(staff_browser, make_records, model):
    make_records(1)
    for column in range(1, 8):
        page = staff_browser.get(admin_url(model), {"o": str(column)})
        assert set(page.context["cl"].queryset.query.order_by) <= {"id", "-id", "pk", "-pk"}


@pytest.mark.parametrize("model", set(MODELS) - {User, Group})
def test_no_page_loads_all_related_records_to_choose_from(staff_browser, make_records, model):
    make_records(1)
    assert "<select" not in staff_browser.get(admin_url(model, "change", model.objects.first().pk)).content.decode()


@pytest.mark.parametrize(
    ("model", "text"), [(Batch, "list1"), (Event, "list1"), (Message, "hooks1"), (Upload, "list1")]
)
def test_search_finds_only_the_matching_records(staff_browser, make_records, model, text):
    make_records(1)
    expected = set(model.objects.values_list("pk", flat=True))
    make_records(2)
    assert search(staff_browser, model, text) == expected


def test_a_person_is_found_by_id(staff_browser, make_records):
    make_records(1)
    make_records(2)
    item = Item.objects.first()
    assert search(staff_browser, Item, item.pk) == {item.pk}


def test_a_batch_is_found_by_its_name(staff_browser, make_records):
    make_records(1)
    batch = Batch.objects.get()
    make_records(2)
    assert search(staff_browser, Batch, str(batch)) == {batch.pk}


def search(staff_browser, model, text):
    """Return the ids of the records that a search in the admin finds."""
    return {record.pk for record in staff_browser.get(admin_url(model), {"q": text}).context["cl"].result_list}


def test_people_are_found_by_the_same_search_as_in_the_portal(staff_browser, finish_upload):
    _, expected = finish_upload(12), finish_upload(people(11, **{"Last Name": "Baker"}))
    found = staff_browser.get(admin_url(Item), {"q": "herndon bak"}).context["cl"].result_list
    assert {item.upload_id for item in found} == {expected.pk}
    assert len(found) == 11


def test_no_exact_total_is_shown_beyond_the_limit(staff_browser, start_upload, monkeypatch):
    monkeypatch.setattr(paging, "MAX_COUNTED_ROWS", 10)
    start_upload(12)
    page = read_page(staff_browser.get(admin_url(Item), {"q": ""}))
    assert "10+ people: filter or search to see more" in page
    monkeypatch.setattr(paging, "MAX_COUNTED_ROWS", 12)
    assert " 12 people " in read_page(staff_browser.get(admin_url(Item)))


def test_the_admin_uses_the_words_of_the_portal(staff_browser, make_records):
    make_records(1)
    page = staff_browser.get(reverse("admin:index")).content.decode()
    for word in (
        "Lists and people",
        "Lists",
        "People",
        "Batches",
        "Unmatched deliveries",
        "Exports",
        "Do-not-contact list",
        "History",
    ):
        assert f">{word}</a>" in page
    assert "Uploads" not in page
    assert "Items" not in page
    assert ">List<" in staff_browser.get(admin_url(Batch)).content.decode()


@pytest.mark.parametrize("model", [Upload, Batch, Item, UnmatchedDelivery])
def test_a_record_links_to_its_page_in_the_portal(staff_browser, make_records, model):
    make_records(1)
    record = model.objects.first()
    link = re.search(
        r'href="(/admin/r/[^"]+)"', staff_browser.get(admin_url(model, "change", record.pk)).content.decode()
    )
    assert staff_browser.get(link[1]).url.endswith(record.get_absolute_url())


# The pages of RQ


def test_only_the_pages_of_the_queues_allow_inline_styles(staff_browser):
    for address in ("/admin/django_rq/dashboard/", "/admin/django_rq/dashboard/queues/0/"):
        policy = staff_browser.get(address)["Content-Security-Policy"]
        assert "style-src 'self' 'unsafe-inline'" in policy
        assert "script-src" not in policy
    for address in ("/admin/", "/"):
        assert "unsafe-inline" not in staff_browser.get(address)["Content-Security-Policy"]
