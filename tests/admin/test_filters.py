"""The filters of the admin: by a related record, which can be searched for, and by outcome within a list."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from batches.models import Item
from tests.admin.test_pages import admin_url
from tests.factories import people

pytestmark = pytest.mark.django_db


def test_the_filter_by_list_shows_the_people_of_the_list_in_the_order_of_the_file(staff_browser, start_upload):
    upload, _ = start_upload(12), start_upload(people(11, City="Reston"))
    page = staff_browser.get(admin_url(Item), {"upload__id__exact": upload.pk})
    assert [item.row_number for item in page.context["cl"].result_list] == list(range(2, 14))
    assert f'<option value="{upload.pk}" selected>{upload}</option>' in page.content.decode()


def test_the_filter_loads_choices_only_on_search_and_keeps_other_filters(staff_browser, start_upload):
    upload = start_upload(12)
    page = staff_browser.get(admin_url(Item), {"q": "oak", "batch__id__exact": "1", "p": "1"}).content.decode()
    form = re.search(r'<form class="by-relation".*?</form>', page, re.S)[0]
    assert upload.name not in form
    assert "/admin/autocomplete/" in form
    assert "select2.full" in page
    assert '<input type="hidden" name="q" value="oak">' in form
    assert '<input type="hidden" name="batch__id__exact" value="1">' in form
    assert 'name="p"' not in form


def test_the_filter_takes_a_number_without_javascript(staff_browser, start_upload):
    upload, _ = start_upload(12), start_upload(people(11, City="Reston"))
    page = staff_browser.get(f"{admin_url(Item)}?upload__id__exact=&upload__id__exact={upload.pk}")
    assert page.context["cl"].result_count == 12
    assert (
        staff_browser.get(f"{admin_url(Item)}?upload__id__exact=&upload__id__exact=").context["cl"].result_count == 23
    )


@pytest.mark.parametrize("value", ["x", "0", "99999999999999999999", "-1", "²"])
def test_the_filter_refuses_values_that_are_not_numbers(staff_browser, start_upload, value):
    start_upload(12)
    assert staff_browser.get(admin_url(Item), {"upload__id__exact": value}).url.endswith("?e=1")


def test_the_filter_finds_nothing_for_a_list_that_does_not_exist(staff_browser, start_upload):
    start_upload(12)
    assert staff_browser.get(admin_url(Item), {"upload__id__exact": "2147483647"}).context["cl"].result_count == 0


def test_the_filter_finds_lists_by_what_is_typed(staff_browser, start_upload):
    upload = start_upload(12)
    query = {"term": "people", "app_label": "batches", "model_name": "item", "field_name": "upload"}
    found = staff_browser.get(reverse("admin:autocomplete"), query).json()["results"]
    assert found == [{"id": str(upload.pk), "text": upload.name}]


def test_users_who_may_not_view_lists_get_no_filter(client, django_user_model, start_upload):
    start_upload(12)
    erin = django_user_model.objects.create_user("erin", password="erin-password", is_staff=True)
    erin.user_permissions.add(Permission.objects.get(codename="view_item"))
    client.force_login(erin)
    assert "by-relation" not in client.get(admin_url(Item)).content.decode()


def test_the_filter_by_outcome_exists_only_within_a_list(staff_browser, start_upload):
    upload = start_upload(12)
    assert "By outcome" not in staff_browser.get(admin_url(Item)).content.decode()
    by_list = {"upload__id__exact": upload.pk}
    assert "By outcome" in staff_browser.get(admin_url(Item), by_list).content.decode()
    assert staff_browser.get(admin_url(Item), by_list | {"outcome__exact": "missing"}).context["cl"].result_count == 0
    assert staff_browser.get(admin_url(Item), by_list | {"outcome__exact": "pending"}).context["cl"].result_count == 12
