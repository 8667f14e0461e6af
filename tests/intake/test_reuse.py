from datetime import timedelta

import pytest
from django.utils import timezone

from batches.intake import reuse, row_import
from batches.models import Item, Upload
from batches.statuses import Outcome, UploadStatus
from batches.tracing import closing, packing, spending
from tests.exports.test_files import read_export
from tests.factories import answer_for, people, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def traced(start_upload):
    """Return a list of five people: two matched, one without a match, one error, and one pending."""
    upload = start_upload(people(5))
    answered = [Outcome.MATCHED, Outcome.MATCHED, Outcome.NO_MATCH, Outcome.ERROR]
    for item, outcome in zip(upload.items.all()[: len(answered)], answered, strict=True):
        answer = answer_for(item, outcome).decode()
        Item.objects.filter(pk=item.pk).update(outcome=outcome, answer=answer, answered_at=timezone.now(), credits=1)
    return upload


def list_outcomes(upload):
    return list(upload.items.order_by("row_number").values_list("outcome", flat=True))


def test_people_traced_before_get_the_earlier_answer(traced, make_upload):
    upload = make_upload([*people(5), person(9)])
    assert list_outcomes(upload) == ["reused", "reused", "reused", "pending", "pending", "pending"]
    assert (upload.reused_count, upload.item_count) == (3, 3)
    item = upload.items.first()
    assert item.answer_item == traced.items.first()
    assert item.message == f"Traced on {timezone.now():%Y-%m-%d}."


def test_reused_answers_are_exported(traced, make_upload):
    upload = make_upload([person(1), person(1)])
    rows = read_export(upload)
    assert [row["Outcome"] for row in rows] == ["reused", "duplicate"]
    assert [row["Phone 1"] for row in rows] == ["2025550149"] * 2
    assert [row["Credits"] for row in rows] == ["", ""]


@pytest.mark.parametrize("look_back", [0, 1])
def test_answers_older_than_the_look_back_are_not_reused(traced, make_upload, look_back):
    Item.objects.filter(outcome=Outcome.MATCHED).update(answered_at=timezone.now() - timedelta(days=2))
    upload = make_upload(people(2), settings={"look_back": look_back})
    assert list_outcomes(upload) == ["pending", "pending"]


def test_answers_for_other_match_requirements_are_not_reused(traced, make_upload):
    assert list_outcomes(make_upload(people(2), match=["emails"])) == ["pending", "pending"]


def test_purged_answers_are_not_reused(traced, make_upload):
    Item.objects.update(answer="")
    assert list_outcomes(make_upload(people(2))) == ["pending", "pending"]


def test_answers_that_arrived_since_the_check_are_reused_too(make_upload, traced, alice):
    Item.objects.filter(upload=traced).update(answered_at=None)
    upload = make_upload(people(12))
    assert upload.reused_count == 0
    Item.objects.filter(upload=traced).exclude(answer="").update(answered_at=timezone.now())
    spending.start(upload, alice)
    reuse.reuse_since_check(upload.pk)
    packing.plan_upload(upload.pk)
    upload.refresh_from_db()
    assert (upload.reused_count, upload.item_count) == (3, 9)
    reuse.reuse_since_check(upload.pk)
    assert Upload.objects.get(pk=upload.pk).reused_count == 3


def test_a_list_of_people_who_were_all_traced_before_is_complete_at_once(traced, make_upload, alice):
    upload = make_upload(people(3))
    assert spending.start(upload, alice) == UploadStatus.RUNNING
    packing.plan_upload(upload.pk)
    closing.complete_uploads(timezone.now())
    upload.refresh_from_db()
    assert (upload.status, upload.batches.count()) == (UploadStatus.COMPLETE, 0)


def test_reuse_takes_few_queries(traced, make_upload, django_assert_max_num_queries):
    upload = make_upload(people(3), settings={"look_back": 0})
    Upload.objects.filter(pk=upload.pk).update(look_back=90)
    with django_assert_max_num_queries(8):
        assert reuse.reuse_answers(Upload.objects.get(pk=upload.pk)) == 3


def test_the_same_person_in_another_spelling_is_recognised(make_upload):
    upload = make_upload(
        [
            person(1, Address="100 North Main Street, Apt 4"),
            person(1, Address="100 N MAIN ST #4", **{"First Name": "ADA", "Last Name": "ABBOTT JR"}),
            person(1, Address="100 N Main St Apt 5"),
        ]
    )
    assert list_outcomes(upload) == ["pending", "duplicate", "pending"]


def test_counts_are_refreshed_from_the_items(make_upload):
    upload = make_upload([*people(3), person(1)])
    Upload.objects.update(row_count=0, duplicate_count=0)
    row_import.refresh_counts(upload.pk)
    upload.refresh_from_db()
    assert (upload.row_count, upload.duplicate_count, upload.item_count) == (4, 1, 3)
