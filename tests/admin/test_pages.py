"""The admin shows and searches all models, and never reads all of a long table."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_rq.models import Dashboard

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
    SendingBlock,
    Suppression,
    Upload,
)
from batches.tables import paging
from notices.models import Notice
from tests.factories import people
from tests.support.pages import read_page
from webhooks.models import Endpoint, Message, UnmatchedDelivery

pytestmark = pytest.mark.django_db
MODELS = sorted(set(admin.site._registry) - {Dashboard}, key=lambda model: model.__name__)
LONG = [Batch, Item, EarlierAnswer, Event, Message]


def admin_url(model, page="changelist", *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def make_all(start_upload, charlie):
    """Create another record of every model in the admin."""

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
        SendingBlock.objects.create(reason=f"reason{number}", unblocked_by=user, unblocked_at=timezone.now())
        names = {"columns": [], "fields": {}, "created_by": user}
        MappingTemplate.objects.create(name=f"template{number}", header=f"header{number}", **names)
        Message.objects.create(endpoint=endpoint, upload=upload, body="{}")
        values = {"subject": upload.pk, "at": timezone.now(), "text": "A list is done."}
        Notice.objects.create(user=user, upload=upload, batch=batch, kind="complete", **values)
        UnmatchedDelivery.objects.create(kind="item", reason=f"reason{number}", body=b"{}", decided_by=user)
        Suppression.objects.create(kind="phone", key=f"703555010{number}", label=f"phone{number}", created_by=user)

    return make


@pytest.mark.parametrize("model", MODELS)
def test_every_list_search_and_page_is_shown(staff, make_all, model):
    make_all(1)
    for params in ({}, {"q": "1"}, {"q": "12-1"}, {"q": "ab\0c"}, {"q": "99999999999999999999"}):
        assert staff.get(admin_url(model), params).status_code == 200
    page = staff.get(admin_url(model, "change", model.objects.first().pk))
    assert page.status_code == 200
    assert "default-src 'self'" in page["Content-Security-Policy"]
    assert "admin-portal.css" in page.content.decode()
    assert "Open the portal" in page.content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_the_number_of_records_does_not_change_the_number_of_queries(staff, make_all, model):
    make_all(1)
    with CaptureQueriesContext(
        connection,
    ) as for_one:
        staff.get(admin_url(model))
    make_all(2)
    make_all(3)
    with CaptureQueriesContext(connection) as for_three:
        staff.get(admin_url(model))
    assert len(for_one) == len(for_three)


@pytest.mark.parametrize("model", MODELS)
def test_long_tables_are_not_counted(staff, make_all, model):
    make_all(1)
    for params in ({}, {"q": "list"}, {"p": 2}, {"_facets": "True"}):
        with CaptureQueriesContext(connection) as queries:
            staff.get(admin_url(model), params)
        counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
        assert counts or params == {"q": "list"}
        assert all("LIMIT 10001" in sql for sql in counts)


@pytest.mark.parametrize("model", LONG)
def test_long_tables_are_searched_only_through_indexes(staff, make_all, model):
    make_all(1)
    with CaptureQueriesContext(connection) as queries:
        staff.get(admin_url(model), {"q": "list"})
    table = model._meta.db_table
    for sql in (query["sql"] for query in queries if f'FROM "{table}"' in query["sql"]):
        assert not re.search(rf'"{table}"\."\w+"(::text)? (LIKE|ILIKE)|UPPER\("{table}"|CAST\("{table}"', sql, re.I)


@pytest.mark.parametrize("model", LONG)
def test_long_tables_are_sorted_only_by_id(staff, make_all, model):
    make_all(1)
    for column in range(1, 8):
        page = staff.get(admin_url(model), {"o": str(column)})
        assert set(page.context["cl"].queryset.query.order_by) <= {"id", "-id", "pk", "-pk"}


@pytest.mark.parametrize("model", set(MODELS) - {User, Group})
def test_no_page_offers_all_related_records(staff, make_all, model):
    make_all(1)
    assert "<select" not in staff.get(admin_url(model, "change", model.objects.first().pk)).content.decode()


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (Item, "pk"),
        (Batch, "list1"),
        (Batch, "name"),
        (Event, "list1"),
        (Message, "hooks1"),
        (Upload, "list1"),
    ],
)
def test_search_finds_only_the_matching_records(staff, make_all, model, text):
    make_all(1)
    expected = set(model.objects.values_list("pk", flat=True))
    make_all(2)
    record = model.objects.filter(pk__in=expected).first()
    text = {"pk": str(record.pk), "name": str(record)}.get(text, text)
    found = {row.pk for row in staff.get(admin_url(model), {"q": text}).context["cl"].result_list}
    assert found == ({record.pk} if text == str(record.pk) else expected)


def test_people_are_found_as_in_the_portal(staff, finish_upload):
    _, expected = finish_upload(12), finish_upload(people(11, **{"Last Name": "Baker"}))
    found = staff.get(admin_url(Item), {"q": "herndon bak"}).context["cl"].result_list
    assert {item.upload_id for item in found} == {expected.pk}
    assert len(found) == 11


def test_a_long_list_does_not_claim_a_total(staff, start_upload, monkeypatch):
    monkeypatch.setattr(paging, "MAX_COUNTED_ROWS", 10)
    start_upload(12)
    page = read_page(staff.get(admin_url(Item), {"q": ""}))
    assert "10+ people: filter or search to see more" in page
    monkeypatch.setattr(paging, "MAX_COUNTED_ROWS", 12)
    assert " 12 people " in read_page(staff.get(admin_url(Item)))


def test_the_admin_uses_the_words_of_the_portal(staff, make_all):
    make_all(1)
    page = staff.get(reverse("admin:index")).content.decode()
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
    assert ">List<" in staff.get(admin_url(Batch)).content.decode()


@pytest.mark.parametrize("model", [Upload, Batch, Item, UnmatchedDelivery])
def test_the_portal_links_to_the_same_records(staff, make_all, model):
    make_all(1)
    record = model.objects.first()
    link = re.search(r'href="(/admin/r/[^"]+)"', staff.get(admin_url(model, "change", record.pk)).content.decode())
    assert staff.get(link[1]).url.endswith(record.get_absolute_url())


# RQ's pages


def test_only_the_pages_of_the_queues_allow_inline_styles(staff):
    for address in ("/admin/django_rq/dashboard/", "/admin/django_rq/dashboard/queues/0/"):
        policy = staff.get(address)["Content-Security-Policy"]
        assert "style-src 'self' 'unsafe-inline'" in policy
        assert "script-src" not in policy
    for address in ("/admin/", "/"):
        assert "unsafe-inline" not in staff.get(address)["Content-Security-Policy"]
